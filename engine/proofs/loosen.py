"""A policy with one of its parameters, or terms, let loose: taken for one more fact of the incident."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import attrs

from ...rules.normal import Normalizer, Universe
from ...rules.tree import (
    And,
    Arithmetic,
    Atom,
    Call,
    Compare,
    Condition,
    Constant,
    Expression,
    FactRef,
    Guard,
    Known,
    Named,
    Not,
    Or,
    PolicyTree,
    Rule,
    Term,
    TextTest,
    Truth,
)
from ...rules.types import BOOLEAN, Fact, Type

Loose: TypeAlias = "type[Constant | Term]"
_TRUE = Constant(value=True, type=BOOLEAN)


def uses(tree: PolicyTree, name: str, *, of: Loose) -> bool:
    """Whether a rule, a red line or a default speaks of a parameter (a constant that came from it) or a term."""
    kind = Constant if of is Constant else Named
    conditions = [rule.condition for rule in tree.rules] + [guard.condition for guard in tree.guards]
    if any(isinstance(node, kind) and node.name == name for c in conditions for node in _nodes(c)):
        return True
    said = [e for rule in tree.rules for e in (*rule.outcomes.values(), *rule.values.values())]
    said += [spec.default for spec in tree.decisions.values() if spec.default is not None]
    return any(isinstance(node, kind) and node.name == name for e in said for node in _nodes(e))


def _nodes(node: Condition | Expression) -> Iterator[Condition | Expression]:
    pending: list[Condition | Expression] = [node]
    while pending:
        node = pending.pop()
        yield node
        match node:
            case And(parts) | Or(parts):
                pending += parts
            case Not(part) | Named(_, part):
                pending.append(part)
            case Compare(_, left, right) | Arithmetic(_, left, right):
                pending += (left, right)
            case TextTest(_, subject, pattern):
                pending += (subject, pattern)
            case Call(_, arguments):
                pending += arguments
            case Constant() | FactRef() | Known() | Truth():
                pass


def loosened(tree: PolicyTree, name: str, fact: str, type_: Type) -> PolicyTree:
    """Return a policy in which *fact* stands where the parameter or the term *name* stood; rules that do not use it are kept."""
    facts = {**tree.facts, fact: Fact(fact, type_)}
    loose = _Loose(name, FactRef(fact, type_), Normalizer(Universe(facts, tree.decisions)))
    rules = tuple(loose.rule(rule) for rule in tree.rules)
    guards = tuple(loose.guard(guard) for guard in tree.guards)
    return attrs.evolve(tree, facts=facts, rules=rules, guards=guards, asked=tree.asked | {fact})


def compared_with(rule: Rule, fact: str) -> list[str]:
    """Return the facts that a rule holds against one fact alone."""
    atoms = [part for disjunct in rule.form.disjuncts for part in disjunct if isinstance(part, Atom)]
    return [
        name for atom in atoms if fact in atom.facts and len(atom.facts) == 2 for name in atom.facts if name != fact
    ]


@attrs.frozen
class _Loose:
    """Puts a fact where a parameter or a term stood."""

    name: str
    fact: FactRef
    normalizer: Normalizer

    def rule(self, rule: Rule) -> Rule:
        condition = self.condition(rule.condition)
        outcomes = {name: self.expression(said) for name, said in rule.outcomes.items()}
        values = {name: self.expression(said) for name, said in rule.values.items()}
        if (condition, outcomes, values) == (rule.condition, rule.outcomes, rule.values):
            return rule
        form = self.normalizer.normal_form(condition)
        return attrs.evolve(rule, condition=condition, form=form, outcomes=outcomes, values=values)

    def guard(self, guard: Guard) -> Guard:
        condition = self.condition(guard.condition)
        if condition == guard.condition:
            return guard
        return attrs.evolve(guard, condition=condition, form=self.normalizer.normal_form(condition))

    def condition(self, condition: Condition) -> Condition:
        match condition:
            case And(parts):
                return And(tuple(self.condition(part) for part in parts))
            case Or(parts):
                return Or(tuple(self.condition(part) for part in parts))
            case Not(part):
                return Not(self.condition(part))
            case Named(name, part):
                if name == self.name and self.fact.type == BOOLEAN:
                    return Compare("=", self.fact, _TRUE)
                inner = self.condition(part)
                return condition if inner == part else inner  # under its own name it would be taken for what it was
            case Compare(operator, left, right):
                return Compare(operator, self.expression(left), self.expression(right))
            case TextTest() | Known() | Truth():
                return condition

    def expression(self, expression: Expression) -> Expression:
        match expression:
            case Constant(_, type_, name):
                return (
                    attrs.evolve(self.fact, type=type_)
                    if name == self.name and type_.kind == self.fact.type.kind
                    else expression
                )
            case Arithmetic(operator, left, right, type_):
                return Arithmetic(operator, self.expression(left), self.expression(right), type_)
            case Call(function, arguments, type_):
                return Call(function, tuple(self.expression(argument) for argument in arguments), type_)
            case FactRef():
                return expression
