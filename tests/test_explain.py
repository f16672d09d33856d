"""Explanations: why, why not, by how much, and what would change it; as data, as text, as one sentence."""

from __future__ import annotations

import datetime as dt
import os
import time
from typing import Any

import pytest
from chooser import Chooser
from random_incidents import make_incident, make_moment
from random_policies import make_policy

from evenhand import Decision, Explanation, Policy
from evenhand.engine.gaps import Gap

CASES = int(os.environ.get("EVENHAND_CASES", "20000"))

CAFE = """
[policy]
id = "corner-cafe"
effective = 2026-01-01
expires = 2027-01-01

[parameters]
small_loss = "50 USD"
viral_views = 10_000

[facts.injury]
assume = false

[decisions.insurance]
default = "no"

[decisions.gift]
outcomes = "money"
hit_policy = "first"

[decisions.badge]
outcomes = ["none", "bronze", "silver"]
hit_policy = "unique"

[[rule]]
id = "staff-threatened"
title = "Threats end it"
when = "abuse >= threatening"
then = { refund = "deny", walk_away = "end", insurance = "prepare" }
because = "Whoever threatens our people has left the conversation."

[[rule]]
id = "small-honest-loss"
when = "loss <= small_loss and abuse <= rude and fault in (business, shared)"
then = { refund = "full", refund_amount = "loss", walk_away = "stay" }
because = "It costs less than the argument. They leave disarmed."

[[rule]]
id = "large-loss"
when = "loss > small_loss and fault = business and virality.views < viral_views"
then.refund = "partial"

[[rule]]
id = "out-of-proportion"
when = "loss > 0.5 * history.lifetime_value and history.months_known is known"
then.walk_away = "warn"

[[rule]]
id = "share"
when = "fault = shared"
then.gift = "loss / history.refunds_90d"

[[rule]]
id = "bronze"
when = "history.months_known >= 12"
then.badge = "bronze"

[[rule]]
id = "silver"
when = "history.months_known >= 24"
then.badge = "silver"

[[guard]]
id = "no-money-before-the-insurer"
never = "refund >= partial and injury"
because = "A payment can be read as admitting liability."
"""


@pytest.fixture(scope="module")
def cafe() -> Policy:
    return Policy.loads(CAFE)


def decide(policy: Policy, *, on: dt.date = dt.date(2026, 11, 21), **facts: Any) -> Decision:
    return policy.decide({name.replace("__", "."): value for name, value in facts.items()}, as_of=on)


@pytest.fixture
def paid(cafe: Policy) -> Decision:
    return decide(cafe, loss="4.50 USD", abuse="none", fault="business")


# --- why -------------------------------------------------------------------------------------------------------------


def test_the_winning_rule_is_told_with_each_of_its_tests(paid: Decision) -> None:
    why = paid.explain().why["refund"]
    assert why.rule is not None
    assert why.rule.rule.id == "small-honest-loss"
    assert [(test.found, test.truth) for test in why.rule.tests] == [
        ((("loss", 450),), True),
        ((("abuse", "none"),), True),
        ((("fault", "business"),), True),
    ]


def test_rules_above_the_winner_say_what_failed(paid: Decision) -> None:
    (above,) = paid.explain().why["refund"].above
    assert above.rule.id == "staff-threatened"
    assert [test.gap for test in above.failing] == [Gap("below", "threatening", 3)]


def test_a_default_is_told_as_such(paid: Decision) -> None:
    why = paid.explain().why["insurance"]
    assert why.is_default
    assert why.rule is None
    assert [trace.rule.id for trace in why.above] == ["staff-threatened"]


def test_assumptions_that_a_verdict_rests_on_are_named(cafe: Policy) -> None:
    policy = Policy.loads(CAFE + '[[rule]]\nid = "hurt"\nwhen = "injury"\nthen.insurance = "notify"\n')
    assert decide(policy, abuse="none").explain().why["insurance"].assumed == ("injury",)


def test_rules_that_may_hold_and_agree_are_told(cafe: Policy) -> None:
    """Whatever the abuse, and whoever is at fault: the answer is the same, and both possible rules are named."""
    policy = Policy.loads(CAFE + '[[rule]]\nid = "rest"\nwhen = "loss > 900 USD"\nthen.refund = "deny"\n')
    why = decide(policy, loss="950 USD", fault="customer").explain().why["refund"]
    assert why.rule is not None
    assert why.rule.rule.id == "rest"
    assert [trace.rule.id for trace in why.agreeing] == ["staff-threatened"]


# --- why not, and by how much ----------------------------------------------------------------------------------------


def reasons(decision: Decision, name: str) -> dict[str, dict[str, list[Gap | None]]]:
    return {
        str(other.outcome): {trace.rule.id: [test.gap for test in trace.failing] for trace in other.rules}
        for other in decision.explain().why_not[name]
    }


def test_each_other_outcome_names_the_rules_that_would_give_it(cafe: Policy) -> None:
    decision = decide(cafe, loss="90 USD", abuse="hostile", fault="business", virality__views=100)
    assert reasons(decision, "refund") == {
        "deny": {"staff-threatened": [Gap("below", "threatening", 1)]},
        "replace": {},
        "credit": {},
        "full": {"small-honest-loss": [Gap("above", 5_000, 4_000), Gap("above", "rude", 1)]},
    }


def test_a_rule_that_holds_but_stands_behind_another_is_told(cafe: Policy) -> None:
    decision = decide(cafe, loss="90 USD", abuse="violent", fault="business", virality__views=0)
    (partial,) = [other for other in decision.explain().why_not["refund"] if other.outcome == "partial"]
    assert [trace.truth for trace in partial.rules] == [True]


@pytest.mark.parametrize(
    ("facts", "decision", "words"),
    [
        ({"loss": "90 USD", "abuse": "none", "fault": "shared"}, "refund",
         "loss is 90 USD, 40 USD above the limit of 50 USD (small_loss)"),
        ({"loss": "5 USD", "abuse": "hostile", "fault": "shared"}, "refund", "abuse is hostile, one step above rude"),
        ({"loss": "5 USD", "abuse": "none", "fault": "customer"}, "refund", "fault is customer, not business or shared"),
        (
            {"loss": "90 USD", "abuse": "none", "fault": "business", "virality__views": 10_500},
            "refund",
            "virality.views is 10_500, 500 too much: it must be below 10_000 (viral_views)",
        ),
        ({"loss": "50 USD", "fault": "business", "abuse": "hostile"}, "refund", "loss is 50 USD, and must be above 50 USD (small_loss)"),
        ({"abuse": "none", "fault": "shared", "loss": "40..90 USD"}, "refund",
         "loss may be from 40 USD to 90 USD, and must be at most 50 USD"),
        (
            {"loss": "60 USD", "history__lifetime_value": "200 USD", "history__months_known": 3, "abuse": "rude"},
            "walk_away",
            (
                "loss > 0.5 * history.lifetime_value does not hold: loss is 60 USD and history.lifetime_value is 200 USD; "
                "60 USD is 40 USD short of 100 USD"
            ),
        ),
        ({"loss": "60 USD", "abuse": "rude"}, "walk_away", "history.months_known is not known, and must be known"),
    ],
)  # fmt: skip
def test_tests_fail_by_how_much_in_words(cafe: Policy, facts: dict[str, Any], decision: str, words: str) -> None:
    assert words in decide(cafe, **facts).explain().text(decision)


# --- what would change it --------------------------------------------------------------------------------------------


def changes(decision: Decision, name: str) -> list[tuple[str, object, object]]:
    return [(flip.fact, flip.nearest, flip.becomes) for flip in decision.explain().flips[name]]


def test_every_single_change_is_found_the_nearest_first(paid: Decision) -> None:
    assert changes(paid, "refund") == [
        ("fault", "customer", "refer"),
        ("injury", True, "refer"),
        ("loss", 5_001, "refer"),
        ("abuse", "hostile", "refer"),
        ("abuse", "threatening", "deny"),
    ]


def test_a_missing_fact_flips_by_being_learned(cafe: Policy) -> None:
    decision = decide(cafe, loss="90 USD", abuse="none", fault="business")
    flips = [flip for flip in decision.explain().flips["refund"] if flip.fact == "virality.views"]
    assert [(flip.nearest, flip.becomes, flip.is_learned, flip.steps) for flip in flips] == [(0, "partial", True, 0)]


def test_a_comparison_of_two_facts_is_solved_for_each(cafe: Policy) -> None:
    """Of 200 USD in all, a loss of more than 100 USD is out of proportion."""
    decision = decide(
        cafe, loss="60 USD", abuse="rude", history__lifetime_value="200 USD", history__months_known=3, fault="customer"
    )
    assert ("loss", 10_001, "warn") in changes(decision, "walk_away")
    assert ("history.lifetime_value", 11_999, "warn") in changes(decision, "walk_away")


def test_an_open_outcome_flips_where_other_rules_give_it(cafe: Policy) -> None:
    decision = decide(cafe, loss="60 USD", fault="shared", history__refunds_90d=3, abuse="none")
    assert decision["gift"].canonical == 2_000
    assert [flip.fact for flip in decision.explain().flips["gift"]] == ["fault"]


# --- other statuses, in text and in a sentence -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "decision", "sentence"),
    [
        (
            {"loss": "4.50 USD", "abuse": "none", "fault": "business"},
            "refund",
            "Refund: full (refund amount 4.50 USD), because it costs less than the argument.",
        ),
        (
            {"loss": "4.50 USD", "abuse": "none"},
            "refund",
            "Refund: not settled yet, it may be full; ask next: Whose fault was it?",
        ),
        (
            {"loss": "5 USD", "abuse": "none", "fault": "business", "injury": True},
            "refund",
            (
                "Refund: on hold, a human decides, because the red line `no-money-before-the-insurer` stands against it: "
                "a payment can be read as admitting liability."
            ),
        ),
        (
            {"loss": "5 USD", "abuse": "none", "fault": "business", "injury": "any of true, false"},
            "refund",
            (
                "Refund: on hold, because the red line `no-money-before-the-insurer` may stand against it: "
                "a payment can be read as admitting liability; ask next: Was anybody hurt?"
            ),
        ),
        (
            {"history__months_known": 30},
            "badge",
            "Badge: the rules `bronze` and `silver` contradict each other (bronze or silver), so a human decides.",
        ),
        ({"fault": "customer"}, "gift", "Gift: no rule of the policy covers this, so a human decides."),
        (
            {"fault": "shared", "loss": "5 USD", "history__refunds_90d": 0},
            "gift",
            "Gift: its value cannot be worked out, because something is divided by zero, so a human decides.",
        ),
        ({"abuse": "none"}, "insurance", "Insurance: no."),
    ],
)
def test_the_person_at_the_desk_gets_one_sentence(
    cafe: Policy, facts: dict[str, Any], decision: str, sentence: str
) -> None:
    explanation = decide(cafe, **facts).explain()
    assert explanation.sentence(decision) == sentence
    assert explanation.text(decision)


def test_a_policy_not_in_force_says_when_it_is(cafe: Policy) -> None:
    explanation = decide(cafe, on=dt.date(2027, 6, 1), abuse="none").explain()
    said = "The policy `corner-cafe` is not in force: it decides from 2026-01-01 until 2027-01-01, so a human decides."
    assert explanation.sentence() == said
    assert explanation.flips == dict.fromkeys(explanation.decision.verdicts, ())
    assert explanation.why_not["refund"] == ()
    assert "not in force" in explanation.text()


def test_the_sentence_about_all_asks_one_question(cafe: Policy) -> None:
    said = decide(cafe, loss="4.50 USD", abuse="none").explain().sentence()
    assert said.startswith("Refund: not settled yet, it may be full; ")
    assert said.endswith("; ask next: Whose fault was it?")


def test_the_whole_text_about_a_decision(paid: Decision) -> None:
    assert (
        paid.explain().text("refund")
        == """\
Refund: full (refund amount 4.50 USD)
  why
    rule `small-honest-loss` decides
      - loss is 4.50 USD (at most 50 USD)
      - abuse is none (at most rude)
      - fault is business (business or shared)
      It costs less than the argument. They leave disarmed.
    rules before it that do not hold:
      - `staff-threatened`: abuse is none, three steps below threatening
  why not
    deny: one rule would give it
      - `staff-threatened`: abuse is none, three steps below threatening
    replace: no rule gives it
    credit: no rule gives it
    partial: one rule would give it
      - `large-loss`: loss is 4.50 USD, 45.50 USD too little: it must be above 50 USD (small_loss)
  what would change it
    if fault were customer or third_party (it is business): a human decides
    if injury were true (it is false): a human decides
    if loss were above 50 USD (it is 4.50 USD): a human decides
    if abuse were hostile (it is none): a human decides
    if abuse were at least threatening (it is none): deny"""
    )


def test_every_shipped_pack_explains_every_case_of_its_own() -> None:
    """No situation that the packs are tested on leaves an explanation without words."""
    policy = Policy.load("house")
    for case in policy.tree.tests:
        explanation = policy.decide(case.given, as_of=case.as_of or dt.date(2026, 11, 21)).explain()
        assert isinstance(explanation, Explanation)
        assert explanation.sentence().count("\n") == 0
        assert explanation.text().count("what would change it") == len(explanation.decision.verdicts)


def test_any_decision_of_any_policy_has_words() -> None:
    """Under every hit policy, with facts missing and uncertain; and no word of the inside comes out."""
    for seed in range(max(CASES // 200, 1)):
        choose = Chooser.seeded(seed)
        made = make_policy(choose)
        for _ in range(3):
            facts, as_of = make_incident(choose, made.kinds), make_moment(choose)
            explanation = made.policy.decide(facts, as_of=as_of).explain()
            told = "\n".join([explanation.text(), *map(explanation.sentence, explanation.decision.verdicts)])
            assert not any(word in told for word in ("frozenset", "Fraction", "Constant", "impossible", "None")), told


def test_an_explanation_is_made_at_once_and_worked_out_when_asked() -> None:
    """Making one costs about as much as a decision; a generous bound, since machines differ."""
    policy = Policy.load("house")
    decisions = [policy.decide({"abuse": "rude", "loss": loss}) for loss in range(500)]
    start = time.perf_counter()
    for decision in decisions:
        decision.explain()
    assert time.perf_counter() - start < 0.05
