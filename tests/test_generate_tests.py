"""Tests that are written for what no test reaches: they pass, they cover all that can be covered, and they ask to be read."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
from commands import run
from hypothesis import HealthCheck, Phase, given, seed, settings
from random_policies import Made
from strategies import policies

from evenhand import Policy
from evenhand.engine.coverage import coverage
from evenhand.engine.trials import run_trials
from evenhand.rules.layout import format_document

pytest.importorskip("z3")

from evenhand.engine.coverage.generate import generate

#: How many random policies get their tests written.
POLICIES = max(int(os.environ.get("EVENHAND_CASES", "20000")) // 500, 1)
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))
DAY = dt.date(2026, 11, 15)

CAFE = """\
[policy]
id = "cafe"

[decisions.refund]
default = "deny"

[[rule]]
id          = "small"
when        = "loss <= 50 USD and not injury"
then.refund = "full"
then.refund_amount = "loss"   # to the cent

[[rule]]
id     = "ring-back"
when   = "channel is missing"
oblige = ["ring"]

[obligations.ring]
title = "Ring them"
"""

WRITTEN = """\
[[test]]
name      = "loss exactly 50 USD: small decides"
confirmed = false
given     = { loss = "50 USD", injury = false }
expect    = { refund = "full", refund_amount = "50 USD", rules = ["ring-back"] }

[[test]]
name      = "loss just above 50 USD: small does not decide"
confirmed = false
given     = { loss = "50.01 USD", injury = false }
expect    = { refund = "deny", rules = ["ring-back"] }

[[test]]
name      = "small does not hold because `injury` is true"
confirmed = false
given     = { loss = "10 USD", injury = true }
expect    = { refund = "deny", rules = ["ring-back"] }

[[test]]
name      = "ring-back does not hold because `channel is known` is true"
confirmed = false
given     = { loss = "10 USD", channel = "in_person", injury = false }
expect    = { refund = "full", refund_amount = "10 USD" }
"""


@pytest.fixture
def cafe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cafe.toml"
    path.write_text(CAFE, encoding="utf-8")
    return path


# --- random policies -------------------------------------------------------------------------------------------------


def test_random_policies_get_all_the_tests_that_there_can_be() -> None:
    """
    Every generated test passes when it is read back, and then nothing is missing but what is proved to be impossible.

    What the solver can neither show nor disprove (squares, patterns over free text) is named; that is one in a hundred at most.
    """
    counts = {"targets": 0, "left": 0, "tests": 0}

    @seed(SEED)
    @settings(
        max_examples=POLICIES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(policies())
    def holds(made: Made) -> None:
        found = generate(made.policy, run_trials(made.policy, as_of=DAY), budget=60)
        after = Policy.loads(f"{made.text}\n{found.toml}")
        trials = list(run_trials(after, as_of=DAY))
        assert [(t.case.name, t.mismatches) for t in trials if not t.passed] == []
        assert len(trials) == len(found.proposals)
        reached = coverage(after, trials, prove=True)
        left = {(target.kind, target.rules, target.text) for target in found.left}
        missing = {(target.kind, target.rules, target.text) for target in reached.missing}
        assert missing <= left, f"{missing - left}\n{made.text}\n{found.toml}"
        counts["targets"] += len(reached.targets)
        counts["left"] += len(missing)
        counts["tests"] += len(trials)

    holds()
    assert counts["tests"]
    assert counts["left"] <= 0.01 * counts["targets"], counts


# --- one policy, word for word ---------------------------------------------------------------------------------------


def test_the_tests_are_as_small_and_plain_as_will_do(cafe: Path) -> None:
    ran = run("test", "cafe.toml", "--generate")
    assert ran.code == 0
    assert ran.out == WRITTEN
    assert " ".join(ran.err.split()) == (
        "cafe.toml: 4 tests written, with what is decided now. Read each, and delete `confirmed = false`."
    )
    assert cafe.read_text(encoding="utf-8") == CAFE


def test_written_tests_stand_at_the_end_of_the_file_and_all_else_is_kept(cafe: Path) -> None:
    assert run("test", cafe, "--generate", "--write").code == 0
    text = cafe.read_text(encoding="utf-8")
    assert text.startswith(CAFE)
    added = text.removeprefix(CAFE)
    assert format_document(added.lstrip("\n"))[0] == added.lstrip("\n")
    ran = run("test", cafe, "--coverage-min", "100")
    assert ran.code == 0
    assert "(not confirmed)" in ran.out
    assert "are not confirmed: read them and delete the line `confirmed = false`." in ran.out
    again = run("test", cafe, "--generate", "--write")
    assert "no test is missing" in " ".join(again.err.split())
    assert cafe.read_text(encoding="utf-8") == text


def test_ends_of_lines_and_the_byte_order_mark_stay(cafe: Path) -> None:
    before = b"\xef\xbb\xbf" + CAFE.replace("\n", "\r\n").encode()
    cafe.write_bytes(before)
    assert run("test", cafe, "--generate", "--write").code == 0
    after = cafe.read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") == after.count(b"\r\n")


def test_a_file_to_which_nothing_can_be_appended_stays_as_it_is(cafe: Path) -> None:
    """Where tests stand in one list, no `[[test]]` may follow it."""
    listed = f'test = [{{ name = "t", given = {{ injury = true }}, expect = {{ refund = "refer" }} }}]\n{CAFE}'
    cafe.write_text(listed, encoding="utf-8")
    ran = run("test", cafe, "--generate", "--write")
    assert ran.code == 1
    assert "cannot be appended" in " ".join(ran.err.split())
    assert cafe.read_text(encoding="utf-8") == listed


def test_write_needs_generate_and_a_file_of_one_s_own(cafe: Path) -> None:
    assert run("test", cafe, "--write").code == 2
    ran = run("test", "house", "--generate", "--write")
    assert ran.code == 2
    assert "shipped pack" in " ".join(ran.err.split())


def test_what_no_test_can_reach_is_named(cafe: Path) -> None:
    cafe.write_text(f'{CAFE}\n[[rule]]\nid = "late"\nwhen = "loss <= 5 USD and not injury"\nthen.refund = "credit"\n')
    ran = run("test", cafe, "--generate")
    assert ran.code == 0
    assert "out of reach: `late`: makes it win: other rules always come first" in " ".join(ran.err.split())


# --- what a test may say ---------------------------------------------------------------------------------------------

EMPTY = '[[test]]\nname = "t"\ngiven = {{ {given} }}\nexpect = {{ refund = "{refund}", rules = [] }}\n'


def test_a_test_may_expect_that_no_rule_decides() -> None:
    """`rules = []` says that the default decides, which without it looks like a policy that says nothing."""
    head = CAFE.split("[[rule]]\nid     =", maxsplit=1)[0]
    for given_, refund, passed in (("injury = true", "deny", True), ('loss = "5 USD", injury = false', "full", False)):
        policy = Policy.loads(head + EMPTY.format(given=given_, refund=refund))
        (trial,) = run_trials(policy)
        assert trial.passed is passed
        assert trial.case.confirmed
