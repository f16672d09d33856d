"""`policy case`, and event files in `policy check`: what people see of incidents that unfold."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from commands import Ran, run
from test_case_progress import TALE

from evenhand.cli.case import command

pytest.importorskip("sqlalchemy", reason="the store needs SQLAlchemy: install `evenhand[cases]`")

OPENED = "2026-11-20T20:00:00Z"
REPLIES = """
[replies]
longest = 80
[[replies.never]]
id = "admits-liability"
phrases = ["our fault"]
because = "The insurer decides that."
instead = "we are looking into it"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVENHAND_STORE", raising=False)
    monkeypatch.delenv("EVENHAND_POLICY", raising=False)
    (tmp_path / "tale.toml").write_text(TALE + REPLIES, encoding="utf-8")
    return tmp_path


def opened(*facts: str) -> Ran:
    stated = [part for fact in facts for part in ("--fact", fact)]
    return run("case", "open", "c-1", "--policy", "tale.toml", "--at", OPENED, *stated)


def test_a_case_is_opened_recorded_and_shown() -> None:
    ran = opened("injury=false", "loss=20 USD")
    assert ran.code == 0, ran.err
    assert "Case opened: injury false, loss 20 USD" in ran.out
    ran = run("case", "record", "c-1", "message_received", "abuse=hostile", "--at", "2026-11-20T21:00:00Z")
    assert "defend staff: refer → privately" in ran.out
    assert "Hear them out: not done in time" in ran.out
    shown = run("case", "show", "c-1").out
    for heading in ("What happened", "What is known", "What is decided", "What is owed", "What to do next"):
        assert heading in shown
    assert "abuse                         hostile" in shown


def test_a_case_as_data_says_the_same() -> None:
    opened("injury=true")
    data = json.loads(run("case", "show", "c-1", "--format", "json").out)
    assert (data["case"], data["status"], data["facts"]["injury"]) == ("c-1", "open", "true")
    assert data["decision"]["decisions"]["insurance"]["outcome"] == "notify"
    assert [entry["id"] for entry in data["obligations"]] == ["tell-insurer"]
    assert data["timeline"][0]["event"]["kind"] == "case_opened"


def test_a_case_keeps_its_policy_wherever_it_is_asked_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened()
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert run("case", "show", "c-1", "--store", "../cases.db").code == 0


def test_a_mistaken_event_is_told_all_that_is_wrong_with_it() -> None:
    opened()
    ran = run("case", "record", "c-1", "post_seen", "autor=ann", "views=many")
    assert ran.code == 1
    assert "did you mean `author`?" in ran.err
    assert "`views` cannot be `many`" in ran.err
    assert run("case", "record", "c-1", "duty_breached", "duty=tell-insurer").code == 1


def test_a_key_records_once() -> None:
    opened()
    first, again = (run("case", "record", "c-1", "message_sent", "text=Hello", "--key", "m-1") for _ in range(2))
    assert first.code == again.code == 0
    assert "recorded before" in again.out
    assert json.loads(run("case", "list", "--format", "json").out)["cases"][0]["version"] == 2


def test_what_is_overdue_is_listed_and_run() -> None:
    opened("injury=true")
    assert run("case", "list", "--overdue").code == 1  # because the clock of the test is long past the day
    due = run("case", "due")
    assert "Tell the insurer: not done in time" in due.out
    assert run("case", "due").out == "nothing was due\n"
    assert run("case", "list", "--overdue").code == 0
    assert "c-1  open" in run("case", "list").out


def test_closing_a_case_that_was_opened_again_says_that_it_is_watched_again() -> None:
    opened("pile_on=true")
    run("case", "record", "c-1", "case_reopened", "--at", "2026-11-20T21:00:00Z")
    ran = run("case", "record", "c-1", "case_closed", "--at", "2026-11-20T22:00:00Z")
    assert "→ watched again, because we still walk away from it; close it once more" in " ".join(ran.out.split())
    assert "c-1  monitored until 2026-12-04 22:00" in run("case", "show", "c-1").out
    ran = run("case", "record", "c-1", "case_closed", "--at", "2026-11-20T23:00:00Z")
    assert "watched" not in ran.out


def test_a_draft_is_checked(folder: Path) -> None:
    opened()
    (folder / "draft.txt").write_text("We are sorry, it was our fault.", encoding="utf-8")
    ran = run("case", "reply", "c-1", "draft.txt")
    assert ran.code == 1
    assert "“our fault” is not for us to say" in ran.out
    assert "instead: we are looking into it" in ran.out
    (folder / "draft.txt").write_text("Thank you, we are looking into it.", encoding="utf-8")
    assert run("case", "reply", "c-1", "draft.txt").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("case", "show", "c-9"), "there is no case 'c-9'. Did you mean 'c-1'?"),
        (("case", "open", "c-2"), "name the policy of the case"),
        (("case", "show", "c-1", "--store", "none.db"), "none.db"),
        (("case", "reply", "c-1", "none.txt"), "cannot be read"),
    ],
)
def test_wrong_usage_is_told(words: tuple[str, ...], said: str) -> None:
    opened()
    ran = run(*words)
    assert ran.code == 2
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_before_the_first_year_or_after_the_last_is_wrong_usage(at: str) -> None:
    assert run("case", "open", "c-1", "--policy", "tale.toml", "--at", at).code == 2


def test_what_is_due_after_the_last_year_is_not_due() -> None:
    """A length of time that nobody lives to see, and a moment before which no time is left."""
    opened("injury=true")
    ran = run("case", "record", "c-1", "promise_made", "text=we call", "within=99_999_999 days", "--at", OPENED)
    assert (ran.code, "owed: we call\n" in ran.out) == (0, True)
    assert run("case", "record", "c-1", "promise_made", "within=48h", "--at", "9999-12-31T23:59:59Z").code == 0
    assert run("case", "show", "c-1", "--format", "json").code == 0
    assert run("case", "open", "c-2", "--policy", "tale.toml", "--fact", "injury=true", "--at", "9999-12-31").code == 0


@pytest.mark.parametrize("name", ["at", "key"])
def test_what_is_said_of_every_event_is_no_field(name: str) -> None:
    opened()
    ran = run("case", "record", "c-1", "message_sent", f"{name}=x")
    assert ran.code == 2
    assert f"'{name}' is no field: it is said with --{name}." in ran.err


def test_a_case_whose_policy_cannot_be_used_holds_up_no_other(folder: Path) -> None:
    (folder / "other.toml").write_text('[policy]\nid = "other"\n', encoding="utf-8")
    for case, by in (("bad", "other.toml"), ("good", "tale.toml")):
        assert run("case", "open", case, "--policy", by, "--at", OPENED).code == 0
        run("case", "record", case, "promise_made", "promise=call", "within=1h", "--at", OPENED)
    (folder / "other.toml").write_text("[policy", encoding="utf-8")
    ran = run("case", "due")
    assert ran.code == 1
    assert "good" in ran.out
    assert "bad: its policy cannot be used" in ran.err
    for words in (("show", "bad"), ("reply", "bad", "-"), ("record", "bad", "message_sent")):
        assert run("case", *words, text="Hello").code == 1


# --- event files -----------------------------------------------------------------------------------------------------

EVENTS = """\
{"at": "2026-11-20T20:00:00Z", "kind": "case_opened", "facts": {"injury": true}}
{"at": "2026-11-20T21:00:00Z", "kind": "post_seen", "author": "ann", "views": 2000}
"""


def test_an_event_file_is_dry_run(folder: Path) -> None:
    (folder / "events.jsonl").write_text(EVENTS, encoding="utf-8")
    ran = run("check", "tale.toml", "events.jsonl")
    assert ran.code == 0, ran.err
    assert "owed: Tell the insurer, due 2026-11-21 20:00" in ran.out
    assert not list(folder.glob("*.db"))
    data = json.loads(run("check", "tale.toml", "events.jsonl", "--format", "json").out)
    assert data["cases"][0]["facts"]["virality.views"] == "2_000"


def test_bad_lines_of_an_event_file_are_told_with_their_lines(folder: Path) -> None:
    text = (
        EVENTS + '{"at": "today", "kind": "post_seen"}\n{"at": "2026-11-20T22:00:00Z", "kind": "post_sen"}\nnothing\n'
        '{"at": "9999-12-31T23:59:59-14:00", "kind": "message_sent"}\n'
    )
    (folder / "events.jsonl").write_text(text, encoding="utf-8")
    ran = run("check", "tale.toml", "events.jsonl")
    assert ran.code == 1
    for place in (
        "events.jsonl:3:1: unreadable-event",
        "events.jsonl:4:1: unknown-event",
        "events.jsonl:5:1",
        "events.jsonl:6:1",
    ):
        assert place in ran.err


def test_a_case_begins_once_in_an_event_file(folder: Path) -> None:
    again = '{"at": "2026-11-20T22:00:00Z", "kind": "case_opened", "facts": {"injury": false}}\n'
    (folder / "events.jsonl").write_text(EVENTS + again, encoding="utf-8")
    ran = run("check", "tale.toml", "events.jsonl")
    assert ran.code == 1
    assert "events.jsonl:3:1: opened-twice: the case began already, on line 1" in ran.err
    assert "injury                        true" in ran.out
    keyed = '{"at": "2026-11-20T20:00:00Z", "kind": "case_opened", "key": "k"}\n'
    (folder / "events.jsonl").write_text(keyed + keyed, encoding="utf-8")
    assert run("check", "tale.toml", "events.jsonl").code == 0


def test_a_case_that_began_does_not_begin_again() -> None:
    opened()
    ran = run("case", "record", "c-1", "case_opened", "injury=true", "--at", "2026-11-20T21:00:00Z")
    assert ran.code == 1
    assert "opened-twice: the case began already, at 2026-11-20T20:00:00Z" in ran.err


def test_a_line_that_is_too_long_is_called_too_long(folder: Path) -> None:
    """Even the first of the file."""
    long = json.dumps({"at": OPENED, "kind": "message_received", "text": "x" * 1_000_000})
    for text in (f"{EVENTS}{long}\n", f"{long}\n{EVENTS}"):
        (folder / "events.jsonl").write_text(text, encoding="utf-8")
        ran = run("check", "tale.toml", "events.jsonl")
        assert ran.code == 1
        assert "this event cannot be read: its line is longer than 1_000_000 bytes" in ran.err


@pytest.mark.once
def test_a_file_without_an_end_of_line_is_never_in_memory_as_a_whole(folder: Path) -> None:
    """A gigabyte that takes no room on the disk."""
    with (folder / "events.jsonl").open("wb") as file:
        file.write(EVENTS.encode())
        file.truncate(2**30)
    tracemalloc.start()
    try:
        ran = run("check", "tale.toml", "events.jsonl")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "its line is longer than 1_000_000 bytes" in ran.err
    assert most < 50 * 2**20


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_mistake_spans_its_line_whatever_ends_it(folder: Path, end: str) -> None:
    line = '{"at": "2026-11-20T22:00:00Z", "kind": "post_seen", "views": "many"}'
    (folder / "events.jsonl").write_bytes(f"{EVENTS}{line}\n".replace("\n", end).encode())
    (result,) = json.loads(run("check", "tale.toml", "events.jsonl", "--format", "json").out)["cases"][0]["findings"]
    assert (result["line"], result["column"], result["end_column"]) == (3, 1, len(line) + 1)


def test_what_people_wrote_stands_between_quotes() -> None:
    opened()
    text = "author=Ann", "text=I want my money, and now", "abuse=rude"
    ran = run("case", "record", "c-1", "message_received", *text, "--at", "2026-11-20T21:00:00Z")
    assert "author Ann, text “I want my money, and now”, abuse rude" in " ".join(ran.out.split())


# --- the store as a whole --------------------------------------------------------------------------------------------


def test_a_case_moves_to_another_store_with_its_chain(folder: Path) -> None:
    opened("injury=true")
    run("case", "record", "c-1", "message_received", "text=Hello", "author=Ann")
    assert run("case", "export", "c-1", "-o", "c-1.jsonl").code == 0
    ran = run("case", "import", "c-1.jsonl", "--store", "other.db", "--messages")
    assert (ran.code, ran.out) == (0, "c-1\n")
    assert run("case", "verify", "--store", "other.db").out == "1 case: every log holds\n"
    here, there = (
        run("case", "show", "c-1", "--store", store, "--format", "json").out for store in ("cases.db", "other.db")
    )
    assert json.loads(here)["timeline"] == json.loads(there)["timeline"]
    assert run("case", "import", "c-1.jsonl", "--store", "other.db").code == 2
    broken = (folder / "c-1.jsonl").read_text(encoding="utf-8").replace("Hello", "Goodbye")
    (folder / "c-1.jsonl").write_text(broken, encoding="utf-8")
    ran = run("case", "import", "c-1.jsonl", "--store", "third.db")
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_a_file_is_taken_over_whatever_signs_its_texts_have(folder: Path) -> None:
    """Some of which would end a line, were they not within a text."""
    opened()
    run("case", "record", "c-1", "message_sent", "text=one\u2028two\u0085three")
    run("case", "export", "c-1", "-o", "c-1.jsonl")
    file = folder / "c-1.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    assert run("case", "import", "c-1.jsonl", "--store", "other.db").code == 0
    assert run("case", "verify", "--store", "other.db").code == 0


def test_what_a_file_says_beside_its_log_is_not_believed(folder: Path) -> None:
    opened("injury=true")
    run("case", "export", "c-1", "-o", "c-1.jsonl")
    file = folder / "c-1.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace('"state":"open"', '"state":"done"'), encoding="utf-8")
    ran = run("case", "import", "c-1.jsonl", "--store", "other.db")
    assert ran.code == 1
    assert "mended from the log: duty tell-insurer was said to be done, and is open" in ran.out
    assert "left behind: 1 message that had not left the other store" in ran.out
    assert run("case", "list", "--overdue", "--store", "other.db").code == 1
    (folder / "tale.toml").rename(folder / "moved.toml")
    ran = run("case", "import", "c-1.jsonl", "--store", "third.db")
    assert (ran.code, "mended" in ran.out) == (0, False)
    assert "taken unchecked: ledger, timers and status" in ran.out
    ran = run("case", "import", "c-1.jsonl", "--store", "fourth.db", "--policy", "moved.toml")
    assert (ran.code, "unchecked" in ran.out) == (1, False)


def test_personal_data_are_erased_and_the_log_still_holds(folder: Path) -> None:
    opened()
    run("case", "record", "c-1", "message_received", "text=Call me on 555-0100", "author=Ann Brown")
    assert run("case", "erase", "c-1", "--event", "2", "--reason", "asked to", "--yes").code == 0
    assert "555-0100" not in run("case", "show", "c-1").out
    assert b"555-0100" not in b"".join(file.read_bytes() for file in folder.glob("cases.db*"))
    assert run("case", "verify", "c-1").code == 0


def test_a_log_that_was_changed_is_found_out(folder: Path) -> None:
    import sqlite3

    opened()
    run("case", "record", "c-1", "message_received", "text=Hello")
    with sqlite3.connect(folder / "cases.db") as database:
        (table,) = [
            name
            for (name,) in database.execute("select name from sqlite_master where type = 'table'")
            if "event" in name
        ]
        columns = [row[1] for row in database.execute(f"pragma table_info({table})")]
        assert "kind" in columns
        database.execute(f"update {table} set kind = 'message_sent' where kind = 'message_received'")
    database.close()
    ran = run("case", "verify")
    assert ran.code == 1
    assert "c-1, event 2" in ran.out


def test_what_is_owed_leaves_through_the_outbox(folder: Path) -> None:
    opened("injury=true")
    assert run("case", "deliver", "--to-file", "out.jsonl").out == "1 message delivered\n"
    (message,) = (json.loads(line) for line in (folder / "out.jsonl").read_text(encoding="utf-8").splitlines())
    assert "tell-insurer" in message["key"]
    assert run("case", "deliver", "--to-file", "out.jsonl").out == "0 messages delivered\n"
    assert run("case", "deliver").code == 2
    assert run("case", "deliver", "--to-webhook", "https://example.org").code == 2


def test_check_says_what_follows_the_patterns() -> None:
    ran = run("check", "tale.toml", "--verbose")
    assert "pattern pile-on runs on" in ran.err
    assert "pattern silence runs on plain Python" in ran.err


def test_what_is_said_to_be_done_must_be_owed(folder: Path) -> None:
    """A slip is told before it is recorded for good; the ledger shows the names to say it by."""
    opened()
    run("case", "record", "c-1", "promise_made", "promise=call-back", "text=We call you", "within=24h")
    assert "promise call-back" in run("case", "show", "c-1").out
    slip = run("case", "record", "c-1", "promise_kept", "promise=call-bak")
    assert slip.code == 2
    assert "call-back" in slip.err
    assert run("case", "record", "c-1", "duty_done", "duty=nothing-such").code == 2
    assert run("case", "record", "c-1", "promise_kept", "promise=call-back").code == 0


def test_a_list_says_what_there_is_none_of(folder: Path) -> None:
    opened()
    assert run("case", "list", "--overdue").out == "nothing is overdue\n"
    assert run("case", "list", "--status", "closed").out == "there are no such cases\n"


def test_a_case_that_waits_for_a_fact_says_what_to_ask(folder: Path) -> None:
    assert run("case", "open", "c-9", "--policy", "house", "--fact", "abuse=rude", "--fact", "loss=20 USD").code == 0
    shown = run("case", "show", "c-9").out
    assert "What to ask" in shown
    assert "fact_learned NAME=" in shown


def test_an_event_that_comes_again_under_its_key_counts_once_in_an_event_file(folder: Path) -> None:
    line = '{"at": "2026-11-20T21:30:00Z", "kind": "message_sent", "key": "m-1"}\n'
    (folder / "events.jsonl").write_text(EVENTS + line + line, encoding="utf-8")
    data = json.loads(run("check", "tale.toml", "events.jsonl", "--format", "json").out)
    assert data["cases"][0]["facts"]["exchange.replies_sent"] == "1"


def test_a_closed_case_asks_nothing_and_what_was_not_said_is_not_shown(folder: Path) -> None:
    assert run("case", "open", "c-9", "--policy", "house", "--fact", "abuse=rude").code == 0
    assert run("case", "erase", "c-9", "--yes").code == 0
    shown = run("case", "show", "c-9").out
    assert "Data erased: events 1, whole yes" in shown
    assert "What to ask" not in shown


@pytest.mark.parametrize("name", sorted(command.commands))
def test_every_help_has_an_example(name: str) -> None:
    assert f"policy case {name}" in run("case", name, "--help").out.partition("Example")[2]
