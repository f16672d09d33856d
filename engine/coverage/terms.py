"""What tests should show, as terms of the solver: for proofs that no incident can, and for incidents that do."""

from __future__ import annotations

from typing import assert_never

import attrs

from ...rules.normal import facts_in
from ...rules.tree import And, Compare, Condition, FactTest, Known, Named, Not, Or, Rule, TextTest, Truth
from ..proofs.ground import Ground, parts_in
from ..proofs.guards import crossed
from ..solve import Term
from ..solve.outcomes import stronger_first
from .edges import Balance, Side
from .leaves import Fixed, Leaf, Leaves
from .needs import Crossed, Holds, Meets, Need, Turns, Wins


@attrs.frozen(eq=False)
class Told:
    """Whether a condition as it is written certainly holds, and whether it certainly does not."""

    holds: Term
    fails: Term


class Terms:
    """Encodes needs over the ground of one policy."""

    def __init__(self, ground: Ground, leaves: Leaves) -> None:
        self.ground, self.leaves = ground, leaves
        self.encoder, self.z3 = ground.encoder, ground.z3

    def is_sound(self, need: Need) -> bool:
        """Whether the solver speaks of all incidents that matter here: of facts asked whether they are known, the missing too."""
        leaves: tuple[Leaf, ...] = ()
        match need:
            case Holds(leaf):
                leaves = (leaf,)
            case Turns(rule):
                leaves = self.leaves.of(rule)
        return all(
            not isinstance(part, FactTest) or part.known == part.missing or part.fact in self.encoder.optional
            for leaf in leaves
            for part in parts_in(leaf.form)
        )

    def of(self, need: Need) -> Term:
        """Return whether an incident shows what is needed; of winning, whether the rule is not kept from it by others."""
        match need:
            case Wins(rule):
                return self._wins(rule)
            case Crossed(guard):
                return crossed(self.ground, guard.form)
            case Holds(leaf, holds):
                told = self._leaf(leaf)
                return told.holds if holds else told.fails
            case Meets(edge):
                return self._side(edge) if isinstance(edge, Side) else self._balance(edge)
            case Turns():
                return self._turns(need)
            case _:
                assert_never(need)

    def unforbidden(self, need: Need) -> list[Term]:
        """Return that no red line keeps a rule from winning."""
        if not isinstance(need, Wins):
            return []
        guards = [g for g in self.ground.tree.guards if not need.rule.outcomes.keys().isdisjoint(g.decisions)]
        return [self.z3.Not(crossed(self.ground, guard.form)) for guard in guards]

    def _wins(self, rule: Rule) -> Term:
        fires = self.ground.fires(rule)
        if not rule.outcomes:
            return fires
        ways = []
        for name in rule.outcomes:
            outcomes = self.ground.decisions[name]
            order = None if outcomes.spec.collects else stronger_first(outcomes.spec, outcomes.rules)
            places = [place for place, other in enumerate(order or ()) if other.id == rule.id]
            before = (order or [])[: places[0]] if places else []
            ways.append(self.encoder.all_of([fires, *(self.z3.Not(self.ground.fires(other)) for other in before)]))
        return self.encoder.any_of(ways)

    def _side(self, side: Side) -> Term:
        term, type_ = self.encoder.value(side.fact), self.encoder.type_of(side.fact)
        return self.z3.And(self.encoder.settled(side.fact), self.encoder.within(term, side.region, type_))

    def _balance(self, balance: Balance) -> Term:
        left, right = self.encoder.expression(balance.test.left), self.encoder.expression(balance.test.right)
        by, step = left.term - right.term, self.encoder.number(balance.step)
        where = {
            "exactly": by == 0,
            "just above": self.z3.And(by > 0, by <= step),
            "just below": self.z3.And(by < 0, by >= -step),
        }[balance.where]
        settled = [self.encoder.settled(name) for name in facts_in(balance.test)]
        return self.encoder.all_of([where, *settled, *left.defined, *right.defined])

    # -- leaves and what they decide

    def _leaf(self, leaf: Leaf) -> Told:
        truth = self.encoder.form(leaf.form)
        return Told(truth.certain, self.z3.Not(truth.possible))

    def _turns(self, need: Turns) -> Term:
        told = self._leaf(need.leaf)
        with_it = self._told(need.rule.condition, (need.leaf, need.holds))
        against = self._told(need.rule.condition, (need.leaf, not need.holds))
        mine = told.holds if need.holds else told.fails
        if need.comes_out:
            return self.encoder.all_of([mine, with_it.holds, against.fails])
        return self.encoder.all_of([mine, with_it.fails, against.holds])

    def _told(self, condition: Condition, fixed: Fixed) -> Told:
        match condition:
            case Compare() | TextTest() | Known():
                leaf = self.leaves.leaf(condition)
                return self._constant(holds=fixed[1]) if leaf == fixed[0] else self._leaf(leaf)
            case Truth(value):
                return self._constant(holds=value)
            case Not(part):
                inner = self._told(part, fixed)
                return Told(inner.fails, inner.holds)
            case Named(_, part):
                return self._told(part, fixed)
            case And(parts):
                told = [self._told(part, fixed) for part in parts]
                return Told(self.encoder.all_of([t.holds for t in told]), self.encoder.any_of([t.fails for t in told]))
            case Or(parts):
                told = [self._told(part, fixed) for part in parts]
                return Told(self.encoder.any_of([t.holds for t in told]), self.encoder.all_of([t.fails for t in told]))
            case _:
                assert_never(condition)

    def _constant(self, *, holds: bool) -> Told:
        return Told(self.encoder.yes, self.encoder.no) if holds else Told(self.encoder.no, self.encoder.yes)
