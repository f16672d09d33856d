"""What a mapping says of one fact, as a value: the column or expression that it comes from, and how its cells are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from ....rules.diagnostics import Place
from ....rules.types import Fact, Number

#: The keys of a table that describes a column or a fact: what each takes, and for which kinds of facts it is there (all, if none).
KEYS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "column": ("a text", ()),
    "expression": ("an expression in quotes", ()),
    "blank": ("a list of texts", ()),
    "values": ("a table of values", ()),
    "otherwise": ("a text, a number, true or false", ()),
    "format": ("a text like %m/%d/%Y, or a list of them", ("date", "datetime")),
    "unit": ("a unit of time like hours", ("duration",)),
    "currency": ("a currency like USD", ("money",)),
    "scale": ("a number", ("number", "integer", "money", "duration")),
    "decimal": ("`.` or `,`", ("number", "integer", "money", "duration")),
    "thousands": ("a sign like `,`", ("number", "integer", "money", "duration")),
    "separator": ("a sign like `;`", ("list",)),
    "type": ("the name of a type", ()),
}


@attrs.frozen
class Spec:
    """
    Where a fact comes from.

    *column* is empty where *expression* says it. *values* translates cells, *otherwise* stands for those that it does not have;
    an empty text in either is a missing fact. *formats* are those of dates, *scale* multiplies numbers, *unit* and *currency* are
    what a bare number means, *decimal* and *thousands* how it is written, *separator* stands between the words of a list.
    """

    fact: Fact
    place: Place
    column: str = ""
    expression: str = ""
    blank: frozenset[str] = frozenset()
    values: Mapping[str, str] | None = None
    otherwise: str | None = None
    formats: tuple[str, ...] = ()
    unit: str = ""
    currency: str = ""
    scale: Number | None = None
    decimal: str = "."
    thousands: str = ""
    separator: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether the cells are taken as they are, blank ones excepted."""
        return not (
            self.blank
            or self.values is not None
            or self.otherwise is not None
            or self.formats
            or self.unit
            or self.currency
            or self.scale is not None
            or self.decimal != "."
            or self.thousands
            or self.separator
        )
