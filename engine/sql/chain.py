"""The stages of a query as text: CTEs that add their columns one after the other, and the answer over the last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlglot import exp

from . import nodes
from .dialects import Dialect
from .nodes import Node, column
from .stages import Stages

#: The most options that are written as several short lists.
_MODERATE: Final = 20


def chained(
    stages: Stages, answers: Sequence[Node], dialect: Dialect, table: str, key: Sequence[str], facts: Sequence[str]
) -> exp.Select:
    """Return the query of *answers* over *stages*; of the table the *facts* are asked, and the *key* is kept, or all columns."""
    source: exp.Expr = exp.to_table(table, dialect=dialect.name)
    whole_row = not key and dialect.name == "postgres"
    ctes: list[exp.CTE] = []
    for name, told, defined in stages.ctes():
        columns = [nodes.named(node, alias, comment) for alias, (node, comment) in defined.items()]
        kept = [exp.Star()] if ctes else _source_columns(dialect, table, key, facts, whole_row=whole_row)
        inner = exp.select(*kept, *columns, copy=False).from_(source, copy=False)
        if dialect.fence:
            # PostgreSQL would put each column in place of its name, over and over, where a stage is not kept apart. Kept
            # apart by MATERIALIZED, it reckons what nobody asks for, and writes down what it reckons: four times as slow.
            inner = inner.offset(0, copy=False)
        cte = exp.CTE(this=inner, alias=exp.TableAlias(this=exp.to_identifier(name)))
        if told:
            cte.add_comments([nodes.commented(told)])
        ctes.append(cte)
        source = exp.to_table(name)
    query = exp.select(*_kept(stages, key, whole_row=whole_row), *answers, copy=False).from_(source, copy=False)
    if dialect.longest_in:
        _shortened(query, ctes, dialect.longest_in)
    if dialect.fence:
        _narrowed(query, ctes, dialect)
    query.set("with_" if "with_" in exp.Select.arg_types else "with", exp.With(expressions=ctes))
    return query


def _source_columns(
    dialect: Dialect, table: str, key: Sequence[str], facts: Sequence[str], *, whole_row: bool
) -> list[Node]:
    """Return what the first stage takes of the table."""
    if not key and not whole_row:
        return [exp.Star()]
    columns = [column(name) for name in dict.fromkeys((*key, *facts))]
    if whole_row:
        row = exp.column(exp.to_identifier(exp.to_table(table, dialect=dialect.name).name, quoted=True))
        columns.insert(0, nodes.named(row, "_row"))
    return columns


def _kept(stages: Stages, key: Sequence[str], *, whole_row: bool) -> list[Node]:
    """Return what the answer keeps of the table."""
    if key:
        return [column(name) for name in key]
    if whole_row:
        return [exp.Var(this='("_row").*')]
    names = stages.names
    if not names:
        return [exp.Star()]
    excepted = "except_" if "except_" in exp.Star.arg_types else "except"
    return [exp.Star(**{excepted: [exp.to_identifier(name, quoted=True) for name in names]})]


def _narrowed(query: exp.Select, ctes: Sequence[exp.CTE], dialect: Dialect) -> None:
    """
    Let each stage hand on only what is asked for after it, on one line.

    PostgreSQL copies what stands behind a `*`, row by row and stage by stage, be it wanted or not.
    """
    asked = _text(query.expressions, dialect)
    for at in range(len(ctes) - 1, 0, -1):
        made = ctes[at].this.expressions[1:]
        asked += _text(made, dialect)
        names = [
            _quoted(one, dialect) for cte in ctes[:at] for one in cte.this.expressions if not isinstance(one, exp.Star)
        ]
        handed = ", ".join(name for name in names if name in asked)
        ctes[at].this.set("expressions", [*([exp.Var(this=handed)] if handed else []), *made])


def _quoted(one: Node, dialect: Dialect) -> str:
    return exp.to_identifier(one.alias_or_name, quoted=True).sql(dialect.name)


def _text(parts: Iterable[Node], dialect: Dialect) -> str:
    return "\n".join(part.sql(dialect.name, comments=False) for part in parts)


def _shortened(query: exp.Select, ctes: Sequence[exp.CTE], longest: int) -> None:
    """Write `IN` lists of moderate length as several short ones."""
    for listed in [found for tree in (query, *ctes) for found in tree.find_all(exp.In)]:
        options = listed.expressions
        if longest < len(options) <= _MODERATE:
            parts = [options[at : at + longest] for at in range(0, len(options), longest)]
            several = nodes.any_of(nodes.among(listed.this.copy(), [one.copy() for one in part]) for part in parts)
            listed.replace(exp.Paren(this=several))
