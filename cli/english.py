"""Conditions and consequences in plain English, for owners who read a policy and do not write it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, assert_never

import attrs

from ..rules.quantities import value_text
from ..rules.tree import (
    And,
    Arithmetic,
    Call,
    Compare,
    Condition,
    Constant,
    DecisionSpec,
    Expression,
    FactRef,
    Known,
    Named,
    Not,
    Or,
    PolicyTree,
    Rule,
    TextTest,
    Truth,
)
from ..rules.types import BOOLEAN, Type, Value
from .decided import listed

_IS: Final = {"=": "is", "!=": "is not", "<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least"}
_SIGNS: Final = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_WHOLES: Final = {"min": "the smallest of", "max": "the greatest of", "count": "the number of", "abs": "the size of"}


def condition_english(condition: Condition, currency: str) -> str:
    """
    Return a condition in words.

    >>> from evenhand.rules.types import MONEY
    >>> condition_english(Compare("<=", FactRef("loss", MONEY), Constant(7500, MONEY, "small_loss")), "USD")
    'loss is at most 75 USD (small loss)'
    """
    match condition:
        case Truth(value):
            return "always" if value else "never"
        case Named(name):
            return spaced(name)
        case Known(fact):
            return f"{spaced(fact)} is known"
        case Not(part):
            return _not(part, currency)
        case And(parts):
            return listed(_clauses(parts, currency), "and")
        case Or(parts):
            return _membership(parts, currency) or listed([_within(part, currency, And) for part in parts], "or")
        case Compare():
            return _comparison(condition, currency)
        case TextTest(operator, subject, pattern):
            return f"{expression_english(subject, currency)} {operator} {expression_english(pattern, currency)}"
        case _:
            assert_never(condition)


def _clauses(parts: tuple[Condition, ...], currency: str) -> list[str]:
    """Return the clauses of an `and`; two bounds of one fact make one clause."""
    clauses: list[str] = []
    before: Condition | None = None
    for part in parts:
        if isinstance(part, Compare) and isinstance(before, Compare) and _bounds(before, part):
            clauses[-1] += _comparison(part, currency).replace(
                f"{expression_english(part.left, currency)} is", " and", 1
            )
            before = None
            continue
        clauses.append(_within(part, currency, Or))
        before = part
    return clauses


def _bounds(one: Compare, other: Compare) -> bool:
    """Whether two comparisons are a lower and an upper bound of the same thing."""
    sides = {one.operator[0], other.operator[0]}
    return one.left == other.left and sides == {"<", ">"}


def _not(part: Condition, currency: str) -> str:
    match part:
        case Known(fact):
            return f"{spaced(fact)} is not known"
        case Compare(operator, left, right) if operator == "=" and not _is_true(part):
            return _comparison(Compare("!=", left, right), currency)
        case Or(parts) if told := _membership(parts, currency, verb="is not"):
            return told
        case And() | Or():
            return f"not ({condition_english(part, currency)})"
        case _:
            return f"not {condition_english(part, currency)}"


def _within(part: Condition, currency: str, other: type) -> str:
    """Return a part of an `and` or an `or`; what mixes the two stands in brackets."""
    text = condition_english(part, currency)
    mixes = isinstance(part, other) and not (isinstance(part, Or) and _membership(part.parts, currency))
    return f"({text})" if mixes else text


def _membership(parts: tuple[Condition, ...], currency: str, *, verb: str = "is") -> str:
    """Return an `or` of equalities on one fact as one clause; empty where it is none."""
    subjects: set[Expression] = set()
    names: set[str] = set()
    options: list[Expression] = []
    for part in parts:
        if not isinstance(part, Compare) or part.operator != "=" or _is_true(part):
            return ""
        subjects.add(part.left)
        options.append(part.right)
        names.add(part.right.name if isinstance(part.right, Constant) else "")
    if len(subjects) != 1 or len(parts) < 2:
        return ""
    parameter = names.pop() if len(names) == 1 else ""
    if parameter:  # one that is a list: its name stands behind the whole of it
        options = [attrs.evolve(option, name="") for option in options if isinstance(option, Constant)]
    words = listed([expression_english(option, currency) for option in options], "or")
    return (
        f"{expression_english(subjects.pop(), currency)} {verb} {words}{f' ({spaced(parameter)})' if parameter else ''}"
    )


def _is_true(test: Compare) -> bool:
    return isinstance(test.right, Constant) and test.right.value is True and test.right.type == BOOLEAN


def _comparison(test: Compare, currency: str) -> str:
    left = expression_english(test.left, currency)
    if _is_true(test) and test.operator in ("=", "!="):
        return left if test.operator == "=" else f"not {left}"
    return f"{left} {_IS[test.operator]} {expression_english(test.right, currency)}"


def expression_english(expression: Expression, currency: str) -> str:
    """Return an expression in words."""
    match expression:
        case Constant(value, type_, name):
            return _constant(value, type_, currency) + (f" ({spaced(name)})" if name else "")
        case FactRef(name):
            return spaced(name)
        case Arithmetic(operator, left, right):
            return f"{_inner(left, currency)} {_SIGNS[operator]} {_inner(right, currency)}"
        case Call("days_since", arguments):
            return f"the days since {expression_english(arguments[0], currency)}"
        case Call(function, arguments):
            return f"{_WHOLES[function]} {listed([_inner(argument, currency) for argument in arguments], 'and')}"
        case _:
            assert_never(expression)


def _constant(value: Value, type_: Type, currency: str) -> str:
    text = amount_text(value, type_, currency)
    if type_.words:
        return spaced(text)
    return f"'{text}'" if type_.kind in ("text", "list") else text


def _inner(expression: Expression, currency: str) -> str:
    text = expression_english(expression, currency)
    return f"({text})" if isinstance(expression, Arithmetic) else text


def spaced(name: str) -> str:
    """
    Return a name as words.

    >>> spaced("history.refunds_90d")
    'history refunds 90d'
    """
    return name.replace("_", " ").replace(".", " ")


def amount_text(value: Value, type_: Type, currency: str) -> str:
    """
    Return a value as people write it, thousands with commas.

    >>> amount_text(1_200_000, Type("money"), "USD")
    '12,000 USD'
    """
    return re.sub(r"(?<=\d)_(?=\d)", ",", value_text(value, type_, currency))


def condition_lines(condition: Condition, currency: str) -> list[tuple[str, str]]:
    """Return when a part of a policy holds, and unless what: each with its word."""
    if condition == Truth(value=True):
        return [("Always", "")]
    if isinstance(condition, Not) and not isinstance(condition.part, Known | Compare):
        return [("Unless", condition_english(condition.part, currency))]
    if isinstance(condition, And) and isinstance(condition.parts[-1], Not):
        *rest, last = condition.parts
        assert isinstance(last, Not)
        when = rest[0] if len(rest) == 1 else And(tuple(rest))
        if not isinstance(last.part, Known | Compare):
            return [("When", condition_english(when, currency)), ("Unless", condition_english(last.part, currency))]
    return [("When", condition_english(condition, currency))]


def consequences(rule: Rule, tree: PolicyTree) -> str:
    """Return what follows from a rule, decision by decision."""
    told: list[str] = []
    for name, outcome in rule.outcomes.items():
        spec = tree.decisions[name]
        values = [
            f"{spaced(value)}: {expression_english(rule.values[value], tree.currency)}"
            for value in spec.values
            if value in rule.values
        ]
        more = f" ({'; '.join(values)})" if values else ""
        told.append(f"{title_of(spec)}: {expression_english(outcome, tree.currency)}{more}")
    return ". ".join(told)


def title_of(spec: DecisionSpec) -> str:
    """Return what a decision is called."""
    return spec.title or spaced(spec.id)


_HIT_POLICIES: Final[Mapping[str, str]] = {
    "first": "the first rule that holds decides",
    "priority": "the strongest outcome among the rules that hold wins",
    "unique": "exactly one rule may hold",
    "any": "all rules that hold must agree",
    "collect": "the outcomes of all rules that hold are collected",
    "rule order": "the outcomes of all rules that hold are listed, in the order of the rules",
    "output order": "the outcomes of all rules that hold are listed, the strongest first",
}


def decision_english(spec: DecisionSpec, currency: str) -> str:
    """Return how a decision is made."""
    outcomes = listed([spaced(word) for word in spec.outcomes], "or") if spec.outcomes else f"a {spec.type}"
    how = (
        f"the {spec.aggregate} over all rules that hold is taken" if spec.aggregate else _HIT_POLICIES[spec.hit_policy]
    )
    default = "a human decides" if spec.default is None else expression_english(spec.default, currency)
    return f"{outcomes}; {how}; where none does: {default}."
