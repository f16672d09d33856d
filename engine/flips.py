"""What single change of one fact would change an outcome: found by trying one value of each class of each fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import attrs

from ..rules.given import Knowledge
from ..rules.regions import Region, intersection, is_empty
from ..rules.types import Value
from .attempts import Attempt, attempts
from .board import Board
from .decision import Outcome, Verdict
from .gaps import nearest_in
from .truth import is_value


@attrs.frozen
class Flip:
    """
    One change of one fact, and what a decision would become.

    *start* is what is known of the fact now (None: nothing). *to* are the values that all give the outcome *becomes*, for a list
    the list itself; *nearest* is the one of them nearest to what is. *steps* says how many classes of the fact away they are:
    none where the fact would only have to be known.
    """

    decision: str
    fact: str
    start: Knowledge | None
    to: Region | tuple[str, ...]
    nearest: Value
    becomes: Outcome
    steps: int

    @property
    def is_learned(self) -> bool:
        """Whether the fact would not have to change, only to be known."""
        return self.start is None or not is_value(self.start)


def flips(board: Board, now: Mapping[str, Verdict]) -> dict[str, tuple[Flip, ...]]:
    """
    Return what would flip each decision, the nearest change first; *now* has the verdicts as they are.

    Exact as far as the classes go: every threshold of tests on one fact alone, and of comparisons that are linear in it once
    the other facts are settled. Texts that a pattern would match are not made up, nor lists other than by one word. An open
    outcome (an amount of money) flips where other rules give it, not where the same rule works out another sum.
    """
    found: dict[str, list[Flip]] = {name: [] for name in now}
    for attempt in attempts(board, now):
        if not attempt.changed:
            continue
        for at, (decision, verdict) in enumerate(now.items()):
            for run in _runs(attempt, at, verdict.canonical):
                found[decision].append(_flip(attempt, decision, run, attempt.changed[run[0]][at]))
    return {name: tuple(sorted(listed, key=_distance)) if len(listed) > 1 else tuple(listed) for name, listed in found.items()}


def _runs(attempt: Attempt, at: int, now: Outcome) -> Iterator[list[int]]:
    """Yield the classes in which a decision has one other outcome: neighbours on a line on one side, else all, nearest first."""
    runs: dict[object, list[int]] = {}
    before: tuple[int, Outcome] | None = None
    number = 0
    for place, outcomes in attempt.changed.items():
        outcome = outcomes[at]
        if outcome == now:
            continue
        if attempt.pieces.is_line:
            joins = before is not None and before == (place - 1, outcome) and place != attempt.here
            number += not joins
            before = (place, outcome) if place != attempt.here else None
            runs.setdefault(number, []).append(place)
        else:
            runs.setdefault(outcome, []).append(place)
    for run in runs.values():
        yield run[::-1] if attempt.here is not None and run[-1] < attempt.here and attempt.pieces.is_line else run


def _flip(attempt: Attempt, decision: str, run: Sequence[int], becomes: Outcome) -> Flip:
    """Return the flip to a run of classes, the nearest of them first."""
    start, fact = attempt.what, attempt.pieces.fact
    if attempt.lists:
        value: Value = attempt.lists[run[0]]
        return Flip(decision, fact.name, start, value, value, becomes, 1)  # type: ignore[arg-type]  # because it is a list
    region = attempt.pieces.region(run)
    if start is not None and not is_value(start):
        region = intersection(region, start)  # type: ignore[arg-type]  # because it is no value
    nearest = nearest_in(region, start if is_value(start) else None, fact.type)  # type: ignore[arg-type]  # as above
    assert nearest is not None
    return Flip(decision, fact.name, start, region, nearest, becomes, _steps(attempt, run[0]))


def _steps(attempt: Attempt, place: int) -> int:
    if attempt.here is None or place == attempt.here:
        return 0
    return abs(place - attempt.here) if attempt.pieces.is_line else 1


def _distance(flip: Flip) -> tuple[int, float]:
    """Return how far a change goes, in classes and then measured by what is; for ranking only."""
    start, nearest = flip.start, flip.nearest
    if not isinstance(start, int | Fraction) or not isinstance(nearest, int | Fraction):
        return flip.steps, 1.0
    return flip.steps, abs(float(nearest) - float(start)) / max(abs(float(start)), 1.0)
