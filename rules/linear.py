"""Comparisons solved for one fact: `2 * loss + 5 USD > 105 USD` is `loss > 50 USD`, a test on one fact with a threshold."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import attrs

from .regions import Operator
from .tree import Arithmetic, Call, Compare, Constant, Expression, FactRef
from .types import Number, exact

MIRRORED: Final[dict[Operator, Operator]] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@attrs.frozen
class Linear:
    """A sum of multiples of facts and a constant."""

    factors: tuple[tuple[str, Number], ...]
    constant: Number

    @classmethod
    def of(cls, factors: dict[str, Number], constant: Number) -> Linear:
        """Return the sum without the facts that cancel out."""
        return cls(tuple((name, factor) for name, factor in factors.items() if factor), constant)


def linear(expression: Expression) -> Linear | None:
    """Return an ordered expression as a linear sum, or None where it is none (a function, a product of facts)."""
    match expression:
        case Constant(value):
            return Linear((), value) if isinstance(value, int | Fraction) else None
        case FactRef(name):
            return Linear(((name, 1),), 0)
        case Arithmetic():
            return _combined(expression)
        case Call():
            return None


def _combined(expression: Arithmetic) -> Linear | None:
    left, right = linear(expression.left), linear(expression.right)
    if left is None or right is None or "datetime" in (expression.left.type.kind, expression.right.type.kind):
        return None
    match expression.operator:
        case "+":
            return _sum(left, right, 1)
        case "-" if expression.left.type.kind == "date":
            return _scaled(_sum(left, right, -1), 86_400)
        case "-":
            return _sum(left, right, -1)
        case "*" if not right.factors:
            return _scaled(left, right.constant)
        case "*" if not left.factors:
            return _scaled(right, left.constant)
        case "/" if not right.factors and right.constant:
            return _scaled(left, Fraction(1) / Fraction(right.constant))
        case _:
            return None


def _sum(left: Linear, right: Linear, sign: int) -> Linear:
    factors = dict(left.factors)
    for name, factor in right.factors:
        factors[name] = exact(factors.get(name, 0) + sign * factor)
    return Linear.of(factors, exact(left.constant + sign * right.constant))


def _scaled(sum_: Linear, by: Number) -> Linear:
    return Linear.of({name: exact(factor * by) for name, factor in sum_.factors}, exact(sum_.constant * by))


def solved(test: Compare) -> tuple[str | None, Operator, Number] | None:
    """
    Solve a comparison of ordered values for the one fact in it.

    Returns the fact, the operator and the threshold; a fact of None where all facts cancel out, and then the comparison is that
    of 0 with the threshold. None where it is not linear or has several facts.
    """
    left, right = linear(test.left), linear(test.right)
    if left is None or right is None:
        return None
    difference = _sum(left, right, -1)
    if len(difference.factors) > 1:
        return None
    if not difference.factors:
        return None, test.operator, exact(-difference.constant)
    ((name, factor),) = difference.factors
    operator = test.operator if factor > 0 else MIRRORED[test.operator]
    return name, operator, exact(Fraction(-difference.constant) / Fraction(factor))
