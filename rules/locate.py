"""Where findings stand: places looked up in their documents, and findings that follow from a broken file left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import attrs

from .diagnostics import Diagnostic, Location, Place
from .document import Document

#: What is blamed for being absent, by code: the tables in which it may have stood.
_ABSENT: Final[Mapping[str, tuple[str, ...]]] = {
    "no-policy": ("policy",),
    "unknown-name": ("facts", "parameters", "terms"),
    "unknown-fact": ("facts",),
    "fact-without-type": ("facts",),
    "unquoted-text": ("facts", "parameters", "terms"),
    "off-scale": ("parameters", "terms"),
    "unknown-decision": ("decisions",),
    "decision-without-outcomes": ("decisions",),
    "unknown-obligation": ("obligations",),
    "unknown-rule": ("rule", "table", "guard", "independent", "policy"),
    "unknown-expectation": ("rule", "table", "guard", "obligations"),
    "no-exchange-rate": ("rates", "policy"),
}


def excused(findings: Iterable[Diagnostic], documents: Mapping[str, Document]) -> Iterator[Diagnostic]:
    """Yield the findings that are no mere consequence of what could not be read of a broken file."""
    broken = [document for document in documents.values() if document.partial]
    for finding in findings:
        where = finding.place.path
        paths: list[tuple[str | int, ...]] = [(table,) for table in _ABSENT.get(finding.code, ())]
        if finding.code in ("missing-key", "rule-without-consequence"):
            paths = [where]
        if not any(document.may_lack(path) for path in paths for document in broken):
            yield finding


def located(findings: Iterable[Diagnostic], documents: Mapping[str, Document]) -> tuple[Diagnostic, ...]:
    """Return the findings with line and column, in the order of the files."""
    lines = _Lines(documents)
    found = [_with_location(finding, documents, lines) for finding in findings]
    order = {name: index for index, name in enumerate(documents)}

    def key(finding: Diagnostic) -> tuple[int, int, int, str]:
        location = finding.location
        line, column = (location.line, location.column) if location else (0, 0)
        return order.get(finding.file, -1), line, column, finding.code

    return tuple(sorted(found, key=key))


class _Lines:
    """The source lines that findings are about, each kept once: many findings may be about one long line."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self._found: dict[tuple[str, int], str] = {}

    def text(self, name: str, line: int) -> str:
        """Return a line of a document, empty where there is none."""
        if (name, line) not in self._found:
            document = self._documents.get(name)
            self._found[name, line] = document.source_line(line) if document else ""
        return self._found[name, line]


def _with_location(finding: Diagnostic, documents: Mapping[str, Document], lines: _Lines) -> Diagnostic:
    document = documents.get(finding.file)
    fix = _quoted_fix(finding, document) if finding.fix and document else ""
    return attrs.evolve(finding, location=_location(finding.place, document, lines), fix=fix)


def _quoted_fix(finding: Diagnostic, document: Document) -> str:
    """Return a fix as it may stand in the source: in quotes where it is a whole value, none where quotes would clash."""
    place = finding.place
    if place.start is None:
        return "" if set(finding.fix) & set('"\\') else f'"{finding.fix}"'
    start = document.span(place.path).offset
    quote = document.text[start : start + 1]
    return "" if quote in finding.fix or "\\" in finding.fix else finding.fix


def _location(place: Place, document: Document | None, lines: _Lines) -> Location | None:
    if place.at is not None:
        return Location(*place.at, *(place.until or place.at), lines.text(place.document, place.at[0]))
    if document is None or (not place.path and not document.values):
        return None
    if place.start is not None and place.end is not None:
        span = document.string_span(place.path, place.start, place.end)
    else:
        span = document.span(place.path, key=place.key)
    return Location(span.line, span.column, span.end_line, span.end_column, lines.text(place.document, span.line))
