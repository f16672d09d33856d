"""What a policy's decisions hang on: two policies of one fabric decide alike, whatever else they say."""

from __future__ import annotations

from typing import TypeAlias

from ...rules.normal import facts_in, facts_of
from ...rules.tree import DecisionSpec, PolicyTree, Rule

#: A duty as it counts: its name, its deadline and whose it is.
Duty: TypeAlias = tuple[object, ...]


def fabric(tree: PolicyTree) -> object:
    """Return all of a policy that what it decides may hang on; policies of one fabric are equal."""
    return (
        tree.currency,
        (tree.effective, tree.expires),
        {name: fact_fabric(tree, name) for name in tree.asked},
        {name: thread(tree, spec) for name, spec in tree.decisions.items()},
        [(rule.form, duties(tree, rule)) for rule in tree.rules if not rule.outcomes],
        [(guard.id, guard.form, guard.decisions) for guard in tree.guards],
    )


def fact_fabric(tree: PolicyTree, name: str) -> object:
    """Return what a fact means to conditions."""
    fact = tree.facts[name]
    return (fact.type, fact.low, fact.high, fact.assume)


def thread(tree: PolicyTree, spec: DecisionSpec) -> object:
    """Return what one decision hangs on."""
    rules = [rule for rule in tree.rules if spec.id in rule.outcomes]
    return (spec_fabric(spec), [_inputs(tree, spec, rule) for rule in rules])


def spec_fabric(spec: DecisionSpec) -> object:
    """Return what a decision is, whatever its rules."""
    return (spec.type, spec.hit_policy, spec.aggregate, spec.default, dict(spec.values))


def _inputs(tree: PolicyTree, spec: DecisionSpec, rule: Rule) -> object:
    return (rule.form, said_by(spec, rule), duties(tree, rule))


def said_by(spec: DecisionSpec, rule: Rule) -> object:
    """Return what a rule says of a decision."""
    return (rule.outcomes[spec.id], {name: rule.values[name] for name in spec.values if name in rule.values})


def duties(tree: PolicyTree, rule: Rule) -> tuple[Duty, ...]:
    """Return the duties that come with a rule, as they count."""
    return tuple(duty_of(tree, id_) for id_ in rule.oblige)


def duty_of(tree: PolicyTree, id_: str) -> Duty:
    """Return a duty as it counts."""
    duty = tree.obligations[id_]
    return (id_, duty.within, duty.by)


def strange(old: PolicyTree, new: PolicyTree) -> frozenset[str]:
    """Return the facts that are not the same facts in both: other words, another kind, amounts in another currency."""
    found = set()
    for name in old.asked | new.asked:
        one, other = old.facts.get(name), new.facts.get(name)
        if one is not None and other is not None:
            in_money = one.type.kind == "money" and old.currency != new.currency
            if one.type != other.type or in_money:
                found.add(name)
    return frozenset(found)


def touches(tree: PolicyTree, name: str, facts: frozenset[str], *, money: bool) -> bool:
    """Whether a decision hangs on any of some facts; with *money*, or on any amount of money."""
    spec = tree.decisions[name]
    said = [spec.default] if spec.default is not None else []
    asked: set[str] = set()
    for rule in tree.rules:
        if name in rule.outcomes:
            asked |= facts_of(rule.form)
            said += [rule.outcomes[name], *(rule.values[value] for value in spec.values if value in rule.values)]
    asked.update(fact for expression in said for fact in facts_in(expression))
    is_money = spec.type.kind == "money" or any(expression.type.kind == "money" for expression in said)
    return not facts.isdisjoint(asked) or (money and is_money)
