"""Events as they are handed in: the kind, and each field read as exactly as a fact."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import attrs

from .case_tree import EventKind
from .describe import described, shown
from .diagnostics import FactError, Findings, Place, TooManyFindings, nearest
from .given import Currencies, FactProblem, read_fact, read_given
from .types import Fact, Value

#: The kinds of events that bring facts of the incident with them.
WITH_FACTS: Final = frozenset({"fact_learned", "case_opened"})


def read_event(
    kind: EventKind,
    raw: Mapping[str, object],
    facts: Mapping[str, Fact],
    currencies: Currencies,
    findings: Findings,
    place: Place,
) -> dict[str, Value]:
    """
    Read the fields of an event, by their names; every mistake is reported.

    *raw* has the fields alone, and `facts` where the kind brings some; *facts* are those of the policy.
    """
    found: dict[str, Value] = {}
    names = _names(kind)
    for name, value in raw.items():
        try:
            if name == "facts" and kind.id in WITH_FACTS:
                _check_facts(value, facts, currencies, findings, place.inside(name))
            elif name not in kind.fields:
                at = attrs.evolve(place.inside(name), key=True)
                findings.report("unknown-field", at, suggestion=nearest(name, names), field=shown(name), kind=kind.id)
            elif value is not None:
                _read_field(found, kind.fields[name], value, currencies, findings, place.inside(name))
        except TooManyFindings:
            findings = Findings()  # what is right is read all the same
    if kind.id == "fact_learned" and not raw.get("facts"):
        findings.report("learns-nothing", place)
    return found


def _read_field(
    found: dict[str, Value], field: Fact, value: object, currencies: Currencies, findings: Findings, place: Place
) -> None:
    """Read one field, or report why it cannot be."""
    try:
        read = read_fact(value, field, currencies)
    except FactProblem as problem:
        findings.report(problem.code, place, suggestion=problem.suggestion, **{"fact": field.name, **problem.facts})
        return
    if isinstance(read, int | str | tuple | Fraction):
        found[field.name] = read
    else:
        findings.report("uncertain-field", place, field=field.name, text=shown(value))


def _names(kind: EventKind) -> list[str]:
    return [*kind.fields, *(["facts"] if kind.id in WITH_FACTS else [])]


def _check_facts(
    raw: object, facts: Mapping[str, Fact], currencies: Currencies, findings: Findings, place: Place
) -> None:
    if not isinstance(raw, Mapping):
        findings.report("wrong-kind", place, key="facts", wanted="a table of facts", found=described(raw))
        return
    try:
        read_given(raw, facts, currencies, place=place)
    except FactError as error:
        for diagnostic in error.diagnostics:
            findings.report(diagnostic.code, diagnostic.place, suggestion=diagnostic.suggestion, **diagnostic.facts)
