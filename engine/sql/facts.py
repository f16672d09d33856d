"""The facts as columns: what is checked of each, and the exact forms in which they are reckoned with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Set as AbstractSet
from fractions import Fraction
from math import floor
from typing import Final, cast

import attrs
from sqlglot import exp

from ...rules.currencies import MINOR_DIGITS
from ...rules.given import LONGEST_LIST, LONGEST_TEXT
from ...rules.regions import Region, Spans, Texts, Words, contains, is_empty, universe_of
from ...rules.tree import PolicyTree
from ...rules.types import DISCRETE, LARGEST, Fact, Value
from . import nodes
from .amounts import Amount
from .dialects import Dialect
from .nodes import Node, number, text
from .spans import spans_test

#: Digits that a binary float of eight bytes holds exactly: facts to be reckoned with have no more.
SAFE_DIGITS: Final = 15
_TIME_UNITS: Final = {"minutes": 60, "hours": 3_600, "days": 86_400}
_LAST_DAY: Final = 3_652_059
_MOST_MICROS: Final = 253_402_300_799_999_999


class NotPlain(Exception):
    """A threshold that a plain comparison with the column would not get exactly right."""


@attrs.define
class Facts:
    """
    The facts of a policy as columns of one table.

    *columns* has the column of each fact; one that has none is missing in every row. *given* are promised never to be NULL; a
    row that breaks the promise is marked. Those that are *checked* have nothing in their columns that no reading would take.
    *reckoned* gathers the facts that take an exact form, by the name of its column.
    """

    tree: PolicyTree
    dialect: Dialect
    columns: Mapping[str, str]
    given: AbstractSet[str]
    checked: AbstractSet[str]
    reckoned: dict[str, str] = attrs.field(factory=dict)
    #: Between which decimals a threshold lies that is none itself: a value there is marked, as a column could not be held to it.
    gaps: dict[str, dict[Fraction, Fraction]] = attrs.field(factory=dict)

    def raw(self, name: str) -> Node:
        """Return the column of a fact, NULL where the table has none."""
        return nodes.column(self.columns[name]) if name in self.columns else nodes.null()

    def fact(self, name: str) -> Fact:
        """Return what is declared of a fact."""
        return self.tree.facts[name]

    def assumed(self, name: str) -> Value | None:
        """Return what is taken where a fact is missing, if anything."""
        return None if name in self.given else self.fact(name).assume

    def may_be_missing(self, name: str) -> bool:
        """Whether a fact may be missing with nothing taken in its place."""
        return name not in self.given and self.fact(name).assume is None

    def subject(self, name: str) -> Node:
        """Return a fact as a column, or what is assumed where it is missing."""
        assumed, raw = self.assumed(name), self.raw(name)
        if assumed is None:
            return raw
        if isinstance(raw, exp.Null):
            return self.constant(name, assumed)
        return nodes.coalesced(raw, self.constant(name, assumed))

    def constant(self, name: str, value: Value) -> Node:
        """Return a canonical value as the column of a fact would hold it."""
        fact = self.fact(name)
        if isinstance(value, bool):
            return nodes.truth(value)
        if isinstance(value, str):
            return self.literal(value)
        if isinstance(value, tuple):
            return self.dialect.list_of(value)
        if fact.type.kind == "date":
            return nodes.cast(text(dt.date.fromordinal(int(value)).isoformat()), "DATE")
        if fact.type.kind == "datetime":
            return self.dialect.moment_of(number(int(value)))
        return self.decimal(Fraction(value) / self.unit(fact))

    def literal(self, words: str) -> Node:
        """Return a text literal."""
        if "\0" in words and self.dialect.name == "postgres":
            from .refusals import Refused

            raise Refused("PostgreSQL's texts cannot hold the character NUL", "take it out of the text")
        return text(words)

    def decimal(self, value: Fraction) -> Node:
        """
        Return a number as a literal.

        Raises:
            NotPlain: If it has no finite decimal, or more digits than a float holds.
        """
        written = decimal_text(value)
        if written is None or len(written.strip("-0.").replace(".", "")) > SAFE_DIGITS:
            raise NotPlain
        if self.dialect.name == "bigquery" and "." in written:
            return exp.Var(this=f"BIGNUMERIC '{written}'")
        return number(written)

    def unit(self, fact: Fact) -> Fraction:
        """Return how much of the canonical unit 1 in the column is: 100 cents, 3600 seconds."""
        match fact.type.kind:
            case "money":
                return Fraction(10 ** MINOR_DIGITS[self.tree.currency])
            case "duration":
                return Fraction(_TIME_UNITS.get(fact.unit, 1))
            case _:
                return Fraction(1)

    # -- tests on one fact

    def lies_in(self, name: str, region: Region) -> Node:
        """Say whether a fact has a value in a region; NULL where it is missing and nothing is assumed."""
        if is_empty(region):
            return nodes.false()
        if region == universe_of(self.fact(name)):
            return nodes.true()
        assumed = self.assumed(name)
        if assumed is None:
            return self._in_region(name, self.raw(name), region)
        missing = nodes.truth(contains(region, assumed))
        if name not in self.columns:
            return missing
        return nodes.coalesced(self._in_region(name, self.raw(name), region), missing)

    def _in_region(self, name: str, subject: Node, region: Region) -> Node:
        fact = self.fact(name)
        match region:
            case Words(words):
                return self._among(name, subject, [word for word in fact.type.domain if word in words])
            case Texts(words, inside):
                listed = nodes.among(self._binary(subject), [self.literal(word) for word in sorted(words)])
                return listed if inside else nodes.negated(listed)
            case Spans():
                return self._within(name, subject, region, universe_of(fact))

    def _binary(self, subject: Node) -> Node:
        return self.dialect.binary(subject)

    def _among(self, name: str, subject: Node, words: list[Value]) -> Node:
        fact = self.fact(name)
        if fact.type.kind == "boolean":
            return subject if words[0] else nodes.negated(subject)
        others = [word for word in fact.type.domain if word not in words]
        inside = len(words) <= len(others)
        listed = [self.literal(str(word)) for word in (words if inside else others)]
        subject = self._binary(subject)
        if len(listed) == 1:
            return nodes.compared("=" if inside else "!=", subject, listed[0])
        found = nodes.among(subject, listed)
        return found if inside else nodes.negated(found)

    def _within(self, name: str, subject: Node, region: Spans, whole: Region) -> Node:
        kind = self.fact(name).type.kind
        if kind == "datetime":
            return spans_test(self.dialect.micros(subject), region, whole, _moment, discrete=True)
        return spans_test(
            subject,
            region,
            whole,
            lambda cut: self.constant(name, cut),
            discrete=kind in DISCRETE,
            below=lambda cut: self._below(name, cut),
        )

    def _below(self, name: str, cut: Value) -> Node | None:
        """Return the nearest decimal below a threshold that is none itself, and note what lies between for the checks."""
        fact = self.fact(name)
        if fact.type.kind in ("date", "datetime"):
            return None
        value = Fraction(cast("int", cut)) / self.unit(fact)
        try:
            self.decimal(value)
        except NotPlain:
            grain = Fraction(10) ** min(6, max(SAFE_DIGITS - len(str(int(abs(value)))), 0))
            low = Fraction(floor(value * grain), int(grain))
            self.gaps.setdefault(name, {})[low] = low + 1 / grain
            return self.decimal(low)
        return None

    # -- exact forms

    def amount(self, name: str) -> Amount:
        """Return a fact to be reckoned with."""
        fact = self.fact(name)
        kind = fact.type.kind
        node = nodes.column(self._reckon(name))
        if kind == "date":
            return Amount(node, _LAST_DAY)
        if kind == "datetime":
            return Amount(node, _MOST_MICROS)
        factor, by = self._factor(name)
        most = 10**SAFE_DIGITS * factor.numerator * by
        scaled = node if factor.numerator == 1 else nodes.combined("*", node, number(factor.numerator))
        return Amount(scaled, most, factor.denominator * by)

    def _factor(self, name: str) -> tuple[Fraction, int]:
        """Return what 1 in the exact column is worth, times the second: finer where what is assumed takes it."""
        fact, assumed = self.fact(name), self.assumed(name)
        factor = self.unit(fact) / 10 ** self.places(fact)
        return factor, 1 if assumed is None else (Fraction(cast("int", assumed)) / factor).denominator

    def _reckon(self, name: str) -> str:
        self.reckoned.setdefault(name, f"_{name.replace('.', '_')}")
        return self.reckoned[name]

    def places(self, fact: Fact) -> int:
        """Return how many decimal places of a fact are reckoned with."""
        match fact.type.kind:
            case "integer":
                return 0
            case "money":
                return MINOR_DIGITS[self.tree.currency] + 2
            case _:
                return 6

    def exact_columns(self) -> Iterator[tuple[str, Node, str]]:
        """Yield the columns of the exact forms: name, expression, comment."""
        for name, column in self.reckoned.items():
            fact = self.fact(name)
            yield column, self._exact(name), f"{name}, {self._unit_text(fact)}"

    def _unit_text(self, fact: Fact) -> str:
        match fact.type.kind:
            case "date":
                return "in days since 0001-01-01, which is 1"
            case "datetime":
                return "in microseconds since 1970"
            case kind:
                places = self.places(fact)
                unit = {"money": self.tree.currency, "duration": fact.unit or "seconds"}.get(kind, "")
                return f"in 1/{10**places} {unit}".rstrip() if places else "as a whole number"

    def _exact(self, name: str) -> Node:
        fact, raw, assumed = self.fact(name), self.raw(name), self.assumed(name)
        known = nodes.null() if name not in self.columns else self._exactly(name, fact, raw)
        if assumed is None:
            return self.dialect.wide(known) if name not in self.columns else known
        exact = int(cast("int", assumed)) if fact.type.kind in ("date", "datetime") else self._numerator(name, assumed)
        return self.dialect.wide(number(exact)) if name not in self.columns else nodes.coalesced(known, number(exact))

    def _numerator(self, name: str, value: Value) -> int:
        factor, by = self._factor(name)
        return int(Fraction(cast("int", value)) / factor * by)

    def _exactly(self, name: str, fact: Fact, raw: Node) -> Node:
        if fact.type.kind == "date":
            return self.dialect.wide(self.dialect.ordinal(nodes.cast(raw, "DATE")))
        if fact.type.kind == "datetime":
            return self.dialect.wide(self.dialect.micros(raw))
        by = 10 ** self.places(fact) * self._factor(name)[1]
        rounded = self.rounded(raw, fact)
        whole = rounded if by == 1 else nodes.combined("*", rounded, number(by))
        return nodes.chosen([(self.in_reach(raw, fact), self.dialect.wide(whole))])

    def rounded(self, subject: Node, fact: Fact) -> Node:
        """Return a number with as many places as are reckoned with, and room enough to be multiplied."""
        if self.dialect.name == "bigquery":  # whose decimals keep 38 places, whatever they are cast to
            return nodes.call("ROUND", nodes.cast(subject, "BIGNUMERIC"), number(self.places(fact)))
        return nodes.cast(subject, f"DECIMAL(30, {self.places(fact)})")

    def in_reach(self, subject: Node, fact: Fact) -> Node:
        """Ask whether a number has few enough digits to be reckoned with."""
        most = 10 ** (SAFE_DIGITS - self.places(fact)) - 1
        return nodes.between(subject, number(-most), number(most))

    # -- checks

    def checks(self) -> Iterator[tuple[str, Node]]:
        """Yield what must hold of each fact where it is known; NULL is as good as TRUE, but for facts that are never missing."""
        for name in self.columns:
            found = nodes.true() if name in self.checked else nodes.all_of(self._check(self.fact(name), self.raw(name)))
            if name in self.checked and name in self.reckoned:
                found = nodes.all_of(self._check_reckoned(self.fact(name), self.raw(name)))
            if name in self.given and nodes.is_true(found):
                found = nodes.is_known(self.raw(name))
            if not nodes.is_true(found):
                yield name, found

    def _check(self, fact: Fact, raw: Node) -> Iterator[Node]:
        match fact.type.kind:
            case "boolean":
                return
            case "scale" | "text":
                if fact.type.words:
                    yield nodes.among(self._binary(raw), [self.literal(word) for word in fact.type.words])
                else:
                    yield nodes.compared("<=", nodes.call("LENGTH", raw), number(LONGEST_TEXT))
            case "list":
                yield nodes.compared("<=", self.dialect.size(raw), number(LONGEST_LIST))
                yield nodes.negated(self.dialect.has_null(raw))
            case "date":
                yield from self._check_date(fact, raw)
            case "datetime":
                micros = self.dialect.micros(raw)
                low = -62_135_596_800_000_000 if fact.low is None else int(fact.low)
                yield nodes.between(micros, number(low), number(_MOST_MICROS if fact.high is None else int(fact.high)))
            case _:
                yield from self._check_number(fact, raw)

    def _check_date(self, fact: Fact, raw: Node) -> Iterator[Node]:
        ends = [dt.date.fromordinal(int(fact.low or 1)), dt.date.fromordinal(int(fact.high or _LAST_DAY))]
        low, high = (nodes.cast(text(end.isoformat()), "DATE") for end in ends)
        yield nodes.between(raw, low, high)
        yield nodes.compared("=", raw, nodes.cast(raw, "DATE"))

    def _check_number(self, fact: Fact, raw: Node) -> Iterator[Node]:
        """Yield that a number is in its range, finite, whole where it must be, and of few enough digits where it is reckoned with."""
        unit = self.unit(fact)
        reckoned = fact.name in self.reckoned
        low = None if fact.low is None else Fraction(fact.low) / unit
        high = None if fact.high is None else Fraction(fact.high) / unit
        open_ = not reckoned
        ends = [
            self._end(low) if low is not None else exp.Neg(this=self._largest(unit)) if open_ else None,
            self._end(high) if high is not None else self._largest(unit) if open_ else None,
        ]
        if ends[0] is not None and ends[1] is not None:
            yield nodes.between(raw, ends[0], ends[1])
        elif ends[0] is not None:
            yield nodes.compared(">=", raw, ends[0])
        elif ends[1] is not None:
            yield nodes.compared("<=", raw, ends[1])
        for below, above in self.gaps.get(fact.name, {}).items():
            ends_ = (nodes.compared("<=", raw, self.decimal(below)), nodes.compared(">=", raw, self.decimal(above)))
            yield nodes.any_of(ends_)
        if reckoned:
            yield from self._check_reckoned(fact, raw)
        elif fact.type.kind == "integer":
            # DuckDB does nothing for TRUNC of a whole number, and makes floats of them for FLOOR.
            yield nodes.compared("=", raw, nodes.call("TRUNC" if self.dialect.name == "duckdb" else "FLOOR", raw))

    def _check_reckoned(self, fact: Fact, raw: Node) -> Iterator[Node]:
        if fact.type.kind in ("date", "datetime"):
            return
        reach = self.in_reach(raw, fact)
        yield nodes.chosen([(nodes.negated(reach), nodes.false())], nodes.compared("=", self.rounded(raw, fact), raw))

    def _end(self, value: Fraction) -> Node:
        try:
            return self.decimal(value)
        except NotPlain:
            from .refusals import Refused

            raise Refused("a bound of the fact has no decimal that a column could hold", "round the bound") from None

    def _largest(self, unit: Fraction) -> Node:
        """Return the largest number that any reading takes, as a float, which NaN and the infinities are beyond."""
        return exp.Literal.number(f"{float(LARGEST / unit):e}".replace("e+", "e"))


def decimal_text(value: Fraction) -> str | None:
    """
    Write a number as a plain decimal, None where it has no finite one.

    >>> decimal_text(Fraction(5, 2)), decimal_text(Fraction(1, 3))
    ('2.5', None)
    """
    rest, places = value.denominator, 0
    while rest % 10 == 0:
        rest //= 10
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return None
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str(abs((value * 10**places).numerator)).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[: len(digits) - places]}" + (f".{digits[len(digits) - places :]}" if places else "")


def _moment(cut: Value) -> Node:
    assert isinstance(cut, int)
    found = number(cut)
    try:
        moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=cut)
        found.add_comments([moment.isoformat().replace("+00:00", "Z")])
    except OverflowError:  # past the end of the calendar
        pass
    return found
