"""One policy in many threads, and decisions that nothing done afterwards can change."""

from __future__ import annotations

import copy
import datetime as dt
import itertools
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from evenhand import AnyOf, Exchange, FactError, Incident, Policy, Virality

THREADS = 8
DAY = dt.date(2026, 11, 21)

TEXT = """
[policy]
id = "shared"
[facts.bought]
type = "date"
[facts.vulnerable]
assume = false
[decisions.refund]
default = "deny"
values = { days = "number" }
[obligations.call-back]
title = "Call them back"
within = "2h"
[[rule]]
id = "small"
when = "loss <= 50 USD and abuse <= rude"
then.refund = "full"
then.refund_amount = "min(loss, paid)"
oblige = ["call-back"]
[[rule]]
id = "late"
when = "days_since(bought) > 14 and virality.views < 10_000"
then.refund = "credit"
then.days = "days_since(bought)"
[[rule]]
id = "steps"
when = "exchange.steps_done contains listen and not vulnerable"
then.walk_away = "pause"
[[rule]]
id = "half"
when = "loss / paid > 0.5"
then.defend = "privately"
[[rule]]
id = "loud"
when = "abuse >= hostile"
then.defend = "publicly"
then.walk_away = "end"
[[guard]]
id = "never-both"
never = "refund = full and walk_away = end and fault = customer"
"""

VALUES: dict[str, list[object]] = {
    "loss": [10, "60 USD", 60.5, "10..90 USD", -1],
    "abuse": ["none", "hostile", AnyOf("none", "hostile"), "furious"],
    "paid": [0, 100, "5 EUR"],
    "virality.views": [5, 50_000, 5.0],
    "bought": [dt.date(2026, 11, 20), "2026-01-01"],
    "exchange.steps_done": [["listen"], []],
    "fault": ["customer", "business"],
}


def incidents() -> list[dict[str, object]]:
    """Return incidents of dozens of shapes, many of which come often enough for their look-ups to be written out."""
    found: list[dict[str, object]] = []
    for size in range(4):
        for names in itertools.combinations(VALUES, size):
            values = itertools.product(*(VALUES[name] for name in names))
            found += (dict(zip(names, row, strict=True)) for row in values)
    return found[::3]


def told(policy: Policy, given: dict[str, object]) -> object:
    """Return all that is said of an incident: the decision with what is made of it later, or the mistakes."""
    try:
        decision = policy.decide(given, as_of=DAY)
    except FactError as error:
        return [(d.code, dict(d.facts)) for d in error.diagnostics]
    return decision.outcomes, decision.judgement, decision.obligations, decision.missing, decision.assumed


def in_threads(work: Callable[[int], object]) -> list[object]:
    """Return what each thread makes, all let go at once; a mistake in one of them is raised."""
    with ThreadPoolExecutor(THREADS) as pool:
        together = threading.Barrier(THREADS)
        return [*pool.map(lambda number: together.wait() >= 0 and work(number), range(THREADS))]


@pytest.fixture
def often() -> Iterator[None]:
    """Threads take turns a thousand times more often than they would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("often")
def test_eight_threads_get_the_answers_that_one_gets() -> None:
    """The policy is new to them: they write out look-ups, and remember what is missing, while others decide."""
    asked = incidents()
    alone = Policy.loads(TEXT)
    expected = [told(alone, given) for given in asked]
    shared = Policy.loads(TEXT)

    def work(number: int) -> bool:
        order = [*range(number * 7, len(asked)), *range(number * 7)]
        return all(told(shared, asked[at]) == expected[at] for at in order)

    assert in_threads(work) == [True] * THREADS
    assert shared.index.lines


@pytest.mark.usefixtures("often")
def test_eight_threads_may_ask_one_decision_for_what_is_made_later() -> None:
    given = {"loss": "10..90 USD", "abuse": AnyOf("none", "hostile"), "bought": "2026-01-01", "virality.views": 5}
    policy = Policy.loads(TEXT)
    for _ in range(50):
        decision = policy.decide(given, as_of=DAY)
        said = in_threads(
            lambda _number, made=decision: (  # type: ignore[misc]
                made.judgement, made.refund.values, made.missing, made.obligations, made.walk_away.possible,
            )
        )  # fmt: skip
        assert all(one == said[0] for one in said)


@pytest.mark.usefixtures("often")
def test_eight_threads_may_load_at_once() -> None:
    policies = in_threads(lambda _number: Policy.loads(TEXT).content_hash)
    assert set(policies) == {Policy.loads(TEXT).content_hash}


# --- what cannot be changed ------------------------------------------------------------------------------------------


def test_a_decision_cannot_be_changed() -> None:
    decision: Any = Policy.loads(TEXT).decide({"loss": 10, "abuse": "none", "paid": 5}, as_of=DAY)
    before = copy.deepcopy((decision.outcomes, dict(decision.refund.values)))
    for name in ("refund", "as_of", "policy", "_given", "__dict__", "new"):
        with pytest.raises(AttributeError):
            setattr(decision, name, None)
    with pytest.raises(AttributeError):
        del decision.refund
    with pytest.raises(TypeError):
        decision["refund"] = None
    with pytest.raises(TypeError):
        decision.verdicts["refund"] = None
    with pytest.raises(AttributeError):
        decision.refund.outcome = "deny"
    with pytest.raises(AttributeError):
        decision.judgement.obligations = ()
    decision.outcomes["refund"] = decision.given["loss"] = "changed"
    assert (decision.outcomes, dict(decision.refund.values)) == before
    assert decision.given["loss"] == 10


def test_a_policy_cannot_be_changed() -> None:
    policy: Any = Policy.loads(TEXT)
    for name in ("tree", "warnings", "id", "new"):
        with pytest.raises(AttributeError):
            setattr(policy, name, None)
    for mapping in ("facts", "decisions", "rates"):
        assert isinstance(getattr(policy.tree, mapping), Mapping)
    with pytest.raises(AttributeError):
        policy.tree.rules = ()


class Listed(list[str]):
    """A list of a caller's own."""


def nested() -> dict[str, Any]:
    return {
        "loss": {"between": ["10 USD", "90 USD"]},
        "abuse": {"any_of": ["none", "hostile"]},
        "virality": {"views": 5},
        "exchange": {"steps_done": Listed(["listen"])},
        "bought": "2026-01-01",
    }


def flat() -> dict[str, Any]:
    return {"loss": "10..90 USD", "abuse": "none", "virality.views": 5, "bought": dt.date(2026, 1, 1), "paid": 20}


def plain() -> dict[str, Any]:
    return {"loss": 10, "virality.views": 5, "paid": 20}


@pytest.mark.parametrize("given", [nested, flat, plain])
@pytest.mark.parametrize("often_before", [0, 40])
def test_what_was_handed_in_may_be_changed_afterwards(given: Callable[[], dict[str, Any]], often_before: int) -> None:
    """What a decision is asked for later comes from the facts as they were, not as they have become."""
    policy = Policy.loads(TEXT)
    for _ in range(often_before):
        policy.decide(given(), as_of=DAY)
    handed = given()
    decision, spoilt = policy.decide(handed, as_of=DAY), policy.decide(handed, as_of=DAY)
    expected = policy.decide(given(), as_of=DAY)
    spoil(handed)
    for made in (decision, spoilt):
        assert made.judgement == expected.judgement
        assert (made.missing, made.assumed, made.obligations) == (
            expected.missing, expected.assumed, expected.obligations,
        )  # fmt: skip
        assert made.given == expected.given
        assert made.explain().text() == expected.explain().text()


def spoil(raw: Any) -> None:
    """Change everything in a table or a list, in place, at every depth."""
    if isinstance(raw, dict):
        for inner in raw.values():
            spoil(inner)
        raw.clear()
        raw["nonsense"] = True
    elif isinstance(raw, list):
        raw[:] = ["spoilt"] * 3


def test_what_an_incident_was_made_of_may_be_changed_afterwards() -> None:
    policy, steps, other = Policy.loads(TEXT), ["listen"], {"bought": "2026-01-01"}
    incident = Incident(loss=60, exchange=Exchange(steps_done=steps), virality=Virality(views=5), other=other)
    decision = policy.decide(incident, as_of=DAY)
    steps[:] = ["shout"]
    other.clear()
    assert decision.walk_away.outcome == "pause"
    assert decision.refund.values["days"] == 324
    assert decision.judgement.verdicts["walk_away"].rules[0].id == "steps"


def test_what_is_made_later_is_of_the_moment_of_the_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value counts its days to the day that was decided on, though it is asked for after midnight."""
    policy, facts = Policy.loads(TEXT), {"loss": 60, "bought": "2026-01-01", "virality.views": 5}
    for _ in range(20):
        policy.decide(facts)
    decision = policy.decide(facts)
    expected = policy.decide(facts, as_of=decision.as_of).refund.values["days"]

    class Tomorrow(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            return dt.datetime(2099, 1, 1, tzinfo=tz)

    monkeypatch.setattr(dt, "datetime", Tomorrow)
    assert decision.refund.values["days"] == expected
