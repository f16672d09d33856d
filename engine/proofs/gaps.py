"""`uncovered-incident`: incidents about which no rule decides, nor a default."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from ...rules.regions import union
from ..solve import Outcomes, Point
from ..solve.encoder import Term
from .boxes import Key, box_of, grown, term_of
from .cells import is_over_facts, left_over
from .finding import Box, Finding, Part, decision_place
from .ground import Answer, Ground
from .unproved import not_proved
from .witness import from_parts, shrunk, witness_of
from .words import box_text

#: The most boxes that a gap is told in where the solver has to find them.
MOST: Final = 200
#: The most boxes of which those that others cover are left out.
MOST_COMPARED: Final = 80


def uncovered_incidents(ground: Ground) -> Iterator[Finding]:
    """Yield one finding for each decision that has a gap: the whole gap, and the smallest incident in it."""
    for name, outcomes in ground.decisions.items():
        if outcomes.spec.default is None:
            yield from _Gap(ground, name, outcomes).findings()


class _Gap:
    """The gap of one decision, as it is found."""

    def __init__(self, ground: Ground, decision: str, outcomes: Outcomes) -> None:
        self.ground, self.decision, self.outcomes = ground, decision, outcomes
        disjuncts = [disjunct for rule in outcomes.rules for disjunct in rule.form.disjuncts]
        self.barred = [ground.space.parts(disjunct, possible=True) for disjunct in disjuncts]
        self.keys = dict.fromkeys(key for parts in self.barred for key in parts)
        self.boxes: list[dict[Key, Part]] = []
        self.points: list[Point] = []

    def findings(self) -> Iterator[Finding]:
        """Yield the gap, if there is one."""
        is_exact = self._is_cut_out() or self.ground.exhaust(self.outcomes.nobody, self._take) is Answer.NONE
        if not self.boxes:
            if not is_exact:
                yield not_proved(self.ground, "uncovered-incident", f"decision `{self.decision}`", self.decision)
            return
        point = self._witness()
        if point is None:
            yield not_proved(self.ground, "uncovered-incident", f"decision `{self.decision}`", self.decision)
            return
        yield self._finding(point, is_exact=is_exact)

    def _is_cut_out(self) -> bool:
        """Find the whole gap without the solver, where the rules ask for facts alone; say whether that was so."""
        can_be = is_over_facts(self.barred) and not self.ground.is_over
        boxes = left_over(self.ground.space, self.barred) if can_be else None
        self.boxes = boxes or []
        return boxes is not None

    def _take(self, point: Point) -> Term | None:
        """Grow a point to a box of the gap; None where it is none after all, or there are too many."""
        if len(self.boxes) >= MOST:
            return None
        where = self.ground.space.values(self.keys, self.ground.state(point))
        box = grown(self.ground.space, self.barred, where)
        if box is None:
            return None
        self.boxes.append(box)
        self.points.append(point)
        return term_of(self.ground.encoder, box)

    def _shows(self, point: Point) -> bool:
        verdict = self.ground.verdicts(point)[self.decision]
        return verdict.status == "no-rule" or (verdict.status == "guard" and not verdict.rules and not verdict.possible)

    def _witness(self) -> Point | None:
        """Return the smallest incident of the gap that the reference reading agrees with."""
        by_size = sorted(range(len(self.boxes)), key=lambda place: (len(self.boxes[place]), place))
        for place in by_size[:5]:
            for point in (from_parts(self.ground, self.boxes[place]), self._point(place)):
                if isinstance(point, Point) and self._shows(point):
                    found = shrunk(self.ground, point, self._shows)
                    if found is not None:
                        return found
        return None

    def _point(self, place: int) -> Point | Answer:
        """Return the incident that a box was grown from; one that the solver finds in it where it was cut out."""
        return self.points[place] if self.points else self.ground.ask(term_of(self.ground.encoder, self.boxes[place]))

    def _in_order(self, box: dict[Key, Part]) -> dict[Key, Part]:
        return {key: box[key] for key in self.keys if key in box}

    def _fewest(self) -> list[dict[Key, Part]]:
        """Leave out boxes that others cover together, those that ask most first."""
        kept = sorted(self.boxes, key=len)
        if len(kept) > MOST_COMPARED:
            return kept
        terms = {id(box): term_of(self.ground.encoder, box) for box in kept}
        for box in reversed(list(kept)):
            others = [terms[id(other)] for other in kept if other is not box]
            if others and self.ground.is_covered(terms[id(box)], others):
                kept.remove(box)
        return kept

    def _finding(self, point: Point, *, is_exact: bool) -> Finding:
        tree = self.ground.tree
        boxes = merged([box_of(self._in_order(box)) for box in self._fewest()])
        texts = tuple(box_text(tree, box) for box in boxes)
        first = min(texts, key=len)
        more = len(texts) - 1
        named = {
            "decision": self.decision,
            "region": first,
            "more": f", and {more} more {'region' if more == 1 else 'regions'}" if more else "",
        }
        place = decision_place(tree, self.decision)
        witness = witness_of(self.ground, point)
        return Finding(
            "uncovered-incident",
            named,
            place,
            self.decision,
            witness=witness,
            region=tuple(boxes),
            is_exact=is_exact,
            words=texts,
        )


def merged(boxes: list[Box]) -> list[Box]:
    """Join boxes that differ in the values of one fact only, until none do."""
    count = 0
    while len(boxes) != count:
        count = len(boxes)
        for name in dict.fromkeys(name for box in boxes for name in box.facts):
            boxes = _joined(boxes, name)
    return boxes


def _joined(boxes: list[Box], name: str) -> list[Box]:
    """Join boxes that differ in the values of a given fact only."""
    found: dict[object, Box] = {}
    for box in boxes:
        mine = box.facts.get(name)
        others = frozenset((other, part) for other, part in box.facts.items() if other != name)
        like = (others, frozenset(box.holds.items()), mine is None)
        twin = found.get(like)
        if twin is None or mine is None:
            found[like] = box
        else:
            one = twin.facts[name]
            part = Part(union(one.values, mine.values), one.missing or mine.missing)
            found[like] = attrs.evolve(twin, facts={**twin.facts, name: part})
    return list(found.values())
