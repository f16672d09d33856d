"""
DMN's public conformance suite (TCK), as far as our language has its constructs.

All 17 decision tables of level 2 are run through our own policy model, row by row. Each of the 544 expressions is either
translated and must give the suite's answer, or is refused when it is loaded where the suite says null for a type error (or its
value is refused as a fact), or is counted under what it needs that the language does not have.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from feel import NotOurs, Translation, expected, inputs, table_policy, table_result

from evenhand import FactError, Policy, PolicyError

RUNS = "gives the suite's answer"
REFUSED = "is refused when loaded, where the suite says null"
#: What becomes of the 544 expressions. A figure that changes is a change of the language, or of what this test can say in it.
COUNTS = {
    RUNS: 223,
    REFUSED: 58,
    "needs lists and ranges as values": 66,
    "needs lengths of time in years and months": 59,
    "needs times of day": 53,
    "needs functions that we do not have": 25,  # modulo, decimal, ceiling, string length, substring, lower case
    "needs an order of texts": 14,
    "needs conversions of anything but a text into a date or a length of time": 13,
    "needs parts of a date (`.day`, `.hour`)": 11,
    "needs a date moved by a length of time": 8,
    "needs `and` and `or` over values that are neither true nor false": 7,
    "needs the time between two moments": 3,
    "needs texts joined by `+`": 2,
    "needs `if`": 1,
    "needs durations that are none": 1,
}


@pytest.fixture(scope="module")
def suite(shared: Path) -> Any:
    path = shared / "conformance" / "dmn_tck_public.json"
    if not path.is_file():
        pytest.skip(
            f"no conformance suite: there is no {path.parent.name}/{path.name} in the folder beside the checkout"
        )
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_row_of_every_decision_table_is_decided(suite: Any) -> None:
    policies = {table["id"]: Policy.loads(table_policy(table)) for table in suite["tables"]}
    outputs = {table["id"]: [output["name"] for output in table["outputs"]] for table in suite["tables"]}
    wrong = []
    for row in suite["table_cases"]:
        (verdict,) = (v for v in policies[row["table"]].decide(inputs(row["inputs"])) if v.decision.startswith("f_"))
        names = outputs[row["table"]]
        found = told(verdict.outcome, dict(verdict.values), names)
        if found != table_result(row["outcome"]):
            wrong.append((row["from"], found, row["outcome"]))
    assert not wrong
    assert (len(policies), len(suite["table_cases"])) == (17, 51)


def told(outcome: Any, values: dict[str, Any], names: list[str | None]) -> Any:
    """Return an outcome and its values as the suite has them."""
    if names[0] is None:
        return [*outcome] if isinstance(outcome, tuple) else exact(outcome)
    if isinstance(outcome, tuple):
        columns = [outcome, *values.values()]
        return [dict(zip(names, items, strict=True)) for items in zip(*columns, strict=True)]
    return dict(zip(names, [outcome, *values.values()], strict=True))


def exact(value: Any) -> Any:
    if isinstance(value, dt.timedelta):
        return Fraction(value // dt.timedelta(microseconds=1), 1_000_000)
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return Fraction(value) if is_number else value


def test_expressions_give_the_answers_of_the_suite(suite: Any) -> None:
    found = [(case, outcome_of(case, as_facts=as_facts)) for case in suite["expressions"] for as_facts in (True, False)]
    wrong = [(case["text"], said) for case, said in found if said.startswith("says")]
    counted = Counter(said for _, said in found[::2])
    for reason, count in counted.most_common():
        print(f"{count:4}  {reason}")
    assert not wrong
    assert dict(counted) == COUNTS
    assert sum(counted.values()) == 544


def outcome_of(case: Any, *, as_facts: bool) -> str:
    """Say what becomes of one expression, its literals as facts or as literals."""
    translation = Translation(as_facts)
    try:
        text = translation.policy(case["ast"], case["inputs"])
        wanted = expected(case["expected"])
    except NotOurs as reason:
        return f"needs {reason}"
    try:
        verdict = Policy.loads(text).decide(translation.given)["answer"]
    except (PolicyError, FactError) as error:
        return REFUSED if wanted is None else f"says {wanted}, and not {error}"
    answer = exact(verdict.outcome)
    if wanted is None:
        return (
            RUNS
            if answer == "refer" and verdict.status in ("unsettled", "undefined")
            else f"says null, and not {answer}"
        )
    return (
        RUNS
        if answer == wanted and isinstance(answer, bool) == isinstance(wanted, bool)
        else f"says {wanted}, and not {answer}"
    )


def test_the_solver_gives_the_reference_answers_on_the_suite(suite: Any) -> None:
    """Every row of every table, and every expression that can be said, is one that the solver knows as well."""
    pytest.importorskip("z3")
    from readings import READINGS, answer, difference, reference

    asked: list[tuple[Policy, dict[str, Any]]] = []
    for table in suite["tables"]:
        policy = Policy.loads(table_policy(table))
        asked += [(policy, inputs(row["inputs"])) for row in suite["table_cases"] if row["table"] == table["id"]]
    for case in suite["expressions"]:
        translation = Translation(as_facts=True)
        try:
            asked.append((Policy.loads(translation.policy(case["ast"], case["inputs"])), translation.given))
        except (NotOurs, PolicyError):
            continue
    day = dt.date(2026, 11, 21)
    for policy, given in asked:
        expected = answer(reference, policy, given, day)
        assert not difference(expected, answer(READINGS["solver"], policy, given, day)), given
    assert len(asked) > COUNTS[RUNS]
