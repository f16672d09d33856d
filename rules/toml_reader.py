"""A tolerant reading of TOML's names and texts, and what every reading of its parts needs."""

from __future__ import annotations

import re
from typing import NoReturn, TypeAlias

from .toml_faults import INVISIBLE, Fault, character_name, shortened, wrong_start

DEEPEST = 64  # levels of brackets, and parts of a name

Part: TypeAlias = tuple[str, int, int]  # of a name: as written, where it starts, where it ends

BASIC = r'"(?:[^"\\\n]++|\\[^\n])*+"'
LITERAL = r"'[^'\n]*+'"
PART = rf"(?:[A-Za-z0-9_-]++|{BASIC}|{LITERAL})"
KEY = rf"{PART}(?:[ \t]*+\.[ \t]*+{PART})*+"
# A line that looks like a statement, whatever stands before it: no line inside a list should.
STATEMENT_LINE = re.compile(
    rf"^[ \t]*+(?:{KEY}[ \t]*+=(?!=)|\[\[?[ \t]*+(?=[A-Za-z_]){KEY}[ \t]*+\]\]?[ \t]*+(?:#[^\n]*+)?$)", re.MULTILINE
)
SPACE = re.compile(r"[ \t]*+")
BLANK = re.compile(r"(?:[ \t\n]++|#[^\n\x00-\x08\x0b-\x1f\x7f]*+)*+")
_KEY_PART = re.compile(PART)
_REST = re.compile(r"[^#\n]*+")
_ITEM = re.compile(r"[^,\]}#\n]*+")
_SHORT_TEXT = {'"': re.compile(BASIC), "'": re.compile(LITERAL)}
_LONG_TEXT = {
    '"': re.compile(r'"""(?:[^"\\]++|\\.|"(?!""))*+"{3,5}', re.DOTALL),
    "'": re.compile(r"'''(?:[^']++|'(?!''))*+'{3,5}"),
}
_CONTROL = r"(?P<control>[\x00-\x08\x0b-\x1f\x7f])"
_ESCAPE = (
    r"\\(?:[\"\\bfnrt]|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8})|" + "{fold}" + rf"(?P<bad>.?))|{_CONTROL}"
)
_WRONG_IN_TEXT = {
    '"': re.compile(_ESCAPE.replace("{fold}", ""), re.DOTALL),
    '"""': re.compile(_ESCAPE.replace("{fold}", r"[ \t]*\n|"), re.DOTALL),
    "'": re.compile(rf"(?P<short>(?!))(?P<long>(?!))(?P<bad>(?!))|{_CONTROL}"),
}


class Broken(Exception):
    """Leave a statement: *stop* is where the reading failed; a *settled* fault is not explained better by an outer bracket."""

    def __init__(self, fault: Fault, stop: int, *, settled: bool = False) -> None:
        self.fault = fault
        self.stop = stop
        self.settled = settled


def matches_to(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Return where *pattern*, which also matches nothing at all, ends from *position* on."""
    found = pattern.match(text, position)
    assert found is not None
    return found.end()


class Reader:
    """
    Read parts of *text*.

    A method that reads something takes where it starts and returns where it ends, or raises `Broken`.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def skip(self, position: int) -> int:
        """Return where the spaces from *position* on end."""
        return matches_to(SPACE, self.text, position)

    def rest(self, position: int) -> str:
        """Return the rest of the line without a remark."""
        return self.text[position : matches_to(_REST, self.text, position)].rstrip(" \t")

    def item(self, position: int) -> str:
        """Return the text up to the next comma, closing bracket or end of line."""
        return (
            self.text[position : matches_to(_ITEM, self.text, position)].rstrip(" \t")
            or self.text[position : position + 1]
        )

    def line_start(self, position: int) -> int:
        """Return where the line of *position* starts."""
        return self.text.rfind("\n", 0, position) + 1

    def line_end(self, position: int) -> int:
        """Return where the line of *position* ends."""
        end = self.text.find("\n", position)
        return len(self.text) if end < 0 else end

    def line_number(self, position: int) -> int:
        """Return the number of the line of *position*."""
        return self.text.count("\n", 0, position) + 1

    def fail(self, kind: str, start: int, end: int, found: str = "", **facts: str) -> NoReturn:
        """Leave the statement for a fault from *start* up to *end*."""
        raise Broken(Fault(kind, start, end, {"found": shortened(found), **facts}), start)

    def name(self, position: int) -> list[Part]:
        """Read a name with its points; return its parts."""
        parts: list[Part] = []
        while True:
            part = _KEY_PART.match(self.text, position)
            if part is None:
                self.no_name(position, first=not parts)
            if part[0][0] in "\"'":
                self.check_text(part.start(), part.end(), part[0][0])
            parts.append((part[0], part.start(), part.end()))
            if len(parts) > DEEPEST:
                self.fail("too-deeply-nested", parts[0][1], part.end(), limit=str(DEEPEST))
            after = self.skip(part.end())
            if self.text[after : after + 1] != ".":
                return parts
            position = self.skip(after + 1)

    def no_name(self, position: int, *, first: bool) -> NoReturn:
        """Say why no name starts at *position*."""
        rest = self.rest(position)
        if rest[:1] in {'"', "'"}:
            self.fail("unclosed-text", position, position + len(rest), quote=rest[0])
        if rest.startswith("[" * DEEPEST):
            self.fail("too-deeply-nested", position, position + 1, limit=str(DEEPEST))
        if not first or not rest:
            self.fail("missing-name", position, position + 1)
        kind, found = wrong_start(rest)
        self.fail(kind, position, position + (1 if kind in {"invisible", "curly-quote"} else len(found)), found)

    def no_equals(self, start: int, end: int, rest: str) -> NoReturn:
        """Say why *rest* and no `=` follows the name from *start* up to *end*."""
        position = self.skip(end)
        name = self.text[start:end]
        before, equals, _ = rest.partition("=")
        if rest[:1] in INVISIBLE:
            self.fail("invisible", position, position + 1, character_name(rest[0]))
        if rest.startswith(":"):
            sign = ":=" if rest.startswith(":=") else ":"
            self.fail("wrong-equals", position, position + len(sign), sign, fix="=")
        if rest[:1] in {'"', "'", "[", "{"} or re.match(r"[+-]?[0-9]|(?:true|false)\b", rest):
            self.fail("missing-equals", position, position + 1, name)
        if equals and not re.search("[\"'#{}\\[\\]]", before):
            self.fail("name-needs-quotes", start, position + len(before.rstrip()), self.text[start:position] + before)
        self.fail("not-a-setting", start, position + len(rest), self.text[start:position] + rest)

    def quoted(self, start: int, quote: str) -> int:
        """Read a text of either kind, on one line or several."""
        long = self.text.startswith(quote * 3, start)
        found = (_LONG_TEXT if long else _SHORT_TEXT)[quote].match(self.text, start)
        if long and (found is None or self.has_run_on(found.start(), found.end())):
            self.fail("unclosed-long-text", start, start + 3, quote=quote * 3)
        if found is None:
            self.fail("unclosed-text", start, self.line_end(start), quote=quote)
        self.check_text(start, found.end(), quote * 3 if long and quote == '"' else quote)
        return found.end()

    def has_run_on(self, start: int, end: int) -> bool:
        """Whether a long text seems to have run over statements into the start of the next one."""
        after = self.rest(end).lstrip(" \t")
        return after[:1] not in {"", ",", "]", "}"} and bool(STATEMENT_LINE.search(self.text, start + 3, end))

    def check_text(self, start: int, end: int, quote: str) -> None:
        """Look for what may not stand inside the quotes from *start* up to *end*."""
        for found in _WRONG_IN_TEXT[quote].finditer(self.text, start, end):
            code = int(found["short"] or found["long"] or "0", 16)
            if found["control"]:
                kind, what = "invisible", character_name(found["control"])
            elif found["bad"] is not None or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                kind, what = "bad-escape", shortened(found[0])
            else:
                continue
            raise Broken(Fault(kind, found.start(), found.end(), {"found": what}), end)
