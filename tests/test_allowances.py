"""Findings that an owner allows: with a reason, until a day, on the item that is to blame."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from commands import run

from evenhand import Policy
from evenhand.engine.proofs import Finding, verify
from evenhand.rules.diagnostics import PolicyError
from evenhand.rules.layout import format_document
from evenhand.rules.one_file import one_file

pytest.importorskip("z3")

DAY = dt.date(2026, 11, 21)
LARGE = """
[policy]
id = "cafe"
[[rule]]
id = "large"
when = "loss > 500 USD and loss > 100 USD"
then.refund = "deny"
[[rule]]
id = "small"
when = "loss <= 500 USD"
then.refund = "full"
"""
ALLOWANCE = 'finding = "{}"\nbecause = "The tiers read alike."\nuntil = {}\n'


def allowing(finding: str, *, on: str = "rule", until: str = "2027-06-01", more: str = "") -> str:
    return f"[[{on}.allow]]\n{ALLOWANCE.format(finding, until)}{more}\n"


def after_the_first_rule(text: str) -> str:
    head, _, tail = LARGE.rpartition("[[rule]]")
    return f"{head}{text}[[rule]]{tail}"


def counting(text: str, day: dt.date = DAY) -> list[Finding]:
    return [finding for finding in verify(Policy.loads(text), as_of=day) if finding.counts]


def codes(text: str, day: dt.date = DAY) -> list[str]:
    return [finding.code for finding in counting(text, day)]


def test_without_an_allowance_the_finding_counts() -> None:
    assert codes(LARGE) == ["redundant-test"]


def test_a_finding_is_left_out_up_to_its_last_day_and_then_comes_back() -> None:
    text = after_the_first_rule(allowing("redundant-test"))
    assert codes(text, dt.date(2027, 6, 1)) == []
    (finding,) = counting(text, dt.date(2027, 6, 2))
    assert finding.code == "redundant-test"
    assert finding.lapsed is not None
    assert finding.lapsed.because == "The tiers read alike."


def test_an_allowance_covers_no_other_rule_and_no_other_finding() -> None:
    assert codes(LARGE + allowing("redundant-test")) == ["redundant-test", "unneeded-allow"]
    assert codes(after_the_first_rule(allowing("shadowed-rule"))) == ["redundant-test", "unneeded-allow"]


def test_an_allowance_without_need_is_found_at_its_place_even_past_its_day() -> None:
    text = LARGE + allowing("shadowed-rule", until="2020-01-01", more='rule = "large"')
    finding = next(found for found in counting(text) if found.code == "unneeded-allow")
    assert finding.place.path == ("rule", 1, "allow", 0)
    assert finding.message == "`shadowed-rule` is allowed here, and is not found for rule `large`"


def test_what_was_not_proved_makes_no_allowance_needless() -> None:
    found = verify(Policy.loads(LARGE + allowing("shadowed-rule")), budget=0, as_of=DAY)
    assert "unneeded-allow" not in {finding.code for finding in found}


GAP = """
[policy]
id = "cafe"
[[rule]]
id = "some"
when = "injury"
then.refund = "deny"
then.defend = "no"
"""


def test_a_decision_and_the_whole_policy_can_allow_and_a_narrower_key_keeps_the_rest() -> None:
    assert codes(GAP) == ["uncovered-incident"] * 2
    on_decision = counting(GAP + allowing("uncovered-incident", on="decisions.refund"))
    assert [finding.decision for finding in on_decision] == ["defend"]
    assert codes(GAP + allowing("uncovered-incident", on="policy")) == []
    narrow = counting(GAP + allowing("uncovered-incident", on="policy", more='decision = "defend"'))
    assert [finding.decision for finding in narrow] == ["refund"]


def test_either_of_two_rules_that_disagree_can_allow_it() -> None:
    text = """
[policy]
id = "cafe"
[decisions.refund]
hit_policy = "unique"
[[rule]]
id = "small"
when = "loss <= 50 USD"
then.refund = "full"
{}
[[rule]]
id = "large"
when = "loss >= 50 USD"
then.refund = "partial"
{}
"""
    assert codes(text.format("", "")) == ["rules-disagree"]
    assert codes(text.format(allowing("rules-disagree"), "")) == []
    assert codes(text.format("", allowing("rules-disagree", more='rule = "small"'))) == []
    other = codes(text.format("", allowing("rules-disagree", more='rule = "somebody"')))
    assert other == ["rules-disagree", "unneeded-allow"]


def test_facts_obligations_guards_and_tables_can_allow() -> None:
    text = """
[policy]
id = "cafe"
[facts.weather]
one_of = ["sun", "rain"]
{facts}
[obligations.call]
title = "Call the owner"
{obligations}
[[table]]
id = "grid"
columns = ["injury", "=> refund"]
rows = [[false, "full"], [true, "full"]]
{table}
[[rule]]
id = "late"
then.refund = "full"
oblige = ["call"]
{rule}
[[guard]]
id = "line"
never = "refund = full and injury"
{guard}
"""
    allowed = {
        "facts": allowing("unused-fact", on="facts.weather"),
        "obligations": allowing("unreachable-obligation", on="obligations.call"),
        "rule": allowing("shadowed-rule"),
        "guard": allowing("breakable-guard", on="guard"),
        "table": "",
    }
    without = dict.fromkeys(allowed, "")
    assert len(codes(text.format(**without))) == 4
    assert codes(text.format(**allowed)) == []
    shadowed = text.format(
        **without,
    ).replace('[[false, "full"]', '[["-", "full"]')
    assert "shadowed-rule" in codes(shadowed)
    grid = shadowed.replace("[[rule]]", allowing("shadowed-rule", on="table") + "[[rule]]")
    assert [found.rules[0] for found in counting(grid) if found.code == "shadowed-rule"] == ["late"]


def test_a_declaration_of_independence_can_allow() -> None:
    text = """
[policy]
id = "cafe"
[[rule]]
id = "big"
when = "loss > 5 USD"
then.refund = "deny"
[[rule]]
id = "small"
then.refund = "full"
[[independent]]
id = "blind"
decision = "refund"
of = ["loss"]
"""
    (finding,) = counting(text)
    allowed = text + allowing(finding.code, on="independent")
    assert codes(allowed) == []


def test_an_extending_policy_inherits_allowances_with_what_they_stand_on(tmp_path: Path) -> None:
    """On rules they come along; for a whole policy they cover what is found in its own file only."""
    base = after_the_first_rule(allowing("redundant-test")) + allowing("uncovered-incident", on="policy")
    (tmp_path / "base.toml").write_text(base)
    own = '[policy]\nid = "own"\nextends = ["./base.toml"]\n[[rule]]\nid = "r"\nwhen = "injury"\nthen.defend = "no"\n'
    (path := tmp_path / "own.toml").write_text(own)
    found = [finding for finding in verify(Policy.load(path), as_of=DAY) if finding.counts]
    assert [(finding.code, finding.decision) for finding in found] == [("uncovered-incident", "defend")]


MISTAKES = {
    "unknown-finding": allowing("redundent-test"),
    "missing-key": '[[rule.allow]]\nfinding = "redundant-test"\nbecause = "x"\n',
    "wrong-kind": allowing("redundant-test", until='"2027-06-01"'),
    "unknown-key": allowing("redundant-test", more='rules = "x"'),
}


@pytest.mark.parametrize("code", MISTAKES)
def test_mistakes_in_an_allowance_are_diagnostics(code: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.loads(LARGE + MISTAKES[code])
    assert [found.code for found in caught.value.diagnostics] == [code]


def test_a_misspelt_finding_gets_a_suggestion_and_a_blank_reason_is_none() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.loads(LARGE + MISTAKES["unknown-finding"])
    assert caught.value.diagnostics[0].help == "did you mean `redundant-test`?"
    with pytest.raises(PolicyError, match="because"):
        Policy.loads(LARGE + allowing("redundant-test").replace("The tiers read alike.", " "))
    with pytest.raises(PolicyError, match=r"\[\[rule\.allow\]\]"):
        Policy.loads(LARGE + '[rule.allow]\nfinding = "redundant-test"\n')
    with pytest.raises(PolicyError, match="unused-parameter"):
        Policy.loads(LARGE + allowing("unused-parameter"))


def test_decisions_layout_and_one_file_keep_allowances() -> None:
    text = LARGE + allowing("redundant-test") + allowing("unused-fact", on="facts.paid")
    policy = Policy.loads(text)
    assert policy.decide({"loss": "3 USD"}).refund.outcome == "full"
    laid, problems = format_document(text)
    assert not problems
    assert Policy.loads(laid).tree.allowances == policy.tree.allowances
    again = Policy.loads(one_file(policy.tree, policy.documents))
    assert sorted(a.finding for a in again.tree.allowances) == ["redundant-test", "unused-fact"]


def test_the_command_leaves_out_what_is_allowed_and_says_how_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (path := Path("cafe.toml")).write_text(after_the_first_rule(allowing("redundant-test")))
    ran = run("verify", path, "--as-of", "2026-11-21")
    assert (ran.code, ran.out) == (0, f"{path}: nothing found, 1 finding allowed\n")
    late = run("verify", path, "--as-of", "2027-06-02")
    assert late.code == 1
    assert " note: was allowed until 2027-06-01: The tiers read alike." in late.out
    data = json.loads(run("verify", path, "--as-of", "2026-11-21", "--format", "json").out)
    (finding,) = data["policies"][0]["findings"]
    assert finding["allowed"] == {"because": "The tiers read alike.", "until": "2027-06-01", "file": str(path)}
