"""SARIF from `policy check` and `policy verify`: valid by OASIS's schema, and with all that GitHub's code scanning asks for."""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

import pytest
from commands import run
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from evenhand.rules import sarif
from evenhand.rules.diagnostics import Diagnostic, Place, catalogue
from evenhand.rules.sarif import Result, render_results, render_sarif

BAD = Path(__file__).parent / "bad"
SAMPLES = [code for code, entry in catalogue().items() if entry.sample and entry.by.startswith("verify")]


def accepted(text: str) -> Any:
    """
    Return a log that OASIS's schema accepts and that has what GitHub documents as needed.

    Source: GitHub Docs, SARIF support for code scanning, 2026: properties marked as required, and the limits.
    """
    Sarif.model_validate_json(text)
    log = json.loads(text)
    (run_,) = log["runs"]
    assert run_["tool"]["driver"]["name"] == "Evenhand"
    rules = run_["tool"]["driver"]["rules"]
    for rule in rules:
        assert len(rule["id"]) <= 255
        for key in ("shortDescription", "fullDescription"):
            assert 0 < len(rule[key]["text"]) <= 1024
        assert rule["help"]["text"]
        assert len(rule["properties"]["tags"]) <= 20
        assert rule["properties"]["problem.severity"] in ("error", "warning", "recommendation")
        assert rule["properties"]["precision"] in ("very-high", "high", "medium", "low")
    assert len(run_["results"]) <= 25_000
    prints = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run_["results"]]
    assert len(set(prints)) == len(prints)
    for result in run_["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        (place,) = result["locations"]
        _check_place(place["physicalLocation"])
        for fix in result.get("fixes", []):
            for change in fix["artifactChanges"]:
                for replacement in change["replacements"]:
                    _check_place({**change, "region": replacement["deletedRegion"]})
    return log


def _check_place(physical: dict[str, Any]) -> None:
    uri = physical["artifactLocation"]["uri"]
    assert re.fullmatch(r"(?:file:///)?[\w.~%!$&'()*+,;=@/-]+", uri), uri
    region = physical["region"]
    assert region["startLine"] >= 1
    if "endLine" in region:
        assert (region["startLine"], region["startColumn"]) <= (region["endLine"], region["endColumn"])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_everything_that_checking_finds_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    names = sorted(path.name for path in BAD.glob("*.toml"))
    log = accepted(run("check", *names, "--format", "sarif").out)
    results = log["runs"][0]["results"]
    assert len(results) > 100
    assert any("fixes" in result for result in results)
    assert {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results} >= set(names)


def test_nothing_found_is_valid_too() -> None:
    assert accepted(run("check", "house", "--format", "sarif").out)["runs"][0]["results"] == []


@pytest.mark.parametrize("code", SAMPLES)
def test_every_finding_of_verify_is_valid(code: str, here: Path) -> None:
    pytest.importorskip("z3")
    (here / "café no 1.toml").write_text(catalogue()[code].sample, encoding="utf-8")
    how = "--orders" if code == "forbidden-order" else "--overlaps"
    log = accepted(run("verify", "café no 1.toml", how, "--format", "sarif").out)
    found = {result["ruleId"]: result for result in log["runs"][0]["results"]}
    place = found[code]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "caf%C3%A9%20no%201.toml"
    assert found[code]["level"] == ("note" if code == "overlapping-rules" else "warning")


def test_what_is_allowed_is_suppressed_in_source_with_its_reason(here: Path) -> None:
    pytest.importorskip("z3")
    sample = catalogue()["redundant-test"].sample
    allowance = '[[rule.allow]]\nfinding = "redundant-test"\nbecause = "The tiers read alike."\nuntil = 2027-06-01\n'
    Path("cafe.toml").write_text(sample + allowance)
    log = accepted(run("verify", "cafe.toml", "--as-of", "2027-06-01", "--format", "sarif").out)
    (found,) = [result for result in log["runs"][0]["results"] if result["ruleId"] == "redundant-test"]
    (suppression,) = found["suppressions"]
    assert suppression["kind"] == "inSource"
    assert suppression["justification"] == "The tiers read alike. (until 2027-06-01)"
    late = accepted(run("verify", "cafe.toml", "--as-of", "2027-06-02", "--format", "sarif").out)
    assert not any("suppressions" in result for result in late["runs"][0]["results"])


def test_a_file_named_in_full_is_relative_to_the_current_folder_and_others_keep_their_place(here: Path) -> None:
    assert sarif.uri(str(here / "policies" / "cafe.toml")) == "policies/cafe.toml"
    assert sarif.uri("/elsewhere/cafe.toml") == "file:///elsewhere/cafe.toml"


def test_check_and_verify_do_not_replace_each_other() -> None:
    """A service takes a later upload with the same id for a newer run of the same analysis."""
    assert accepted(render_sarif([]))["runs"][0]["automationDetails"] == {"id": "policy-check/"}
    assert accepted(render_results([], "policy-verify"))["runs"][0]["automationDetails"] == {"id": "policy-verify/"}


def test_a_run_from_a_folder_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert "version" not in accepted(render_sarif([]))["runs"][0]["tool"]["driver"]


def test_more_results_than_are_taken_leave_out_the_least_urgent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST", 3)
    found = [
        Diagnostic("shadowed-rule", {"rule": f"r{n}", "wins": "wins", "by": "x"}, Place("a.toml")) for n in range(3)
    ]
    results = [Result(found[0], "meant"), Result(found[1], is_note=True), Result(found[2])]
    results.append(Result(Diagnostic("file-not-found", {"name": "b"}, Place("b.toml"))))
    log = accepted(render_results(results, "policy-verify"))
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == [
        "file-not-found",
        "shadowed-rule",
        "shadowed-rule",
    ]
    (said,) = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert said["message"]["text"].startswith("1 result was left out")
