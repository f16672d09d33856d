"""Incidents from files: TOML, JSON, JSON lines and CSV, read one by one, each with the line that it stands on."""

from __future__ import annotations

import re
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

import attrs

from ..rules.diagnostics import Diagnostic, FactError, Location, Place
from .findings import at_location, of_problem

#: The files that hold incidents; any other, standard input excepted, is taken for TOML.
SUFFIXES: Final = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")


#: Says what is wrong with the facts of these names.
ColumnCheck: TypeAlias = Callable[[tuple[str, ...]], Sequence[Diagnostic]]


@attrs.frozen
class Incident:
    """
    One incident as it was handed in, or (with *problems*) why it cannot be read.

    *name* is what people call it, *about* what is said about it. An *is_row* shares its file with others; where *is_text*, every
    fact is text, as in CSV. *locate* finds the line of a fact by its path; without it everything stands on *line*. *count* is
    how many incidents it stands for: more than one where a whole file cannot be read for one reason, none where it only says
    why the reading stopped.
    """

    file: str
    line: int
    facts: Mapping[str, object] = attrs.field(factory=dict)
    name: str = ""
    about: str = ""
    is_row: bool = False
    is_text: bool = False
    source_line: str = ""
    count: int = 1
    problems: tuple[Diagnostic, ...] = ()
    locate: Callable[[tuple[str | int, ...]], Location] | None = None

    def placed(self, error: FactError) -> tuple[Diagnostic, ...]:
        """Return what is wrong with the facts, with file and line."""
        return tuple(self._placed(diagnostic) for diagnostic in error.diagnostics)

    def _placed(self, found: Diagnostic) -> Diagnostic:
        path = found.place.path
        location = self.locate(path) if self.locate else line_location(self.line, self.source_line)
        return at_location(found, self.file, path, location)


def line_location(line: int, source_line: str = "") -> Location | None:
    """Return the place of a whole line, None where there is none."""
    return Location(line, 1, line, max(len(source_line), 1) + 1, source_line) if line else None


class UnreadableError(Exception):
    """Why an incident, or the rest of a file, cannot be read: *why* goes on from `this incident cannot be read:`."""

    def __init__(self, why: str, *, line: int = 0, count: int = 1) -> None:
        super().__init__(why)
        self.why, self.line, self.count = why, line, count

    def in_file(self, file: str) -> Incident:
        """Return what stands for the incident that is lost."""
        found = Diagnostic("unreadable-incident", {"why": self.why}, Place(file))
        problem = at_location(found, file, location=line_location(self.line))
        return Incident(file, self.line, problems=(problem,), count=self.count)


def read_incidents(
    file: str, *, on_read: Callable[[int], None] | None = None, check_columns: ColumnCheck = lambda _: ()
) -> Iterator[Incident]:
    """
    Yield the incidents of a file, or of standard input for `-`; a bad one is yielded with its problems, never raised.

    *on_read* is told how far into the file the reading is, in bytes. *check_columns* says what is wrong with the facts that a
    table names in its head.
    """
    suffix = Path(file).suffix.lower()
    if file != "-" and suffix not in SUFFIXES:
        yield _from_toml(file)
        return
    from .rows import from_csv, from_json

    is_table = suffix in (".csv", ".tsv")
    try:
        with _opened(file) as stream:
            for incident in from_csv(stream, file, check_columns) if is_table else from_json(stream, file):
                if on_read is not None and file != "-":
                    on_read(stream.tell())
                yield incident
    except UnreadableError as problem:
        yield problem.in_file(file)
    except OSError as error:
        yield UnreadableError((error.strerror or "the file cannot be read").lower()).in_file(file)


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    mode = Path(file).stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
        raise UnreadableError("it is a folder" if stat.S_ISDIR(mode) else "it is no ordinary file")
    with Path(file).open("rb") as stream:
        yield stream


# --- TOML: one incident a file, named by its leading comment ---------------------------------------------------------


def _from_toml(file: str) -> Incident:
    from ..rules.document import read_document
    from .rows import name_in

    document, problems = read_document(file)
    if document is None or problems:
        return Incident(file, 0, problems=tuple(of_problem(problem, document, file) for problem in problems))

    def locate(path: tuple[str | int, ...]) -> Location:
        span = document.span(path)
        return Location(span.line, span.column, span.end_line, span.end_column, document.source_line(span.line))

    name, about = leading_comment(document.text)
    name = name_in(document.values) or name or Path(file).stem
    return Incident(file, 1, document.values, name, about, locate=locate)


def leading_comment(text: str) -> tuple[str, str]:
    r"""
    Return the first line of a file's leading comment, and what follows it in one piece.

    >>> leading_comment("# The wet floor\n# We had mopped,\n# and put up no sign.\n\nabuse = 'none'\n")
    ('The wet floor', 'We had mopped, and put up no sign.')
    """
    found = re.match(r"\s*((?:#[^\n]*\n?)+)", text)
    lines = [line.strip().lstrip("#").strip() for line in found[1].splitlines()] if found else []
    return (lines[0], " ".join(line for line in lines[1:] if line)) if lines else ("", "")
