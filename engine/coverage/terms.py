"""What tests should show, as terms of the solver: for proofs that no incident can, and for incidents that do."""

from __future__ import annotations

from typing import assert_never

import attrs

from ...rules.normal import facts_in
from ...rules.tree import And, Compare, Condition, Constant, Known, Named, Not, Or, Rule, TextTest, Truth
from ..proofs.ground import Ground
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

    def visible(self, turn: Turns) -> list[Term]:
        """Return that what is decided depends on the rule's condition: it wins, or it would and something else is decided."""
        rule = turn.rule
        if not rule.outcomes:
            return []
        if turn.comes_out:
            return [self._wins(rule), *self.unforbidden(Wins(rule))]
        ways = [
            self.encoder.all_of([*self._not_before(rule, name), *self._other(rule, name)]) for name in rule.outcomes
        ]
        return [self.encoder.any_of(ways), *self.unforbidden(Wins(rule))]

    def _other(self, rule: Rule, decision: str) -> list[Term]:
        """Return that something else is decided than a rule would."""
        value = self.ground.decisions[decision].value
        if value is None:
            return []
        mine = self.encoder.expression(rule.outcomes[decision])
        return [self.z3.Or(self.z3.Not(self.ground.decisions[decision].decided), value != mine.term)]

    def _not_before(self, rule: Rule, decision: str) -> list[Term]:
        """Return that no other rule keeps one from winning: none before it holds, nor any that may hold and says something else."""
        outcomes, z3 = self.ground.decisions[decision], self.z3
        policy = outcomes.spec.hit_policy
        others = [other for other in outcomes.rules if other.id != rule.id]
        truths = {other.id: self.encoder.form(other.form) for other in others}
        if outcomes.spec.collects:
            return [z3.Or(truth.certain, z3.Not(truth.possible)) for truth in truths.values()]
        if policy == "unique":
            return [z3.Not(truth.possible) for truth in truths.values()]
        order = stronger_first(outcomes.spec, outcomes.rules)
        if order is not None:
            others = order[: next(place for place, other in enumerate(order) if other.id == rule.id)]
        mine, found = rule.outcomes[decision], []
        for other in others:
            theirs = other.outcomes[decision]
            differ = isinstance(mine, Constant) and isinstance(theirs, Constant) and mine.value != theirs.value
            if differ and (order is not None or policy == "any"):
                found.append(z3.Not(truths[other.id].possible))
            elif order is not None:
                found.append(z3.Not(truths[other.id].certain))
        return found

    def _wins(self, rule: Rule) -> Term:
        fires = self.ground.fires(rule)
        if not rule.outcomes:
            return fires
        return self.encoder.any_of(
            [self.encoder.all_of([fires, *self._not_before(rule, name)]) for name in rule.outcomes]
        )

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
