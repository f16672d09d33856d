"""What single change of one fact would change an outcome: found by trying one value of each class of each fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from ..rules.given import Knowledge
from ..rules.regions import Region, intersection
from ..rules.types import Value
from .attempts import Attempt, attempts
from .board import Board
from .decision import Outcome, Verdict
from .gaps import nearest_in
from .known import region_in, value_in


@attrs.frozen(eq=False)
class Flip:
    """
    One change of one fact, and what a decision would become.

    *steps* says how many classes of the fact away the change is: none where the fact would only have to be known.
    """

    decision: str
    becomes: Outcome
    steps: int
    _attempt: Attempt = attrs.field(repr=False)
    _run: Sequence[int] = attrs.field(repr=False)

    @property
    def fact(self) -> str:
        """The fact that would change."""
        return self._attempt.fact.name

    @property
    def start(self) -> Knowledge | None:
        """What is known of the fact now, or assumed; None where nothing is."""
        return self._attempt.what

    @property
    def is_learned(self) -> bool:
        """Whether the fact would not have to change, only to be known."""
        return self._attempt.here is None and not isinstance(self.start, tuple)

    @property
    def to(self) -> Region | tuple[str, ...]:
        """The values that all give the outcome; for a list the list itself."""
        if self._attempt.lists:
            return self._attempt.lists[self._run[0]]
        region, possible = self._attempt.pieces.region(self._run), region_in(self.start)
        return region if possible is None else intersection(region, possible)

    @property
    def nearest(self) -> Value:
        """The one of these values that is nearest to what is."""
        to = self.to
        found = to if isinstance(to, tuple) else nearest_in(to, value_in(self.start), self._attempt.fact.type)
        assert found is not None
        return found


def flips(board: Board, now: Mapping[str, Verdict]) -> dict[str, tuple[Flip, ...]]:
    """
    Return what would flip each decision, the nearest change first; *now* has the verdicts as they are.

    Exact as far as the classes go: every threshold of tests on one fact alone, and of comparisons that are linear in it once
    the other facts are settled. Texts that a pattern would match are not made up, nor lists other than by one word. An open
    outcome (an amount of money) flips where other rules give it, not where the same rule works out another sum.
    """
    found: dict[str, list[tuple[int, float, Flip]]] = {name: [] for name in now}
    usual = [(name, verdict.canonical) for name, verdict in now.items()]
    for attempt in attempts(board, now):
        for (decision, outcome), outcomes in zip(usual, zip(*attempt.changed.values(), strict=True), strict=True):
            if outcomes.count(outcome) == len(outcomes):
                continue
            for becomes, run in _runs(attempt, outcomes, outcome):
                steps = _steps(attempt, run[0])
                flip = Flip(decision, becomes, steps, attempt, run)
                found[decision].append((steps, _distance(attempt, run[0]), flip))
    return {name: tuple([flip for _, _, flip in sorted(listed, key=_rank)]) for name, listed in found.items()}


def _rank(ranked: tuple[int, float, Flip]) -> tuple[int, float]:
    return ranked[:2]


def _runs(attempt: Attempt, outcomes: Sequence[Outcome], now: Outcome) -> Iterator[tuple[Outcome, list[int]]]:
    """Yield the classes in which a decision has one other outcome: neighbours on a line on one side, else all, nearest first."""
    if not attempt.pieces.is_line:
        by_outcome: dict[Outcome, list[int]] = {}
        for place, outcome in zip(attempt.changed, outcomes, strict=True):
            if outcome != now:
                by_outcome.setdefault(outcome, []).append(place)
        yield from by_outcome.items()
        return
    here = attempt.here
    run: list[int] = []
    last: Outcome = now
    for place, outcome in zip(attempt.changed, outcomes, strict=True):
        joins = outcome == last and run and run[-1] == place - 1 and here not in (place, place - 1)
        if not joins:
            if run:
                yield last, _outwards(run, here)
            run, last = [], outcome
        if outcome != now:
            run.append(place)
    if run:
        yield last, _outwards(run, here)


def _outwards(run: list[int], here: int | None) -> list[int]:
    return run[::-1] if here is not None and run[-1] < here else run


def _steps(attempt: Attempt, place: int) -> int:
    here = attempt.here
    if here is None:
        return 1 if attempt.lists and attempt.what is not None else 0
    return abs(place - here) if attempt.pieces.is_line else int(place != here)


def _distance(attempt: Attempt, place: int) -> float:
    """Return how far a change of an ordered fact goes, measured by what is; for ranking only, so that floats will do."""
    here, pieces = attempt.here, attempt.pieces
    if here is None or not pieces.edges:
        return 1.0
    edge = pieces.edges[place if place > here else place + 1]
    if edge is None or place == here:
        return 0.0
    value = attempt.board.amount(pieces.fact)
    return abs(float(edge[0]) - value) / max(abs(value), 1.0)
