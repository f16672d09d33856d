"""Facts as they are handed in: checked against the vocabulary, all mistakes at once, and read as exact values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Final, NoReturn, TypeAlias

import attrs

from .currencies import MINOR_DIGITS
from .describe import described, shortened, shown
from .diagnostics import Diagnostic, FactError, Findings, Place, TooManyFindings, nearest
from .money import Money
from .quantities import (
    QuantityError,
    bounded,
    from_datetime,
    from_python,
    parse_date,
    parse_datetime,
    parse_duration,
    parse_minor,
    parse_number,
    to_minor,
    value_text,
)
from .regions import Region, compared, intersection, is_empty, union_of
from .types import DATE, DATETIME, DURATION, LIST, MONEY, Fact, Number, Type, Value, exact, ratio
from .uncertain import AnyOf, Between
from .vocabulary import given_in

#: What is known of a fact: its value, or the region of values that it may have. A fact that is missing has no entry.
Knowledge: TypeAlias = Value | Region

LONGEST_TEXT: Final = 100_000
LONGEST_LIST: Final = 1_000
_LONGEST_RANGE: Final = 200
_ANY_OF = re.compile(r"\s*any of\s+(.+)\Z", re.DOTALL)
_TIME_UNITS: Final = {"minutes": 60, "hours": 3_600, "days": 86_400}


@attrs.frozen
class Currencies:
    """The policy's currency, and what one unit of each other currency is worth in it."""

    home: str
    rates: Mapping[str, Number] = attrs.field(factory=dict)

    def minor(self, amount: Number, currency: str | None) -> Number:
        """
        Return whole units of *currency* as minor units of the policy's own.

        Raises:
            FactProblem: If the currency is unknown, or no rate is stated for it.
        """
        if currency is None or currency == self.home:
            return to_minor(amount, self.home)
        if currency not in MINOR_DIGITS:
            raise FactProblem("unknown-currency", suggestion=nearest(currency, MINOR_DIGITS), currency=currency)
        if currency not in self.rates:
            raise FactProblem("no-exchange-rate", currency=currency, home=self.home)
        return to_minor(exact(amount * self.rates[currency]), self.home)

    def read(self, text: str) -> Number:
        """Read an amount such as `4.50 USD` as minor units of the policy's own currency."""
        amount, currency = parse_minor(text, self.home)
        return amount if currency is None else bounded(self.minor(amount, currency))


#: Where no policy is known, any currency is as good as another.
_ANY_CURRENCY: Final = Currencies("USD", dict.fromkeys(MINOR_DIGITS, 1))


class FactProblem(Exception):
    """Why a value cannot be used for a fact: a diagnostic's code and facts."""

    def __init__(self, code: str, *, suggestion: str = "", **facts: str) -> None:
        super().__init__(code)
        self.code, self.suggestion, self.facts = code, suggestion, facts


def read_given(
    given: Mapping[str, object], facts: Mapping[str, Fact], currencies: Currencies, *, place: Place | None = None
) -> dict[str, Knowledge]:
    """
    Check and read everything that was handed in, nested or by dotted name; missing facts are left out.

    Raises:
        FactError: If a fact is unknown, of the wrong type, off its scale or out of its range; all of them at once.
    """
    findings = Findings()
    base = place or Place("incident")
    known: dict[str, Knowledge] = {}
    stated: set[str] = set()
    with suppress(TooManyFindings):
        for name, raw in flatten(given, facts):
            if raw is not None:
                if name in stated:
                    findings.report("fact-stated-twice", _at(base, given, name), fact=name)
                stated.add(name)
            if name not in facts:
                _report_unknown(findings, name, facts, _at(base, given, name))
                continue
            try:
                if raw is not None:
                    known[name] = read_fact(raw, facts[name], currencies)
            except FactProblem as problem:
                named = {"fact": name, **problem.facts}
                findings.report(problem.code, _at(base, given, name), suggestion=problem.suggestion, **named)
    if len(findings):
        raise FactError(findings)
    return known


def check_given(given: Mapping[str, object], facts: Mapping[str, Fact]) -> None:
    """
    Check *given*, by dotted name, as far as that is possible without a policy, whose currency is not known here.

    Raises:
        FactError: If a fact is of the wrong type, off its scale or out of its range; all of them at once.
    """
    try:
        for name, raw in given.items():
            read_fact(raw, facts[name], _ANY_CURRENCY)
    except FactProblem:
        _report_given(given, facts)


def _report_given(given: Mapping[str, object], facts: Mapping[str, Fact]) -> None:
    """Read again what has a mistake in it, each fact in the currency that it is written in."""
    findings: list[Diagnostic] = []
    for name, raw in given.items():
        written = raw.currency if isinstance(raw, Money) else _currency_in(raw)
        currencies = Currencies(written or "USD")
        try:
            read_given({name: raw}, facts, currencies)
        except FactError as error:
            findings.extend(error.diagnostics)
    if findings:
        raise FactError(findings)


def _currency_in(raw: object) -> str | None:
    match = re.search(r"\b[A-Z]{3}\b", raw) if isinstance(raw, str) else None
    return match[0] if match and match[0] in MINOR_DIGITS else None


def groups_of(facts: Iterable[str]) -> frozenset[str]:
    """
    Return the names of the groups that dotted facts stand in.

    >>> sorted(groups_of(["loss", "virality.views"]))
    ['virality']
    """
    return frozenset(name[:at] for name in facts if "." in name for at, sign in enumerate(name) if sign == ".")


def flatten(
    given: Mapping[str, object], facts: Mapping[str, Fact], *, groups: frozenset[str] | None = None
) -> Iterable[tuple[str, object]]:
    """
    Yield what was given by dotted name.

    A table, or an instance of a vocabulary's class, is opened where it is a group of facts; a group that is None states nothing.
    """
    for name, raw in given.items():
        if name in facts:
            yield str(name), raw
            continue
        groups = groups_of(facts) if groups is None else groups
        if name in groups and (raw is None or isinstance(raw, Mapping) or attrs.has(type(raw))):
            members = raw if isinstance(raw, Mapping) else {} if raw is None else given_in(raw)
            inner = {f"{name}.{key}": value for key, value in members.items()}
            yield from flatten(inner, facts, groups=groups)
        else:
            yield str(name), raw


def _report_unknown(findings: Findings, name: str, facts: Mapping[str, Fact], place: Place) -> None:
    if any(known.startswith(f"{name}.") for known in facts):
        inner = shortened(", ".join(known for known in facts if known.startswith(f"{name}.")))
        findings.report("not-a-group", place, fact=name, inner=inner)
    else:
        place = attrs.evolve(place, key=True)
        groups = {known[:at] for known in facts for at, sign in enumerate(known) if sign == "."}
        findings.report("unknown-fact", place, suggestion=nearest(name, [*facts, *sorted(groups)]), name=shown(name))


def _at(base: Place, given: Mapping[str, object], name: str) -> Place:
    return base.inside(name) if name in given else base.inside(*name.split("."))


def read_fact(raw: object, fact: Fact, currencies: Currencies) -> Knowledge:
    """
    Read one fact as its canonical value, or as a region where it is uncertain.

    Raises:
        FactProblem: If it cannot be.
    """
    uncertain = _uncertain(raw, fact)
    if uncertain is None:
        return _read_certain(raw, fact, currencies)
    if isinstance(uncertain, AnyOf):
        return _any_of(uncertain, fact, currencies)
    return _between(uncertain, fact, currencies)


def _read_certain(raw: object, fact: Fact, currencies: Currencies) -> Value:
    value = read_value(raw, fact.type, currencies, unit=fact.unit)
    if fact.low is not None or fact.high is not None:
        _check_range(value, fact, currencies)
    return value


def _uncertain(raw: object, fact: Fact) -> AnyOf | Between | None:
    """Recognise an uncertain fact in its three spellings: an object, a table, and (free text excepted) words."""
    if isinstance(raw, str):
        return _uncertain_words(raw, fact.type) if ".." in raw or "any of" in raw else None
    if isinstance(raw, int):
        return None  # because most facts are words, numbers and booleans
    if isinstance(raw, (AnyOf, Between)):
        return raw
    if isinstance(raw, Mapping):
        if set(raw) == {"any_of"} and isinstance(raw["any_of"], list | tuple):
            return AnyOf(*raw["any_of"])
        if set(raw) == {"between"} and isinstance(raw["between"], list | tuple) and len(raw["between"]) == 2:
            return Between(*raw["between"])
    return None


def _uncertain_words(raw: str, type_: Type) -> AnyOf | Between | None:
    if type_.kind == "list" or (type_.kind == "text" and not type_.words) or len(raw) > LONGEST_TEXT:
        return None
    if match := _ANY_OF.match(raw):
        return AnyOf(*(word.strip() for word in match[1].split(",")))
    if (type_.is_ordered or type_.kind == "scale") and len(raw) <= _LONGEST_RANGE:
        text = raw.strip()
        at = text.find("..", 1)  # because a range has a lower end
        low, high = text[:at].rstrip(), text[at + 2 :].lstrip()
        return _range_in_words(low, high, type_) if at > 0 and high else None
    return None


def _range_in_words(low: str, high: str, type_: Type) -> Between:
    """Return `200..900 USD` with its unit on both ends."""
    unit = re.search(r"[A-Za-z%]+\s*\Z", high)
    if type_.kind in ("money", "duration") and unit and not re.search(r"[A-Za-z%]\s*\Z", low):
        low = f"{low} {unit[0].strip()}"
    return Between(low, high)


def _any_of(uncertain: AnyOf, fact: Fact, currencies: Currencies) -> Knowledge:
    if not uncertain.values:
        raise FactProblem("empty-range", text="any of", why="it names no value")
    if len(uncertain.values) > LONGEST_LIST:
        raise FactProblem("too-long", limit=f"{LONGEST_LIST:_} values")
    values = [_read_certain(raw, fact, currencies) for raw in uncertain.values]
    if fact.type.kind == "list":
        raise FactProblem("wrong-type", expected="one list of texts", found="a choice of lists")
    if len(set(values)) == 1:
        return values[0]
    return union_of([compared("=", value, fact.type) for value in values])


def _between(uncertain: Between, fact: Fact, currencies: Currencies) -> Knowledge:
    type_ = fact.type
    if not type_.is_ordered and type_.kind != "scale":
        raise FactProblem("wrong-type", expected=_expected(type_), found="a range")
    low = read_value(uncertain.low, type_, currencies, unit=fact.unit)
    high = read_value(uncertain.high, type_, currencies, unit=fact.unit)
    for end in (low, high):
        _check_range(end, fact, currencies)
    region = intersection(compared(">=", low, type_), compared("<=", high, type_))
    if is_empty(region):
        text = f"{value_text(low, type_, currencies.home)}..{value_text(high, type_, currencies.home)}"
        raise FactProblem("empty-range", text=text, why="its lower end is above its upper end")
    return low if low == high else region


def _check_range(value: Value, fact: Fact, currencies: Currencies) -> None:
    if isinstance(value, (str, tuple)):
        return
    if fact.low is not None and value < fact.low:
        raise _out_of_range(value, f"at least {value_text(fact.low, fact.type, currencies.home)}", fact, currencies)
    if fact.high is not None and value > fact.high:
        raise _out_of_range(value, f"at most {value_text(fact.high, fact.type, currencies.home)}", fact, currencies)


def _out_of_range(value: Number, bound: str, fact: Fact, currencies: Currencies) -> FactProblem:
    return FactProblem("out-of-range", value=value_text(value, fact.type, currencies.home), bound=bound)


def read_value(raw: object, type_: Type, currencies: Currencies, *, unit: str = "") -> Value:
    """
    Read one value of a type; *unit* is what a bare number means where the type is a duration.

    Raises:
        FactProblem: If *raw* is no such value.
    """
    try:
        match type_.kind:
            case "boolean":
                return _read_boolean(raw, type_)
            case "scale" | "text":
                return _read_word(raw, type_)
            case "integer":
                return _read_integer(raw, type_)
            case "money":
                return _read_money(raw, currencies)
            case "duration":
                return _read_duration(raw, unit)
            case "number":
                return parse_number(raw) if isinstance(raw, str) else _numeric(raw, type_)
            case "date":
                return _read_date(raw)
            case "datetime":
                return _read_datetime(raw)
            case "list":
                return _read_list(raw)
    except QuantityError as problem:
        raise FactProblem("bad-value", text=shown(raw), why=problem.why, expected=_expected(type_)) from None


def _read_boolean(raw: object, type_: Type) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip().lower() in ("true", "false", "yes", "no"):
        return raw.strip().lower() in ("true", "yes")
    _wrong(raw, type_)


def _read_word(raw: object, type_: Type) -> str:
    if not isinstance(raw, str):
        _wrong(raw, type_)
    if len(raw) > LONGEST_TEXT:
        raise FactProblem("too-long", limit=f"{LONGEST_TEXT:_} characters")
    if type_.words and raw not in type_.words:
        words = shortened(", ".join(type_.words))
        raise FactProblem("off-scale", suggestion=nearest(raw, type_.words), word=shown(raw), words=words)
    return str.__str__(raw)  # because a word of an enumeration writes itself as its name


def _numeric(raw: object, type_: Type) -> Number:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, Decimal, Fraction)):
        _wrong(raw, type_)
    return from_python(raw)


def _read_integer(raw: object, type_: Type) -> int:
    value = parse_number(raw) if isinstance(raw, str) else _numeric(raw, type_)
    if not isinstance(value, int):
        raise QuantityError("this is not a whole number")
    return value


def _read_money(raw: object, currencies: Currencies) -> Number:
    if isinstance(raw, str):
        return currencies.read(raw)
    if isinstance(raw, Money):
        if raw.currency == currencies.home:
            return bounded(raw.minor)
        digits = MINOR_DIGITS[raw.currency]
        return bounded(currencies.minor(exact(Fraction(raw.minor) / 10**digits), raw.currency))
    return bounded(currencies.minor(_numeric(raw, MONEY), None))


def _read_duration(raw: object, unit: str) -> Number:
    if isinstance(raw, dt.timedelta):
        seconds = raw.days * 86_400 + raw.seconds
        return ratio(seconds * 1_000_000 + raw.microseconds, 1_000_000) if raw.microseconds else seconds
    if isinstance(raw, str) and not (unit in _TIME_UNITS and raw.strip().replace(".", "").replace("_", "").isdigit()):
        return parse_duration(raw)
    if unit in _TIME_UNITS:
        number = parse_number(raw) if isinstance(raw, str) else _numeric(raw, DURATION)
        return bounded(number * _TIME_UNITS[unit])
    _wrong(raw, DURATION)


def _read_date(raw: object) -> int:
    if isinstance(raw, dt.date) and not isinstance(raw, dt.datetime):
        return raw.toordinal()
    if isinstance(raw, str):
        return parse_date(raw)
    _wrong(raw, DATE)


def _read_datetime(raw: object) -> int:
    if isinstance(raw, dt.datetime):
        return from_datetime(raw)
    if isinstance(raw, str):
        return parse_datetime(raw)
    _wrong(raw, DATETIME)


def _read_list(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, (list, tuple)) or not all(isinstance(item, str) for item in raw):
        _wrong(raw, LIST)
    if len(raw) > LONGEST_LIST or any(len(item) > LONGEST_TEXT for item in raw):
        raise FactProblem("too-long", limit=f"{LONGEST_LIST:_} words of {LONGEST_TEXT:_} characters")
    return tuple(map(str.__str__, raw))


_EXPECTED: Final = {
    "number": "a number like 12.5",
    "integer": "a whole number like 12",
    "money": "an amount of money like `50 USD`",
    "boolean": "true or false",
    "date": "a date like 2026-11-21",
    "datetime": "a date and time like 2026-11-21T10:00:00Z",
    "duration": "a length of time like `48h`",
    "list": 'a list of texts like ["listen"]',
    "text": "a text",
}


def _expected(type_: Type) -> str:
    return shortened(f"one of {', '.join(type_.words)}") if type_.words else _EXPECTED[type_.kind]


def _wrong(raw: object, type_: Type) -> NoReturn:
    raise FactProblem("wrong-type", expected=_expected(type_), found=described(raw))
