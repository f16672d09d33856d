"""`policy test --mutate`: the score, the survivors, and what makes it fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import run

pytest.importorskip("z3")

POLICY = """
[policy]
id = "small"

[[rule]]
id   = "pay"
when = "loss <= 50 USD and verified"
then.refund = "full"

[[rule]]
id   = "no"
then.refund = "deny"

[[test]]
name   = "a small loss"
given  = { loss = "50 USD", verified = true }
expect = { refund = "full" }

[[test]]
name   = "a large loss"
given  = { loss = "50.01 USD", verified = true }
expect = { refund = "deny" }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(POLICY, encoding="utf-8")
    return tmp_path


def test_survivors_are_told_in_words_under_their_rule_with_a_test_that_would_notice() -> None:
    ran = run("test", "small.toml", "--mutate")
    assert ran.code == 0
    assert ran.out.splitlines()[4:] == [
        "  Mutants   12 of 13 changes noticed (92%)",
        "    bound          2 of    2  100%",
        "    comparison     2 of    2  100%",
        "    connective     1 of    1  100%",
        "    part           1 of    2   50%",
        "    negation       1 of    1  100%",
        "    outcome        2 of    2  100%",
        "    rule           2 of    2  100%",
        "    order          1 of    1  100%",
        "",
        "  With each of these changes every test still passes:",
        "",
        "  rule `pay`  small.toml:5",
        "    - `verified` was left out",
        "        [[test]]",
        '        name   = "pay: notices that verified was left out"',
        '        given  = { verified = false, loss = "0 USD" }',
        '        expect = { refund = "deny" }',
        "",
        "2 tests: 2 passed.",
    ]


def test_it_fails_under_the_least_score_that_was_asked_for() -> None:
    assert run("test", "small.toml", "--mutate-min", "90").code == 0
    ran = run("test", "small.toml", "--mutate-min", "95")
    assert ran.code == 1
    assert "the tests notice 92% of the changes, less than 95%" in ran.out


def test_json_has_every_mutant_and_the_counts() -> None:
    found = json.loads(run("test", "small.toml", "--mutate", "--format", "json").out)
    mutation = found["policies"][0]["mutation"]
    assert {name: mutation[name] for name in ("percent", "killed", "survived", "unproved", "equivalent")} == {
        "percent": 92.3,
        "killed": 12,
        "survived": 1,
        "unproved": 0,
        "equivalent": 0,
    }
    assert (mutation["sample_of"], len(mutation["mutants"])) == (None, 13)
    (survivor,) = [mutant for mutant in mutation["mutants"] if mutant["fate"] == "survived"]
    assert survivor["origin"] == "small.toml:5"
    assert survivor["test"].startswith("[[test]]\n")
    killed = next(mutant for mutant in mutation["mutants"] if mutant["change"].endswith("became `loss <= 50.01 USD`"))
    assert killed["killed_by"] == "a large loss"


def test_a_sample_says_that_it_is_one() -> None:
    ran = run("test", "small.toml", "--mutants", "5", "--seed", "7")
    assert "a sample of 5 changes out of 13, drawn with seed 7" in ran.out


def test_a_policy_without_tests_is_told_so(folder: Path) -> None:
    (folder / "bare.toml").write_text(POLICY.partition("[[test]]")[0], encoding="utf-8")
    ran = run("test", "bare.toml", "--mutate")
    assert (ran.code, "Mutants" in ran.out) == (0, False)
    assert "bare.toml: nothing was changed in the policy, because there is no test that could notice" in ran.err
    assert run("test", "bare.toml", "--mutate-min", "1").code == 1


def test_where_a_test_fails_nothing_is_changed(folder: Path) -> None:
    (folder / "wrong.toml").write_text(POLICY.replace('"deny" }', '"full" }'), encoding="utf-8")
    ran = run("test", "wrong.toml", "--mutate")
    assert ran.code == 1
    assert "because a test fails as it is: mend it first" in ran.err


def test_mutants_are_held_against_all_tests() -> None:
    ran = run("test", "small.toml", "--mutate", "-k", "large")
    assert ran.code == 2
    assert "leave one out" in ran.err
