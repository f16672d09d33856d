"""Mutants: what each operator makes, what the tests notice of it, and what is proved to make no difference."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterator, Mapping

import pytest
from chooser import Chooser
from random_incidents import Facts, make_incident, make_moment
from random_policies import Made, make_policy

from evenhand import FactError, Policy
from evenhand.engine.mutation import OPERATORS, FailingTestsError, Fate, Mutant, Score, mutate
from evenhand.engine.mutation.making import make_mutants
from evenhand.engine.mutation.operators import ON_CONDITIONS, ON_EXPRESSIONS
from evenhand.engine.mutation.running import Trials
from evenhand.engine.mutation.sites import conditions_in, expressions_in
from evenhand.engine.policy import Policy as Held
from evenhand.engine.proofs.compare import difference, told
from evenhand.engine.proofs.ground import Answer
from evenhand.engine.solve import Point
from evenhand.engine.trials import run_trials
from evenhand.engine.truth import is_value
from evenhand.rules.given import Knowledge
from evenhand.rules.load import Loaded, asked_facts, shipped_packs
from evenhand.rules.normal import Normalizer, Universe
from evenhand.rules.rulebook import named_decisions
from evenhand.rules.tree import Compare, Condition, PolicyTree

HEAD = """
[policy]
id = "cafe"
[facts.weight]
type = "number"
[facts.since]
type = "date"
[facts.wait]
type = "duration"
[facts.note]
type = "text"
[parameters]
small = "50 USD"
[terms]
ours = "fault = business"
[obligations.log]
title = "Write it down"
[obligations.call]
title = "Call back"
"""
#: So many random policies are mutated; each takes a while.
POLICIES = max(int(os.environ.get("EVENHAND_CASES", "20000")) // 500, 2)
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))
TODAY = dt.date(2026, 11, 15)


def policy(text: str) -> Policy:
    return Policy.loads(f"{HEAD}{text}")


def made(text: str) -> tuple[Mutant, ...]:
    return make_mutants(policy(text).tree, "policy.toml").mutants


def changes(text: str, operator: str) -> list[str]:
    return [f"{mutant.subject}: {mutant.change}" for mutant in made(text) if mutant.operator == operator]


def rule(when: str, more: str = "", then: str = 'then.refund = "full"') -> str:
    return f'[[rule]]\nid = "pay"\nwhen = """{when}"""\n{then}\n{more}\n'


#: For each operator a policy, and all that it does to it.
SAMPLES: Mapping[str, tuple[str, list[str]]] = {
    "bound": (
        rule("loss <= 50 USD and abuse >= rude and fault = shared and weight > 2.5 and wait < 2h"),
        [
            "`loss <= 50 USD` became `loss <= 49.99 USD`",
            "`loss <= 50 USD` became `loss <= 50.01 USD`",
            "`abuse >= rude` became `abuse >= hostile`",
            "`fault = shared` became `fault = customer`",
            "`fault = shared` became `fault = third_party`",
            "`weight > 2.5` became `weight > 2.4`",
            "`weight > 2.5` became `weight > 2.6`",
            "`wait < 2h` became `wait < 1h`",
            "`wait < 2h` became `wait < 3h`",
        ],
    ),
    "comparison": (
        rule("loss <= 50 USD and fault != shared and note starts with 'a'"),
        [
            "`loss <= 50 USD` became `loss < 50 USD`",
            "`loss <= 50 USD` became `loss > 50 USD`",
            "`fault != shared` became `fault = shared`",
            "`note starts with 'a'` became `note contains 'a'`",
        ],
    ),
    "connective": (
        rule("verified and (injury or vulnerable)", 'unless = "abuse in (rude, hostile)"'),
        [
            "`verified and (injury or vulnerable)` became `verified or (injury or vulnerable)`",
            "`injury or vulnerable` became `injury and vulnerable`",
        ],
    ),
    "part": (
        rule("verified and injury and demand in (none, apology)"),
        [
            "`verified` was left out",
            "`injury` was left out",
            "`demand in (none, apology)` was left out",
            "`demand = none` was left out",
            "`demand = apology` was left out",
        ],
    ),
    "negation": (
        rule("verified and not injury and loss is known and demand in (none, apology)"),
        [
            "`verified` became `not verified`",
            "`not injury` became `injury`",
            "`loss is known` became `loss is missing`",
            "`demand in (none, apology)` became `not (demand in (none, apology))`",
        ],
    ),
    "arithmetic": (
        rule("loss > 2 * paid", then='then.refund = "full"\nthen.refund_amount = "min(loss - 1 USD, paid)"'),
        [
            "`loss > 2 * paid` became `loss > paid / 2`",
            "`refund_amount = min(loss - 1 USD, paid)` became `refund_amount = max(loss - 1 USD, paid)`",
            "`refund_amount = min(loss - 1 USD, paid)` became `refund_amount = min(loss + 1 USD, paid)`",
        ],
    ),
    "unless": (rule("verified", 'unless = "injury or ours"'), ["`unless injury or ours` was left out"]),
    "outcome": (
        rule("verified", then='then.refund = "partial"\nthen.defend = "no"'),
        [
            "`refund = partial` became `refund = credit`",
            "`refund = partial` became `refund = full`",
            "`defend = no` became `defend = privately`",
            "outcome `refund` was left out",
            "outcome `defend` was left out",
        ],
    ),
    "value": (
        rule("verified", then='then.refund = "full"\nthen.refund_amount = "loss"')
        + '[[rule]]\nid = "tell"\nthen.insurance = "notify"\nthen.insurance_lines = ["a", "b"]\n',
        [
            "`refund_amount = loss` became `refund_amount = loss + 0.01 USD`",
            "`refund_amount` was left out",
            "`insurance_lines = a, b` became `insurance_lines = b`",
            "`insurance_lines = a, b` became `insurance_lines = a`",
            "`insurance_lines` was left out",
        ],
    ),
    "duty": (
        rule("verified", 'oblige = ["log"]') + '[[rule]]\nid = "b"\noblige = ["log"]\n',
        ["duty `log` was left out"],
    ),
    "rule": (
        rule("verified")
        + '[[table]]\nid = "t"\ncolumns = ["loss", "=> refund"]\nrows = [["<= small", "full"], ["-", "deny"]]\n',
        ["the whole rule was left out", "the whole row was left out", "the whole row was left out"],
    ),
    "order": (
        rule("verified")
        + '[[rule]]\nid = "no"\nwhen = "injury"\nthen.refund = "deny"\n[[rule]]\nid = "other"\nthen.defend = "no"\n',
        ["it was tried before `pay`"],
    ),
    "default": (
        rule("verified") + '[decisions.walk_away]\ndefault = "stay"\n',
        ["`default = stay` became `default = pause`", "the default `stay` was left out"],
    ),
    "guard": (
        rule("verified") + '[[guard]]\nid = "line"\nnever = "refund = full and injury"\n',
        ["the red line was left out"],
    ),
    "parameter": (
        rule("loss <= small or paid <= small"),
        ["`small = 50 USD` became `small = 49.99 USD`", "`small = 50 USD` became `small = 50.01 USD`"],
    ),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_each_operator_makes_just_the_slips_of_its_sample(name: str) -> None:
    text, expected = SAMPLES[name]
    assert [change.partition(": ")[2] for change in changes(text, name)] == expected


@pytest.mark.parametrize("name", [*ON_CONDITIONS, *ON_EXPRESSIONS])
def test_the_example_of_each_operator_is_what_it_makes(name: str) -> None:
    operator = OPERATORS[name]
    before, after = (policy(rule(text)).tree.rules[0] for text in (operator.before, operator.after))
    tree = policy(rule(operator.before)).tree
    forms = [
        Normalizer(Universe(tree.facts, {})).normal_form(condition) for condition in rewritten(name, before.condition)
    ]
    assert after.form in forms


def rewritten(name: str, condition: Condition) -> Iterator[Condition]:
    for part, put in conditions_in(condition):
        if name in ON_CONDITIONS:
            yield from (put(rewrite.after) for rewrite in ON_CONDITIONS[name](part))
        elif isinstance(part, Compare):
            for inner, put_inside in expressions_in(part.right):
                for new in ON_EXPRESSIONS[name](inner):
                    yield put(Compare(part.operator, part.left, put_inside(new)))


def test_what_many_rules_share_is_changed_for_all_of_them() -> None:
    """A term in a term, in rules and in a red line; a parameter in conditions and in values."""
    text = (
        '[[rule]]\nid = "a"\nwhen = "due"\nthen.refund = "full"\nthen.refund_amount = "small"\n'
        '[[rule]]\nid = "b"\nwhen = "loss <= small"\nthen.refund = "deny"\n'
        '[[guard]]\nid = "line"\nnever = "refund = full and not ours"\n'
    )
    found = Policy.loads(HEAD.replace("[terms]", '[terms]\ndue = "ours and verified"') + text)
    mutants = make_mutants(found.tree, "policy.toml").mutants
    (term,) = [m for m in mutants if m.change == "`fault = business` became `fault = customer`"]
    assert (set(term.edit.rules), set(term.edit.guards), set(term.edit.terms)) == ({0}, {0}, {"due", "ours"})
    (more, _) = [m for m in mutants if m.kind == "parameter"]
    assert set(more.edit.rules) == {0, 1}


def test_only_a_policys_own_parts_are_changed_unless_asked() -> None:
    text = '[policy]\nid = "mine"\nextends = ["de-escalation"]\n[[rule]]\nid = "mine"\nwhen = "injury"\nthen.refund = "deny"\n'
    tree = Policy.loads(text).tree
    own = {mutant.id for mutant in make_mutants(tree, "policy.toml").mutants}
    every = {mutant.id for mutant in make_mutants(tree, "policy.toml", packs=True).mutants}
    assert own == {"mine"}
    assert len(every) > 20


def test_a_limit_that_no_value_meets_is_not_tried_because_the_loader_refuses_it() -> None:
    assert changes(rule("loss <= 0 USD"), "bound") == ["rule `pay`: `loss <= 0 USD` became `loss <= 0.01 USD`"]


def test_of_slips_that_come_to_the_same_one_is_tried() -> None:
    """`views < 5` with 4, and `views <= 4`; to leave out a word, and to leave out what holds for it."""
    meanings = [mutant.edit.meaning for mutant in made(rule("virality.views < 5 and demand in (none, apology)"))]
    assert len(meanings) == len(set(meanings))
    assert changes(rule("virality.views < 5"), "comparison") == [
        "rule `pay`: `virality.views < 5` became `virality.views >= 5`"
    ]


def test_a_sample_is_the_same_for_the_same_seed_and_said_to_be_one() -> None:
    tree = Policy.load("ground-rules").tree
    name = tree.rules[0].origin.document
    one, two, other = (make_mutants(tree, name, most=20, seed=seed) for seed in (1, 1, 2))
    assert one == two != other
    assert len(one.mutants) <= 20 < (one.of or 0)


# --- scores ----------------------------------------------------------------------------------------------------------

SMALL = """
[policy]
id = "small"
[[rule]]
id   = "pay"
when = "loss <= 50 USD"
then.refund = "full"
[[rule]]
id   = "no"
then.refund = "deny"
[[test]]
name   = "a small loss"
given  = { loss = "20 USD" }
expect = { refund = "full" }
[[test]]
name   = "a large loss"
given  = { loss = "90 USD" }
expect = { refund = "deny" }
"""


def fates(score: Score) -> dict[str, Fate]:
    return {f"{result.mutant.id}: {result.mutant.change}": result.fate for result in score.results}


def test_the_score_of_a_small_policy_counted_by_hand() -> None:
    pytest.importorskip("z3")
    score = mutate(Policy.loads(SMALL))
    assert fates(score) == {
        "pay: the whole rule was left out": Fate.KILLED,
        "no: the whole rule was left out": Fate.KILLED,
        "pay: `loss <= 50 USD` became `loss <= 49.99 USD`": Fate.SURVIVED,
        "pay: `loss <= 50 USD` became `loss <= 50.01 USD`": Fate.SURVIVED,
        "pay: `loss <= 50 USD` became `loss < 50 USD`": Fate.SURVIVED,
        "pay: `loss <= 50 USD` became `loss > 50 USD`": Fate.KILLED,
        "pay: `refund = full` became `refund = partial`": Fate.KILLED,
        "no: `refund = deny` became `refund = replace`": Fate.KILLED,
        "no: it was tried before `pay`": Fate.KILLED,
    }
    assert (score.killed, score.equivalent, len(score.survivors)) == (6, 0, 3)
    assert score.percent == pytest.approx(100 * 6 / 9)
    assert score.percent_of("bound") == 0


def test_the_tests_under_the_survivors_kill_them() -> None:
    pytest.importorskip("z3")
    score = mutate(Policy.loads(SMALL))
    tests = "".join(result.telling.toml for result in score.survivors if result.telling)
    better = Policy.loads(f"{SMALL}\n{tests}")
    assert all(trial.passed for trial in run_trials(better))
    assert mutate(better).percent == 100


@pytest.mark.parametrize(
    "text",
    [
        rule("days_since(since) > 30 and since is known") + '[[rule]]\nid = "no"\nthen.refund = "deny"\n',
        rule("since < 0001-01-05") + '[[rule]]\nid = "no"\nthen.refund = "deny"\n',
        f"[policy]\neffective = 2027-01-01\nexpires = 2027-02-01\n{rule('verified')}",
        rule("loss <= small and ours", 'oblige = ["call"]') + '[decisions.refund]\ndefault = "deny"\n',
    ],
)
def test_every_survivor_has_a_test_that_passes_and_would_kill_it(text: str) -> None:
    """Days at the ends of the calendar, policies that begin and end, duties and defaults included."""
    pytest.importorskip("z3")
    head, sign, rest = text.partition("effective")
    text = HEAD.replace('id = "cafe"', f'id = "cafe"\n{sign}{rest.partition("[[")[0]}') if sign else HEAD
    text += f"[[{rest.partition('[[')[2]}" if sign else head
    found = Policy.loads(text)
    score = mutate(found, cases=())
    assert score.killed == 0
    assert [result.fate for result in score.results if result.fate is Fate.UNPROVED] == []
    for result in score.survivors:
        assert result.telling is not None, result.mutant.change
        (case,) = Policy.loads(f"{text}\n{result.telling.toml}").tree.tests
        assert Trials(found, [case], TODAY).killer(result.mutant.edit) == case, result.mutant.change


def test_a_mutant_that_decides_alike_does_not_count() -> None:
    """Both rules deny what is above 50 USD: whether the first one does makes no difference."""
    pytest.importorskip("z3")
    text = SMALL.replace('then.refund = "deny"', 'unless = "loss > 80 USD"\nthen.refund = "deny"')
    text += '[[rule]]\nid = "also"\nthen.refund = "deny"\n'
    found = fates(mutate(Policy.loads(text)))
    assert found["no: `unless loss > 80 USD` was left out"] is Fate.EQUIVALENT
    assert found["also: the whole rule was left out"] is Fate.KILLED
    assert found["no: the whole rule was left out"] is Fate.EQUIVALENT


def test_most_survivors_are_told_apart_without_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    score = mutate(Policy.loads(SMALL))
    assert [result.telling is not None for result in score.survivors] == [True] * 3
    late = mutate(Policy.loads(f'{SMALL}[[rule]]\nid = "late"\nwhen = "injury"\nthen.refund = "full"\n'))
    assert (score.has_solver, late.has_solver, late.equivalent) == (True, False, 0)


def test_tests_that_fail_to_begin_with_say_nothing_about_mutants() -> None:
    with pytest.raises(FailingTestsError) as raised:
        mutate(Policy.loads(SMALL.replace('"90 USD"', '"30 USD"')))
    assert raised.value.names == ("a large loss",)


def test_without_time_for_proofs_nothing_is_claimed() -> None:
    text = f'{SMALL}[[rule]]\nid = "late"\nwhen = "injury"\nthen.refund = "full"\n'
    found = fates(mutate(Policy.loads(text), budget=0))
    assert found["late: the whole rule was left out"] is Fate.UNPROVED


def with_tree(original: Policy, tree: PolicyTree) -> Policy:
    return Held(Loaded(tree, (), original.documents))


@pytest.mark.once
@pytest.mark.parametrize("pack", shipped_packs())
def test_what_kills_a_mutant_is_what_fails_on_it_as_a_policy(pack: str) -> None:
    """The quick run agrees with the tests run one by one on the mutated tree, by the index."""
    original = Policy.load(pack)
    mutants = make_mutants(original.tree, next(iter(original.documents))).mutants
    trials = Trials(original, original.tree.tests, TODAY)
    step = max(len(mutants) // 12, 1)
    for mutant in mutants[SEED % step :: step]:
        ran = run_trials(with_tree(original, mutant.tree(original.tree)), as_of=TODAY)
        failing = [trial.case.name for trial in ran if not trial.passed]
        killer = trials.killer(mutant.edit)
        assert (killer.name if killer else None) == (failing[0] if failing else None), mutant.change


def sampled(index: int) -> tuple[Made, list[Mutant]]:
    choose = Chooser.seeded(SEED * 1_000 + index)
    found = make_policy(choose)
    mutants = make_mutants(found.policy.tree, "policy.toml").mutants
    return found, choose.shuffled(mutants)[:25]


@pytest.mark.parametrize("index", range(POLICIES))
def test_a_mutant_is_a_tree_as_the_loader_makes_them(index: int) -> None:
    """Normal forms are those of the conditions as they are written now, and so is all that is read off them."""
    found, mutants = sampled(index)
    for mutant in mutants:
        tree = mutant.tree(found.policy.tree)
        single = {n: spec for n, spec in tree.decisions.items() if not spec.collects and n not in tree.facts}
        normalizer, for_guards = (Normalizer(Universe(tree.facts, names)) for names in ({}, single))
        for rule_ in tree.rules:
            assert rule_.form == normalizer.normal_form(rule_.condition), mutant.change
        for term in tree.terms.values():
            assert term.form == normalizer.normal_form(term.condition), mutant.change
        for guard in tree.guards:
            assert guard.form == for_guards.normal_form(guard.condition), mutant.change
            assert guard.decisions == named_decisions(guard.condition, single)
        assert tree.asked == asked_facts(tree.facts, tree.rules, tree.guards, tree.decisions.values())


def test_mutants_that_are_proved_equivalent_decide_random_incidents_alike() -> None:
    """Facts that are missing included; and what tells the others apart is a difference to the reference reading."""
    pytest.importorskip("z3")
    proved = told_apart = 0
    for index in range(POLICIES):
        found, mutants = sampled(index)
        tree = found.policy.tree
        choose = Chooser.seeded(SEED + index)
        asked = [(known_of(found.policy, make_incident(choose, found.kinds)), make_moment(choose)) for _ in range(60)]
        points = [Point(known, day) for known, day in asked if known is not None and all(map(is_value, known.values()))]
        for mutant in mutants[:8]:
            changed = mutant.tree(tree)
            answer = difference(tree, changed, budget=3, warnings=False)
            if isinstance(answer, Point):
                told_apart += 1
                assert said(tree, answer) != said(changed, answer), mutant.change
            elif answer is Answer.NONE:
                proved += 1
                for point in points:
                    assert said(tree, point) == said(changed, point), (
                        f"{mutant.subject}: {mutant.change}\n{point}\n{found.text}"
                    )
    assert proved
    assert told_apart


def known_of(policy: Policy, facts: Facts) -> dict[str, Knowledge] | None:
    try:
        return policy.read(facts)
    except FactError:
        return None


def said(tree: PolicyTree, point: Point) -> dict[str, object]:
    return told(tree, point, warnings=False)


def test_which_decisions_a_red_line_withholds_makes_a_difference() -> None:
    """A part that always holds changes nothing about when a red line is broken; but it may name a further decision."""
    pytest.importorskip("z3")
    text = rule("verified", then='then.refund = "full"\nthen.insurance = "no"')
    one, two = (
        policy(f'{text}[[guard]]\nid = "line"\nnever = "refund = full{more}"\n').tree
        for more in ("", " and not (insurance < prepare and insurance = notify)")
    )
    assert one.guards[0].form == two.guards[0].form
    assert isinstance(difference(one, two, budget=5), Point)
