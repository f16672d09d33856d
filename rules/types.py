"""The types of the language, and the facts that carry them.

Inside the engine every value is exact and plain, so that tests compare ints, Fractions, words and booleans only:

========== ==============================================================
kind       canonical value
========== ==============================================================
number     int, or Fraction where it is not whole
integer    int
money      int or Fraction: minor units of the policy's currency
duration   int or Fraction: seconds
date       int: proleptic ordinal, as `datetime.date.toordinal`
datetime   int: microseconds since 1970-01-01 UTC
text       str
scale      str, one of the type's words (ordered, least first)
boolean    bool
list       tuple of str
========== ==============================================================
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, Literal, TypeAlias

import attrs

Kind: TypeAlias = Literal[
    "number", "integer", "money", "text", "boolean", "scale", "date", "datetime", "duration", "list"
]
Number: TypeAlias = int | Fraction
Value: TypeAlias = Number | str | tuple[str, ...]  # bool is an int to the type checker

ORDERED: Final = frozenset({"number", "integer", "money", "date", "datetime", "duration"})
#: Ordered kinds whose neighbours are one apart: nothing lies between 4 and 5.
DISCRETE: Final = frozenset({"integer", "date", "datetime"})

#: Numbers beyond this size are refused at every door, so that arithmetic stays cheap.
LARGEST: Final = 10**30


@attrs.frozen
class Type:
    """
    A type of the language.

    *words* are the words of a scale, in order, or of a closed text, as declared; both are finite types.

    >>> Type("scale", ("none", "rude")).is_finite
    True
    """

    kind: Kind
    words: tuple[str, ...] = ()

    @property
    def is_finite(self) -> bool:
        """Whether all values can be listed: booleans, scales, closed texts."""
        return self.kind == "boolean" or bool(self.words)

    @property
    def is_ordered(self) -> bool:
        """Whether values are exact numbers on a line."""
        return self.kind in ORDERED

    @property
    def is_numeric(self) -> bool:
        """Whether values are numbers without a unit."""
        return self.kind in ("number", "integer")

    @property
    def domain(self) -> tuple[Value, ...]:
        """All values of a finite type, least first."""
        return (False, True) if self.kind == "boolean" else self.words

    def __str__(self) -> str:
        if self.kind == "scale":
            return f"scale {' < '.join(self.words)}"
        if self.words:
            return f"one of {', '.join(self.words)}"
        return "list of text" if self.kind == "list" else self.kind


NUMBER: Final = Type("number")
INTEGER: Final = Type("integer")
MONEY: Final = Type("money")
TEXT: Final = Type("text")
BOOLEAN: Final = Type("boolean")
DATE: Final = Type("date")
DATETIME: Final = Type("datetime")
DURATION: Final = Type("duration")
LIST: Final = Type("list")

#: The names by which an owner writes the types that need no words.
NAMED_TYPES: Final[dict[str, Type]] = {
    "number": NUMBER,
    "integer": INTEGER,
    "money": MONEY,
    "text": TEXT,
    "boolean": BOOLEAN,
    "date": DATE,
    "datetime": DATETIME,
    "duration": DURATION,
    "list of text": LIST,
}


def exact(value: Fraction | int) -> Number:
    """
    Return *value* as an int where it is whole.

    >>> exact(Fraction(4, 2)), exact(Fraction(1, 3))
    (2, Fraction(1, 3))
    """
    if isinstance(value, Fraction) and value.denominator == 1:
        return value.numerator
    return value


def ratio(numerator: int, denominator: int) -> Number:
    """
    Return an exact quotient, as an int where it is whole.

    >>> ratio(450, 100), ratio(400, 100)
    (Fraction(9, 2), 4)
    """
    whole, rest = divmod(numerator, denominator)
    return Fraction(numerator, denominator) if rest else whole


@attrs.frozen
class Fact:
    """
    One fact that an incident may state.

    *low* and *high* are inclusive canonical bounds of an ordered type, None where there is none; *assume* is the canonical
    value taken where the fact is missing, None where nothing is assumed.
    """

    name: str
    type: Type
    about: str = ""
    ask: str = ""
    unit: str = ""
    low: Number | None = None
    high: Number | None = None
    assume: Value | None = None
    built_in: bool = False
