"""The readings of a policy, and how one is held to the reference: a later reading joins by adding a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import attrs
from columns_reading import by_columns
from random_incidents import Facts
from reduction import Situation
from solver_reading import by_solver

from evenhand import FactError, Judgement, Policy, Verdict
from evenhand.engine.cases.views import views_of
from evenhand.engine.interpret import interpret

#: What a reading says to an incident: a judgement, or what is wrong with the facts.
Answer: TypeAlias = Judgement | tuple[str, ...]
CRASHED: Final = "crashed"
Reading: TypeAlias = Callable[[Policy, Facts, dt.date], Judgement]


def reference(policy: Policy, facts: Facts, as_of: dt.date) -> Judgement:
    return interpret(policy.tree, policy.read(facts), as_of)


def index(policy: Policy, facts: Facts, as_of: dt.date) -> Judgement:
    return policy.decide(facts, as_of=as_of).judgement


def verdict_by_verdict(policy: Policy, facts: Facts, as_of: dt.date) -> Judgement:
    """Return what the index makes at once, and of what it leaves for later, each verdict as it is asked for by name."""
    decision = policy.decide(facts, as_of=as_of)
    verdicts = dict(decision.verdicts)
    return attrs.evolve(decision.judgement, verdicts=verdicts)


def remembered(policy: Policy, facts: Facts, as_of: dt.date) -> Judgement:
    """Return what cases keep of an incident that the policy cannot tell from this one."""
    return views_of(policy).at(policy.read(facts), as_of).judgement


#: Every reading but the reference, by name.
READINGS: Final[Mapping[str, Reading]] = {
    "index": index,
    "index, verdict by verdict": verdict_by_verdict,
    "cases": remembered,
    "solver": by_solver,
    "columns": by_columns,
}
#: Readings that take longer are held to fewer incidents: one in so many.
SLOWER: Final[Mapping[str, int]] = {"solver": 10, "columns": 5}


def answer(reading: Reading, policy: Policy, facts: Facts, as_of: dt.date) -> Answer:
    """Return what a reading says; mistakes in the facts are an answer as well, and so is a crash, though never the right one."""
    try:
        return reading(policy, facts, as_of)
    except FactError as error:
        return tuple(f"{d.code} {dict(d.facts)} {d.place.path}" for d in error.diagnostics)
    except Exception as crash:  # noqa: BLE001 because whatever comes is to be made small and shown
        return (f"{CRASHED} with {crash!r}",)


def parting(name: str, policy: Policy, incidents: Sequence[Situation]) -> str:
    """
    Return where a reading parts from the reference on the last of some incidents, empty where it does not.

    Those before it are decided as well: a reading may remember something.
    """
    found: Answer = ()
    for facts, as_of in incidents:
        found = answer(READINGS[name], policy, facts, as_of)
    return difference(answer(reference, policy, *incidents[-1]), found)


def difference(expected: Answer, found: Answer) -> str:
    """Return where two answers part, in words; empty where they agree."""
    if isinstance(expected, tuple) or isinstance(found, tuple):
        crashed = any(isinstance(one, tuple) and one and one[0].startswith(CRASHED) for one in (expected, found))
        return "" if same(expected, found) and not crashed else f"{_summary(expected)} != {_summary(found)}"
    return "\n".join(_differences(expected, found))


def _summary(answer_: Answer) -> object:
    if isinstance(answer_, tuple):
        return answer_
    return {name: verdict.canonical for name, verdict in answer_.verdicts.items()}


def _differences(expected: Judgement, found: Judgement) -> Iterator[str]:
    if list(expected.verdicts) != list(found.verdicts):
        yield f"verdicts: {list(expected.verdicts)} != {list(found.verdicts)}"
        return
    for name, verdict in expected.verdicts.items():
        for field, value, other in _fields(verdict, found.verdicts[name]):
            yield f"{name}.{field}: {_shown(value)} != {_shown(other)}"
    for field, value, other in _fields(expected, found):
        if field != "verdicts":
            yield f"{field}: {_shown(value)} != {_shown(other)}"


def _fields(one: Verdict | Judgement, other: Verdict | Judgement) -> Iterator[tuple[str, object, object]]:
    for field in attrs.fields(type(one)):
        value, twin = getattr(one, field.name), getattr(other, field.name)
        if field.name != "verdicts" and not same(value, twin):
            yield field.name, value, twin


def same(one: object, other: object) -> bool:
    """Whether two values are equal and of one type all the way down: 1, True and a Fraction are three things here."""
    if one is other:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def _shown(value: object) -> str:
    match value:
        case tuple():
            return f"({', '.join(map(_shown, value))})"
        case Mapping():
            return f"{{{', '.join(f'{key}: {_shown(inner)}' for key, inner in value.items())}}}"
        case _ if hasattr(value, "guard"):
            certain = "certainly" if getattr(value, "certain", False) else "possibly"
            return f"{value.guard.id} {certain} for want of {getattr(value, 'missing', ())}"
        case _:
            return str(getattr(value, "id", None) or repr(value))
