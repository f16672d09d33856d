"""Diagnostics: what is wrong, where, and what to do about it, as values.

A diagnostic is facts: a code, names, a place. Its wording lives in catalogue.toml, one table a code, read when it is first needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from heapq import nlargest
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from .describe import shortened

if TYPE_CHECKING:
    from .tree import Origin

Severity: TypeAlias = Literal["error", "warning"]

#: The most characters of one fact that a message repeats.
LONGEST_FACT: Final = 300


@attrs.frozen
class Place:
    """
    Where a diagnostic points: the TOML value at *path* of *document*.

    *start* and *end* are offsets in the string that stands there; *key* points at the key and not the value; *at* is a line and
    a column where the document has no path to it, and *until* those of the end.
    """

    document: str
    path: tuple[str | int, ...] = ()
    start: int | None = None
    end: int | None = None
    key: bool = False
    at: tuple[int, int] | None = None
    until: tuple[int, int] | None = None

    @classmethod
    def of(cls, origin: Origin) -> Place:
        """Return the place of what was written at *origin*."""
        return cls(origin.document, origin.path)

    def inside(self, *path: str | int) -> Place:
        """Return the place of a value further in."""
        return Place(self.document, (*self.path, *path), self.start, self.end, self.key, self.at, self.until)


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
        return wording(self.code, self.facts)

    @property
    def help(self) -> str:
        """What to do about it; empty where the message says it all."""
        if self.suggestion:
            return f"did you mean `{printable(shortened(self.suggestion))}`?"
        return printable(catalogue()[self.code].help.format_map(self.facts))

    @property
    def file(self) -> str:
        """The document it is about."""
        return self.place.document

    def __str__(self) -> str:
        where = f":{self.location.line}:{self.location.column}" if self.location else _path_text(self.place.path)
        text = f"{printable(self.file)}{printable(where)}: {self.code}: {self.message}"
        return f"{text} ({self.help})" if self.help else text


def _path_text(path: tuple[str | int, ...]) -> str:
    return ": " + shortened(".".join(str(part) for part in path)) if path else ""


def wording(code: str, facts: Mapping[str, str]) -> str:
    """Return the message of a code, filled with *facts*."""
    return printable(catalogue()[code].message.format_map(facts))


def printable(text: str) -> str:
    r"""
    Return a text with nothing in it that a terminal would obey or that would hide or turn round other characters.

    >>> printable("a\x1b[31mb\u202e")
    'a\\x1b[31mb\\u202e'
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


@attrs.frozen
class Entry:
    """
    What the catalogue says about a code: its wording, and its page (what, why, mend, a bad and a good example).

    *by* names the command that finds it, where loading a policy does not; its example is then *sample*, and *mended* the same
    without the mistake.
    """

    code: str
    severity: Severity
    message: str
    help: str
    what: str
    why: str
    mend: str
    bad: str
    good: str
    by: str = ""
    sample: str = ""
    mended: str = ""


@cache
def catalogue() -> Mapping[str, Entry]:
    """Return every diagnostic that the language has, by code."""
    import tomllib  # here, as whatever else only reporting needs, because most policies have nothing to report
    from importlib.resources import files

    source = files(__name__.rpartition(".")[0]).joinpath("catalogue.toml").read_text(encoding="utf-8")
    blank = {"severity": "error", "help": "", "what": "", "why": "", "mend": "", "bad": "", "good": ""}
    return {code: Entry(code=code, **{**blank, **entry}) for code, entry in tomllib.loads(source).items()}


@cache
def found_by_proof() -> frozenset[str]:
    """Return the codes of what `policy verify` finds, which a policy may allow."""
    return frozenset(code for code, entry in catalogue().items() if entry.by == "verify" and code != "unneeded-allow")


class Findings:
    """The diagnostics of one run, gathered; the same finding at the same place is kept once."""

    #: Past this many, looking for more helps nobody.
    MOST = 1_000

    def __init__(self) -> None:
        self._found: dict[tuple[str, Place, str], Diagnostic] = {}

    def report(self, code: str, place: Place, *, suggestion: str = "", fix: str = "", **facts: object) -> None:
        """
        Add a finding; *facts* fill the wording of its catalogue entry.

        Raises:
            TooManyFindings: If there are more than anybody can read; the last one says so.
        """
        named = {name: shortened(str(value), LONGEST_FACT) for name, value in facts.items()}
        self._found.setdefault((code, place, repr(named)), Diagnostic(code, named, place, suggestion, fix))
        if len(self._found) >= self.MOST and code != "too-many-findings":
            self.report("too-many-findings", Place(place.document), limit=f"{self.MOST:_}")
            raise TooManyFindings

    @property
    def has_errors(self) -> bool:
        """Whether any of them stops the policy from loading."""
        return any(finding.severity == "error" for finding in self)

    def blames(self, place: Place) -> bool:
        """Whether there is a finding at a place or inside it."""
        inside = (f.place.path[: len(place.path)] == place.path for f in self if f.place.document == place.document)
        return any(inside)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)


class TooManyFindings(Exception):
    """Reading was given up; the findings so far stand."""


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
    from difflib import get_close_matches

    words = list(islice(known, 2_001))
    if len(word) > 100 or len(words) > 2_000:
        return ""
    pairs = _pairs(word)
    shared = [(len(pairs & _pairs(candidate)), -index) for index, candidate in enumerate(words)]
    likely = {_plain(words[-index]): words[-index] for _, index in nlargest(8, shared)}
    found = get_close_matches(_plain(word), likely, n=1, cutoff=0.7)
    return likely[found[0]] if found else ""


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")


@lru_cache(maxsize=4_096)
def _pairs(word: str) -> frozenset[str]:
    """Return the pairs of letters that follow one another in a word, its ends included."""
    return frozenset(map("".join, pairwise(f" {_plain(word)} ")))
