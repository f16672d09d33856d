"""Incidents that show a change: small, natural, and decided by the reference reading under both policies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import attrs

from ...rules.given import Knowledge
from ...rules.quantities import value_text
from ...rules.regions import Spans
from ...rules.tree import PolicyTree
from ...rules.types import Type
from ..decision import Judgement, Outcome
from ..index import Index
from ..interpret import interpret
from ..proofs.compare import decided_alike, summary
from ..proofs.ground import Ground
from ..proofs.pair import Pair
from ..proofs.witness import shrunk, written
from ..solve import Point
from ..truth import is_value
from .change import Shown
from .questions import End, Judge, Question


class Showing:
    """Makes incidents small and natural, over the facts of both policies."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair

    @cached_property
    def ground(self) -> Ground:
        """What makes incidents natural: the cuts of all conditions, the facts of both policies."""
        ground = Ground(attrs.evolve(self.pair.joint, rules=(), guards=()))
        for test in self.pair.tests:
            if isinstance(test.known, Spans):
                ground.cuts.setdefault(test.fact, set()).update(test.known.cuts)
        return ground

    def shown(self, question: Question, old: End, new: End, points: Sequence[Point]) -> Shown | None:
        """Return the smallest incident that ends in two ways; None where the reference reading does not agree."""

        def shows(point: Point) -> bool:
            ends = question.ends(point, self.judges)
            return (ends[0].key, ends[1].key) == (old.key, new.key) and not self._is_alike(point)

        for point in points[:3]:
            if shows(point):
                found = shrunk(self.ground, point, shows)
                if found is not None and not decided_alike(self.pair.old, self.pair.new, found):
                    return self.of(found)
        return None

    def _is_alike(self, point: Point) -> bool:
        old, new = (
            summary(tree, judge(_known(tree, point), point.as_of))
            for tree, judge in zip((self.pair.old, self.pair.new), self.judges, strict=True)
        )
        return old == new

    @cached_property
    def judges(self) -> tuple[Judge, Judge]:
        """The fast reading of both policies, to try incidents on."""
        return Index(self.pair.old).decide, Index(self.pair.new).decide

    def missing(self, point: Point) -> Shown:
        """Return the smallest incident that is decided differently at all."""
        return self.of(shrunk(self.ground, point, lambda found: not self._is_alike(found)) or point)

    def of(self, point: Point) -> Shown:
        """Return an incident with what both policies decide about it."""
        tree = self.pair.joint
        given = {name: written(value, tree, name) for name, value in point.known.items() if is_value(value)}
        old, new = (_expected(side, point) for side in (self.pair.old, self.pair.new))
        in_force = [when for side in (self.pair.old, self.pair.new) for when in (side.effective, side.expires)]
        needs_day = self.pair.encoder.asks_the_day or any(in_force)
        return Shown(point.known, point.as_of, given, old, new, needs_day)


def _judged(tree: PolicyTree, point: Point) -> Judgement:
    return interpret(tree, _known(tree, point), point.as_of)


def _known(tree: PolicyTree, point: Point) -> dict[str, Knowledge]:
    return {name: value for name, value in point.known.items() if name in tree.facts}


def _expected(tree: PolicyTree, point: Point) -> dict[str, object]:
    """Return what is decided, as a `[[test]]` expects it: decisions, their values, duties that are due, red lines."""
    judgement = _judged(tree, point)
    decided = {name for rule in tree.rules for name in rule.outcomes}
    verdicts = {name: verdict for name, verdict in judgement.verdicts.items() if name in decided}
    found: dict[str, object] = {
        name: verdict.outcome for name, verdict in verdicts.items() if isinstance(verdict.outcome, bool | str)
    }
    for verdict in verdicts.values():
        types = verdict.spec.values
        found.update(
            (name, written_as(value, types[name], tree.currency))
            for name, value in verdict.canonical_values.items()
            if not verdict.spec.collects
        )
    lists = {
        "obligations": judgement.obligations,
        "guards": tuple(breach.guard.id for breach in judgement.breaches if breach.certain),
    }
    return {**found, **{name: list(ids) for name, ids in lists.items() if ids}}


def written_as(value: Outcome, type_: Type, currency: str) -> object:
    """Return a value of a decision as a `[[test]]` expects it."""
    if isinstance(value, bool | str):
        return value
    return list(value) if isinstance(value, tuple) else value_text(value, type_, currency)
