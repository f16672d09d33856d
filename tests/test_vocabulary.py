"""The engine knows nothing of cafés: another class of facts and other decisions, decided by the same code."""

# ruff: noqa: RUF009 because each fact is declared by a call, whose result attrs reads once

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest

from evenhand import DecisionSpec, FactError, Incident, Money, Policy, PolicyError, Type, fact, group
from evenhand.engine.interpret import interpret
from evenhand.rules.vocabulary import given_in, vocabulary

DAY = dt.date(2026, 11, 21)


@attrs.frozen
class Address:
    """Where the parcel goes."""

    zone: Any = fact(Type("text", ("city", "country", "abroad")), "how far it is", ask="Where does it go?")
    stairs: Any = fact(Type("boolean"), "whether there are stairs", ask="Are there stairs?")


@attrs.frozen
class Receiver:
    """Who gets it."""

    known_since: Any = fact(Type("date"), "first parcel", ask="Since when do we know them?")
    address: Address = group(Address)


@attrs.frozen
class Parcel:
    """One parcel to be sent."""

    weight: Any = fact(Type("number"), "kilograms", ask="What does it weigh?", low=0, high=1_000)
    worth: Any = fact(Type("money"), "what is in it", ask="What is it worth?", low=0)
    care: Any = fact(Type("scale", ("sturdy", "usual", "fragile")), "how it breaks", ask="How fragile is it?")
    marks: Any = fact(Type("list"), "what is written on it", ask="What is written on it?")
    ready: Any = fact(Type("datetime"), "when it may be fetched", ask="When is it ready?")
    patience: Any = fact(Type("duration"), "how long it may take", ask="How long may it take?", unit="days")
    receiver: Receiver = group(Receiver)
    note: str = "no fact: it has no question"


DECISIONS = {
    "carrier": DecisionSpec("carrier", Type("text", ("bike", "van", "plane")), values={"price": Type("money")}),
    "insure": DecisionSpec("insure", Type("scale", ("no", "half", "full")), hit_policy="priority"),
    "remarks": DecisionSpec("remarks", Type("text"), hit_policy="rule order"),
}

TEXT = """
[policy]
id = "parcels"
currency = "EUR"
[facts.vip]
type = "boolean"
assume = false
[[rule]]
id = "near-and-light"
when = "weight <= 5 and receiver.address.zone = city"
then.carrier = "bike"
then.price = "4 EUR + weight * 1 EUR"
then.insure = "no"
[[rule]]
id = "far"
when = "receiver.address.zone = abroad and patience < 3 days"
then.carrier = "plane"
then.price = "max(50 EUR, 10% * worth)"
then.insure = "half"
[[rule]]
id = "otherwise"
when = "weight <= 1_000"
then.carrier = "van"
[[rule]]
id = "dear"
when = "worth > 500 EUR and care >= usual or vip"
then.insure = "full"
then.remarks = "dear"
[[rule]]
id = "marked"
when = "marks contains 'this side up'"
then.remarks = "upright"
[[guard]]
id = "no-glass-on-bikes"
never = "carrier = bike and care = fragile"
"""


@pytest.fixture(scope="module")
def parcels() -> Policy:
    return Policy.loads(TEXT, vocabulary=Parcel, decisions=DECISIONS)


def parcel(**facts: Any) -> Parcel:
    zone = Receiver(address=Address(zone=facts.pop("zone", None)), known_since=facts.pop("known_since", None))
    return Parcel(**facts, receiver=zone)


def test_facts_are_read_off_the_class() -> None:
    assert [*vocabulary(Parcel)] == [
        "weight", "worth", "care", "marks", "ready", "patience",
        "receiver.known_since", "receiver.address.zone", "receiver.address.stairs",
    ]  # fmt: skip
    zone = vocabulary(Parcel)["receiver.address.zone"]
    assert (zone.about, zone.ask, zone.type.words) == (
        "how far it is",
        "Where does it go?",
        ("city", "country", "abroad"),
    )
    assert given_in(parcel(weight=3, zone="city")) == {"weight": 3, "receiver.address.zone": "city"}


def test_the_built_in_decisions_and_facts_are_gone(parcels: Policy) -> None:
    assert [*parcels.tree.decisions] == ["carrier", "insure", "remarks"]
    assert not {*parcels.tree.facts} & {*vocabulary(Incident)}
    with pytest.raises(PolicyError) as error:
        Policy.loads(
            TEXT + "[[rule]]\nid = 'x'\nwhen = 'abuse = rude'\nthen.refund = 'full'",
            vocabulary=Parcel,
            decisions=DECISIONS,
        )
    assert {d.code for d in error.value.diagnostics} == {"unknown-name", "unknown-decision"}


def test_it_decides(parcels: Policy) -> None:
    decision = parcels.decide(parcel(weight=2.5, zone="city", care="usual", worth="600 EUR", marks=["this side up"]))
    assert decision.outcomes == {"carrier": "bike", "insure": "full", "remarks": ("dear", "upright")}
    assert decision.carrier.values == {"price": Money.parse("6.50 EUR")}
    assert decision.assumed == ()
    assert not decision.breaches


def test_its_guards_hold(parcels: Policy) -> None:
    decision = parcels.decide(parcel(weight=2, zone="city", care="fragile"))
    assert decision.carrier.status == "guard"
    assert [breach.guard.id for breach in decision.breaches] == ["no-glass-on-bikes"]


def test_it_asks_for_what_is_missing(parcels: Policy) -> None:
    decision = parcels.decide(parcel(weight=2, care="usual"))
    assert {*decision.carrier.missing} == {"receiver.address.zone", "patience"}
    assert decision.carrier.possible == ("bike", "plane", "van")


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"weight": 2, "zone": "city"},
        {"weight": "2..9", "zone": "any of city, country"},
        {"zone": "abroad", "patience": 2, "worth": 900},
        {"zone": "abroad", "patience": dt.timedelta(days=3), "weight": 1_000, "care": "sturdy"},
        {"care": "fragile", "weight": 1, "zone": "city", "marks": []},
        {"ready": "2026-11-21T10:00:00Z", "known_since": DAY, "worth": "500.01 EUR", "care": "usual"},
    ],
)
def test_every_way_in_and_both_readings_say_the_same(parcels: Policy, facts: dict[str, Any]) -> None:
    instance = parcel(**facts)
    expected = interpret(parcels.tree, parcels.read(instance), DAY)
    for _ in range(20):
        assert parcels.decide(instance, as_of=DAY).judgement == expected
        assert parcels.decide(given_in(instance), as_of=DAY).judgement == expected
        assert parcels.decide(attrs.evolve(instance, note="another"), as_of=DAY).judgement == expected


def test_mistakes_are_told_as_of_incidents(parcels: Policy) -> None:
    wrong = {"weight": 1_001, "care": "fragil", "receiver": {"address": {"zone": "mars", "floor": 3}}, "abuse": "rude"}
    with pytest.raises(FactError) as error:
        parcels.decide(wrong)
    assert [(d.code, d.suggestion) for d in error.value.diagnostics] == [
        ("out-of-range", ""), ("off-scale", "fragile"), ("off-scale", ""), ("unknown-fact", "receiver.address"), ("unknown-fact", ""),
    ]  # fmt: skip
    with pytest.raises(FactError) as of_an_instance:
        parcels.decide(parcel(weight=1_001, care="fragil", zone="mars"))
    assert [d.code for d in of_an_instance.value.diagnostics] == ["out-of-range", "off-scale", "off-scale"]


def test_an_incident_is_no_parcel(parcels: Policy) -> None:
    with pytest.raises(FactError) as error:
        parcels.decide(Incident(abuse="rude"))
    assert [d.code for d in error.value.diagnostics] == ["unknown-fact"]


def test_shipped_policies_of_another_vocabulary_are_refused_in_words() -> None:
    with pytest.raises(PolicyError) as error:
        Policy.load("house", vocabulary=Parcel, decisions=DECISIONS)
    assert {"unknown-name", "unknown-decision"} <= {d.code for d in error.value.diagnostics}


def test_what_is_made_of_a_decision_needs_no_incident(parcels: Policy) -> None:
    """Explanations and records are of the policy's own facts and decisions."""
    decision = parcels.decide(parcel(weight=2, zone="city", worth=100, care="usual"), as_of=DAY)
    assert "near-and-light" in decision.explain().text()
    assert "receiver.address.zone" in decision.record().to_json()
