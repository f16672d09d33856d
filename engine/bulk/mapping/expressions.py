"""Facts computed from columns, in the language of conditions: `closed - opened`, `type = 'bodily injury'`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping as Table
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import attrs
import pyarrow as pa

from ....rules.check import Mistyped, Scope
from ....rules.conditions import names_in, read_condition, read_value_expression
from ....rules.currencies import MINOR_DIGITS
from ....rules.diagnostics import Findings
from ....rules.evaluate import Settled, Undefined, value_of
from ....rules.given import read_fact
from ....rules.normal import Normalizer, Universe, facts_in, facts_of
from ....rules.quantities import decimal_text, value_text
from ....rules.tree import Expression, NormalForm
from ....rules.types import BOOLEAN, DATE, DATETIME, DURATION, INTEGER, NUMBER, TEXT, Fact, Type, Value
from ...truth import State, form_truth
from ..chunks import merged
from ..distinct import each_distinct
from .specs import Spec

if TYPE_CHECKING:
    from ..chunks import Chunk, Problems, Source
    from .applying import Mapped
    from .reading import Mapping

#: How many decimal places a quotient keeps that has no end.
PLACES = 12


def compile_expression(mapping: Mapping, spec: Spec, source: Source, findings: Findings) -> Computed | None:
    """Check the expression of a fact; None where it is wrong, which has been reported then."""
    names = _names(mapping, source)
    place, home = spec.place.inside("expression"), mapping.currencies.home
    if "days_since" in spec.expression:
        findings.report("today-in-mapping", place, fact=spec.fact.name)
        return None
    scope = Scope(names, {}, {}, {}, mapping.currencies)
    if source.is_open:
        for word in names_in(spec.expression, scope, place):
            names.setdefault(word, Fact(word, TEXT))
    try:
        if spec.fact.type == BOOLEAN:
            condition = read_condition(spec.expression, place, scope, findings)
            form: NormalForm | Expression = Normalizer(Universe(names, {})).normal_form(condition)
        else:
            form = read_value_expression(spec.fact.name, spec.expression, spec.fact.type, place, scope, findings)
    except Mistyped:
        return None
    used = facts_of(form) if isinstance(form, NormalForm) else frozenset(facts_in(form))
    if not used:
        findings.report("constant-expression", place, fact=spec.fact.name)
    return Computed(spec, names, form, used, home)


def _names(mapping: Mapping, source: Source) -> dict[str, Fact]:
    """Return what an expression may speak of: described columns, mapped facts, and columns by their own names."""
    schema = source.schema()
    names = {field.name: Fact(field.name, _type_of(field.type)) for field in schema} if schema is not None else {}
    names.update((name, attrs.evolve(spec.fact, assume=None)) for name, spec in mapping.facts.items() if spec.column)
    names.update((name, spec.fact) for name, spec in mapping.columns.items())
    return names


def _type_of(type_: Any) -> Type:
    """Return the type of the language that a type of Arrow stands for."""
    kinds = pa.types
    plain = type_.value_type if kinds.is_dictionary(type_) else type_
    tests = (
        (kinds.is_boolean, BOOLEAN),
        (kinds.is_integer, INTEGER),
        (lambda t: kinds.is_floating(t) or kinds.is_decimal(t), NUMBER),
        (kinds.is_date, DATE),
        (kinds.is_timestamp, DATETIME),
        (kinds.is_duration, DURATION),
    )
    return next((found for test, found in tests if test(plain)), TEXT)


@attrs.frozen(eq=False)
class Computed:
    """An expression that has been checked; *names* are the facts and columns that it may speak of, *used* those that it does."""

    spec: Spec
    names: Table[str, Fact]
    form: NormalForm | Expression
    used: frozenset[str]
    currency: str

    def column(self, chunk: Chunk, mapped: Mapped) -> tuple[Any, Problems]:
        """Return the value of each row, null where something in it is missing; and the rows whose cells nobody can read."""
        used = sorted(self.used)
        columns: list[list[Value | None]] = []
        problems: Problems = {}
        for name in used:
            values, bad = self._read(name, chunk, mapped)
            columns.append(values)
            problems = merged(problems, bad)
        made: dict[tuple[Value | None, ...], object] = {}
        found: list[object] = []
        for cells in zip(*columns, strict=True) if columns else iter([()] * chunk.batch.num_rows):
            if cells not in made:
                made[cells] = self._value(
                    {name: cell for name, cell in zip(used, cells, strict=True) if cell is not None}
                )
            found.append(made[cells])
        return pa.array(found, pa.bool_() if self.spec.fact.type == BOOLEAN else pa.string()), problems

    def _read(self, name: str, chunk: Chunk, mapped: Mapped) -> tuple[list[Value | None], Problems]:
        from .applying import diagnostic, raw_column

        spec = mapped.mapping.columns.get(name) or mapped.mapping.facts.get(name)
        problems: Problems = {}
        if spec is not None and spec.column:
            column, problems = mapped.read(chunk, spec)
        else:
            column = raw_column(chunk, name)
        fact, currencies = self.names[name], mapped.mapping.currencies
        told = attrs.evolve(self.spec, fact=fact)

        def read(raw: object) -> Value | None:
            known = read_fact(raw.strip() if isinstance(raw, str) else raw, fact, currencies) if raw != "" else None
            return known if known is None or isinstance(known, int | str | tuple | Fraction) else None

        made, indices, refused = each_distinct(column, read, lambda _, problem: diagnostic(problem, told))
        return [None if index is None else made[index] for index in indices.to_pylist()], {**problems, **refused}

    def _value(self, values: dict[str, Value]) -> object:
        today = dt.datetime.now(dt.UTC).toordinal()  # which nothing in it asks for
        if isinstance(self.form, NormalForm):
            return form_truth(self.form, State.of(self.names, values, today))
        try:
            value = value_of(self.form, Settled(values, today))
        except (KeyError, Undefined):
            return None  # something in it is missing, or it has no value
        return None if isinstance(value, tuple) else self._text(value)

    def _text(self, value: Value) -> str:
        """Return a value as the language writes it, exact as far as it has an end."""
        type_ = self.spec.fact.type
        if isinstance(value, str | bool) or type_.kind in ("date", "datetime"):
            return value_text(value, type_, self.currency)
        assert isinstance(value, int | Fraction)
        size = 10 ** MINOR_DIGITS[self.currency] if type_.kind == "money" else 1
        number = Fraction(value) / size
        digits = next((n for n in range(31) if (number * 10**n).denominator == 1), PLACES)
        text = decimal_text(number, digits).replace("_", "")
        return f"{text} s" if type_.kind == "duration" else text
