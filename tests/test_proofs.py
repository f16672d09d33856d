"""What `policy verify` finds: each check on a sample of its own, exact regions, planted defects, witnesses that are replayed."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import random
import sys
import time
import tomllib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest
from commands import run
from test_diagnostics import agrees_with_golden

from evenhand import Policy
from evenhand.engine.interpret import interpret
from evenhand.engine.proofs import CHECKS, Box, Finding, region_data, verify
from evenhand.engine.proofs.words import exact_text
from evenhand.engine.trials import run_trials
from evenhand.rules.diagnostics import catalogue
from evenhand.rules.given import Knowledge
from evenhand.rules.regions import contains
from evenhand.rules.types import Type

pytest.importorskip("z3")

CODES = [code for code, entry in catalogue().items() if entry.by == "verify"]
DAY = dt.date(2026, 11, 21)
#: How many policies each defect is planted in.
PLANTED = max(int(os.environ.get("EVENHAND_CASES", "20000")) // 2_500, 1)


def found_in(text: str) -> tuple[Finding, ...]:
    return verify(Policy.loads(text))


def codes(found: tuple[Finding, ...]) -> set[str]:
    return {finding.code for finding in found}


def one(found: tuple[Finding, ...], code: str) -> Finding:
    (finding,) = (finding for finding in found if finding.code == code)
    return finding


def table(rows: str, *, columns: str, more: str = "") -> str:
    return f"""
[policy]
id = "table"
[facts.age]
type = "integer"
[facts.amount]
type = "number"
[facts.day]
type = "date"
[facts.colour]
type = "text"
one_of = ["red", "green", "blue"]
[facts.note]
type = "text"
[decisions.risk]
outcomes = ["low", "high"]
{more}
[[table]]
id = "grid"
columns = [{columns}, "=> risk"]
rows = [{rows}]
"""


# --- one sample for each check ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [code for code in CODES if catalogue()[code].sample])
def test_a_sample_makes_each_check_fire(code: str) -> None:
    assert code in codes(found_in(catalogue()[code].sample))


@pytest.mark.parametrize("code", [code for code in CODES if catalogue()[code].mended])
def test_the_mended_sample_is_free_of_it(code: str) -> None:
    assert code not in codes(found_in(catalogue()[code].mended))


@pytest.mark.parametrize("code", [code for code in CODES if catalogue()[code].sample])
def test_what_is_printed_for_a_sample_is_golden(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`UPDATE_GOLDEN=1` writes the files anew; their diff is reviewed."""
    monkeypatch.chdir(tmp_path)
    Path("policy.toml").write_text(catalogue()[code].sample, encoding="utf-8")
    agrees_with_golden(f"verify/{code}.txt", run("verify", "policy.toml", "--overlaps").out)


def test_a_red_line_that_asks_for_a_missing_fact_is_shown_on_request_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there to be crossed: the last line counts it, `--overlaps` prints it, and nothing fails."""
    monkeypatch.chdir(tmp_path)
    rule = '[policy]\nid = "cafe"\n[decisions.refund]\ndefault = "deny"\n[[rule]]\nid = "small"\n'
    guard = '[[guard]]\nid = "ask-first"\nnever = "refund >= credit and injury is missing"\n'
    Path("policy.toml").write_text(rule + 'when = "loss <= 50 USD"\nthen.refund = "full"\n' + guard, encoding="utf-8")
    short, full = run("verify", "policy.toml"), run("verify", "policy.toml", "--overlaps")
    assert (short.code, full.code) == (0, 0)
    assert " ".join(short.out.split()) == (
        "policy.toml: nothing found; 1 red line that may stop a decision for want of a fact (`--overlaps` lists them)"
    )
    assert (
        "breakable-guard: the red line `ask-first` can be crossed by `small`, but only where a fact is missing"
        in full.out
    )
    logs = [json.loads(run("verify", "policy.toml", *more, "--format", "sarif").out) for more in ((), ("--overlaps",))]
    assert [[found["level"] for found in log["runs"][0]["results"]] for log in logs] == [[], ["note"]]


def test_every_code_has_a_sample_but_the_one_that_gives_up() -> None:
    assert [code for code in CODES if not catalogue()[code].sample] == ["not-proved"]
    assert len(CHECKS) >= 9


def test_what_the_solver_cannot_tell_is_said() -> None:
    """A pattern that no known text passes leaves the question open, and no silence stands for a proof."""
    text = r"""
[policy]
id = "cafe"
[facts.note]
type = "text"
[decisions.refund]
hit_policy = "unique"
default = "deny"
[[rule]]
id = "a"
when = 'note matches "^[0-9]{3}-[a-f]{4}$"'
then.refund = "full"
[[rule]]
id = "b"
when = "note ends with 'beef'"
then.refund = "partial"
"""
    assert codes(found_in(text)) == {"not-proved"}


def test_no_time_proves_nothing() -> None:
    """With no time at all, everything that needs the solver is named as not proved."""
    found = verify(Policy.loads(catalogue()["uncovered-incident"].sample), budget=0)
    assert "not-proved" in codes(found)
    assert "uncovered-incident" not in codes(found)


# --- exact regions ---------------------------------------------------------------------------------------------------


def holds_point(region: tuple[Box, ...], point: Mapping[str, object]) -> bool:
    return any(all(contains(part.values, point[name]) for name, part in box.facts.items()) for box in region)  # type: ignore[arg-type]


AGES = (17, 18, 24, 25, 29, 30, 59, 60, 61)
AMOUNTS: tuple[int | Fraction, ...] = (0, 50, Fraction(5001, 100), 100, Fraction(201, 2), 101, 200, 201)
DAYS = tuple(dt.date(2026, 1, day).toordinal() for day in (1, 2, 3))


def test_a_gap_and_an_overlap_are_exact_sets_of_points() -> None:
    """Open and closed ends, dates, booleans, enumerations, inputs without declared values: at every corner."""
    rows = """
["< 18", "-", "-", true, "-", "low"],
["[18..30)", "<= 100.5", "< 2026-01-02", true, "red, blue", "high"],
["[25..60]", "(50..200]", ">= 2026-01-01", "-", "not(green)", "low"],
["> 60", "-", "-", false, "-", "high"]
"""
    columns = '"age", "amount", "day", "injury", "colour"'
    policy = Policy.loads(table(rows, columns=columns, more='hit_policy = "unique"'))
    found = verify(policy)
    gap = one(found, "uncovered-incident")
    overlap = one(found, "rules-disagree")
    assert gap.is_exact
    for age, amount, day, injury, colour in itertools.product(
        AGES, AMOUNTS, DAYS, (False, True), ("red", "green", "blue")
    ):
        point: dict[str, Knowledge] = {"age": age, "amount": amount, "day": day, "injury": injury, "colour": colour}
        verdict = interpret(policy.tree, point, DAY).verdicts["risk"]
        assert holds_point(gap.region, point) == (verdict.status == "no-rule"), point
        assert holds_point(overlap.region, point) == (verdict.status == "conflict"), point


def test_random_tables_have_exact_gaps() -> None:
    """Random tables of intervals, words and booleans, against the reference at every corner."""
    choose = random.Random(7)
    ends = ("[", "("), ("]", ")")
    for _ in range(12):
        rows = []
        for _ in range(choose.randint(2, 5)):
            low, high = sorted(choose.sample(range(0, 100, 10), 2))
            age = choose.choice(
                ["-", f"{choose.choice(ends[0])}{low}..{high}{choose.choice(ends[1])}", f">= {low}", f"< {high}"]
            )
            amount = choose.choice(
                ["-", f"{choose.choice(ends[0])}{low}..{high}{choose.choice(ends[1])}", f"> {low}", f"<= {high}"]
            )
            colour = choose.choice(["-", "red", "not(blue)", "red, green"])
            rows.append(json.dumps([age, amount, colour, choose.choice(["low", "high"])]))
        policy = Policy.loads(table(",".join(rows), columns='"age", "amount", "colour"'))
        gaps = [finding for finding in verify(policy) if finding.code == "uncovered-incident"]
        region = gaps[0].region if gaps else ()
        numbers: list[int | Fraction] = [
            number for bound in range(0, 100, 10) for number in (bound, Fraction(2 * bound + 1, 2))
        ]
        for years, sum_ in itertools.product(range(-1, 101, 5), numbers[::3]):
            for colour in ("red", "green", "blue"):
                point: dict[str, Knowledge] = {"age": years, "amount": sum_, "colour": colour}
                verdict = interpret(policy.tree, point, DAY).verdicts["risk"]
                assert holds_point(region, point) == (verdict.status == "no-rule"), (rows, point)


def test_a_gap_is_told_in_words_with_its_ends() -> None:
    finding = one(found_in(catalogue()["uncovered-incident"].sample), "uncovered-incident")
    assert finding.words == ("loss above 50 USD and up to 60 USD",)
    assert finding.witness is not None
    assert finding.witness.given == {"loss": "60 USD"}


def test_ends_read_back_exactly() -> None:
    """Numbers that no decimal says are quotients; moments are told by the rounder side; nothing has separators."""
    money, number, wait, moment = Type("money"), Type("number"), Type("duration"), Type("datetime")
    assert exact_text(123_456_700, money, "USD") == "1234567 USD"
    assert exact_text(Fraction(1, 3), money, "USD") == "1/300 USD"
    assert exact_text(Fraction(-2, 3), number, "USD") == "-2/3"
    assert exact_text(Fraction(1, 7), wait, "USD") == "1/7s"
    text = table('["< 2026-01-02T00:00:00Z", "low"], ["> 2026-01-03T00:00:00Z", "low"]', columns='"at"')
    policy = Policy.loads(text.replace("[facts.day]", '[facts.at]\ntype = "datetime"\n[facts.day]'))
    (box,) = one(verify(policy), "uncovered-incident").region
    assert region_data(policy.tree, box)["facts"]["at"] == {
        "type": "datetime",
        "missing": False,
        "intervals": [
            {"low": "2026-01-02T00:00:00Z", "low_closed": True, "high": "2026-01-03T00:00:00Z", "high_closed": True}
        ],
    }
    assert exact_text(1, moment, "USD") == "1970-01-01T00:00:00.000001Z"


# --- witnesses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [code for code in CODES if catalogue()[code].sample])
def test_a_witness_is_a_test_that_passes(code: str) -> None:
    """Put at the end of the policy, it says what is decided now."""
    text = catalogue()[code].sample
    for finding in found_in(text):
        if finding.witness is not None:
            policy = Policy.loads(f"{text}\n{finding.witness.toml}")
            assert not [trial for trial in run_trials(policy) if trial.mismatches]


# --- planted defects -------------------------------------------------------------------------------------------------

SOUND = """
[policy]
id = "sound"
[decisions.refund]
hit_policy = "first"
[[rule]]
id = "hurt"
when = "injury"
then.refund = "deny"
[[rule]]
id = "small"
when = "not injury and loss <= {low} USD and abuse <= {word}"
then.refund = "full"
[[rule]]
id = "middle"
when = "not injury and loss > {low} USD and loss <= {high} USD and abuse <= {word}"
then.refund = "partial"
[[rule]]
id = "large"
when = "not injury and loss > {high} USD and abuse <= {word}"
then.refund = "credit"
[[rule]]
id = "hostile"
when = "not injury and abuse > {word}"
then.refund = "replace"
[[guard]]
id = "insurer-first"
never = "refund >= partial and injury"
"""
#: What is changed, and the one code that must then be found.
DEFECTS = {
    "uncovered-incident": ("loss > {high} USD", "loss > 1{high} USD"),
    "shadowed-rule": ("not injury and loss <= {low} USD and", "not injury and loss <= {low} USD or"),
    "breakable-guard": ('when = "injury"\nthen.refund = "deny"', 'when = "injury"\nthen.refund = "full"'),
    "rules-disagree": ("loss > {low} USD and", "loss >= {low} USD and"),
    "redundant-test": ("not injury and loss > {low} USD", "not injury and loss > {low} USD and loss > 1 USD"),
    "unreachable-rule": (
        "not injury and loss > {high} USD",
        "not injury and loss > {high} USD and loss > paid and paid > 2 * loss",
    ),
}


@pytest.mark.parametrize("code", ["", *DEFECTS])
def test_planted_defects_are_found_and_none_invented(code: str) -> None:
    choose = random.Random(code)
    for _ in range(PLANTED):
        low = choose.randint(2, 90)
        knobs = {"low": low, "high": low + choose.randint(1, 90), "word": choose.choice(["none", "rude", "hostile"])}
        text = SOUND
        if code:
            before, after = DEFECTS[code]
            assert before in text
            text = text.replace(before, after)
        if code == "rules-disagree":
            text = text.replace('"first"', '"unique"')
        for knob, value in knobs.items():
            text = text.replace(f"{{{knob}}}", str(value))
        found = {finding.code for finding in found_in(text) if not finding.is_listing}
        consequences = {"unreachable-rule": {"uncovered-incident", "unused-fact"}, "shadowed-rule": {"breakable-guard"}}
        if not code:
            assert found == set()
        else:
            assert code in found
            allowed = {code, "redundant-test", "unreachable-outcome", *consequences.get(code, ())}
            assert found <= allowed, (text, found)


# --- the size of things ----------------------------------------------------------------------------------------------


def many_rules(count: int) -> str:
    choose = random.Random(1)
    rules = []
    for number in range(count):
        low = choose.randint(0, 900)
        rules.append(
            f'[[rule]]\nid = "r{number}"\nwhen = "loss > {low} USD and loss <= {low + choose.randint(1, 60)} USD and '
            f"abuse = {choose.choice(['none', 'rude', 'hostile'])} and history.refunds_90d <= {choose.randint(0, 9)} and "
            f'virality.views >= {choose.randint(0, 5000)}"\nthen.refund = "{choose.choice(["deny", "partial", "full"])}"\n'
        )
    return '[policy]\nid = "many"\n[decisions.refund]\ndefault = "credit"\n' + "\n".join(rules)


def test_a_hundred_rules_are_verified_in_seconds() -> None:
    """The aim is two; a slow machine is given more."""
    policy = Policy.loads(many_rules(100))
    start = time.perf_counter()
    verify(policy)
    assert time.perf_counter() - start < 10


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_prints_findings_and_ends_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (path := tmp_path / "cafe.toml").write_text(catalogue()["uncovered-incident"].sample)
    ran = run("verify", str(path))
    assert ran.code == 1
    assert "no rule decides `refund` for loss above 50 USD and up to 60 USD" in ran.out
    assert "[[test]]" in ran.out
    data = json.loads(run("verify", str(path), "--format", "json").out)
    (finding,) = data["policies"][0]["findings"]
    assert finding["code"] == "uncovered-incident"
    (interval,) = finding["region"][0]["facts"]["loss"]["intervals"]
    assert interval == {"low": "50 USD", "low_closed": False, "high": "60 USD", "high_closed": True}
    assert tomllib.loads(finding["witness"]["toml"])["test"][0]["given"] == {"loss": "60 USD"}
    sarif = json.loads(run("verify", str(path), "--format", "sarif").out)
    assert sarif["runs"][0]["results"][0]["ruleId"] == "uncovered-incident"


def test_the_command_says_how_to_get_the_solver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    (path := tmp_path / "cafe.toml").write_text(catalogue()["uncovered-incident"].sample)
    ran = run("verify", str(path))
    assert ran.code == 2
    assert "evenhand[verify]" in ran.err


def test_the_command_is_content_with_a_sound_policy(tmp_path: Path) -> None:
    (path := tmp_path / "cafe.toml").write_text(catalogue()["uncovered-incident"].mended)
    ran = run("verify", str(path))
    assert ran.code == 0
    assert "nothing found" in ran.out
