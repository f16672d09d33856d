"""Slips in what follows from a rule: outcomes, values, duties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from ...rules.quantities import value_text
from ...rules.tree import Arithmetic, Constant, Expression, Rule
from ...rules.types import DURATION, INTEGER, MONEY, NUMBER
from ...rules.words import expression_text
from .operators import ON_EXPRESSIONS, register
from .sites import expressions_in
from .steps import moved

register(
    "outcome",
    "An outcome's neighbour in its place, or the outcome left out where something else follows as well.",
    before='refund = "partial"',
    after='refund = "full"',
)
register(
    "value",
    "A value of a decision changed by a unit, or left out; a word of a list left out.",
    before='refund_amount = "loss"',
    after='refund_amount = "loss + 0.01 USD"',
)
register(
    "duty",
    "A duty that the rule no longer brings.",
    before='oblige = ["log-it", "call-back"]',
    after='oblige = ["log-it"]',
)

_UNITS: Final = {
    "money": Constant(1, MONEY),
    "number": Constant(1, NUMBER),
    "integer": Constant(1, INTEGER),
    "duration": Constant(3_600, DURATION),
}


def other_expressions(expression: Expression) -> Iterator[tuple[str, Expression]]:
    """Yield what else an outcome or a value might be, each with the operator that makes it; *value* moves its constants."""
    constants = 0
    for part, put in expressions_in(expression):
        if isinstance(part, Constant):
            constants += 1
            yield from (("value", put(new)) for new in _other_constants(part))
        for name, operator in ON_EXPRESSIONS.items():
            yield from ((name, put(new)) for new in operator(part))
    unit = _UNITS.get(expression.type.kind)
    if not constants and unit is not None:
        yield "value", Arithmetic("+", expression, unit, expression.type)


def _other_constants(constant: Constant) -> Iterator[Constant]:
    if isinstance(constant.value, tuple):
        words = constant.value
        yield from (Constant((*words[:at], *words[at + 1 :]), constant.type) for at in range(len(words)))
    else:
        yield from moved(constant)


@attrs.frozen
class Slip:
    """Something else that may follow from a rule: the operator, what was written, what then would be, and the changed fields."""

    operator: str
    before: str
    after: str
    fields: Mapping[str, object]
    change: str = ""


def other_rules(rule: Rule, home: str) -> Iterator[Slip]:
    """Yield what may slip in a rule's consequences."""
    for name, outcome in rule.outcomes.items():
        for operator, new in other_expressions(outcome):
            named, fields = "outcome" if operator == "value" else operator, {"outcomes": {**rule.outcomes, name: new}}
            yield Slip(named, written(name, outcome, home), written(name, new, home), fields)
    for name, value in rule.values.items():
        for operator, new in other_expressions(value):
            fields = {"values": {**rule.values, name: new}}
            yield Slip(operator, written(name, value, home), written(name, new, home), fields)
        rest = {other: kept for other, kept in rule.values.items() if other != name}
        yield Slip("value", written(name, value, home), "", {"values": rest}, f"`{name}` was left out")
    for id_ in rule.oblige if rule.outcomes or len(rule.oblige) > 1 else ():
        kept = tuple(other for other in rule.oblige if other != id_)
        yield Slip("duty", ", ".join(rule.oblige), ", ".join(kept), {"oblige": kept}, f"duty `{id_}` was left out")


def without_outcome(rule: Rule, name: str, values: frozenset[str]) -> Mapping[str, object] | None:
    """Return a rule's fields without an outcome and the *values* that go with it; None where nothing else would be left."""
    rest = {other: outcome for other, outcome in rule.outcomes.items() if other != name}
    if not rest and not rule.oblige:
        return None
    return {"outcomes": rest, "values": {n: value for n, value in rule.values.items() if n not in values}}


def written(name: str, expression: Expression, home: str) -> str:
    """Return how an outcome or a value is written."""
    if isinstance(expression, Constant) and not expression.name:
        return f"{name} = {value_text(expression.value, expression.type, home) or 'nothing'}"
    return f"{name} = {expression_text(expression, home)}"
