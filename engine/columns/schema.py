"""The columns of an answer: their names and types, and canonical values as these types hold them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

import attrs

from ...rules.currencies import MINOR_DIGITS
from ...rules.tree import DecisionSpec, PolicyTree
from ...rules.types import INTEGER, Type, Value
from ..decision import Outcome
from ..truth import is_within_reach
from .library import ArrowType, Schema, pa

if TYPE_CHECKING:
    from ..policy import Policy

#: What a column of an answer says of its decision; `value` is one of the decision's values.
Part: TypeAlias = Literal[
    "outcome", "status", "rule", "value", "missing", "rules", "possible", "unsettled", "rivals", "side", "problems"
]

STATUSES: Final = ("decided", "no-rule", "unsettled", "conflict", "guard", "not-in-force", "undefined")
#: How many decimal places a number has in an answer.
PLACES: Final = 12
_SHORT_SIDES: Final = ("obligations",)
_SIDES: Final = ("obligations", "possible_obligations", "breaches", "possible_breaches", "assumed")
_MOST: Final = 10**38
_INT64: Final = range(-(2**63), 2**63)


@attrs.frozen
class Column:
    """One column of an answer: *decision* is empty for what goes with all of them, *name* that of a value or a side."""

    title: str
    part: Part
    type: ArrowType
    decision: str = ""
    name: str = ""


def columns_of(tree: PolicyTree, *, detail: bool) -> tuple[Column, ...]:
    """Return the columns of an answer, in order; a title that is taken gets a line under it."""
    found: list[Column] = []
    taken: set[str] = set()
    for column in (*_decided(tree, detail=detail), *_beside(detail=detail)):
        title = column.title
        while title in taken:
            title += "_"
        taken.add(title)
        found.append(attrs.evolve(column, title=title))
    return tuple(found)


def _decided(tree: PolicyTree, *, detail: bool) -> Iterator[Column]:
    word, texts = pa.dictionary(pa.int32(), pa.string()), pa.list_(pa.string())
    for name, spec in tree.decisions.items():
        yield Column(name, "outcome", outcome_type(spec, tree.currency), name)
        yield Column(f"{name}.status", "status", word, name)
        yield Column(f"{name}.rule", "rule", word, name)
        yield Column(f"{name}.missing", "missing", texts, name)
        if detail:
            parts: tuple[Part, ...] = ("rules", "possible", "unsettled", "rivals")
            yield from (Column(f"{name}.{part}", part, texts, name) for part in parts)
        for value, type_ in spec.values.items():
            plain = plain_type(type_, tree.currency)
            yield Column(f"{name}.{value}", "value", pa.list_(plain) if spec.collects else plain, name, value)


def _beside(*, detail: bool) -> Iterator[Column]:
    for name in _SIDES if detail else _SHORT_SIDES:
        yield Column(name, "side", pa.list_(pa.string()), name=name)
    yield Column("problems", "problems", pa.string())


def answer_schema(policy: Policy, detail: bool = False) -> Schema:  # noqa: FBT001, FBT002 because it reads as the table's own
    """
    Return the schema of the answers of a policy.

    >>> from evenhand import Policy
    >>> answer_schema(Policy.load("house")).field("refund.refund_amount").type
    Decimal128Type(decimal128(38, 2))
    """
    return schema_of(columns_of(policy.tree, detail=detail))


def schema_of(columns: Iterable[Column]) -> Schema:
    """Return columns as a schema."""
    return pa.schema([pa.field(column.title, column.type) for column in columns])


def is_listed(spec: DecisionSpec) -> bool:
    """Whether the outcome of a decision is a list."""
    return spec.collects and spec.aggregate is None


def shown_type(spec: DecisionSpec) -> Type:
    """Return the type of a decision's outcome, of one of them where it is a list."""
    return INTEGER if spec.aggregate == "count" else spec.type


def is_worded(spec: DecisionSpec) -> bool:
    """Whether the outcome of a decision is a word, `refer` where nobody decides."""
    return bool(shown_type(spec).words) and not is_listed(spec)


def outcome_type(spec: DecisionSpec, currency: str) -> ArrowType:
    """Return the type of a decision's column."""
    if is_worded(spec):
        return pa.dictionary(pa.int32(), pa.string())
    plain = plain_type(shown_type(spec), currency)
    return pa.list_(plain) if is_listed(spec) else plain


def plain_type(type_: Type, currency: str) -> ArrowType:
    """Return the Arrow type that holds the values of a type."""
    match type_.kind:
        case "money":
            return pa.decimal128(38, MINOR_DIGITS[currency])
        case "number":
            return pa.decimal128(38, PLACES)
        case "integer":
            return pa.int64()
        case "boolean":
            return pa.bool_()
        case "date":
            return pa.date32()
        case "datetime":
            return pa.timestamp("us", "UTC")
        case "duration":
            return pa.duration("us")
        case "list":
            return pa.list_(pa.string())
        case _:
            return pa.string()


def places_of(type_: Type, currency: str) -> int:
    """Return by how many decimal places the whole numbers of a decimal column are moved, from the canonical value."""
    return MINOR_DIGITS[currency] if type_.kind == "money" else PLACES


def plain_value(value: Value, type_: Type, currency: str) -> object:
    """
    Return a canonical value as its Arrow type takes it, rounded half to even; None where it is too large for that.

    >>> plain_value(450, Type("money"), "USD")
    Decimal('4.50')
    """
    if isinstance(value, str | tuple) or type_.kind == "boolean":
        return value
    match type_.kind:
        case "money":
            return _decimal(round(value), MINOR_DIGITS[currency])
        case "number":
            return _decimal(round(value * 10**PLACES), PLACES)
        case "integer":
            assert isinstance(value, int)  # because a checked policy gives no fraction here
            return value if value in _INT64 else None
        case _ if not is_within_reach(value, type_):
            return None
        case "duration":
            micros = round(value * 1_000_000)
            return dt.timedelta(microseconds=micros) if micros in _INT64 else None
        case "date":
            return dt.date.fromordinal(int(value))
        case _:
            return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=int(value))


def _decimal(unscaled: int, places: int) -> Decimal | None:
    return Decimal(f"{unscaled}E-{places}") if abs(unscaled) < _MOST else None


def plain_outcome(outcome: Outcome, type_: Type, currency: str, *, listed: bool) -> object:
    """Return a canonical outcome or value as its column takes it."""
    if not listed:
        return plain_value(cast("Value", outcome), type_, currency)  # because only lists hold several
    assert isinstance(outcome, tuple)
    return [plain_value(item, type_, currency) for item in outcome]
