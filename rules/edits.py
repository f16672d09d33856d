"""Edits of policy files that leave everything else as it is: comments, layout, order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from .document import Document
from .positions import Path, Tables, key_nodes, syntax_tree, unquote_key

if TYPE_CHECKING:
    from tree_sitter import Node


@attrs.frozen
class Edit:
    """Text that takes the place of the characters from *start* up to *end* of a document."""

    start: int
    end: int
    text: str = ""


def applied(text: str, edits: Iterable[Edit]) -> str:
    """
    Return a text with edits made; what is said twice is done once.

    Raises:
        ValueError: If edits are about the same characters.

    >>> applied("a and b", [Edit(1, 7), Edit(0, 1, "c")])
    'c'
    """
    parts: list[str] = []
    at = 0
    for edit in sorted(set(edits), key=lambda edit: (edit.start, edit.end)):
        if edit.start < at:
            raise ValueError(f"two edits are about the same characters at {edit.start}")
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


@attrs.frozen
class _Section:
    """A heading with its pairs: the rows of the heading and of the end of the last pair."""

    path: Path
    first: int
    last: int


class Outline:
    r"""
    Which rows of a document are whose; edits take and give whole rows where they can.

    >>> from .document import parse_document
    >>> document, _ = parse_document('[parameters]\na = 1\nb = 2  # two\n', "")
    >>> applied(document.text, Outline(document).removed(("parameters", "a")))
    '[parameters]\nb = 2  # two\n'
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.text = document.text
        self._starts = [0, *(found.end() for found in re.finditer("\n", self.text))]
        self._sections: list[_Section] = []
        self._pairs: dict[Path, tuple[int, int]] = {}
        self._read()

    def _read(self) -> None:
        source = self.text.replace("\r\n", "\n")
        tables = Tables()
        for node in syntax_tree(source).root_node.children:
            if node.type == "pair":
                self._pair((), node, source)
            elif node.type in ("table", "table_array_element"):
                keys = [_key(source, part) for part in key_nodes(node.children[1])]
                path = tables.enter(keys, element=node.type == "table_array_element")[-1]
                first = last = node.start_point.row
                for child in node.children:
                    if child.type == "pair":
                        last = self._pair(path, child, source)
                self._sections.append(_Section(path, first, last))

    def _pair(self, table: Path, node: Node, source: str) -> int:
        key, _, value = node.children[:3]
        path = (*table, *(_key(source, part) for part in key_nodes(key)))
        self._pairs[path] = (key.start_point.row, value.end_point.row)
        return int(value.end_point.row)

    # -- rows

    def _row(self, row: int) -> str:
        """Return a row without its end; empty past the last."""
        if row >= len(self._starts):
            return ""
        end = self._starts[row + 1] if row + 1 < len(self._starts) else len(self.text)
        return self.text[self._starts[row] : end].rstrip("\r\n")

    def _offset(self, row: int) -> int:
        return self._starts[row] if row < len(self._starts) else len(self.text)

    def _rows(self, first: int, after: int) -> Edit:
        return Edit(self._offset(first), self._offset(after))

    def _is_remark(self, row: int) -> bool:
        return self._row(row).lstrip().startswith("#")

    def _is_blank(self, row: int) -> bool:
        return not self._row(row).strip()

    def _lead(self, number: int) -> int:
        """Return the row at which a section begins, the remarks right above its heading included."""
        row = self._sections[number].first
        above = self._sections[number - 1].last if number else max((end for _, end in self._loose()), default=-1)
        while row - 1 > above and self._is_remark(row - 1):
            row -= 1
        return row

    def _loose(self) -> list[tuple[int, int]]:
        """Return the rows of the pairs before the first heading."""
        first = self._sections[0].first if self._sections else len(self._starts)
        return [rows for rows in self._pairs.values() if rows[1] < first]

    def _end(self, number: int) -> int:
        """Return the row after a section, the remarks that follow at once included."""
        row = self._sections[number].last + 1
        limit = self._lead(number + 1) if number + 1 < len(self._sections) else len(self._starts)
        while row < limit and self._is_remark(row):
            row += 1
        return row

    # -- edits

    def has(self, path: Path) -> bool:
        """Whether something at *path* can be taken out as a whole."""
        return path in self._pairs or any(section.path[: len(path)] == path for section in self._sections)

    def is_table(self, path: Path) -> bool:
        """Whether *path* has a heading of its own."""
        return any(section.path == path for section in self._sections)

    def pairs_in(self, path: Path) -> list[Path]:
        """Return the paths of the pairs right under the heading of a table, dotted ones included, in their order."""
        rows = next(((s.first, s.last) for s in self._sections if s.path == path), (0, -1))
        inside = [key for key, (first, last) in self._pairs.items() if rows[0] <= first and last <= rows[1]]
        return [key for key in inside if key[: len(path)] == path]

    def removed(self, path: Path) -> tuple[Edit, ...]:
        """Return the edits that take out a pair, or a table with its own tables, and the remarks that belong to it."""
        if path in self._pairs:
            first, last = self._pairs[path]
            return (self._rows(first, last + 1),)
        return tuple(self._without(n) for n, section in enumerate(self._sections) if section.path[: len(path)] == path)

    def _without(self, number: int) -> Edit:
        first, after = self._lead(number), self._end(number)
        while after < len(self._starts) and self._is_blank(after):
            after += 1
        if after >= len(self._starts):
            while first and self._is_blank(first - 1):
                first -= 1
        return self._rows(first, after)

    def moved(self, path: Path, before: Path) -> tuple[Edit, ...]:
        """Return the edits that move a table up, to stand before another."""
        numbers = [n for n, section in enumerate(self._sections) if section.path[: len(path)] == path]
        target = next(n for n, section in enumerate(self._sections) if section.path == before)
        rows: list[int] = []
        for n in numbers:
            after = rows[-1] + 1 if rows and n - 1 in numbers else self._lead(n)
            rows += range(after, self._end(n))
        text = self.newline.join(map(self._row, rows)) + self.newline * 2
        at = self._offset(self._lead(target))
        return (Edit(at, at, text), *(self._without(n) for n in numbers))

    def beside(self, path: Path, line: str) -> Edit:
        """Return the edit that puts a line below the pair at *path*, as far in as that is."""
        first, last = self._pairs[path]
        indent = self._row(first)[: len(self._row(first)) - len(self._row(first).lstrip())]
        return self._inserted(last + 1, [f"{indent}{line}"])

    def name_width(self, path: Path) -> int:
        """Return how wide the name of a pair is written, so that another may stand in line with it."""
        row = self._row(self._pairs[path][0])
        return len(row.partition("=")[0].lstrip()) - 1 if "=" in row else 0

    def within(self, path: Path, line: str) -> Edit:
        """Return the edit that puts a line at the end of the table at *path*."""
        section = next(section for section in self._sections if section.path == path)
        return self._inserted(section.last + 1, [line])

    def after_last(self, names: Iterable[str], lines: Iterable[str]) -> Edit:
        """Return the edit that puts a table after the last of those that begin with one of *names*, or at the end."""
        wanted = set(names)
        numbers = [n for n, section in enumerate(self._sections) if section.path[0] in wanted]
        row = self._end(numbers[-1]) if numbers else len(self._starts)
        if row >= len(self._starts):
            return self.appended(lines)
        return self._inserted(row, ["", *lines])

    def before_first(self, names: Iterable[str], lines: Iterable[str]) -> Edit:
        """Return the edit that puts a table before the first of those that begin with one of *names*, or at the end."""
        wanted = set(names)
        number = next((n for n, section in enumerate(self._sections) if section.path[0] in wanted), None)
        return self.appended(lines) if number is None else self._inserted(self._lead(number), [*lines, ""])

    def appended(self, lines: Iterable[str]) -> Edit:
        """Return the edit that puts a table at the end."""
        text = self.text.rstrip()
        end = self.newline if text else ""
        return Edit(len(text), len(self.text), end * 2 + self.newline.join(lines) + self.newline)

    def _inserted(self, row: int, lines: Iterable[str]) -> Edit:
        at = self._offset(row)
        text = "".join(f"{line}{self.newline}" for line in lines)
        return Edit(at, at, text if at == 0 or self.text[at - 1] == "\n" else self.newline + text)

    def element_removed(self, path: Path, number: int) -> Edit:
        """Return the edit that takes an element out of the list at *path*."""
        span = self.document.span((*path, number))
        return self._listed_removed(span.offset, span.offset + span.length, span.line)

    def pair_removed(self, path: Path) -> Edit:
        """Return the edit that takes a pair out of the braces in which it stands."""
        key, value = self.document.span(path, key=True), self.document.span(path)
        return self._listed_removed(key.offset, value.offset + value.length, key.line)

    def _listed_removed(self, start: int, end: int, line: int) -> Edit:
        """Return the edit that takes out one of several things between commas; the whole rows, where it has them alone."""
        behind = re.compile(r"[ \t]*,[ \t]*").match(self.text, end)
        row = self._starts[line - 1]
        if not self.text[row:start].strip():
            rest = re.compile(r"[ \t]*,?[ \t]*(?:#[^\n]*)?(?:\n|\Z)").match(self.text, end)
            if rest is not None:
                return Edit(row, rest.end())
        if behind is not None:
            return Edit(start, behind.end())
        before = re.compile(r",[ \t]*\Z").search(self.text[row:start])
        return Edit(row + before.start() if before else start, end)

    def replaced(self, path: Path, start: int, end: int, text: str) -> Edit:
        """Return the edit that replaces characters of the text at *path*."""
        span = self.document.string_span(path, start, end)
        escaped = text if self.text[self.document.span(path).offset] == "'" else quoted(text)[1:-1]
        return Edit(span.offset, span.offset + span.length, escaped)

    def value_replaced(self, path: Path, written: str) -> Edit:
        """Return the edit that writes another value at *path*."""
        span = self.document.span(path)
        return Edit(span.offset, span.offset + span.length, written)

    @property
    def newline(self) -> str:
        """How lines end here."""
        return "\r\n" if "\r\n" in self.text else "\n"


def _key(source: str, node: Node) -> str:
    text = source[node.start_byte : node.end_byte]
    return unquote_key(text) if node.type == "quoted_key" else text


def quoted(text: str) -> str:
    r"""
    Return a text as TOML has it on one line.

    >>> quoted('say "no"')
    '"say \\"no\\""'
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
