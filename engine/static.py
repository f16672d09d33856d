"""What of a judgement can be remembered: all of it, or all but the values that depend on the facts' own values."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from ..rules.tree import Arithmetic, Call, Constant, Expression, FactRef, Rule
from .decision import Judgement, Outcome
from .truth import State, expression_value


@attrs.frozen
class Static:
    """A judgement, and the decisions whose values must be computed anew from the facts."""

    judgement: Judgement
    dynamic: tuple[str, ...] = ()


def static_parts(judgement: Judgement, open_rules: Callable[[str], Iterable[Rule]]) -> Static | None:
    """
    Return what can be remembered of a judgement, None where more depends on the facts' values than the values of one rule.

    *open_rules* gives the rules that may or may not hold for a decision: they must agree with the winner in values too.
    """
    dynamic: list[str] = []
    for name, verdict in judgement.verdicts.items():
        rivals = list(open_rules(name))
        default = [verdict.spec.default] if verdict.spec.default is not None else []
        outcomes = [rule.outcomes[name] for rule in (*verdict.rules, *rivals)]
        if not all(isinstance(outcome, Constant) for outcome in (*outcomes, *default)):
            return None
        values = [rule.values[v] for rule in (*verdict.rules, *rivals) for v in verdict.spec.values if v in rule.values]
        if all(isinstance(value, Constant) for value in values):
            continue
        if not verdict.is_settled and not verdict.spec.collects:
            continue
        if len(verdict.rules) > 1 or rivals or any(_divides(value) for value in values):
            return None
        dynamic.append(name)
    return Static(judgement, tuple(dynamic))


def _divides(expression: Expression) -> bool:
    match expression:
        case Arithmetic(operator, left, right):
            return operator == "/" or _divides(left) or _divides(right)
        case Call(_, arguments):
            return any(_divides(argument) for argument in arguments)
        case Constant() | FactRef():
            return False


def with_values(static: Static, state: State) -> Judgement:
    """Return the judgement with its values computed from the facts."""
    verdicts = dict(static.judgement.verdicts)
    for name in static.dynamic:
        verdict = verdicts[name]
        assert verdict.rule is not None
        values: dict[str, Outcome] = {}
        for value in verdict.spec.values:
            expression = verdict.rule.values.get(value)
            if expression is not None and value not in verdict.unsettled:
                found, _ = expression_value(expression, state)
                assert found is not None  # because a missing fact has another flag, and nothing divides
                values[value] = found
        verdicts[name] = attrs.evolve(verdict, canonical_values=values)
    return attrs.evolve(static.judgement, verdicts=verdicts)
