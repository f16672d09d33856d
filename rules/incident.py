"""The built-in vocabulary: one incident between a business and a customer, and the four decisions about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, Final, TypeAlias

import attrs

from .decisions import DecisionSpec
from .money import Money
from .types import BOOLEAN, DURATION, INTEGER, LIST, MONEY, Type
from .uncertain import AnyOf, Between
from .vocabulary import fact, given_in, group, vocabulary

Uncertain: TypeAlias = AnyOf | Between
TextFact: TypeAlias = str | Uncertain | None
BooleanFact: TypeAlias = bool | str | Uncertain | None
IntegerFact: TypeAlias = int | str | Uncertain | None
MoneyFact: TypeAlias = Money | str | int | float | Decimal | Uncertain | None
DurationFact: TypeAlias = dt.timedelta | str | int | float | Uncertain | None
ListFact: TypeAlias = list[str] | tuple[str, ...] | Uncertain | None

ABUSE: Final = Type("scale", ("none", "rude", "hostile", "threatening", "violent"))
FAULT: Final = Type("text", ("business", "customer", "shared", "third_party"))
DEMAND: Final = Type(
    "text",
    ("none", "apology", "repair", "replacement", "refund", "compensation", "review_removal", "money_for_silence"),
)
CHANNEL: Final = Type("text", ("in_person", "phone", "email", "chat", "social", "review"))


class Shape:
    """
    Which facts an incident states, in which order: one object for all incidents that state the same, so that a reading may keep
    what it prepared for them under it.
    """

    __slots__ = ("names",)
    _known: ClassVar[dict[tuple[str, ...], Shape]] = {}

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    @classmethod
    def of(cls, names: tuple[str, ...]) -> Shape:
        """Return the shape of these names."""
        found = cls._known.get(names)
        if found is None:
            if len(cls._known) >= 4_096:
                cls._known.clear()
            found = cls._known.setdefault(names, cls(names))
        return found


@attrs.frozen
class Virality:
    """How far the incident has spread in public."""

    views: IntegerFact = fact(INTEGER, "times the post or video was seen", ask="How often has it been seen?", low=0)
    shares: IntegerFact = fact(INTEGER, "times it was passed on", ask="How often has it been shared?", low=0)
    shares_per_hour: IntegerFact = fact(
        INTEGER, "times it is passed on in an hour, at present", ask="How many shares an hour is it getting?", low=0
    )
    views_per_hour: IntegerFact = fact(
        INTEGER, "times it is seen in an hour, at present", ask="How many views an hour is it getting?", low=0
    )
    press: BooleanFact = fact(BOOLEAN, "whether a journalist has asked or reported", ask="Has the press picked it up?")


@attrs.frozen
class Exchange:
    """The conversation with the customer so far."""

    replies_sent: IntegerFact = fact(INTEGER, "replies that we sent", ask="How many times have we replied?", low=0)
    offers_declined: IntegerFact = fact(
        INTEGER, "offers of ours that the customer turned down", ask="How many of our offers were turned down?", low=0
    )
    hours_open: DurationFact = fact(
        DURATION, "time since the incident began", ask="How long has this been going on?", unit="hours", low=0
    )
    hours_since_contact: DurationFact = fact(
        DURATION,
        "time since the customer was last heard from",
        ask="When did we last hear from them?",
        unit="hours",
        low=0,
    )
    promises_open: IntegerFact = fact(
        INTEGER, "promises of ours that are still to be kept", ask="How many of our promises are still open?", low=0
    )
    promises_broken: IntegerFact = fact(
        INTEGER, "promises of ours that were not kept in time", ask="How many of our promises did we break?", low=0
    )
    headway: BooleanFact = fact(BOOLEAN, "whether the talk is getting anywhere", ask="Is the talk getting anywhere?")
    steps_done: ListFact = fact(
        LIST, "steps already taken, such as listen, thank, propose, replace", ask="Which steps have been taken?"
    )


@attrs.frozen
class History:
    """What this customer did before."""

    incidents_12m: IntegerFact = fact(
        INTEGER, "incidents in the last twelve months", ask="How many incidents in the last year?", low=0
    )
    refunds_90d: IntegerFact = fact(
        INTEGER, "refunds in the last ninety days", ask="How many refunds in the last 90 days?", low=0
    )
    refunded_90d: MoneyFact = fact(
        MONEY, "money refunded in the last ninety days", ask="How much was refunded in the last 90 days?", low=0
    )
    chargebacks_12m: IntegerFact = fact(
        INTEGER, "card payments disputed in the last twelve months", ask="How many chargebacks in the last year?", low=0
    )
    lifetime_value: MoneyFact = fact(
        MONEY, "what the customer has spent with us in all", ask="How much has this customer spent with us?", low=0
    )
    months_known: IntegerFact = fact(
        INTEGER, "months since the first purchase", ask="For how many months have we known them?", unit="months", low=0
    )


@attrs.frozen
class Legal:
    """What has been said or done about going to law."""

    threatened: BooleanFact = fact(BOOLEAN, "whether they said that they will sue", ask="Have they threatened to sue?")
    filed: BooleanFact = fact(BOOLEAN, "whether a claim or suit was filed", ask="Has a claim or a suit been filed?")
    discrimination_claimed: BooleanFact = fact(
        BOOLEAN, "whether they say that they were discriminated against", ask="Do they claim discrimination?"
    )


@attrs.frozen
class Incident:
    """
    The facts of one incident; every fact may be left out, which means that it is not known.

    Money is written `"4.50 USD"` (an amount alone means the policy's currency), a length of time `"48h"`. A fact that is only
    partly known is an `AnyOf` or a `Between`, or in words: `"any of rude, hostile"`, `"200..900 USD"`. *other* holds the facts
    that a policy adds to the built-in ones.

    Raises:
        FactError: If a value is of the wrong type, off its scale or out of its range; all such mistakes at once.

    >>> Incident(abuse="hostile", loss="4.50 USD", virality=Virality(views=250_000)).virality.views
    250000
    """

    abuse: TextFact = fact(
        ABUSE, "how staff were treated, at worst", ask="How did the customer treat our people, at worst?"
    )
    fault: TextFact = fact(FAULT, "whose fault the matter is", ask="Whose fault was it?")
    verified: BooleanFact = fact(
        BOOLEAN, "whether what happened is backed by evidence", ask="Is what happened backed by evidence?"
    )
    loss: MoneyFact = fact(MONEY, "what the customer lost", ask="How much did the customer lose?", low=0)
    paid: MoneyFact = fact(MONEY, "what the customer paid", ask="How much did the customer pay?", low=0)
    demand: TextFact = fact(DEMAND, "what the customer asks for", ask="What does the customer ask for?")
    channel: TextFact = fact(CHANNEL, "where the exchange takes place", ask="Where is this taking place?")
    injury: BooleanFact = fact(BOOLEAN, "whether anybody was hurt", ask="Was anybody hurt?")
    staff_harmed: BooleanFact = fact(BOOLEAN, "whether one of our people was hurt", ask="Was one of our people hurt?")
    property_damage: MoneyFact = fact(
        MONEY, "cost of what was broken", ask="What will it cost to mend what broke?", low=0
    )
    vulnerable: BooleanFact = fact(
        BOOLEAN, "whether reasonable adjustments may be owed", ask="Might the customer need reasonable adjustments?"
    )
    virality: Virality = group(Virality)
    exchange: Exchange = group(Exchange)
    history: History = group(History)
    legal: Legal = group(Legal)
    other: Mapping[str, object] = attrs.field(factory=dict, kw_only=True)
    _given: dict[str, object] = attrs.field(init=False, repr=False, eq=False)
    _values: tuple[object, ...] = attrs.field(init=False, repr=False, eq=False)
    _shape: Shape = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        from .given import check_given  # because the checks need this vocabulary

        given = given_in(self)
        check_given(given, vocabulary(Incident))
        if self.other:
            given.update((name, value) for name, value in self.other.items() if value is not None)
        object.__setattr__(self, "_given", given)
        object.__setattr__(self, "_values", tuple(given.values()))
        object.__setattr__(self, "_shape", Shape.of(tuple(given)))

    @property
    def given(self) -> Mapping[str, object]:
        """What was stated, by dotted name."""
        return dict(self._given)


#: The four decisions that every policy over incidents has.
DECISIONS: Final[Mapping[str, DecisionSpec]] = {
    spec.id: spec
    for spec in (
        DecisionSpec(
            "refund",
            Type("scale", ("deny", "replace", "credit", "partial", "full")),
            values={"refund_amount": MONEY},
            title="Refund",
            about="what the customer gets back",
        ),
        DecisionSpec(
            "defend",
            Type("scale", ("no", "privately", "publicly")),
            title="Defend staff",
            about="whether and where we stand up for our people",
        ),
        DecisionSpec(
            "walk_away",
            Type("scale", ("stay", "pause", "warn", "end", "ban")),
            title="Walk away",
            about="whether we go on dealing with the customer",
        ),
        DecisionSpec(
            "insurance",
            Type("scale", ("no", "prepare", "notify")),
            values={"insurance_lines": LIST},
            title="Insurance",
            about="whether the insurer is involved",
        ),
    )
}
