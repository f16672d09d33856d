"""Stories in the results of `policy test`: what came out otherwise than expected, and at which moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import attrs

from ..engine.cases.stories import Chapter, Telling
from ..engine.trials import Mismatch
from ..rules.moments import moment_of
from ..rules.quantities import duration_text
from ..rules.tree import Origin
from .as_json import Json
from .findings import annotation
from .terminal import Output, Piece, Words, cells, padded
from .testing import Tested


def when_of(chapter: Chapter) -> str:
    """Return the moment of a line of a story: how long after it began, and what happened."""
    if chapter.entry is None:
        return "in the end"
    kind = str(chapter.entry.raw.get("kind", ""))
    after = f"after {duration_text(chapter.entry.after)}" if chapter.entry.after else "at once"
    return f"{after}, {kind}" if kind else after


def place_of(origin: Origin, tested: Tested) -> tuple[str, int]:
    """Return the file and the line of a story, or of one of its events."""
    document = tested.policy.documents.get(origin.document) if tested.policy else None
    return origin.document, document.line_of(origin.path) if document else 0


def failures(telling: Telling) -> Iterator[tuple[Chapter, str]]:
    """Yield everything that came out otherwise in one line each, the moment first."""
    for chapter in telling.chapters:
        for found in chapter.mismatches:
            reason = f" ({found.reason})" if found.reason else ""
            yield chapter, f"{when_of(chapter)}: {found.name} expected {found.expected}, got {found.got}{reason}"


def print_telling(output: Output, telling: Telling, tested: Tested) -> None:
    """Write a story with a mark, and under each moment what came out otherwise."""
    name = telling.story.name
    if telling.passed:
        output.line(Piece("  ✓ ", "good", whole=True), name, Piece("  (a story)", "dim"), hang=4)
        return
    file, line = place_of(telling.story.origin, tested)
    output.line(Piece("  ✗ ", "bad", whole=True), Piece(name, "bad"), Piece(f"  {file}:{line}", "dim"), hang=4)
    for chapter in telling.chapters:
        if chapter.mismatches:
            _, line = place_of(chapter.origin, tested)
            output.line(Piece(f"      {when_of(chapter)}:", "name"), Piece(f"  line {line}", "dim"), hang=6)
            print_mismatches(output, chapter.mismatches, 8)


def print_mismatches(output: Output, mismatches: tuple[Mismatch, ...], margin: int) -> None:
    """Write what was expected and what came instead, name by name."""
    width = max(cells(mismatch.name) for mismatch in mismatches)
    for mismatch in mismatches:
        head = f"{' ' * margin}{padded(mismatch.name, width)}  "
        words: list[Words] = ["expected ", Piece(mismatch.expected, "good"), ", got ", Piece(mismatch.got, "bad")]
        output.line(Piece(head, "strong", whole=True), *words, hang=cells(head))
        if mismatch.reason:
            output.line(Piece(" " * cells(head)), Piece(mismatch.reason, "dim"), hang=cells(head))


def telling_json(telling: Telling, tested: Tested) -> Json:
    """Return a story as JSON."""
    file, line = place_of(telling.story.origin, tested)
    mismatches = [
        {
            "when": when_of(chapter),
            "at": moment_of(chapter.at).astimezone(dt.UTC).isoformat(),
            "line": place_of(chapter.origin, tested)[1],
            **attrs.asdict(found),
        }
        for chapter in telling.chapters
        for found in chapter.mismatches
    ]
    return {
        "name": telling.story.name,
        "file": file,
        "line": line,
        "passed": telling.passed,
        "mismatches": mismatches,
    }


def telling_junit(suite: ET.Element, telling: Telling, tested: Tested, name: str, lines: list[str]) -> None:
    """Add a story to a suite of JUnit's XML; *lines* are its failures."""
    file, line = place_of(telling.story.origin, tested)
    case = ET.SubElement(suite, "testcase", name=name, classname=tested.name, file=file, line=str(line))
    if lines:
        ET.SubElement(case, "failure", message=lines[0]).text = "\n".join(lines)


def telling_github(output: Output, telling: Telling, tested: Tested) -> None:
    """Write an annotation at each line of a story that came out otherwise."""
    for chapter in telling.chapters:
        lines = [line for at, line in failures(telling) if at is chapter]
        if lines:
            file, line = place_of(chapter.origin, tested)
            title = f"story failed: {telling.story.name}"
            output.text(annotation("error", file, line, title, "\n".join(lines)))
