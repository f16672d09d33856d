"""
The seven hit policies as DMN defines them, by brute force, with every fact settled: a check on the engine, for tests only.

Conditions and values are read as written, by the second evaluator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import attrs
from written_evaluator import NoValue, Truth, World, holds, value

from evenhand.rules.tree import DecisionSpec, Expression, Guard, PolicyTree, Rule

Status: TypeAlias = Literal["decided", "no-rule", "conflict", "undefined"]


@attrs.frozen
class Written:
    """What brute force says about one decision: *rules* are the ids of those that it rests on."""

    status: Status
    outcome: Any = None
    rules: tuple[str, ...] = ()
    values: Mapping[str, Any] = attrs.field(factory=dict)
    unsettled: tuple[str, ...] = ()


def decide(tree: PolicyTree, world: World) -> dict[str, Written]:
    """Return each decision, red lines left out of account."""
    truths = [(rule, holds(rule.condition, world)) for rule in tree.rules]
    return {name: _decided(spec, truths, world) for name, spec in tree.decisions.items()}


def _decided(spec: DecisionSpec, truths: Sequence[tuple[Rule, Truth]], world: World) -> Written:
    asked = [(rule, found) for rule, found in truths if spec.id in rule.outcomes and found is not False]
    if any(found is None for _, found in asked):
        return Written("undefined")
    matched = [rule for rule, _ in asked]
    outcomes = [_value(rule.outcomes[spec.id], world) for rule in matched]
    if not matched:
        default = None if spec.default is None else _value(spec.default, world)
        if default is None:
            return Written("no-rule" if spec.default is None else "undefined")
        return Written("decided", (default,) if spec.collects and not spec.aggregate else default)
    return (_collected if spec.collects else _single)(spec, matched, outcomes, world)


def _single(spec: DecisionSpec, matched: list[Rule], outcomes: list[Any], world: World) -> Written:
    """Return the one outcome, from the rule that wins or from all that agree; an outcome of None divides by zero."""
    together = matched[:1]
    match spec.hit_policy:
        case "priority" if None not in outcomes:
            together = [max(matched, key=lambda rule: _rank(spec, outcomes[matched.index(rule)]))]
        case "priority":
            return Written("undefined")
        case "unique" if len(matched) > 1:
            return Written("conflict", rules=tuple(rule.id for rule in matched))
        case "any" if len(set(outcomes) - {None}) > 1:
            return Written("conflict", rules=tuple(rule.id for rule in matched))
        case "any":
            together = matched
    decided = [outcomes[matched.index(rule)] for rule in together]
    if None in decided:
        return Written("undefined")
    values, unsettled = _values(spec, together, world)
    return Written("decided", decided[0], tuple(rule.id for rule in together), values, unsettled)


def _values(spec: DecisionSpec, rules: Sequence[Rule], world: World) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the values that rules agree on, and the names of those that they do not, or that divide by zero."""
    values: dict[str, Any] = {}
    unsettled: list[str] = []
    for name in spec.values:
        found = [_value(rule.values[name], world) if name in rule.values else ... for rule in rules]
        if all(one is ... for one in found):
            continue
        if None in found or any(one != found[0] for one in found):
            unsettled.append(name)
        else:
            values[name] = found[0]
    return values, tuple(unsettled)


def _collected(spec: DecisionSpec, matched: list[Rule], outcomes: list[Any], world: World) -> Written:
    if None in outcomes:
        return Written("undefined")
    order = list(range(len(matched)))
    if spec.hit_policy == "output order":
        order.sort(key=lambda at: -_rank(spec, outcomes[at]))
    rules, listed = [matched[at] for at in order], [outcomes[at] for at in order]
    values: dict[str, Any] = {}
    unsettled: list[str] = []
    for name in spec.values:
        found = [_value(rule.values[name], world) for rule in rules if name in rule.values]
        if None in found:
            unsettled.append(name)
        elif found:
            values[name] = tuple(found)
    outcome = _aggregated(spec, listed)
    return Written("decided", outcome, tuple(rule.id for rule in rules), values, tuple(unsettled))


def _aggregated(spec: DecisionSpec, outcomes: list[Any]) -> Any:
    match spec.aggregate:
        case "sum":
            return sum(outcomes, Fraction(0))
        case "count":
            return len(outcomes)
        case "min":
            return min(outcomes, key=lambda outcome: _rank(spec, outcome))
        case "max":
            return max(outcomes, key=lambda outcome: _rank(spec, outcome))
        case _:
            return tuple(outcomes)


def _rank(spec: DecisionSpec, outcome: Any) -> Fraction:
    return Fraction(spec.type.words.index(outcome)) if spec.type.words else Fraction(outcome)


def _value(expression: Expression, world: World) -> Any:
    try:
        return value(expression, world)
    except NoValue:
        return None


# --- duties and red lines --------------------------------------------------------------------------------------------


def duties(tree: PolicyTree, settled: Mapping[str, Written], world: World) -> set[str]:
    """Return the obligations of the rules that won some decision, or that decide nothing and hold."""
    won = {id_ for verdict in settled.values() if verdict.status == "decided" for id_ in verdict.rules}
    return {duty for rule in tree.rules if rule.id in won or _is_free_and_holds(rule, world) for duty in rule.oblige}


def _is_free_and_holds(rule: Rule, world: World) -> bool:
    return not rule.outcomes and holds(rule.condition, world) is True


def breaches(tree: PolicyTree, decided: Mapping[str, Written], world: World) -> Iterator[tuple[Guard, Truth]]:
    """Yield each red line with whether it is broken, where all the decisions that it names have been made."""
    for guard in tree.guards:
        if any(decided[name].status != "decided" for name in guard.decisions):
            continue
        outcomes = {name: decided[name].outcome for name in guard.decisions}
        over = attrs.evolve(world.having(**outcomes), handed=world.handed | outcomes.keys())
        yield guard, holds(guard.condition, over)
