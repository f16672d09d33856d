"""Attempts to change one fact of an incident: what each of its classes would make of the decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from ..rules.given import Knowledge
from ..rules.regions import intersection, is_empty
from ..rules.types import Value
from .board import Board, Outcomes
from .decision import Verdict
from .gaps import nearest_in
from .layout import Boolean
from .pieces import Pieces
from .truth import State, is_value


@attrs.frozen(eq=False)
class Attempt:
    """
    One fact, all else being as it is.

    *what* is known of it now, *here* its class (None where several are possible). *changed* has the classes that would change an
    outcome, with the outcomes. For a fact that is a list, they are *lists* that differ from it by one word.
    """

    pieces: Pieces
    what: Knowledge | None
    here: int | None
    changed: Mapping[int, Outcomes]
    lists: Sequence[tuple[str, ...]] = ()


def attempts(board: Board, now: Mapping[str, Verdict]) -> Iterator[Attempt]:
    """Yield the attempt to change each fact that the policy asks for."""
    names, vectors = list(board.facts), list(board.facts.values())
    certain = possible = board.chart.full
    after = [(certain, possible)]
    for vector in reversed(vectors):
        certain, possible = certain & vector.certain, possible & vector.possible
        after.append((certain, possible))
    relevant = board.relevant(now)
    certain = possible = board.chart.full
    for at, (name, vector) in enumerate(zip(names, vectors, strict=True), 2):
        rest = _Rest(board, now, name, relevant, certain & after[-at][0], possible & after[-at][1])
        yield rest.attempt()
        certain, possible = certain & vector.certain, possible & vector.possible


class _Rest:
    """What is left by all facts but one: the clauses that it alone decides about."""

    def __init__(
        self, board: Board, now: Mapping[str, Verdict], name: str, relevant: int, certain: int, possible: int
    ) -> None:
        self.board, self.now, self.relevant = board, now, relevant
        self.fact = board.state.facts[name]
        self.what = board.state.known.get(name, self.fact.assume)
        self.own: list[Boolean] = []
        for boolean, vector in zip(board.chart.layout.booleans, board.booleans, strict=True):
            if name in boolean.facts:
                self.own.append(boolean)
            else:
                certain, possible = certain & vector.certain, possible & vector.possible
        self.certain, self.possible = certain, possible
        self.outcomes = tuple(verdict.canonical for verdict in now.values())

    def attempt(self) -> Attempt:
        """Try every class of the fact."""
        if self.fact.type.kind == "list":
            return self._lists()
        pieces = self.board.pieces(self.fact.name)
        what = self.what
        here = pieces.place(what) if what is not None and is_value(what) else None  # type: ignore[arg-type]  # a value
        changed: dict[int, Outcomes] = {}
        total, relevant = self.board.total, self.relevant
        stated = here if self.fact.name in self.board.state.known else None
        for place, vector in enumerate(pieces.vectors):
            certain, possible = self.certain & vector, self.possible & vector
            same = not ((certain ^ total.certain) | (possible ^ total.possible)) & relevant
            if place == stated or (same and not self.own):
                continue
            value = self._representative(pieces, place)
            if value is not None:
                self._try(place, value, certain, possible, changed)
        return Attempt(pieces, what, here, changed)

    def _representative(self, pieces: Pieces, place: int) -> Value | None:
        """Return the value to try of a class, None where the fact cannot have any in it."""
        region, what = pieces.region((place,)), self.what
        if what is None or is_value(what):
            return nearest_in(region, what, self.fact.type)  # type: ignore[arg-type]  # because it is a value
        both = intersection(region, what)  # type: ignore[arg-type]  # because it is no value
        return None if is_empty(both) else nearest_in(both, None, self.fact.type)

    def _try(self, place: int, value: Value, certain: int, possible: int, changed: dict[int, Outcomes]) -> None:
        board = self.board
        state: State | None = None
        if self.own:
            state = board.changed(self.fact.name, value)
            for boolean in self.own:
                vector = board.boolean(boolean, state)
                certain, possible = certain & vector.certain, possible & vector.possible
        outcomes = board.outcomes(certain, possible, lambda: state or board.changed(self.fact.name, value), self.now)
        if outcomes != self.outcomes:
            changed[place] = outcomes

    def _lists(self) -> Attempt:
        """Try the list with each word that a test looks for added, or taken away."""
        name = self.fact.name
        start = self.what if isinstance(self.what, tuple) else ()
        words = list(dict.fromkeys((*start, *self.board.chart.words_sought(name))))
        lists = [tuple(w for w in start if w != word) if word in start else (*start, word) for word in words]
        if self.what is None:
            lists.insert(0, ())
        column = self.board.chart.layout.columns[name]
        changed: dict[int, Outcomes] = {}
        for place, value in enumerate(lists):
            vector = column.of_value(value)
            self._try(place, value, self.certain & vector, self.possible & vector, changed)
        return Attempt(Pieces(self.fact, (), words=(None,)), self.what, None, changed, lists)
