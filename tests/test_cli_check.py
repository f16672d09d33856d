"""`policy check`: policies checked, incidents dry-run, nothing lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Ran, run

GOOD = """
[policy]
id = "small"
version = "3"

[[rule]]
id      = "pay"
title   = "Pay small losses"
when    = "loss <= 50 USD and abuse <= rude"
then.refund = "full"
then.refund_amount = "loss"
oblige  = ["log"]
because = "It costs less than the argument."

[[rule]]
id   = "no-more"
when = "abuse >= hostile"
then.refund = "deny"

[[guard]]
id    = "never-pay-threats"
title = "No money for threats"
never = "refund >= credit and legal.threatened"

[obligations.log]
title  = "Write it down"
within = "4h"
by     = "shift lead"

[facts.legal.threatened]
assume = false
"""
BAD = '[policy]\nid = "bad"\n[[rule]]\nid = "a"\nwhen = "lss > 5"\nthen.refund = "deny"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.toml").write_text(BAD, encoding="utf-8")
    (tmp_path / "one.toml").write_text('# A cold coffee\nabuse = "none"\nloss = "4.50 USD"\n', encoding="utf-8")
    return tmp_path


def checked_json(*args: str) -> dict[str, Any]:
    found = json.loads(run("check", *args, "--format", "json").out)
    assert isinstance(found, dict)
    return found


# --- policies --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_a_sound_policy_is_told_in_two_lines_and_exit_code_0() -> None:
    ran = run("check", "good.toml")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "✓ small 3\n  2 rules, 1 red line, 1 duty, 0 tests\n"


@pytest.mark.usefixtures("folder")
def test_what_is_wrong_goes_to_stderr_with_place_and_caret_and_exit_code_1() -> None:
    ran = run("check", "good.toml", "bad.toml")
    assert ran.code == 1
    assert "bad.toml:5:9: unknown-name: " in ran.err
    assert ' 5 | when = "lss > 5"\n   |         ^^^\n help: did you mean `loss`?' in ran.err
    assert ran.out.endswith("1 of 2 policies sound.\n")


@pytest.mark.usefixtures("folder")
def test_a_folder_is_all_policies_and_incidents_in_it() -> None:
    found = checked_json(".")
    assert [policy["file"] for policy in found["policies"]] == ["bad.toml", "good.toml"]
    assert [incident["file"] for incident in found["incidents"]] == ["one.toml"]


def test_other_files_in_a_folder_are_passed_over(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\n', encoding="utf-8")
    (folder / "package.json").write_text('{"name": "x"}', encoding="utf-8")
    (folder / "more.csv").write_text("abuse,loss\nnone,3\n", encoding="utf-8")
    ran = run("check", ".", "--format", "json")
    assert [incident["file"] for incident in json.loads(ran.out)["incidents"]] == ["more.csv", "one.toml"]
    assert ran.err.splitlines() == [
        "passed over package.json: neither a policy nor incidents",
        "passed over pyproject.toml: neither a policy nor incidents",
    ]


@pytest.mark.usefixtures("folder")
def test_an_incident_without_a_policy_is_wrong_usage() -> None:
    ran = run("check", "one.toml", "one.toml", "x.jsonl")
    assert ran.code == 2
    Path("x.jsonl").touch()
    ran = run("check", "one.toml", "x.jsonl")
    assert ran.code == 2
    assert "policy check house one.toml" in ran.err


@pytest.mark.usefixtures("folder")
def test_a_lone_file_without_a_policy_table_is_told_so() -> None:
    ran = run("check", "one.toml")
    assert ran.code == 1
    assert "no-policy" in ran.err


@pytest.mark.usefixtures("folder")
def test_findings_in_the_forms_for_machines() -> None:
    github = run("check", "bad.toml", "--format", "github")
    assert github.out.startswith("::error file=bad.toml,line=5,endLine=5,col=9")
    sarif = json.loads(run("check", "bad.toml", "--format", "sarif").out)
    assert [result["ruleId"] for result in sarif["runs"][0]["results"]] == ["unknown-name"]
    as_json = checked_json("bad.toml")
    assert [(found["code"], found["line"]) for found in as_json["policies"][0]["findings"]] == [("unknown-name", 5)]
    assert as_json["policies"][0]["sound"] is False


@pytest.mark.usefixtures("folder")
def test_without_findings_the_forms_for_machines_are_valid_and_empty() -> None:
    assert run("check", "good.toml", "--format", "github").out == ""
    assert json.loads(run("check", "good.toml", "--format", "sarif").out)["runs"][0]["results"] == []


# --- incidents -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_an_incident_shows_verdict_rule_reason_duties_and_what_is_open() -> None:
    ran = run("check", "good.toml", "one.toml")
    assert ran.code == 0
    for line in (
        "A cold coffee  one.toml",
        "  Refund        full       4.50 USD · Pay small losses (pay)",
        "                           It costs less than the argument.",
        "  Defend staff  refer      no rule speaks about this: ask a human",
        "    within 4h  Write it down (shift lead)",
        "  Not said, so taken as  no  legal.threatened",
        "1 incident: 1 decided, 1 with something left to a human.",
    ):
        assert line in ran.out.splitlines()


def test_unknown_facts_are_asked_for_and_the_next_question_comes_first(folder: Path) -> None:
    (folder / "half.toml").write_text('loss = "20..80 USD"\n', encoding="utf-8")
    ran = run("check", "good.toml", "half.toml")
    assert "  Refund        refer      full or deny, depending on abuse and loss" in ran.out
    assert "  Ask next  How did the customer treat our people, at worst? (abuse: none, rude" in ran.out
    assert "Perhaps to do, depending on what is not known" in ran.out


def test_a_red_line_is_shown_with_the_decisions_it_withholds(folder: Path) -> None:
    ran = run("check", "good.toml", "one.toml", "--fact", "legal.threatened=yes")
    assert "a red line: ask a human (full)" in ran.out
    assert "Red line  No money for threats (never-pay-threats) is broken: a human decides about refund." in ran.out


@pytest.mark.usefixtures("folder")
def test_facts_of_the_command_line_make_an_incident_and_stand_above_a_file() -> None:
    alone = checked_json("good.toml", "--fact", "abuse=hostile")
    assert alone["incidents"][0]["decided"][0]["decisions"]["refund"]["outcome"] == "deny"
    above = checked_json("good.toml", "one.toml", "--fact", "abuse=hostile")
    assert above["incidents"][0]["decided"][0]["decisions"]["refund"]["outcome"] == "deny"


@pytest.mark.parametrize("fact", ["abuse", "=rude", "abuse=", " = "])
def test_a_fact_without_name_or_value_is_wrong_usage(fact: str) -> None:
    ran = run("check", "house", "--fact", fact)
    assert ran.code == 2
    assert "states no fact" in ran.err


def test_lists_and_uncertain_facts_can_be_stated() -> None:
    ran = run("check", "house", "--fact", "exchange.steps_done=listen, thank", "--fact", "abuse=any of rude, none")
    assert ran.code == 0


@pytest.mark.usefixtures("folder")
def test_deadlines_are_moments_where_the_day_was_said() -> None:
    assert (
        "    by 2026-11-21 04:00 UTC  Write it down"
        in run("check", "good.toml", "one.toml", "--as-of", "2026-11-21").out
    )
    late = run("check", "good.toml", "one.toml", "--as-of", "2026-11-21T20:00:00Z").out
    assert "    by 2026-11-22  Write it down" in late


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "21.11.2026", ""])
def test_a_bad_day_is_wrong_usage(day: str) -> None:
    ran = run("check", "house", "--fact", "abuse=none", "--as-of", day)
    assert ran.code == 2
    assert "write it like 2026-11-21" in ran.err


@pytest.mark.usefixtures("folder")
def test_every_policy_decides_every_incident() -> None:
    found = checked_json("good.toml", "house", "one.toml")
    assert [decided["policy"] for decided in found["incidents"][0]["decided"]] == ["small", "house"]
    assert "Under house" in run("check", "good.toml", "house", "one.toml").out


@pytest.mark.usefixtures("folder")
def test_a_broken_policy_does_not_keep_a_sound_one_from_deciding() -> None:
    ran = run("check", "good.toml", "bad.toml", "one.toml")
    assert ran.code == 1
    assert "Pay small losses" in ran.out


@pytest.mark.usefixtures("folder")
def test_without_a_sound_policy_nothing_is_decided() -> None:
    ran = run("check", "bad.toml", "one.toml")
    assert ran.code == 1
    assert "1 incident: none decided, because no policy is sound." in ran.out


def table(folder: Path) -> Ran:
    (folder / "many.csv").write_text(
        'id,abuse,loss,exchange.steps_done\n1,none,4.50 USD,\n2,rud,-3,listen\n3,hostile\n4,,,\n5,hostile,,"listen, thank"\n',
        encoding="utf-8",
    )
    return run("check", "good.toml", "many.csv", "--summary")


def test_bad_rows_are_all_reported_with_their_line_and_counted(folder: Path) -> None:
    ran = table(folder)
    assert ran.code == 1
    assert "many.csv:3:1: off-scale: " in ran.err
    assert "many.csv:3:1: out-of-range: " in ran.err
    assert "many.csv:4:1: unreadable-incident: " in ran.err
    assert "5 incidents: 3 decided, 3 with something left to a human; 2 could not be read." in ran.out
    assert "  refund     deny 1 (33%), full 1 (33%), refer 1 (33%)" in ran.out


def test_a_column_that_is_no_fact_is_said_once_and_may_be_left_out(folder: Path) -> None:
    (folder / "many.csv").write_text("date,abuse\n1,none\n2,rude\n", encoding="utf-8")
    ran = run("check", "good.toml", "many.csv")
    assert ran.err.count("unknown-fact") == 1
    assert "many.csv:1:1" in ran.err
    assert "2 incidents: none decided; 2 could not be read." in ran.out
    assert run("check", "good.toml", "many.csv", "--ignore", "date").code == 0


def test_standard_input_is_json_lines() -> None:
    ran = run("check", "house", "-", "--format", "json", text='{"abuse": "none"}\n{"abuse": "rude", "id": 7}\n')
    assert [incident["name"] for incident in json.loads(ran.out)["incidents"]] == ["", "7"]


def test_why_explains_each_decision(folder: Path) -> None:
    ran = run("check", "good.toml", "one.toml", "--why")
    assert "what would change it" in ran.out
    as_json = json.loads(run("check", "good.toml", "one.toml", "--why", "--format", "json").out)
    decided = as_json["incidents"][0]["decided"][0]
    assert "what would change it" in decided["why"]["refund"]
    assert decided["sentence"]


@pytest.mark.usefixtures("folder")
def test_json_says_what_the_text_says() -> None:
    decided = checked_json("good.toml", "one.toml")["incidents"][0]["decided"][0]
    assert decided["decisions"]["refund"] == {
        "outcome": "full",
        "status": "decided",
        "values": {"refund_amount": "4.50 USD"},
        "unsettled_values": [],
        "rule": {
            "id": "pay",
            "title": "Pay small losses",
            "because": "It costs less than the argument.",
            "source": "",
            "origin": "good.toml:6",
        },
        "rules": ["pay"],
        "possible": ["full"],
        "missing": [],
    }
    assert decided["obligations"][0] | {"due": ""} == {
        "id": "log",
        "title": "Write it down",
        "by": "shift lead",
        "within": "4h",
        "due": "",
    }
    assert decided["assumed"] == {"legal.threatened": False}


@pytest.mark.usefixtures("folder")
def test_json_is_one_document_whatever_happens() -> None:
    found = checked_json("good.toml", "bad.toml", "one.toml", "--summary")
    assert found["summary"]["incidents"] == 1
    assert found["incidents"] == []
    assert found["summary"]["outcomes"]["small"]["refund"] == {"full": 1}


def test_a_file_of_nothing_but_bad_rows_is_given_up(folder: Path) -> None:
    (folder / "wrong.jsonl").write_text("<p>\n" * 5_000, encoding="utf-8")
    ran = run("check", "good.toml", "wrong.jsonl", "--summary")
    assert ran.code == 1
    assert "500 incidents: none decided; 500 could not be read." in ran.out
    assert "wrong.jsonl:500:1: unreadable-incident: this incident cannot be read: none of the first 500" in ran.err


def test_after_a_good_row_every_bad_one_is_counted_and_json_lists_them(folder: Path) -> None:
    (folder / "mixed.jsonl").write_text('{"abuse": "none"}\n' + "<p>\n" * 1_500, encoding="utf-8")
    ran = run("check", "good.toml", "mixed.jsonl", "--summary")
    assert ran.err.count("unreadable-incident") == 1_000
    assert "only counted" in ran.err
    assert "1,501 incidents: 1 decided" in ran.out
    found = json.loads(run("check", "good.toml", "mixed.jsonl", "--format", "json").out)
    assert sum(bool(incident["findings"]) for incident in found["incidents"]) == 1_500
