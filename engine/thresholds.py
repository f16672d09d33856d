"""Where a test over several facts changes, once all of them but one are settled: the thresholds that it sets that one fact.

`loss > 0.5 * history.lifetime_value` says nothing about `loss` alone; with a lifetime value of 200 USD it cuts it at 100 USD.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import product
from typing import Final, TypeAlias

import attrs

from ..rules.evaluate import Settled
from ..rules.regions import Cut
from ..rules.tree import (
    Arithmetic,
    Atom,
    Call,
    Compare,
    Conjunct,
    Constant,
    Expression,
    FactRef,
    FactTest,
    NormalForm,
    Whole,
)
from ..rules.types import DATE, DISCRETE, Number, Type, exact

#: Coefficients of a polynomial in the one open fact, the constant first.
Polynomial: TypeAlias = tuple[Fraction, ...]

#: The most pieces that `min`, `max` and `abs` may make of one side.
_MOST: Final = 64
_ONE: Final = (Fraction(1),)


@attrs.frozen
class Ratio:
    """A polynomial over another: what an expression is on some piece of the line."""

    over: Polynomial
    under: Polynomial = _ONE


class Unsolvable(Exception):
    """A side that is no ratio of polynomials, or needs a fact that is not settled."""


def thresholds(atoms: Iterable[Atom], fact: str, type_: Type, settled: Settled) -> tuple[Cut, ...]:
    """
    Return every cut of *fact* at which one of *atoms* may change, the other facts being as *settled* has them.

    Exact wherever the sides are linear in the fact, or ratios of such, `min`, `max` and `abs` included. A comparison with a
    square of the fact, or one that waits for another fact, sets no threshold here.
    """
    found: set[Cut] = set()
    for atom in atoms:
        if fact in atom.facts and isinstance(atom.test, Compare):
            for root in _roots(atom.test, fact, settled):
                found.update(_cuts(root, type_))
    return tuple(sorted(found))


def hidden_in(form: NormalForm) -> Iterator[Atom | FactTest]:
    """Yield the tests of a form that no column shows: its atoms, and all tests in parts that were kept whole."""
    pending: list[tuple[Conjunct, bool]] = [(part, False) for disjunct in form.disjuncts for part in disjunct]
    while pending:
        part, is_inner = pending.pop()
        if isinstance(part, Whole):
            pending.extend((inner, True) for disjunct in part.form.disjuncts for inner in disjunct)
        elif is_inner or isinstance(part, Atom):
            yield part


def _cuts(root: Number, type_: Type) -> tuple[Cut, ...]:
    if type_.kind in DISCRETE:
        return (math.ceil(root), 0), (math.floor(root) + 1, 0)
    return (root, 0), (root, 1)


def solves(atom: Atom, fact: str, settled: Settled) -> bool:
    """Whether every threshold that a comparison sets a fact is found: it is linear in the fact, or a ratio of such."""
    if not isinstance(atom.test, Compare):
        return False
    return all(len(polynomial) <= 2 for polynomial in _zeros(atom.test, fact, settled))


def _roots(test: Compare, fact: str, settled: Settled) -> Iterator[Number]:
    """Yield where the sides may meet or have no value."""
    for polynomial in _zeros(test, fact, settled):
        if len(polynomial) == 2:
            yield exact(-polynomial[0] / polynomial[1])


def _zeros(test: Compare, fact: str, settled: Settled) -> Iterator[Polynomial]:
    """Yield the polynomials at whose zeros a comparison may change: on each piece the difference of its sides, and what divides."""
    try:
        left, right = _branches(test.left, fact, settled), _branches(test.right, fact, settled)
    except Unsolvable:
        return
    for one, other in product(left, right):
        yield _add(_times(one.over, other.under), _times(other.over, one.under), -1)
        yield one.under
        yield other.under


def _branches(expression: Expression, fact: str, settled: Settled) -> list[Ratio]:
    """Return what an expression is, on one piece of the line or another."""
    match expression:
        case Constant(value):
            return [_constant(value)]
        case FactRef(name):
            if name == fact:
                return [Ratio((Fraction(0), Fraction(1)))]
            if name not in settled.values:
                raise Unsolvable
            return [_constant(settled.values[name])]
        case Arithmetic():
            sides = _branches(expression.left, fact, settled), _branches(expression.right, fact, settled)
            return _few([_combined(expression, one, other) for one, other in product(*sides)])
        case Call(function, arguments):
            inner = [ratio for argument in arguments for ratio in _branches(argument, fact, settled)]
            return _few(list(_called(function, inner, settled)))


def _few(found: list[Ratio]) -> list[Ratio]:
    if len(found) > _MOST:
        raise Unsolvable
    return found


def _constant(value: object) -> Ratio:
    if not isinstance(value, int | Fraction):
        raise Unsolvable
    return Ratio((Fraction(value),) if value else ())


def _called(function: str, inner: Iterable[Ratio], settled: Settled) -> Iterator[Ratio]:
    for ratio in inner:
        match function:
            case "min" | "max":
                yield ratio
            case "abs":
                yield from (ratio, Ratio(_times(ratio.over, (Fraction(-1),)), ratio.under))
            case "days_since":
                today = Ratio((Fraction(settled.today),))
                yield Ratio(_add(_times(today.over, ratio.under), ratio.over, -1), ratio.under)
            case _:
                raise Unsolvable


def _combined(expression: Arithmetic, one: Ratio, other: Ratio) -> Ratio:
    """Combine two sides as `evenhand.rules.evaluate.combined` combines their values."""
    left, right = expression.left.type, expression.right.type
    if left.kind == "datetime":
        other = Ratio(_times(other.over, (Fraction(1_000_000),)), other.under)
    match expression.operator:
        case "*":
            return Ratio(_times(one.over, other.over), _times(one.under, other.under))
        case "/":
            if not other.over:
                raise Unsolvable
            return Ratio(_times(one.over, other.under), _times(one.under, other.over))
        case operator:
            sign = 1 if operator == "+" else -1
            over = _add(_times(one.over, other.under), _times(other.over, one.under), sign)
            days = operator == "-" and left == right == DATE
            return Ratio(_times(over, (Fraction(86_400),)) if days else over, _times(one.under, other.under))


def _times(one: Polynomial, other: Polynomial) -> Polynomial:
    found = [Fraction(0)] * max(0, len(one) + len(other) - 1)
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            found[i + j] += a * b
    return _trimmed(found if one and other else [])


def _add(one: Polynomial, other: Polynomial, sign: int) -> Polynomial:
    found = [Fraction(0)] * max(len(one), len(other))
    for i, a in enumerate(one):
        found[i] += a
    for i, b in enumerate(other):
        found[i] += sign * b
    return _trimmed(found)


def _trimmed(coefficients: list[Fraction]) -> Polynomial:
    while coefficients and not coefficients[-1]:
        coefficients.pop()
    return tuple(coefficients)
