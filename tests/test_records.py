"""Decisions in the books: exact, one a line, and the same when they are decided again."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from chooser import Chooser
from commands import runner
from random_incidents import make_incident, make_moment
from random_policies import make_policy

from evenhand import AnyOf, Between, Money, Policy, Record, RecordLog, replay
from evenhand.cli import main
from evenhand.engine.records import LONGEST, BrokenRecord, RecordError

CASES = int(os.environ.get("EVENHAND_CASES", "20000"))

CAFE = """
[policy]
id = "corner-cafe"
version = "2026.11"

[rates]
EUR = "1.08"

[facts.share]
type = "number"

[facts.note]
type = "text"

[facts.seen]
type = "datetime"

[facts.bought]
type = "date"

[[rule]]
id = "small-loss"
when = "loss <= 50 USD"
then = { refund = "full", refund_amount = "loss" }
oblige = ["call-back"]

[[rule]]
id = "shared"
when = "share > 0.3 and note is known and seen is known and bought is known and abuse is known and exchange.hours_open is known"
then.walk_away = "stay"

[obligations.call-back]
title = "Call them back"
within = "4h"

[[guard]]
id = "insurer-first"
never = "refund = full and injury"
"""
NOW = dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def cafe() -> Policy:
    return Policy.loads(CAFE)


def record(policy: Policy, id_: str = "r-1", **facts: Any) -> Record:
    return policy.decide(facts, as_of=dt.date(2026, 11, 21)).record(time=NOW, id=id_)


# --- what is in a record ---------------------------------------------------------------------------------------------


def test_a_record_says_everything_in_one_line(cafe: Policy) -> None:
    line = record(cafe, loss="4.50 EUR", injury="any of true, false").to_json()
    assert "\n" not in line
    assert json.loads(line) == {
        "format": 1,
        "id": "r-1",
        "policy": "corner-cafe",
        "version": "2026.11",
        "content_hash": cafe.content_hash,
        "time": "2026-11-21T10:00:00+00:00",
        "as_of": "2026-11-21",
        "facts": {"loss": "4.86 USD", "injury": {"any_of": [False, True]}},
        "verdicts": {
            "refund": {
                "outcome": "refer",
                "status": "guard",
                "rule": None,
                "rules": ["small-loss"],
                "values": {},
                "unsettled": [],
                "possible": ["full"],
                "missing": ["injury"],
            },
            **{
                name: {
                    "outcome": "refer",
                    "status": "no-rule",
                    "rule": None,
                    "rules": [],
                    "values": {},
                    "unsettled": [],
                    "possible": [],
                    "missing": [],
                }
                for name in ("defend", "walk_away", "insurance")
            },
        },
        "obligations": [],
        "possible_obligations": ["call-back"],
        "breaches": [{"guard": "insurer-first", "certain": False, "missing": ["injury"]}],
        "assumed": [],
    }  # fmt: skip


def test_values_and_deadlines_are_in_it(cafe: Policy) -> None:
    found = record(cafe, loss="4.50 USD", injury=False)
    assert found.verdicts["refund"]["values"] == {"refund_amount": "4.50 USD"}
    assert found.obligations == ({"id": "call-back", "due": "2026-11-21T04:00:00+00:00"},)


def test_the_time_and_the_id_are_made_where_none_is_given(cafe: Policy) -> None:
    one, other = (cafe.decide({}).record() for _ in range(2))
    assert one.id != other.id
    assert abs(dt.datetime.now(dt.UTC) - one.time) < dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("facts", "written"),
    [
        ({"share": 0.1}, {"share": "0.1"}),
        ({"share": Fraction(1, 3)}, {"share": "1/3"}),
        ({"share": 10**20}, {"share": "100000000000000000000"}),
        ({"share": Decimal("12.50")}, {"share": "12.5"}),
        ({"loss": 7}, {"loss": "7 USD"}),
        ({"loss": Money(Fraction(100, 3), "EUR")}, {"loss": "0.36 USD"}),
        ({"loss": Money(Fraction(1, 7), "USD")}, {"loss": "1/700 USD"}),
        ({"loss": Between("200 USD", "900 USD")}, {"loss": {"between": ["200 USD", "900 USD"]}}),
        ({"loss": AnyOf(5, 7)}, {"loss": {"any_of": ["5 USD", "7 USD"]}}),
        ({"history": {"refunds_90d": AnyOf(1, 2, 5)}}, {"history.refunds_90d": {"any_of": [1, 2, 5]}}),
        ({"exchange": {"hours_open": Fraction(1, 7)}}, {"exchange.hours_open": "3600/7 s"}),
        ({"exchange": {"hours_open": "90 min"}}, {"exchange.hours_open": "90 min"}),
        ({"seen": dt.datetime(2026, 11, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))}, {"seen": "2026-11-01T10:00:00Z"}),
        ({"bought": Between("2026-11-01", "2026-11-03")}, {"bought": {"between": ["2026-11-01", "2026-11-03"]}}),
        ({"abuse": "rude..violent"}, {"abuse": "rude..violent"}),
        ({"note": "any of a, b\n1/3 \u2028 \"x\""}, {"note": "any of a, b\n1/3 \u2028 \"x\""}),
        ({"exchange": {"steps_done": ["listen", "two words"]}}, {"exchange.steps_done": ["listen", "two words"]}),
    ],
)  # fmt: skip
def test_facts_are_exact(cafe: Policy, facts: dict[str, Any], written: dict[str, Any]) -> None:
    if facts == {"abuse": "rude..violent"}:
        facts, written = (
            {"abuse": Between("rude", "violent")},
            {"abuse": {"any_of": ["rude", "hostile", "threatening", "violent"]}},
        )
    found = record(cafe, **facts)
    assert found.facts == written
    again = Record.from_json(found.to_json())
    assert again == found
    (replayed,) = replay([again], cafe)
    assert replayed.is_same, [*map(str, replayed.differences)]


def test_records_of_random_decisions_come_back_and_are_decided_the_same() -> None:
    for seed in range(max(CASES // 100, 1)):
        choose = Chooser.seeded(seed)
        made = make_policy(choose)
        decisions = [made.policy.decide(make_incident(choose, made.kinds), as_of=make_moment(choose)) for _ in range(4)]
        lines = [decision.record().to_json() for decision in decisions]
        records = [Record.from_json(line) for line in lines]
        assert [found.to_json() for found in records] == lines
        for replayed in replay(records, made.policy):
            assert replayed.is_same, f"{replayed.record.to_json()}\n{[*map(str, replayed.differences)]}\n{made.text}"


# --- lines that are no records ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "it is not JSON"),
        ("{", "it is not JSON"),
        ("[]", "it is not a JSON object"),
        ("{}", "it lacks `format`, `id`"),
        ('{"format": 2}', "its format is 2, and only 1 is known"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"format": NaN}', "it is not JSON: nan is no number of json"),
        (b"\xff\xfe", "it is not UTF-8"),
        (b"\0", "it is not JSON"),
        ("1" * 5_000, "it is not JSON"),
        ("x" * (LONGEST + 1), "the line is longer than"),
    ],
)
def test_a_line_that_is_no_record_is_refused_with_a_reason(line: str | bytes, problem: str) -> None:
    with pytest.raises(RecordError) as caught:
        Record.from_json(line)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("time", "yesterday", "its `time` is no date and time"),
        ("time", "2026-11-21", "its `time` is a date without a time"),
        ("as_of", "2026-13-01", "its `as_of` is no date and time"),
        ("facts", [], "its `facts` is not an object"),
        ("verdicts", {"refund": 1}, "its `verdicts` has something else than objects"),
        ("assumed", [1], "its `assumed` has something else than texts"),
        ("surprise", 1, "it has `surprise`, which no record has"),
    ],
)
def test_a_record_with_a_wrong_field_is_refused(cafe: Policy, field: str, value: object, problem: str) -> None:
    table = json.loads(record(cafe).to_json())
    table[field] = value
    with pytest.raises(RecordError) as caught:
        Record.from_json(json.dumps(table))
    assert str(caught.value) == problem


# --- the books -------------------------------------------------------------------------------------------------------


def test_threads_append_whole_lines(cafe: Policy, tmp_path: Path) -> None:
    log = RecordLog(tmp_path / "decisions.jsonl", fsync=True)

    def write(number: int) -> None:
        for turn in range(20):
            log.append(record(cafe, f"{number}-{turn}", note="x" * 5_000))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [entry.id for _, entry in log if isinstance(entry, Record)]
    assert sorted(found) == sorted(f"{number}-{turn}" for number in range(8) for turn in range(20))


def test_a_line_torn_by_a_crash_spoils_no_other(cafe: Policy, tmp_path: Path) -> None:
    log = RecordLog(tmp_path / "decisions.jsonl")
    log.append(record(cafe, "r-1"))
    with log.path.open("a") as file:
        file.write(record(cafe, "r-2").to_json()[:40])
    log.append(record(cafe, "r-3"))
    first, torn, last = (entry for _, entry in log)
    assert isinstance(first, Record)
    assert isinstance(torn, BrokenRecord)
    assert isinstance(last, Record)
    assert (torn.line, last.id) == (2, "r-3")


def test_a_line_that_is_too_long_is_one_broken_record(cafe: Policy, tmp_path: Path) -> None:
    log = RecordLog(tmp_path / "decisions.jsonl")
    log.path.write_bytes(b"x" * (2 * LONGEST + 100) + b"\n\n")
    log.append(record(cafe, "r-1"))
    assert [(line, type(entry)) for line, entry in log] == [(1, BrokenRecord), (3, Record)]


# --- decided again ---------------------------------------------------------------------------------------------------


def test_another_policy_says_where_it_differs(cafe: Policy) -> None:
    other = Policy.loads(CAFE.replace("loss <= 50 USD", "loss <= 40 USD"))
    same, different = replay(
        [record(cafe, loss="5 USD", injury=False), record(cafe, loss="45 USD", injury=False)], other
    )
    assert not same.same_policy
    assert same.is_same
    assert not different.is_same
    assert "verdicts.refund.outcome was full, and is now refer" in map(str, different.differences)


def test_facts_that_a_policy_no_longer_knows_are_a_problem_and_no_crash(cafe: Policy) -> None:
    other = Policy.loads('[policy]\nid = "other"\n[[rule]]\nid = "all"\nthen.refund = "deny"\n')
    (replayed,) = replay([record(cafe, share=1)], other)
    assert replayed.again is None
    assert not replayed.is_same
    assert [problem.code for problem in replayed.problems] == ["unknown-fact"]


def test_a_record_that_was_tampered_with_is_found(cafe: Policy) -> None:
    line = record(cafe, loss="45 USD", injury=False).to_json()
    (replayed,) = replay([Record.from_json(line.replace('"outcome":"full"', '"outcome":"deny"'))], cafe)
    assert [*map(str, replayed.differences)] == ["verdicts.refund.outcome was deny, and is now full"]


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path, cafe: Policy) -> tuple[Path, Path]:
    policy, log = tmp_path / "cafe.toml", RecordLog(tmp_path / "decisions.jsonl")
    policy.write_text(CAFE)
    loaded = Policy.load(policy)
    log.append(record(loaded, "r-1", loss="5 USD", injury=False))
    log.append(record(loaded, "r-2", loss="45 USD", injury=False))
    return policy, log.path


def run(*arguments: object) -> tuple[int, str, str]:
    result = runner().invoke(main, ["replay", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.stdout, result.stderr


def test_replay_says_that_all_is_the_same(files: tuple[Path, Path]) -> None:
    policy, log = files
    assert run(log, "--policy", policy) == (0, "2 records decided again: all the same\n", "")


def test_replay_lists_differences_and_the_changed_policy(files: tuple[Path, Path]) -> None:
    policy, log = files
    policy.write_text(CAFE.replace("50 USD", "40 USD"))
    code, out, _ = run(log, "--policy", policy)
    assert code == 1
    assert "verdicts.refund.outcome was full, and is now refer" in out
    assert f"{log}:2" in out
    assert "another version of the policy" in out
    assert "1 of 2 records is decided differently" in out


def test_replay_reports_every_broken_line_with_its_number(files: tuple[Path, Path]) -> None:
    policy, log = files
    log.write_bytes(b"\xef\xbb\xbf" + log.read_bytes() + b"{\n\n[]\n\xff\n")
    code, out, err = run(log, "--policy", policy)
    assert code == 1
    assert [line.split(": ")[0] for line in err.splitlines()] == [f"{log}:3", f"{log}:5", f"{log}:6"]
    assert "2 records decided again" in out


def test_replay_as_json_has_the_same_facts(files: tuple[Path, Path]) -> None:
    policy, log = files
    policy.write_text(CAFE.replace("50 USD", "40 USD"))
    with log.open("a") as file:
        file.write("oops\n")
    code, out, _ = run(log, "--policy", policy, "--format", "json")
    found = json.loads(out)
    assert code == 1
    assert (found["records"], found["same"], found["different"], found["broken"]) == (2, 1, 1, 1)
    assert found["results"][1]["line"] == 2
    assert found["results"][1]["differences"][0] == {"path": "verdicts.refund.outcome", "was": "full", "now": "refer"}
    assert found["problems"][0]["line"] == 3


@pytest.mark.parametrize("content", [b"", b"\0\1\2", b"[" * 100_000])
def test_replay_survives_any_file(files: tuple[Path, Path], content: bytes) -> None:
    policy, log = files
    log.write_bytes(content)
    code, _, _ = run(log, "--policy", policy)
    assert code == (1 if content else 0)


def test_replay_of_what_is_not_there_is_wrong_usage(files: tuple[Path, Path], tmp_path: Path) -> None:
    policy, _ = files
    assert run(tmp_path / "missing.jsonl", "--policy", policy)[0] == 2
    assert run(tmp_path, "--policy", policy)[0] == 2
    assert run(tmp_path / "missing.jsonl")[0] == 2
