"""The incidents that are decided differently: one after the other, each grown to the largest box of its kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from ...rules.regions import Spans
from ..force import ordinal
from ..proofs.boxes import Key, Space, box_of, term_of
from ..proofs.finding import Box, Part
from ..proofs.gaps import merged
from ..proofs.ground import Answer
from ..proofs.pair import Pair
from ..proofs.words import box_text
from ..solve import Point
from ..solve.terms import Term
from ..truth import State
from .change import Change, Told
from .growing import Grower
from .literals import Cells
from .questions import DEFAULT, End, Makers, Question
from .quick import Quick
from .showing import Showing

#: The most boxes that one question is answered in.
MOST: Final = 150
#: The most boxes of which those that others cover are left out.
MOST_COMPARED: Final = 60


@attrs.define(eq=False)
class _Group:
    """The boxes in which the same was decided, and the same is."""

    old: End
    new: End
    boxes: list[dict[Key, Part]] = attrs.field(factory=list)
    points: list[Point] = attrs.field(factory=list)
    is_exact: bool = True


class Asking:
    """One question, as its answer is put together."""

    def __init__(self, pair: Pair, question: Question, showing: Showing) -> None:
        self.pair, self.question, self.showing = pair, question, showing
        self.encoder, self.z3 = pair.encoder, pair.z3
        self.space = Space(pair.joint, pair.encoder.optional)
        self.cells = Cells(self.encoder, self.space, question.forms)
        self.grower = Grower(pair, self.cells)
        self.order = {name: place for place, name in enumerate(self.cells.facts)}
        self.groups: dict[object, _Group] = {}
        self._solver = pair.fresh_solver()
        self.is_exact = True
        self.is_full = False
        self.quick = Quick(question, self.space)

    def changes(self) -> Iterator[Change | str]:
        """Yield each change; a text where something could not be told."""
        is_exact = self._exhaust() and self.is_exact
        name = f"{self.question.kind} {', '.join(f'`{name}`' for name in self.question.names)}"
        if not is_exact:
            why = "the time was up" if self.pair.is_over else "the solver cannot tell"
            if self.is_full:
                why = f"there are more than {MOST} regions"
            yield f"{name}: what is listed may not be all ({why})" if self.groups else f"{name}: not compared ({why})"
        for group in self.groups.values():
            change = self._change(group)
            yield change if change is not None else f"{name}: an incident could not be shown"

    def _exhaust(self) -> bool:
        """Find all boxes; False where there may be more."""
        self._solver.add(self.question.differ)
        for _ in range(MOST):
            found = self.pair.incident_of(self._solver)
            if isinstance(found, Answer):
                return found is Answer.NONE
            self._solver.add(self.z3.Not(self._take(found)))
        self.is_full = True
        return False

    def _take(self, point: Point) -> Term:
        """Return where the same is so as in an incident, and note it if that is a difference."""
        old, new = self.question.ends(point, self.showing.judges)
        state = State.of(self.pair.joint.facts, point.known, ordinal(point.as_of))
        if old.key != new.key and self.quick.is_usable:
            quick = self.quick.box(state, self.question.judged(point, self.showing.judges))
            if quick is not None:
                self._note(old, new, point, quick)
                return term_of(self.encoder, quick)
        literals = self.cells.around(state)
        both = self.z3.And(old.term, new.term)
        is_same = old.key == new.key
        self.is_exact &= self.question.is_open or not is_same  # because the solver thought that they end differently
        differ = self.encoder.yes if self.question.is_open else self.question.differ
        kept = self.grower.grown(literals, self.z3.And(both, differ))
        is_exact = kept is not None
        if kept is None:
            kept = self.grower.grown(literals, both)
        if is_same:
            return term_of(self.encoder, self.cells.box(kept)) if kept is not None else self.pair.like(point)
        group = self._note(old, new, point, None if kept is None else self.cells.box(kept))
        group.is_exact &= is_exact and old.is_exact and new.is_exact and all(literal.is_told for literal in kept or ())
        return self.pair.like(point) if kept is None else term_of(self.encoder, self.cells.box(kept))

    def _note(self, old: End, new: End, point: Point, box: dict[Key, Part] | None) -> _Group:
        """Keep a box, and the incident that it grew from."""
        group = self.groups.setdefault((old.key, new.key), _Group(old, new))
        group.points.append(point)
        group.boxes += [] if box is None else [box]
        return group

    # -- from boxes to a change

    def _change(self, group: _Group) -> Change | None:
        shown = self.showing.shown(self.question, group.old, group.new, group.points)
        if shown is None:
            return None
        boxes = self._boxes(group)
        region = self.encoder.any_of([term_of(self.encoder, box) for box in group.boxes])
        was, now = (self._told(end, region) for end in (group.old, group.new))
        words = tuple(box_text(self.pair.joint, box) for box in boxes)
        is_exact = group.is_exact and bool(boxes)
        return Change(self.question.kind, self.question.names, was, now, shown, tuple(boxes), words, is_exact)

    def _boxes(self, group: _Group) -> list[Box]:
        boxes = [dict(sorted(box.items(), key=self._place)) for box in self._fewest(group.boxes)]
        tree = self.pair.joint
        found = merged([box_of(box) for box in boxes])
        return sorted(found, key=lambda box: (len(box.facts) + len(box.holds), box_text(tree, box)))

    def _place(self, item: tuple[Key, Part]) -> tuple[int, int]:
        """Return where a fact stands in the words of a box: quantities first, then words, tests over several facts last."""
        key, part = item
        if not isinstance(key, str):
            return 2, 0
        return int(not isinstance(part.values, Spans)), self.order.get(key, len(self.order))

    def _fewest(self, boxes: list[dict[Key, Part]]) -> list[dict[Key, Part]]:
        """Leave out boxes that others cover together, those that ask most first."""
        kept = sorted(boxes, key=len)
        if len(kept) > MOST_COMPARED:
            return kept
        terms = {id(box): term_of(self.encoder, box) for box in kept}
        solver = self.grower.solver
        for box in list(reversed(kept)):
            others = [terms[id(other)] for other in kept if other is not box]
            solver.push()
            solver.add(terms[id(box)], *(self.z3.Not(other) for other in others))
            if others and solver.check() == self.z3.unsat:
                kept.remove(box)
            solver.pop()
        return kept

    def _told(self, end: End, region: Term) -> Told:
        makers = self._makers(end.makers, region)
        return Told(end.words, tuple(rule for rule in makers if rule != DEFAULT), DEFAULT in makers)

    def _makers(self, makers: Makers, region: Term) -> tuple[str, ...]:
        """Return the rules that decide somewhere in a region."""
        found = []
        solver = self.grower.solver
        for id_, term in makers.items():
            solver.push()
            solver.add(region, term)
            if solver.check() == self.z3.sat:
                found.append(id_)
            solver.pop()
        return tuple(found)
