"""Tests as TOML text, in the layout that `policy fmt` keeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction

import attrs
import tomli_w

from ...rules.layout import format_document
from ...rules.quantities import decimal_text, value_text
from ...rules.tree import PolicyTree
from ...rules.types import Type, Value
from ..decision import REFER, Judgement, Outcome, Verdict
from ..solve import Point
from ..truth import is_value
from ..wording import outcome_type


@attrs.frozen
class Draft:
    """A test before it is written: facts, and what is expected, each as TOML text by name."""

    name: str
    given: Mapping[str, str]
    expect: Mapping[str, str]
    as_of: dt.date | None = None

    @property
    def toml(self) -> str:
        """The test as a policy file has it, marked as not confirmed."""
        lines = ["[[test]]", f"name = {literal(self.name)}", "confirmed = false"]
        if self.as_of is not None:
            lines.append(f"as_of = {self.as_of.isoformat()}")
        lines.append(f"given = {_table(self.given)}")
        lines.append(f"expect = {_table(self.expect)}")
        return format_document("\n".join(lines) + "\n")[0]


def _table(pairs: Mapping[str, str]) -> str:
    return f"{{ {', '.join(f'{name} = {text}' for name, text in pairs.items())} }}" if pairs else "{}"


def given_of(point: Point, tree: PolicyTree) -> dict[str, str]:
    """Return the facts of an incident as TOML text, in the order of the vocabulary."""
    return {
        name: value_literal(value, fact.type, tree.currency)
        for name, fact in tree.facts.items()
        if is_value(value := point.known.get(name))
    }


def expected_of(judgement: Judgement, tree: PolicyTree, decisions: Mapping[str, None]) -> dict[str, str]:
    """Return what is decided, and the values that go with it, as TOML text."""
    found: dict[str, str] = {}
    for name in decisions:
        verdict = judgement.verdicts[name]
        found[name] = _outcome(verdict, tree.currency)
        if verdict.status == "decided":
            for value, canonical in verdict.canonical_values.items():
                found[value] = _several(canonical, verdict.spec.values[value], tree.currency)
    return found


def _outcome(verdict: Verdict, currency: str) -> str:
    if verdict.status != "decided":
        return literal(REFER)
    return _several(verdict.canonical, outcome_type(verdict), currency)


def _several(value: Outcome, type_: Type, currency: str) -> str:
    """Return a value, or for a collecting decision a list of them."""
    if isinstance(value, tuple):
        return f"[{', '.join(_several(item, type_, currency) for item in value)}]"
    return value_literal(value, type_, currency)


def value_literal(value: Value, type_: Type, currency: str) -> str:
    """
    Return a canonical value as it is written in TOML.

    >>> from ...rules.types import INTEGER, MONEY
    >>> value_literal(4_999, INTEGER, "USD"), value_literal(5_001, MONEY, "USD")
    ('4_999', '"50.01 USD"')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, str):
        return literal(value)
    if type_.kind in ("date", "datetime"):
        return value_text(value, type_, currency)
    if type_.is_numeric and (Fraction(value) * 10**30).denominator == 1:
        return decimal_text(value)
    return literal(value_text(value, type_, currency).replace("_", "") if type_.is_ordered else str(value))


def literal(text: str) -> str:
    """Return a text in quotes."""
    return tomli_w.dumps({"a": text}).removeprefix("a = ").rstrip("\n")
