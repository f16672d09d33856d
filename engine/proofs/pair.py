"""Two policies in one solver: the same facts, the same terms, and where what they decide differs."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from functools import cached_property

import attrs

from ...rules.normal import facts_of
from ...rules.tree import (
    FactTest,
    PolicyTree,
)
from ...rules.types import Fact
from ..force import moment, ordinal
from ..solve import Encoder, Point, point_of
from ..solve.asking import new_solver
from ..solve.incidents import equations
from ..solve.terms import Term
from ..solve.texts import name_texts, named_only
from ..solve.verdicts import ABSENT, GIVEN, Made, verdict_of
from .fabric import Duty, duties, duty_of, fact_fabric, said_by, spec_fabric, strange, thread, touches
from .ground import Answer, parts_in
from .redline import broken, has_listed_outcomes


@attrs.frozen(eq=False)
class Side:
    """One of the two policies in the solver: what it decides, which red lines may be broken, and which certainly are."""

    tree: PolicyTree
    made: Mapping[str, Made]
    broken: Mapping[str, Term]
    crossed: Mapping[str, Term]

    def decided(self, name: str, encoder: Encoder) -> Term:
        """Return whether a decision is made, and no red line withholds it."""
        made = self.made.get(name)
        if made is None:
            return encoder.no
        lines = [self.broken[guard.id] for guard in self.tree.guards if name in guard.decisions]
        return encoder.z3.And(made.decided, encoder.z3.Not(encoder.any_of(lines))) if lines else made.decided


class Pair:
    """
    Two policies, encoded over the same facts, any of which may be missing.

    Equal conditions become equal terms, and decisions in which nothing was changed are not asked about at all.
    """

    def __init__(self, old: PolicyTree, new: PolicyTree, *, budget: float | None = None, missing: bool = True) -> None:
        self._ends = None if budget is None else time.monotonic() + budget
        self.old, self.new = old, new
        self.asked = old.asked | new.asked
        self.strange = strange(old, new)
        starts = [when for when in (old.effective, new.effective) if when is not None]
        ends = [when for when in (old.expires, new.expires) if when is not None]
        joint = attrs.evolve(
            new,
            facts={**old.facts, **new.facts},
            decisions={**old.decisions, **new.decisions},
            effective=max(starts, key=moment, default=None),
            expires=min(ends, key=moment, default=None),
            asked=self.asked,
        )
        self.joint = attrs.evolve(joint, facts={name: self._narrower(name) for name in joint.facts})
        self.encoder = Encoder(self.joint, self.asked if missing else self.free)
        self.z3 = self.encoder.z3
        self.solver = new_solver(self.encoder)

    def _narrower(self, name: str) -> Fact:
        """Return a fact with the bounds that both policies accept."""
        one, other = self.old.facts.get(name), self.new.facts.get(name)
        if one is None or other is None or one.type != other.type:
            found = other or one
            assert found is not None
            return found
        lows = [low for low in (one.low, other.low) if low is not None]
        highs = [high for high in (one.high, other.high) if high is not None]
        return attrs.evolve(other, low=max(lows, default=None), high=min(highs, default=None))

    @property
    def is_same_when_missing(self) -> bool:
        """Whether all facts that both ask for mean the same where they are missing."""
        shared = self.old.asked & self.new.asked
        return all(fact_fabric(self.old, name) == fact_fabric(self.new, name) for name in shared)

    @cached_property
    def skipped(self) -> frozenset[str]:
        """The decisions that are not compared, as they hang on facts that are not the same facts in both policies."""
        money = self.old.currency != self.new.currency
        found = {
            name
            for tree in (self.old, self.new)
            for name in tree.decisions
            if touches(tree, name, self.strange, money=money)
        }
        while True:
            more = {
                name
                for tree in (self.old, self.new)
                for guard in tree.guards
                if not found.isdisjoint(guard.decisions) or not self.strange.isdisjoint(facts_of(guard.form))
                for name in guard.decisions
            }
            if more <= found:
                return frozenset(found)
            found |= more

    @property
    def leaves_out(self) -> bool:
        """Whether there is anything that is not compared."""
        return bool(self.strange or self.skipped)

    @cached_property
    def changed(self) -> list[str]:
        """The decisions in which something was changed."""
        names = dict.fromkeys([*self.old.decisions, *self.new.decisions])
        return [
            name
            for name in names
            if name not in self.skipped and self._thread(self.old, name) != self._thread(self.new, name)
        ]

    @staticmethod
    def _thread(tree: PolicyTree, name: str) -> object:
        spec = tree.decisions.get(name)
        return None if spec is None else thread(tree, spec)

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """The two policies as terms."""
        return self._side(self.old, "old"), self._side(self.new, "new")

    def _side(self, tree: PolicyTree, name: str) -> Side:
        made = {
            id_: verdict_of(self.encoder, spec, tree.rules)
            for id_, spec in tree.decisions.items()
            if id_ not in self.skipped
        }
        lines = [guard for guard in tree.guards if self.skipped.isdisjoint(guard.decisions)]
        truths = {guard.id: broken(self.encoder, made, guard, name) for guard in lines}
        possible = {id_: truth.possible for id_, truth in truths.items()}
        return Side(tree, made, possible, {id_: truth.certain for id_, truth in truths.items()})

    @cached_property
    def tests(self) -> list[FactTest]:
        """Every test on one fact in both policies."""
        trees = (self.old, self.new)
        forms = [form for tree in trees for form in [*(r.form for r in tree.rules), *(g.form for g in tree.guards)]]
        parts = dict.fromkeys(part for form in forms for part in parts_in(form))
        return [part for part in parts if isinstance(part, FactTest) and part.fact in self.asked]

    @cached_property
    def free(self) -> frozenset[str]:
        """The facts of which a condition asks whether they are known."""
        return frozenset(test.fact for test in self.tests if test.known != test.missing)

    @cached_property
    def given(self) -> list[Term]:
        """What is so of incidents of which all facts are given but those that are `free`."""
        return [self.encoder.known(name) for name in sorted(self.asked - self.free)]

    # -- where they differ

    def differences(self, *, warnings: bool = True) -> list[Term]:
        """
        Return terms of which one at least holds of every incident that is decided differently.

        Without *warnings*, red lines that may be broken, and withhold nothing by that, make no difference.
        """
        found = [term for name in self.decisions for term in self.decision(name)]
        return [*found, *self.duty_differences(), *self.guard_differences(warnings=warnings)]

    @cached_property
    def decisions(self) -> list[str]:
        """The decisions that are compared."""
        names = dict.fromkeys([*self.old.decisions, *self.new.decisions])
        return [name for name in names if name not in self.skipped]

    def decision(self, name: str) -> list[Term]:
        """Return where one decision differs in its outcome or its values, or is made by one of the two only."""
        one, other = (side.made.get(name) for side in self.sides)
        guarded = any(name in guard.decisions for tree in (self.old, self.new) for guard in tree.guards)
        if name not in self.changed and not (guarded and self._guards_may_differ):
            return []
        decided, also = (side.decided(name, self.encoder) for side in self.sides)
        found = [self.z3.Xor(decided, also)]
        if one is not None and other is not None and name in self.changed:
            both = self.z3.And(decided, also)
            found += [self.z3.And(both, term) for term in self._outcomes_differ(one, other)]
        return found

    def _outcomes_differ(self, one: Made, other: Made) -> list[Term]:
        if (
            one.open
            or other.open
            or one.spec.type.kind != other.spec.type.kind
            or one.outcome.sort() != other.outcome.sort()
        ):
            return [self.inputs_differ(one, other)]
        found = [] if one.outcome.eq(other.outcome) else [one.outcome != other.outcome]
        for name in {**one.values, **other.values}:
            mine, yours = one.values.get(name), other.values.get(name)
            if mine is None or yours is None:
                present = mine or yours
                assert present is not None
                found.append(present.state != ABSENT)
            else:
                same = mine.term == yours.term if mine.term.sort() == yours.term.sort() else self.encoder.no
                found += [mine.state != yours.state, self.z3.And(mine.state == GIVEN, self.z3.Not(same))]
        return found

    def inputs_differ(self, one: Made, other: Made) -> Term:
        """Return whether some rule of a decision holds on one side only, or says something else."""
        if spec_fabric(one.spec) != spec_fabric(other.spec):
            return self.encoder.yes
        z3 = self.z3
        found = []
        theirs = {rule.id: (place, rule, truth) for place, (rule, truth) in enumerate(other.inputs)}
        last = -1
        met = set()
        for rule, truth in one.inputs:
            twin = theirs.get(rule.id)
            if twin is None or twin[0] < last:
                found.append(truth.possible)
                continue
            last = twin[0]
            met.add(rule.id)
            found += [z3.Xor(truth.certain, twin[2].certain), z3.Xor(truth.possible, twin[2].possible)]
            if said_by(one.spec, rule) != said_by(other.spec, twin[1]):
                found.append(truth.possible)
        found += [truth.possible for rule, truth in other.inputs if rule.id not in met]
        return self.encoder.any_of(found)

    def duty_differences(self) -> list[Term]:
        """Return where a duty is due under one of the two only."""
        old, new = (self.due(side) for side in self.sides)
        pairs = [(old.get(duty, self.encoder.no), new.get(duty, self.encoder.no)) for duty in {**old, **new}]
        return [self.z3.Xor(one, other) for one, other in pairs if not one.eq(other)]

    def due(self, side: Side) -> dict[Duty, Term]:
        """Return when each duty is due."""
        found: dict[Duty, list[Term]] = {}
        for name, made in side.made.items():
            decided = side.decided(name, self.encoder)
            for id_, due in made.due.items():
                found.setdefault(duty_of(side.tree, id_), []).append(self.z3.And(decided, due))
        for rule in side.tree.rules:
            if not rule.outcomes and self.strange.isdisjoint(facts_of(rule.form)):
                for key in duties(side.tree, rule):
                    found.setdefault(key, []).append(self.encoder.form(rule.form).certain)
        return {key: self.encoder.any_of(terms) for key, terms in found.items()}

    @cached_property
    def _guards_may_differ(self) -> bool:
        old, new = ([(guard.id, guard.form, guard.decisions) for guard in tree.guards] for tree in (self.old, self.new))
        named = {name for tree in (self.old, self.new) for guard in tree.guards for name in guard.decisions}
        return old != new or not named.isdisjoint(self.changed)

    def guard_differences(self, *, warnings: bool = True) -> list[Term]:
        """Return where a red line is broken under one of the two only; with *warnings*, also where it may be."""
        if not self._guards_may_differ:
            return []
        old, new = self.sides
        found = []
        for id_ in {**old.broken, **new.broken}:
            for one, other in ((old.crossed, new.crossed), *([(old.broken, new.broken)] if warnings else [])):
                mine, yours = one.get(id_, self.encoder.no), other.get(id_, self.encoder.no)
                found += [] if mine.eq(yours) else [self.z3.Xor(mine, yours)]
            found += self._undecided(id_)
        return found

    def _undecided(self, id_: str) -> list[Term]:
        """Return where a red line hangs on what a decision that is not made may still come to."""
        guards = [guard for tree in (self.old, self.new) for guard in tree.guards if guard.id == id_]
        is_same = len(guards) == 2 and guards[0].form == guards[1].form
        found = []
        for name in dict.fromkeys(name for guard in guards for name in guard.decisions):
            one, other = (side.made.get(name) for side in self.sides)
            if is_same and name not in self.changed:
                continue
            if one is None or other is None:
                found.append(self.encoder.yes)
                continue
            if has_listed_outcomes(one) and has_listed_outcomes(other):
                continue  # because the line itself says what they may come to
            open_ = [self.z3.And(self.z3.Not(made.decided), self.z3.Not(made.nobody)) for made in (one, other)]
            differ = self.inputs_differ(one, other) if is_same else self.encoder.yes
            found.append(self.z3.And(self.z3.Or(open_), differ))
        return found

    # -- questions

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._ends is not None and time.monotonic() > self._ends

    @property
    def time_left(self) -> float | None:
        """How many seconds are left; None where there is no end."""
        return None if self._ends is None else max(self._ends - time.monotonic(), 0)

    def ask(self, *terms: Term) -> Point | Answer:
        """Return an incident for which all terms hold, or why there is none to show."""
        name_texts(self.encoder)
        self.solver.push()
        try:
            self.solver.add(*self.encoder.axioms, *terms)
            return self.incident_of(self.solver)
        finally:
            self.solver.pop()

    @cached_property
    def _wishes(self) -> list[list[Term]]:
        wished = named_only(self.encoder)
        return [wished, []] if wished else [[]]

    def fresh_solver(self) -> Term:
        """Return a solver that knows what holds of every incident."""
        name_texts(self.encoder)
        solver = new_solver(self.encoder)
        solver.add(*self.encoder.axioms)
        return solver

    def incident_of(self, solver: Term) -> Point | Answer:
        """Return an incident that a solver allows, a natural one if there is any."""
        if self.is_over:
            return Answer.UNKNOWN
        found = self.z3.unknown
        for wishes in self._wishes:
            found = solver.check(*wishes)
            if found == self.z3.sat:
                return point_of(self.encoder, solver.model())
        return Answer.NONE if found == self.z3.unsat else Answer.UNKNOWN

    def unlike(self, point: Point) -> Term:
        """Return whether an incident is another one."""
        return self.z3.Not(self.like(point))

    def like(self, point: Point) -> Term:
        """Return whether an incident is this one."""
        day, *facts = equations(self.encoder, point)
        return self.encoder.all_of([day, *facts] if self.encoder.asks_the_day else facts)

    def anything(self, tree: PolicyTree, day: dt.date) -> Point | None:
        """Return an incident about which a policy decides anything on a day, or for which a duty is due."""
        side = self._side(tree, "old" if tree is self.old else "new")
        terms = [made.decided for made in side.made.values()]
        free = [rule for rule in tree.rules if not rule.outcomes and self.strange.isdisjoint(facts_of(rule.form))]
        terms += [self.encoder.form(rule.form).certain for rule in free]
        self.solver.push()
        self.solver.add(*self.encoder.axioms_of_facts)
        self.solver.add(self.encoder.today == ordinal(day), self.encoder.any_of(terms))
        found = self.solver.check()
        point = point_of(self.encoder, self.solver.model()) if found == self.z3.sat else None
        self.solver.pop()
        return None if point is None else attrs.evolve(point, as_of=day)
