"""Places in a TOML source: where the value or the key at a path stands, found once from a concrete syntax tree."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Tree

_MOST_ELEMENTS = 100_000  # of one list, whose places are looked up

Path: TypeAlias = tuple[str | int, ...]


@attrs.frozen
class Span:
    """
    A stretch of a source: 1-based lines and columns counted in characters, the end exclusive.

    *offset* and *length* say the same in characters from the start of the text.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    offset: int
    length: int


@attrs.frozen
class Problem:
    """
    One thing that is wrong with a file itself, before anything is known of policies.

    *code* names what was found; *facts* are what its wording needs; *span* is None where the file has no text to point at.
    """

    code: str
    facts: dict[str, str]
    span: Span | None = None
    path: Path = ()

    @property
    def line(self) -> int:
        """The line it is on, 0 where there is none."""
        return self.span.line if self.span else 0

    @property
    def column(self) -> int:
        """The column at which it starts, 0 where there is none."""
        return self.span.column if self.span else 0


class Lines:
    r"""
    The lines of a text, to turn offsets into lines and columns.

    >>> Lines("one\ntwo\n").span(4, 7)
    Span(line=2, column=1, end_line=2, end_column=4, offset=4, length=3)
    """

    def __init__(self, text: str) -> None:
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Return the line and the column of *offset*."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a line and a column that are there."""
        return self.starts[line - 1] + column - 1

    def span(self, start: int, end: int) -> Span:
        """Return the span from *start* up to *end*."""
        return Span(*self.place(start), *self.place(end), start, end - start)


class Tables:
    """Follow the headers of a document, in order, to the paths of their tables."""

    def __init__(self) -> None:
        self._counts: dict[Path, int] = {}

    def enter(self, keys: list[str], *, element: bool) -> list[Path]:
        """
        Return the path of each part of a header; *element* for `[[…]]`, which opens a further element.

        >>> tables = Tables()
        >>> tables.enter(["rule"], element=True), tables.enter(["rule", "when"], element=False)
        ([('rule', 0)], [('rule', 0), ('rule', 0, 'when')])
        """
        path: Path = ()
        paths: list[Path] = []
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            if number == len(keys) and element:
                self._counts[path] = self._counts.get(path, 0) + 1
            if count := self._counts.get(path):
                path = (*path, count - 1)
            paths.append(path)
        return paths


@attrs.frozen
class Found:
    """Where a key and its value stand, as offsets; *node* is the value's syntax, None for a table made by headers."""

    key: tuple[int, int]
    value: tuple[int, int]
    node: Node | None = None


class Positions:
    """
    The places of the values of a *source* which is valid TOML with line feeds only.

    Nothing is parsed before the first question. Statements are indexed at once; what stands inside a value, when asked for.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._places: dict[Path, Found] | None = None
        self._opened: set[Path] = set()
        self._lock = Lock()

    def find(self, path: Path) -> tuple[Found, Path] | None:
        """Return the place of *path* or else of its nearest ancestor that is there, and whose place it is."""
        with self._lock:
            if self._places is None:
                self._places = self._index(syntax_tree(self._source).root_node)
            return self._nearest(path, self._places)

    def _nearest(self, path: Path, places: dict[Path, Found]) -> tuple[Found, Path] | None:
        depth = len(path)
        while depth and path[:depth] not in places:
            depth -= 1
        while 0 < depth < len(path) and path[:depth] not in self._opened:
            self._opened.add(path[:depth])
            self._open(path[:depth], places)
            while depth < len(path) and path[: depth + 1] in places:
                depth += 1
        return (places[path[:depth]], path[:depth]) if depth else None

    def _index(self, root: Node) -> dict[Path, Found]:
        places: dict[Path, Found] = {}
        tables = Tables()
        for node in root.children:
            if node.type == "pair":
                self._add_pair(places, (), node)
            elif node.type in {"table", "table_array_element"}:
                self._add_table(places, tables, node)
        return places

    def _add_table(self, places: dict[Path, Found], tables: Tables, node: Node) -> None:
        children = node.children
        parts = list(self._key_parts(children[1]))
        element = node.type == "table_array_element"
        paths = tables.enter([key for key, _ in parts], element=element)
        for path, (_, at) in zip(paths, parts, strict=True):
            places.setdefault(path, Found(at, at))
        path, at = paths[-1], parts[-1][1]
        header = Found(at, (children[0].start_byte, children[2].end_byte))
        if element:
            places.setdefault(path[:-1], header)
        places[path] = header
        for child in children[3:]:
            if child.type == "pair":
                self._add_pair(places, path, child)

    def _add_pair(self, places: dict[Path, Found], table: Path, pair: Node) -> None:
        children = [child for child in pair.children if child.type != "comment"]
        if len(children) < 3:
            return
        path, at = table, (0, 0)
        for key, at in self._key_parts(children[0]):
            path = (*path, key)
            places.setdefault(path, Found(at, at))
        value = children[2]
        places[path] = Found(at, (value.start_byte, value.end_byte), value)

    def _open(self, path: Path, places: dict[Path, Found]) -> None:
        """Add the places of what stands directly in the array or the inline table at *path*."""
        node = places[path].node
        if node is None:
            return
        if node.type == "inline_table":
            for pair in node.children:
                if pair.type == "pair":
                    self._add_pair(places, path, pair)
        elif node.type == "array":
            for number, value in enumerate(_elements(node)):
                at = (value.start_byte, value.end_byte)
                places[(*path, number)] = Found(at, at, value)

    def _key_parts(self, node: Node) -> Iterator[tuple[str, tuple[int, int]]]:
        for part in key_nodes(node):
            at = (part.start_byte, part.end_byte)
            text = self._source[slice(*at)]
            yield (unquote_key(text) if part.type == "quoted_key" else text), at


def key_nodes(node: Node) -> list[Node]:
    """Return the parts of a key, which the grammar nests to the left, in order."""
    parts: list[Node] = []
    while node.type == "dotted_key":
        parts.append(node.children[-1])
        node = node.children[0]
    return [node, *reversed(parts)]


def unquote_key(text: str) -> str:
    r"""
    Return the key that a quoted part of a key means.

    >>> unquote_key(r'"two\u0020words"')
    'two words'
    """
    if text[0] == "'" or "\\" not in text:
        return text[1:-1]
    return next(iter(tomllib.loads(f"{text}=0")))


def _elements(array: Node) -> Iterator[Node]:
    """Return the first elements of an array, as far as anybody will look."""
    cursor = array.walk()
    number = 0
    more = cursor.goto_first_child()
    while more and number < _MOST_ELEMENTS:
        node = cursor.node
        if node is not None and node.is_named and node.type != "comment":
            number += 1
            yield node
        more = cursor.goto_next_sibling()


def syntax_tree(source: str) -> Tree:
    """
    Return the concrete syntax of *source*; its byte offsets are offsets in characters.

    In valid TOML anything beyond ASCII stands in text and comments, where one stand-in a character changes no structure.
    """
    from tree_sitter import Parser

    # The grammar knows a backslash at the end of a line, but not with spaces behind it.
    shadow = re.sub(r"\\+[ \t]+(?=\n)", lambda found: "x" * len(found[0]), source)
    return Parser(_language()).parse(shadow.encode("ascii", "replace"))


@cache
def _language() -> Language:
    import tree_sitter_toml
    from tree_sitter import Language

    return Language(tree_sitter_toml.language())


_LITERAL_PREFIX = re.compile(r"\"\"\"\n?|'''\n?|\"|'")
_ESCAPES = re.compile(r"\\(?:u.{4}|U.{8}|(?P<nothing>[ \t]*\n[ \t\n]*)|.)", re.DOTALL)


def character_offset(literal: str, index: int) -> int:
    r"""
    Return where in *literal*, a TOML string as written, the character *index* of what it means stands.

    The index just past the end is the closing quote; one beyond it counts as that.

    >>> character_offset(r'"a\tb"', 2)
    4
    """
    opening = _LITERAL_PREFIX.match(literal)
    if opening is None:
        return 0
    quote = opening[0].rstrip("\n")
    position, end = opening.end(), len(literal) - len(quote)
    if quote[0] == '"':
        for escape in _ESCAPES.finditer(literal, position, end):
            plain = escape.start() - position
            if index < plain:
                break
            nothing = escape["nothing"] is not None
            if index == plain and not nothing:
                return escape.start()
            index -= plain + (0 if nothing else 1)
            position = escape.end()
    return min(position + index, end)
