"""Conditions and expressions as text again, in the expression form that the language reads."""

from __future__ import annotations

from typing import Final, assert_never

from .quantities import value_text
from .syntax import RESERVED
from .tree import (
    And,
    Arithmetic,
    Call,
    Compare,
    Condition,
    Constant,
    Expression,
    FactRef,
    Known,
    Named,
    Not,
    Or,
    TextTest,
    Truth,
)
from .types import BOOLEAN, Type, Value

_TRUE: Final = Constant(value=True, type=BOOLEAN)


def condition_text(condition: Condition, currency: str) -> str:
    """
    Write a condition as an expression that reads back as the same condition.

    >>> condition_text(Not(Known("loss")), "USD")
    'loss is missing'
    """
    match condition:
        case Compare():
            return _comparison_text(condition, currency)
        case Truth(value):
            return "true" if value else "false"
        case Named(name):
            return name
        case Known(fact):
            return f"{fact} is known"
        case Not(Known(fact)):
            return f"{fact} is missing"
        case Not(Named(name)):
            return f"not {name}"
        case Not(Compare(left=FactRef(name), operator="=", right=right)) if right == _TRUE:
            return f"not {name}"
        case Not(part):
            return f"not ({condition_text(part, currency)})"
        case And(parts):
            return " and ".join(_part_text(part, currency) for part in parts)
        case Or(parts):
            return _membership_text(parts, currency) or " or ".join(_part_text(part, currency) for part in parts)
        case TextTest(operator, subject, pattern):
            return f"{expression_text(subject, currency)} {operator} {expression_text(pattern, currency)}"
        case _:
            assert_never(condition)


def _part_text(part: Condition, currency: str) -> str:
    text = condition_text(part, currency)
    bare_or = isinstance(part, Or) and not _membership_text(part.parts, currency)
    return f"({text})" if isinstance(part, And) or bare_or else text


def _membership_text(parts: tuple[Condition, ...], currency: str) -> str:
    """Write an `or` of equalities on one fact as `fact in (a, b)`; empty where it is none."""
    subjects: set[Expression] = set()
    options: list[str] = []
    for part in parts:
        if not isinstance(part, Compare) or part.operator != "=" or not isinstance(part.right, Constant):
            return ""
        if part.right.type.kind == "boolean":
            return ""
        subjects.add(part.left)
        if not part.right.name or part.right.name not in options:  # the words of a list parameter bear its one name
            options.append(expression_text(part.right, currency))
    if len(subjects) != 1 or len(parts) < 2:
        return ""
    return f"{expression_text(subjects.pop(), currency)} in ({', '.join(options)})"


def _comparison_text(test: Compare, currency: str) -> str:
    if test.operator == "=" and test.right == _TRUE and isinstance(test.left, FactRef):
        return test.left.name
    left, right = expression_text(test.left, currency), expression_text(test.right, currency)
    return f"{left} {test.operator} {right}"


def expression_text(expression: Expression, currency: str) -> str:
    """Write an expression; a constant that came from a parameter by the parameter's name."""
    match expression:
        case Constant(value, type_, name):
            return name or constant_text(value, type_, currency)
        case FactRef(name):
            return name
        case Arithmetic(operator, left, right):
            return f"{_nested_text(left, currency)} {operator} {_nested_text(right, currency)}"
        case Call(function, arguments):
            return f"{function}({', '.join(expression_text(argument, currency) for argument in arguments)})"
        case _:
            assert_never(expression)


def _nested_text(expression: Expression, currency: str) -> str:
    text = expression_text(expression, currency)
    return f"({text})" if isinstance(expression, Arithmetic) or text.startswith("-") else text


def constant_text(value: Value, type_: Type, currency: str) -> str:
    """Write a constant the way a condition reads it: texts in quotes, words of a scale bare."""
    text = value_text(value, type_, currency)
    if isinstance(value, str) and (not type_.words or not text.isidentifier() or text in RESERVED):
        quoted = value.replace("'", "''")
        return f"'{quoted}'"
    return text
