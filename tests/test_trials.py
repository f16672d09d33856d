"""The owner's own cases: what passes, what fails and why, and which rules they reach."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from evenhand import Policy
from evenhand.engine.coverage import coverage
from evenhand.engine.trials import Mismatch, Trial, run_trials
from evenhand.rules.load import shipped_packs

POLICY = """
[policy]
id = "small"
effective = 2026-01-01

[rates]
EUR = "1.10"

[[rule]]
id   = "pay"
when = "loss <= 50 USD and abuse <= rude"
then.refund = "full"
then.refund_amount = "loss"
oblige = ["log"]

[[rule]]
id   = "never-reached"
when = "loss <= 5 USD and abuse <= rude"
then.refund = "credit"

[[rule]]
id   = "write"
when = "abuse >= hostile"
oblige = ["log"]

[[rule]]
id   = "sum-a"
when = "abuse >= rude"
then.points = "2"
then.labels = "loud"

[[rule]]
id   = "sum-b"
when = "abuse >= hostile"
then.points = "3"
then.labels = "mean"

[[guard]]
id    = "no-money-for-threats"
never = "refund >= credit and legal.threatened"

[obligations.log]
title = "Write it down"

[facts.legal.threatened]
assume = false

[decisions.points]
outcomes   = "number"
hit_policy = "collect sum"

[decisions.defend]
default = "no"

[decisions.labels]
outcomes   = "text"
hit_policy = "rule order"
"""


def tried(given: str, expect: str, more: str = "") -> Trial:
    """Run one test of the policy above."""
    policy = Policy.loads(f'{POLICY}\n[[test]]\nname = "t"\ngiven = {{ {given} }}\nexpect = {{ {expect} }}\n{more}\n')
    (trial,) = run_trials(policy)
    return trial


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ('loss = "50 USD", abuse = "none"', 'refund = "full", refund_amount = "50 USD"'),
        ('loss = "50 USD", abuse = "none"', 'refund_amount = "50"'),
        ('loss = "11 USD", abuse = "none"', 'refund_amount = "10 EUR"'),
        ('loss = "50 USD", abuse = "none"', 'refund = ["credit", "full"], obligations = ["log"], rules = ["pay"]'),
        ('loss = "50 USD", abuse = "hostile"', 'refund = "refer"'),
        ('abuse = "hostile"', 'rules = ["write", "sum-b"], obligations = "log"'),
        ('abuse = "hostile"', 'points = 5, labels = ["loud", "mean"]'),
        ('abuse = "rude", loss = "60 USD"', 'points = "2", labels = "loud"'),
        ('abuse = "none"', 'refund = "refer"'),
        ('abuse = "none"', 'refund = ["full", "refer"]'),
        (
            'loss = "5 USD", abuse = "none", legal.threatened = true',
            'refund = "refer", guards = ["no-money-for-threats"]',
        ),
    ],
)
def test_what_is_as_expected_passes(given: str, expect: str) -> None:
    assert tried(given, expect).mismatches == ()


@pytest.mark.parametrize(
    ("given", "expect", "name", "expected", "got"),
    [
        ('loss = "50 USD", abuse = "none"', 'refund = "deny"', "refund", "deny", "full"),
        ('loss = "50 USD", abuse = "none"', 'refund = ["deny", "credit"]', "refund", "deny or credit", "full"),
        ('loss = "50 USD", abuse = "none"', 'refund_amount = "49 USD"', "refund_amount", "49 USD", "50 USD"),
        ('loss = "50 USD", abuse = "hostile"', 'refund_amount = "50 USD"', "refund_amount", "50 USD", "nothing"),
        ('loss = "4..6 USD", abuse = "none"', 'refund_amount = "5 USD"', "refund_amount", "5 USD", "not settled"),
        ('abuse = "none"', 'refund = "full"', "refund", "full", "refer"),
        ('loss = "50 USD", abuse = "none"', 'obligations = ["log"], rules = ["write"]', "rules", "write", "pay"),
        ('loss = "60 USD", abuse = "none"', 'obligations = ["log"], refund = "refer"', "obligations", "log", "none"),
        (
            'loss = "5 USD", abuse = "none"',
            'guards = ["no-money-for-threats"]',
            "guards",
            "no-money-for-threats",
            "none",
        ),
        ('abuse = "hostile"', "points = 6", "points", "6", "5"),
        ('abuse = "hostile"', 'labels = ["mean", "loud"]', "labels", "mean or loud", "loud, mean"),
        ('abuse = "hostile"', "labels = []", "labels", "nothing", "loud, mean"),
    ],
)
def test_what_is_not_fails_and_says_what_came_out(given: str, expect: str, name: str, expected: str, got: str) -> None:
    (mismatch,) = tried(given, expect).mismatches
    assert (mismatch.name, mismatch.expected, mismatch.got) == (name, expected, got)


def test_a_mismatch_names_the_rule_behind_the_outcome() -> None:
    (mismatch,) = tried('loss = "50 USD", abuse = "none"', 'refund = "deny"').mismatches
    assert mismatch.reason == "rule `pay`: loss <= 50 USD and abuse <= rude"


def test_a_test_in_which_no_rule_matches_fails_unless_it_expects_that() -> None:
    given = 'loss = "60 USD", abuse = "none"'
    assert tried(given, 'refund = "refer"').passed
    assert tried(given, 'points = ["refer", 3]').passed
    (mismatch,) = tried(given, 'defend = "no"').mismatches
    assert mismatch == Mismatch(
        "rules", "a rule that matches", "none", "no rule of the policy speaks about this incident"
    )


def test_a_test_that_expects_nothing_fails() -> None:
    assert [mismatch.name for mismatch in tried('loss = "5 USD", abuse = "none"', "").mismatches] == ["expect"]


def test_the_day_of_a_test_is_its_own_or_the_caller_s() -> None:
    given, expect = 'loss = "5 USD", abuse = "none"', 'refund = "full"'
    assert not tried(given, expect, "as_of = 2025-12-31").passed
    policy = Policy.loads(f'{POLICY}\n[[test]]\nname = "t"\ngiven = {{ {given} }}\nexpect = {{ {expect} }}\n')
    (trial,) = run_trials(policy, as_of=dt.date(2025, 12, 31))
    assert trial.mismatches[0].reason == "the policy is not in force on that day"


def covered(*tests: str) -> Any:
    policy = Policy.loads(POLICY + "".join(f'\n[[test]]\nname = "{n}"\n{test}\n' for n, test in enumerate(tests)))
    return coverage(policy, run_trials(policy))


def test_coverage_lists_rules_that_never_won_and_red_lines_nobody_tried() -> None:
    found = covered('given = { loss = "5 USD", abuse = "none" }\nexpect = { refund = "full" }')
    assert [rule.rule.id for rule in found.never_won] == ["never-reached", "write", "sum-a", "sum-b"]
    assert found.never_won[0].matched_in == ("0",)
    assert [guard.guard.id for guard in found.never_broken] == ["no-money-for-threats"]
    assert found.percent == 20


def test_a_rule_that_only_brings_duties_wins_by_matching() -> None:
    found = covered('given = { abuse = "hostile" }\nexpect = { rules = ["write"] }')
    assert [rule.rule.id for rule in found.never_won] == ["pay", "never-reached"]


def test_rules_from_packs_are_counted_apart() -> None:
    policy = Policy.loads('[policy]\nid = "mine"\nextends = ["de-escalation"]\n')
    found = coverage(policy, run_trials(policy))
    assert (found.count(own=True), found.percent) == (0, 100)
    assert found.count(own=False) > 10


@pytest.mark.parametrize("pack", shipped_packs())
def test_the_packs_pass_their_own_tests(pack: str) -> None:
    assert [trial.case.name for trial in run_trials(Policy.load(pack)) if not trial.passed] == []


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        ('obligations = ["not log"]', ["obligations not log"]),
        ('rules = ["pay", "not write"]', []),
        ('rules = "not pay", refund = "full"', ["rules not pay"]),
        ('guards = ["not no-money-for-threats"]', []),
    ],
)
def test_what_must_not_be_there_can_be_said(expect: str, wrong: list[str]) -> None:
    case = f'[[test]]\nname = "x"\nas_of = 2026-11-21\ngiven = {{ loss = "5 USD", abuse = "none" }}\nexpect = {{ {expect} }}\n'
    (trial,) = [trial for trial in run_trials(Policy.loads(f"{POLICY}\n{case}")) if trial.case.name == "x"]
    assert [f"{mismatch.name} {mismatch.expected}" for mismatch in trial.mismatches] == wrong
