"""The interview: the most useful question first, until all is settled or nothing helps; in the library and on the command line."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from chooser import Chooser
from click.testing import Result
from commands import mind_ctrl_c, runner
from random_facts import Kind
from random_incidents import make_moment
from random_policies import make_policy

from evenhand import AnyOf, Between, FactError, Policy
from evenhand.cli import main
from evenhand.engine.answers import answer_of, expected_text, is_unknown
from evenhand.engine.interview import Interview, next_question
from evenhand.rules.types import Fact, Type

CASES = int(os.environ.get("EVENHAND_CASES", "20000"))

CAFE = """
[policy]
id = "corner-cafe"

[facts.note]
type = "text"

[facts.grade]
scale = ["low", "middle", "high"]
ask = "How bad is it?"

[decisions.defend]
default = "no"

[decisions.walk_away]
default = "stay"

[decisions.insurance]
default = "no"

[[rule]]
id = "bad"
when = "grade = high"
then = { refund = "deny", walk_away = "end" }

[[rule]]
id = "small"
when = "grade <= middle and loss <= 50 USD"
then = { refund = "full", refund_amount = "loss" }

[[rule]]
id = "noted"
when = "grade <= middle and loss > 50 USD and note = 'vip'"
then.refund = "credit"

[[rule]]
id = "rest"
then.refund = "partial"
"""


@pytest.fixture(scope="module")
def cafe() -> Policy:
    return Policy.loads(CAFE)


def asked(interview: Interview) -> str:
    return interview.question.fact.name if interview.question else ""


# --- which question --------------------------------------------------------------------------------------------------


def test_the_question_that_settles_most_comes_first(cafe: Policy) -> None:
    """The grade bears on two decisions, and alone may settle both."""
    question = Interview(cafe).question
    assert question is not None
    assert (question.fact.name, question.text, question.expected) == ("grade", "How bad is it?", "low, middle or high")


def test_an_interview_ends_when_all_is_settled(cafe: Policy) -> None:
    done = Interview(cafe).answered("high")
    assert done.question is None
    assert done.decision.refund.outcome == "deny"
    assert Interview(cafe, {"grade": "low", "loss": "5 USD"}).question is None


def test_what_was_asked_is_not_asked_again(cafe: Policy) -> None:
    interview = Interview(cafe).answered("don't know")
    assert asked(interview) != "grade"
    assert asked(Interview(cafe).answered("low or middle")) == "loss"


def test_an_interview_ends_when_nothing_helps(cafe: Policy) -> None:
    """Without the grade and the loss, the note alone changes nothing about the refund."""
    interview = Interview(cafe)
    for _ in range(5):
        if interview.question is None:
            break
        interview = interview.skipped()
    assert interview.question is None
    assert not interview.decision.is_settled


def test_a_value_that_is_not_settled_is_asked_for(cafe: Policy) -> None:
    policy = Policy.loads(CAFE.replace('"grade <= middle and loss <= 50 USD"', '"grade <= middle"'))
    interview = Interview(policy, {"grade": "low"})
    assert interview.decision.refund.outcome == "full"
    assert asked(interview) == "loss"
    assert interview.answered("12").decision.values["refund_amount"].minor == 1_200


def test_questions_that_help_only_together_are_asked_one_by_one() -> None:
    policy = Policy.loads(
        '[policy]\nid = "p"\n[[rule]]\nid = "r"\nwhen = "(injury and verified) or (not injury and not verified)"\n'
        'then.refund = "full"\n[[rule]]\nid = "rest"\nthen.refund = "deny"\n'
    )
    interview = Interview(policy)
    interview = interview.answered("yes").answered("no")
    assert interview.decision.refund.outcome == "deny"


def test_nothing_is_asked_where_no_answer_would_help() -> None:
    expired = Policy.loads(CAFE.replace('id = "corner-cafe"', 'id = "cafe"\nexpires = 2020-01-01', 1))
    assert Interview(expired).question is None
    assert next_question(expired.decide({})) is None


def test_a_wrong_answer_is_refused_and_changes_nothing(cafe: Policy) -> None:
    interview = Interview(cafe, {"grade": "low"})
    with pytest.raises(FactError):
        interview.answered("a lot")
    assert asked(interview) == "loss"
    with pytest.raises(ValueError, match="no question"):
        Interview(cafe, {"grade": "high"}).answered("1")


def test_every_shipped_case_can_be_asked_for() -> None:
    """Answered from a case's facts, the interview settles what they settle, the same way; assumed facts are not asked for."""
    policy = Policy.load("house")
    for case in policy.tree.tests:
        as_of = case.as_of or dt.date(2026, 11, 21)
        known = [name for name in policy.read(case.given) if policy.tree.facts[name].assume is None]
        whole = policy.decide({name: find(case.given, name) for name in known}, as_of=as_of)
        interview = Interview(policy, {}, as_of=as_of)
        while interview.question is not None:
            name = interview.question.fact.name
            interview = interview.answered(find(case.given, name)) if name in known else interview.skipped()
        assert interview.decision.outcomes == whole.outcomes, case.name
        assert len(interview.facts) <= len(known)


def find(given: object, name: str) -> object:
    assert isinstance(given, dict)
    if name in given:
        return given[name]
    head, _, rest = name.partition(".")
    return find(given[head], rest)


def test_any_interview_ends() -> None:
    for seed in range(max(CASES // 400, 1)):
        choose = Chooser.seeded(seed)
        made = make_policy(choose)
        kinds: dict[str, Kind] = {kind.name: kind for kind in made.kinds}
        interview = Interview(made.policy, {}, as_of=make_moment(choose))
        for _ in range(len(kinds) + 1):
            if interview.question is None:
                break
            kind = kinds[interview.question.fact.name]
            interview = interview.skipped() if choose.chance(25) else interview.answered(choose.pick(kind.values))
        assert interview.question is None, made.text


# --- answers ---------------------------------------------------------------------------------------------------------

GRADE = Fact("grade", Type("scale", ("low", "middle", "very_high")))
LOSS = Fact("loss", Type("money"), low=0)
HURT = Fact("injury", Type("boolean"))
STEPS = Fact("steps", Type("list"))
NOTE = Fact("note", Type("text"))


@pytest.mark.parametrize(
    ("text", "fact", "answer"),
    [
        (" Low ", GRADE, "low"),
        ("very high", GRADE, "very_high"),
        ("3", GRADE, "very_high"),
        ("4", GRADE, "4"),
        ("low or middle", GRADE, AnyOf("low", "middle")),
        ("any of low, middle", GRADE, AnyOf("low", "middle")),
        ("1, 2", GRADE, AnyOf("low", "middle")),
        ("low..middle", GRADE, Between("low", "middle")),
        ("Y", HURT, "yes"),
        ("No", HURT, "no"),
        ("true", HURT, "true"),
        ("50", LOSS, "50"),
        ("200..900 USD", LOSS, "200..900 USD"),
        ("between 200 and 900 USD", LOSS, Between("200 USD", "900 USD")),
        ("from 2 to 3", LOSS, Between("2", "3")),
        ("any of 5 USD, 6 USD", LOSS, "any of 5 USD, 6 USD"),
        ("listen, two words", STEPS, ["listen", "two words"]),
        ("none", STEPS, []),
        ("low or middle", NOTE, "low or middle"),
    ],
)
def test_answers_are_read_as_people_type_them(text: str, fact: Fact, answer: object) -> None:
    assert answer_of(text, fact) == answer


@pytest.mark.parametrize(
    ("text", "fact", "unknown"),
    [("", LOSS, True), ("?", NOTE, True), ("Don't know.", LOSS, True), ("skip", NOTE, False), ("pass", HURT, True)],
)
def test_people_may_not_know(text: str, fact: Fact, unknown: bool) -> None:
    assert is_unknown(text, fact) is unknown


def test_what_may_be_answered_is_said_with_its_bounds() -> None:
    assert (
        expected_text(Fact("age", Type("integer"), low=1, high=99), "EUR")
        == "a whole number, such as 12; at least 1 and at most 99"
    )
    assert expected_text(LOSS, "EUR") == "an amount, such as 45 EUR"


# --- the command -----------------------------------------------------------------------------------------------------


def ask(*arguments: object, answers: str | bytes = "") -> Result:
    result = runner().invoke(main, ["ask", *map(str, arguments)], input=answers)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cafe.toml"
    path.write_text(CAFE)
    return path


def test_ask_puts_questions_to_stderr_and_the_decision_to_stdout(file: Path) -> None:
    result = ask(file, answers="2\n12 USD\n")
    assert result.exit_code == 0
    assert "How bad is it?" in result.stderr
    assert "an amount, such as 45 USD" in result.stderr
    assert "How bad is it?" not in result.stdout
    assert "full" in result.stdout
    assert "12 USD" in result.stdout


def test_ask_asks_again_where_an_answer_cannot_be_used(file: Path) -> None:
    result = ask(file, answers="hgh\nhigh\n")
    assert "`hgh` is not a word of `grade`: did you mean `high`?" in result.stderr
    assert "Answer with low, middle or high; Enter where nobody knows." in result.stderr
    assert "end" in result.stdout


def test_ask_gives_up_on_a_question_in_the_end(file: Path) -> None:
    result = ask(file, answers="x\n" * 50)
    assert result.exit_code == 0
    assert result.stderr.count("Left open.") >= 1


def test_ask_as_json_says_the_facts_and_the_decision(file: Path) -> None:
    result = ask(file, "--format", "json", "--fact", "loss=5 USD", answers="low or middle\n")
    found = json.loads(result.stdout)
    assert found["facts"] == {"loss": "5 USD", "grade": {"any_of": ["low", "middle"]}}
    assert found["decisions"]["refund"]["outcome"] == "full"
    assert found["settled"] is True


@pytest.mark.parametrize("answers", ["", "low\n", "low"])
def test_the_end_of_the_answers_is_polite(file: Path, answers: str) -> None:
    result = ask(file, answers=answers)
    assert result.exit_code == 0
    assert "No more answers: this is what is certain so far." in result.stderr
    assert "Refund" in result.stdout


@pytest.mark.parametrize("answers", [b"\xff\xfe\xff\n" * 9, b"\0\n" * 9, b"x" * 300_000, "\ufefflow\n".encode()])
def test_ask_survives_any_answer(file: Path, answers: bytes) -> None:
    assert ask(file, answers=answers).exit_code == 0


def test_ask_refuses_wrong_facts_and_policies(file: Path, tmp_path: Path) -> None:
    assert ask(file, "--fact", "grade=hgh").exit_code == 2
    assert ask(tmp_path / "missing.toml").exit_code == 2
    broken = tmp_path / "broken.toml"
    broken.write_text("[policy")
    assert ask(broken).exit_code == 1


def test_breaking_off_is_polite(file: Path) -> None:
    command = [sys.executable, "-m", "evenhand.cli", "ask", str(file)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=mind_ctrl_c,  # noqa: PLW1509 because no thread of ours is about
    ) as process:
        assert process.stderr is not None
        said = b""
        while b">" not in said:
            said += process.stderr.read(1)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, b"")
    assert b"Stopped: nothing was decided." in err
    assert b"Traceback" not in err
