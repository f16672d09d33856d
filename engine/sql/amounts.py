"""Exact arithmetic in SQL: every number is a whole one over a divisor that is known beforehand, so that nothing is rounded.

A division by what depends on facts is kept as numerator and divisor, and comparisons multiply crosswise; where the divisor is 0
the comparison is NULL, as the language has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import lcm

import attrs

from ...rules.linear import MIRRORED
from ...rules.regions import Operator
from ...rules.tree import Arithmetic, Call, Constant, Expression, FactRef
from ...rules.types import DATE
from . import nodes
from .dialects import Dialect
from .nodes import Node, number
from .refusals import Refused


@attrs.frozen
class Amount:
    """
    A canonical number: *node*, which is whole and at most *most* from 0, divided by *over* and, where there is one, by *by*.

    *zeros* are the divisors in it that depend on facts: where one of them is 0, there is no number. *constant* is its value
    where that is known beforehand.
    """

    node: Node
    most: int
    over: int = 1
    by: Node | None = None
    by_most: int = 1
    zeros: tuple[Node, ...] = ()
    constant: Fraction | None = None

    @classmethod
    def of(cls, value: Fraction | int) -> Amount:
        """Return a number that is known beforehand."""
        exact = Fraction(value)
        return cls(number(exact.numerator), abs(exact.numerator), exact.denominator, constant=exact)


@attrs.frozen
class Reckoner:
    """Turns expressions into amounts; *fact* gives the amount of a fact, *today* the ordinal of the day of the decision."""

    dialect: Dialect
    fact: Callable[[str], Amount]
    size: Callable[[str], Amount]
    today: Callable[[], Amount]

    def amount(self, expression: Expression) -> Amount:
        """
        Return an ordered expression as an amount.

        Raises:
            Refused: If the dialect cannot hold it exactly.
        """
        match expression:
            case Constant(value):
                assert isinstance(value, int | Fraction)
                return Amount.of(value)
            case FactRef(name):
                return self.fact(name)
            case Arithmetic(operator, left, right):
                a, b = self.amount(left), self.amount(right)
                if left.type.kind == "datetime":
                    b = self.times(b, Amount.of(1_000_000))
                if operator == "-" and left.type == right.type == DATE:
                    return self.times(self.plus(a, b, -1), Amount.of(86_400))
                return self.combined(operator, a, b)
            case Call(function, arguments):
                return self.called(function, arguments)

    def combined(self, operator: str, a: Amount, b: Amount) -> Amount:
        """Combine two amounts."""
        match operator:
            case "+":
                return self.plus(a, b, 1)
            case "-":
                return self.plus(a, b, -1)
            case "*":
                return self.times(a, b)
            case _:
                return self.divided(a, b)

    def called(self, function: str, arguments: tuple[Expression, ...]) -> Amount:
        """Apply a function of the language."""
        if function == "count":
            (listed,) = arguments
            if not isinstance(listed, FactRef):
                assert isinstance(listed, Constant) and isinstance(listed.value, tuple)
                return Amount.of(len(listed.value))
            return self.size(listed.name)
        amounts = [self.amount(argument) for argument in arguments]
        if function == "days_since":
            return self.plus(self.today(), amounts[0], -1)
        if any(amount.by is not None for amount in amounts):
            raise Refused(f"`{function}` of a division by a fact has no exact form there", "compare without it")
        if function == "abs":
            (one,) = amounts
            constant = None if one.constant is None else abs(one.constant)
            return attrs.evolve(one, node=nodes.call("ABS", one.node), constant=constant)
        return self.extreme("LEAST" if function == "min" else "GREATEST", amounts)

    def extreme(self, function: str, amounts: Sequence[Amount]) -> Amount:
        """Return the least or the greatest; NULL where one is NULL, which the dialects do not agree on."""
        over = lcm(*(amount.over for amount in amounts))
        aligned = [self.aligned(amount, over) for amount in amounts]
        unknown = nodes.any_of(nodes.is_null(node) for node in aligned)
        most = max(amount.most * (over // amount.over) for amount in amounts)
        wide = [self.dialect.wide(node) for node in aligned]
        return Amount(nodes.chosen([(unknown, nodes.null())], nodes.call(function, *wide)), most, over)

    def aligned(self, amount: Amount, over: int) -> Node:
        """Return the numerator over a multiple of its divisor."""
        return self.scaled(amount.node, amount.most, over // amount.over)

    def scaled(self, node: Node, most: int, by: int) -> Node:
        """Multiply a whole number by another that is known."""
        self.bounded(most * abs(by))
        return nodes.own(node) if by == 1 else nodes.combined("*", node, number(by))

    def bounded(self, most: int) -> int:
        """
        Return a bound that the dialect's whole numbers hold.

        Raises:
            Refused: If they do not.
        """
        if most >= 10**self.dialect.digits:
            why = (
                f"it takes whole numbers of {len(str(most))} digits, and {self.dialect.title} has {self.dialect.digits}"
            )
            raise Refused(why, "reckon with fewer facts or with rounder numbers")
        return most

    def plus(self, a: Amount, b: Amount, sign: int) -> Amount:
        """Add or subtract."""
        if a.constant is not None and b.constant is not None:
            return Amount.of(a.constant + sign * b.constant)
        over = lcm(a.over, b.over)
        left = self._times(self.aligned(a, over), b.by, a.most * (over // a.over) * b.by_most)
        right = self._times(self.aligned(b, over), a.by, b.most * (over // b.over) * a.by_most)
        most = self.bounded(a.most * (over // a.over) * b.by_most + b.most * (over // b.over) * a.by_most)
        node = nodes.combined("+" if sign > 0 else "-", left, right)
        return self._over(Amount(node, most, over), a, b)

    def times(self, a: Amount, b: Amount) -> Amount:
        """Multiply."""
        if a.constant is not None and b.constant is not None:
            return Amount.of(a.constant * b.constant)
        if a.constant == 1:
            return b
        if b.constant == 1:
            return a
        node = b.node if a.constant == Fraction(1, a.over) else a.node if b.constant == Fraction(1, b.over) else None
        node = nodes.combined("*", a.node, b.node) if node is None else node
        return self._over(Amount(node, self.bounded(a.most * b.most), a.over * b.over), a, b)

    def divided(self, a: Amount, b: Amount) -> Amount:
        """Divide."""
        if b.constant is not None:
            if b.constant == 0:
                return Amount(nodes.null(), 0)
            return self.times(a, Amount.of(1 / b.constant))
        upside = self._times(self.scaled(a.node, a.most, b.over), b.by, a.most * b.over * b.by_most)
        most = self.bounded(a.most * b.over * b.by_most)
        divisor = nodes.own(b.node) if a.by is None else nodes.combined("*", a.by, b.node)
        by_most = self.bounded(a.by_most * b.most)
        return Amount(upside, most, a.over, divisor, by_most, (*a.zeros, *b.zeros, b.node))

    def _times(self, node: Node, by: Node | None, most: int) -> Node:
        self.bounded(most)
        return node if by is None else nodes.combined("*", node, by)

    def _over(self, amount: Amount, a: Amount, b: Amount) -> Amount:
        """Return an amount over the divisors of the two that it was made of."""
        by = a.by if b.by is None else b.by if a.by is None else nodes.combined("*", a.by, b.by)
        return attrs.evolve(amount, by=by, by_most=self.bounded(a.by_most * b.by_most), zeros=(*a.zeros, *b.zeros))

    def compared(self, operator: Operator, a: Amount, b: Amount) -> Node:
        """Hold two amounts against each other, crosswise."""
        over = lcm(a.over, b.over)
        left = self._times(self.aligned(a, over), b.by, a.most * (over // a.over) * b.by_most)
        right = self._times(self.aligned(b, over), a.by, b.most * (over // b.over) * a.by_most)
        plain = nodes.compared(operator, left, right)
        if a.by is None and b.by is None:
            return plain
        sign = a.by if b.by is None else b.by if a.by is None else nodes.combined("*", a.by, b.by)
        assert sign is not None
        zero = number(0)
        whens = [(nodes.compared("=", divisor, zero), nodes.null()) for divisor in (*a.zeros, *b.zeros)]
        whens.append((nodes.compared(">", sign, zero), plain))
        whens.append((nodes.compared("<", sign, zero), nodes.compared(MIRRORED[operator], left, right)))
        return nodes.chosen(whens)
