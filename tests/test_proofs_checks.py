"""Choices that leave nothing out, deadlines, idle parameters and terms: what is found, and what is left alone; bit vectors of boxes."""

from __future__ import annotations

import random

import pytest

from evenhand import Policy
from evenhand.engine.proofs import Finding, verify

pytest.importorskip("z3")

from evenhand.engine.proofs.boxes import Key, both, lies_in
from evenhand.engine.proofs.finding import Part
from evenhand.engine.proofs.meeting import Meetings, places_of
from evenhand.rules.diagnostics import catalogue, found_by_proof
from evenhand.rules.regions import Spans, Texts, Words

HEAD = """
[policy]
id = "cafe"
[facts.tier]
scale = ["none", "silver", "gold"]
[facts.age]
type = "integer"
min = 0
max = 99
[decisions.refund]
default = "deny"
"""


def found_in(text: str, code: str) -> list[Finding]:
    return [finding for finding in verify(Policy.loads(HEAD + text)) if finding.code == code]


def rule(when: str, then: str = "full", id_: str = "a") -> str:
    return f'[[rule]]\nid = "{id_}"\n{when}\nthen.refund = "{then}"\n'


# --- a comma that means "or" -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "mend"),
    [
        ('when.loss = "> 30 USD, <= 60 USD"', "(30 USD .. 60 USD]"),
        ('when.loss = "<= 60 USD, >= 30 USD"', "[30 USD .. 60 USD]"),
        ('when.loss = ["> 30 USD", "< 60 USD"]', "(30 USD .. 60 USD)"),
        ('when = ["loss > 30 USD", "loss <= 60 USD"]', "loss > 30 USD and loss <= 60 USD"),
        ('when = "injury and (age > 17 or age < 65)"', "(17 .. 65)"),
        ('when.tier = "!= silver, != gold"', "not(silver, gold)"),
        ('when.tier = ">= silver, <= gold"', "[silver .. gold]"),
        ('when = "not (age > 17 or age < 65) or injury"', "(17 .. 65)"),
    ],
)
def test_a_choice_that_leaves_nothing_out_is_found(when: str, mend: str) -> None:
    (finding,) = found_in(rule(when), "always-true-choice")
    assert mend in finding.diagnostic.help
    assert finding.rules == ("a",)


@pytest.mark.parametrize(
    "when",
    [
        'when.loss = "< 30 USD, > 60 USD"',
        'when.loss = "(30 USD .. 60 USD]"',
        'when = "loss > 30 USD or paid <= 60 USD"',
        'when.age = "< 18, > 18"',
        'when.tier = "silver, gold"',
        'when = "loss > 30 USD and loss <= 60 USD"',
    ],
)
def test_a_choice_that_leaves_something_out_is_none(when: str) -> None:
    assert not found_in(rule(when), "always-true-choice")


def test_a_list_of_all_words_may_be_meant_and_is_a_redundant_test() -> None:
    text = rule('when.tier = "none, silver, gold"')
    assert not found_in(text, "always-true-choice")
    (finding,) = found_in(text, "redundant-test")
    assert "is always true" in finding.message


def test_a_term_that_leaves_nothing_out_is_told_once() -> None:
    text = (
        '[terms]\nadult = "age > 17 or age < 65"\n'
        + rule('when = "adult and injury"')
        + rule('when = "adult"', id_="b")
    )
    (finding,) = found_in(text, "always-true-choice")
    assert "the term `adult`" in finding.message


def test_cells_of_a_table_are_looked_into() -> None:
    text = '[[table]]\nid = "t"\ncolumns = ["age", "injury", "=> refund"]\nrows = [["> 30, <= 60", true, "full"], ["-", "-", "credit"]]\n'
    (finding,) = found_in(text, "always-true-choice")
    assert finding.rules == ("t/1",)


# --- deadlines -------------------------------------------------------------------------------------------------------

WINTER = """
[policy]
id = "winter"
{dates}
[facts.since]
type = "date"
[obligations.answer]
title = "Answer"
within = "{within}"
[[rule]]
id = "a"
when = "{when}"
oblige = ["answer"]
"""


@pytest.mark.parametrize(
    ("dates", "within", "when", "found"),
    [
        ("effective = 2026-12-01\nexpires = 2026-12-15", "15 days", "injury", True),
        ("effective = 2026-12-01\nexpires = 2026-12-15", "14 days", "injury", False),
        ("effective = 2026-12-01\nexpires = 2026-12-15", "337h", "injury", True),
        ("expires = 2026-12-15", "365 days", "injury", False),
        ("effective = 2026-12-01", "365 days", "injury", False),
        (
            "effective = 2026-01-01\nexpires = 2026-12-15",
            "10 days",
            "since >= 2026-12-01 and days_since(since) > 6",
            True,
        ),
        (
            "effective = 2026-01-01\nexpires = 2026-12-15",
            "10 days",
            "since >= 2026-12-01 and days_since(since) > 2",
            False,
        ),
    ],
)
def test_a_deadline_that_lies_behind_the_last_day_is_found(dates: str, within: str, when: str, found: bool) -> None:
    findings = verify(Policy.loads(WINTER.format(dates=dates, within=within, when=when)))
    assert ("unmeetable-deadline" in {finding.code for finding in findings}) == found


# --- parameters and terms --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '[parameters]\nlimit = "5 USD"\n' + rule('when = "injury"'),
        '[parameters]\nlimit = "5 USD"\n'
        + rule('when = "injury"')
        + rule('when = "injury and loss > limit"', "credit", "b"),
        "[parameters]\nlimit = 3\n" + rule('when = "injury or age > limit and injury"'),
        '[parameters]\nlimit = "5 USD"\n' + rule('when = "loss > limit"', "deny"),
        "[parameters]\nlimit = 3\n" + rule('when = "age > limit"') + rule('when = "age <= limit"', "full", "b"),
    ],
)
def test_a_parameter_that_changes_nothing_is_found(text: str) -> None:
    (finding,) = found_in(text, "idle-parameter")
    assert finding.named["parameter"] == "limit"


@pytest.mark.parametrize(
    "text",
    [
        '[parameters]\nlimit = "5 USD"\n' + rule('when = "loss > limit"'),
        '[parameters]\nlimit = "5 USD"\n' + rule('when = "loss > 2 * limit and paid < limit"'),
        '[parameters]\nlimit = "5 USD"\n' + rule('when = "injury"\nthen.refund_amount = "limit"'),
        '[parameters]\nshare = "50%"\n' + rule('when = "loss > share * paid"'),
        '[parameters]\nlong = "48h"\n' + rule('when.exchange.hours_open = "> long"'),
        '[parameters]\nlimit = "5 USD"\n' + rule('when = "loss > paid + limit and loss < paid"'),
        '[parameters]\nlimit = 3\n[[guard]]\nid = "g"\nnever = "refund = full and age > limit"\n'
        + rule('when = "injury"'),
        "[parameters]\nlimit = 3\n" + '[terms]\nold = "age > limit"\n' + rule('when = "old"'),
    ],
)
def test_a_parameter_that_may_change_something_is_left_alone(text: str) -> None:
    """The rule about what was lost beyond what was paid never holds as it stands, and would with another value."""
    assert not found_in(text, "idle-parameter")


def test_a_vocabulary_without_rules_declares_for_others() -> None:
    assert not verify(Policy.loads('[policy]\nid = "words"\n[parameters]\nlimit = 3\n[terms]\nhurt = "injury"\n'))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[terms]\nhurt = "injury or vulnerable"\n' + rule('when = "loss > 1 USD"'), True),
        ('[terms]\nhurt = "injury or vulnerable"\n' + rule('when = "hurt"'), False),
        ('[terms]\nhurt = "injury or vulnerable"\n' + rule('when = "hurt or not hurt"'), True),
        ('[terms]\nhurt = "injury"\nbad = "hurt and verified"\n' + rule('when = "bad"'), False),
        (
            '[terms]\nhurt = "injury"\n'
            + rule('when = "loss > 1 USD"')
            + rule('when = "loss > 2 USD and hurt"', "deny", "b"),
            True,
        ),
    ],
)
def test_a_term_is_idle_where_it_decides_nothing(text: str, found: bool) -> None:
    assert [finding.named["term"] for finding in found_in(text, "idle-term")] == (["hurt"] if found else [])


# --- bit vectors -----------------------------------------------------------------------------------------------------


def random_box(choose: random.Random) -> dict[Key, Part]:
    box: dict[Key, Part] = {}
    for name in choose.sample(["age", "sum", "word", "text"], choose.randint(0, 4)):
        if name in ("age", "sum"):
            cuts = sorted(
                {
                    (choose.randint(0, 6), choose.choice((0, 1)) if name == "sum" else 0)
                    for _ in range(choose.randint(1, 4))
                }
            )
            region: Spans | Words | Texts = Spans(choose.random() < 0.5, tuple(cuts))  # type: ignore[arg-type]
        elif name == "word":
            region = Words(frozenset(choose.sample(["a", "b", "c"], choose.randint(1, 2))))
        else:
            region = Texts(frozenset(choose.sample(["x", "y", "z"], choose.randint(1, 2))), choose.random() < 0.5)
        box[name] = Part(region, choose.random() < 0.2)
    return box


def test_bit_vectors_agree_with_the_boxes_themselves() -> None:
    choose = random.Random(3)
    met = contained = 0
    for _ in range(150):
        boxes = [random_box(choose) for _ in range(12)]
        meetings = Meetings(boxes)
        for box in boxes[:4]:
            expected = [place for place, other in enumerate(boxes) if both(box, other) is not None]
            assert list(places_of(meetings.meeting(box))) == expected, box
            met += len(expected)
            for place in places_of(meetings.containing(box)):
                assert both(box, boxes[place]) == {**{k: p for k, p in boxes[place].items() if k not in box}, **box}
                contained += 1
        for _ in range(10):
            where: dict[Key, int | str | None] = {
                "age": choose.choice([None, *range(-1, 8)]),
                "sum": choose.choice([None, *range(-1, 8)]),
                "word": choose.choice([None, "a", "b", "c"]),
                "text": choose.choice([None, "x", "y", "z", "other"]),
            }
            expected = [
                place
                for place, other in enumerate(boxes)
                if all(lies_in(part, where[key]) for key, part in other.items())
            ]
            assert list(places_of(meetings.holding(where))) == expected
    assert met > 1_000 and contained > 600


def test_rules_disagree_behind_a_red_line_as_well() -> None:
    """Where one of the two outcomes is forbidden besides, the decision is withheld: the rules contradict each other all the same."""
    text = (
        '[policy]\nid = "cafe"\n[decisions.refund]\nhit_policy = "unique"\ndefault = "deny"\n'
        '[[guard]]\nid = "line"\nnever = "refund = full and injury"\n'
        '[[rule]]\nid = "a"\nwhen = "injury"\nthen.refund = "credit"\n'
        '[[rule]]\nid = "b"\nwhen = "injury and vulnerable"\nthen.refund = "full"\n'
    )
    found = {finding.code: finding for finding in verify(Policy.loads(text))}
    assert found["rules-disagree"].rules == ("a", "b")
    assert "not-proved" not in found


@pytest.mark.parametrize("code", [code for code in sorted(found_by_proof()) if catalogue()[code].sample])
def test_without_time_no_check_passes_in_silence(code: str) -> None:
    """What is wrong with each sample is either found without the solver, or the check says that it came to no end."""
    found = verify(Policy.loads(catalogue()[code].sample), budget=0)
    assert code in {finding.code for finding in found} | {finding.named.get("check", "") for finding in found}
