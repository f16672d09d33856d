"""Attempts to change one fact of an incident: what each of its classes would make of the decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import attrs

from ..rules.given import Knowledge
from ..rules.regions import intersection, is_empty
from ..rules.types import Fact, Value
from .board import Board, Outcomes
from .decision import Verdict
from .gaps import nearest_in
from .known import region_in, value_in
from .layout import Boolean
from .pieces import Pieces
from .truth import State


@attrs.frozen(eq=False)
class Attempt:
    """
    One fact, all else being as it is.

    *here* is the class that it is in, None where several are possible. *changed* has the classes that would change an outcome, in
    order, with the outcomes. For a fact that is a list, the classes are *lists* that differ from it by one word.
    """

    board: Board
    pieces: Pieces
    here: int | None
    changed: Mapping[int, Outcomes]
    lists: Sequence[tuple[str, ...]] = ()

    @property
    def fact(self) -> Fact:
        """The fact."""
        return self.pieces.fact

    @property
    def what(self) -> Knowledge | None:
        """What is known of the fact, or assumed."""
        return self.board.known.get(self.fact.name, self.fact.assume)


def attempts(board: Board, now: Mapping[str, Verdict]) -> Iterator[Attempt]:
    """Yield the attempts to change a fact that would change an outcome, in the order of the vocabulary."""
    chart = board.chart
    after = list(_products(chart.full, list(board.certain.values()), list(board.possible.values())))
    relevant = chart.layout.guarding
    for bits in board.relevant:
        relevant |= bits
    outcomes = tuple([verdict.canonical for verdict in now.values()])
    certain = possible = chart.full
    for at, name in enumerate(board.certain, 1):
        sure, open_ = certain & after[at][0], possible & after[at][1]
        attempt: Attempt | None = None
        if name in chart.hidden or not chart.all_plain or board.places[name] is None:
            attempt = _Rest(board, now, name, relevant, sure, open_).attempt()
        elif open_ & chart.touched[name] & relevant:
            attempt = _plain(board, name, relevant, sure, open_, now=outcomes, verdicts=now)
        if attempt is not None and attempt.changed:
            yield attempt
        certain, possible = certain & board.certain[name], possible & board.possible[name]


def _plain(
    board: Board,
    name: str,
    relevant: int,
    certain: int,
    possible: int,
    *,
    now: Outcomes,
    verdicts: Mapping[str, Verdict],
) -> Attempt:
    """Try every class of a fact that is in one class, where only tests on the fact alone ask for it."""
    pieces, here = board.chart.pieces(name), board.places[name]
    for sure, open_ in board.booleans:
        certain, possible = certain & sure, possible & open_
    relevant &= possible
    keep = possible & board.chart.touched[name]
    start = board.certain[name]
    usual = start & relevant
    tried: dict[int, Outcomes] = {}
    changed: dict[int, Outcomes] = {}
    for place, vector in enumerate(pieces.vectors):
        if vector & relevant == usual:
            continue
        outcomes = tried.get(vector & keep)
        if outcomes is None:
            state = partial(_state, board, pieces, place)
            outcomes = board.outcomes(certain & vector, possible & vector, state, verdicts, vector ^ start)
            tried[vector & keep] = outcomes
        if outcomes != now:
            changed[place] = outcomes
    return Attempt(board, pieces, here, changed)


def _state(board: Board, pieces: Pieces, place: int) -> State:
    """Return the state in which a fact is in another class."""
    name = pieces.fact.name
    value = nearest_in(pieces.region((place,)), value_in(board.known.get(name, pieces.fact.assume)), pieces.fact.type)
    assert value is not None
    return board.changed(name, value)


def _products(full: int, certain: Sequence[int], possible: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Return, for each place in two rows of vectors and past their end, what those from there on leave together."""
    found = [(full, full)]
    sure = open_ = full
    for one, other in zip(reversed(certain), reversed(possible), strict=True):
        sure, open_ = sure & one, open_ & other
        found.append((sure, open_))
    return reversed(found)


class _Rest:
    """What is left by all facts but one: the clauses that it alone decides about."""

    def __init__(
        self, board: Board, now: Mapping[str, Verdict], name: str, relevant: int, certain: int, possible: int
    ) -> None:
        self.board, self.now, self.name = board, now, name
        self.fact = board.chart.tree.facts[name]
        self.own: list[Boolean] = []
        for boolean, (sure, open_) in zip(board.chart.layout.booleans, board.booleans, strict=True):
            if name in boolean.facts:
                self.own.append(boolean)
            else:
                certain, possible = certain & sure, possible & open_
        self.certain, self.possible = certain, possible
        self.relevant = possible & relevant
        self.can_repeat = not self.own and board.chart.is_static
        self.stated: int | None = None
        self.outcomes = tuple([verdict.canonical for verdict in now.values()])

    def attempt(self) -> Attempt:
        """Try every class of the fact; those that leave the same clauses only once."""
        if self.fact.type.kind == "list":
            return self._lists()
        board, name = self.board, self.name
        pieces = board.pieces(name) if self.own else board.chart.pieces(name)
        here = board.places[name]
        value = value_in(self._what()) if pieces is not board.chart.pieces(name) else None
        if here is not None and value is not None:
            here = pieces.place(value)
        stated = self.stated = here if board.given.get(name) is not None else None
        tried: dict[int, Outcomes] = {}
        changed: dict[int, Outcomes] = {}
        relevant, keep = self.relevant, self.possible & board.chart.touched[name]
        now = -1 if stated is None or self.own else pieces.vectors[stated] & relevant
        open_places = self._places(pieces) if here is None else None
        for place, vector in enumerate(pieces.vectors):
            if vector & relevant == now or place == stated or (open_places is not None and place not in open_places):
                continue
            outcomes = tried.get(vector & keep)
            if outcomes is None or not self.can_repeat:
                outcomes = tried[vector & keep] = self._try(pieces, place, vector)
            if outcomes != self.outcomes:
                changed[place] = outcomes
        return Attempt(board, pieces, here, changed)

    def _what(self) -> Knowledge | None:
        return self.board.known.get(self.name, self.fact.assume)

    def _places(self, pieces: Pieces) -> Sequence[int] | None:
        """Return the classes that an uncertain fact may be in, None for any."""
        region = region_in(self._what())
        if region is None:
            return None
        places = range(len(pieces.vectors))
        return [at for at in places if not is_empty(intersection(pieces.region((at,)), region))]

    def _value(self, pieces: Pieces, place: int) -> Value:
        """Return the value to try of a class: the nearest to what is."""
        what, region = self._what(), pieces.region((place,))
        possible = region_in(what)
        if possible is not None:
            region = intersection(region, possible)
        value = nearest_in(region, value_in(what), self.fact.type)
        assert value is not None
        return value

    def _try(self, pieces: Pieces, place: int, vector: int) -> Outcomes:
        certain, possible = self.certain & vector, self.possible & vector
        if self.own:
            return self._tried_with(self._value(pieces, place), certain, possible)
        changed = -1 if self.stated is None else (vector ^ pieces.vectors[self.stated]) & self.possible
        return self.board.outcomes(
            certain, possible, lambda: self.board.changed(self.name, self._value(pieces, place)), self.now, changed
        )

    def _tried_with(self, value: Value, certain: int, possible: int) -> Outcomes:
        """Return the outcomes with the tests over several facts made anew."""
        state: State = self.board.changed(self.name, value)
        for boolean in self.own:
            sure, open_ = self.board.boolean(boolean, state)
            certain, possible = certain & sure, possible & open_
        return self.board.outcomes(certain, possible, lambda: state, self.now)

    def _lists(self) -> Attempt:
        """Try the list with each word that a test looks for added, or taken away."""
        what = self._what()
        start = what if isinstance(what, tuple) else ()
        words = list(dict.fromkeys((*start, *self.board.chart.words_sought(self.name))))
        lists = [tuple(w for w in start if w != word) if word in start else (*start, word) for word in words]
        lists = [(), *lists] if what is None else lists
        column = self.board.chart.layout.columns[self.name]
        changed: dict[int, Outcomes] = {}
        for place, value in enumerate(lists):
            vector = column.of_value(value)
            outcomes = self._tried_with(value, self.certain & vector, self.possible & vector)
            if outcomes != self.outcomes:
                changed[place] = outcomes
        return Attempt(self.board, Pieces(self.fact, (), words=(None,)), None, changed, lists)
