"""`policy backtest`: what it prints, what it writes, and what it refuses."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from backtest_policies import DECISIONS, FACTS, RULES, rows
from commands import run

from evenhand.cli.terminal import cells

DOCS = Path(__file__).parent.parent / "docs"
SCHEMA = json.loads((DOCS / "backtest.schema.json").read_text(encoding="utf-8"))
OPEN_RULES = re.compile(
    r'\[\[rule\]\]\nid = "(?:fee-by-loss|flat-fee)".*?(?=\[\[rule\]\])|then\.calls = true\n', re.DOTALL
)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two policies and a history."""
    rules = OPEN_RULES.sub("", RULES)
    for name, small, cake in (("old", "25 USD", "12"), ("new", "40 USD", "15")):
        text = rules.format(small=small, share="0.5", fee="0.01", ring="gold", cake=cake)
        (tmp_path / f"{name}.toml").write_text(f'[policy]\nid = "{name}"\ncurrency = "USD"\n{FACTS}{DECISIONS}{text}')
    history = rows(300, seed=20)
    with (tmp_path / "history.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(history[0]))
        writer.writeheader()
        writer.writerows({name: "" if cell is None else str(cell) for name, cell in row.items()} for row in history)
    monkeypatch.chdir(tmp_path)
    return tmp_path


ASIDE = ("--ignore", "case,shop,till,recorded,day")
BOTH = ("backtest", "history.csv", "--policy", "new.toml", "--against", "old.toml")


def test_the_text_says_first_what_changes(shop: Path) -> None:
    done = run(*BOTH, *ASIDE)
    assert done.code == 1, "some rows of this history are bad"
    first = " ".join(done.out.split("\n\n")[0].split())
    assert re.fullmatch(
        r"Of \d+ incidents, \d+ \([\d.]+ %, [\d.]+ to [\d.]+\) would be decided otherwise.*; refund amounts rise by [\d.]+ USD \(.*\)"
        r"; costs rise by [\d.]+ USD \(.*\)\.",
        first,
    ), first
    assert "300 rows read" in done.out
    assert "off-scale" in done.out


def test_the_text_fits_eighty_columns(shop: Path) -> None:
    done = run(*BOTH, *ASIDE[:1], "case,day", "--by", "shop", "--by", "shop,till", "--outcome", "refund=recorded")
    wide = [line for line in done.out.splitlines() if cells(line) > 100]
    assert not wide
    assert "East <&> West" in done.out


@pytest.mark.parametrize("against", [(), ("--against", "old.toml")])
def test_json_is_as_its_schema_says(shop: Path, against: tuple[str, ...]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    done = run(
        "backtest",
        "history.csv",
        "--policy",
        "new.toml",
        *against,
        "--ignore",
        "day",
        "--by",
        "shop,till",
        "--outcome",
        "refund=recorded",
        "--name-column",
        "case",
        "--format",
        "json",
    )
    found: dict[str, Any] = json.loads(done.out)
    jsonschema.validate(found, SCHEMA)
    assert (found["against"] is None) == (not against)
    assert bool(found["examples"]) == bool(against)
    assert found["splits"][0]["columns"] == ["shop", "till"]


def test_the_schema_leaves_no_key_open() -> None:
    """A test that validates against a schema which allows anything would pass on anything."""
    found = {"format_version": 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, SCHEMA)


def test_a_file_may_be_written_instead(shop: Path) -> None:
    done = run(*BOTH, *ASIDE, "--format", "json", "-o", "report.json")
    assert done.out == ""
    assert json.loads((shop / "report.json").read_text())["rows"]["read"] == 300


def test_since_and_sample_choose_rows(shop: Path) -> None:
    done = run(
        *BOTH, "--ignore", "case,shop,till,recorded", "--since", "2026-01-05", "--date-column", "day", "--sample", "50"
    )
    assert "left out by their date" in done.out
    assert "50 taken at random (seed 0)" in done.out


def test_a_draft_that_is_not_in_force_yet_is_tried_as_if_it_were(shop: Path) -> None:
    text = (shop / "new.toml").read_text()
    (shop / "new.toml").write_text(text.replace('id = "new"\n', 'id = "new"\neffective = 2999-01-01\n', 1))
    done = run(*BOTH, *ASIDE)
    assert "note: `new` is in force from 2999-01-01; here it decides as if it always were" in done.out
    assert "not in force" not in done.out.split("note:")[0]


def test_decisions_that_no_rule_is_about_are_left_out_with_a_note(shop: Path) -> None:
    done = run(*BOTH, *ASIDE)
    assert "note: no rule is about `defend`, `walk_away` or `insurance`" in " ".join(done.out.split())
    assert "Walk away" not in done.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--ignore", "case,shop,till,day"), r"no fact for the column `recorded`.*--ignore 'recorded'"),
        (("--ignore", "case,shop,till,day,recorded", "--by", "shp"), r"no column `shp`: did you mean `shop`"),
        ((*ASIDE, "--since", "2026-01-01"), r"add --date-column COLUMN"),
        ((*ASIDE, "--outcome", "refnd=recorded"), r"no decision 'refnd'. Did you mean 'refund'"),
        ((*ASIDE, "--outcome", "refund"), r"write it like refund=recorded_refund"),
        ((*ASIDE, "--sample", "0"), r"--sample"),
        ((*ASIDE, "--as-of", "yesterday"), r"is no date"),
        ((*ASIDE, "--as-of", "column:dya"), r"no column `dya`"),
        ((*ASIDE, "-o", "nowhere/report.txt"), r"cannot be written"),
    ],
)
def test_wrong_usage_is_told_with_a_way_out(shop: Path, options: tuple[str, ...], said: str) -> None:
    done = run(*BOTH, *options)
    assert done.code == 2
    assert re.search(said, " ".join(done.err.split())), done.err
    assert done.out == ""


def test_each_row_may_be_decided_as_on_a_day_of_its_own(shop: Path) -> None:
    text = '[policy]\nid = "p"\n[[rule]]\nid = "late"\nwhen = "days_since(bought) > 30"\nthen.refund = "deny"\n'
    text += '[[rule]]\nid = "early"\nwhen = "days_since(bought) <= 30"\nthen.refund = "full"\n[facts.bought]\ntype = "date"\n'
    (shop / "days.toml").write_text(text)
    lines = ["bought,told", "2026-01-01,2026-01-20", "2026-01-01,2026-03-01", "2026-01-01,2026-01-31", "2026-01-01,"]
    (shop / "days.csv").write_text("\n".join(lines))
    done = run("backtest", "days.csv", "--policy", "days.toml", "--as-of", "column:told", "--format", "json")
    found = json.loads(done.out)
    assert {pair["new"]: pair["rows"] for pair in found["decisions"][0]["matrix"]} == {"deny": 1, "full": 2}
    assert found["rows"]["bad"] == 1
    assert run("backtest", "days.csv", "--policy", "days.toml", "--as-of", "told").code == 2


def test_a_row_that_cannot_be_taken_apart_is_bad_and_the_others_are_decided(shop: Path) -> None:
    text = (shop / "history.csv").read_text()
    (shop / "history.csv").write_text(text + "one,cell,too,few\n")
    done = run(*BOTH, *ASIDE)
    assert "301 rows read" in done.out
    assert "unreadable-incident" in done.out


def test_lines_of_json_are_a_history_whichever_keys_they_have(shop: Path) -> None:
    lines = ['{"loss": 30, "fault": "business", "hurt": false}', '{"loss": 3, "shop": "North", "fault": "shared"}']
    (shop / "history.jsonl").write_text("\n".join(lines))
    done = run("backtest", "history.jsonl", "--policy", "new.toml", "--against", "old.toml", "--by", "shop")
    assert done.code == 0, done.err
    assert "2 rows read, 2 decided, none was bad" in done.out
    assert "(blank)" in done.out
    assert "North" in done.out


def test_a_history_of_an_unknown_kind_is_refused(shop: Path) -> None:
    (shop / "history.txt").write_text("loss\n1\n")
    done = run("backtest", "history.txt", "--policy", "new.toml")
    assert done.code == 2
    assert "says nothing" in done.err
