"""Hit policies as terms: which rule wins a decision, and what is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from ...rules.tree import Constant, DecisionSpec, Expression, FactRef, Rule
from ..combine import strength
from ..truth import REACH
from .encoder import Encoder
from .expressions import Valued
from .terms import Term


@attrs.frozen(eq=False)
class Outcomes:
    """
    One decision as terms, going by the rules that certainly hold.

    *wins* says of each rule, by id, whether it decides, its outcome having a value (under a collecting hit policy: whether it
    takes part); *nobody* whether no rule possibly does; *default* whether no rule certainly does; *decided* whether any rule or
    the default decides. *value* is the outcome where there is one; None where it is no term.
    """

    spec: DecisionSpec
    rules: tuple[Rule, ...]
    wins: Mapping[str, Term]
    nobody: Term
    default: Term
    value: Term | None
    decided: Term


def outcomes_of(encoder: Encoder, spec: DecisionSpec) -> Outcomes:
    """Return a decision as terms."""
    z3 = encoder.z3
    rules = tuple(rule for rule in encoder.tree.rules if spec.id in rule.outcomes)
    truths = [encoder.form(rule.form) for rule in rules]
    certain = {rule.id: truth.certain for rule, truth in zip(rules, truths, strict=True)}
    nobody = z3.Not(encoder.any_of([truth.possible for truth in truths]))
    default = z3.Not(encoder.any_of(list(certain.values())))
    wins = _wins(encoder, spec, rules, certain)
    if not spec.collects:
        wins = {
            rule.id: encoder.all_of([wins[rule.id], *valued(encoder, rule.outcomes[spec.id]).defined]) for rule in rules
        }
    options = [(wins[rule.id], rule.outcomes[spec.id]) for rule in rules]
    value = None if spec.collects else _value(encoder, spec, options)
    some = [*wins.values()]
    if spec.default is not None:
        some.append(encoder.all_of([default, *valued(encoder, spec.default).defined]))
    return Outcomes(spec, rules, wins, nobody, default, value, encoder.any_of(some))


def stronger_first(spec: DecisionSpec, rules: Sequence[Rule]) -> list[Rule] | None:
    """Return the rules so that each comes after all that keep it from winning; None where that depends on the facts."""
    if spec.hit_policy == "first":
        return list(rules)
    constants = {rule.id: rule.outcomes[spec.id] for rule in rules}
    if spec.hit_policy != "priority" or not all(isinstance(value, Constant) for value in constants.values()):
        return None
    places = {id_: strength(spec, value.value) for id_, value in constants.items() if isinstance(value, Constant)}
    return sorted(rules, key=lambda rule: -places[rule.id])


def _wins(
    encoder: Encoder, spec: DecisionSpec, rules: Sequence[Rule], certain: Mapping[str, Term]
) -> Mapping[str, Term]:
    z3 = encoder.z3
    order = stronger_first(spec, rules)
    if spec.collects or (order is None and spec.hit_policy == "priority"):
        return dict(certain)
    before = _chain(encoder, [certain[rule.id] for rule in order or rules])
    alone = {rule.id: z3.And(certain[rule.id], z3.Not(b)) for rule, b in zip(order or rules, before, strict=True)}
    if order is not None:
        return {rule.id: alone[rule.id] for rule in rules}
    if spec.hit_policy == "unique":
        after = _chain(encoder, [certain[rule.id] for rule in reversed(rules)])[::-1]
        return {rule.id: z3.And(alone[rule.id], z3.Not(a)) for rule, a in zip(rules, after, strict=True)}
    return {
        rule.id: z3.And(alone[rule.id], z3.Not(_disagrees(encoder, spec, rule, rules[place + 1 :], certain)))
        for place, rule in enumerate(rules)
    }


def _chain(encoder: Encoder, terms: Sequence[Term]) -> list[Term]:
    """Return, for each term, whether any before it holds."""
    found = [encoder.no]
    for term in terms[:-1]:
        found.append(encoder.any_of([found[-1], term]))
    return found[: len(terms)]


def _disagrees(
    encoder: Encoder, spec: DecisionSpec, rule: Rule, others: Sequence[Rule], certain: Mapping[str, Term]
) -> Term:
    own = rule.outcomes[spec.id]
    found = []
    for other in others:
        outcome = other.outcomes[spec.id]
        differ = differing(encoder, own, outcome)
        unlike = [] if differ is None else [differ]
        unlike += [encoder.z3.Not(term) for term in valued(encoder, outcome).defined]
        if unlike:
            found.append(encoder.z3.And(certain[other.id], encoder.any_of(unlike)))
    return encoder.any_of(found)


def valued(encoder: Encoder, outcome: Expression) -> Valued:
    """Return an outcome as a term, and the conditions on which it has a value: one beyond the calendar has none."""
    if outcome.type.kind == "list":  # which can only be a constant, and is no term
        return Valued(encoder.yes)
    found = encoder.expression(outcome)
    if isinstance(outcome, Constant | FactRef) or outcome.type.kind not in REACH:
        return found
    low, high = REACH[outcome.type.kind]
    return attrs.evolve(found, defined=(*found.defined, found.term >= low, found.term <= high))


def differing(encoder: Encoder, one: Expression, other: Expression) -> Term | None:
    """Return whether two outcomes differ, None where they never do."""
    if one == other:
        return None
    if isinstance(one, Constant) and isinstance(other, Constant):
        return encoder.yes if one.value != other.value else None
    if one.type.kind == "list":
        return encoder.yes
    left, right = valued(encoder, one), valued(encoder, other)
    return encoder.all_of([*left.defined, *right.defined, left.term != right.term])


def _value(encoder: Encoder, spec: DecisionSpec, options: Sequence[tuple[Term, Expression]]) -> Term | None:
    if spec.type.kind == "list":
        return None
    outcomes = [(wins, encoder.expression(outcome).term) for wins, outcome in options]
    if spec.default is not None:
        found = encoder.expression(spec.default).term
    elif outcomes:
        found = outcomes[-1][1]
    else:
        return None
    for wins, outcome in reversed(outcomes):
        found = encoder.z3.If(wins, outcome, found)
    return found
