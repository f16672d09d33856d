"""Facts as callers hand them in: every spelling of every type, and what is wrong with the others, all of it at once."""

from __future__ import annotations

import datetime as dt
import enum
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, TypeAlias

import pytest

from evenhand import AnyOf, Between, FactError, History, Incident, Money, Policy, Virality
from evenhand.rules.given import LONGEST_LIST, LONGEST_TEXT, read_given
from evenhand.rules.types import LARGEST

POLICY = Policy.loads("""
[policy]
id = "given"
[rates]
EUR = "1.25"
JPY = "0.01"
[facts.score]
type = "number"
[facts.small]
type = "integer"
min  = 1
max  = 5
[facts.wait]
type = "duration"
unit = "minutes"
[facts.delay]
type = "duration"
[facts.day]
type = "date"
[facts.at]
type = "datetime"
[facts.note]
type = "text"
[facts.tags]
type = "list of text"
[facts.loyalty]
scale = ["none", "silver", "gold"]

[decisions.greeting]
outcomes = ["curt", "kind"]
default = "kind"
[[rule]]
id = "everything"
when = '''
abuse >= hostile or fault = customer or injury or loss > 50 USD or virality.views > 9 or score > 1 or small > 3
or wait > 1h or delay > 1h or day > 2026-01-01 or at > 2026-01-01T00:00:00Z or note = 'rude' or tags contains rude
or loyalty = gold or exchange.hours_open > 2h
'''
then.greeting = "curt"
""")

Door: TypeAlias = Callable[[Any], object]


def _again(facts: object) -> object:
    """Decide when the look-ups for incidents of this shape have long been written out."""
    for _ in range(40):
        with suppress(FactError):
            POLICY.decide(facts)
    return POLICY.decide(facts)


#: All ways in; each must say the same of the same mistakes.
DOORS: dict[str, Door] = {
    "read": POLICY.read,
    "decide": POLICY.decide,
    "decide on another kind of mapping": lambda facts: POLICY.decide(MappingProxyType(facts)),
    "decide once more": _again,
}


class Abuse(str, enum.Enum):  # noqa: UP042 because a StrEnum writes itself as its value, this one as `Abuse.RUDE`
    RUDE = "rude"
    HOSTILE = "hostile"


class Loyalty(enum.StrEnum):
    GOLD = "gold"


class Many(enum.IntEnum):
    TWELVE = 12


class Shout(str):
    """A text that shows itself otherwise."""

    __slots__ = ()

    def __str__(self) -> str:
        return self.upper()


class Nowhere(dt.tzinfo):
    """A zone that does not know its offset: what is in it counts as UTC, as without a zone."""

    def utcoffset(self, _when: dt.datetime | None) -> None:
        return None

    def dst(self, _when: dt.datetime | None) -> None:
        return None

    def tzname(self, _when: dt.datetime | None) -> None:
        return None


EAST = dt.timezone(dt.timedelta(hours=2))
NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
MICROSECONDS = 1_795_262_400_000_000

SPELLINGS: list[tuple[str, Iterable[object], object]] = [
    ("score", [12, 12.0, "12", " 12 ", "12.0", "+12", Decimal(12), Decimal("12.00"), Decimal("1.2e1"), Fraction(12), Many.TWELVE], 12),
    ("score", [0.1, "0.1", "0.10", "10%", "10 %", Decimal("0.1"), Fraction(1, 10)], Fraction(1, 10)),
    ("score", [0, -0.0, "-0", Decimal("-0")], 0),
    ("score", [-2.5, "-2.5", "-250%", Decimal("-2.5"), Fraction(-5, 2)], Fraction(-5, 2)),
    ("score", [LARGEST, float(LARGEST), "1" + 30 * "0", Decimal("1e30"), Fraction(LARGEST)], LARGEST),
    ("virality.views", [10_000, 10_000.0, "10000", "10_000", "10_000.0", Decimal("1E+4"), Fraction(10_000)], 10_000),
    ("virality.views", [Many.TWELVE, "12", AnyOf(12), AnyOf(12, "12", 12.0), Between(12, 12), "12..12"], 12),
    ("loss", ["4.50 USD", "4.50", "4.5USD", " 4.50  USD ", 4.5, Decimal("4.5"), Fraction(9, 2), Money(450, "USD")], 450),
    ("loss", ["3.60 EUR", Money.parse("3.60 EUR"), Money(Fraction(360), "EUR"), "450 JPY", Money(450, "JPY")], 450),
    ("loss", [0.001, "0.001 USD", Money(Fraction(1, 10), "USD")], Fraction(1, 10)),
    ("wait", [90, 90.0, "90", "90 min", "1.5h", "1.5 hours", "5400s", dt.timedelta(minutes=90), Decimal(90)], 5_400),
    ("exchange.hours_open", [1.5, "1.5", "90 min", dt.timedelta(hours=1, minutes=30), Fraction(3, 2)], 5_400),
    ("delay", ["2 weeks", "14 days", "14d", dt.timedelta(weeks=2)], 1_209_600),
    ("delay", [dt.timedelta(microseconds=-1), "-0.000001s"], Fraction(-1, 10**6)),
    ("day", [dt.date(2026, 11, 21), "2026-11-21", " 2026-11-21 "], dt.date(2026, 11, 21).toordinal()),
    ("at", [NOON, NOON.replace(tzinfo=None), NOON.astimezone(EAST), NOON.replace(tzinfo=Nowhere())], MICROSECONDS),
    ("at", ["2026-11-21T12:00:00Z", "2026-11-21T14:00:00+02:00", "2026-11-21 12:00"], MICROSECONDS),
    ("injury", [True, "true", "yes", " Yes ", "TRUE", AnyOf(True), {"any_of": [True, "yes"]}], True),
    ("injury", [False, "false", "no", "No"], False),
    ("abuse", ["rude", Abuse.RUDE, AnyOf("rude"), AnyOf("rude", Abuse.RUDE), "any of rude", "rude..rude"], "rude"),
    ("loyalty", ["gold", Loyalty.GOLD], "gold"),
    ("fault", ["customer", Shout("customer")], "customer"),
    ("note", ["rude", Abuse.RUDE, Shout("rude")], "rude"),
    ("note", ["any of rude, hostile"], "any of rude, hostile"),
    ("note", ["1..9"], "1..9"),
    ("note", [""], ""),
    ("tags", [["rude", "x"], ("rude", "x"), [Abuse.RUDE, "x"]], ("rude", "x")),
    ("tags", [[], ()], ()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "raw", "value"), [(fact, raw, value) for fact, spellings, value in SPELLINGS for raw in spellings]
)
def test_every_spelling_of_a_value_is_that_value(fact: str, raw: object, value: object) -> None:
    read = POLICY.read({fact: raw})[fact]
    assert (type(read), read) == (type(value), value)
    if isinstance(read, tuple):
        assert {type(item) for item in read} <= {str}


@pytest.mark.parametrize(("fact", "spellings"), [(fact, [*spellings]) for fact, spellings, _ in SPELLINGS])
def test_every_spelling_of_a_value_is_decided_alike(fact: str, spellings: list[object]) -> None:
    """Each of them often enough that the look-ups for this shape of incident are written out in between."""
    judgements = [POLICY.decide({fact: raw}).judgement for _ in range(20) for raw in spellings]
    assert all(judgement == judgements[0] for judgement in judgements)


@pytest.mark.parametrize(
    ("fact", "spellings"),
    [
        ("abuse", ["rude..violent", " rude .. violent ", Between("rude", "violent"), Between(Abuse.RUDE, "violent"),
                   {"between": ["rude", "violent"]}, {"between": ("rude", "violent")},
                   "any of rude, hostile, threatening, violent", AnyOf("violent", "threatening", "hostile", "rude", "rude")]),
        ("fault", ["any of business, shared", "any of shared,business", AnyOf("business", "shared"),
                   {"any_of": ["business", "shared"]}, {"any_of": ("business", "shared")}]),
        ("injury", ["any of true, false", "any of yes, no", AnyOf(True, False), {"any_of": [True, False]}]),
        ("loss", ["200..900 USD", "200 USD..900 USD", "200..900", Between(200, 900), Between("200", "900 USD"),
                  Between("160 EUR", 900), Between(Money(20_000, "USD"), Decimal(900))]),
        ("virality.views", ["1_000..2_000", Between(1_000, "2000"), {"between": [1_000, 2_000.0]}]),
        ("wait", ["30..90 min", "30 min .. 1.5h", "30..90", Between(30, dt.timedelta(minutes=90))]),
        ("score", ["-2..-1", Between(-2, -1), "-200%..-100%"]),
        ("day", ["2026-01-01..2026-01-03", Between(dt.date(2026, 1, 1), "2026-01-03"),
                 AnyOf("2026-01-01", dt.date(2026, 1, 2), dt.date(2026, 1, 3))]),
        ("small", [AnyOf(1, 2, 3), "any of 1, 2, 3", "1..3", Between(1, 3)]),
    ],
)  # fmt: skip
def test_every_spelling_of_an_uncertain_fact_is_the_same_region(fact: str, spellings: list[object]) -> None:
    regions = [POLICY.read({fact: raw})[fact] for raw in spellings]
    assert not isinstance(regions[0], (int, str, Fraction, tuple))
    assert all(region == regions[0] for region in regions)
    judgements = [POLICY.decide({fact: raw}).judgement for raw in spellings]
    assert all(judgement == judgements[0] for judgement in judgements)


REFUSED: list[tuple[str, Iterable[object], str]] = [
    ("score", [True, False, 1j, b"1", [1], (1,), {}, {"any_of": 5}, {"between": [1]}, object(), dt.date(2026, 1, 1)], "wrong-type"),
    ("score", [float("nan"), float("inf"), float("-inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")], "bad-value"),
    ("score", ["nan", "inf", "", "1e3", "1,5", "1__0", "0x10", "twelve", "1 USD"], "bad-value"),
    ("score", [LARGEST + 1, -LARGEST - 1, 10**5_000, 1e31, 1.7e308, Decimal("1e31"), Decimal("1e999999"), 81 * "1"], "bad-value"),
    ("score", [Fraction(1, LARGEST + 1), Decimal("1e-999999"), Decimal(81 * "1")], "bad-value"),
    ("virality.views", [2.5, "2.5", Decimal("2.5"), Fraction(5, 2), "10%"], "bad-value"),
    ("virality.views", [True, None.__class__, b"2", [2], AnyOf([2]), AnyOf(AnyOf(2)), AnyOf(None, 2), Between(None, 2)], "wrong-type"),
    ("virality.views", [-1, "-1", AnyOf(1, -1), Between(-1, 1), "-1..1"], "out-of-range"),
    ("small", [0, 6, "6", 5 + LARGEST // 2, Between(1, 6), AnyOf(0, 1)], "out-of-range"),
    ("loss", [-1, "-0.01 USD", Money(-1, "USD"), Decimal("-0.001"), "-1..1 USD"], "out-of-range"),
    ("loss", ["5 GBP", Money.parse("5 GBP"), "5..6 GBP"], "no-exchange-rate"),
    ("loss", ["5 QQQ", "any of 5 QQQ, 6 USD"], "unknown-currency"),
    ("loss", ["", "$5", "USD 5", "5 usd", "5 dollars", "1,000 USD", "..5", LARGEST, Money(LARGEST + 1, "USD")], "bad-value"),
    ("loss", [True, [5], {"amount": 5, "currency": "USD"}, dt.timedelta(1)], "wrong-type"),
    ("delay", [5, 5.0, True, Decimal(5), [5]], "wrong-type"),
    ("delay", ["5", "5 months", "h", "5h30"], "bad-value"),
    ("wait", [True, [], dt.date(2026, 1, 1)], "wrong-type"),
    ("wait", [float("nan"), "90 bananas", ""], "bad-value"),
    ("day", [20_261_121, NOON, dt.time(), True], "wrong-type"),
    ("day", ["21.11.2026", "2026-02-30", "today", ""], "bad-value"),
    ("at", [dt.date(2026, 1, 1), 1_795_262_400, True], "wrong-type"),
    ("at", ["noon", "2026-11-21T25:00:00Z", dt.datetime.min.replace(tzinfo=EAST)], "bad-value"),
    ("at", [dt.datetime.max.replace(tzinfo=dt.timezone(-dt.timedelta(hours=2)))], "bad-value"),
    ("injury", [0, 1, 1.0, "1", "maybe", "", [], Between(False, True)], "wrong-type"),
    ("abuse", ["Rude", "rud", "", "rude ", "any of", "any of ,", "any of rude, rood", "rude..", "rude..furious"], "off-scale"),
    ("abuse", [1, True, b"rude", ["rude"], {"rude"}, AnyOf(None), Between(1, 2)], "wrong-type"),
    ("abuse", [AnyOf(), {"any_of": []}, Between("violent", "rude"), "violent..rude"], "empty-range"),
    ("loss", [AnyOf(), "900..200 USD", Between(2, 1)], "empty-range"),
    ("fault", [Between("business", "shared")], "wrong-type"),
    ("fault", ["business..shared"], "off-scale"),
    ("note", [5, True, ["a"], b"a", Between("a", "b")], "wrong-type"),
    ("note", [(LONGEST_TEXT + 1) * "a"], "too-long"),
    ("tags", ["a", {"a"}, [1], [None], [["a"]], iter(["a"]), AnyOf(["a"]), AnyOf(["a"], ["b"]), b"a"], "wrong-type"),
    ("tags", [(LONGEST_LIST + 1) * ["a"], [(LONGEST_TEXT + 1) * "a"]], "too-long"),
    ("small", [AnyOf(*(LONGEST_LIST + 1) * [1])], "too-long"),
]  # fmt: skip


@pytest.mark.parametrize("door", [*DOORS])
@pytest.mark.parametrize(("fact", "spellings", "code"), [(fact, [*raws], code) for fact, raws, code in REFUSED])
def test_what_is_no_such_value_is_refused(fact: str, spellings: list[object], code: str, door: str) -> None:
    for raw in spellings:
        with pytest.raises(FactError) as error:
            DOORS[door]({fact: raw})
        [diagnostic] = error.value.diagnostics
        assert (diagnostic.code, diagnostic.facts["fact"]) == (code, fact), raw
        assert len(diagnostic.message) < 1_000


@pytest.mark.parametrize(
    ("given", "code", "suggestion"),
    [
        ({"abuze": "rude"}, "unknown-fact", "abuse"),
        ({"virality.veiws": 5}, "unknown-fact", "virality.views"),
        ({"virality": {"veiws": 5}}, "unknown-fact", "virality.views"),
        ({"virallity": {"views": 5}}, "unknown-fact", "virality"),
        ({"zzzzzz": 5}, "unknown-fact", ""),
        ({"zzzzzz": None}, "unknown-fact", ""),
        ({"Abuse": "rude"}, "unknown-fact", "abuse"),
        ({"": 1}, "unknown-fact", ""),
        ({7: 1}, "unknown-fact", ""),
        ({"virality": {7: 1}}, "unknown-fact", "virality"),
        ({"abuse": "hostle"}, "off-scale", "hostile"),
        ({"loss": "5 QQQ"}, "unknown-currency", ""),
        ({"virality": 5}, "not-a-group", ""),
        ({"virality": [5]}, "not-a-group", ""),
        ({"virality": "viral"}, "not-a-group", ""),
        ({"virality.views": {"x": 5}}, "wrong-type", ""),
        ({"virality.views": 5, "virality": {"views": 5}}, "fact-stated-twice", ""),
        ({"virality": {"views": 5}, "virality.views": 6}, "fact-stated-twice", ""),
    ],
)
@pytest.mark.parametrize("door", [*DOORS])
def test_a_mistake_comes_with_what_was_meant(given: dict[str, object], code: str, suggestion: str, door: str) -> None:
    with pytest.raises(FactError) as error:
        DOORS[door](given)
    [diagnostic] = error.value.diagnostics
    assert (diagnostic.code, diagnostic.suggestion) == (code, suggestion)


WRONG = {
    "abuse": "furious",
    "injury": 1,
    "loss": -5,
    "virality": {"views": 2.5, "vews": 1},
    "history": 7,
    "score": float("nan"),
    "nonsense": True,
    "fault": "customer",
}


def test_all_mistakes_are_told_at_once_and_alike_at_every_door() -> None:
    told = []
    for door in DOORS.values():
        with pytest.raises(FactError) as error:
            door(WRONG)
        told.append([(d.code, dict(d.facts), d.place.path, d.message, d.suggestion) for d in error.value.diagnostics])
    assert [code for code, *_ in told[0]] == [
        "off-scale", "wrong-type", "out-of-range", "bad-value", "unknown-fact", "not-a-group", "bad-value", "unknown-fact",
    ]  # fmt: skip
    assert all(one == told[0] for one in told)
    assert told[0][3][2] == ("virality", "views")


@pytest.mark.parametrize(("good", "bad"), [(2, 6), ("rude", "rood"), (4.0, -4.0)])
def test_an_only_fact_that_is_impossible_is_refused_after_possible_ones(good: object, bad: object) -> None:
    fact = {int: "small", str: "abuse", float: "loss"}[type(good)]
    for _ in range(40):
        POLICY.decide({fact: good})
    with pytest.raises(FactError):
        POLICY.decide({fact: bad})


def test_very_many_mistakes_are_told_in_part() -> None:
    with pytest.raises(FactError) as error:
        POLICY.decide({f"nonsense_{number}": 1 for number in range(20_000)})
    assert 100 < len(error.value.diagnostics) <= 1_001


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"abuse": None, "loss": None, "score": None},
        {"virality": {}},
        {"virality": {"views": None}, "virality.press": None},
        OrderedDict(abuse=None),
        Incident(),
        Incident(abuse=None, virality=Virality(views=None), other={"score": None}),
    ],
)
def test_none_is_missing(given: Any) -> None:
    assert POLICY.read(given) == {}
    assert POLICY.decide(given).judgement == POLICY.decide({}).judgement


def test_nested_and_dotted_names_are_one() -> None:
    facts = [
        {"virality": {"views": 5, "press": True}, "loss": 4},
        {"virality.views": 5, "virality": {"press": True}, "loss": 4},
        {"virality": MappingProxyType({"views": 5, "press": True}), "loss": 4},
        Incident(loss=4, virality=Virality(views=5, press=True)),
    ]
    assert all(POLICY.read(one) == POLICY.read(facts[0]) for one in facts)
    assert all(POLICY.decide(one).judgement == POLICY.decide(facts[0]).judgement for one in facts)


@pytest.mark.parametrize("facts", [None, 5, "abuse", ["abuse"], {"abuse"}, object()])
def test_what_is_no_incident_at_all_is_a_mistake_of_the_program(facts: object) -> None:
    with pytest.raises(TypeError, match="an incident is"):
        POLICY.decide(facts)


# --- incidents as objects --------------------------------------------------------------------------------------------


def test_an_incident_refuses_its_mistakes_at_once_when_it_is_made() -> None:
    wrong: dict[str, Any] = {"abuse": "furious", "injury": 1, "loss": "-5 EUR"}
    views: Any = 2.5
    with pytest.raises(FactError) as error:
        Incident(**wrong, virality=Virality(views=views), history=History(refunds_90d=-1))
    assert [(d.code, d.facts["fact"]) for d in error.value.diagnostics] == [
        ("off-scale", "abuse"),
        ("out-of-range", "loss"),
        ("wrong-type", "injury"),
        ("bad-value", "virality.views"),
        ("out-of-range", "history.refunds_90d"),
    ]


def test_an_incident_leaves_to_the_policy_what_only_it_knows() -> None:
    """Which currencies have a rate, and which further facts there are."""
    pounds = Incident(loss="5 GBP", other={"loyalty": "gold", "score": True, "nonsense": 1})
    with pytest.raises(FactError) as error:
        POLICY.decide(pounds)
    assert [d.code for d in error.value.diagnostics] == ["no-exchange-rate", "wrong-type", "unknown-fact"]


def test_other_facts_are_handed_in_beside_the_built_in_ones() -> None:
    incident = Incident(abuse="rude", other={"loyalty": "gold", "tags": ["vip"], "note": None})
    assert POLICY.read(incident) == {"abuse": "rude", "loyalty": "gold", "tags": ("vip",)}
    assert POLICY.decide(incident).outcomes["greeting"] == "curt"
    assert POLICY.decide(incident).given == {"abuse": "rude", "loyalty": "gold", "tags": ("vip",)}


@pytest.mark.parametrize("uncertain", [AnyOf("rude", "hostile"), "any of rude, hostile", Between("rude", "hostile")])
def test_an_incident_may_be_known_in_part(uncertain: Any) -> None:
    assert POLICY.decide(Incident(abuse=uncertain)).judgement == POLICY.decide({"abuse": "rude..hostile"}).judgement


def test_money_is_exact_and_in_a_known_currency() -> None:
    with pytest.raises(ValueError, match="currency"):
        Money(450, "QQQ")
    with pytest.raises(ValueError, match="currency"):
        Money.of(1, "usd")
    with pytest.raises(ValueError, match="currency"):
        Money.parse("5")
    unfit: list[Any] = [4.5, float("nan"), True, "450", None]
    for minor in unfit:
        with pytest.raises(ValueError, match="minor units"):
            Money(minor, "USD")
    assert Money.of(0.1, "USD") == Money(10, "USD") == Money(Fraction(10), "USD") == Money.parse("0.10 USD")


def test_reading_changes_nothing_that_was_handed_in() -> None:
    given: dict[str, object] = {"virality": {"views": 5}, "tags": ["a"], "abuse": {"any_of": ["rude", "hostile"]}}
    read_given(given, POLICY.tree.facts, POLICY._currencies)
    POLICY.decide(given)
    assert given == {"virality": {"views": 5}, "tags": ["a"], "abuse": {"any_of": ["rude", "hostile"]}}


def test_a_group_that_is_null_states_nothing_and_one_may_be_an_instance() -> None:
    """JSON's null for a whole group means that all of it is missing; a group may be an instance of its class."""
    policy = Policy.load("house")
    assert policy.read({"virality": None, "abuse": "rude"}) == {"abuse": "rude"}
    assert policy.read({"virality": Virality(views=5)}) == {"virality.views": 5}
    assert policy.decide({"virality": None}) is not None
    with pytest.raises(FactError):
        policy.decide({"viralty": None})


def test_a_fact_that_is_null_in_one_place_is_stated_once() -> None:
    """A null states nothing, so the other statement stands, whichever comes first."""
    policy = Policy.load("house")
    for given in (
        {"virality": {"views": None}, "virality.views": 5},
        {"virality.views": 5, "virality": {"views": None}},
    ):
        assert policy.read(given) == {"virality.views": 5}
        assert policy.decide(given).judgement == policy.decide({"virality.views": 5}).judgement
