"""A policy's query as text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from ...rules.locate import located
from ..policy import Policy
from .dialects import DIALECTS
from .facts import Facts
from .query import Query, Wanted
from .refusals import SqlError

if TYPE_CHECKING:
    from ...rules.tree import PolicyTree

#: A table, within a schema and a catalogue if need be; a part may stand in quotes.
_PART: Final = r"""(?:[\w$-]+|"[^"]+"|`[^`]+`)"""
_TABLE: Final = re.compile(rf"{_PART}(?:\.{_PART}){{0,3}}")


def written(
    policy: Policy,
    dialect: str,
    *,
    table: str,
    key: Iterable[str],
    columns: Mapping[str, str] | None,
    without: Iterable[str],
    given: Iterable[str],
    checked: Iterable[str],
    as_of: dt.date | str | None,
    reasons: bool,
) -> str:
    """
    Write the query.

    Raises:
        SqlError: If the dialect cannot say all of it.
        ValueError: If the table has no name, or a column would be in the answer twice.
    """
    tree: PolicyTree = policy.tree
    spelled = DIALECTS[dialect]
    absent = set(without)
    twice = set(key) & set(tree.decisions)
    if twice:
        raise ValueError(f"{min(twice)!r} would be in the answer twice: it is a decision of the policy")
    named = dict(columns or {})
    asked = [name for name in tree.facts if name in tree.asked and name not in absent]
    by_fact = {name: named.get(name, name if spelled.dots else name.replace(".", "_")) for name in asked}
    facts = Facts(tree, spelled, by_fact, frozenset(given), frozenset(checked))
    if not _TABLE.fullmatch(table):
        raise ValueError(f"{table[:80]!r} is no name of a table: write it like incidents or schema.incidents")
    query = Query(tree, spelled, facts, Wanted(table, tuple(key), as_of, reasons))
    try:
        return query.select().sql(dialect, pretty=True, comments=True) + "\n"
    except SqlError as error:
        raise SqlError(located(error.diagnostics, policy.documents)) from None
