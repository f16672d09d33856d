"""Diagnostics on their way out: as text to stderr, or in one of the forms that machines read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs
import click

from ..rules.diagnostics import Diagnostic, Location, Place, PolicyError, printable
from .terminal import Output, Piece, err

if TYPE_CHECKING:
    from ..rules.document import Document, Problem


def print_findings(found: Sequence[Diagnostic]) -> None:
    """Write diagnostics to stderr: place, source line, a caret under what is meant, advice."""
    if not found:
        return
    sys.stdout.flush()  # so that both streams stay in order where they meet
    output = err()
    for diagnostic in found:
        print_finding(output, diagnostic)
        output.line()


@contextmanager
def mistakes_told() -> Iterator[None]:
    """Tell what is wrong with a policy or a mapping that the block cannot go on without; the run ends with 1 then."""
    try:
        yield
    except PolicyError as error:
        print_findings(error.diagnostics)
        raise click.exceptions.Exit(1) from None


def print_finding(output: Output, diagnostic: Diagnostic) -> None:
    """Write one diagnostic: place, source line, a caret under what is meant, advice."""
    from ..rules.rendering import excerpt, heading

    style = "bad" if diagnostic.severity == "error" else "warning"
    where, code, message = heading(diagnostic).partition(f"{diagnostic.code}: ")
    output.unbroken(Piece(where, "strong"), Piece(code, style), message)
    shown = excerpt(diagnostic.location) if diagnostic.location else None
    if shown:
        number = str(shown.line)
        output.unbroken(Piece(f" {number} | ", "dim"), shown.text)
        carets = "^" * (shown.end - shown.start)
        output.unbroken(Piece(f" {' ' * len(number)} | ", "dim"), " " * shown.start, Piece(carets, style))
    if diagnostic.help:
        output.unbroken(Piece(" help: ", "name"), diagnostic.help)


def findings_text(found: Sequence[Diagnostic], format_: str) -> str:
    """Return diagnostics as GitHub's annotations or as SARIF."""
    from ..rules.rendering import FORMS

    return FORMS[format_](found)


def at_location(
    found: Diagnostic, file: str, path: tuple[str | int, ...] = (), location: Location | None = None
) -> Diagnostic:
    """Return a diagnostic that points into a file which is no policy."""
    return attrs.evolve(found, place=Place(file, path), location=location)


def of_problem(problem: Problem, document: Document | None, file: str) -> Diagnostic:
    """Return what is wrong with a file itself as a diagnostic."""
    span = problem.span
    location = None
    if span is not None:
        source = document.source_line(span.line) if document else ""
        location = Location(span.line, span.column, span.end_line, span.end_column, source)
    suggestion = problem.facts.get("suggestion", "")
    found = Diagnostic(problem.code, problem.facts, Place(file), suggestion)
    return at_location(found, file, location=location)


def annotation(level: str, file: str, line: int, title: str, message: str) -> str:
    r"""
    Return a workflow command of GitHub: an annotation at a line.

    >>> annotation("error", "cafe.toml", 3, "a, b", "one\ntwo")
    '::error file=cafe.toml,line=3,title=a%2C b::one%0Atwo'
    """
    message = "\n".join(printable(part) for part in message.split("\n"))
    title = printable(title)
    place = f"file={_escaped(file, in_property=True)}" + (f",line={line}" if line else "")
    return f"::{level} {place},title={_escaped(title, in_property=True)}::{_escaped(message)}"


def _escaped(text: str, *, in_property: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if in_property else text
