"""The register of mutation operators: each a slip that an owner may make, with a name, a sentence and an example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import attrs

from ...rules.tree import Condition, Expression


@attrs.frozen
class Rewrite:
    """One way to change a part: what it becomes, and *gone*, the part of it that was left out, where one was."""

    after: Condition
    gone: Condition | None = None


OnCondition: TypeAlias = Callable[[Condition], Iterator[Rewrite]]
OnExpression: TypeAlias = Callable[[Expression], Iterator[Expression]]


@attrs.frozen
class Operator:
    """
    One kind of slip.

    *before* and *after* are an example: a condition, a value, or, for what concerns whole rules, what happens in words.
    """

    name: str
    doc: str
    before: str
    after: str


#: All operators by name, in the order in which they are tried and reported.
OPERATORS: Final[dict[str, Operator]] = {}
#: What the operators on conditions and on expressions do, by name.
ON_CONDITIONS: Final[dict[str, OnCondition]] = {}
ON_EXPRESSIONS: Final[dict[str, OnExpression]] = {}


def register(name: str, doc: str, *, before: str, after: str) -> None:
    """Register an operator."""
    OPERATORS[name] = Operator(name, doc, before, after)


def on_conditions(name: str, doc: str, *, before: str, after: str) -> Callable[[OnCondition], OnCondition]:
    """Register what an operator makes of one part of a condition."""

    def registered(function: OnCondition) -> OnCondition:
        register(name, doc, before=before, after=after)
        ON_CONDITIONS[name] = function
        return function

    return registered


def on_expressions(name: str, doc: str, *, before: str, after: str) -> Callable[[OnExpression], OnExpression]:
    """Register what an operator makes of one part of an expression, in conditions as in values."""

    def registered(function: OnExpression) -> OnExpression:
        register(name, doc, before=before, after=after)
        ON_EXPRESSIONS[name] = function
        return function

    return registered
