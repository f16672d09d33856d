"""
Every diagnostic: its wording, its page, its place, and its four forms.

Rendered texts are golden files in tests/golden. They are never edited by hand: `UPDATE_GOLDEN=1 pytest
tests/test_diagnostics.py` writes them anew, and their diff is reviewed. The pages in docs/diagnostics are written by
`python docs/generate.py`.
"""

from __future__ import annotations

import ast
import json
import os
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from specimens import ELSEWHERE, POLICY, SPECIMENS, in_facts, in_file, in_text

from evenhand.rules.diagnostics import Diagnostic, Findings, Location, Place, PolicyError, catalogue, nearest, printable
from evenhand.rules.load import load_text
from evenhand.rules.pages import page
from evenhand.rules.rendering import (
    FORMS,
    excerpt,
    render_github,
    render_json,
    render_text,
    summary,
)
from evenhand.rules.sarif import render_sarif

ROOT = Path(__file__).parents[1]
BAD = ROOT / "tests" / "bad"
GOLDEN = ROOT / "tests" / "golden"
CODES = sorted(catalogue())

#: What everything.toml cannot hold, and why.
NOT_IN_ONE_FILE = {
    **dict.fromkeys(SPECIMENS, "it is about a file, several files, or size"),
    **dict.fromkeys(ELSEWHERE, "it is about a file"),
    **dict.fromkeys(("invalid-toml", "duplicate-key", "too-deeply-nested"), "the file would not be TOML: broken.toml"),
    **dict.fromkeys(("unused-parameter", "unused-term", "unused-obligation"), "only sound policies: warnings.toml"),
    **dict.fromkeys(
        ("impossible-event", "learned-for-nothing", "learned-without-assumption", "unreachable-step"),
        "only sound policies: warnings.toml",
    ),
    "no-policy": "there is a [policy]",
    "extends-without-folder": "there is a folder",
    "no-calendar": "there is one",
    "never-open": "its mistakes are others",
}
for _code in ("extends-outside", "extends-unreadable", "condition-too-large"):
    del NOT_IN_ONE_FILE[_code]


def agrees_with_golden(name: str, text: str) -> None:
    """Compare *text* with a golden file; with UPDATE_GOLDEN set, write the file."""
    file = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    assert file.exists(), f"no golden file {name}: run with UPDATE_GOLDEN=1"
    assert text == file.read_text(encoding="utf-8")


# --- the catalogue and the source ------------------------------------------------------------------------------------

_REPORTERS = {"report", "bare_number", "_report_unused", "SyntaxProblem", "FactProblem", "Problem", "Diagnostic"}


def _reports() -> Iterator[tuple[str, str, set[str] | None]]:
    """Yield each place in the source that reports a code: the place, the code, the facts (None where some are unpacked)."""
    for folder in ("rules", "engine", "cli"):
        for file in sorted((ROOT / folder).glob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
                texts = [a.value for a in node.args[:2] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                if name in _REPORTERS and texts:
                    keywords = {keyword.arg for keyword in node.keywords}
                    facts = None if None in keywords or name not in ("report", "SyntaxProblem") else keywords
                    where = f"{folder}/{file.name}:{node.lineno}"
                    yield where, texts[0], None if facts is None else {str(fact) for fact in facts}


#: Codes that are chosen from a table in the source.
CHOSEN = {"invalid-toml", "duplicate-key", "too-deeply-nested"}


def test_the_catalogue_holds_exactly_the_codes_that_are_reported() -> None:
    proved = {code for code in CODES if catalogue()[code].by}  # tests/test_proofs.py makes each of them fire
    assert {code for _, code, _ in _reports()} | CHOSEN | proved == set(CODES)


def test_every_report_states_the_facts_that_its_wording_needs() -> None:
    missing = [
        f"{where} {code}: {wanted - facts}"
        for where, code, facts in _reports()
        if facts is not None
        for entry in [catalogue()[code]]
        for wanted in [{name for _, name, _, _ in string.Formatter().parse(entry.message + entry.help) if name}]
        if not wanted <= facts
    ]
    assert not missing


@pytest.mark.parametrize("code", CODES)
def test_wording_is_in_the_house_style(code: str) -> None:
    entry = catalogue()[code]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
    assert entry.severity in ("error", "warning")
    for text in (entry.message, entry.help):
        assert not text.endswith(".")
        assert not re.search(r"\b(str|int|dict|NoneType|Exception|Decimal|Fraction|[A-Z][a-z]+[A-Z]\w+)\b", text)
    assert re.match(r"[a-z`{]", entry.message)
    assert entry.message.count("`") % 2 == 0
    for text in (entry.what, entry.why, entry.mend):
        assert re.match(r"[A-Z0-9`]", text)
        assert text.endswith((".", "?"))


# --- an example, a page and a golden file for each code --------------------------------------------------------------


@pytest.mark.parametrize("code", [code for code in CODES if catalogue()[code].bad])
def test_the_bad_example_is_reported_for_exactly_that(code: str) -> None:
    found = in_text(catalogue()[code].bad)
    assert [diagnostic.code for diagnostic in found] == [code]
    agrees_with_golden(f"codes/{code}.txt", render_text(found))


@pytest.mark.parametrize("code", [code for code in CODES if catalogue()[code].good])
def test_the_good_example_is_sound(code: str) -> None:
    assert render_text(in_text(catalogue()[code].good)) == ""


@pytest.mark.parametrize("code", sorted(SPECIMENS))
def test_what_no_text_can_show_is_shown_in_a_folder(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    found = SPECIMENS[code](Path("policies"))
    assert {diagnostic.code for diagnostic in found} == {code}
    agrees_with_golden(f"folders/{code}.txt", render_text(found))


def test_every_code_has_an_example_or_a_specimen() -> None:
    without = {code for code in CODES if not catalogue()[code].bad}
    assert without - ELSEWHERE <= set(SPECIMENS)


@pytest.mark.parametrize("file", sorted(BAD.glob("*.toml")), ids=lambda file: file.stem)
def test_a_bad_policy_is_told_all_that_is_wrong_with_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    found = in_file(Path(file.name))
    assert found
    agrees_with_golden(f"bad/{file.stem}.txt", f"{render_text(found)}\n{summary(found)}\n")


def test_one_bad_policy_makes_every_check_fire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    fired = {diagnostic.code for diagnostic in in_file(Path("everything.toml"))}
    assert fired == set(CODES) - set(NOT_IN_ONE_FILE)


def test_all_bad_policies_together_leave_out_only_what_needs_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    fired = {diagnostic.code for file in BAD.glob("*.toml") for diagnostic in in_file(Path(file.name))}
    assert set(CODES) - fired <= {*SPECIMENS, *ELSEWHERE, "no-policy", "extends-without-folder", "too-deeply-nested"}


def test_facts_are_told_all_that_is_wrong_with_them() -> None:
    found = in_facts(
        {
            "abuse": "rood",
            "loss": "4,50 USD",
            "paid": float("nan"),
            "fault": ["customer"],
            "verified": "perhaps",
            "virality": {"views": -1, "vews": 3, "shares": 1.5},
            "demand": {"any_of": ["refund", "refnd"]},
            "property_damage": {"between": ["9 USD", "2 USD"]},
            "exchange": {"hours_open": 48, "steps_done": "listen", "hours_since_contact": "yesterday"},
            "history": 3,
            "colour": "\x1b[31mred",
            "injury": object(),
            "legal.filed": 10**6000,
        }
    )
    agrees_with_golden("facts.txt", render_text(found))


@pytest.mark.once
def test_pages_are_fresh(root: Path) -> None:
    command = [sys.executable, "docs/generate.py", "--check"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"run `python docs/generate.py`:\n{run.stdout}{run.stderr}"


def test_a_page_shows_what_is_printed_for_its_example() -> None:
    assert "did you mean `hostile`?" in page("off-scale")
    assert "`loss` cannot be" not in page("off-scale")


# --- places ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [code for code in CODES if catalogue()[code].bad.strip()])
def test_a_place_lies_within_its_line(code: str) -> None:
    (found,) = in_text(catalogue()[code].bad)
    location = found.location
    assert location
    lines = catalogue()[code].bad.split("\n")
    assert location.source_line == lines[location.line - 1]
    assert 1 <= location.column <= len(location.source_line) + 1
    assert (location.line, location.column) <= (location.end_line, location.end_column)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('when = "loss > 5 USD and los > 5 USD"', "los"),
        ("when = 'loss > 5 USD and los > 5 USD'", "los"),
        ("when = \"channel = '\\u00e9' and loss > 5 USD\"", "'\\u00e9'"),
        ('when = """\n  injury and\n  abuse >= hostil"""', "hostil"),
        ('when = """injury \\\n    and   abuse >= hostil"""', "hostil"),
        ('when = ["injury", "abuse >= hostil"]', "hostil"),
        ('when.abuse = ">= hostil"', "hostil"),
        ('when = { abuse = [ "none", "hostil" ] }', "hostil"),
        ('"when" = { "abuse" = ">= hostil" }', "hostil"),
        ("when.loss = 50", "50"),
        ('when.virallity.views = "> 3"', "views"),
        ('when = "\t abuse   >=   hostil"', "hostil"),
    ],
)
def test_a_mistake_inside_a_condition_is_pointed_at_exactly(text: str, meant: str) -> None:
    source = f'{POLICY}[[rule]]\nid = "é"\n'.replace("é", "e") + f'{text}\nthen.refund = "deny"\n'
    (found,) = in_text(source)
    assert found.location
    assert found.location.line == found.location.end_line
    line = source.split("\n")[found.location.line - 1]
    assert line[found.location.column - 1 : found.location.end_column - 1] == meant


def test_findings_come_in_the_order_of_the_file() -> None:
    found = in_text((BAD / "warnings.toml").read_text(encoding="utf-8"))
    places = [(d.location.line, d.location.column) for d in found if d.location]
    assert places == sorted(places)
    assert len(places) == len(found) > 5


def test_what_a_broken_line_took_away_is_not_reported_as_missing() -> None:
    found = in_text(
        '[policy]\nid = "cafe\n[parameters]\nlimit = 50 USD\n[[rule]]\nid = "a"\nwhen = "loss > limit"\nthen.refund = "deny"\n'
    )
    assert [diagnostic.code for diagnostic in found] == ["invalid-toml", "invalid-toml"]


# --- suggestions and fixes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ('when = "virallity.views > 3"', "virality.views"),
        ('when = "abuse >= hostil"', "hostile"),
        ('when = "abuse >= hostile AND verified"', "and"),
        ('when = "loss > 50 usd"', "USD"),
        ('when = "exchange.hours_open > 3 horus"', "hours"),
        ('when = "exchange.hours_open > 3"', "3h"),
        ('when = "loss > 12.50"', "12.5 USD"),
        ('when = "injury"\nunles = "verified"', "unless"),
        ("when = true\ntitle = 5", '"5"'),
        ('when = true\nenabled = "True"', "true"),
        ('when = true\noblige = "write"', '["write"]'),
    ],
)
def test_a_name_that_is_close_is_suggested(text: str, suggestion: str) -> None:
    (found,) = in_text(f'{POLICY}[[rule]]\nid = "a"\n{text}\nthen.refund = "deny"\n')
    assert found.suggestion == suggestion
    assert found.help == f"did you mean `{suggestion}`?"


@pytest.mark.parametrize(
    "text",
    [
        'when = "loss > 50"',
        "when = 'loss > 50'",
        "when.loss = 50",
        'when.loss = "> 50"',
        'when = "message = Harbour"',
        'when = """\ninjury and\nloss > 50"""',
    ],
)
def test_a_fix_mends(text: str) -> None:
    source = f'{POLICY}[facts.message]\ntype = "text"\n[[rule]]\nid = "a"\n{text}\nthen.refund = "deny"\n'
    (found,) = in_text(source)
    assert found.fix
    assert in_text(_with_fix(source, found)) == ()


def test_no_fix_is_offered_where_its_quotes_would_end_the_text() -> None:
    source = f'{POLICY}[facts.m]\ntype = "text"\n[[rule]]\nid = "a"\nwhen = \'m = Harbour\'\nthen.refund = "deny"\n'
    (found,) = in_text(source)
    assert (found.code, found.fix) == ("unquoted-text", "")


def _with_fix(source: str, found: Diagnostic) -> str:
    location = found.location
    assert location
    lines = source.split("\n")
    line = lines[location.line - 1]
    lines[location.line - 1] = line[: location.column - 1] + found.fix + line[location.end_column - 1 :]
    return "\n".join(lines)


def test_nearest_finds_slips_of_the_pen() -> None:
    known = ["refund", "defend", "walk_away", "insurance", "yes", "no"]
    slips = {"refnd": "refund", "Refund": "refund", "walk-away": "walk_away", "insurence": "insurance"}
    assert {slip: nearest(slip, known) for slip in [*slips, "coffee", ""]} == {**slips, "coffee": "", "": ""}


# --- the four forms --------------------------------------------------------------------------------------------------


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> tuple[Diagnostic, ...]:
    """Everything at once."""
    monkeypatch.chdir(BAD)
    return tuple(d for name in ("everything.toml", "broken.toml", "nowhere.toml") for d in in_file(Path(name)))


def test_text_has_a_caret_under_what_is_meant() -> None:
    (found,) = in_text(catalogue()["unknown-fact"].bad)
    assert render_text([found]) == (
        "policy.toml:6:9: unknown-fact: unknown fact `virallity.views`\n"
        ' 6 | when = "virallity.views >= 10_000"\n'
        "   |         ^^^^^^^^^^^^^^^\n"
        " help: did you mean `virality.views`?\n"
    )


@pytest.mark.parametrize(
    ("line", "column", "end", "shown"),
    [
        ('when = "los > 5"', 9, 12, 'when = "los > 5"\n        ^^^'),
        ('\twhen = "los > 5"', 10, 13, '    when = "los > 5"\n            ^^^'),
        ("title = “咖啡” los", 14, 17, "title = “咖啡” los\n               ^^^"),
        ("a\u0301bc los", 6, 9, "a\u0301bc los\n    ^^^"),
        ("x\x1b[31m los", 8, 11, "x\\x1b[31m los\n          ^^^"),
        ("x\u202elos", 3, 6, "x\\u202elos\n       ^^^"),
        ("los", 1, 1, "los\n^"),
        ("los", 4, 4, "los\n   ^"),
    ],
)
def test_carets_stand_under_what_is_meant_whatever_is_before_it(line: str, column: int, end: int, shown: str) -> None:
    found = excerpt(Location(1, column, 1, end, line))
    assert found
    assert f"{found.text}\n{' ' * found.start}{'^' * (found.end - found.start)}" == shown


def test_a_long_line_is_cut_on_both_sides() -> None:
    found = excerpt(Location(1, 5_001, 1, 5_004, "a" * 5_000 + "los" + "b" * 5_000))
    assert found
    assert found.text.startswith("…a")
    assert found.text.endswith("b…")
    assert len(found.text) <= 115
    assert found.text[found.start : found.end] == "los"


def test_nothing_in_a_message_moves_the_cursor() -> None:
    source = '[policy]\nid = "cafe"\n"\\u001b[2J\\u202e\\u0007" = 1\n'
    text = render_text(in_text(source))
    assert "\\x1b[2J\\u202e\\x07" in text
    assert text.replace("\n", "").isprintable()


def test_printable_leaves_letters_alone() -> None:
    assert printable("größer, 咖啡, naïve") == "größer, 咖啡, naïve"


def test_json_says_what_the_text_says(findings: tuple[Diagnostic, ...]) -> None:
    said = json.loads(render_json(findings))
    assert len(said) == len(findings)
    text = render_text(findings)
    for item in said:
        place = f":{item['line']}:{item['column']}" if item["line"] else ""
        assert f"{item['file']}{place}: " in text
        assert item["message"] in text
        assert item["help"] in text
        assert item["severity"] in ("error", "warning")


def test_github_commands_are_one_line_each(findings: tuple[Diagnostic, ...]) -> None:
    lines = render_github(findings).splitlines()
    assert len(lines) == len(findings)
    for line in lines:
        assert re.fullmatch(r"::(error|warning) file=[^,:]+(,\w+=[^,:]+)*,title=[a-z0-9-]+::.+", line)


def test_github_commands_escape_what_would_end_them() -> None:
    place = Place("odd,na:me%.toml")
    found = Diagnostic("unknown-fact", {"name": "a,b:c%\r\nd"}, place, location=Location(1, 2, 1, 3, "x"))
    assert render_github([found]) == (
        "::error file=odd%2Cna%3Ame%25.toml,line=1,endLine=1,col=2,endColumn=3,title=unknown-fact"
        "::unknown fact `a,b:c%25\\r\\nd`%0Afacts of your own are declared under [facts.NAME]\n"
    )


def test_sarif_is_what_the_standard_asks_for(findings: tuple[Diagnostic, ...]) -> None:
    """
    Check by hand what OASIS SARIF 2.1.0 (sections 3.13 to 3.55) requires of the properties that we write.

    The standard's own schema has its say in `test_sarif.py`.
    """
    log = json.loads(render_sarif(findings))
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert set(run) == {"tool", "automationDetails", "invocations", "columnKind", "results"}
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    driver = run["tool"]["driver"]
    assert driver["name"] == "Evenhand"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
    assert len(run["results"]) == len(findings)
    for result, found in zip(run["results"], findings, strict=True):
        _check_result(result, found, ids)
    assert any("fixes" in result for result in run["results"])


def _check_result(result: dict[str, Any], found: Diagnostic, ids: list[str]) -> None:
    assert set(result) - {"fixes"} == {
        "ruleId",
        "ruleIndex",
        "level",
        "message",
        "locations",
        "partialFingerprints",
    }
    assert ids[result["ruleIndex"]] == result["ruleId"] == found.code
    assert found.message in result["message"]["text"]
    (place,) = result["locations"]
    physical = place["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == found.file
    if found.location:
        region = physical["region"]
        assert all(isinstance(value, int) and value >= 1 for value in region.values())
        assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])
    for fix in result.get("fixes", []):
        (change,) = fix["artifactChanges"]
        (replacement,) = change["replacements"]
        assert replacement["insertedContent"]["text"] == found.fix
        assert change["artifactLocation"] == physical["artifactLocation"]
        assert replacement["deletedRegion"] == physical["region"]


def test_sarif_writes_paths_as_uris() -> None:
    found = Diagnostic("empty-file", {}, Place("my policies/größe.toml"))
    (result,) = json.loads(render_sarif([found]))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "my%20policies/gr%C3%B6%C3%9Fe.toml"


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_nothing_of_nothing(form: str) -> None:
    text = FORMS[form]([])
    assert text == "" or json.loads(text) is not None


# --- the values themselves -------------------------------------------------------------------------------------------


def test_a_policy_error_carries_and_prints_them_all() -> None:
    with pytest.raises(PolicyError) as caught:
        load_text((BAD / "variants.toml").read_text(encoding="utf-8"))
    lines = str(caught.value).splitlines()
    assert len(lines) == len(caught.value.diagnostics) > 50
    assert all(str(found) in lines for found in caught.value.diagnostics)


def test_the_same_finding_at_the_same_place_is_kept_once() -> None:
    findings = Findings()
    for _ in range(3):
        findings.report("unknown-fact", Place("a.toml", ("x",)), name="y")
    assert len(findings) == 1
    findings.report("unknown-fact", Place("a.toml", ("x",)), name="z")
    assert len(findings) == 2


def test_warnings_do_not_keep_a_policy_from_loading() -> None:
    loaded = load_text((BAD / "warnings.toml").read_text(encoding="utf-8"))
    assert {warning.severity for warning in loaded.warnings} == {"warning"}
    assert summary(loaded.warnings) == "11 warnings"
