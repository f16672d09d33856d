"""What `policy verify --format json` says of decision tables is, point by point, what brute force says of them."""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
import tomli_w
from commands import run
from table_truth import Input, Point, Table, region_test

from evenhand import Policy, PolicyError

pytest.importorskip("z3")

CASES = int(os.environ.get("EVENHAND_CASES", "20000"))
#: How many random tables are held against brute force, and how many points of each at the most.
TABLES = max(CASES // 60, 5)
POINTS = 3_000
SHARDS = 4
OUTCOMES = ("low", "medium", "high")
HIT_POLICIES = ("unique", "any", "first", "priority", "collect", "rule order")
KINDS = (
    Input("age", "integer"),
    Input("size", "number"),
    Input("score", "number", low="0"),
    Input("amount", "money"),
    Input("loss", "money", low="0 USD"),
    Input("wait", "duration"),
    Input("day", "date"),
    Input("at", "datetime"),
    Input("insured", "boolean"),
    Input("colour", "words", ("red", "green", "blue", "dark grey")),
    Input("level", "scale", ("none", "some", "much", "most")),
    Input("note", "text"),
)
LITERALS = {
    "integer": [str(number) for number in range(-20, 100, 7)],
    "number": ["-1.5", "0", "0.1", "0.30", "1", "2.5", "7", "10.25", "1_000", "12345.678"],
    "score": ["0", "0.1", "0.30", "1", "2.5", "7", "10.25", "1_000"],
    "amount": ["-5 USD", "0 USD", "0.01 USD", "4.5 USD", "50 USD", "1_000 USD", "99.99 USD"],
    "loss": ["0.01 USD", "4.5 USD", "50 USD", "1_000 USD", "99.99 USD"],
    "duration": ["0.5s", "90 s", "30 min", "2h", "36h", "3 days", "1 day"],
    "date": ["2025-12-31", "2026-01-01", "2026-02-28", "2026-03-01", "2028-02-29"],
    "datetime": [
        "2026-01-01T00:00:00Z",
        "2026-01-01T10:30:00Z",
        "2026-01-01T10:30:00.250000Z",
        "2026-05-01T12:00:00+02:00",
    ],
    "text": ["'alpha'", "'beta, gamma'", "'delta'"],
}


def random_cell(one: Input, choose: random.Random) -> object:
    """Return a cell of any form that the language has for the input's type."""
    if choose.random() < 0.25:
        return "-"
    if one.type == "boolean":
        return choose.choice([True, False, "true", "false"])
    if one.type in ("words", "text"):
        words = [f"'{word}'" if " " in word else word for word in one.words] or LITERALS["text"]
        some = choose.sample(words, choose.randint(1, 2))
        if one.words and choose.random() < 0.2:
            return some
        said = ", ".join(some)
        return choose.choice([said, said, f"not({said})", f"!= {some[0]}"])
    low, high = ends(one, choose)
    span = f"{choose.choice('[(')}{low}..{high}{choose.choice('])')}"
    compared = f"{choose.choice(['<', '<=', '>', '>=', '=', '!='])} {choose.choice([low, high])}"
    forms = [
        span,
        span,
        compared,
        compared,
        low,
        f"{low}, {high}",
        f"not({span})",
        f"< {low}, >= {high}",
        f"{low}, > {high}",
    ]
    return choose.choice(forms)


def ends(one: Input, choose: random.Random) -> tuple[str, str]:
    words = list(one.words) or LITERALS.get(one.name) or LITERALS[one.type]
    low, high = sorted(choose.sample(words, 2), key=one.place)
    return low, high


def ordinary_cell(one: Input, choose: random.Random) -> object:
    """Return a cell as large tables have them: anything, a word or two, or one interval."""
    if choose.random() < 0.3:
        return "-"
    if one.type in ("boolean", "words", "text"):
        return random_cell(one, choose)
    low, high = ends(one, choose)
    return choose.choice([f"[{low}..{high})", f"({low}..{high}]", f">= {low}", f"> {low}", f"<= {high}", f"< {high}"])


def random_table(
    choose: random.Random,
    inputs: int,
    rows: int,
    *,
    cell: Callable[[Input, random.Random], object] = random_cell,
) -> Table:
    columns = tuple(choose.sample(KINDS, inputs))
    cells = tuple(tuple(cell(one, choose) for one in columns) for _ in range(rows))
    return Table(columns, cells, tuple(choose.choice(OUTCOMES) for _ in cells), choose.choice(HIT_POLICIES))


def policy_text(table: Table, *, second: tuple[str, ...] = ()) -> str:
    """Write a table as a policy; *second* are the outcomes of another decision of the same rows."""
    facts: dict[str, Any] = {}
    for one in table.inputs:
        fact: dict[str, Any] = {"one_of": [*one.words]} if one.type == "words" else {"type": one.type}
        if one.type == "scale":
            fact = {"scale": [*one.words]}
        if one.name != "loss":
            facts[one.name] = {**fact, **({"min": int(one.low)} if one.low else {})}
    columns = [*(one.name for one in table.inputs), "=> risk", *(["=> duty"] if second else [])]
    rows = [[*row, *said] for row, *said in zip(table.rows, table.outcomes, *([second] if second else []), strict=True)]
    decision = {"outcomes": [*OUTCOMES], "hit_policy": table.hit_policy}
    return tomli_w.dumps(
        {
            "policy": {"id": "grid-of-cells", "currency": "USD"},
            "facts": facts,
            "decisions": {"risk": decision, **({"duty": decision} if second else {})},
            "table": [{"id": "grid", "columns": columns, "rows": rows}],
        }
    )


def findings(text: str, folder: Path) -> list[dict[str, Any]]:
    (path := folder / "table.toml").write_text(text)
    ran = run("verify", str(path), "--format", "json")
    assert ran.code in (0, 1), ran
    (policy,) = json.loads(ran.out)["policies"]
    return list(policy["findings"])


class Said:
    """What was found in a table, as sets of points."""

    def __init__(self, table: Table, found: list[dict[str, Any]], decision: str = "risk") -> None:
        mine = [finding for finding in found if finding["decision"] in ("", decision)]
        assert not [finding for finding in mine if finding["code"] == "not-proved"], mine
        gaps = [finding for finding in mine if finding["code"] == "uncovered-incident"]
        assert len(gaps) <= 1
        assert all(gap["is_exact"] for gap in gaps)
        self.gap = region_test(gaps[0]["region"] if gaps else [], table.inputs)
        self.pairs: dict[tuple[int, int], Callable[[Sequence[Point]], bool]] = {}
        for finding in mine:
            if finding["code"] in ("rules-disagree", "overlapping-rules"):
                assert finding["is_exact"]
                assert finding["is_listing"] == (table.hit_policy in ("first", "priority"))
                a, b = (int(rule.partition("/")[2]) for rule in finding["rules"])
                assert (a, b) not in self.pairs
                self.pairs[a, b] = region_test(finding["region"], table.inputs)
        self.never = {int(f["rules"][0].partition("/")[2]) for f in mine if f["code"] == "unreachable-rule"}
        self.shadowed = {int(f["rules"][0].partition("/")[2]) for f in mine if f["code"] == "shadowed-rule"}


def all_points(table: Table, choose: random.Random, most: int) -> list[tuple[Point, ...]]:
    """Return all combinations of the inputs' points, or where they are too many, some."""
    axes = table.axes()
    count = 1
    for axis in axes:
        count *= len(axis)
    if count <= most:
        return list(itertools.product(*axes))
    return [tuple(map(choose.choice, axes)) for _ in range(most)]


def compare(table: Table, said: Said, points: list[tuple[Point, ...]], *, are_all: bool) -> None:
    """Hold findings to brute force, point by point and, where all points were seen, row by row."""
    seen: dict[int, bool] = {}
    won: set[int] = set()
    clashing: set[tuple[int, int]] = set()
    for point in points:
        matching = table.matching(point)
        assert said.gap(point) == (not matching), (point, matching)
        clashes = set() if table.hit_policy in ("collect", "rule order") else table.clashes(matching)
        assert {pair for pair, holds in said.pairs.items() if holds(point)} == clashes, (point, matching)
        clashing |= clashes
        seen.update(dict.fromkeys(matching, True))
        won.update(winners(table, matching))
    rows = set(range(1, len(table.rows) + 1))
    assert not said.never & set(seen)
    assert not said.shadowed & won
    if are_all:
        assert said.never == rows - set(seen)
        assert set(said.pairs) == clashing
        if table.hit_policy == "first":
            assert said.shadowed == set(seen) - won


def winners(table: Table, matching: tuple[int, ...]) -> list[int]:
    """Return the rows that decide at a point."""
    if table.hit_policy == "first":
        return list(matching[:1])
    if table.hit_policy == "priority":
        strongest = max((OUTCOMES.index(table.outcomes[row - 1]) for row in matching), default=0)
        return [row for row in matching if OUTCOMES.index(table.outcomes[row - 1]) == strongest][:1]
    if table.hit_policy == "unique":
        return list(matching) if len(matching) == 1 else []
    return list(matching) if len({table.outcomes[row - 1] for row in matching}) == 1 else []


def refusals(text: str) -> set[str]:
    try:
        Policy.loads(text)
    except PolicyError as error:
        return {diagnostic.code for diagnostic in error.diagnostics if diagnostic.severity == "error"}
    return set()


def checked(table: Table, folder: Path, choose: random.Random, *, most: int = POINTS) -> bool:
    """Hold a table to brute force; return whether it could be loaded."""
    text = policy_text(table)
    codes = refusals(text)
    if codes:
        assert codes <= {"never-holds", "always-holds"}, f"{codes}\n{text}"
        return False
    points = all_points(table, choose, most)
    try:
        compare(table, Said(table, findings(text, folder)), points, are_all=len(points) < most)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{text}") from None
    return True


@pytest.mark.once
@pytest.mark.parametrize("shard", range(SHARDS))
def test_random_tables_are_told_exactly(shard: int, tmp_path: Path) -> None:
    """Gaps, overlaps, rows that never hold and rows that never win, of one to six inputs of every type and cells of every form."""
    choose = random.Random(shard)
    count = -(-TABLES // SHARDS)
    tables = (random_table(choose, choose.randint(1, 6), choose.randint(1, 9)) for _ in itertools.count())
    assert len(list(itertools.islice(filter(lambda table: checked(table, tmp_path, choose), tables), count))) == count


@pytest.mark.once
@pytest.mark.parametrize(("rows", "inputs"), [(30, 5), (40, 7), (60, 6), (60, 8)])
def test_large_tables_are_told_exactly(rows: int, inputs: int, tmp_path: Path) -> None:
    """All of a gap, however many regions it has, and every pair that overlaps."""
    choose = random.Random(rows * inputs)
    tables = (random_table(choose, inputs, rows, cell=ordinary_cell) for _ in itertools.count())
    assert any(checked(table, tmp_path, choose, most=300) for table in tables)


def test_each_decision_of_a_table_is_told(tmp_path: Path) -> None:
    """A table with two outputs has an overlap for each of them, where its rows want different things of it."""
    choose = random.Random(3)
    for _ in range(max(TABLES // 20, 2)):
        table = attrs.evolve(random_table(choose, 3, 5, cell=ordinary_cell), hit_policy="any")
        second = tuple(choose.choice(OUTCOMES) for _ in table.rows)
        found = findings(policy_text(table, second=second), tmp_path)
        points = all_points(table, choose, POINTS)
        compare(table, Said(table, found, "risk"), points, are_all=len(points) < POINTS)
        other = attrs.evolve(table, outcomes=second)
        compare(other, Said(other, found, "duty"), points, are_all=len(points) < POINTS)


# --- tables whose gaps and overlaps others have published ------------------------------------------------------------

X, Y = Input("x", "number"), Input("y", "number")
P, Q = Input("p", "boolean"), Input("q", "boolean")
#: From the tests of the decision table analysis of Apache KIE Drools (kie-dmn-validation, `dtanalysis`): the cells, and what
#: is said there of gaps and of overlapping rows, as boxes of the same cells. A pair stands for each two of three rows.
PUBLISHED: dict[str, tuple[Table, list[tuple[object, ...]], dict[tuple[int, int], tuple[object, ...]]]] = {
    "GapsXY": (
        Table((X, Y), (("< 0", "<= 0"), ("0", "< 0"), ("> 0", ">= 0")), ("low", "low", "low")),
        [("< 0", "> 0"), ("0", ">= 0"), ("> 0", "< 0")],
        {},
    ),
    "RuleOrderDash": (
        Table((X, Y), (("-", ">= 30"), (">= 60", "-"), ("-", "-")), ("high", "high", "low")),
        [],
        {(1, 2): (">= 60", ">= 30"), (1, 3): ("-", ">= 30"), (2, 3): (">= 60", "-")},
    ),
    "GapsAndOverlaps1": (
        Table(
            (X, Y),
            (("[0..4]", "[0..2]"), ("[1..3]", "[5..6]"), ("[2..5]", "[1..4]"), ("[6..7]", "[0..3]")),
            ("low", "medium", "high", "low"),
        ),
        [
            ("< 0", "-"),
            ("[0..1)", "< 0, > 2"),
            ("[1..2)", "< 0, (2..5), > 6"),
            ("[2..3]", "< 0, (4..5), > 6"),
            ("(3..4]", "< 0, > 4"),
            ("(4..5]", "< 1, > 4"),
            ("(5..6)", "-"),
            ("[6..7]", "< 0, > 3"),
            ("> 7", "-"),
        ],
        {(1, 3): ("[2..4]", "[1..2]")},
    ),
    "GapsOverlapsBoolean": (
        Table((P, Q), (("false", "false"), ("false", "-"), ("true", "false")), ("low", "medium", "high")),
        [("true", "true")],
        {(1, 2): ("false", "false")},
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_gaps_and_overlaps_are_found(name: str, tmp_path: Path) -> None:
    table, gaps, overlaps = PUBLISHED[name]
    said = Said(table, findings(policy_text(table), tmp_path))

    def lies_in(box: tuple[object, ...], point: tuple[Point, ...]) -> bool:
        return all(one.holds(cell, value) for one, cell, value in zip(table.inputs, box, point, strict=True))

    assert set(said.pairs) == set(overlaps)
    for point in all_points(table, random.Random(1), POINTS):
        assert said.gap(point) == any(lies_in(box, point) for box in gaps), point
        assert all(said.pairs[pair](point) == lies_in(box, point) for pair, box in overlaps.items()), point
