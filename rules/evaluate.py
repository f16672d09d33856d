"""The value of an expression and the truth of one atomic test, once the facts in them are settled."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, assert_never

import attrs

from .patterns import matches
from .regions import compared, contains
from .tree import Arithmetic, Call, Compare, Constant, Expression, FactRef, TextTest
from .types import DATE, NUMBER, Number, Type, Value, exact


class Undefined(ArithmeticError):
    """A division by zero: the expression has no value, and the test that it stands in is unknown."""


@attrs.frozen
class Settled:
    """Facts by name with their canonical values, and the day of the decision as an ordinal."""

    values: Mapping[str, Value]
    today: int


def value_of(expression: Expression, settled: Settled) -> Value:
    """
    Return the canonical value of an expression.

    Raises:
        Undefined: If it divides by zero.
        KeyError: If it needs a fact that is not settled; its name.
    """
    match expression:
        case Constant(value):
            return value
        case FactRef(name):
            return settled.values[name]
        case Arithmetic(operator, left, right):
            a, b = _number(value_of(left, settled)), _number(value_of(right, settled))
            if operator == "/" and b == 0:
                raise Undefined("division by zero")
            return combined(operator, a, b, left.type, right.type)
        case Call(function, arguments):
            return _called(function, [value_of(argument, settled) for argument in arguments], settled)
        case _:
            assert_never(expression)


def combined(operator: Literal["+", "-", "*", "/"], a: Number, b: Number, left: Type, right: Type) -> Number:
    """Combine two canonical numbers of given types exactly; *b* is not 0 where the operator divides."""
    if left.kind == "datetime":
        b = exact(Fraction(b) * 1_000_000)
    match operator:
        case "+":
            return exact(a + b)
        case "-":
            difference = exact(a - b)
            return difference * 86_400 if left == right == DATE else difference
        case "*":
            return exact(a * b)
        case "/":
            return exact(Fraction(a) / Fraction(b))


def _called(function: str, values: list[Value], settled: Settled) -> Value:
    if function == "count":
        assert isinstance(values[0], tuple)
        return len(values[0])
    numbers = [_number(value) for value in values]
    match function:
        case "min":
            return min(numbers)
        case "max":
            return max(numbers)
        case "abs":
            return max(numbers[0], -numbers[0])
        case _:
            return settled.today - numbers[0]


def _number(value: Value) -> Number:
    assert isinstance(value, int | Fraction)
    return value


def test_holds(test: Compare | TextTest, settled: Settled) -> bool:
    """
    Say whether an atomic test holds.

    Raises:
        Undefined: If it divides by zero.
        KeyError: If it needs a fact that is not settled; its name.
    """
    if isinstance(test, TextTest):
        subject, pattern = value_of(test.subject, settled), value_of(test.pattern, settled)
        return text_holds(test.operator, subject, str(pattern))
    left, right = value_of(test.left, settled), value_of(test.right, settled)
    type_ = test.left.type
    if type_.is_numeric:
        type_ = NUMBER
    return contains(compared(test.operator, right, type_), left)


def text_holds(operator: str, subject: Value, pattern: str) -> bool:
    """Say whether a text, or for `contains` a list, passes a text test."""
    if isinstance(subject, tuple):
        return pattern in subject
    text = str(subject)
    match operator:
        case "contains":
            return pattern in text
        case "starts with":
            return text.startswith(pattern)
        case "ends with":
            return text.endswith(pattern)
        case _:
            return matches(pattern, text)
