"""Boxes without the solver: where every condition is made of tests on single facts, they can be read off the rules.

An incident lies in one `and` of the rule that decides it, and in none of the rules that come before and want something else.
What both policies ask for there, and the largest box that keeps clear of the others, is a box of one kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from ...rules.tree import Rule
from ..decision import Judgement
from ..proofs.boxes import Key, Parts, Space, Where, both, grown, lies_in
from ..proofs.finding import Part
from ..proofs.ground import is_plain
from ..truth import State
from .questions import DecisionEnds, Question


@attrs.frozen
class _Ranked:
    """A rule in the order in which rules win: what it says, and where it holds."""

    rule: Rule
    says: object
    boxes: Sequence[Parts]


class Quick:
    """Finds boxes for one decision, where that can be done without the solver."""

    def __init__(self, question: Question, space: Space) -> None:
        self.space = space
        self.sides = [ends for ends in (question.old, question.new) if isinstance(ends, DecisionEnds)]
        self.is_usable = len(self.sides) == 2 and all(self._is_plain(side) for side in self.sides)
        self.ranked = [self._ranked(side) for side in self.sides] if self.is_usable else []
        parts = [box for side in self.ranked for rule in side for box in rule.boxes]
        self.keys = dict.fromkeys(key for box in parts for key in box)

    def _is_plain(self, side: DecisionEnds) -> bool:
        made = side.made
        if made is None or made.open or made.spec.hit_policy not in ("first", "priority") or side.lines:
            return False
        forms = [rule.form for rule, _ in made.inputs]
        return side.is_constant and all(map(is_plain, forms)) and not self.space.optional

    def _ranked(self, side: DecisionEnds) -> list[_Ranked]:
        return [
            _Ranked(
                rule, side.consequence(rule), [self.space.parts(parts, possible=False) for parts in rule.form.disjuncts]
            )
            for rule, _ in side.winners
        ]

    def box(self, state: State, judgements: Iterable[Judgement]) -> dict[Key, Part] | None:
        """Return the largest box around an incident in which both policies say what they say about it; None where it is not plain."""
        if not self.is_usable:
            return None
        where = self.space.values(self.keys, state)
        barred: list[Parts] = []
        base: Parts | None = {}
        for side, ranked, judgement in zip(self.sides, self.ranked, judgements, strict=True):
            verdict = judgement.verdicts[side.name]
            if not verdict.is_settled and verdict.status != "no-rule":
                return None
            says = side.consequence(verdict.rule) if verdict.is_settled else None
            for one in ranked:
                if verdict.rule is not None and one.rule.id == verdict.rule.id:
                    base = both(base, _holding(one.boxes, where)) if base is not None else None
                    break
                barred += one.boxes if one.says != says else []
        box = grown(self.space, barred, where)
        return None if box is None or base is None else both(box, base)


def _holding(boxes: Sequence[Parts], where: Where) -> Parts:
    """Return the box that an incident lies in, the one that asks least."""
    inside = [box for box in boxes if all(lies_in(part, where[key]) for key, part in box.items())]
    return min(inside, key=len)
