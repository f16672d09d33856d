"""Quantities: what one event brings to a comparison with another, as a value made from its fields alone.

A comparison of two events is sound in the engine if each side is a whole number that comes with its event, so that is all that
the engine ever gets: `views >= 2 * first.views + 1` compares the quantity `views` of one event with `2 * views + 1` of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Final, Literal, TypeAlias, assert_never

import attrs

from ....rules.evaluate import Settled, Undefined, value_of
from ....rules.linear import MIRRORED, Linear, linear
from ....rules.normal import facts_in
from ....rules.regions import Operator
from ....rules.tree import Arithmetic, Atom, Call, Compare, Constant, Expression, FactRef
from ....rules.types import Number, Type, Value, exact

NEGATED: Final[Mapping[Operator, Operator]] = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
#: Only values up to here are handed to the engine, whose whole numbers have 64 bits.
LARGEST: Final = 2**53
#: How a value becomes a whole number: as it is, by its place on the scale, or by a code for each value, which keeps no order.
Encoding: TypeAlias = Literal["number", "place", "code"]


@attrs.frozen
class Quantity:
    """A value made from the fields of one event, by their own names; *words* are those of a scale."""

    value: Linear | Expression
    encoding: Encoding
    words: tuple[str, ...] = ()

    def of(self, fields: Mapping[str, Value], today: int) -> Value | None:
        """Return the value for an event's fields, None where one is missing or nothing can be made of them."""
        try:
            if not isinstance(self.value, Linear):
                return value_of(self.value, Settled(fields, today))
            total: Number = self.value.constant
            for name, factor in self.value.factors:
                number = fields[name]
                assert isinstance(number, int | Fraction)
                total += factor * number
            return exact(total)
        except (KeyError, Undefined):
            return None

    def whole(self, value: Value, codes: dict[Value, int]) -> int | None:
        """Return a value as the engine gets it, None where it can get none; *codes* are those given out so far."""
        if self.encoding == "code":
            return codes.setdefault(value, len(codes) + 1)
        if self.encoding == "place":
            return self.words.index(str(value))
        return int(value) if isinstance(value, int) and abs(value) <= LARGEST else None


@attrs.frozen
class Joint:
    """A comparison of two events: a quantity of the later one, on the left, with one of the event named *alias*."""

    own: Quantity
    operator: Operator
    alias: str
    other: Quantity


class Unsound(Exception):
    """Why something is not handed to the engine."""


def joint(atom: Atom) -> Joint:
    """
    Return a test over two events as a comparison of a quantity of each.

    Raises:
        Unsound: If it cannot be taken apart so.
    """
    test = atom.test
    if not isinstance(test, Compare):
        raise Unsound("it looks for a text in a text of another event")
    aliases = {_alias(name) for name in atom.facts} - {""}
    if len(aliases) > 1 or all(map(_alias, atom.facts)):
        raise Unsound("it compares earlier events with one another")
    (alias,) = aliases
    operator = test.operator if atom.holds else NEGATED[test.operator]
    parted = _parted(test.left, test.right, operator)
    if parted is None:
        parted = _as_sums(test.left, test.right, operator)
    own, operator, other, type_ = parted
    encoding: Encoding = "code" if operator in ("=", "!=") else "place" if type_.kind == "scale" else "number"
    return Joint(
        Quantity(bare(own), encoding, type_.words), operator, alias, Quantity(bare(other), encoding, type_.words)
    )


_Parted: TypeAlias = tuple[Linear | Expression, Operator, Linear | Expression, Type]


def _parted(left: Expression, right: Expression, operator: Operator) -> _Parted | None:
    """Return a comparison each side of which speaks of one event already."""
    sides = [{_alias(name) for name in facts_in(side)} for side in (left, right)]
    if any(len(side) != 1 for side in sides):
        return None
    return (left, operator, right, left.type) if sides[0] == {""} else (right, MIRRORED[operator], left, left.type)


def _as_sums(left: Expression, right: Expression, operator: Operator) -> _Parted:
    """Return a comparison of sums with what speaks of the own event on the left, in whole multiples."""
    one, two = linear(left), linear(right)
    if one is None or two is None:
        raise Unsound("it mixes fields of several events in a way that cannot be taken apart")
    factors = dict(one.factors)
    for name, factor in two.factors:
        factors[name] = factors.get(name, 0) - factor
    constant = two.constant - one.constant
    scale = lcm(*(Fraction(number).denominator for number in (*factors.values(), constant)))
    own = {name: exact(scale * factor) for name, factor in factors.items() if not _alias(name)}
    other = {name: exact(-scale * factor) for name, factor in factors.items() if _alias(name)}
    return Linear.of(own, 0), operator, Linear.of(other, exact(scale * constant)), left.type


def counts_days(atom: Atom) -> bool:
    """Whether a test depends on the day on which it is asked."""
    test = atom.test
    try:
        for side in (test.left, test.right) if isinstance(test, Compare) else (test.subject, test.pattern):
            bare(side)
    except Unsound:
        return True
    return False


def _alias(name: str) -> str:
    return name.partition(".")[0] if "." in name else ""


def bare(value: Linear | Expression) -> Linear | Expression:
    """Return a value with the fields under their own names, whichever event they are of."""
    if isinstance(value, Linear):
        return Linear(tuple((_field(name), factor) for name, factor in value.factors), value.constant)
    return _bare(value)


def _bare(expression: Expression) -> Expression:
    match expression:
        case FactRef(name, type_):
            return FactRef(_field(name), type_)
        case Arithmetic(operator, left, right, type_):
            return Arithmetic(operator, _bare(left), _bare(right), type_)
        case Call("days_since"):
            raise Unsound("it counts the days since a date")
        case Call(function, arguments, type_):
            return Call(function, tuple(map(_bare, arguments)), type_)
        case Constant():
            return expression
        case _:
            assert_never(expression)


def _field(name: str) -> str:
    return name.partition(".")[2] or name


def aliases_in(names: Sequence[str] | frozenset[str]) -> frozenset[str]:
    """
    Return the aliases of the events that some names speak of; the own event has none.

    >>> sorted(aliases_in(("views", "first.views")))
    ['', 'first']
    """
    return frozenset(map(_alias, names))
