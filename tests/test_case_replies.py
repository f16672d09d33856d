"""Drafts of replies: limits of length, number and pace, and words that are not ours to say."""

from __future__ import annotations

import datetime as dt

import pytest

from evenhand import Policy
from evenhand.engine.cases.business_time import milliseconds
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.plain import Plain
from evenhand.engine.cases.progress import Progress
from evenhand.engine.cases.replies import check_reply

OPENED = milliseconds(dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC))
MINUTE = 60_000

POLICY = """
[policy]
id = "writing"

[replies]
longest = 60
most = 2
cool_off = "30 min"

[[replies.never]]
id = "admits-liability"
phrases = ["our fault", "we're liable"]
because = "The insurer decides that."
instead = "we are looking into it"

[[replies.never]]
id = "names-a-customer"
patterns = ['\\b[Mm]rs? [A-Z]\\w+']
because = "Nobody's name belongs in public."
"""


@pytest.fixture
def case() -> Progress:
    policy = Policy.loads(POLICY)
    progress = Progress(policy, Plain(policy.tree.case.patterns))
    progress.take(Event(1, OPENED, "case_opened", {}))
    return progress


def problems(case: Progress, text: str, after: int = 0) -> list[str]:
    return [objection.problem for objection in check_reply(case, text, OPENED + after)]


def test_a_short_reply_that_says_nothing_forbidden_may_go(case: Progress) -> None:
    assert check_reply(case, "Thank you for telling us. We are looking into it.", OPENED) == ()


def test_what_is_too_long_is_marked_from_where_it_is(case: Progress) -> None:
    (objection,) = check_reply(case, "x" * 61, OPENED)
    assert (objection.problem, objection.start, objection.end) == ("too-long", 60, 61)


@pytest.mark.parametrize(
    "text",
    ["It was our fault.", "OUR FAULT", "our\n  fault!", "(our fault)", "We\N{RIGHT SINGLE QUOTATION MARK}re liable"],
)
def test_a_phrase_is_found_in_any_case_and_across_lines(case: Progress, text: str) -> None:
    (objection,) = check_reply(case, text, OPENED)
    assert (objection.problem, objection.ban, objection.instead) == (
        "forbidden",
        "admits-liability",
        "we are looking into it",
    )
    assert objection.start is not None
    assert objection.end is not None
    assert text[objection.start : objection.end].casefold().split()[0] in ("our", "we\N{RIGHT SINGLE QUOTATION MARK}re")


@pytest.mark.parametrize("text", ["Your faults are ours", "flour faulty", "our faultless service"])
def test_a_phrase_within_other_words_is_not_meant(case: Progress, text: str) -> None:
    assert problems(case, text) == []


def test_a_pattern_is_found_and_every_place_is_told(case: Progress) -> None:
    text = "Mr Brown, our fault, and Mrs Green"
    found = check_reply(case, text, OPENED)
    assert [text[o.start : o.end] for o in found] == ["Mr Brown", "our fault", "Mrs Green"]


def test_replies_keep_a_distance_and_come_to_an_end(case: Progress) -> None:
    case.take(Event(2, OPENED, "message_sent", {}))
    assert problems(case, "Hello", 29 * MINUTE) == ["too-soon"]
    assert problems(case, "Hello", 30 * MINUTE) == []
    case.take(Event(3, OPENED + 30 * MINUTE, "message_sent", {}))
    assert problems(case, "Hello", 90 * MINUTE) == ["too-many"]


def test_nothing_is_said_in_a_closed_case(case: Progress) -> None:
    case.take(Event(2, OPENED, "case_closed", {"reason": "settled"}))
    assert problems(case, "Hello") == ["closed"]
