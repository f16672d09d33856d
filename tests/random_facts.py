"""The facts that random policies speak of: every type, with the thresholds of conditions and the values at and next to them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import attrs

HOMES = ("USD", "EUR", "JPY")
RATES: dict[str, dict[str, Any]] = {
    "USD": {"EUR": "1.08", "JPY": Decimal("0.0065")},
    "EUR": {"USD": Decimal("0.93"), "JPY": "0.006"},
    "JPY": {"USD": 155, "EUR": "168.5"},
}
WORDS = ("calm", "cross", "furious")
TEAMS = ("red", "green", "night shift")
TEXTS = ("alpha", "beta", "", "alphabet", "it's", "Über 12", "beta, gamma")
PATTERNS = ("^al", "a+b", "(?i)BETA$", r"\d{2}", "[^a-z]", "")
TAGS = ("listen", "thank", "two words")


@attrs.frozen
class Kind:
    """
    A fact of a random policy.

    *dimension* says what it may be held against; *thresholds* are literals of conditions (words for finite types), all strictly
    inside the fact's bounds, so that no comparison is impossible, the first not zero, and the first *rising* of them least first.
    *line* are values as incidents hand them in, least first; *points* are further ones. *declaration* is its table under
    `[facts]`, None for a built-in fact.
    """

    name: str
    dimension: str
    thresholds: tuple[str, ...]
    line: tuple[object, ...]
    points: tuple[object, ...] = ()
    declaration: dict[str, Any] | None = None
    rising: int = 3

    @property
    def is_ordered(self) -> bool:
        return self.dimension in ("number", "integer", "money", "duration", "date", "datetime")

    @property
    def is_numeric(self) -> bool:
        return self.dimension in ("number", "integer")

    @property
    def values(self) -> tuple[object, ...]:
        return (*self.line, *self.points)


def _numbers(name: str, thresholds: tuple[str, ...], extra: tuple[str, ...] = (), **declaration: object) -> Kind:
    exact = sorted(Decimal(text) for text in thresholds)
    near = sorted({value + step for value in exact for step in map(Decimal, ("-0.01", "0", "0.01"))})
    spelled: list[object] = [float(value) if index % 3 else str(value) for index, value in enumerate(near)]
    return Kind(
        name, "number", (*thresholds, *extra), tuple(spelled), (Decimal("0.1"), 7), {"type": "number", **declaration}
    )


def _integers(
    name: str, thresholds: tuple[int, ...], bounds: tuple[int, int] | None = None, **declaration: object
) -> Kind:
    low, high = bounds or (min(thresholds) - 1, max(thresholds) + 1)
    near = sorted({value + step for value in thresholds for step in (-1, 0, 1) if low <= value + step <= high})
    declared = {"type": "integer", **({"min": bounds[0], "max": bounds[1]} if bounds else {}), **declaration}
    texts = tuple(map(str, thresholds))
    return Kind(name, "integer", texts, tuple(near), (str(near[0]), Decimal(near[-1])), declared)


def _money(name: str, home: str, amounts: tuple[str, ...], declaration: dict[str, Any] | None) -> Kind:
    foreign = next(currency for currency in HOMES if currency != home)
    exact = sorted(Decimal(text) for text in amounts)
    near = sorted({value + step for value in exact for step in map(Decimal, ("-0.01", "0", "0.01"))})
    line = tuple(f"{value} {home}" for value in near)
    abroad = tuple(f"{value} {foreign}" for value in near[:3])
    thresholds = (*(f"{value} {home}" for value in amounts), f"{exact[0]} {foreign}")
    return Kind(name, "money", thresholds, line, (*abroad, near[0], str(near[-1]), int(near[-1])), declaration)


def _durations(name: str, declaration: dict[str, Any] | None) -> Kind:
    thresholds = ("90 s", "30 min", "2h", "3 days", "1.5 hours")
    line = ("89.5s", "90s", "29 min", "30 min", "1.5h", "119 min", "2h", "121 min", "2.99 days", "72h", "1 week")
    return Kind(name, "duration", thresholds, line, (dt.timedelta(hours=2), dt.timedelta(days=3)), declaration)


def _dates(name: str, **declaration: object) -> Kind:
    days = [dt.date(2026, 11, day) for day in (1, 10, 21)]
    near = sorted({day + dt.timedelta(days=step) for day in days for step in (-1, 0, 1)})
    spelled: list[object] = [day.isoformat() if index % 2 else day for index, day in enumerate(near)]
    return Kind(name, "date", tuple(map(str, days)), tuple(spelled), (), {"type": "date", **declaration})


def _moments(name: str) -> Kind:
    moments = [dt.datetime(2026, 11, day, 10, tzinfo=dt.UTC) for day in (1, 10, 21)]
    step = dt.timedelta(microseconds=1)
    near = sorted({moment + step * sign for moment in moments for sign in (-1, 0, 1)})
    spelled: list[object] = [moment.isoformat() if index % 2 else moment for index, moment in enumerate(near)]
    elsewhere = moments[0].astimezone(dt.timezone(dt.timedelta(hours=2)))
    thresholds = ("2026-11-01T12:00:00+02:00", "2026-11-10T10:00:00Z", "2026-11-21 10:00")
    return Kind(name, "datetime", thresholds, tuple(spelled), (elsewhere,), {"type": "datetime"})


def _scale(name: str, words: tuple[str, ...], *, own: bool = True) -> Kind:
    return Kind(name, f"scale {words}", words, words, (), {"scale": list(words)} if own else None)


def _closed(name: str, words: tuple[str, ...], *, own: bool = True) -> Kind:
    return Kind(name, f"closed {words}", words, (), words, {"type": "text", "one_of": list(words)} if own else None)


def _boolean(name: str, *, own: bool = True) -> Kind:
    return Kind(name, "boolean", ("true", "false"), (), (False, True, "yes"), {"type": "boolean"} if own else None)


def _list(name: str, *, own: bool = True) -> Kind:
    points: tuple[object, ...] = ([], ["listen"], ["thank", "listen", "thank"], ["two words"], ("alpha",))
    return Kind(name, "list", TAGS, (), points, {"type": "list of text"} if own else None)


def kinds(home: str) -> tuple[Kind, ...]:
    """Return every fact that a random policy in a currency may speak of."""
    return (
        _boolean("injury", own=False),
        _integers("score", (1, 5, 9), (0, 10)),
        _scale("abuse", ("none", "rude", "hostile", "threatening", "violent"), own=False),
        _money("loss", home, ("10", "50", "99.99"), None),
        _closed("fault", ("business", "customer", "shared", "third_party"), own=False),
        _numbers("ratio", ("-3", "0", "0.5", "2.5"), ("10%",)),
        _boolean("vip"),
        _scale("tone", WORDS),
        _durations("exchange.hours_open", None),
        _dates("due"),
        Kind("note", "text", TEXTS, (), TEXTS, {"type": "text"}),
        _list("exchange.steps_done", own=False),
        _closed("team", TEAMS),
        _integers("delta", (-3, 0, 7)),
        _money("balance", home, ("-5", "0", "20"), {"type": "money"}),
        _money("history.lifetime_value", home, ("50", "75", "100"), None),
        _scale("mood", WORDS),
        _closed("side", TEAMS),
        _durations("wait", {"type": "duration", "unit": "hours", "max": "2 weeks"}),
        _dates("born", min=dt.date(2026, 1, 1)),
        _moments("seen"),
        _moments("sent"),
        Kind("label", "text", TEXTS, (), TEXTS, {"type": "text"}),
        _list("tags"),
        _integers("shop.visits", (2, 4, 6), (0, 1_000)),
        _scale("shop.zone", ("north", "south")),
        attrs.evolve(_integers("virality.views", (3, 100, 10_000), (0, 10**9)), declaration=None),
    )
