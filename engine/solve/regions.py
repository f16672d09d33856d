"""Constants and parts of a type's values as terms."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Final, assert_never

from ...rules.regions import Cut, Region, Spans, Texts, Words, universe
from ...rules.types import DISCRETE, Number, Type, Value
from .terms import Logic, Term

SECONDS_A_DAY: Final = 86_400
MICROSECONDS: Final = 1_000_000


class Regions(Logic):
    """Says where a value lies. `codes` numbers the texts that the policy names."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, int] = {}
        self._cuts: dict[tuple[int, Cut], Term] = {}

    def code(self, text: str) -> int:
        """Return the number of a text that the policy names."""
        return self.codes.setdefault(text, len(self.codes))

    def constant(self, value: Value, type_: Type) -> Term:
        """Return the term of a constant."""
        match value:
            case bool():
                return self.z3.BoolVal(value)
            case int() | Fraction():
                return self.number(value)
            case str() if type_.words:
                return self.z3.IntVal(type_.words.index(value))
            case str():
                return self.z3.IntVal(self.code(value))
            case _:
                raise TypeError("a list is no term")

    def number(self, value: Number) -> Term:
        """Return the term of an exact number."""
        return self.z3.IntVal(value) if isinstance(value, int) else self.z3.RealVal(str(value))

    def within(self, term: Term, region: Region, type_: Type) -> Term:
        """Return whether a value lies in a region."""
        z3 = self.z3
        match region:
            case Words(words) if type_.kind == "boolean":
                options = [term if word else z3.Not(term) for word in (False, True) if word in words]
                return self.yes if len(options) == 2 else options[0] if options else self.no
            case Words(words):
                places = sorted(type_.words.index(str(word)) for word in words)
                return self._in_places(term, places)
            case Texts(texts, inside):
                among = self.any_of([term == self.code(text) for text in sorted(texts)])
                return among if inside else z3.Not(among)
            case Spans():
                return self.any_of([self._between(term, low, high) for low, high in region.pieces()])
            case _:
                assert_never(region)

    def _in_places(self, term: Term, places: list[int]) -> Term:
        if not places:
            return self.no
        if places[-1] - places[0] + 1 == len(places):
            return self.z3.And(term >= places[0], term <= places[-1])
        return self.any_of([term == place for place in places])

    def _between(self, term: Term, low: Cut | None, high: Cut | None) -> Term:
        parts = [] if low is None else [self.z3.Not(self._below(term, low))]
        return self.all_of(parts if high is None else [*parts, self._below(term, high)])

    def _below(self, term: Term, cut: Cut) -> Term:
        """Return whether a value lies below a cut."""
        key = (term.get_id(), cut)
        found = self._cuts.get(key)
        if found is None:
            number = self.number(cut[0])
            found = self._cuts[key] = term <= number if cut[1] else term < number
        return found


def calendar(type_: Type) -> Region:
    """Return the values that a type has in practice: days and moments of the years 1 to 9999, all values of others."""
    first, last = dt.date.min.toordinal(), dt.date.max.toordinal()
    if type_.kind == "date":
        return universe(type_, low=first, high=last)
    if type_.kind == "datetime":
        start = dt.date(1970, 1, 1).toordinal()
        a_day = SECONDS_A_DAY * MICROSECONDS
        return universe(type_, low=(first - start) * a_day, high=(last - start + 1) * a_day - 1)
    return universe(type_)


def is_whole(type_: Type) -> bool:
    """Whether values of a type are whole numbers."""
    return type_.kind in DISCRETE
