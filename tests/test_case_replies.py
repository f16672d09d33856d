"""Drafts of replies: limits of length, number and pace, and words that are not ours to say."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from evenhand import Policy
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.plain import Plain
from evenhand.engine.cases.progress import Progress
from evenhand.engine.cases.replies import LONGEST, check_reply
from evenhand.rules.moments import milliseconds

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


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        ("It was our\N{NO-BREAK SPACE}fault.", "our\N{NO-BREAK SPACE}fault"),
        ("our\N{THIN SPACE}\N{ZERO WIDTH SPACE}fault", "our\N{THIN SPACE}\N{ZERO WIDTH SPACE}fault"),
        ("our\N{LINE SEPARATOR}fault", "our\N{LINE SEPARATOR}fault"),
        ("our\vfault", "our\vfault"),
        ("\N{PARTY POPPER}e\N{COMBINING ACUTE ACCENT} our fa\N{SOFT HYPHEN}ult", "our fa\N{SOFT HYPHEN}ult"),
        ("\N{FULLWIDTH LATIN SMALL LETTER O}ur fault", "\N{FULLWIDTH LATIN SMALL LETTER O}ur fault"),
        ("we`re liable", "we`re liable"),
        ("We\N{LEFT SINGLE QUOTATION MARK}re liable", "We\N{LEFT SINGLE QUOTATION MARK}re liable"),
        ("\ud800 our fault", "our fault"),
        ("Dear Mr\N{NO-BREAK SPACE}Brown", "Mr\N{NO-BREAK SPACE}Brown"),
        ("שלום our fault שלום", "our fault"),
    ],
)
def test_words_are_found_however_they_were_typed(draft: str, words: str) -> None:
    policy = Policy.loads(POLICY.replace("[Mm]rs? [A-Z]", "[Mm]rs?\\s[A-Z]"))
    progress = Progress(policy, Plain(policy.tree.case.patterns))
    progress.take(Event(1, OPENED, "case_opened", {}))
    (objection,) = check_reply(progress, draft, OPENED)
    assert objection.problem == "forbidden"
    assert draft[objection.start : objection.end] == words


def test_letters_with_marks_are_one_word_however_they_are_written() -> None:
    policy = Policy.loads(
        '[policy]\nid = "p"\n[replies]\n[[replies.never]]\nid = "a"\nphrases = ["déjà vu", "cafe"]\nbecause = "b"\n'
    )
    progress = Progress(policy, Plain(policy.tree.case.patterns))
    progress.take(Event(1, OPENED, "case_opened", {}))
    draft = "un de\N{COMBINING ACUTE ACCENT}ja\N{COMBINING GRAVE ACCENT} vu au cafe\N{COMBINING ACUTE ACCENT}"
    (objection,) = check_reply(progress, draft, OPENED)
    assert draft[objection.start : objection.end] == "de\N{COMBINING ACUTE ACCENT}ja\N{COMBINING GRAVE ACCENT} vu"


def test_a_draft_that_is_not_read_to_its_end_is_not_passed() -> None:
    policy = Policy.loads(POLICY.replace("longest = 60\n", ""))
    progress = Progress(policy, Plain(policy.tree.case.patterns))
    progress.take(Event(1, OPENED, "case_opened", {}))
    (objection,) = check_reply(progress, "x" * LONGEST + " our fault", OPENED)
    assert (objection.problem, objection.start) == ("too-long", LONGEST)
    assert check_reply(progress, "x" * LONGEST, OPENED) == ()


@pytest.mark.parametrize("words", ["our fault ", "our fault \N{PARTY POPPER}"])
def test_a_long_draft_full_of_what_must_not_be_said_is_read_in_one_go(case: Progress, words: str) -> None:
    began = time.process_time()
    found = check_reply(case, words * (LONGEST // len(words)), OPENED)
    assert len(found) == LONGEST // len(words) + 1
    assert time.process_time() - began < 4  # a search from the beginning for each place takes more than twice as long
