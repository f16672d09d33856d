"""The checking passes: terms, rules, decision tables, guards and tests of a draft."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from .check import Mistyped, Scope
from .compose import Part, RuleItem, cycle_text
from .conditions import DEEPEST, LARGEST, extent, names_in, read_cell, read_condition, read_value_expression
from .declare import Work
from .describe import counted, described, shortened, shown
from .diagnostics import FactError, Findings, Place, nearest
from .given import FactProblem, read_given, read_value
from .normal import Normalizer, facts_in
from .tree import (
    And,
    Case,
    Compare,
    Condition,
    Expression,
    Guard,
    Known,
    Named,
    Not,
    Or,
    Rule,
    Term,
    TextTest,
    Truth,
)
from .types import Type
from .words import condition_text

#: The most tests that all conditions of a policy may have together, terms written out.
LARGEST_POLICY: Final = 2_000_000
_ID = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*\Z")


# --- terms -----------------------------------------------------------------------------------------------------------


def check_terms(work: Work) -> None:
    """Check every term, those that it rests on first; terms that rest on each other are reported."""
    work.normalizer = Normalizer(work.scope.universe)
    drafts = {name: part for name, part in work.draft.terms.items() if _is_free(work, name, part)}
    work.conditions.update(dict.fromkeys(drafts))
    for name in _in_order(work, drafts):
        part = drafts[name]
        raw = part.raw.get("", part.raw)
        condition = _checked(raw, part.place, work.scope, work)
        work.conditions[name] = condition
        if condition is not None:
            work.terms[name] = _term(work, name, part, raw, condition)


def _term(work: Work, name: str, part: Part, raw: object, condition: Condition) -> Term:
    assert work.normalizer is not None
    form = work.normalizer.normal_form(Named(name, condition))
    text = raw if isinstance(raw, str) else condition_text(condition, work.currencies.home)
    return Term(name, text, condition, form, part.origin)


def _is_free(work: Work, name: str, part: Part) -> bool:
    other = "fact" if name in work.facts else "parameter" if name in work.parameters else ""
    if other:
        place = attrs.evolve(part.place, key=True)
        work.findings.report("name-clash", place, name=name, kind="term", other=other)
    return not other


def _in_order(work: Work, drafts: Mapping[str, Part]) -> list[str]:
    """Return the terms so that each comes after those that it rests on, leaving out those in a cycle."""
    scope, names = work.scope, drafts.keys()
    rests_on = {name: names_in(part.raw.get("", part.raw), scope, part.place) & names for name, part in drafts.items()}
    ordered = _sorted(rests_on)
    waiting = {name: needs for name, needs in rests_on.items() if name not in ordered}
    for cycle in _cycles(waiting):
        work.findings.report("cycle-in-terms", drafts[cycle[0]].place, cycle=cycle_text(cycle))
    return list(ordered)


def _sorted(rests_on: Mapping[str, set[str]]) -> dict[str, None]:
    """Return the names so that each comes after those that it needs, without those that wait for a cycle."""
    missing = {name: len(needs) for name, needs in rests_on.items()}
    wanted_by: dict[str, list[str]] = {name: [] for name in rests_on}
    for name, needs in rests_on.items():
        for needed in needs:
            wanted_by[needed].append(name)
    ordered = dict.fromkeys(name for name, count in missing.items() if not count)
    pending = list(ordered)
    for name in pending:  # grows while it is walked
        for waiting in wanted_by[name]:
            missing[waiting] -= 1
            if not missing[waiting]:
                ordered[waiting] = None
                pending.append(waiting)
    return ordered


def _cycles(waiting: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """
    Yield cycles among names each of which needs another one of them: follow one need from each name, and a way must close.

    >>> list(_cycles({"a": {"b"}, "b": {"a"}, "c": {"a"}}))
    [['a', 'b']]
    """
    walked: dict[str, str] = {}
    for start in waiting:
        way: list[str] = []
        name = start
        while name not in walked:
            walked[name] = start
            way.append(name)
            name = min(waiting[name] & waiting.keys())
        if walked[name] == start:
            yield way[way.index(name) :]


def _checked(raw: object, place: Place, scope: Scope, work: Work) -> Condition | None:
    """Check a condition and its size, its mistakes reported."""
    try:
        condition = read_condition(raw, place, scope, work.findings)
    except Mistyped:
        return None
    count, levels = extent(condition, work.extents)
    work.total_size += count
    if levels > DEEPEST:
        work.findings.report("terms-too-deep", place, limit=str(DEEPEST))
        return None
    if count > LARGEST:
        work.findings.report("condition-too-large", place, count=f"{count:_}", limit=f"{LARGEST:_}")
        return None
    if work.total_size > LARGEST_POLICY:
        work.findings.report("policy-too-large", Place(place.document), limit=f"{LARGEST_POLICY:_}")
        return None
    return condition


# --- rules and tables ------------------------------------------------------------------------------------------------


def check_rules(work: Work) -> None:
    """Check every rule and the rows of every table, in the order in which they are tried."""
    switched = work.draft.switches
    for item in work.draft.items:
        if not item.is_table:
            rule = _rule(work, item.part)
            if rule is not None:
                work.rules.append(rule)
            continue
        work.rules.extend(rule for rule in _rows(work, item) if rule.id not in switched)


def _rule(work: Work, part: Part) -> Rule | None:
    raw, place = part.raw, part.place
    check_id(work, part, "rule")
    condition = _when_unless(work, raw, place)
    then = raw.get("then")
    outcomes, values = _consequences(work, then if isinstance(then, dict) else {}, place.inside("then"))
    oblige = _oblige(work, raw, place)
    if not raw.get("then") and not raw.get("oblige"):
        work.findings.report("rule-without-consequence", place, id=part.id)
    if condition is None:
        return None
    return _made(work, part, part.id, condition, _Follows(outcomes, values, oblige), place)


def check_id(work: Work, part: Part, kind: str) -> None:
    """Report an id that could not stand in a record or on a command line."""
    id_ = part.raw.get("id")
    if isinstance(id_, str) and not _ID.match(id_):
        slug = re.sub(r"[^a-z0-9]+", "-", _without_accents(id_.lower())).strip("-")
        work.findings.report("bad-id", part.place.inside("id"), suggestion=slug[:60], kind=kind, id=shown(id_))


def _without_accents(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", text[:100]) if not unicodedata.combining(sign))


def _when_unless(work: Work, raw: Mapping[str, Any], place: Place) -> Condition | None:
    parts: list[Condition] = []
    complete = True
    for key in ("when", "unless"):
        if key not in raw:
            continue
        condition = _checked(raw[key], place.inside(key), work.scope, work)
        complete &= condition is not None
        if condition is not None:
            parts.append(condition if key == "when" else Not(condition))
    if not complete:
        return None
    if not parts:
        return Truth(value=True)
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _consequences(
    work: Work, then: Mapping[str, Any], place: Place
) -> tuple[dict[str, Expression], dict[str, Expression]]:
    """Read what follows from a rule: outcomes by decision and values by name."""
    outcomes: dict[str, Expression] = {}
    values: dict[str, Expression] = {}
    owners = {value: spec for spec in work.decisions.values() for value in spec.values}
    for name, raw in then.items():
        at = place.inside(name)
        type_ = work.decisions[name].type if name in work.decisions else None
        type_ = owners[name].values[name] if type_ is None and name in owners else type_
        if type_ is None:
            known = [*work.decisions, *owners]
            work.findings.report(
                "unknown-decision", attrs.evolve(at, key=True), suggestion=nearest(name, known), name=name
            )
            continue
        if name in owners and owners[name].id not in then:
            work.findings.report(
                "value-without-decision", attrs.evolve(at, key=True), name=name, decision=owners[name].id
            )
        try:
            (outcomes if name in work.decisions else values)[name] = read_value_expression(
                name, raw, type_, at, work.scope, work.findings
            )
        except Mistyped:
            continue
    return outcomes, values


def _oblige(work: Work, raw: Mapping[str, Any], place: Place) -> tuple[str, ...]:
    found: list[str] = []
    oblige = raw.get("oblige", [])
    for index, name in enumerate(oblige if isinstance(oblige, list) else []):
        if not isinstance(name, str):
            continue
        if name not in work.obligations:
            at = place.inside("oblige", index)
            work.findings.report("unknown-obligation", at, suggestion=nearest(name, work.obligations), name=name)
        elif name not in found:
            found.append(name)
    return tuple(found)


@attrs.frozen
class _Follows:
    """What follows from a rule: outcomes by decision, values by name, and duties."""

    outcomes: dict[str, Expression]
    values: dict[str, Expression]
    oblige: tuple[str, ...]


def _made(work: Work, part: Part, id_: str, condition: Condition, follows: _Follows, place: Place) -> Rule:
    assert work.normalizer is not None
    form = work.normalizer.normal_form(condition)
    if not form.disjuncts and not work.findings.blames(place):
        work.findings.report("impossible-condition", _condition_place(part, place), id=id_)
    return Rule(
        id_,
        condition,
        form,
        follows.outcomes,
        follows.values,
        follows.oblige,
        title=_word(part.raw, "title"),
        because=_word(part.raw, "because"),
        source=_word(part.raw, "source"),
        text=_rule_text(part.raw, condition, work),
        origin=attrs.evolve(part.origin, path=place.path),
    )


def _condition_place(part: Part, place: Place) -> Place:
    return place.inside("when") if "when" in part.raw and place == part.place else place


def _word(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key, "")
    return value if isinstance(value, str) else ""


def _rule_text(raw: Mapping[str, Any], condition: Condition, work: Work) -> str:
    when, unless = raw.get("when"), raw.get("unless")
    if isinstance(when, str) and unless is None and "columns" not in raw:
        return when
    return condition_text(condition, work.currencies.home)


@attrs.frozen
class Column:
    """A column of a decision table: what its head names, and what its cells are."""

    name: str
    kind: str
    index: int


def _rows(work: Work, item: RuleItem) -> list[Rule]:
    part = item.part
    check_id(work, part, "table")
    raw, place = part.raw, part.place
    heads = raw.get("columns")
    columns = [_column(work, head, index, place) for index, head in enumerate(heads if isinstance(heads, list) else [])]
    _check_columns(work, part, columns, heads)
    oblige = _oblige(work, raw, place)
    unless = _when_unless(work, {"unless": raw["unless"]}, place) if "unless" in raw else Truth(value=True)
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
    title = words.get("title", _word(part.raw, "title"))
    because = words.get("because", _word(part.raw, "because"))
    row_part = attrs.evolve(part, raw={**part.raw, "title": title, "because": because})
    kept = [test for test in (*tests, unless) if test != Truth(value=True)]
    condition = Truth(value=True) if not kept else kept[0] if len(kept) == 1 else And(tuple(kept))
    follows = _Follows(outcomes, values, oblige)
    return _made(work, row_part, f"{part.id}/{row.index + 1}", condition, follows, place)


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


# --- guards and tests ------------------------------------------------------------------------------------------------


def check_guards(work: Work) -> None:
    """Check every red line; it must name a decision, for facts alone break nothing."""
    single = {name: spec for name, spec in work.decisions.items() if not spec.collects and name not in work.facts}
    scope = attrs.evolve(work.scope, decisions=single)
    normalizer = Normalizer(scope.universe)
    for part in work.draft.guards:
        check_id(work, part, "guard")
        if "never" not in part.raw:
            work.findings.report("missing-key", part.place, key="never", table="guard", about="what must never hold")
            continue
        place = part.place.inside("never")
        condition = _checked(part.raw["never"], place, scope, work)
        if condition is None:
            continue
        form = normalizer.normal_form(condition)
        named = _named_decisions(condition, scope)
        if not named:
            work.findings.report("guard-without-decision", place, id=part.id, decisions=", ".join(scope.decisions))
        raw = part.raw["never"]
        text = raw if isinstance(raw, str) else condition_text(condition, work.currencies.home)
        words = {key: _word(part.raw, key) for key in ("title", "because", "source")}
        work.guards.append(Guard(part.id, condition, form, named, text=text, origin=part.origin, **words))


def _named_decisions(condition: Condition, scope: Scope) -> tuple[str, ...]:
    found: set[str] = set()
    pending: list[Condition] = [condition]
    while pending:
        match pending.pop():
            case And(parts) | Or(parts):
                pending += parts
            case Not(part) | Named(_, part):
                pending.append(part)
            case Known(name):
                found.add(name)
            case (Compare() | TextTest()) as test:
                found.update(facts_in(test))
            case Truth():
                pass
    return tuple(name for name in scope.decisions if name in found)


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
    expected = _Expected.of(work)
    for part in work.draft.tests:
        given, expect = part.raw.get("given"), part.raw.get("expect")
        if not isinstance(given, dict) or not isinstance(expect, dict):
            continue
        try:
            read_given(given, work.facts, work.currencies, place=part.place.inside("given"))
        except FactError as error:
            _take_over(work.findings, error)
        _check_expectations(work, expect, expected, part.place.inside("expect"))
        found.append(Case(part.id, given, expect, part.raw.get("as_of"), part.origin))
    return tuple(found)


def _take_over(findings: Findings, error: FactError) -> None:
    for diagnostic in error.diagnostics:
        findings.report(diagnostic.code, diagnostic.place, suggestion=diagnostic.suggestion, **diagnostic.facts)


@attrs.frozen
class _Expected:
    """What a test may expect beside decisions: the values of decisions, and lists of ids."""

    values: Mapping[str, Type]
    ids: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, work: Work) -> _Expected:
        ids = {
            "obligations": frozenset(work.obligations),
            "guards": frozenset(guard.id for guard in work.guards),
            "rules": frozenset(rule.id for rule in work.rules),
        }
        return cls({name: type_ for spec in work.decisions.values() for name, type_ in spec.values.items()}, ids)


def _check_expectations(work: Work, expect: Mapping[str, Any], expected: _Expected, place: Place) -> None:
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
        if not isinstance(id_, str) or id_ not in known:
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
