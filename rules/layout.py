"""The layout of policy files: the same TOML, written the way the others are; not a word, number or remark is changed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from .document import Problem, parse_document
from .positions import key_nodes, syntax_tree

if TYPE_CHECKING:
    from tree_sitter import Node

WIDTH = 100  # columns that a list may take on one line
INDENT = "    "
_GAP = "   "  # before a remark behind something
_WIDEST_NAME = 28  # a longer name does not push the `=` of the others aside
_WIDEST_LINE = 72  # a longer line does not push the remarks of the others aside
_WIDEST_CELL = 40  # a wider cell does not push the cells below and above aside

Kind: TypeAlias = Literal["remark", "heading", "pair"]


@attrs.frozen
class _Item:
    """A remark on its own line, a heading, or a name and its value; *remark* stands behind it, *blank* says: a blank line before."""

    kind: Kind
    text: str
    blank: bool
    remark: str = ""
    value: Node | None = None


def format_document(text: str, *, name: str = "") -> tuple[str, tuple[Problem, ...]]:
    r"""
    Lay out the policy *text*; *name* is what to call it.

    Returns the text as it should be, or as it was and what is wrong with it. What it means, the order of everything and all remarks
    stay what they were, which is checked. Laying out twice is the same as once.

    >>> format_document("[policy]\nid='a'  #first\ntitle  = 'A'")
    ("[policy]\nid    = 'a'   # first\ntitle = 'A'\n", ())
    """
    document, problems = parse_document(text, name)
    if problems or document is None:
        return text, tuple(problems)
    source = document.text.replace("\r\n", "\n")
    root = syntax_tree(source).root_node
    if root.has_error:  # valid, yet beyond the grammar: better untouched
        return text, ()
    formatted = _Layout(source).document(root)
    if _meaning(formatted) != _meaning(source) or _remarks(formatted) != _remarks(source):
        raise RuntimeError("laying out this text would change it")
    return formatted, ()


def _meaning(source: str) -> str:
    """Return what *source* means, with the order of everything, and every decimal as it is written."""
    return repr(tomllib.loads(source, parse_float=str))


def _remarks(source: str) -> list[str]:
    """Return the remarks of *source*, without the spaces that a layout may change."""
    places = sorted(
        (node.start_byte, node.end_byte) for node in _inside(syntax_tree(source).root_node) if node.type == "comment"
    )
    return [_tidy(source[start:end]) for start, end in places]


def _tidy(remark: str) -> str:
    """
    Return a remark with a space behind its `#`, where a word follows; directives such as `#:schema` and rulers stay.

    >>> _tidy("#so"), _tidy("#:schema x.json"), _tidy("#   an example")
    ('# so', '#:schema x.json', '#   an example')
    """
    words = remark.lstrip("#")
    if words[:1].isalnum():
        remark = remark[: len(remark) - len(words)] + " " + words
    return remark.rstrip()


class _Layout:
    """Lay out one *source*."""

    def __init__(self, source: str) -> None:
        self.source = source

    def document(self, root: Node) -> str:
        """Return the whole text."""
        lines: list[str] = []
        for block in _blocks(_spaced(self.items(root))):
            lines += [""] if lines else []
            lines += self.block(block)
        return "".join(f"{line}\n" for line in lines)

    def text(self, node: Node) -> str:
        """Return what is written at *node*."""
        return self.source[node.start_byte : node.end_byte]

    def name(self, node: Node) -> str:
        """Return a name, without spaces around its points."""
        return ".".join(self.text(part) for part in key_nodes(node))

    def items(self, root: Node) -> list[_Item]:
        """Return what stands on the lines of the document, in order."""
        found: list[_Item] = []
        end = 0
        for node in _parts(root):
            between = self.source.count("\n", end, node.start_byte)
            blank = between > 1 and bool(found)
            if node.type == "comment" and found and not between:
                found[-1] = attrs.evolve(found[-1], remark=_tidy(self.text(node)))
            elif node.type == "comment":
                found.append(_Item("remark", _tidy(self.text(node)), blank))
            elif node.type == "pair":
                name, _, value = node.children[:3]
                found.append(_Item("pair", self.name(name), blank, value=value))
                node = value
            else:
                opening, name, closing = node.children[:3]
                found.append(_Item("heading", f"{self.text(opening)}{self.name(name)}{self.text(closing)}", blank))
                node = closing
            end = node.end_byte
        return found

    def block(self, block: list[_Item]) -> Iterator[str]:
        """Yield the lines of what no blank line divides."""
        lines: list[tuple[str, str]] = []
        for item, width in zip(block, _widths(block), strict=True):
            if item.kind == "heading":
                yield from _remarked([*lines, (item.text, item.remark)])
                lines = []
            elif item.value is None:
                lines.append((item.text, item.remark))
            else:
                start = f"{item.text.ljust(width)} = "
                lines.append((start + self.value(item.value, len(start), name=item.text), item.remark))
        yield from _remarked(lines)

    def value(self, node: Node, column: int, *, indent: str = "", name: str = "") -> str:
        """Return a value that starts at *column* of a line which is indented by *indent*."""
        if node.type == "array":
            if name == "rows" and (rows := self.rows(node)):
                return self.listed(node, indent, rows)
            flat = None if self.must_break(node) else self.flat(node)
            if flat is not None and (column + len(flat) <= WIDTH or name == "columns"):
                return flat
            return self.listed(node, indent, {})
        return self.flat(node, indent)

    def must_break(self, array: Node) -> bool:
        """Whether a list cannot stand on one line, for a remark or a text of several lines in it."""
        return "\n" in self.source[array.start_byte : array.end_byte] and any(
            node.type == "comment" or (node.type == "string" and "\n" in self.text(node)) for node in _inside(array)
        )

    def flat(self, node: Node, indent: str = "") -> str:
        """Return a value on one line, but for what must break."""
        if node.type == "inline_table":
            pairs = [self.flat(pair, indent) for pair in node.children if pair.type == "pair"]
            return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
        if node.type == "pair":
            return f"{self.name(node.children[0])} = {self.flat(node.children[2], indent)}"
        if node.type == "array" and self.must_break(node):
            return self.listed(node, indent, {})
        if node.type == "array":
            return f"[{', '.join(self.flat(item, indent) for item in _values(node))}]"
        return self.text(node)

    def rows(self, array: Node) -> dict[int, str]:
        """Return the rows of a decision table, by where each starts, their cells in columns; nothing if it has other items."""
        rows = {item.start_byte: item for item in _values(array)}
        if not all(item.type == "array" and not self.must_break(item) for item in rows.values()):
            return {}
        cells = {start: [self.flat(cell) for cell in _values(row)] for start, row in rows.items()}
        columns = zip_longest(*cells.values(), fillvalue="")
        widths = [max((len(cell) for cell in column if len(cell) <= _WIDEST_CELL), default=0) for column in columns]
        return {start: f"[{''.join(_padded(row, widths))}]" for start, row in cells.items()}

    def listed(self, array: Node, indent: str, rows: dict[int, str]) -> str:
        """Return a list with one item a line."""
        inner = indent + INDENT
        lines: list[tuple[str, str]] = [("[", "")]
        end = array.start_byte + 1
        for node in array.children[1:-1]:
            between = self.source.count("\n", end, node.start_byte)
            end = node.end_byte
            if node.type == ",":
                continue
            before, remark = lines[-1]
            if node.type == "comment" and not between and not remark and not before.lstrip().startswith("#"):
                lines[-1] = (before, _tidy(self.text(node)))
                continue
            if between > 1 and len(lines) > 1:
                lines.append(("", ""))
            if node.type == "comment":
                lines.append((inner + _tidy(self.text(node)), ""))
            else:
                item = rows.get(node.start_byte) or self.value(node, len(inner) + 1, indent=inner)
                lines.append((f"{inner}{item},", ""))
        return "\n".join([*_remarked(lines), f"{indent}]"])


def _parts(root: Node) -> Iterator[Node]:
    """Yield the headings, the pairs and the remarks of a document in order; a table stands for its heading."""
    nodes = root.children[::-1]
    while nodes:
        node = nodes.pop()
        if node.type in {"table", "table_array_element", "pair", "comment"}:
            yield node
        if node.type != "comment":
            nodes += reversed([child for child in node.children[3:] if child.type in {"pair", "comment"}])


def _inside(node: Node) -> Iterator[Node]:
    nodes = [node]
    while nodes:
        node = nodes.pop()
        yield node
        nodes += node.children


def _values(array: Node) -> list[Node]:
    return [node for node in array.children if node.is_named and node.type != "comment"]


def _spaced(items: list[_Item]) -> list[_Item]:
    """
    Put one blank line before each heading and the remarks right above it, and none between it and its first pair.

    The tables of a list inside another table, such as the events of a story, may stand together as they were written.
    """
    spaced = list(items)
    for number, item in enumerate(items):
        if item.kind == "heading" and not _is_inner(item):
            first = number
            while first and not spaced[first].blank and items[first - 1].kind == "remark":
                first -= 1
            spaced[first] = attrs.evolve(spaced[first], blank=first > 0)
        elif item.kind == "pair" and number and items[number - 1].kind == "heading":
            spaced[number] = attrs.evolve(item, blank=False)
    return spaced


def _is_inner(heading: _Item) -> bool:
    """Whether a heading is that of a list of tables inside another table, as `[[story.events]]` is."""
    return heading.text.startswith("[[") and "." in heading.text


def _blocks(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Divide the items at blank lines."""
    block: list[_Item] = []
    for item in items:
        if item.blank and block:
            yield block
            block = []
        block.append(item)
    if block:
        yield block


def _padded(row: list[str], widths: list[int]) -> Iterator[str]:
    """Yield the cells of a row, each but the last as wide as its column; the comma follows its cell at once."""
    for cell, width in zip(row[:-1], widths, strict=False):
        yield f"{cell}, ".ljust(width + 2)
    yield from row[-1:]


def _widths(block: Sequence[_Item]) -> list[int]:
    """
    Return for each item how wide its name is to be written, so that the `=` stand in line.

    Plain names stand in line with all the others of their block; dotted ones with those around them that begin alike.
    """
    plain = _widest(item for item in block if item.value is not None and not _family(item))
    widths: list[int] = []
    for family, members in groupby(block, key=_family):
        run = list(members)
        widths += [_widest(run) if family else plain] * len(run)
    return widths


def _family(item: _Item) -> str:
    """Return what a dotted name begins with; nothing for a plain name."""
    return item.text.partition(".")[0] if item.value is not None and "." in item.text else ""


def _widest(items: Iterable[_Item]) -> int:
    return max((len(item.text) for item in items if len(item.text) <= _WIDEST_NAME), default=0)


def _remarked(lines: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield lines with the remarks behind them in one column, as far as that is near."""
    lengths = [len(text.rpartition("\n")[2]) for text, _ in lines]
    shared = max(
        (length for length, (_, remark) in zip(lengths, lines, strict=True) if remark and length <= _WIDEST_LINE),
        default=0,
    )
    for length, (text, remark) in zip(lengths, lines, strict=True):
        yield f"{text}{' ' * max(0, shared - length)}{_GAP}{remark}" if remark else text
