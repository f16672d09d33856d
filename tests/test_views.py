"""What is remembered of a case under the signature of its facts is what would be decided anew."""

from __future__ import annotations

import datetime as dt
import os
import random
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from chooser import Chooser
from random_incidents import MOMENTS, make_incident
from random_policies import make_policy
from readings import difference
from test_case_progress import HOUR, KINDS, OPENED, TALE

from evenhand import FactError, Policy
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.passing import in_order
from evenhand.engine.cases.plain import Plain
from evenhand.engine.cases.progress import Progress
from evenhand.engine.cases.views import MOST_VIEWS, Views, views_of
from evenhand.engine.interpret import interpret
from evenhand.rules.given import Knowledge
from evenhand.rules.moments import moment_of

MANY = int(os.environ.get("EVENHAND_CASES", "20000"))
TODAY = dt.date(2026, 11, 22)


def test_what_is_remembered_of_an_incident_is_what_the_reference_says() -> None:
    """Under random policies, on facts given, missing and uncertain; much of it was remembered from another incident."""
    again = 0
    for number in range(max(MANY // 100, 10)):
        choose = Chooser(random.Random(number).randint)
        made = make_policy(choose)
        views, seen = Views(made.policy), set[int]()
        known: dict[str, Knowledge] = {}
        for _ in range(30):
            try:
                drawn = made.policy.read(make_incident(choose, made.kinds))
            except FactError:
                continue
            # One fact after the other comes, goes or changes, as in a case.
            name = choose.pick(list(made.policy.tree.facts))
            known = {fact: what for fact, what in {**drawn, **known}.items() if fact != name}
            known.update({name: drawn[name]} if name in drawn else {})
            day = choose.pick(MOMENTS[:3])
            view = views.at(known, day)
            again += id(view) in seen
            seen.add(id(view))
            parting = difference(interpret(made.policy.tree, known, day), view.judgement)
            assert not parting, (number, known, day, parting)
    assert again > MANY // 100


def test_a_case_is_at_every_moment_what_its_facts_say() -> None:
    """Judgement, next steps and watching, beside those of a policy that was never asked before."""
    policy = Policy.loads(TALE)
    for number in range(max(MANY // 400, 10)):
        choose = random.Random(number)
        going = Progress(policy, Plain(policy.tree.case.patterns))
        events = [Event(1, OPENED, "case_opened", {"facts": {"injury": choose.choice([False, None, True])}})]
        for seq in range(2, 20):
            kind, fields = choose.choice(KINDS)
            events.append(Event(seq, OPENED + choose.randint(0, 40) * HOUR // 2, kind, choose.choice(fields)))
        for event in in_order(events):
            going.take(event)
            known, moment = going.known(event.at), moment_of(event.at)
            assert going.view == Views(policy).at(known, moment)
            assert going.judgement is not None
            assert not difference(interpret(policy.tree, known, moment), going.judgement)


@pytest.mark.parametrize(
    ("rule", "one", "other", "alike"),
    [
        ('when = "loss <= 20 USD"\nthen.refund = "full"', {"loss": "1 USD"}, {"loss": "19.99 USD"}, True),
        ('when = "loss <= 20 USD"\nthen.refund = "full"', {"loss": "20 USD"}, {"loss": "20.01 USD"}, False),
        ('when = "loss <= 20 USD"\nthen.refund = "full"', {"loss": "1 USD"}, {}, False),
        ('when = "loss <= 20 USD"\nthen.refund = "full"', {"loss": "1 USD"}, {"loss": "1..2 USD"}, False),
        (
            'when = "loss <= 20 USD"\nthen.refund = "full"\nthen.refund_amount = "loss"',
            {"loss": "1 USD"},
            {"loss": "2 USD"},
            False,
        ),
        ('when = "loss <= paid"\nthen.refund = "full"', {"loss": "1 USD"}, {"loss": "2 USD"}, False),
        ("when = \"branch = 'north'\"\nthen.refund = 'full'", {"branch": "north"}, {"branch": "south"}, False),
        ("when = \"branch = 'north'\"\nthen.refund = 'full'", {"branch": "east"}, {"branch": "south"}, True),
        ("when = \"branch starts with 'n'\"\nthen.refund = 'full'", {"branch": "east"}, {"branch": "north"}, False),
        ('when = "injury"\nthen.refund = "full"', {"loss": "1 USD"}, {"loss": "2 USD"}, True),
    ],
)
def test_two_incidents_are_alike_if_the_policy_cannot_tell_them_apart(
    rule: str, one: dict[str, object], other: dict[str, object], alike: bool
) -> None:
    policy = Policy.loads(f'[policy]\nid = "p"\n[facts.branch]\ntype = "text"\n[[rule]]\nid = "r"\n{rule}')
    views = Views(policy)
    assert (views.at(policy.read(one), TODAY) is views.at(policy.read(other), TODAY)) is alike


def test_a_policy_that_counts_days_is_asked_anew_each_day() -> None:
    policy = Policy.loads(
        '[policy]\nid = "p"\n[facts.bought]\ntype = "date"\n'
        '[[rule]]\nid = "r"\nwhen = "days_since(bought) > 30"\nthen.refund = "deny"\n[decisions.refund]\ndefault = "full"\n'
    )
    views, known = Views(policy), policy.read({"bought": dt.date(2026, 10, 23)})
    found = [views.at(known, TODAY + dt.timedelta(days=days)).outcomes["refund"] for days in (0, 1, 0)]
    assert found == ["full", "deny", "full"]


def test_a_policy_is_not_in_force_for_what_comes_before_it() -> None:
    policy = Policy.loads(
        '[policy]\nid = "p"\neffective = 2026-11-22\n[[rule]]\nid = "r"\nwhen = "injury"\nthen.refund = "full"\n'
    )
    views, known = Views(policy), policy.read({"injury": True})
    assert views.at(known, TODAY).outcomes["refund"] == "full"
    assert views.at(known, TODAY - dt.timedelta(days=1)).judgement.verdicts["refund"].status == "not-in-force"


def test_no_more_than_so_many_views_are_kept() -> None:
    policy = Policy.loads('[policy]\nid = "p"\n[[rule]]\nid = "r"\nwhen = "loss <= paid"\nthen.refund = "full"\n')
    views = Views(policy)
    for cents in range(MOST_VIEWS + 10):
        views.at({"loss": cents, "paid": MOST_VIEWS}, TODAY)
    assert len(views._kept) == 10


def test_threads_share_what_is_remembered() -> None:
    """Many cases at once, with so few views kept that they are forgotten and made again all the time."""
    policy = Policy.loads(TALE)
    logs = []
    for number in range(24):
        choose = random.Random(number)
        told = [(choose.randint(1, 40) * HOUR, *choose.choice(KINDS)) for _ in range(12)]
        events = [Event(2 + n, OPENED + at, kind, choose.choice(fields)) for n, (at, kind, fields) in enumerate(told)]
        logs.append(in_order([Event(1, OPENED, "case_opened", {"facts": {}}), *events]))

    def state(log: list[Event]) -> tuple[object, ...]:
        going = Progress(policy, Plain(policy.tree.case.patterns))
        return [going.take(event) for event in log], going.view, list(going.ledger)

    alone = [state(log) for log in logs]
    views_of.cache_clear()
    with patch("evenhand.engine.cases.views.MOST_VIEWS", 3), ThreadPoolExecutor(8) as pool:
        assert list(pool.map(state, logs)) == alone
