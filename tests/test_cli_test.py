"""`policy test`: in text and in the forms for machines."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from commands import run

POLICY = """
[policy]
id = "small"

[[rule]]
id   = "pay"
title = "Pay small losses"
when = "loss <= 50 USD"
then.refund = "full"

[[rule]]
id   = "no"
when = "loss <= 5 USD"
then.refund = "deny"

[[test]]
name   = "a small loss"
given  = { loss = "5 USD" }
expect = { refund = "full" }

[[test]]
name   = "a large, \\u0007odd: loss"
given  = { loss = "60 USD" }
expect = { refund = "deny" }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(POLICY, encoding="utf-8")
    return tmp_path


def test_each_test_is_shown_and_a_failed_one_with_what_came_out() -> None:
    ran = run("test", "small.toml")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "small  small.toml",
        "  ✓ a small loss",
        "  ✗ a large, \\x07odd: loss  small.toml:21",
        "      refund  expected deny, got refer",
        "              no rule speaks about this",
        "      rules   expected a rule that matches, got none",
        "              no rule of the policy speaks about this incident",
        "",
        "2 tests: 1 passed, 1 failed.",
    ]


def test_tests_are_chosen_by_their_name() -> None:
    assert run("test", "small.toml", "-k", "SMALL").code == 0
    ran = run("test", "small.toml", "-k", "nothing like it")
    assert ran.code == 2
    assert "no test or story has 'nothing like it' in its name" in ran.err


def test_without_names_the_policies_below_are_tested(folder: Path) -> None:
    (folder / "incident.toml").write_text('abuse = "none"\n', encoding="utf-8")
    (folder / "deeper").mkdir()
    (folder / "deeper" / "other.toml").write_text('[policy]\nid = "other"\n', encoding="utf-8")
    ran = run("test")
    assert "other  deeper/other.toml" in ran.out.replace("\\", "/")
    assert "there is no test to run" in ran.err


def test_without_a_policy_it_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert run("test").code == 2
    assert run("test", ".").code == 2


def test_coverage_says_what_no_test_has_tried() -> None:
    """How much of each kind is reached, and what is missing under the rule that it is about; a proof says what nothing reaches."""
    lines = run("test", "small.toml", "--coverage").out.splitlines()
    start = lines.index("  Coverage")
    assert lines[start + 1 : -2] == [
        "    rules          1 of    1  100%  and 1 out of reach",
        "    conditions     4 of    4  100%",
        "    boundaries     1 of    4   25%",
        "    MC/DC          2 of    2  100%",
        "    rule `pay`  small.toml:5",
        "      - no test has loss exactly 50 USD",
        "      - no test has loss just above 50 USD (such as 50.01 USD)",
        "    rule `no`  small.toml:11",
        "      - no test has loss just above 5 USD (such as 5.01 USD)",
        "    out of reach, as is proved",
        "      - `no`: a test that makes it win: other rules always come first",
    ]


def test_without_the_solver_nothing_is_proved_to_be_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evenhand.cli.testing.find_spec", lambda name: None)
    out = run("test", "small.toml", "--coverage").out
    assert "    rules          1 of    2   50%" in out
    assert "      - no test makes it win; it matched in 'a small loss', where another rule won" in out
    assert "pip install 'evenhand[verify]'" in out


def test_too_little_coverage_fails_the_run(folder: Path) -> None:
    """Also where every test passes; the least of the four kinds counts."""
    passing = POLICY.replace('expect = { refund = "deny" }', 'expect = { refund = "refer" }')
    (folder / "small.toml").write_text(passing, encoding="utf-8")
    assert run("test", "small.toml", "--coverage").code == 0
    assert run("test", "small.toml", "--coverage-min", "25").code == 0
    ran = run("test", "small.toml", "--coverage-min", "26")
    assert ran.code == 1
    assert "  ✗ the tests reach 25%, less than 26%" in ran.out


def test_the_rules_of_packs_are_measured_where_that_is_asked_for(folder: Path) -> None:
    (folder / "mine.toml").write_text('[policy]\nid = "mine"\nextends = ["de-escalation"]\n', encoding="utf-8")
    own = json.loads(run("test", "mine.toml", "--coverage", "--format", "json").out)["policies"][0]["coverage"]
    both = json.loads(run("test", "mine.toml", "--with-packs", "--format", "json").out)["policies"][0]["coverage"]
    assert own["kinds"]["rule"]["of"] == 0
    assert both["kinds"]["rule"]["of"] > 10


def test_json_has_every_test_and_the_counts() -> None:
    found = json.loads(run("test", "small.toml", "--coverage", "--format", "json").out)
    assert found["summary"] == {
        "policies": 1,
        "unsound_policies": 0,
        "tests": 2,
        "passed": 1,
        "failed": 1,
        "stories": 0,
        "failed_stories": 0,
    }
    tests = found["policies"][0]["tests"]
    assert [(test["line"], test["passed"]) for test in tests] == [(16, True), (21, False)]
    assert tests[1]["mismatches"][0] == {
        "name": "refund",
        "expected": "deny",
        "got": "refer",
        "reason": "no rule speaks about this",
    }
    reached = found["policies"][0]["coverage"]
    assert reached["never_won"][0]["rule"] == "no"
    assert reached["kinds"]["boundary"] == {"of": 4, "reached": 1, "impossible": 0, "percent": 25.0}
    assert reached["missing"][0] == {"kind": "boundary", "rules": ["pay"], "what": "has loss exactly 50 USD"}
    assert reached["impossible"][0]["why"] == "other rules always come first"


def test_junit_counts_tests_failures_and_broken_policies(folder: Path) -> None:
    (folder / "bad.toml").write_text('[policy]\nid = "bad"\nextends = ["nowhere"]\n', encoding="utf-8")
    ran = run("test", "small.toml", "bad.toml", "--format", "junit")
    assert ran.code == 1
    small, bad = ET.fromstring(ran.out)
    assert (small.get("tests"), small.get("failures"), small.get("errors")) == ("2", "1", "0")
    assert small[1].get("name") == "a large, ?odd: loss"
    assert "expected deny, got refer" in str(small[1][0].get("message"))
    assert (bad.get("tests"), bad.get("errors"), bad[0].get("name")) == ("1", "1", "unknown-pack")


def test_github_gets_an_annotation_for_each_failure() -> None:
    ran = run("test", "small.toml", "--format", "github")
    assert ran.out.startswith(
        "::error file=small.toml,line=21,title=test failed%3A a large%2C \\x07odd%3A loss::refund: "
    )
    assert ran.out.count("\n") == 1
