"""The owner's own tests: facts, decisions and outcomes that exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from .declare import Work
from .describe import shortened, shown
from .diagnostics import FactError, Findings, Place, nearest
from .given import FactProblem, read_given, read_value
from .tree import (
    Case,
)
from .types import Type

#: What stands before an id that must not be among those of a decision.
ABSENT: Final = "not "


def check_tests(work: Work) -> None:
    """Read the owner's own cases: facts that exist, decisions and outcomes that exist."""
    names: set[str] = set()
    for part in work.draft.tests:
        if part.id and part.id in names:
            work.findings.report("duplicate-id", part.place.inside("name"), kind="test", id=part.id)
        names.add(part.id)


def read_cases(work: Work) -> tuple[Case, ...]:
    """Return the tests, what they give and expect checked."""
    found: list[Case] = []
    expected = Expectations.of(work)
    for part in work.draft.tests:
        given, expect = part.raw.get("given"), part.raw.get("expect")
        if not isinstance(given, dict) or not isinstance(expect, dict):
            continue
        try:
            read_given(given, work.facts, work.currencies, place=part.place.inside("given"))
        except FactError as error:
            take_over(work.findings, error)
        check_expectations(work, expect, expected, part.place.inside("expect"))
        found.append(
            Case(part.id, given, expect, part.raw.get("as_of"), part.origin, part.raw.get("confirmed") is not False)
        )
    return tuple(found)


def take_over(findings: Findings, error: FactError) -> None:
    """Report what is wrong with facts that were handed in."""
    for diagnostic in error.diagnostics:
        findings.report(diagnostic.code, diagnostic.place, suggestion=diagnostic.suggestion, **diagnostic.facts)


@attrs.frozen
class Expectations:
    """What a test may expect beside decisions: the values of decisions, and lists of ids."""

    values: Mapping[str, Type]
    ids: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, work: Work) -> Expectations:
        """Return what a test of a policy may expect."""
        ids = {
            "obligations": frozenset(work.obligations),
            "guards": frozenset(guard.id for guard in work.guards),
            "rules": frozenset(rule.id for rule in work.rules),
        }
        return cls({name: type_ for spec in work.decisions.values() for name, type_ in spec.values.items()}, ids)


def check_expectations(work: Work, expect: Mapping[str, Any], expected: Expectations, place: Place) -> None:
    """Check the names and the values of what is expected."""
    for name, raw in expect.items():
        at = place.inside(name)
        if name in expected.ids:
            _check_ids(work, name, raw, expected.ids[name], at)
        elif name in work.decisions:
            _check_outcomes(work, name, raw, at)
        elif name in expected.values:
            _check_value(work, name, raw, expected.values[name], at)
        else:
            known = [*work.decisions, *expected.values, *expected.ids]
            work.findings.report(
                "unknown-decision", attrs.evolve(at, key=True), suggestion=nearest(name, known), name=name
            )


def _check_value(work: Work, name: str, raw: object, type_: Type, at: Place) -> None:
    spec = next(spec for spec in work.decisions.values() if name in spec.values)
    if spec.collects:
        return
    try:
        read_value(raw, type_, work.currencies)
    except FactProblem as problem:
        facts = {"fact": name, **problem.facts}
        work.findings.report(problem.code, at, suggestion=problem.suggestion, **facts)


def _check_ids(work: Work, name: str, raw: object, known: frozenset[str], at: Place) -> None:
    for place, id_ in _each(raw, at):
        if not isinstance(id_, str) or id_.removeprefix(ABSENT) not in known:
            facts = {"id": shown(id_), "kind": name}
            work.findings.report("unknown-expectation", place, suggestion=nearest(shown(id_), sorted(known)), **facts)


def _each(raw: object, at: Place) -> Iterator[tuple[Place, object]]:
    """Yield each item of a list with its place, or what is no list as it stands."""
    if isinstance(raw, list):
        yield from ((at.inside(index), item) for index, item in enumerate(raw))
    else:
        yield at, raw


def _check_outcomes(work: Work, name: str, raw: object, at: Place) -> None:
    spec = work.decisions[name]
    for place, outcome in _each(raw, at):
        if spec.outcomes and not spec.aggregate and outcome != "refer" and outcome not in spec.outcomes:
            known = [*spec.outcomes, "refer"]
            facts = {"outcome": shown(outcome), "decision": name, "outcomes": shortened(", ".join(known))}
            work.findings.report("unknown-outcome", place, suggestion=nearest(shown(outcome), known), **facts)
