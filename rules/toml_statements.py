"""A tolerant reading of a TOML text: its statements, and for each broken one what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

import attrs

from .toml_faults import Fault, character_name
from .toml_reader import BLANK, STATEMENT_LINE, Broken, Part, matches_to
from .toml_values import ValueReader

# A remark ends before what may not stand in one.
_REMARK = re.compile(r"[ \t]*+(?:#[^\n\x00-\x08\x0b-\x1f\x7f]*+)?")

Heading: TypeAlias = Literal["pair", "table", "element"]


@attrs.frozen
class Statement:
    """
    A heading (`table` for `[…]`, `element` for `[[…]]`) or a name and its value (`pair`), from *start* up to *end*.

    *parts* are those of its name, as far as they could be read. A *repair* is what may stand in place of a broken statement.
    """

    kind: Heading
    start: int
    end: int
    parts: tuple[Part, ...]
    fault: Fault | None = None
    repair: str = ""


def read_statements(text: str) -> Iterator[Statement]:
    r"""
    Read the statements of *text*, which has line feeds only. The time is proportional to the length of the text.

    >>> statements = read_statements("id = 'a\ntitle = 'A'\n")
    >>> [statement.fault and statement.fault.kind for statement in statements]
    ['unclosed-text', None]
    """
    position = matches_to(BLANK, text, 0)
    while position < len(text):
        statement = _Reader(text).statement(position)
        yield statement
        position = matches_to(BLANK, text, statement.end)


class _Reader(ValueReader):
    """Read one statement."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.kind: Heading = "pair"
        self.parts: list[Part] = []
        self.repair = ""

    def statement(self, start: int) -> Statement:
        """Read the statement at *start* to the end of its last line; a broken one, to the next that looks like one."""
        fault = None
        try:
            end = self.heading(start) if self.text[start] == "[" else self.pair(start)
        except Broken as broken:
            fault, end = broken.fault, self.resume(start, broken)
        return Statement(self.kind, start, end, tuple(self.parts), fault, self.repair)

    def resume(self, start: int, broken: Broken) -> int:
        """Return where reading goes on after a statement from *start* that broke."""
        following = min(self.line_end(broken.stop) + 1, len(self.text))
        if self.outer is None and broken.fault.kind != "unclosed-long-text":
            return following
        line = self.line_start(broken.stop)
        found = STATEMENT_LINE.search(self.text, line if line > start else following)
        return found.start() if found else len(self.text)

    def pair(self, start: int) -> int:
        """Read `name = value`."""
        self.parts = self.name(start)
        name_end = self.parts[-1][2]
        equals = self.skip(name_end)
        if self.text[equals : equals + 1] != "=":
            self.no_equals(start, name_end, self.rest(equals))
        begin = self.skip(equals + 1)
        end = self.value(begin, 0)
        self.outer = None
        position = self.skip(end)
        if rest := self.rest(position):
            self.no_separator(begin, position, rest, "after-value")
        return self.remark(position)

    def heading(self, start: int) -> int:
        """Read `[name]` or `[[name]]`."""
        opening = "[[" if self.text.startswith("[[", start) else "["
        closing = "]" * len(opening)
        self.kind = "element" if opening == "[[" else "table"
        position = self.skip(start + len(opening))
        if self.rest(position) in {"", "]", "]]"}:
            self.fail("empty-heading", start, position + 1)
        self.parts = self.name(position)
        name_end = self.parts[-1][2]
        position = self.skip(name_end)
        rest = self.rest(position)
        if rest != closing:
            self.no_closing(start, opening, position, rest)
        return self.remark(position + len(closing))

    def no_closing(self, start: int, opening: str, position: int, rest: str) -> None:
        """Say why *rest*, at *position*, does not close the heading from *start*."""
        closing = "]" * len(opening)
        name_end = self.parts[-1][2]
        whole = self.text[start:name_end] + closing
        if rest.startswith(","):
            self.parts = []
            self.fail("not-a-setting", start, position + len(rest), self.text[start : position + len(rest)])
        if not rest.startswith("]") and "]" in rest:
            end = position + rest.index("]")
            self.parts = []
            self.fail("name-needs-quotes", start + len(opening), end, self.text[start + len(opening) : end])
        self.repair = whole
        if not rest.startswith(closing):
            self.fail("missing-bracket", start, max(name_end, position + len(rest)), closing, whole=whole, fix=whole)
        if rest == closing + "]":
            # Where there are several of the name, one of several: a bracket forgotten costs no more than itself.
            if f"[{whole}]" in self.text:
                self.kind, self.repair = "element", f"[{whole}]"
            self.fail("extra-bracket", start, position + len(rest), whole=whole)
        at = self.skip(position + len(closing))
        self.fail("after-heading", at, position + len(rest), self.text[at : position + len(rest)])

    def remark(self, position: int) -> int:
        """Read a remark, or nothing; return the end of the line."""
        position = matches_to(_REMARK, self.text, position)
        if self.text[position : position + 1] not in {"", "\n"}:
            self.fail("invisible", position, position + 1, character_name(self.text[position]))
        return position
