"""Make a failing policy and incident small: take out all that the failure does not need."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import attrs
import tomli_w
from random_incidents import Facts

from evenhand import Policy, PolicyError
from evenhand.rules.syntax import Invocation, Operation, SyntaxProblem, Written, parse_condition

Path: TypeAlias = tuple[str | int, ...]
#: An incident and the moment of its decision.
Situation: TypeAlias = tuple[Facts, dt.date]
#: How a policy, decided on some incidents one after the other, goes wrong on the last; empty where it does not.
Check: TypeAlias = Callable[[Policy, Sequence[Situation]], str]


@attrs.frozen
class Failure:
    """A policy as a TOML table, and incidents decided one after the other, on the last of which it fails."""

    table: dict[str, Any]
    incidents: tuple[Situation, ...]

    def policy(self) -> Policy:
        return Policy.loads(tomli_w.dumps(self.table))

    def report(self, check: Check) -> str:
        """Return the failure made small, in words."""
        small = reduced(self, check)
        incidents = "\n".join(f"{facts!r} as of {as_of!r}" for facts, as_of in small.incidents)
        return f"{tomli_w.dumps(small.table)}\n{incidents}\n\n{check(small.policy(), small.incidents)}"


def reduced(failure: Failure, check: Check) -> Failure:
    """Return a smaller failure: nothing can be taken out of it, and no condition cut down, without the failure going away."""
    last = attrs.evolve(failure, incidents=failure.incidents[-1:])
    smaller: Failure | None = last if _still(last, check) else failure
    while smaller is not None:
        failure = smaller
        smaller = next((one for one in _smaller(failure) if _still(one, check)), None)
    return failure


def _still(failure: Failure, check: Check) -> bool:
    try:
        return bool(check(failure.policy(), failure.incidents))
    except PolicyError:
        return False


def _smaller(failure: Failure) -> Iterator[Failure]:
    for incidents in _fewer(failure.incidents):
        yield attrs.evolve(failure, incidents=incidents)
    for path in _paths(failure.table):
        yield attrs.evolve(failure, table=_without(failure.table, path))
    for path in _paths(failure.table):
        for part in _parts(_at(failure.table, path)):
            yield attrs.evolve(failure, table=_with(failure.table, path, part))


def _fewer(incidents: tuple[Situation, ...]) -> Iterator[tuple[Situation, ...]]:
    """Yield fewer incidents, then incidents with fewer facts."""
    for index in range(len(incidents) - 1):
        yield incidents[:index] + incidents[index + 1 :]
    for index, (facts, as_of) in enumerate(incidents):
        for name in facts:
            left = {key: value for key, value in facts.items() if key != name}
            yield (*incidents[:index], (left, as_of), *incidents[index + 1 :])


def _paths(inner: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value, outer ones first."""
    keys = list(inner) if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ()
    for key in keys:
        yield (*path, key)
    for key in keys:
        yield from _paths(inner[key], (*path, key))


def _at(table: Any, path: Path) -> Any:
    for key in path:
        table = table[key]
    return table


def _without(table: dict[str, Any], path: Path) -> dict[str, Any]:
    table = copy.deepcopy(table)
    del _at(table, path[:-1])[path[-1]]
    return table


def _with(table: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    table = copy.deepcopy(table)
    _at(table, path[:-1])[path[-1]] = value
    return table


def _parts(value: Any) -> Iterator[Any]:
    """Yield what may stand in place of a value: the parts of a condition or of an expression, the items of a list."""
    if isinstance(value, list):
        yield from value
    if not isinstance(value, str):
        return
    try:
        written = parse_condition(value)
    except SyntaxProblem:
        return
    for part in _operands(written):
        if part.end - part.start < len(value):
            yield value[part.start : part.end]
        elif isinstance(part, Operation | Invocation):
            yield from (value[inner.start : inner.end] for inner in _operands(part))
    if isinstance(written, Operation) and written.operator in ("and", "or"):
        for index in range(len(written.operands)):
            kept = [part for at, part in enumerate(written.operands) if at != index]
            yield f" {written.operator} ".join(f"({value[part.start : part.end]})" for part in kept)


def _operands(written: Written) -> tuple[Written, ...]:
    match written:
        case Operation(_, operands):
            return operands
        case Invocation(_, arguments):
            return arguments
        case _:
            return ()
