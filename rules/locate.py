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
    "unknown-rule": ("rule", "table", "guard", "policy"),
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
    found = [_with_location(finding, documents) for finding in findings]
    order = {name: index for index, name in enumerate(documents)}

    def key(finding: Diagnostic) -> tuple[int, int, int, str]:
        location = finding.location
        line, column = (location.line, location.column) if location else (0, 0)
        return order.get(finding.file, -1), line, column, finding.code

    return tuple(sorted(found, key=key))


def _with_location(finding: Diagnostic, documents: Mapping[str, Document]) -> Diagnostic:
    document = documents.get(finding.file)
    fix = _quoted_fix(finding, document) if finding.fix and document else ""
    return attrs.evolve(finding, location=_location(finding.place, documents), fix=fix)


def _quoted_fix(finding: Diagnostic, document: Document) -> str:
    """Return a fix as it may stand in the source: in quotes where it is a whole value, none where quotes would clash."""
    place = finding.place
    if place.start is None:
        return f'"{finding.fix}"' if not set(finding.fix) & set('"\\') else ""
    quote = document.text[document.span(place.path).offset :][:1]
    return "" if quote in finding.fix or "\\" in finding.fix else finding.fix


def _location(place: Place, documents: Mapping[str, Document]) -> Location | None:
    document = documents.get(place.document)
    if place.at is not None:
        line, column = place.at
        end_line, end_column = place.until or place.at
        return Location(line, column, end_line, end_column, document.source_line(line) if document else "")
    if document is None or (not place.path and not document.values):
        return None
    if place.start is not None and place.end is not None:
        span = document.string_span(place.path, place.start, place.end)
    else:
        span = document.span(place.path, key=place.key)
    return Location(span.line, span.column, span.end_line, span.end_column, document.source_line(span.line))
