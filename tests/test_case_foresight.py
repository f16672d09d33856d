"""What would come of an event that has not happened: warned before it does, and nothing changed by asking."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from commands import run

from evenhand import Policy
from evenhand.engine.cases.case import Case, EventProblems
from evenhand.engine.cases.plain import Plain

BEGAN = dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)

POLICY = """
[policy]
id = "careful"

[facts.insurer_told]
type = "boolean"
assume = false

[decisions.refund]
default = "deny"
[decisions.defend]
default = "no"
[decisions.walk_away]
default = "stay"
[decisions.insurance]
default = "no"

[plans.settle]
[[plans.settle.steps]]
do = "pay"
title = "Pay what it cost them"
brings = ["payment_made"]

[[pattern]]
id = "insurer-told"
learn.insurer_told = true
[[pattern.events]]
kind = "insurer_notified"

[[pattern]]
id = "payment-before-the-insurer"
title = "Money, and the insurer has not heard"
because = "It reads as an admission."
forbidden = true
when = "injury and not insurer_told"
[[pattern.events]]
kind = "payment_made"

[[pattern]]
id = "twice-in-a-minute"
title = "Two replies within a minute"
because = "They think that a machine answers."
forbidden = true
within = "1 min"
[[pattern.events]]
kind = "message_sent"
count = 2

[[pattern]]
id = "large"
[[pattern.events]]
kind = "payment_made"
where = "amount > 1_000 USD"

[[pattern]]
id = "large-without-a-signature"
title = "Much money, and nobody signed"
forbidden = true
when = "not (exchange.steps_done contains 'sign')"
[[pattern.events]]
pattern = "large"
"""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.loads(POLICY)


def opened(policy: Policy, **facts: object) -> Case:
    return Case.open(policy, "c-1", facts, clock=lambda: BEGAN, joiner=Plain(policy.tree.case.patterns))


def warnings(case: Case) -> dict[str, list[str]]:
    return {found.step.do: [pattern.id for pattern in found.forbidden] for found in case.next_steps}


def test_a_next_step_that_would_complete_what_is_forbidden_says_so(policy: Policy) -> None:
    case = opened(policy, injury=True)
    assert warnings(case) == {"pay": ["payment-before-the-insurer"]}
    case.record("insurer_notified")
    assert warnings(case) == {"pay": []}


def test_what_is_only_possible_is_no_warning(policy: Policy) -> None:
    """As a pattern matches only for certain, so is it foreseen."""
    assert warnings(opened(policy)) == {"pay": []}
    assert warnings(opened(policy, injury=False)) == {"pay": []}


def test_what_not_to_do_now_is_listed_by_kind(policy: Policy) -> None:
    found = opened(policy, injury=True).not_now
    assert [(one.kind, [pattern.id for pattern in one.patterns]) for one in found] == [
        ("payment_made", ["payment-before-the-insurer"])
    ]


def test_a_reply_that_must_not_be_sent_now_is_objected_to(policy: Policy) -> None:
    case = opened(policy)
    assert case.check_reply("Hello.") == ()
    case.record("message_sent", text="Hello.")
    (objection,) = case.check_reply("Hello again.")
    assert (objection.problem, objection.ban) == ("never-now", "twice-in-a-minute")
    assert objection.because == "They think that a machine answers."


def test_a_match_of_a_match_is_foreseen_as_well(policy: Policy) -> None:
    """What an event says counts, and so do patterns that wait for other patterns."""
    case = opened(policy, injury=False)
    found = [match.pattern for moment in case.foresee("payment_made", amount="2_000 USD") for match in moment.matches]
    assert found == ["large", "large-without-a-signature"]
    assert not [match for moment in case.foresee("payment_made", amount="20 USD") for match in moment.matches]
    case.record("step_done", step="sign")
    assert [
        match.pattern for moment in case.foresee("payment_made", amount="2_000 USD") for match in moment.matches
    ] == ["large"]


def test_asking_changes_nothing(policy: Policy) -> None:
    case = opened(policy, injury=True)
    before = (case.events, case.timeline, case.obligations, case.facts)
    assert case.next_steps
    assert case.not_now
    assert case.foresee("payment_made", amount="20 USD")
    assert case.foresee("fact_learned", facts={"injury": False}, at=BEGAN - dt.timedelta(hours=1))
    assert (case.events, case.timeline, case.obligations, case.facts) == before
    with pytest.raises(EventProblems):
        case.foresee("payment_made", amount="very much")


def test_an_event_that_would_have_happened_earlier_is_foreseen_in_its_place(policy: Policy) -> None:
    case = opened(policy, injury=True)
    case.record("insurer_notified", at=BEGAN + dt.timedelta(hours=1))
    (moment,) = case.foresee("payment_made", at=BEGAN + dt.timedelta(minutes=30))
    assert [match.pattern for match in moment.matches] == ["payment-before-the-insurer"]


@pytest.mark.parametrize("kind", ["duty_breached", "no_such_kind"])
def test_what_a_step_brings_must_be_a_kind_that_people_record(kind: str) -> None:
    from evenhand import PolicyError

    with pytest.raises(PolicyError) as problem:
        Policy.loads(POLICY.replace('brings = ["payment_made"]', f'brings = ["{kind}"]'))
    assert [found.code for found in problem.value.diagnostics] == [
        "event-by-engine" if kind == "duty_breached" else "unknown-event"
    ]


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("sqlalchemy", reason="the store needs SQLAlchemy: install `evenhand[cases]`")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "careful.toml").write_text(POLICY, encoding="utf-8")
    assert run("case", "open", "c-1", "--policy", "careful.toml", "--fact", "injury=true").code == 0
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_the_desk_is_warned_before_and_may_ask_first() -> None:
    shown = run("case", "show", "c-1").out
    assert "not now: Money, and the insurer has not heard" in shown
    assert "What not to do now" in shown
    asked = run("case", "record", "c-1", "payment_made", "amount=20 USD", "--dry-run")
    assert asked.code == 1
    assert "forbidden: Money, and the insurer has not heard" in asked.out
    assert run("case", "record", "c-1", "insurer_notified", "--dry-run").code == 0
    data = json.loads(run("case", "show", "c-1", "--format", "json").out)
    assert [step["forbidden"] for step in data["next_steps"]] == [["payment-before-the-insurer"]]
    assert data["not_now"] == [{"kind": "payment_made", "patterns": ["payment-before-the-insurer"]}]
    assert len(data["timeline"]) == 1


@pytest.mark.usefixtures("folder")
def test_a_draft_is_held_against_what_is_forbidden(tmp_path: Path) -> None:
    (tmp_path / "draft.txt").write_text("Hello again.", encoding="utf-8")
    run("case", "record", "c-1", "message_sent", "text=Hello.")
    checked = run("case", "reply", "c-1", "draft.txt")
    assert checked.code == 1
    assert "Two replies within a minute" in checked.out
