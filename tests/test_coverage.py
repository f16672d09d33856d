"""What tests reach: each kind of coverage on policies small enough to count by hand."""

from __future__ import annotations

import pytest

from evenhand import Policy
from evenhand.engine.coverage import Coverage, Kind, coverage
from evenhand.engine.trials import run_trials

HEAD = """
[policy]
id = "cafe"
[facts.day]
type = "date"
[facts.weight]
type = "number"
[facts.wait]
type = "duration"
[facts.seen]
type = "datetime"
[facts.note]
type = "text"
[decisions.refund]
default = "deny"
"""


def rule(when: str, id_: str = "pay") -> str:
    return f'[[rule]]\nid = "{id_}"\nwhen = """{when}"""\nthen.refund = "full"\n'


def reached(rules: str, *given: str, prove: bool = False) -> Coverage:
    tests = "".join(
        f'[[test]]\nname = "{n}"\ngiven = {{ {facts} }}\nexpect = {{ refund = ["full", "deny", "refer"] }}\n'
        for n, facts in enumerate(given)
    )
    policy = Policy.loads(f"{HEAD}{rules}{tests}")
    return coverage(policy, run_trials(policy), prove=prove)


def missing(found: Coverage, kind: Kind) -> list[str]:
    return [target.text for target in found.missing if target.kind == kind]


# --- conditions ------------------------------------------------------------------------------------------------------


def test_each_single_test_must_be_true_once_and_false_once() -> None:
    found = reached(rule("loss <= 50 USD and (injury or abuse >= hostile)"), 'loss = "5 USD", injury = true')
    assert missing(found, "condition") == [
        "makes `loss <= 50 USD` false",
        "makes `injury` false",
        "makes `abuse >= hostile` true",
        "makes `abuse >= hostile` false",
    ]


def test_a_missing_fact_makes_nothing_true_or_false() -> None:
    found = reached(rule("loss <= 50 USD"), 'loss = "40..60 USD"', "injury = true")
    assert missing(found, "condition") == ["makes `loss <= 50 USD` true", "makes `loss <= 50 USD` false"]


def test_terms_are_seen_through_and_single_tests_that_mean_the_same_count_once() -> None:
    terms = '[parameters]\nsmall = "50 USD"\n[terms]\ncheap = "loss <= small"\n'
    found = reached(terms + rule("cheap and not injury") + rule("loss <= 50 USD", "other"), "injury = true")
    texts = [r.target.text for r in found.targets if r.target.kind == "condition"]
    assert texts == [
        "makes `loss <= small` true",
        "makes `loss <= small` false",
        "makes `injury` true",
        "makes `injury` false",
    ]
    assert found.targets[2].target.rules == ("pay", "other")


def test_the_words_of_a_list_parameter_are_named_one_by_one() -> None:
    found = reached('[parameters]\nloud = ["rude", "hostile"]\n' + rule("abuse in (loud)"))
    assert missing(found, "mcdc") == ["`abuse = rude`", "`abuse = hostile`"]


def test_the_cells_of_a_table_are_single_tests() -> None:
    rows = '[[table]]\nid = "grid"\ncolumns = ["loss", "=> refund"]\nrows = [["[10 USD .. 20 USD)", "full"]]\n'
    assert missing(reached(rows, 'loss = "15 USD"'), "condition") == [
        "makes `loss >= 10 USD` false",
        "makes `loss < 20 USD` false",
    ]


# --- boundaries ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "texts"),
    [
        ("loss <= 50 USD", ["loss exactly 50 USD", "loss just above 50 USD (such as 50.01 USD)"]),
        ("loss < 50 USD", ["loss just below 50 USD (such as 49.99 USD)", "loss exactly 50 USD"]),
        ("virality.views > 3", ["virality.views exactly 3", "virality.views just above 3 (such as 4)"]),
        ("virality.views >= 3", ["virality.views just below 3 (such as 2)", "virality.views exactly 3"]),
        ("virality.views > 0", ["virality.views exactly 0", "virality.views just above 0 (such as 1)"]),
        ("weight >= 0.25", ["weight just below 0.25 (such as 0.24)", "weight exactly 0.25"]),
        ("weight > 7", ["weight exactly 7", "weight just above 7 (such as 8)"]),
        ("weight = 7", ["weight just below 7 (such as 6)", "weight exactly 7", "weight just above 7 (such as 8)"]),
        ("day >= 2026-03-01", ["day just below 2026-03-01 (such as 2026-02-28)", "day exactly 2026-03-01"]),
        ("wait <= 48h", ["wait exactly 2 days", "wait just above 2 days (such as 49h)"]),
        ("wait <= 30 days", ["wait exactly 30 days", "wait just above 30 days (such as 31 days)"]),
        ("wait < 90s", ["wait just below 90s (such as 89s)", "wait exactly 90s"]),
        (
            "seen > 2026-03-01T10:00:00Z",
            [
                "seen exactly 2026-03-01T10:00:00Z",
                "seen just above 2026-03-01T10:00:00Z (such as 2026-03-01T10:01:00Z)",
            ],
        ),
        ("abuse >= hostile", ["abuse = rude", "abuse = hostile"]),
        ("fault = customer or note = 'x' or injury", []),
        (
            "loss > 0.5 * paid",
            ["loss equal to 0.5 * paid", "loss just above 0.5 * paid"],
        ),
        ("days_since(day) >= 7", ["days_since(day) just below 7", "days_since(day) equal to 7"]),
    ],
)
def test_the_boundaries_of_each_kind_of_threshold(when: str, texts: list[str]) -> None:
    assert missing(reached(rule(when)), "boundary") == [f"has {text}" for text in texts]


@pytest.mark.parametrize(
    ("when", "below", "above", "far"),
    [
        ("loss <= 50 USD", 'loss = "50 USD"', 'loss = "50.01 USD"', 'loss = "50.02 USD"'),
        ("weight >= 0.25", "weight = 0.241", "weight = 0.25", "weight = 0.251"),
        ("wait <= 48h", 'wait = "48h"', 'wait = "48.5h"', 'wait = "50h"'),
        ("wait > 30 days", 'wait = "30 days"', 'wait = "31 days"', 'wait = "29 days"'),
        ("day >= 2026-03-01", "day = 2026-02-28", "day = 2026-03-01", "day = 2026-03-02"),
        ("abuse >= hostile", 'abuse = "rude"', 'abuse = "hostile"', 'abuse = "none"'),
        (
            "seen < 2026-03-01T10:00:00Z",
            "seen = 2026-03-01T09:59:30Z",
            "seen = 2026-03-01T10:00:00Z",
            "seen = 2026-03-01T10:00:01Z",
        ),
        (
            "loss > 0.5 * paid",
            'loss = "5 USD", paid = "10 USD"',
            'loss = "5.01 USD", paid = "10 USD"',
            'loss = "6 USD", paid = "10 USD"',
        ),
    ],
)
def test_the_nearest_values_cover_a_boundary_and_others_do_not(when: str, below: str, above: str, far: str) -> None:
    assert reached(rule(when), below, above).of("boundary").reached == 2
    assert reached(rule(when), below, far).of("boundary").reached == 1
    assert reached(rule(when), far).of("boundary").reached == 0


def test_a_threshold_at_the_end_of_what_a_fact_may_be_is_no_boundary() -> None:
    assert missing(reached(rule("loss >= 0 USD or injury")), "boundary") == []


# --- MC/DC -----------------------------------------------------------------------------------------------------------

BOTH = rule("injury and verified")
EITHER = rule("injury or not verified")


def alone(found: Coverage) -> list[str]:
    return missing(found, "mcdc")


def test_a_pair_in_which_one_single_test_differs_shows_that_it_decides() -> None:
    found = reached(BOTH, "injury = true, verified = true", "injury = false, verified = true")
    assert alone(found) == ["`verified`"]
    assert found.of("mcdc").percent == 50


def test_a_pair_in_which_another_accounts_for_the_outcome_shows_nothing() -> None:
    """With both false, neither alone would have made the condition true."""
    assert alone(reached(BOTH, "injury = true, verified = true", "injury = false, verified = false")) == [
        "`injury`",
        "`verified`",
    ]


def test_under_or_the_pair_is_the_other_one() -> None:
    found = reached(EITHER, "injury = false, verified = true", "injury = true, verified = true")
    assert alone(found) == ["`verified`"]
    found = reached(EITHER, "injury = false, verified = true", "injury = false, verified = false")
    assert alone(found) == ["`injury`"]


def test_masking_lets_the_others_differ() -> None:
    """`injury` decides in both tests, though `virality.press` and `verified` are not the same in both."""
    found = reached(
        rule("injury and (verified or virality.press)"),
        "injury = true, verified = true, virality.press = false",
        "injury = false, verified = false, virality.press = true",
    )
    assert "`injury`" not in alone(found)


def test_a_single_test_that_occurs_twice_is_one() -> None:
    """`(injury and verified) or (not injury and legal.filed)`: it decides both ways round, in different tests."""
    twice = rule("(injury and verified) or (not injury and legal.filed)")
    tests = (
        "injury = true, verified = true, legal.filed = false",
        "injury = false, verified = true, legal.filed = false",
    )
    assert "`injury`" not in alone(reached(twice, *tests))
    tests = (
        "injury = true, verified = false, legal.filed = true",
        "injury = false, verified = false, legal.filed = true",
    )
    assert "`injury`" not in alone(reached(twice, *tests))
    tests = (
        "injury = true, verified = true, legal.filed = false",
        "injury = false, verified = false, legal.filed = true",
    )
    assert "`injury`" in alone(reached(twice, *tests))


# --- what is out of reach --------------------------------------------------------------------------------------------

HIDDEN = rule("loss <= 50 USD") + rule("loss <= 5 USD and abuse = none and (abuse < hostile or injury)", "hidden")


def test_without_a_proof_what_is_out_of_reach_counts_as_missing() -> None:
    found = reached(HIDDEN)
    assert not any(r.impossible for r in found.targets)
    assert "makes it win" in missing(found, "rule")


def test_what_is_proved_to_be_out_of_reach_is_named_and_not_counted() -> None:
    pytest.importorskip("z3")
    found = reached(HIDDEN, prove=True)
    out = {(r.target.kind, r.target.text): r.impossible for r in found.targets if r.impossible}
    assert out == {
        ("rule", "makes it win"): "other rules always come first",
        ("mcdc", "`abuse < hostile`"): "the other tests decide in any case",
        ("mcdc", "`injury`"): "the other tests decide in any case",
    }
    assert (found.of("rule").of, found.of("rule").impossible) == (1, 1)


def test_a_fact_that_nobody_need_hand_in_may_be_missing_in_a_proof() -> None:
    """`loss is known or loss is missing` always holds; both halves can be true and false all the same."""
    pytest.importorskip("z3")
    found = reached(rule("(injury is known or injury is missing) and verified"), prove=True)
    assert not any(r.impossible for r in found.targets if r.target.kind == "condition")


def test_a_policy_that_is_not_in_force_reaches_nothing() -> None:
    text = HEAD.replace('id = "cafe"', 'id = "cafe"\neffective = 2026-01-01') + rule("injury")
    test = '[[test]]\nname = "t"\nas_of = 2025-01-01\ngiven = { injury = true }\nexpect = { refund = "refer" }\n'
    policy = Policy.loads(text + test)
    found = coverage(policy, run_trials(policy))
    assert found.of("condition").reached == 0
