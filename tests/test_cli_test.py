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
    assert "no test has 'nothing like it' in its name" in ran.err


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


def test_coverage_names_the_rules_that_never_won() -> None:
    ran = run("test", "small.toml", "--coverage")
    assert "  Coverage  1 of 2 own rules won in some test (50%)" in ran.out
    assert "    never won    no  small.toml:11; it matched in 'a small loss', where another rule won" in ran.out


def test_json_has_every_test_and_the_counts() -> None:
    found = json.loads(run("test", "small.toml", "--coverage", "--format", "json").out)
    assert found["summary"] == {"policies": 1, "unsound_policies": 0, "tests": 2, "passed": 1, "failed": 1}
    tests = found["policies"][0]["tests"]
    assert [(test["line"], test["passed"]) for test in tests] == [(16, True), (21, False)]
    assert tests[1]["mismatches"][0] == {
        "name": "refund",
        "expected": "deny",
        "got": "refer",
        "reason": "no rule speaks about this",
    }
    assert found["policies"][0]["coverage"]["never_won"][0]["rule"] == "no"


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
