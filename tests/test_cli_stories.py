"""`policy test` tells stories: with the tests, each failure at its moment, in every format."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from case_policies import OWN, written
from commands import run

WRONG = OWN.replace('walk_away = "end", facts', 'walk_away = "ban", facts').replace(
    'status = "monitored"', 'status = "open"'
)
TEST = '[[test]]\nname = "Hurt"\ngiven = { injury = true }\nexpect = { insurance = "notify" }\n'

LONG_CHAIN = """
[policy]
id = "long-chain"
[[rule]]
id = "first"
then.refund = "deny"
[[story]]
name = "On and on"
[[story.events]]
kind = "message_sent"
expect = { refund = "full" }
[[story.events]]
after = "1h"
kind = "post_seen"
expect = { refund = "deny" }
[[pattern]]
id = "p0"
[[pattern.events]]
kind = "post_seen"
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return written(tmp_path, OWN + TEST)


@pytest.fixture
def wrong(own: Path) -> Path:
    own.write_text(WRONG + TEST, encoding="utf-8")
    return own


@pytest.mark.usefixtures("own")
def test_stories_are_told_with_the_tests() -> None:
    ran = run("test", "own.toml")
    assert ran.code == 0
    told = [
        "  ✓ Hurt",
        "  ✓ A rant that grows  (a story)",
        "  ✓ Nobody answers  (a story)",
        "",
        "1 test and 2 stories: 3 passed.",
    ]
    assert ran.out.splitlines()[1:] == told


@pytest.mark.usefixtures("wrong")
def test_what_came_out_otherwise_stands_under_its_moment() -> None:
    ran = run("test", "own.toml")
    assert ran.code == 1
    lines = OWN.splitlines()
    begins = lines.index('name = "A rant that grows"')
    cy = next(number for number, line in enumerate(lines) if line == 'author = "cy"') - 2
    assert ran.out.splitlines()[2:9] == [
        f"  ✗ A rant that grows  own.toml:{begins}",
        f"      after 2h, post_seen:  line {cy}",
        "        walk_away  expected ban, got end",
        "                   rule `pile`: pile_on",
        f"      in the end:  line {begins}",
        "        status  expected open, got monitored",
        "  ✓ Nobody answers  (a story)",
    ]
    assert ran.out.splitlines()[-1] == "1 test and 2 stories: 2 passed, 1 failed."


@pytest.mark.usefixtures("wrong")
def test_only_those_with_some_words_in_their_name_are_told() -> None:
    nobody = run("test", "own.toml", "-k", "NOBODY")
    assert (nobody.code, nobody.out.splitlines()[-1]) == (0, "1 story: 1 passed.")
    assert run("test", "own.toml", "-k", "hurt").out.splitlines()[-1] == "1 test: 1 passed."
    none = run("test", "own.toml", "-k", "nothing like it")
    assert none.code == 2
    assert "no test or story has 'nothing like it' in its name" in none.err


@pytest.mark.usefixtures("wrong")
def test_several_policies_are_counted_together() -> None:
    ran = run("test", "own.toml", "base.toml")
    assert ran.code == 1
    assert "  ✓ 1 story passed\n" in ran.out
    assert "Hurt" not in ran.out
    assert ran.out.splitlines()[-1] == "1 test and 3 stories: 3 passed, 1 failed."


@pytest.mark.usefixtures("wrong")
def test_json_has_stories_beside_tests() -> None:
    ran = run("test", "own.toml", "--format", "json")
    assert ran.code == 1
    found = json.loads(ran.out)
    rant, nobody = found["policies"][0]["stories"]
    assert (rant["passed"], nobody["passed"], nobody["mismatches"]) == (False, True, [])
    first, last = rant["mismatches"]
    assert first["when"] == "after 2h, post_seen"
    assert first["at"] == "2026-11-20T12:00:00+00:00"
    assert (first["name"], first["expected"], first["got"]) == ("walk_away", "ban", "end")
    assert (last["when"], last["line"]) == ("in the end", rant["line"])
    assert found["summary"] == {
        "policies": 1,
        "unsound_policies": 0,
        "tests": 1,
        "passed": 1,
        "failed": 0,
        "stories": 2,
        "failed_stories": 1,
    }


@pytest.mark.usefixtures("wrong")
def test_junit_has_a_case_for_each_story() -> None:
    ran = run("test", "own.toml", "--format", "junit")
    suite = ET.fromstring(ran.out)[0]
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    rant = next(case for case in suite if case.get("name") == "A rant that grows")
    (failure,) = rant
    expected = "after 2h, post_seen: walk_away expected ban, got end (rule `pile`: pile_on)"
    assert failure.get("message") == expected
    assert (failure.text or "").splitlines() == [expected, "in the end: status expected open, got monitored"]


@pytest.mark.usefixtures("wrong")
def test_github_gets_an_annotation_at_each_line_that_failed() -> None:
    lines = run("test", "own.toml", "--format", "github").out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(
        "::error file=own.toml,line=81,title=story failed%3A A rant that grows::after 2h, post_seen: "
    )
    assert lines[1].endswith("::in the end: status expected open, got monitored")


@pytest.mark.usefixtures("own")
def test_stories_do_not_count_for_coverage() -> None:
    """Rules that only stories reach have been tried by no test."""
    report = run("test", "own.toml", "--coverage", "--with-packs").out
    without = OWN[: OWN.index("[[story]]")] + TEST
    Path("own.toml").write_text(without, encoding="utf-8")
    alone = run("test", "own.toml", "--coverage", "--with-packs").out
    assert "pile" in report
    assert [line for line in report.splitlines() if "%" in line] == [line for line in alone.splitlines() if "%" in line]


def test_a_story_whose_patterns_go_on_and_on_fails_at_its_moment(tmp_path: Path) -> None:
    """It is told as a failure, not as a crash; what stands before it is still compared."""
    links = (f'[[pattern]]\nid = "p{n}"\n[[pattern.events]]\npattern = "p{n - 1}"\n' for n in range(1, 60))
    path = tmp_path / "long.toml"
    path.write_text(LONG_CHAIN + "".join(links), encoding="utf-8")
    ran = run("test", path)
    assert ran.code == 1
    assert "at once, message_sent:" in ran.out
    assert "refund  expected full, got deny" in ran.out
    assert "after 1h, post_seen:" in ran.out
    assert "story  expected an end, got none" in ran.out
    assert "complete one another" in ran.out
