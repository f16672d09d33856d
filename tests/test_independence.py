"""`[[independent]]`: what it may say, how it is inherited, and that two incidents show where it does not hold."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from evenhand import Policy
from evenhand.engine.interpret import interpret
from evenhand.engine.proofs import Finding, verify
from evenhand.rules.diagnostics import PolicyError
from evenhand.rules.one_file import one_file

pytest.importorskip("z3")

HEAD = """
[policy]
id = "cafe"
[facts.score]
type = "integer"
[facts.tags]
type = "list of text"
[facts.note]
type = "text"
"""


def load(text: str) -> Policy:
    return Policy.loads(HEAD + text)


def found_in(text: str) -> tuple[Finding, ...]:
    return tuple(
        f for f in verify(load(text)) if f.code == "dependent-decision" or "dependent" in f.named.get("check", "")
    )


def codes(text: str) -> list[tuple[str, str]]:
    with pytest.raises(PolicyError) as caught:
        load(text)
    return [(d.code, d.suggestion) for d in caught.value.diagnostics]


# --- what it may say -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('of = ["score"]', [("missing-key", "")]),
        ('decision = "refund"', [("missing-key", "")]),
        ('decision = "refnd"\nof = ["score"]', [("unknown-decision", "refund")]),
        ('decision = "refund_amount"\nof = ["score"]', [("unknown-decision", "refund")]),
        (
            'decision = "refund"\nof = ["scor", "vulnerabel"]',
            [("unknown-fact", "score"), ("unknown-fact", "vulnerable")],
        ),
        ('decision = "refund"\nof = ["histry"]', [("unknown-fact", "history")]),
        ('decision = "refund"\nof = []', [("empty-list", "")]),
        ('decisions = []\nof = ["score"]', [("empty-list", "")]),
        ('decision = "refund"\nof = ["score", "score"]', [("named-twice", "")]),
        ('decision = "refund"\nof = ["history", "history.months_known"]', [("named-twice", "")]),
        ('decision = "refund"\ndecisions = ["refund"]\nof = ["score"]', [("named-twice", "")]),
        ('id = "No Score"\ndecision = "refund"\nof = ["score"]', [("bad-id", "no-score")]),
        ('decision = "refund"\nof = "score"', [("wrong-kind", '["score"]')]),
        ('decision = "refund"\nof = ["score"]\nunless = "injury"', [("unknown-key", "")]),
    ],
)
def test_mistakes_are_told_with_a_way_out(lines: str, expected: list[tuple[str, str]]) -> None:
    assert codes(f"[[independent]]\n{lines}\n") == expected


def test_a_group_stands_for_all_its_facts() -> None:
    policy = load('[[independent]]\ndecisions = ["refund", "walk_away"]\nof = ["virality"]\n')
    (declared,) = policy.tree.independent
    assert declared.decisions == ("refund", "walk_away")
    assert set(declared.facts) == {name for name in policy.tree.facts if name.startswith("virality.")}


def test_an_extending_policy_inherits_replaces_and_switches_off(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(
        '[policy]\nid = "base"\n[[independent]]\nid = "a"\ndecision = "refund"\nof = ["vulnerable"]\n'
        '[[independent]]\nid = "b"\ndecision = "refund"\nof = ["injury"]\n'
        '[[independent]]\nid = "c"\ndecision = "defend"\nof = ["injury"]\n'
    )
    (path := tmp_path / "cafe.toml").write_text(
        '[policy]\nid = "cafe"\nextends = ["./base.toml"]\n'
        '[[independent]]\nid = "a"\ndecision = "refund"\nof = ["channel"]\n'
        '[[independent]]\nid = "b"\nenabled = false\nbecause = "the insurer asks for it"\n'
    )
    policy = Policy.load(path)
    assert [(d.id, d.facts) for d in policy.tree.independent] == [("a", ("channel",)), ("c", ("injury",))]
    again = Policy.loads(one_file(policy.tree, policy.documents))
    assert [(d.id, d.facts) for d in again.tree.independent] == [("a", ("channel",)), ("c", ("injury",))]


# --- what is proved --------------------------------------------------------------------------------------------------

DECLARED = (
    '[[independent]]\ndecision = "refund"\nof = ["score", "tags", "note"]\n[decisions.refund]\ndefault = "deny"\n'
)


def rules(*whens: str, then: str = 'then.refund = "full"') -> str:
    return DECLARED + "".join(f'[[rule]]\nid = "r{at}"\nwhen = "{when}"\n{then}\n' for at, when in enumerate(whens))


@pytest.mark.parametrize(
    "when",
    [
        "score > 3",
        "score > 3 and injury",
        "score is missing",
        "tags contains 'vip'",
        "count(tags) > 2",
        "note matches '^gold'",
        "note = 'gold'",
        "score > paid / 1 USD",
        "injury and (note contains 'a' or vulnerable)",
    ],
)
def test_twins_show_each_way_to_depend_on_a_fact(when: str) -> None:
    """Both incidents are decided by the reference reading, differ in the declared facts alone, and in what is decided."""
    policy = load(rules(when))
    (finding,) = found_in(rules(when))
    assert finding.code == "dependent-decision"
    one, other = finding.witness, finding.twin
    assert one is not None and other is not None
    off_limits = {"score", "tags", "note"}
    assert {k: v for k, v in one.known.items() if k not in off_limits} == {
        k: v for k, v in other.known.items() if k not in off_limits
    }
    verdicts = [interpret(policy.tree, w.known, w.as_of).verdicts["refund"] for w in (one, other)]
    assert {verdict.canonical for verdict in verdicts} == {"full", "deny"}
    assert len(one.known) <= 3


@pytest.mark.parametrize(
    "text",
    [
        rules("injury", "score > 3 and injury"),
        rules("score > 3 and injury", "score <= 3 and injury"),
        rules("tags contains 'vip' and loss < 1 USD", "loss < 1 USD"),
        rules("note matches 'x'", "not (note matches 'x')"),
        rules("score > 3", then='then.walk_away = "ban"'),
    ],
)
def test_a_fact_that_is_asked_for_and_makes_no_difference_is_no_finding(text: str) -> None:
    assert not found_in(text)


def test_a_value_that_follows_the_fact_is_a_difference() -> None:
    text = rules("injury", then='then.refund = "full"\nthen.refund_amount = "score * 1 USD"')
    (finding,) = found_in(text)
    assert finding.code == "dependent-decision"
    same = rules("injury and score > 3", "injury", then='then.refund = "full"\nthen.refund_amount = "5 USD"')
    assert not found_in(same)


def test_a_red_line_that_asks_for_the_fact_is_a_difference() -> None:
    guard = '[[guard]]\nid = "g"\nnever = "refund = full and score > 3"\n'
    (finding,) = found_in(rules("injury") + guard)
    assert finding.code == "dependent-decision"
    assert not found_in(rules("injury") + guard.replace("refund = full", "refund = credit"))


def test_random_policies_depend_exactly_where_some_pair_of_incidents_says_so() -> None:
    """Small policies over a few values, each pair of twins tried by the reference reading."""
    choose = random.Random(11)
    dependent = 0
    for _ in range(60):
        tests = ["score > 1", "score <= 2", "injury", "not injury", "vulnerable", "score = 2"]
        whens = [" and ".join(choose.sample(tests, choose.randint(1, 3))) for _ in range(choose.randint(1, 3))]
        text = DECLARED
        for at, when in enumerate(whens):
            text += f'[[rule]]\nid = "r{at}"\nwhen = "{when}"\nthen.refund = "{choose.choice(["deny", "full"])}"\n'
        try:
            policy = load(text)
        except PolicyError:
            continue
        differs = False
        for injury in (False, True):
            for vulnerable in (False, True):
                outcomes = {
                    policy.decide({"score": score, "injury": injury, "vulnerable": vulnerable}).refund.outcome
                    for score in (0, 1, 2, 3)
                }
                differs |= len(outcomes) > 1
        dependent += differs
        assert [f.code for f in found_in(text)] == (["dependent-decision"] if differs else []), text
    assert dependent > 10
