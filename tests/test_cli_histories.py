"""Histories as people have them, in `policy backtest` and `policy tune`: mapped, with columns to ignore, and with a good deal wrong."""

from __future__ import annotations

import json
import sqlite3
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from commands import Ran, run

from evenhand.cli import bulk_progress

POLICY = """
[policy]
id = "shop"
currency = "USD"
[parameters]
small = "75 USD"
[facts.bought]
type = "date"
[facts.kept]
type = "boolean"
[[rule]]
id = "small"
when = "loss <= small and abuse <= rude"
then.refund = "full"
then.refund_amount = "loss"
[[rule]]
id = "large"
when = "loss > small and abuse <= rude"
then.refund = "partial"
then.refund_amount = "small"
[[rule]]
id = "rough"
when = "abuse > rude"
then.refund = "deny"
"""
#: The same incidents as somebody's help desk has them, and as the policy has them.
RAW = """\
Ticket;Amount;Tone;Closed;Result;Shop
T1;$1.200,50;1;03/31/2026;Paid;North
T2;12,00;1;04/01/2026;Paid in part;South
T3;80,00;3;04/02/2026;Refused;North
T4;;1;12/24/2025;;South
T5;80,00;1;04/03/2026;Refused;North
"""
PLAIN = """\
loss,abuse,result
1200.50,none,full
12,none,partial
80,hostile,deny
,none,
80,none,deny
"""
MAPPING = """
[facts]
loss = { column = "Amount", currency = "USD", thousands = ".", decimal = "," }
abuse = { column = "Tone", values = { "1" = "none", "3" = "hostile" } }
[columns]
closed = { column = "Closed", type = "date", format = "%m/%d/%Y" }
result = { column = "Result", values = { "Paid" = "full", "Paid in part" = "partial", "Refused" = "deny" } }
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two policies, the files of a help desk, and a mapping for them."""
    for name, small in (("old", "75 USD"), ("new", "100 USD")):
        (tmp_path / f"{name}.toml").write_text(POLICY.replace("75 USD", small).replace('"shop"', f'"{name}"'))
    (tmp_path / "raw.csv").write_text(RAW)
    (tmp_path / "plain.csv").write_text(PLAIN)
    (tmp_path / "desk.toml").write_text(MAPPING)
    monkeypatch.chdir(tmp_path)
    return tmp_path


MAPPED = ("--mapping", "desk.toml")


def backtest(file: str, *options: str) -> Ran:
    return run("backtest", file, "--policy", "new.toml", "--against", "old.toml", *options)


def found(file: str, *options: str) -> dict[str, Any]:
    done = backtest(file, *options, "--format", "json")
    assert done.out, done.err
    report: dict[str, Any] = json.loads(done.out)
    return report


def said(done: Ran) -> str:
    return " ".join(done.err.split())


# --- mapped ----------------------------------------------------------------------------------------------------------


def test_a_mapped_file_gives_what_the_same_file_with_columns_called_as_facts_gives(desk: Path) -> None:
    mapped = found("raw.csv", *MAPPED, "--outcome", "refund=result")
    plain = found("plain.csv", "--outcome", "refund=result")
    assert mapped["rows"]["decided"] == 5
    for key in ("changed", "decisions", "money", "agreement", "splits"):
        assert mapped[key] == plain[key]


def test_tune_takes_a_mapping_too(desk: Path) -> None:
    options = ("--parameter", "small=50,75,100", "--outcome", "refund=result", "--format", "json")
    mapped = json.loads(run("tune", "old.toml", "raw.csv", *options, *MAPPED).out)
    plain = json.loads(run("tune", "old.toml", "plain.csv", *options).out)
    assert mapped["settings"] == plain["settings"]
    assert mapped["settings"][0]["agreement"]["refund"]["of"] == 4


def test_a_split_may_be_by_a_column_of_the_file_a_fact_or_what_the_mapping_describes(desk: Path) -> None:
    splits = found("raw.csv", *MAPPED, "--by", "Shop", "--by", "abuse,closed")["splits"]
    assert [(part["values"], part["rows"]) for part in splits[0]["parts"]] == [
        ({"Shop": "North"}, 3),
        ({"Shop": "South"}, 2),
    ]
    assert {part["values"]["abuse"] for part in splits[1]["parts"]} == {"none", "hostile"}
    assert {part["values"]["closed"][:7] for part in splits[1]["parts"]} == {"2025-12", "2026-03", "2026-04"}


def test_since_reads_days_as_the_mapping_says(desk: Path) -> None:
    rows = found("raw.csv", *MAPPED, "--since", "2026-04-01", "--date-column", "closed")["rows"]
    assert (rows["left_out"], rows["decided"], rows["bad"]) == (2, 3, 0)


def test_rows_that_the_mapping_cannot_read_are_bad_with_every_reason(desk: Path) -> None:
    (desk / "raw.csv").write_text(RAW + "T6;much;7;13/13/2026;;North\nT7;1,00;7;04/01/2026;;North\n")
    report = found("raw.csv", *MAPPED, "--as-of", "column:closed")
    assert (report["rows"]["decided"], report["rows"]["bad"]) == (5, 2)
    told = {bad["message"]: bad for bad in report["bad"]}
    assert any("`closed` cannot be `13/13/2026`" in message for message in told), told
    assert [bad["rows"] for bad in report["bad"] if "abuse" in bad["message"]] == [1], "the row that has a day"


def test_a_mapping_that_does_not_fit_is_told_with_its_place(desk: Path) -> None:
    (desk / "desk.toml").write_text(MAPPING.replace('"Amount"', '"Amuont"').replace("abuse =", "abuze ="))
    done = backtest("raw.csv", *MAPPED)
    assert (done.code, done.out) == (1, "")
    assert "desk.toml:4:" in done.err
    assert "did you mean `abuse`" in done.err
    (desk / "desk.toml").write_text(MAPPING.replace('"Amount"', '"Amuont"'))
    for done in (backtest("raw.csv", *MAPPED), run("tune", "old.toml", "raw.csv", "--parameter", "small=1", *MAPPED)):
        assert (done.code, done.out) == (1, "")
        assert "did you mean `Amount`" in done.err
    assert backtest("raw.csv", "--mapping", "dsek.toml").code == 2


def test_a_mapping_may_speak_of_facts_that_only_one_policy_has(desk: Path) -> None:
    text = (desk / "old.toml").read_text()
    (desk / "old.toml").write_text(text.replace("[facts.kept]", '[facts.shop]\ntype = "text"\n[facts.kept]'))
    (desk / "desk.toml").write_text(MAPPING.replace("[columns]", 'shop = "Shop"\n[columns]'))
    assert found("raw.csv", *MAPPED)["rows"]["decided"] == 5


# --- ignored ---------------------------------------------------------------------------------------------------------


def test_a_column_that_is_called_as_a_fact_can_be_ignored(desk: Path) -> None:
    """An outcome that was recorded under the name of a fact says nothing of the incident."""
    (desk / "kept.csv").write_text("loss,abuse,kept\n10,none,full\n90,none,deny\n")
    assert found("kept.csv")["rows"]["bad"] == 2
    report = found("kept.csv", "--ignore", "kept", "--outcome", "refund=kept")
    assert report["rows"]["bad"] == 0
    assert report["agreement"][0]["new"]["agrees"]["rows"] == 1
    missing = found("kept.csv", "--ignore", "kept,abuse")["decisions"][0]["referred"]["new"]
    assert missing["missing"] == [{"fact": "abuse", "rows": 2}]


def test_what_is_ignored_must_be_there_and_may_not_be_mapped(desk: Path) -> None:
    done = backtest("plain.csv", "--ignore", "abuze", "--outcome", "refund=result")
    assert done.code == 2
    assert "no column `abuze` to ignore: did you mean `abuse`?" in said(done)
    done = backtest("raw.csv", *MAPPED, "--ignore", "Tone,Shop")
    assert done.code == 2
    assert "`Tone` is to be ignored, and the mapping makes `abuse` of it" in said(done)


def test_names_with_commas_stand_in_quotes(desk: Path) -> None:
    (desk / "odd.csv").write_text('loss,abuse,"cost, total",kept\n10,none,1,true\n')
    assert found("odd.csv", "--ignore", 'kept,"cost, total"')["rows"]["decided"] == 1
    done = backtest("odd.csv")
    assert "--ignore '\"cost, total\"'" in said(done)


# --- wrong -----------------------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_is_told_at_once(desk: Path) -> None:
    options = ("--by", "shp", "--outcome", "refnd=resalt", "--since", "2026-01-01", "--ignore", "los")
    told = said(backtest("plain.csv", *options))
    for part in ("--date-column", "'refnd'", "`shp`", "`resalt`: did you mean `result`", "`los`", "`result`: map"):
        assert part in told
    options = ("--parameter", "smal=1", "--parameter", "small=ten", "--parameter", "small=2", "--outcome", "refnd=x")
    told = said(run("tune", "old.toml", "plain.csv", *options))
    for part in ("did you mean `small`", "`ten` is no value", "once or twice", "'refnd'", "no column `x`"):
        assert part in told
    (desk / "broken.toml").write_text("[policy]\n")
    done = run("backtest", "plain.csv", "--policy", "broken.toml", "--against", "nothing.toml")
    assert done.code == 2
    assert "broken.toml:1:" in done.err
    assert "no 'nothing.toml'" in done.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("loss,abuse\n", "There is no incident in the history"),
        ("loss,abuse\nx,y\n-1,z\n", "None of the 2 incidents could be decided"),
        ("loss,abuse\nx,none\n", "The only incident could not be decided"),
    ],
)
def test_a_history_without_figures_shows_none(desk: Path, text: str, says: str) -> None:
    (desk / "few.csv").write_text(text)
    for done in (backtest("few.csv"), run("tune", "old.toml", "few.csv", "--parameter", "small=1")):
        assert done.out.startswith(says)
        assert "USD" not in done.out.replace("-1 USD", "").replace("0 USD", "")
        assert done.code == ("x" in text)
    for command in (
        ("backtest", "few.csv", "--policy", "new.toml"),
        ("tune", "old.toml", "few.csv", "--parameter", "small=1"),
    ):
        assert says in run(*command, "--format", "html").out


def test_each_reason_is_counted_with_its_first_row(desk: Path) -> None:
    (desk / "bad.csv").write_text("loss,abuse\n1,none\nx,worse\ny,none\n")
    lines = backtest("bad.csv").out.splitlines()
    at = lines.index("2 rows are bad, and in none of the figures:")
    assert lines[at + 1].startswith("  2  row 2: `loss` cannot be `x`")
    assert lines[at + 2].startswith("  1  row 2: `worse` is not a word of `abuse`")
    done = run("tune", "old.toml", "bad.csv", "--parameter", "small=1")
    assert "  2  row 2: `loss` cannot be `x`" in done.out


def test_other_encodings_and_column_signs_can_be_named(desk: Path) -> None:
    (desk / "latin.csv").write_bytes("loss|abuse|café\n1|none|é\n".encode("cp1252"))
    done = backtest("latin.csv")
    assert done.code == 2
    assert "--encoding cp1252" in done.err
    report = found("latin.csv", "--encoding", "cp1252", "--by", "café")
    assert report["splits"][0]["parts"][0]["values"] == {"café": "é"}
    assert "no sign that can stand between cells" in said(backtest("plain.csv", "--delimiter", ";;"))
    (desk / "plain.txt").write_text(PLAIN)
    assert found("plain.txt", "--from", "csv", "--ignore", "result")["rows"]["decided"] == 5


def test_days_that_nobody_can_read_are_bad_rows_and_not_left_out(desk: Path) -> None:
    (desk / "days.csv").write_text("loss,abuse,day\n1,none,12/31/2025\n1,none,2026-01-01\n1,none,\n1,none,2020-01-01\n")
    rows = found("days.csv", "--since", "2026-01-01", "--date-column", "day")["rows"]
    assert (rows["bad"], rows["left_out"], rows["decided"]) == (1, 2, 1)


def test_a_column_named_twice_is_told(desk: Path) -> None:
    (desk / "twice.csv").write_text("loss,abuse,loss\n1,none,2\n")
    assert "`loss (2)` (the head has `loss` twice)" in said(backtest("twice.csv"))
    assert found("twice.csv", "--ignore", "loss (2)")["rows"]["decided"] == 1


def test_utf_16_is_known_by_its_mark(desk: Path) -> None:
    (desk / "wide.csv").write_bytes(PLAIN.encode("utf-16"))
    assert "--encoding utf-16" in backtest("wide.csv").err
    assert found("wide.csv", "--encoding", "utf-16", "--ignore", "result")["rows"]["decided"] == 5


def test_a_line_of_json_with_an_unknown_key_is_one_bad_row(desk: Path) -> None:
    """Which keys there are is only known at the end, after hours perhaps: `policy decide` does the same."""
    (desk / "in.jsonl").write_text('{"loss": 3, "abuse": "none"}\n{"los": 3, "abuse": "none"}\n')
    done = backtest("in.jsonl")
    assert done.code == 1
    assert "row 2: unknown fact `los` (did you mean `loss`?)" in done.out
    assert "--ignore-unknown" in done.out
    assert found("in.jsonl", "--ignore", "los")["rows"]["decided"] == 2


def test_a_split_by_too_many_values_says_which_rows_it_does_not_tell_apart(desk: Path) -> None:
    lines = [f"{number},none,C{number % 1_200}" for number in range(2_400)]
    (desk / "clerks.csv").write_text("\n".join(["loss,abuse,clerk", *lines]))
    (split,) = found("clerks.csv", "--by", "clerk")["splits"]
    assert (len(split["parts"]), split["other_parts"], split["untold_rows"]) == (40, 960, 400)
    text = " ".join(backtest("clerks.csv", "--by", "clerk").out.split())
    assert "And 988 smaller parts; 400 rows have further values, as only the first 1,000 are told apart" in text


def test_recorded_words_are_found_in_a_column_full_of_other_texts(desk: Path) -> None:
    lines = [f"{number},none,R{number}" for number in range(1_500)]
    (desk / "texts.csv").write_text("\n".join(["loss,abuse,result", *lines, "10,none,full"]))
    (agreement,) = found("texts.csv", "--outcome", "refund=result")["agreement"]
    assert agreement["new"]["agrees"] == agreement["new"]["agrees"] | {"rows": 1, "of": 1}


def test_a_confusion_has_the_outcomes_in_their_order(desk: Path) -> None:
    lines = backtest("raw.csv", *MAPPED, "--outcome", "refund=result").out.splitlines()
    at = next(number for number, line in enumerate(lines) if "recorded, down" in line)
    assert [line.split()[0] for line in lines[at + 1 : at + 4]] == ["deny", "partial", "full"]


# --- where from ------------------------------------------------------------------------------------------------------


def test_standard_input_and_the_table_of_a_database_are_histories(desk: Path) -> None:
    options = ("--policy", "new.toml", "--outcome", "refund=result", "--format", "json")
    piped = run("backtest", "-", "--from", "csv", *options, text=PLAIN)
    with sqlite3.connect("desk.db") as connection:
        connection.execute("create table claims (loss text, abuse text, result text)")
        cells = [[cell or None for cell in line.split(",")] for line in PLAIN.splitlines()[1:]]
        connection.executemany("insert into claims values (?, ?, ?)", cells)
    connection.close()
    stored = run("backtest", "sqlite:///desk.db#claims", *options)
    figures = [json.loads(done.out)["decisions"] for done in (piped, stored, run("backtest", "plain.csv", *options))]
    assert figures[0] == figures[1] == figures[2]


class Terminal(StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_how_far_it_is_stands_on_stderr_where_that_is_a_terminal(
    desk: Path, quiet: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from evenhand.cli.backtest import command

    monkeypatch.setattr(bulk_progress, "PATIENCE", -1.0)
    monkeypatch.setattr(bulk_progress, "_EVERY", -1.0)
    arguments = ["plain.csv", "--policy", "new.toml", "--ignore", "result", *quiet]
    with CliRunner().isolation():
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        command.main(arguments, standalone_mode=False)
    assert ("5 rows, " in terminal.getvalue()) == (not quiet)
