"""`policy show` for what a policy says of cases: in English, as tables, and as one file that says the same."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import attrs
import pytest
from case_policies import OWN, loaded, written
from commands import run, spawn
from test_case_progress import TALE

from evenhand import Policy
from evenhand.engine.cases.stories import tell_stories
from evenhand.rules.layout import format_document
from evenhand.rules.load import shipped_packs
from evenhand.rules.one_file import one_file
from evenhand.rules.toml_writer import written_value


def essence(policy: Policy) -> object:
    """Return all that a policy says of cases, but for where it says so."""
    return attrs.asdict(policy.tree.case, filter=lambda field, _: field.name != "origin")


def in_one_file(policy: Policy) -> Policy:
    return Policy.loads(format_document(one_file(policy.tree, policy.documents))[0], name="one.toml")


@pytest.mark.once
@pytest.mark.parametrize("name", shipped_packs())
def test_one_file_says_of_cases_what_the_pack_says(name: str) -> None:
    policy = Policy.load(name)
    assert essence(in_one_file(policy)) == essence(policy)


def test_one_file_says_what_the_layers_say_together(tmp_path: Path) -> None:
    """Replaced and switched-off patterns stay so, limits of replies come from either, and what is told comes out alike."""
    for policy in (loaded(tmp_path), Policy.loads(TALE), Policy.load(tmp_path / "base.toml")):
        whole = in_one_file(policy)
        assert not whole.tree.extends
        assert essence(whole) == essence(policy)
        assert essence(in_one_file(whole)) == essence(policy)
        told = [(telling.story.name, telling.passed) for telling in tell_stories(policy)]
        assert told == [(telling.story.name, telling.passed) for telling in tell_stories(whole)]
        assert all(passed for _, passed in told)


def test_one_file_says_where_each_part_was_written(tmp_path: Path) -> None:
    policy = loaded(tmp_path)
    text = one_file(policy.tree, policy.documents)
    lines = text.splitlines()
    case = policy.tree.case
    assert case.replies is not None and case.monitoring is not None and case.calendar is not None
    origins = [pattern.origin for pattern in case.patterns] + [plan.origin for plan in case.plans.values()]
    origins += [story.origin for story in case.stories] + [ban.origin for ban in case.replies.bans]
    for origin in (*origins, case.replies.origin, case.monitoring.origin, case.calendar.origin):
        assert origin is not None
        where = f"# {origin.document}:{policy.documents[origin.document].line_of(origin.path)}"
        assert str(origin.path[0]) in lines[lines.index(where) + 1]


def test_a_moment_is_written_as_owners_write_it() -> None:
    """With T and Z; a moment without a time zone stays without one."""
    moment = dt.datetime(2026, 11, 20, 10, 30, tzinfo=dt.UTC)
    assert written_value(moment) == "2026-11-20T10:30:00Z"
    assert written_value(moment.replace(tzinfo=None)) == "2026-11-20T10:30:00"


def english(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(folder)
    written(folder)
    ran = spawn("show", "own.toml", env={"COLUMNS": "80"})
    assert ran.code == 0
    assert all(len(line) <= 80 for line in ran.out.splitlines())
    return ran.out


ENGLISH = [
    "Tell our insurer (within 8h of business hours; done once there is: insurer notified or evidence added) [own.toml:",
    "Monday to Friday 09:00-12:30, 13:30-17:00",
    "Saturday 10:00-14:00",
    "Closed on 2026-11-26 and 2026-12-25",
    "chargeback opened the customer's bank has opened a chargeback; it may say: amount (money) and reason (fraud or goods)",
    "Our own shelf [stock, own.toml:",
    "1. look-at-shelf: within 10 min",
    "Calm first, money last [calm, base.toml:",
    "When not injury 1. listen: Hear them out, without a word of your own; within 30 min",
    "2. thank: when abuse is below hostile",
    "3. propose: once look-at-shelf and listen are done",
    "About The same order every time",
    "Nobody answered [silence, own.toml:",
    "First message received Then no message sent for 4h So silent: yes",
    "First post seen (called `first`), where views is above 1,000 (seen by many)",
    "Then post seen, 2 times, each with another author, where views is above 1,000 (seen by many) and author is not the author",
    "not the author of `first` Within 1 day from the first event to the last So pile on: yes; loudest: the views of `first`",
    "the views of `first` times 2 Because One angry post",
    "280 characters at most in one reply [base.toml:",
    "2 replies at most; then we stop [own.toml:",
    "30 min at least between two [base.toml:",
    "Never: threatens [threatens, own.toml:",
    'Words "my lawyer", "my brother" Because We do not do that.',
    "Rather We are sorry that this happened to you, and we are looking into it.",
    "Watched when walk away is at least end [base.toml:",
    "For 14 days [base.toml:",
    "Opened again when virality views per hour is at least 10,000 [base.toml:",
    "- A rant that grows [own.toml:",
    "bank Our bank does not tell us.",
]


def test_english_tells_all_that_is_said_of_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flat = " ".join(english(tmp_path, monkeypatch).split())
    assert [words for words in ENGLISH if words not in flat] == []


def test_english_is_silent_about_what_there_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flat = " ".join(english(tmp_path, monkeypatch).split())
    assert "see you in court" not in flat  # because a ban replaced that one
    assert "Not the extending policy's" not in flat
    plain = tmp_path / "plain.toml"
    plain.write_text('[policy]\nid = "plain"\n', encoding="utf-8")
    text = run("show", plain).out
    assert "What is decided" in text
    assert [words for words in ("step by step", "hours", "events", "write", "walked", "Stories") if words in text] == []


def test_english_tells_patterns_of_patterns(tmp_path: Path) -> None:
    written(tmp_path)
    flat = " ".join(run("show", tmp_path / "base.toml").out.split())
    assert "Event the pattern bank, 2 times Within 30 days from the first event to the last When not pile on" in flat
    assert "So history chargebacks 12m: 2 Source The card scheme's rules, 2026" in flat
    assert "Event chargeback opened, where amount is at least 50 USD and reason is fraud" in flat
    assert "where channel is the channel of `question`" in flat
    assert "Matching (?i)see you in court" in flat


@pytest.mark.parametrize("columns", ["80", "160"])
def test_tables_have_plans_patterns_and_replies(tmp_path: Path, columns: str) -> None:
    text = spawn("show", written(tmp_path), "--format", "table", env={"COLUMNS": columns}).out
    for words in ("Plans", "listen", "30 min", "Patterns", "pile-on", "What no reply may say", "admits-liability"):
        assert words in text
    assert all(len(line) <= int(columns) for line in text.splitlines())
    assert "\x1b" not in text


def test_signs_that_a_terminal_would_obey_are_shown_as_signs(tmp_path: Path) -> None:
    wicked = OWN.replace('"my brother"', '"my \\u001b[2Jbrother"')
    path = written(tmp_path, own=wicked)
    for format_ in ("english", "table"):
        assert "\x1b" not in run("show", path, "--format", format_).out
