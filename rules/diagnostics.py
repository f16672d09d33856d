"""Diagnostics: what is wrong, where, and what to do about it, as values.

A diagnostic is facts: a code, names, a place. Its wording lives in catalogue.toml, one table a code, read when it is first needed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Literal, TypeAlias

import attrs

from .tree import Origin

Severity: TypeAlias = Literal["error", "warning"]


@attrs.frozen
class Place:
    """
    Where a diagnostic points: the TOML value at *path* of *document*.

    *start* and *end* are offsets in the string that stands there; *key* points at the key and not the value; *at* is a line and
    a column where the document has no path to it.
    """

    document: str
    path: tuple[str | int, ...] = ()
    start: int | None = None
    end: int | None = None
    key: bool = False
    at: tuple[int, int] | None = None

    @classmethod
    def of(cls, origin: Origin) -> Place:
        """Return the place of what was written at *origin*."""
        return cls(origin.document, origin.path)

    def inside(self, *path: str | int) -> Place:
        """Return the place of a value further in."""
        return attrs.evolve(self, path=(*self.path, *path))


@attrs.frozen
class Location:
    """A place looked up in its source: 1-based lines and columns (in characters) and the line itself."""

    line: int
    column: int
    end_line: int
    end_column: int
    source_line: str


@attrs.frozen
class Diagnostic:
    """
    One finding.

    *facts* fill the wording of the code's catalogue entry; *suggestion* is the name that was probably meant; *fix* is text that
    may replace what *place* points at, given only where that is certain to be right.
    """

    code: str
    facts: Mapping[str, str]
    place: Place
    suggestion: str = ""
    fix: str = ""
    location: Location | None = None

    @property
    def severity(self) -> Severity:
        """How bad it is: an error stops the policy from loading, a warning does not."""
        return catalogue()[self.code].severity

    @property
    def message(self) -> str:
        """What was found, in one lower-case sentence."""
        return catalogue()[self.code].message.format_map(self.facts)

    @property
    def help(self) -> str:
        """What to do about it."""
        if self.suggestion:
            return f"did you mean `{self.suggestion}`?"
        return catalogue()[self.code].help.format_map(self.facts)

    @property
    def file(self) -> str:
        """The document it is about."""
        return self.place.document

    def __str__(self) -> str:
        where = f":{self.location.line}:{self.location.column}" if self.location else _path_text(self.place.path)
        text = f"{self.file}{where}: {self.code}: {self.message}"
        return f"{text} ({self.help})" if self.help else text


def _path_text(path: tuple[str | int, ...]) -> str:
    return ": " + ".".join(str(part) for part in path) if path else ""


@attrs.frozen
class Entry:
    """What the catalogue says about a code: its wording, and its page (what, why, mend, a bad and a good example)."""

    code: str
    severity: Severity
    message: str
    help: str
    what: str
    why: str
    mend: str
    bad: str
    good: str


@cache
def catalogue() -> Mapping[str, Entry]:
    """Return every diagnostic that the language has, by code."""
    source = files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8")
    blank = {"severity": "error", "help": "", "what": "", "why": "", "mend": "", "bad": "", "good": ""}
    return {code: Entry(code=code, **{**blank, **entry}) for code, entry in tomllib.loads(source).items()}


class Findings:
    """The diagnostics of one run, gathered; the same finding at the same place is kept once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Place, str], Diagnostic] = {}

    def report(self, code: str, place: Place, *, suggestion: str = "", fix: str = "", **facts: object) -> None:
        """Add a finding; *facts* fill the wording of its catalogue entry."""
        named = {name: str(value) for name, value in facts.items()}
        self._found.setdefault((code, place, repr(named)), Diagnostic(code, named, place, suggestion, fix))

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)


class PolicyError(ValueError):
    """A policy that cannot be used; *diagnostics* says all that is wrong with it, in the order of the file."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


class FactError(ValueError):
    """Facts that cannot be used; *diagnostics* says all that is wrong with them."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


def nearest(word: str, known: Iterable[str]) -> str:
    """
    Return the known word that *word* was probably meant to be, or an empty text.

    >>> nearest("virallity.views", ["virality.views", "abuse"])
    'virality.views'
    """
    words = list(known)
    if len(word) > 200 or len(words) > 5_000:
        return ""
    lower = {candidate.lower().replace("-", "_"): candidate for candidate in words}
    found = get_close_matches(word.lower().replace("-", "_"), lower, n=1, cutoff=0.7)
    return lower[found[0]] if found else ""
