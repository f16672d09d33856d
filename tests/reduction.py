"""Make a failing policy and incident small: take out all that the failure does not need."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import attrs
import tomli_w
from random_incidents import Facts

from evenhand import Policy, PolicyError
from evenhand.rules.syntax import Invocation, Operation, SyntaxProblem, Written, parse_condition

Path: TypeAlias = tuple[str | int, ...]
Fails: TypeAlias = Callable[[Policy, Facts, dt.date], bool]


@attrs.frozen
class Failure:
    """A policy as a TOML table, and an incident on which it fails."""

    table: dict[str, Any]
    facts: Facts
    as_of: dt.date

    def policy(self) -> Policy:
        return Policy.loads(tomli_w.dumps(self.table))

    def __str__(self) -> str:
        return f"{tomli_w.dumps(self.table)}\nincident = {self.facts!r}\nas_of = {self.as_of!r}"


def reduced(failure: Failure, fails: Fails) -> Failure:
    """Return a smaller failure: nothing can be taken out of it, and no condition cut down, without the failure going away."""
    smaller: Failure | None = failure
    while smaller is not None:
        failure = smaller
        smaller = next((one for one in _smaller(failure) if _still(one, fails)), None)
    return failure


def _still(failure: Failure, fails: Fails) -> bool:
    try:
        return fails(failure.policy(), failure.facts, failure.as_of)
    except PolicyError:
        return False


def _smaller(failure: Failure) -> Iterator[Failure]:
    for name in failure.facts:
        yield attrs.evolve(failure, facts={key: value for key, value in failure.facts.items() if key != name})
    for path in _paths(failure.table):
        yield attrs.evolve(failure, table=_without(failure.table, path))
    for path in _paths(failure.table):
        for part in _parts(_at(failure.table, path)):
            yield attrs.evolve(failure, table=_with(failure.table, path, part))


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
