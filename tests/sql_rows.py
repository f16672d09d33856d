"""Rows for the SQL of a policy: random facts as the columns of a table, and what the reference says of each row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import attrs
from chooser import Chooser
from random_facts import Kind

from evenhand import FactError, Policy
from evenhand.engine.decision import Judgement, Verdict
from evenhand.engine.interpret import interpret
from evenhand.rules.currencies import MINOR_DIGITS
from evenhand.rules.types import Type

Row = dict[str, Any]
EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 because databases give back moments without a zone
_UNITS: Final = {"minutes": 60, "hours": 3_600, "days": 86_400}
#: The days of decisions.
MOMENTS: Final[tuple[dt.date, ...]] = (
    dt.date(2026, 11, 15),
    dt.date(2026, 11, 9),
    dt.date(2026, 11, 10),
    dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC),
    dt.datetime(2026, 11, 21, 9, 59, 59, 999_999, tzinfo=dt.UTC),
)
#: Values that no reading takes, by the kind of the fact.
BAD: Final[dict[str, tuple[Any, ...]]] = {
    "scale": ("rud", ""),
    "text": ("Red",),
    "integer": (-(10**9),),
    "money": (Decimal(-1000000),),
    "duration": (Decimal(-1),),
    "date": (dt.date(2025, 1, 1),),
}


@attrs.frozen
class Columns:
    """The columns of a table: the facts that a policy asks for, numbers as decimals or as *floats*."""

    policy: Policy
    names: tuple[str, ...]
    floats: bool

    @classmethod
    def of(cls, policy: Policy, *, floats: bool) -> Columns:
        tree = policy.tree
        return cls(policy, tuple(name for name in tree.facts if name in tree.asked), floats)

    def row(self, choose: Chooser, kinds: Sequence[Kind]) -> Row:
        """Return a random row: some facts missing, now and then one that no reading takes."""
        by_name = {kind.name: kind for kind in kinds}
        absent = choose.pick((5, 25, 50, 80))
        spoiled = choose.chance(5)
        found: Row = {}
        for name in self.names:
            kind = by_name.get(name)
            if kind is None or choose.chance(absent):
                found[name] = None
            elif spoiled and choose.chance(30):
                found[name] = self.spoiled(choose, name)
            else:
                found[name] = self.held(name, choose.pick(kind.values))
        return found

    def held(self, name: str, raw: object) -> Any:
        """Return a value as a column holds it: in the unit of the fact, with as many places as the language promises."""
        value = self.policy.read({name: raw})[name]
        fact = self.policy.tree.facts[name]
        match fact.type.kind:
            case "money" | "number" | "duration":
                digits = MINOR_DIGITS[self.policy.tree.currency]
                unit = (
                    10**digits
                    if fact.type.kind == "money"
                    else _UNITS.get(fact.unit, 1)
                    if fact.type.kind == "duration"
                    else 1
                )
                places = digits + 2 if fact.type.kind == "money" else 6
                scaled = round(Fraction(value) / unit * 10**places)  # type: ignore[arg-type]
                return self.number(Decimal(scaled).scaleb(-places))
            case "date":
                return dt.date.fromordinal(value)  # type: ignore[arg-type]
            case "datetime":
                return EPOCH + dt.timedelta(microseconds=value)  # type: ignore[arg-type]
            case "list":
                return list(value)  # type: ignore[arg-type]
            case _:
                return value

    def number(self, value: Decimal) -> Any:
        return float(value) if self.floats else value

    def spoiled(self, choose: Chooser, name: str) -> Any:
        kind = self.policy.tree.facts[name].type.kind
        if self.floats and kind in ("money", "number", "duration") and choose.chance(50):
            return choose.pick((float("nan"), float("inf"), -float("inf")))
        values = BAD.get(kind)
        if values is None:
            return None
        value = choose.pick(values)
        return self.number(value) if isinstance(value, Decimal) else value

    def kind(self, name: str) -> Type:
        return self.policy.tree.facts[name].type


def expected(policy: Policy, row: Row, as_of: dt.date) -> Row:
    """Return the answer's columns as the reference has them."""
    facts = {name: value for name, value in row.items() if value is not None}
    try:
        judgement = interpret(policy.tree, policy.read(facts), as_of)
    except FactError as error:
        wrong = {".".join(map(str, diagnostic.place.path)) for diagnostic in error.diagnostics}
        return {"problems": ", ".join(name for name in policy.tree.facts if name in wrong)}
    found: Row = {"problems": None}
    for name, verdict in judgement.verdicts.items():
        found.update(_of_verdict(name, verdict))
    found["obligations"] = list(judgement.obligations)
    found["possible_obligations"] = list(judgement.possible_obligations)
    found |= _breaches(judgement)
    found["assumed"] = list(judgement.assumed)
    return found


def _breaches(judgement: Judgement) -> Row:
    return {
        "breaches": [breach.guard.id for breach in judgement.breaches if breach.certain],
        "possible_breaches": [breach.guard.id for breach in judgement.breaches if not breach.certain],
    }


def _of_verdict(name: str, verdict: Verdict) -> Row:
    spec, currency = verdict.spec, verdict.currency
    by_words = bool(spec.type.words) and not (spec.collects and spec.aggregate in (None, "count"))
    outcome: Any = "refer" if by_words else None
    if verdict.is_settled:
        type_ = Type("integer") if spec.aggregate == "count" else spec.type
        outcome = shown(verdict.canonical, type_, currency)
    found: Row = {name: outcome, f"{name}.status": verdict.status}
    found[f"{name}.rule"] = verdict.rule.id if verdict.rule is not None else None
    for value, type_ in spec.values.items():
        held = verdict.canonical_values.get(value)
        found[f"{name}.{value}"] = None if held is None else shown(held, type_, currency)
    found[f"{name}.missing"] = list(verdict.missing)
    return found


def shown(value: Any, type_: Type, currency: str) -> Any:
    """Return a canonical value as the columns of an answer show it."""
    if isinstance(value, tuple):
        if type_.kind == "list" and all(isinstance(item, str) for item in value):
            return list(value)
        return [shown(item, type_, currency) for item in value]
    match type_.kind:
        case "money":
            return Decimal(round(Fraction(value))).scaleb(-MINOR_DIGITS[currency])
        case "number":
            return _decimal(value, 12)
        case "duration":
            return _decimal(value, 6)
        case "integer":
            return int(value)
        case "date":
            return dt.date.fromordinal(value)
        case "datetime":
            return EPOCH + dt.timedelta(microseconds=int(value))
        case _:
            return value


def _decimal(value: Any, places: int) -> Decimal:
    return Decimal(round(Fraction(value) * 10**places)).scaleb(-places)


def parting(expected_: Row, found: Mapping[str, Any]) -> str:
    """Return where a row of the answer parts from the reference, empty where it does not."""
    if expected_["problems"] is not None:
        names = [name for name in found if name not in ("problems", "id") and found[name] is not None]
        said = found["problems"]
        return (
            ""
            if said == expected_["problems"] and not names
            else f"problems: {expected_['problems']} != {said}, {names}"
        )
    return "; ".join(
        f"{name}: {value!r} != {found.get(name, 'absent')!r}"
        for name, value in expected_.items()
        if not same(value, found.get(name, "absent"))
    )


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same to whoever reads a table."""
    if isinstance(one, list) and hasattr(other, "__iter__") and not isinstance(other, str):
        listed = list(other)
        return len(one) == len(listed) and all(map(same, one, listed))
    if isinstance(one, dt.datetime) and isinstance(other, dt.datetime):
        return one == other.replace(tzinfo=None)
    if isinstance(one, Decimal | int) and not isinstance(one, bool) and isinstance(other, Decimal | int):
        return Decimal(one) == Decimal(other)
    return type(one) is type(other) and bool(one == other)
