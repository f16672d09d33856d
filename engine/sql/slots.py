"""What a decision gives: its outcomes, or one of its values, of all its rules as one column of one type."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import lcm

import attrs
from sqlglot import exp

from ...rules.currencies import MINOR_DIGITS
from ...rules.tree import Constant, Expression, FactRef
from ...rules.types import Type, Value
from ..truth import REACH
from . import nodes
from .amounts import Amount, Reckoner
from .conditions import Conditions, divides
from .nodes import Node, number, text
from .refusals import Refused

_PLACES = 12


@attrs.frozen
class Slot:
    """
    A column for results of one type.

    Numbers are held as whole ones over *over*, lists as the place in *lists*, all else as itself.
    """

    type: Type
    conditions: Conditions
    over: int = 1
    lists: tuple[tuple[str, ...], ...] = ()
    currency: str = ""
    most: int = 0

    @classmethod
    def of(cls, type_: Type, expressions: Iterable[Expression], conditions: Conditions) -> Slot:
        """
        Return the column that holds what some expressions give.

        Raises:
            Refused: If they have no exact form.
        """
        listed = list(expressions)
        currency = conditions.facts.tree.currency
        if type_.kind == "list":
            lists = tuple(dict.fromkeys(_constant_list(expression) for expression in listed))
            return cls(type_, conditions, lists=lists, currency=currency)
        if not type_.is_ordered:
            return cls(type_, conditions)
        for expression in listed:
            if divides(expression):
                raise Refused(
                    "it divides by a fact, which leaves fractions that no column holds", "divide by a constant"
                )
        amounts = [conditions.reckoner.amount(expression) for expression in listed]
        over = lcm(*(amount.over for amount in amounts)) if amounts else 1
        most = max((amount.most * (over // amount.over) for amount in amounts), default=0)
        return cls(type_, conditions, over=over, currency=currency, most=most)

    @property
    def sql_type(self) -> str:
        """The type of what the answer shows."""
        dialect = self.conditions.facts.dialect
        match self.type.kind:
            case "money":
                return dialect.decimal.format(places=MINOR_DIGITS[self.currency])
            case "number":
                return dialect.decimal.format(places=_PLACES)
            case "integer":
                return dialect.decimal.format(places=0)
            case "duration":
                return dialect.decimal.format(places=6)
            case "date":
                return "DATE"
            case "datetime":
                return "TIMESTAMP"
            case "boolean":
                return "BOOLEAN" if dialect.name != "bigquery" else "BOOL"
            case "list":
                return dialect.list_type
            case _:
                return dialect.text_type

    def amount(self, held: Node) -> Amount:
        """Return what the column holds as a number to be reckoned with."""
        return Amount(held, self.most, self.over)

    @property
    def is_ordered(self) -> bool:
        """Whether results are numbers."""
        return self.type.is_ordered

    def node(self, expression: Expression) -> Node:
        """Return one result as the column holds it; NULL where a fact that it needs is missing, or where it has no value."""
        if self.type.kind == "list":
            return number(self.lists.index(_constant_list(expression)))
        if not self.type.is_ordered:
            return self.conditions.value(expression)
        return self.ordered(self._reckoner.amount(expression), expression)

    @property
    def _reckoner(self) -> Reckoner:
        return self.conditions.reckoner

    def ordered(self, amount: Amount, expression: Expression) -> Node:
        """Return an amount over the divisor of the column, NULL where it is beyond the calendar."""
        if amount.constant is not None:
            return number(int(amount.constant * self.over))
        found = self._reckoner.aligned(amount, self.over)
        if self.type.kind not in REACH or isinstance(expression, FactRef):
            return found
        low, high = REACH[self.type.kind]
        if amount.most * (self.over // amount.over) <= min(-low, high) * self.over:
            return found
        return nodes.chosen([(nodes.between(found, number(low * self.over), number(high * self.over)), found)])

    def constant(self, value: Value) -> Node:
        """Return a canonical value as the column holds it."""
        if isinstance(value, bool):
            return nodes.truth(value)
        if isinstance(value, str):
            return text(value)
        assert not isinstance(value, tuple)
        return number(int(Fraction(value) * self.over))

    def waits_for(self, expression: Expression) -> list[str]:
        """Return the facts for want of which an expression may have no value, in the order in which they are met."""
        from ...rules.normal import facts_in

        return [name for name in facts_in(expression) if self.conditions.facts.may_be_missing(name)]

    def may_be_null(self, expression: Expression) -> bool:
        """Whether an expression may have no value."""
        return not isinstance(expression, Constant) and (
            bool(self.waits_for(expression)) or self.may_be_beyond(expression)
        )

    def may_be_beyond(self, expression: Expression) -> bool:
        """Whether an expression may come to what is beyond the calendar, and so have no value."""
        return self.type.kind in REACH and not isinstance(expression, Constant | FactRef)

    # -- as the answer shows it

    def shown(self, held: Node) -> Node:
        """Return what the column holds as the answer shows it."""
        dialect = self.conditions.facts.dialect
        match self.type.kind:
            case "list":
                if len(self.lists) == 1:
                    return nodes.chosen([(nodes.is_known(held), dialect.list_of(self.lists[0]))])
                whens = [
                    (nodes.compared("=", held, number(at)), dialect.list_of(one)) for at, one in enumerate(self.lists)
                ]
                return nodes.chosen(whens)
            case "money":
                return self.decimal(self.rounded(held), MINOR_DIGITS[self.currency])
            case "duration":
                return self.decimal(nodes.own(held) if 10**6 % self.over == 0 else held, 6)
            case "number":
                return self.decimal(held, _PLACES)
            case "integer":
                return nodes.cast(held, dialect.decimal.format(places=0))
            case "date":
                return nodes.cast(dialect.date_of(dialect.wide(held)), "DATE")
            case "datetime":
                return dialect.moment_of(held)
            case _:
                return nodes.own(held)

    def decimal(self, held: Node, places: int) -> Node:
        """Return a whole number over the divisor of the column as a decimal."""
        dialect = self.conditions.facts.dialect
        over = 10**places if self.type.kind == "money" else self.over
        if over == 1:
            return nodes.cast(held, dialect.decimal.format(places=places))
        if 10**places % over:
            return self._decimal_rounded(held, places)
        by = 10**places // over
        scaled = held if by == 1 else nodes.combined("*", held, number(by))
        unit = f"0.{'0' * (places - 1)}1"
        one = exp.Var(this=f"BIGNUMERIC '{unit}'") if dialect.name == "bigquery" else number(unit)
        return nodes.cast(nodes.combined("*", dialect.wide(scaled), one), dialect.decimal.format(places=places))

    def _decimal_rounded(self, held: Node, places: int) -> Node:
        scaled = nodes.combined("*", held, number(10**places))
        finer = attrs.evolve(self, over=10**places)
        return finer.decimal(self.rounded(scaled), places)

    def rounded(self, held: Node) -> Node:
        """Return the whole number that is nearest, the even one of two; this is how money is shown."""
        if self.over == 1:
            return nodes.own(held)
        dialect, over = self.conditions.facts.dialect, number(self.over)
        wide = dialect.wide(held)
        rest = nodes.combined("%", nodes.combined("+", nodes.combined("%", wide, over), over), over)
        whole = dialect.quotient(nodes.combined("-", wide, rest), over)
        twice = nodes.combined("*", number(2), rest)
        odd = nodes.compared("!=", nodes.combined("%", whole, number(2)), number(0))
        up = nodes.any_of([nodes.compared(">", twice, over), nodes.all_of([nodes.compared("=", twice, over), odd])])
        return nodes.combined("+", whole, nodes.counted(up))


def _constant_list(expression: Expression) -> tuple[str, ...]:
    assert isinstance(expression, Constant) and isinstance(expression.value, tuple)
    return expression.value
