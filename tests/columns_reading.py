"""The columns reading of one incident: a table of one row through the compiled loop, held to what the reference comes to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pyarrow as pa
from test_columns_agree import difference

from evenhand import FactError, Judgement, Policy
from evenhand.engine.columns.kernel import Kernel
from evenhand.engine.columns.moments import Moments
from evenhand.engine.columns.plain import answers_to
from evenhand.engine.columns.reading import facts_in
from evenhand.engine.interpret import interpret
from evenhand.rules.given import flatten, groups_of


class UnlikeError(Exception):
    """The table says something else than the reference."""


def by_columns(policy: Policy, facts: Mapping[str, Any], as_of: dt.date) -> Judgement:
    """
    Decide an incident by the reference, and raise unless its row in a table says the same in every column.

    What Arrow has no type for is left to the reference alone.
    """
    row = one_row(policy, facts)
    try:
        judgement = interpret(policy.tree, policy.read(facts), as_of)
    except FactError as error:
        codes = None if row is None else mistakes(policy, row, as_of)
        if codes not in (None, {found.code for found in error.diagnostics}):
            raise UnlikeError(f"the mistakes are {codes}") from error
        raise
    if row is not None:
        found = kernel_of(policy).decide(facts_in(row, policy.tree.facts), Moments((as_of,)))
        parting = difference(answers_to(policy.tree, [judgement]), found)
        if parting:
            raise UnlikeError(parting)
    return judgement


@lru_cache(maxsize=4)
def kernel_of(policy: Policy) -> Kernel:
    return Kernel(policy, 1)


def one_row(policy: Policy, facts: Mapping[str, Any]) -> Any:
    """Return an incident as a table, each column of the type that Arrow finds in its value; None where there is none."""
    vocabulary = policy.tree.facts
    listed = list(flatten(facts, vocabulary, groups=groups_of(vocabulary)))
    try:
        columns = [pa.array([raw]) for _, raw in listed]
    except (pa.ArrowException, OverflowError, ValueError, TypeError):
        return None
    table = pa.table(columns, names=[name for name, _ in listed])
    is_same = all(type(column[0].as_py()) is type(raw) for column, (_, raw) in zip(columns, listed, strict=True))
    return table if listed and is_same else None


def mistakes(policy: Policy, row: Any, as_of: dt.date) -> set[str]:
    """Return the codes of all that is wrong with a row."""
    try:
        found = kernel_of(policy).decide(facts_in(row, policy.tree.facts), Moments((as_of,)))
    except FactError as error:
        return {found.code for found in error.diagnostics}
    return {problem.code for bad in found.bad for problem in bad.diagnostics}
