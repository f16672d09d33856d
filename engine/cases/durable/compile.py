"""
Patterns as rules for durable_rules, as far as that is sound, and for each other pattern the reason why not.

What an event is asked by itself is decided here, exactly, before the engine ever sees it: it gets a message that says which
elements of which patterns the event may be, and whole numbers to compare. All that is left to the engine are flat joins:

    all: a0: {s4: 1}
         a1: {$and: [{s5: 1}, {$gt: {o: {a0: o}}}, {$gte: {v2: {a0: v3}}}, {_: {a0: _}}]}

`o` is the order of the event; the last term is always true, without it the engine crashes now and then. Property names are our own
and short, and none of them has the hash of another, by which alone the engine tells them apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from ....rules.normal import facts_of
from ....rules.regions import Operator
from ....rules.tree import Atom, Conjunct, FactRef, NormalForm, Whole
from ..outline import Outline, Part
from .quantities import Joint, Quantity, Unsound, aliases_in, counts_days, joint

#: The most events that one rule joins; the engine itself stops at 15, its partial matches grow much sooner.
MOST_JOINED: Final = 6
#: The most terms of one element, below the 32 of the engine.
MOST_TERMS: Final = 24
#: The most rows of conditions that one kind of event may meet, below the 60 of the engine.
MOST_SIBLINGS: Final = 50
#: The most properties of all messages together, below the 250 of the engine.
MOST_PROPERTIES: Final = 200

_OPERATORS: Final[Mapping[Operator, str]] = {"!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


@attrs.frozen
class Seat:
    """
    What an event must be to take a place in a rule: the part that admits it, and more that the event alone decides.

    *flag* is the property that says so; *asks* are conditions of later elements on this event, by its *alias*; *brings* are the
    quantities that it must have, by property; *windows* the properties that have the moment from which on the first event counts.
    """

    part: int
    flag: str
    alias: str
    asks: tuple[NormalForm, ...]
    brings: Mapping[str, Quantity]
    windows: Mapping[str, int]


@attrs.frozen
class Ruled:
    """A pattern that the engine joins: its rule, and the seats that its events take."""

    outline: Outline
    rule: Mapping[str, Any]
    seats: tuple[Seat, ...]


@attrs.frozen
class Compiled:
    """*ruled* has the patterns that the engine joins by their numbers, *reasons* why it does not join the others."""

    ruled: Mapping[int, Ruled]
    reasons: Mapping[int, str]

    @property
    def rules(self) -> dict[str, Any]:
        """The rules as the engine takes them; each is named for the number of its pattern."""
        return {f"r{index}": dict(ruled.rule) for index, ruled in self.ruled.items()}


def compile_patterns(outlines: Sequence[Outline]) -> Compiled:
    """Compile what is sound of some patterns."""
    names = _Names()
    ruled: dict[int, Ruled] = {}
    reasons: dict[int, str] = {}
    siblings: Counter[str] = Counter()
    for index, outline in enumerate(outlines):
        before = names.copy()
        try:
            found = _Compiler(outline, names).ruled()
            _check_room(found, names, siblings)
            ruled[index] = found
        except Unsound as unsound:
            names = before
            reasons[index] = str(unsound)
    return Compiled(ruled, reasons)


def _check_room(found: Ruled, names: _Names, siblings: Counter[str]) -> None:
    kinds = Counter(found.outline.parts[seat.part].element.kind for seat in found.seats)
    if any(siblings[kind] + count > MOST_SIBLINGS for kind, count in kinds.items()):
        raise Unsound(f"the patterns before it ask {MOST_SIBLINGS} things of events of one kind already")
    if len(names.given) > MOST_PROPERTIES:
        raise Unsound(f"the patterns before it take up {MOST_PROPERTIES} properties already")
    siblings.update(kinds)


class _Names:
    """Property names: a letter and a number, and never two with one hash."""

    def __init__(self) -> None:
        self.given: dict[object, str] = {name: name for name in ("_", "o", "t", "n", "id", "sid", "boot")}
        self._hashes = {fnv(name) for name in self.given.values()}
        self._number = 0

    def copy(self) -> _Names:
        """Return the same names, to go back to."""
        same = _Names()
        same.given, same._hashes, same._number = dict(self.given), set(self._hashes), self._number
        return same

    def name(self, letter: str, what: object) -> str:
        """Return the name of a property, the same for the same thing."""
        key = (letter, what)
        while key not in self.given:
            self._number += 1
            name = f"{letter}{self._number}"
            if fnv(name) not in self._hashes:
                self._hashes.add(fnv(name))
                self.given[key] = name
        return self.given[key]


def fnv(text: str) -> int:
    """
    Return the hash by which the engine tells names and ids apart: 32 bits, after Fowler, Noll and Vo.

    >>> fnv("costarring") == fnv("liquid")
    True
    """
    found = 2_166_136_261
    for byte in text.encode():
        found = (found ^ byte) * 16_777_619 & 0xFFFFFFFF
    return found


class _Compiler:
    """Compiles one pattern."""

    def __init__(self, outline: Outline, names: _Names) -> None:
        self.outline, self.names = outline, names
        self.joints: list[list[Joint]] = [[] for _ in outline.parts]
        self.asks: dict[str, list[NormalForm]] = {}
        self.brought: dict[tuple[int, bool], dict[str, Quantity]] = {}

    def ruled(self) -> Ruled:
        """
        Return the pattern as a rule.

        Raises:
            Unsound: If it is outside of what the engine does soundly.
        """
        joined = sum(part.element.count for part in self.outline.parts)
        if joined == 1:
            raise Unsound("it asks for one event, which takes no join")
        if joined > MOST_JOINED:
            raise Unsound(
                f"it joins {joined} events, and the engine's partial matches are only few enough up to {MOST_JOINED}"
            )
        for index, part in enumerate(self.outline.parts):
            self._take_apart(index, part)
        rows = list(self._rows())
        return Ruled(self.outline, {"all": rows}, tuple(self._seats()))

    # -- what an element asks

    def _take_apart(self, index: int, part: Part) -> None:
        """Sort what an element asks: of the event alone, of an earlier one alone, of both."""
        if not part.asks:
            return
        form = part.element.where
        about = aliases_in(facts_of(form))
        if len(about) == 1:
            self._ask(next(iter(about)), form)
            return
        if len(form.disjuncts) != 1:
            raise Unsound(f"event {index + 1} has an `or` that speaks of several events")
        for conjunct in form.disjuncts[0]:
            self._sort(index, conjunct)

    def _sort(self, index: int, conjunct: Conjunct) -> None:
        alone = NormalForm(((conjunct,),))
        about = aliases_in(facts_of(alone))
        if len(about) <= 1:
            self._ask(next(iter(about), ""), alone)
        elif isinstance(conjunct, Atom):
            try:
                self.joints[index].append(joint(conjunct))
            except Unsound as unsound:
                raise Unsound(f"event {index + 1} has a test that cannot be joined: {unsound}") from None
        else:
            raise Unsound(f"event {index + 1} has an `or` that speaks of several events")

    def _ask(self, alias: str, form: NormalForm) -> None:
        """Ask an earlier event; what is asked of the own event its part knows already."""
        if not alias:
            return
        for conjunct in (conjunct for disjunct in form.disjuncts for conjunct in disjunct):
            if isinstance(conjunct, Whole) or (isinstance(conjunct, Atom) and counts_days(conjunct)):
                raise Unsound(f"it asks something of `{alias}` that cannot be told before the later event comes")
        self.asks.setdefault(alias, []).append(form)

    # -- rows of the rule

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Yield the engine's condition on each event that is joined."""
        place = 0
        places = {part.element.alias: start for start, part in self._places()}
        for index, part in enumerate(self.outline.parts):
            start = place
            for _ in range(part.element.count):
                flag = self.names.name("s", (self.outline.pattern.id, index, place == start))
                terms: list[Any] = [{flag: 1}]
                if place:
                    terms += self._joined(index, place, range(start, place), places)
                if len(terms) > MOST_TERMS:
                    raise Unsound(f"event {index + 1} is compared in more than {MOST_TERMS} ways")
                yield {f"a{place}": {"$and": terms}}
                place += 1

    def _places(self) -> Iterator[tuple[int, Part]]:
        place = 0
        for part in self.outline.parts:
            yield place, part
            place += part.element.count

    def _joined(self, index: int, place: int, run: range, places: Mapping[str, int]) -> Iterator[dict[str, Any]]:
        """Yield what compares an event with those before it."""
        is_first = not run
        yield {"$gt": {"o": {f"a{place - 1}": "o"}}}
        if self.outline.within is not None:
            window = self.names.name("w", self.outline.within)
            yield {"$lte": {window: {"a0": "t"}}}
        distinct = self.outline.parts[index].element.distinct
        if distinct:
            quantity = Quantity(_field(self.outline.parts[index], distinct), "code")
            for earlier in run:
                own = self._brought(index, quantity, is_first=False)
                yield {"$neq": {own: {f"a{earlier}": self._brought(index, quantity, is_first=True)}}}
        for joint_ in self.joints[index]:
            own = self._brought(index, joint_.own, is_first=is_first)
            at = places[joint_.alias]
            test = {own: {f"a{at}": self._brought(self._part_at(at), joint_.other, is_first=True)}}
            yield test if joint_.operator == "=" else {_OPERATORS[joint_.operator]: test}
        yield {"_": {"a0": "_"}}

    def _part_at(self, place: int) -> int:
        return next(index for index, (start, _) in enumerate(self._places()) if start == place)

    def _brought(self, index: int, quantity: Quantity, *, is_first: bool) -> str:
        name = self.names.name("v", quantity)
        self.brought.setdefault((index, is_first), {})[name] = quantity
        return name

    def _seats(self) -> Iterator[Seat]:
        """Yield what each event must be and bring, once the rows have said what they compare."""
        within = self.outline.within
        for index, part in enumerate(self.outline.parts):
            for is_first in (True, False)[: part.element.count]:
                flag = self.names.name("s", (self.outline.pattern.id, index, is_first))
                asks = tuple(self.asks.get(part.element.alias, ())) if is_first else ()
                starts = index == 0 and is_first
                windows = {} if within is None or starts else {self.names.name("w", within): within}
                brings = self.brought.get((index, is_first), {})
                yield Seat(index, flag, part.element.alias, asks, brings, windows)


def _field(part: Part, name: str) -> FactRef:
    return FactRef(name, part.element.fields[name].type)
