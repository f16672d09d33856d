"""`policy show`: the whole policy in English, as a table, and as one file that decides the same."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
from chooser import Chooser
from commands import run
from random_facts import kinds
from random_incidents import make_incident, make_moment
from random_policies import make_policy

from evenhand import FactError, Policy
from evenhand.rules.load import shipped_packs
from evenhand.rules.one_file import one_file

#: A fraction of the cases of the other properties: each loads two policies.
POLICIES = max(int(os.environ.get("EVENHAND_CASES", "20000")) // 100, 5)
WHOLE = [*shipped_packs(), "docs/examples/corner-cafe.toml"]


def essence(policy: Policy, facts: object, as_of: dt.date) -> object:
    """Return all that a policy decides, rules by their ids."""
    try:
        decision = policy.decide(facts, as_of=as_of)
    except FactError as error:
        return str(error)
    return (
        [
            (
                verdict.decision,
                verdict.canonical,
                verdict.status,
                dict(verdict.canonical_values),
                verdict.unsettled,
                verdict.possible,
                verdict.missing,
                verdict.rule and verdict.rule.id,
                [(rule.id, rule.title, rule.because, rule.source) for rule in verdict.rules],
            )
            for verdict in decision
        ],
        [(duty.id, duty.title, duty.by, duty.within) for duty in decision.obligations],
        [duty.id for duty in decision.possible_obligations],
        [(breach.guard.id, breach.certain, breach.missing) for breach in decision.breaches],
        decision.assumed,
    )


def in_one_file(policy: Policy) -> Policy:
    return Policy.loads(one_file(policy.tree, policy.documents), name="one.toml")


@pytest.mark.once
@pytest.mark.parametrize("name", WHOLE)
def test_one_file_decides_what_the_pack_decides(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On random incidents, with the same rules, duties and reasons."""
    monkeypatch.chdir(root)
    policy = Policy.load(name)
    whole = in_one_file(policy)
    assert not whole.tree.extends
    assert [rule.id for rule in whole.tree.rules] == [rule.id for rule in policy.tree.rules]
    choose = Chooser.seeded(7)
    for _ in range(60):
        facts, as_of = make_incident(choose, kinds(policy.tree.currency)), make_moment(choose)
        known = {name: value for name, value in facts.items() if name in policy.tree.facts}
        assert essence(whole, known, as_of) == essence(policy, known, as_of)


def test_one_file_decides_what_random_policies_decide() -> None:
    for seed in range(POLICIES):
        choose = Chooser.seeded(seed)
        made = make_policy(choose)
        whole = in_one_file(made.policy)
        for _ in range(5):
            facts, as_of = make_incident(choose, made.kinds, spoiled=choose.chance(4)), make_moment(choose)
            assert essence(whole, facts, as_of) == essence(made.policy, facts, as_of), made.text


@pytest.mark.once
@pytest.mark.parametrize("name", WHOLE)
def test_one_file_is_stable_laid_out_and_passes_its_own_tests(
    name: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    text = run("show", name, "--format", "toml").out
    path = tmp_path / "one.toml"
    path.write_text(text, encoding="utf-8")
    assert run("fmt", "--check", path).code == 0
    assert run("test", path).code == 0
    assert run("show", path, "--format", "toml").code == 0


EXTENDING = """
[policy]
id = "own"
extends = ["./base.toml"]
currency = "EUR"

[rates]
USD = "0.9"

[[rule]]
id = "grid/2"
enabled = false
because = "Not here."

[[rule]]
id = "old"
when.abuse = ["rude", "hostile"]
unless = [{ injury = true }, "legal.filed"]
then.refund = "credit"
"""
BASE = '''
[policy]
id = "base"

[parameters]
small = "10 USD"
words = ["a", "b"]

[facts.tone]
scale = ["soft", "loud"]
min   = "0"

[facts.tier]
type = "integer"
min  = 1
assume = 1

[[table]]
id = "grid"
columns = ["abuse", "loss", "=> refund", "because"]
rows = [
    ["none", "<= small", "full", "a \\"quoted\\" reason"],
    ["rude", "-", "credit", "second"],
    ["hostile", "-", "deny", """third
line"""],
]

[[rule]]
id = "old"
then.refund = "full"

[[rule]]
id = "grid/1"
enabled = false
because = "Never."
'''


def test_what_was_replaced_and_switched_off_stays_so(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(BASE.replace('min   = "0"\n', ""), encoding="utf-8")
    (tmp_path / "own.toml").write_text(EXTENDING, encoding="utf-8")
    policy = Policy.load(tmp_path / "own.toml")
    whole = in_one_file(policy)
    assert [rule.id for rule in policy.tree.rules] == ["grid/3", "old"]
    assert [rule.id for rule in whole.tree.rules] == ["grid/3", "old"]
    assert whole.tree.facts == policy.tree.facts
    day = dt.date(2026, 11, 21)
    for facts in ({"abuse": "hostile"}, {"abuse": "rude", "injury": False, "legal.filed": False}, {"abuse": "rude"}):
        assert essence(whole, facts, day) == essence(policy, facts, day)


def test_english_has_every_rule_with_its_reason_and_origin(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    policy = Policy.load("docs/examples/corner-cafe.toml")
    text = run("show", "docs/examples/corner-cafe.toml").out
    flat = " ".join(text.split())
    for rule in policy.tree.rules:
        place = (
            f"[{rule.id}, {rule.origin.document}:{policy.documents[rule.origin.document].line_of(rule.origin.path)}]"
        )
        assert place in flat
        assert " ".join(rule.because.split()) in flat
    assert "[docs/examples/corner-cafe.toml:17]" in flat
    assert "loss is at most 6 USD (free cup)" in flat


def test_the_table_has_every_rule() -> None:
    text = run("show", "house", "--format", "table").out
    assert [rule.id for rule in Policy.load("house").tree.rules if rule.id not in text] == []
    assert "\x1b" not in text


def test_a_broken_policy_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[policy]\n", encoding="utf-8")
    ran = run("show", path)
    assert (ran.code, ran.out) == (1, "")
    assert "missing-key" in ran.err


@pytest.mark.once
@pytest.mark.parametrize("name", WHOLE)
def test_one_file_says_the_same_of_cases(name: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds of events, plans, patterns, words for replies, watching, business hours and stories are all there."""
    monkeypatch.chdir(root)
    policy = Policy.load(name)
    kept, whole = policy.tree.case, in_one_file(policy).tree.case
    assert whole.events.keys() == kept.events.keys()
    assert {id_: [step.do for step in plan.steps] for id_, plan in whole.plans.items()} == {
        id_: [step.do for step in plan.steps] for id_, plan in kept.plans.items()
    }
    assert [(p.id, p.elements, p.within, p.when, p.forbidden) for p in whole.patterns] == [
        (p.id, p.elements, p.within, p.when, p.forbidden) for p in kept.patterns
    ]
    assert (whole.replies is None) == (kept.replies is None)
    if whole.replies is not None and kept.replies is not None:
        limits = ("longest", "most", "cool_off")
        assert [getattr(whole.replies, key) for key in limits] == [getattr(kept.replies, key) for key in limits]
        assert [(ban.id, ban.phrases, ban.patterns) for ban in whole.replies.bans] == [
            (ban.id, ban.phrases, ban.patterns) for ban in kept.replies.bans
        ]
    assert whole.duties == kept.duties
    assert (whole.monitoring is None) == (kept.monitoring is None)
    assert [(story.name, len(story.entries)) for story in whole.stories] == [
        (story.name, len(story.entries)) for story in kept.stories
    ]
