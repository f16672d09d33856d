"""Decision tables: each row becomes a rule."""

from __future__ import annotations

import attrs

from .check import Mistyped
from .compose import Part, RuleItem
from .conditions import read_cell, read_value_expression
from .consequences import Consequences, check_id, made_rule, read_oblige, when_unless, word_of
from .declare import Work
from .describe import counted, described
from .diagnostics import Place, nearest
from .tree import (
    And,
    Condition,
    Expression,
    Rule,
    Truth,
)


@attrs.frozen
class Column:
    """A column of a decision table: what its head names, and what its cells are."""

    name: str
    kind: str
    index: int


def read_rows(work: Work, item: RuleItem) -> list[Rule]:
    """Return the rules that the rows of a table make, `ID/1`, `ID/2` and so on."""
    part = item.part
    check_id(work, part, "table")
    raw, place = part.raw, part.place
    heads = raw.get("columns")
    columns = [_column(work, head, index, place) for index, head in enumerate(heads if isinstance(heads, list) else [])]
    _check_columns(work, part, columns, heads)
    oblige = read_oblige(work, raw, place)
    unless = when_unless(work, {"unless": raw["unless"]}, place) if "unless" in raw else Truth(value=True)
    rows = raw.get("rows")
    found: list[Rule] = []
    for index, cells in enumerate(rows if isinstance(rows, list) else []):
        at = place.inside("rows", index)
        if not isinstance(cells, list):
            continue
        if len(cells) != len(columns):
            counts = {"cells": counted(len(cells), "cell"), "columns": counted(len(columns), "column")}
            work.findings.report("wrong-cell-count", at, **counts)
            continue
        row = _Row([column for column in columns if column is not None], cells, at, index)
        rule = _row(work, part, row, unless, oblige)
        if rule is not None:
            found.append(rule)
    return found


def _check_columns(work: Work, part: Part, columns: list[Column | None], heads: object) -> None:
    """Report columns for one result twice, and a table without any."""
    results = [column for column in columns if column is not None and column.kind != "when"]
    seen: set[str] = set()
    for column in results:
        if column.name in seen:
            work.findings.report("duplicate-column", part.place.inside("columns", column.index), name=column.name)
        seen.add(column.name)
    decides = any(column is None or column.kind == "then" for column in columns)
    if isinstance(heads, list) and not decides and not part.raw.get("oblige"):
        work.findings.report("rule-without-consequence", part.place, id=part.id)


def _column(work: Work, head: object, index: int, place: Place) -> Column | None:
    if not isinstance(head, str):
        return None
    at = place.inside("columns", index)
    name = head.removeprefix("=>").strip()
    if head.startswith("=>"):
        values = [value for spec in work.decisions.values() for value in spec.values]
        known = [*work.decisions, *values]
        if name in known:
            return Column(name, "then", index)
        work.findings.report("unknown-decision", at, suggestion=nearest(name, known), name=name)
        return None
    if name in ("because", "title"):
        return Column(name, "word", index)
    if work.scope.type_of(name) is None:
        suggestion = nearest(name, work.scope.names())
        if name in work.decisions or any(name in spec.values for spec in work.decisions.values()):
            suggestion = f"=> {name}"
        work.findings.report("unknown-name", at, suggestion=suggestion, name=name)
        return None
    return Column(name, "when", index)


@attrs.frozen
class _Row:
    """A row of a decision table."""

    columns: list[Column]
    cells: list[object]
    place: Place
    index: int


def _row(work: Work, part: Part, row: _Row, unless: Condition | None, oblige: tuple[str, ...]) -> Rule | None:
    columns, cells, place = row.columns, row.cells, row.place
    tests: list[Condition] = []
    complete = unless is not None
    for column in (column for column in columns if column.kind == "when"):
        try:
            tests.append(
                read_cell(column.name, cells[column.index], place.inside(column.index), work.scope, work.findings)
            )
        except Mistyped:
            complete = False
    outcomes, values = _row_consequences(work, columns, cells, place)
    if not complete or unless is None:
        return None
    words = {
        c.name: _words_cell(work, c.name, cells[c.index], place.inside(c.index)) for c in columns if c.kind == "word"
    }
    title = words.get("title", word_of(part.raw, "title"))
    because = words.get("because", word_of(part.raw, "because"))
    row_part = attrs.evolve(part, raw={**part.raw, "title": title, "because": because})
    kept = [test for test in (*tests, unless) if test != Truth(value=True)]
    condition = Truth(value=True) if not kept else kept[0] if len(kept) == 1 else And(tuple(kept))
    follows = Consequences(outcomes, values, oblige)
    return made_rule(work, row_part, f"{part.id}/{row.index + 1}", condition, follows, place)


def _words_cell(work: Work, name: str, cell: object, place: Place) -> str:
    if not isinstance(cell, str):
        work.findings.report("wrong-kind", place, key=name, wanted="a text in quotes", found=described(cell))
        return ""
    return "" if cell == "-" else cell


def _row_consequences(
    work: Work, columns: list[Column], cells: list[object], place: Place
) -> tuple[dict[str, Expression], dict[str, Expression]]:
    outcomes: dict[str, Expression] = {}
    values: dict[str, Expression] = {}
    given = {c.name: c.index for c in columns if c.kind == "then" and cells[c.index] != "-"}
    owners = {value: spec for spec in work.decisions.values() for value in spec.values}
    for name, index in given.items():
        at = place.inside(index)
        spec = work.decisions.get(name)
        type_ = spec.type if spec else owners[name].values[name]
        if not spec and owners[name].id not in given:
            work.findings.report("value-without-decision", at, name=name, decision=owners[name].id)
        try:
            (outcomes if spec else values)[name] = read_value_expression(
                name, cells[index], type_, at, work.scope, work.findings
            )
        except Mistyped:
            continue
    return outcomes, values
