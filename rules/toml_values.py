"""A tolerant reading of TOML's values, which says in plain words why one of them cannot be read."""

from __future__ import annotations

import re
from datetime import date
from typing import NoReturn

from .toml_faults import INVISIBLE, Fault, character_name, is_long_decimal, quoted, shortened, wrong_value
from .toml_reader import BASIC, BLANK, DEEPEST, LITERAL, STATEMENT_LINE, Broken, Part, Reader, matches_to

LONGEST_INTEGER = 4300  # digits; Python's own limit
_FARTHEST_BRACE = 20_000  # how far a broken `{` is followed to its `}`

_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
_DATE = rf"(?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:[Tt ]{_TIME}(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?)?"
_DIGITS = "[0-9](?:_?[0-9])*+"
_SCALAR = re.compile(
    rf"(?:true|false|{_DATE}|{_TIME}"
    r"|0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*+|0o[0-7](?:_?[0-7])*+|0b[01](?:_?[01])*+|[+-]?(?:inf|nan)"
    rf"|(?P<number>[+-]?(?:0|[1-9](?:_?[0-9])*+)(?P<point>\.{_DIGITS})?(?:[eE](?P<exponent>[+-]?{_DIGITS}))?))"
    r"(?=[ \t\n,\]}#]|\Z)"
)
_COMMA_IN_NUMBER = re.compile(r"[0-9]+(?:,[0-9]+)+(?=[ \t]*(?:[#}\n]|\Z))")
_NESTING = re.compile(rf"{BASIC}|{LITERAL}|#[^\n]*+|(?P<open>[\[{{])|(?P<close>[\]}}])")


class ValueReader(Reader):
    """Read the values of one statement; *outer* is its first bracket, None outside of any."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.outer: int | None = None

    def value(self, position: int, depth: int) -> int:
        """Read the value at *position*, inside *depth* brackets."""
        character = self.text[position : position + 1]
        if character in {'"', "'"}:
            return self.quoted(position, character)
        if character not in {"[", "{"}:
            return self.scalar(position, depth)
        self.outer = position if self.outer is None else self.outer
        if depth >= DEEPEST:
            self.fail("too-deeply-nested", position, position + 1, limit=str(DEEPEST))
        return self.array(position, depth + 1) if character == "[" else self.braces(position, depth + 1)

    def scalar(self, start: int, depth: int) -> int:
        """Read a number, a date, a time, true or false."""
        found = _SCALAR.match(self.text, start)
        if found is None:
            self.no_value(start, self.item(start) if depth else self.rest(start))
        if found["date"] and not _is_date(found["date"]):
            self.fail("bad-date", start, found.end(), found[0])
        if found["number"]:
            whole = not found["point"] and not found["exponent"]
            if len(found[0]) > LONGEST_INTEGER if whole else is_long_decimal(found[0]):
                self.fail("long-number", start, found.end())
        return found.end()

    def no_value(self, start: int, word: str) -> NoReturn:
        """Say why *word*, at *start*, is no value."""
        if word[:1] == ",":
            self.fail("no-item", start, start + 1)
        if word[:1] in {"", "\n", "#", "]", "}"}:
            self.fail("no-value", start, start + 1)
        for offset, character in enumerate(word):
            if character in INVISIBLE:
                self.fail("invisible", start + offset, start + offset + 1, character_name(character))
        if number := _COMMA_IN_NUMBER.match(self.text, start):
            self.fail("comma-in-number", start, number.end(), number[0])
        kind, found = wrong_value(word)
        match kind:
            case "curly-quote" | "invisible":
                self.fail(kind, start, start + 1, found)
            case "boolean-word" if word.lower() in {"true", "false"}:
                self.fail(kind, start, start + len(word), found, fix=word.lower())
            case "wrong-equals":
                self.fail(kind, start - 1 if self.text[start - 1] == "=" else start, start + 1, found)
        self.fail(kind, start, start + len(word), found, quoted=quoted(shortened(word)))

    def no_separator(self, start: int, at: int, rest: str, kind: str) -> NoReturn:
        """Say what is wrong with *rest*, which stands at *at*, right after the value that starts at *start*."""
        if rest[0] in INVISIBLE:
            self.fail("invisible", at, at + 1, character_name(rest[0]))
        if rest[0] in "]}" and kind == "after-value":
            self.fail("stray-bracket", at, at + 1, rest[0])
        if number := _COMMA_IN_NUMBER.match(self.text, start):
            self.fail("comma-in-number", start, number.end(), number[0])
        first = self.text[start]
        if first in "\"'" and rest[0] not in ",[{]}\"'=":
            self.fail("quote-in-text", at, at + len(rest), rest)
        word = self.text[start : at + len(rest)]
        if first not in "\"'[{" and "=" not in word and not _SCALAR.match(rest):
            guess = wrong_value(word)[0]
            if guess in {"unquoted-text", "bad-date"}:
                self.fail(guess, start, at + len(rest), word, quoted=quoted(shortened(word)))
        self.fail(kind, at, at + len(rest), rest)

    def array(self, start: int, depth: int) -> int:
        """Read a list."""
        position = start + 1
        try:
            while True:
                position = matches_to(BLANK, self.text, position)
                if self.text[position : position + 1] == "]":
                    return position + 1
                begin, end = position, self.value(position, depth)
                position = matches_to(BLANK, self.text, end)
                following = self.text[position : position + 1]
                if following == "]":
                    return position + 1
                if following != ",":
                    self.no_comma(begin, end, position)
                position += 1
        except Broken as broken:
            if not broken.settled:
                self.check_closed(start, broken.stop)
            raise

    def no_comma(self, begin: int, end: int, position: int) -> NoReturn:
        """Say why what stands at *position*, after an item from *begin* up to *end*, is no comma."""
        if position >= len(self.text):
            self.fail("no-value", position, position)
        if self.line_start(position) <= end:
            self.no_separator(begin, position, self.item(position), "missing-comma")
        found = self.item(position)
        self.fail("missing-comma", position, position + len(found), found)

    def check_closed(self, start: int, stop: int) -> None:
        """Blame a list from *start* that broke at *stop* on its missing `]`, if that is what it looks like."""
        line = self.line_start(stop)
        if stop >= len(self.text):
            where = "after the last item"
        elif line > start and STATEMENT_LINE.match(self.text, line):
            where = f"before line {self.line_number(line)}"
        else:
            return
        raise Broken(Fault("unclosed-list", start, start + 1, {"where": where}), stop, settled=True)

    def braces(self, start: int, depth: int) -> int:
        """Read an inline table."""
        position = self.skip(start + 1)
        if self.text[position : position + 1] == "}":
            return position + 1
        names: dict[tuple[str, ...], bool] = {}
        begin = start
        while True:
            self.check_line(start, position)
            parts = self.name(position)
            self.check_new(parts, names)
            name_end = parts[-1][2]
            equals = self.skip(name_end)
            if self.text[equals : equals + 1] != "=":
                number = _COMMA_IN_NUMBER.match(self.text, begin)
                if number and number.end() == name_end:
                    self.fail("comma-in-number", begin, name_end, number[0])
                self.no_equals(position, name_end, self.item(equals))
            begin = self.skip(equals + 1)
            position = self.skip(self.value(begin, depth))
            following = self.text[position : position + 1]
            if following == "}":
                return position + 1
            self.check_line(start, position)
            if following != ",":
                self.no_separator(begin, position, self.item(position), "missing-comma")
            comma, position = position, self.skip(position + 1)
            if self.text[position : position + 1] == "}":
                self.fail("extra-comma", comma, comma + 1)

    def check_line(self, start: int, position: int) -> None:
        """Hold that the inline table from *start* has not ended with its line at *position*."""
        if self.text[position : position + 1] not in {"", "\n", "#"}:
            return
        assert self.outer is not None
        depth = 0
        for found in _NESTING.finditer(self.text, self.outer, min(len(self.text), self.outer + _FARTHEST_BRACE)):
            depth += bool(found["open"]) - bool(found["close"])
            if found["close"] and depth == 0:
                self.outer, position = None, found.start()
                break
        raise Broken(Fault("unclosed-braces", start, start + 1, {}), position, settled=True)

    def check_new(self, parts: list[Part], names: dict[tuple[str, ...], bool]) -> None:
        """Hold that the name is not yet among *names*, which say whether they have a value of their own, and add it."""
        name = tuple(_plain(text) for text, _, _ in parts)
        start, end = parts[0][1], parts[-1][2]
        if name in names or any(names.get(name[:depth]) for depth in range(1, len(name))):
            self.fail(
                "duplicate-key",
                start,
                end,
                key=shortened(self.text[start:end]),
                first_line=str(self.line_number(start)),
            )
        names.update({name[:depth]: False for depth in range(1, len(name))})
        names[name] = True


def _plain(part: str) -> str:
    return part[1:-1] if part[0] in "\"'" else part


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
