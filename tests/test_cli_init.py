"""`policy init`: whatever is answered, the policy is sound, laid out and passes its tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Ran, run, spawn

from evenhand import Policy


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_sound(path: str) -> None:
    checked = run("check", path)
    assert (checked.code, checked.err) == (0, "")
    tested = run("test", path, "--coverage")
    assert tested.code == 0
    assert "    rules          1 of    1  100%" in tested.out
    assert run("fmt", "--check", path).code == 0


def asked(path: str, *answers: str) -> Ran:
    return run("init", path, text="\n".join(answers) + "\n")


def test_yes_asks_nothing() -> None:
    ran = run("init", "--yes")
    assert ran.code == 0
    assert "policy test policy.toml" in ran.out
    assert_sound("policy.toml")
    assert Policy.load("policy.toml").tree.extends == ("house",)


@pytest.mark.parametrize(
    ("answers", "extends", "currency"),
    [
        (['The Café "Zürich" \\ Söhne', "us", "", "", "", "", ""], "us", "USD"),
        (["", "uk", "7 GBP", "50", "300 GBP", "5_000", "2"], "uk", "GBP"),
        (["", "elsewhere", "EUR", "0.92", "", "", "", "", ""], "house", "EUR"),
        (["", "elsewhere", "jpy", "150", "", "", "", "", ""], "house", "JPY"),
        (["株式会社", "elsewhere", "", "0", "0", "0", "1", "1"], "house", "USD"),
    ],
)
def test_the_answers_stand_in_the_policy(answers: list[str], extends: str, currency: str) -> None:
    assert asked("mine.toml", *answers).code == 0
    assert_sound("mine.toml")
    policy = Policy.load("mine.toml")
    assert (policy.tree.extends, policy.tree.currency) == ((extends,), currency)
    if answers[0]:
        assert policy.title == answers[0]


def test_a_bad_answer_is_asked_again() -> None:
    ran = asked("mine.toml", "", "mars", "us", "six", "6 EUR", "-1 USD", "6", "", "", "many", "10,000", "0", "3")
    assert ran.code == 0
    assert (ran.out + ran.err).count("Error: ") == 6
    assert_sound("mine.toml")


def test_answers_that_stop_write_nothing(folder: Path) -> None:
    assert spawn("init", folder / "mine.toml", text=b"A name\n").code == 1
    assert list(folder.iterdir()) == []


def test_nothing_is_written_over_unless_asked_to(folder: Path) -> None:
    (folder / "policy.toml").write_text("mine", encoding="utf-8")
    ran = run("init", "--yes")
    assert ran.code == 2
    assert "there already" in ran.err
    assert run("init", "--yes", "--force").code == 0
    assert_sound("policy.toml")


def test_a_folder_gets_a_policy_toml(folder: Path) -> None:
    (folder / "shop").mkdir()
    assert run("init", "shop", "--yes").code == 0
    assert_sound("shop/policy.toml")
    assert run("init", "nowhere/policy.toml", "--yes").code == 2
