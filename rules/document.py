"""TOML files as documents: their values, and for each value where in the file it stands."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path as FilePath

import attrs

from .positions import Lines, Path, Positions, Problem, Span, character_offset
from .text_files import LARGEST, FileName, read_text, shown_name, too_large
from .toml_faults import Fault, is_long_decimal

__all__ = ["Document", "Path", "Problem", "Span", "parse_document", "read_document"]

MOST_PROBLEMS = 20  # of a file's form that are listed one by one
_DEEPEST = 64  # levels of brackets, and parts of a name


@attrs.frozen(eq=False)
class Document:
    r"""
    A TOML text and its *values*; numbers with a point are decimals.

    A *partial* document is what could be saved of a broken text: *lost* are the paths of what is known to be missing.

    >>> document, _ = parse_document('[[rule]]\nwhen = "loss > 5"\n', "cafe.toml")
    >>> document.span(("rule", 0, "when")).column, document.string_offset(("rule", 0, "when"), 5)
    (8, (2, 14))
    """

    name: str
    text: str = attrs.field(repr=False)
    values: dict[str, object] = attrs.field(repr=False)
    _view: _View = attrs.field(repr=False)
    path: FilePath | None = None
    partial: bool = False
    lost: frozenset[Path] = frozenset()

    def span(self, path: Path, *, key: bool = False) -> Span:
        """
        Return where the value at *path* stands, or its key.

        A table is where its heading is. What is not in the document is where its nearest ancestor is, or else at the start.
        """
        found = self._view.positions.find(path)
        if found is None:
            return self._view.span(0, 0)
        place, at = found
        return self._view.span(*(place.key if key and at == path else place.value))

    def line_of(self, path: Path) -> int:
        """Return the line on which the value at *path* starts."""
        return self.span(path).line

    def elements(self, *names: str) -> list[Path]:
        r"""
        Return the paths of the elements of the lists called *names* in the order of the file; parses nothing for `[[…]]`.

        >>> parse_document("[[rule]]\n[[table]]\n[[rule]]", "")[0].elements("rule", "table")
        [('rule', 0), ('table', 0), ('rule', 1)]
        """
        lists = [(name, self.values.get(name)) for name in names]
        there = [(name, number) for name, items in lists if isinstance(items, list) for number in range(len(items))]
        counts = dict.fromkeys(names, 0)
        found: list[Path] = []
        for heading in re.finditer(_ELEMENT, self._view.source, re.DOTALL | re.MULTILINE):
            if (name := heading["name"]) in counts:
                found.append((name, counts[name]))
                counts[name] += 1
        return found if set(found) == set(there) else sorted(there, key=lambda path: self.span(path).offset)

    def string_span(self, path: Path, start: int, end: int) -> Span:
        """
        Return where the characters from *start* up to *end* of the text at *path* stand; the place of *path* if it is no text.

        Escapes, line breaks and folded lines count as the characters that they mean.
        """
        found = self._view.positions.find(path)
        if found is None or found[1] != path or found[0].node is None or found[0].node.type != "string":
            return self.span(path)
        first, after = found[0].value
        literal = self._view.source[first:after]
        begin = character_offset(literal, start)
        last = character_offset(literal, end) if end > start else begin
        return self._view.span(first + begin, first + last)

    def string_offset(self, path: Path, index: int) -> tuple[int, int]:
        """Return the line and column of the character *index* of the text at *path*."""
        span = self.string_span(path, index, index)
        return span.line, span.column

    def source_line(self, line: int) -> str:
        """Return a line as it is written, without its end; empty where there is none."""
        return self._view.line_text(line)

    def may_lack(self, path: Path) -> bool:
        """Whether something at, above or below *path* was lost, so that nobody should be blamed for its absence."""
        return any(path[: len(lost)] == lost or lost[: len(path)] == path for lost in self.lost)


class _View:
    """
    A text and its *source*, which has line feeds only and nothing broken, line by line the same.

    Lines are counted and syntax is parsed when first asked for.
    """

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.positions = Positions(source)
        self._lines: tuple[Lines, Lines] | None = None

    def _counted(self) -> tuple[Lines, Lines]:
        if self._lines is None:
            lines = Lines(self.text)
            self._lines = (lines, lines if self.source == self.text else Lines(self.source))
        return self._lines

    def span(self, start: int, end: int) -> Span:
        lines, source = self._counted()
        if lines is source:
            return lines.span(start, end)
        return lines.span(lines.offset(*source.place(start)), lines.offset(*source.place(end)))

    def line_text(self, line: int) -> str:
        starts = self._counted()[0].starts
        if not 1 <= line <= len(starts):
            return ""
        end = starts[line] if line < len(starts) else len(self.text)
        return self.text[starts[line - 1] : end].rstrip("\r\n")


def read_document(path: FileName) -> tuple[Document | None, list[Problem]]:
    """
    Read the TOML file at *path*.

    Returns the document, None where there is nothing to read, and what is wrong with the file: never raises for a bad one.
    """
    text = read_text(path)
    if isinstance(text, Problem):
        return None, [text]
    document, problems = parse_document(text, shown_name(path))
    return document and attrs.evolve(document, path=FilePath(path)), problems


def parse_document(text: str, name: str) -> tuple[Document | None, list[Problem]]:
    r"""
    Read *text*, which came from *name*, as TOML.

    >>> document, problems = parse_document('id = "a\ntitle = "A"\n', "cafe.toml")
    >>> document.values, [(problem.facts["kind"], problem.line, problem.column) for problem in problems]
    ({'title': 'A'}, [('unclosed-text', 1, 6)])
    """
    text = text.removeprefix("\ufeff")
    if len(text) > LARGEST:
        return None, [too_large(len(text))]
    if "\0" in text:
        return None, [Problem("binary-file", {"offset": str(text.index("\0"))})]
    view = _View(text, text.replace("\r\n", "\n"))
    if not text or text.isspace():
        return Document(name, text, {}, view), [Problem("empty-file", {})]
    try:
        # A carriage return of its own is wrong wherever it stands; `tomllib` would join it to the line feed that we left.
        if "\r" not in view.source and not _is_too_deep(view.source):
            return Document(name, text, _loads(view.source), view), []
    except (ValueError, RecursionError):
        pass
    return _recovered(name, view)


def _recovered(name: str, view: _View) -> tuple[Document, list[Problem]]:
    from .recovery import recover

    saved = recover(view.source, _loads)
    if not saved.faults:
        return Document(name, view.text, saved.values, view), []
    document = Document(name, view.text, saved.values, _View(view.text, saved.source), partial=True, lost=saved.lost)
    problems = [_problem(fault, view) for fault in saved.faults[:MOST_PROBLEMS]]
    if more := saved.faults[MOST_PROBLEMS:]:
        problems.append(_problem(Fault("and-more", more[0].start, more[0].end, {"more": str(len(more))}), view))
    return document, problems


_CODES = {
    "too-deeply-nested": "too-deeply-nested",
    **dict.fromkeys(("duplicate-key", "duplicate-heading", "list-or-table"), "duplicate-key"),
}


def _problem(fault: Fault, view: _View) -> Problem:
    facts = fault.facts | {"kind": fault.kind, "message": fault.message, "help": fault.help}
    return Problem(
        _CODES.get(fault.kind, "invalid-toml"), facts, view.span(fault.start, min(fault.end, len(view.source)))
    )


def _loads(source: str) -> dict[str, object]:
    return tomllib.loads(source, parse_float=_exact)


def _exact(number: str) -> Decimal:
    if len(number) > 9 and number[-1].isdigit() and is_long_decimal(number):
        raise ValueError(number)
    return Decimal(number)


# Text and remarks, to be passed over. What is not closed runs to its end, so that nothing is read twice. Compiled when first used.
_PASSED_OVER = (
    r'"""(?:[^"\\]++|\\.|"(?!""))*+(?:"{3,5}|\Z)|\'\'\'(?:[^\']++|\'(?!\'\'))*+(?:\'{3,5}|\Z)'
    r"|\"(?:[^\"\\\n]++|\\.)*+\"?|'[^'\n]*+'?|#[^\n]*+"
)
_BRACKETS = rf"{_PASSED_OVER}|[\[{{]|[\]}}]"
_ELEMENT = rf"{_PASSED_OVER}|^[ \t]*\[\[[ \t]*(?P<name>[A-Za-z0-9_-]+)[ \t]*\]\]"


def _is_too_deep(source: str) -> bool:
    """Whether brackets or names are nested too deep for any reader; a doubt, as about a line with many points, is a yes."""
    if source.count(".") >= _DEEPEST and any(line.count(".") >= _DEEPEST for line in source.split("\n")):
        return True
    depth = 0
    for found in re.finditer(_BRACKETS, source, re.DOTALL):
        match source[found.start()]:
            case "[" | "{":
                depth += 1
                if depth > _DEEPEST:
                    return True
            case "]" | "}":
                depth = max(0, depth - 1)
    return False
