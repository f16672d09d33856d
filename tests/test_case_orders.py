"""Orders: the events of a story in every order, and whether one of them leads to what must never happen."""

from __future__ import annotations

import json
from math import perm
from pathlib import Path

import pytest
from commands import run
from test_diagnostics import agrees_with_golden

from evenhand import Policy
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.orders import Orders, try_orders
from evenhand.engine.cases.passing import run_through
from evenhand.engine.cases.plain import Plain
from evenhand.engine.cases.progress import Progress
from evenhand.engine.cases.stories import tell_stories
from evenhand.rules.diagnostics import catalogue
from evenhand.rules.load import shipped_packs

SHOP = """
[policy]
id = "shop"

[facts.insurer_told]
type = "boolean"
assume = false
[facts.pile_on]
type = "boolean"
assume = false

[decisions.defend]
default = "no"
[decisions.walk_away]
default = "stay"
[decisions.insurance]
default = "no"
{rules}
[[rule]]
id = "hurt"
when = "injury"
then.insurance = "notify"

[[rule]]
id = "our-doing"
when = "fault = business"
then.refund = "full"

[plans.hurt]
when = "injury"
{steps}

[[pattern]]
id = "insurer-told"
learn.insurer_told = true
[[pattern.events]]
kind = "insurer_notified"

[[pattern]]
id = "payment-before-the-insurer"
title = "Money, and the insurer has not heard"
forbidden = true
when = "injury and not insurer_told"
[[pattern.events]]
kind = "payment_made"

[[pattern]]
id = "settled-before-the-insurer"
forbidden = true
when = "injury and not insurer_told"
[[pattern.events]]
kind = "step_done"
where = "step = 'settle'"

[[story]]
name = "A fall"
opened = 2026-11-20T10:00:00Z
given = {{ fault = "business", loss = "35 USD" }}
[[story.events]]
after = "10 min"
kind = "message_received"
text = "My hip hurts."
[[story.events]]
after = "20 min"
kind = "fact_learned"
facts = {{ injury = true }}
[[story.events]]
after = "2h"
kind = "insurer_notified"
[[story.events]]
after = "3h"
kind = "payment_made"
amount = "35 USD"
expect = {{ insurance = "notify", patterns = ["insurer-told"] }}
"""
HOLD = """
[[rule]]
id = "hold"
when = "injury and not insurer_told"
then.refund = "deny"
"""
SETTLE = '[[plans.hurt.steps]]\ndo = "care"\n[[plans.hurt.steps]]\ndo = "settle"\n'
SETTLE_LATER = f'{SETTLE}when = "insurer_told"\n'


def shop(*, rules: str = HOLD, steps: str = SETTLE_LATER) -> Policy:
    return Policy.loads(SHOP.format(rules=rules, steps=steps))


def breached(orders: Orders) -> dict[str, list[str]]:
    """Return the kinds of the moves of each order that was found, by its pattern."""
    return {found.pattern.id: [move.kind for move in found.moves] for found in orders.found}


def matched(policy: Policy, events: tuple[Event, ...]) -> set[str]:
    """Return the patterns that match in a case with some events."""
    progress = Progress(policy, Plain(policy.tree.case.patterns))
    list(run_through(progress, events))
    return {match.pattern for match in progress.matches}


def test_a_policy_that_holds_payments_back_leads_nowhere_forbidden() -> None:
    orders = try_orders(shop(), depth=4, at_random=50)
    assert (orders.depth, orders.found) == (4, ())
    assert orders.tried > 60
    assert orders.at_random == 50


def test_a_policy_that_does_not_is_shown_the_shortest_order_although_its_story_is_well() -> None:
    policy = shop(rules="")
    assert [told.passed for told in tell_stories(policy)] == [True]
    orders = try_orders(policy, depth=3)
    assert breached(orders) == {"payment-before-the-insurer": ["fact_learned", "payment_made"]}
    (found,) = orders.found
    assert [move.why for move in found.moves] == ["", "refund is full"]
    assert "payment-before-the-insurer" in matched(policy, found.events)


def test_a_plan_that_settles_before_the_insurer_is_told_is_found() -> None:
    """The next steps of plans are taken although the story does not take them."""
    (found,) = try_orders(shop(steps=SETTLE), depth=3).found
    assert found.pattern.id == "settled-before-the-insurer"
    assert [move.raw.get("step", move.kind) for move in found.moves] == ["fact_learned", "care", "settle"]
    assert found.moves[-1].why == "it is the next step of hurt"


def test_what_is_found_at_random_is_as_short_as_it_goes() -> None:
    """With all orders of one event, two are found among the longer ones, without the events that do not matter."""
    orders = try_orders(shop(rules=""), depth=1, at_random=100)
    assert breached(orders) == {"payment-before-the-insurer": ["fact_learned", "payment_made"]}


def test_every_order_is_tried_where_everything_may_come_at_any_moment() -> None:
    """Four posts in orders of up to three of them."""
    posts = "".join(f'[[story.events]]\nafter = "{n}h"\nkind = "post_seen"\npost = "{n}"\n' for n in range(1, 5))
    forbidden = '[[pattern]]\nid = "never"\nforbidden = true\n[[pattern.events]]\nkind = "case_closed"\n'
    text = f'[policy]\nid = "posts"\n{forbidden}[[story]]\nname = "Posts"\n{posts}'
    orders = try_orders(Policy.loads(text), depth=3, at_random=0)
    assert orders.tried == sum(perm(4, length) for length in range(4))


def test_what_has_not_come_in_time_is_seen_at_the_end_of_an_order() -> None:
    forbidden = """
    [[pattern]]
    id = "left-waiting"
    forbidden = true
    [[pattern.events]]
    kind = "message_received"
    [[pattern.events]]
    kind = "message_sent"
    absent_for = "2h"
    """
    story = '[[story]]\nname = "A question"\n[[story.events]]\nafter = "1h"\nkind = "message_received"\n'
    orders = try_orders(Policy.loads(f'[policy]\nid = "slow"\n{forbidden}{story}'), depth=1, at_random=5)
    assert breached(orders) == {"left-waiting": ["message_received"]}


def test_a_deadline_that_passes_between_two_events_counts() -> None:
    forbidden = """
    [[rule]]
    id = "hurt"
    when = "injury"
    oblige = ["tell"]
    [obligations.tell]
    title = "Tell the insurer"
    within = "1h"
    discharged_by = ["insurer_notified"]
    [[pattern]]
    id = "told-too-late"
    forbidden = true
    [[pattern.events]]
    kind = "duty_breached"
    """
    story = '[[story]]\nname = "A fall"\ngiven = { injury = true }\n[[story.events]]\nafter = "2h"\nkind = "insurer_notified"\n'
    (found,) = try_orders(Policy.loads(f'[policy]\nid = "late"\n{forbidden}{story}'), depth=1, at_random=5).found
    assert (found.moves, found.match.at - found.events[0].at) == ((), 3_600_000)


def test_without_time_it_says_how_far_it_came() -> None:
    orders = try_orders(shop(), depth=4, budget=0)
    assert (orders.depth, orders.asked, orders.tried, orders.at_random) == (0, 4, 0, 0)


def test_a_story_in_which_something_forbidden_happens_fails_unless_it_says_so() -> None:
    early = '[[story]]\nname = "Early"\ngiven = { injury = true, fault = "business" }\n[[story.events]]\nkind = "payment_made"\n'
    silent, named = (
        f'expect = {{ insurance = "notify"{more} }}\n' for more in ("", ', patterns = ["payment-before-the-insurer"]')
    )
    for expect, passes in ((silent, False), (named, True)):
        text = SHOP.format(rules=HOLD, steps=SETTLE_LATER) + early + expect
        assert [told.passed for told in tell_stories(Policy.loads(text))] == [True, passes]


@pytest.mark.once
@pytest.mark.parametrize("pack", shipped_packs())
def test_no_order_of_a_pack_s_stories_breaks_what_it_forbids(pack: str) -> None:
    orders = try_orders(Policy.load(pack), depth=3, at_random=30)
    assert breached(orders) == {}
    assert (orders.depth, orders.at_random) == (3, 30)
    assert orders.tried > 2 * orders.stories


#: A rule of the packs that holds something back, a policy without it, and what comes of it.
HOLES = {
    "a statement while the insurer has not heard": (
        "hold-the-line",
        'when = "going_viral and not verified"\noblige = ["holding-statement"]',
        "public-word-too-soon",
        'abuse = "none", fault = "third_party", verified = false, loss = "0 USD", demand = "none", injury = true',
    ),
}


@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_in_the_house_is_found(hole: str) -> None:
    rule, instead, pattern, given = HOLES[hole]
    text = f"""
    [policy]
    id = "holed"
    extends = ["house"]
    [[rule]]
    id = "{rule}"
    {instead}
    because = "In a hurry."
    [[story]]
    name = "A fall that is filmed"
    given = {{ {given} }}
    [[story.events]]
    after = "1h"
    kind = "post_seen"
    views = 60_000
    """
    (found,) = try_orders(Policy.loads(text), depth=2).found
    assert found.pattern.id == pattern
    assert [move.kind for move in found.moves] == ["post_seen", "statement_published"]
    assert found.moves[-1].why == "a duty asks for it: holding-statement"


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_prints_and_keeps_a_timeline_that_check_reads(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(SHOP.format(rules="", steps=SETTLE_LATER), encoding="utf-8")
    done = run("verify", file, "--orders", "--save", tmp_path / "found")
    assert done.code == 1
    shown = " ".join(done.out.split())
    assert "forbidden-order: the policy itself can lead to `payment-before-the-insurer`" in shown
    assert "Payment made: amount 35 USD" in done.out
    kept = tmp_path / "found" / "payment-before-the-insurer.jsonl"
    assert "forbidden: Money, and the insurer has not heard" in " ".join(run("check", file, kept).out.split())


def test_the_command_as_json() -> None:
    done = run("verify", "de-escalation", "--orders", "--depth", "2", "--format", "json")
    assert done.code == 0
    (policy,) = json.loads(done.out)["policies"]
    assert (policy["depth"], policy["findings"], policy["forbidden_patterns"]) == (2, [], 4)


CODES = [code for code, entry in catalogue().items() if entry.by == "verify --orders"]


def test_the_sample_makes_the_finding_and_its_mend_does_away_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is printed is golden: `UPDATE_GOLDEN=1` writes the file anew."""
    assert CODES == ["forbidden-order", "orders-not-tried"]
    monkeypatch.chdir(tmp_path)
    Path("policy.toml").write_text(catalogue()["forbidden-order"].sample, encoding="utf-8")
    found = run("verify", "policy.toml", "--orders")
    assert found.code == 1
    agrees_with_golden("verify/forbidden-order.txt", found.out)
    Path("policy.toml").write_text(catalogue()["forbidden-order"].mended, encoding="utf-8")
    assert run("verify", "policy.toml", "--orders").code == 0


def test_what_could_not_be_tried_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.toml").write_text(catalogue()["forbidden-order"].mended, encoding="utf-8")
    found = run("verify", "policy.toml", "--orders", "--budget", "0")
    assert found.code == 1
    agrees_with_golden("verify/orders-not-tried.txt", found.out)


def test_findings_of_orders_have_code_and_place_in_every_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.toml").write_text(catalogue()["forbidden-order"].sample, encoding="utf-8")
    (policy,) = json.loads(run("verify", "policy.toml", "--orders", "--format", "json").out)["policies"]
    (found,) = policy["findings"]
    assert (found["code"], found["severity"], found["file"], found["line"]) == (
        "forbidden-order",
        "warning",
        "policy.toml",
        19,
    )
    assert [event["event"]["kind"] for event in found["events"]] == ["case_opened", "payment_made"]
    (log,) = json.loads(run("verify", "policy.toml", "--orders", "--format", "sarif").out)["runs"]
    (result,) = log["results"]
    assert result["ruleId"] == "forbidden-order"
    assert "Case opened: fault business, injury yes → Payment made" in result["message"]["text"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 19


@pytest.mark.parametrize("options", [("--depth", "2"), ("--orders", "--overlaps"), ("--save", "x")])
def test_options_that_do_not_go_together_are_refused(options: tuple[str, ...]) -> None:
    assert run("verify", "house", *options).code == 2


def test_a_policy_that_forbids_nothing_is_told_how_to(tmp_path: Path) -> None:
    file = tmp_path / "plain.toml"
    file.write_text('[policy]\nid = "plain"\n[decisions.refund]\ndefault = "deny"\n', encoding="utf-8")
    assert "forbidden = true" in run("verify", file, "--orders").out
