"""Classes of values: for each fact, the pieces that its thresholds cut its values into, each with a bit vector.

A bit stands for one disjunct of a rule or a guard (a *clause*). In the vector of a class the bit is set where the clause's test
on the fact holds for the values of that class, or where the clause has no test on it. Below the clauses each fact has a *flag*
bit: set in every vector but the fact's own, so that after all vectors were joined by AND, the flags left are the facts that
nobody handed in. (Lakshman and Stiliadis, "High-speed policy-based packet forwarding", SIGCOMM 1998.)
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Final, TypeAlias, cast

import attrs

from ..rules.given import LONGEST_TEXT, Currencies, FactProblem, read_fact
from ..rules.regions import Cut, Region, Spans, Texts, Words, contains, is_empty, universe_of
from ..rules.tree import FactTest
from ..rules.types import Fact, Value
from .steps import Steps

#: How many texts a fact's column remembers the vector of, so that "4.50 USD" is parsed once.
REMEMBERED: Final = 4_096

#: One test on a fact with the bit of the clause that it stands in.
Bit: TypeAlias = tuple[FactTest, int]


class Memory(dict[object, int]):
    """Vectors of texts like `4.50 USD`: computed where absent, and remembered while there is room."""

    __slots__ = ("_vector_of",)

    def __init__(self, vector_of: Callable[[object], int]) -> None:
        super().__init__()
        self._vector_of = vector_of

    def __missing__(self, raw: object) -> int:
        vector = self._vector_of(raw)
        if len(self) < REMEMBERED:
            self[raw] = vector
        return vector


@attrs.frozen
class Column:
    """
    The classes of one fact.

    *words* gives the vector of a text or a boolean. *steps* says, for each Python type that the fact takes, where the class of
    a value changes: `vectors[bisect_right(steps[type(value)], value)]`, None where no such value exists; None in place of steps
    means a look-up in *words*. *cuts* are the canonical thresholds. *certain* and *possible* are the two vectors of the
    fact when it is missing; *any_text* is that of a text which no test names.
    """

    fact: Fact
    words: Mapping[object, int]
    steps: Mapping[type, Sequence[object] | None]
    vectors: Sequence[int | None]
    cuts: tuple[Cut, ...]
    certain: int
    possible: int
    any_text: int

    def of_value(self, value: Value) -> int:
        """Return the vector of a canonical value."""
        if self.fact.type.is_ordered:
            assert isinstance(value, int | Fraction)
            vector = self.vectors[bisect_right(self.cuts, (value, 0)) + 1]
            assert vector is not None
            return vector
        if self.fact.type.is_finite:
            return self.words[value]
        return self.words.get(value, self.any_text) if isinstance(value, str) else self.any_text

    def of_region(self, region: Region) -> tuple[int, int]:
        """Return what holds for all values of a region, and what holds for some."""
        vectors = list(self._within(region))
        certain, possible = vectors[0], vectors[0]
        for vector in vectors[1:]:
            certain &= vector
            possible |= vector
        return certain, possible

    def _within(self, region: Region) -> Iterable[int]:
        match region:
            case Words(words):
                yield from (self.words[word] for word in words)
            case Texts(words, inside):
                yield from (vector for word, vector in self.words.items() if (word in words) == inside)
                if not inside or any(word not in self.words for word in words):
                    yield self.any_text
            case Spans():
                for low, high in region.pieces():
                    first = 0 if low is None else bisect_right(self.cuts, low)
                    last = len(self.cuts) if high is None else bisect_left(self.cuts, high)
                    yield from (v for v in self.vectors[first + 1 : last + 2] if v is not None)


def column(fact: Fact, tests: Sequence[Bit], full: int, flag: int, currencies: Currencies) -> Column:
    """Return the classes of *fact* under *tests*; *full* has all bits set, *flag* is the fact's own."""
    tested = 0
    for _, bit in tests:
        tested |= bit
    base = full & ~flag & ~tested
    certain, possible = _when_missing(fact, tests, base | flag)
    if fact.type.is_ordered:
        return _ordered(fact, tests, base, certain, possible, currencies)
    return _worded(fact, tests, base, certain, possible)


def _when_missing(fact: Fact, tests: Sequence[Bit], base: int) -> tuple[int, int]:
    whole = universe_of(fact)
    certain = possible = base
    for test, bit in tests:
        if fact.assume is not None:
            if contains(test.missing, fact.assume):
                certain |= bit
                possible |= bit
            continue
        if not is_empty(test.missing):
            possible |= bit
            if test.missing == whole:
                certain |= bit
    return certain, possible


def _worded(fact: Fact, tests: Sequence[Bit], base: int, certain: int, possible: int) -> Column:
    """Return the column of a finite type, of free text or of a list, whose values are looked up in a dict."""
    any_text = base
    words: dict[object, int] = dict.fromkeys(fact.type.domain, base)
    named = {word for test, _ in tests if isinstance(test.known, Texts) for word in test.known.words}
    words.update(dict.fromkeys(named, base))
    for test, bit in tests:
        for word in words:
            if contains(test.known, cast("Value", word)):
                words[word] |= bit
        if isinstance(test.known, Texts) and not test.known.inside:
            any_text |= bit
    kind = fact.type.kind
    found: Mapping[object, int] = words
    if kind == "text" and not fact.type.words:
        found = TextMemory(words, any_text)
    taken: dict[str, type] = {"boolean": bool, "text": str, "scale": str}
    steps: dict[type, Sequence[object] | None] = {taken[kind]: None} if kind in taken else {}
    return Column(fact, found, steps, (), (), certain, possible, any_text)


class TextMemory(dict[object, int]):
    """Vectors of free texts: all that no test names share one."""

    __slots__ = ("_any_text",)

    def __init__(self, words: Mapping[object, int], any_text: int) -> None:
        super().__init__(words)
        self._any_text = any_text

    def __missing__(self, raw: object) -> int:
        if type(raw) is not str or len(raw) > LONGEST_TEXT:
            raise KeyError(raw)
        return self._any_text


def _ordered(
    fact: Fact,
    tests: Sequence[Bit],
    base: int,
    certain: int,
    possible: int,
    currencies: Currencies,
) -> Column:
    """Return the column of an ordered type: walk its cuts from below, and turn the bits that change at each."""
    toggles: dict[Cut, int] = {}
    current = base
    for test, bit in tests:
        region = test.known
        assert isinstance(region, Spans)
        if region.inside:
            current |= bit
        for cut in region.cuts:
            toggles[cut] = toggles.get(cut, 0) ^ bit
    cuts = tuple(sorted(toggles))
    vectors: list[int | None] = [None, current]
    for cut in cuts:
        current ^= toggles[cut]
        vectors.append(current)
    vectors.append(None)
    steps = Steps(fact, cuts, currencies.home)
    found = Column(fact, {}, steps, vectors, cuts, certain, possible, base)

    def vector_of(raw: object) -> int:
        if type(raw) is not str:
            raise KeyError(raw)
        try:
            known = read_fact(raw, fact, currencies)
        except FactProblem:
            raise KeyError(raw) from None
        if not isinstance(known, int | Fraction):
            raise KeyError(raw)
        return found.of_value(known)

    return attrs.evolve(found, words=Memory(vector_of))
