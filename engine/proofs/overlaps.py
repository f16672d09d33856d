"""`rules-disagree` and `overlapping-rules`: two rules that hold for one incident and want different things."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from ...rules.diagnostics import Place
from ...rules.tree import Constant, DecisionSpec, Rule
from ..solve import Point
from ..solve.outcomes import differing
from ..truth import form_truth
from .boxes import Key, both, box_of, term_of
from .finding import Finding, Part
from .gaps import merged
from .ground import Answer, Ground, is_plain
from .meeting import Meetings, places_of
from .unproved import not_proved
from .witness import from_parts, shrunk, witness_of
from .words import box_text

#: The most overlaps of one decision that are listed.
MOST: Final = 2_000


def disagreeing_rules(ground: Ground) -> Iterator[Finding]:
    """Yield pairs of rules that make a conflict: any two that overlap under `unique`, two with other outcomes under `any`."""
    for name, outcomes in ground.decisions.items():
        if outcomes.spec.hit_policy in ("unique", "any"):
            yield from _Pairs(ground, outcomes.spec, outcomes.rules, "rules-disagree").findings(name)


def overlapping_rules(ground: Ground) -> Iterator[Finding]:
    """Yield pairs of rules with other outcomes where only their order, or their strength, says who wins."""
    for name, outcomes in ground.decisions.items():
        if outcomes.spec.hit_policy in ("first", "priority"):
            yield from _Pairs(ground, outcomes.spec, outcomes.rules, "overlapping-rules").findings(name)


class _Pairs:
    """The rules of one decision, pair by pair."""

    def __init__(self, ground: Ground, spec: DecisionSpec, rules: tuple[Rule, ...], code: str) -> None:
        self.ground, self.spec, self.rules, self.code = ground, spec, rules, code
        self.boxes = {rule.id: ground.boxes(rule) for rule in rules}

    def findings(self, decision: str) -> Iterator[Finding]:
        """Yield every pair that overlaps."""
        count = 0
        is_listing = self.code == "overlapping-rules"
        for one, other in self._near():
            if self.ground.is_over or count >= MOST:
                why = "" if self.ground.is_over else f"the first {MOST:,} are listed"
                subject = f"decision `{decision}`"
                yield not_proved(self.ground, self.code, subject, decision, why=why, is_listing=is_listing)
                return
            for finding in self._overlap(decision, one, other):
                count += 1
                yield finding

    def _near(self) -> Iterator[tuple[Rule, Rule]]:
        """Yield the pairs of rules that some boxes of theirs meet, and whose outcomes may differ."""
        owners = [at for at, rule in enumerate(self.rules) for _ in self.boxes[rule.id]]
        meetings = Meetings([box for rule in self.rules for box in self.boxes[rule.id]])
        for at, rule in enumerate(self.rules):
            met = 0
            for box in self.boxes[rule.id]:
                met |= meetings.meeting(box)
            for other in sorted({owners[place] for place in places_of(met)}):
                if other > at and self._may_differ(rule, self.rules[other]):
                    yield rule, self.rules[other]

    def _may_differ(self, one: Rule, other: Rule) -> bool:
        if self.spec.hit_policy == "unique":
            return True
        left, right = one.outcomes[self.spec.id], other.outcomes[self.spec.id]
        if isinstance(left, Constant) and isinstance(right, Constant):
            return left.value != right.value
        return left != right

    def _overlap(self, decision: str, one: Rule, other: Rule) -> Iterator[Finding]:
        boxes = [met for a in self.boxes[one.id] for b in self.boxes[other.id] if (met := both(a, b)) is not None]
        if not boxes:
            return
        encoder = self.ground.encoder
        outcomes = (one.outcomes[self.spec.id], other.outcomes[self.spec.id])
        is_constant = all(isinstance(outcome, Constant) for outcome in outcomes) or self.spec.hit_policy == "unique"
        points: list[Point] = []
        if not (is_plain(one.form) and is_plain(other.form) and is_constant):
            differ = encoder.yes if is_constant else differing(encoder, *outcomes)
            boxes = [box for box in boxes if self._is_met(box, differ, points)]
        if boxes:
            yield self._finding(decision, one, other, boxes, points, differs=is_constant)

    def _is_met(self, box: dict[Key, Part], differ: object, points: list[Point]) -> bool:
        """Whether an incident lies in a box that has tests over several facts in it."""
        if differ is None:
            return False
        if differ is self.ground.encoder.yes and all(isinstance(key, str) for key in box):
            return True
        term = term_of(self.ground.encoder, box)
        if points:
            return not self.ground.is_ruled_out(term, differ)
        found = self.ground.ask(term, differ)
        if isinstance(found, Point):
            points.append(found)
        return found is not Answer.NONE

    def _natural(self, box: dict[Key, Part]) -> Iterator[Point]:
        """Yield incidents in a box: the smallest, then one with all facts given."""
        point = from_parts(self.ground, {key: part for key, part in box.items() if isinstance(key, str)})
        if point is not None:
            yield point
            yield Point({**self.ground.ordinary_values, **point.known}, point.as_of)

    def _finding(
        self, decision: str, one: Rule, other: Rule, boxes: list[dict[Key, Part]], points: list[Point], *, differs: bool
    ) -> Finding:
        ground, tree = self.ground, self.ground.tree

        def shows(point: Point) -> bool:
            state = ground.state(point)
            hold = all(form_truth(rule.form, state) is True for rule in (one, other))
            if not hold or self.code == "overlapping-rules":
                return hold
            verdict = ground.verdicts(point)[decision]
            return verdict.status in ("conflict", "guard") and {one.id, other.id} <= {rule.id for rule in verdict.rules}

        boxes = sorted(boxes, key=len)
        natural = (found for box in boxes[:3] for found in self._natural(box))
        point = next((point for point in chain(natural, points) if shows(point)), None)
        region = tuple(merged([box_of(box) for box in boxes]))
        if point is not None and (self.code == "rules-disagree" or points):
            point = shrunk(ground, point, shows)
        if point is None:
            subject = f"rules `{one.id}` and `{other.id}`"
            return not_proved(ground, self.code, subject, decision, place=Place.of(other.origin))
        texts = tuple(box_text(tree, box) for box in region)
        named = {
            "rule": one.id,
            "other": other.id,
            "decision": decision,
            "region": min(texts, key=len),
            "policy": self.spec.hit_policy,
        }
        return Finding(
            self.code,
            named,
            Place.of(other.origin),
            decision,
            (one.id, other.id),
            witness_of(ground, point),
            region,
            is_exact=differs,
            is_listing=self.code == "overlapping-rules",
            words=texts,
        )
