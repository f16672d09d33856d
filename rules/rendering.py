"""Diagnostics as people and machines read them: text with the line they are about, JSON, GitHub's annotations."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import attrs

from .describe import counted, shortened
from .diagnostics import Diagnostic, Location, printable
from .sarif import render_sarif

Json: TypeAlias = dict[str, Any]

#: How much of a source line is shown, and how much of that stands before what it is about, in columns of a terminal.
_WIDEST: Final = 110
_BEFORE: Final = 40


# --- text ------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Excerpt:
    """A source line as it is shown: its number, its text, and the columns from *start* up to *end* that are meant."""

    line: int
    text: str
    start: int
    end: int


def excerpt(location: Location) -> Excerpt | None:
    r"""
    Return the source line of a place, fit for a terminal: tabs widened, a long line cut, nothing in it that a terminal obeys.

    >>> excerpt(Location(3, 7, 3, 10, "loss\t>\x1b 5"))
    Excerpt(line=3, text='loss    >\\x1b 5', start=9, end=15)
    """
    line, first, most = location.source_line, location.column - 1, 2 * _WIDEST
    if not line or line.isspace():
        return None
    last = location.end_column - 1 if location.end_line == location.line else len(line.rstrip())
    before = [_cell(sign) for sign in line[max(0, first - most) : first]]
    meant = [_cell(sign) for sign in line[first : min(last, first + most)]]
    after = [_cell(sign) for sign in line[last : last + most].rstrip()]
    head, whole = _cut_left(
        "".join(before), _BEFORE if _width("".join([*before, *meant, *after])) > _WIDEST else _WIDEST
    )
    head = head if whole and first <= most else f"…{head}"
    middle = _cut_right("".join(meant), _WIDEST - _BEFORE)
    tail = "" if middle.endswith("…") else _cut_right("".join(after), max(1, _WIDEST - _width(head) - _width(middle)))
    return Excerpt(location.line, f"{head}{middle}{tail}", _width(head), _width(head) + max(1, _width(middle)))


def _cell(sign: str) -> str:
    return "    " if sign == "\t" else printable(sign)


def _width(text: str) -> int:
    """Return how many columns a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in "WF") for sign in text)


def _cut_left(text: str, most: int) -> tuple[str, bool]:
    """Return the end of a text, and whether that is all of it."""
    kept = text
    while _width(kept) > most:
        kept = kept[max(1, (_width(kept) - most) // 2) :]
    return kept, kept == text


def _cut_right(text: str, most: int) -> str:
    """Return the beginning of a text, with a sign for what was cut off."""
    kept = text
    while _width(kept) > most:
        kept = kept[: -max(1, (_width(kept) - most) // 2)]
    return kept if kept == text else f"{kept}…"


def heading(diagnostic: Diagnostic) -> str:
    """Return where a diagnostic is and what it found, on one line."""
    location = diagnostic.location
    where = f":{location.line}:{location.column}" if location else _fact_path(diagnostic)
    warning = "warning: " if diagnostic.severity == "warning" else ""
    return f"{printable(diagnostic.file)}{where}: {warning}{diagnostic.code}: {diagnostic.message}"


def _fact_path(diagnostic: Diagnostic) -> str:
    path = shortened(".".join(str(part) for part in diagnostic.place.path))
    return f": {printable(path)}" if path else ""


def render_text(diagnostics: Iterable[Diagnostic]) -> str:
    """
    Return diagnostics as plain text: each with its place, its source line, a caret under what is meant, and advice.

    The blocks stand apart by an empty line; the text ends in a line feed unless there is nothing to say.
    """
    return "\n".join(_block(diagnostic) for diagnostic in diagnostics)


def _block(diagnostic: Diagnostic) -> str:
    lines = [heading(diagnostic)]
    shown = excerpt(diagnostic.location) if diagnostic.location else None
    if shown:
        number = str(shown.line)
        lines.append(f" {number} | {shown.text}".rstrip())
        lines.append(f" {' ' * len(number)} | {' ' * shown.start}{'^' * (shown.end - shown.start)}")
    if diagnostic.help:
        lines.append(f" help: {diagnostic.help}")
    return "".join(f"{line}\n" for line in lines)


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """
    Return how many errors and warnings there are, empty where there is none.

    >>> summary([])
    ''
    """
    severities = [diagnostic.severity for diagnostic in diagnostics]
    counts = [(name, severities.count(name)) for name in ("error", "warning")]
    return " and ".join(counted(count, name) for name, count in counts if count)


# --- JSON ------------------------------------------------------------------------------------------------------------


def as_data(diagnostic: Diagnostic) -> Json:
    """Return a diagnostic with everything that the text form says, as JSON has it."""
    location = diagnostic.location
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "suggestion": diagnostic.suggestion,
        "fix": diagnostic.fix,
        "file": diagnostic.file,
        "path": [shortened(part) if isinstance(part, str) else part for part in diagnostic.place.path],
        "line": location.line if location else None,
        "column": location.column if location else None,
        "end_line": location.end_line if location else None,
        "end_column": location.end_column if location else None,
    }


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Return diagnostics as a JSON array."""
    return json.dumps([as_data(diagnostic) for diagnostic in diagnostics], indent=2) + "\n"


# --- GitHub ----------------------------------------------------------------------------------------------------------


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Return diagnostics as workflow commands, which GitHub shows beside the lines of a pull request."""
    return "".join(f"{_command(diagnostic)}\n" for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    facts = {"file": diagnostic.file}
    if location := diagnostic.location:
        facts |= {"line": str(location.line), "endLine": str(location.end_line), "col": str(location.column)}
        if location.line == location.end_line:
            facts["endColumn"] = str(location.end_column)
    facts["title"] = diagnostic.code
    said = ",".join(f"{name}={_escaped(value, ':', ',')}" for name, value in facts.items())
    text = f"{diagnostic.message}\n{diagnostic.help}" if diagnostic.help else diagnostic.message
    return f"::{diagnostic.severity} {said}::{_escaped(text)}"


def _escaped(text: str, *more: str) -> str:
    for sign in ("%", "\r", "\n", *more):
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


#: Every form, by the name that `--format` takes.
FORMS: Final[Mapping[str, Callable[[Sequence[Diagnostic]], str]]] = {
    "text": render_text,
    "json": render_json,
    "github": render_github,
    "sarif": render_sarif,
}
