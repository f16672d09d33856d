"""`policy map` as it is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import run

CLAIMS = """\
Close Amount,Severity,Remarks
"$1,234.50",Rude,x
$2.00,Hostile,y
"""


@pytest.fixture(autouse=True)
def claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("claims.csv").write_text(CLAIMS)


def test_a_guess_is_written_checked_and_used() -> None:
    ran = run("map", "--guess", "claims.csv", "--policy", "house", "-o", "claims.toml")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("2 facts placed → claims.toml; 1 column and ")
    ran = run("map", "claims.csv", "--check", "claims.toml")
    assert (ran.code, ran.out) == (0, "claims.toml is sound: it gives 2 facts of house for claims.csv\n")
    ran = run("decide", "claims.csv", "-o", "out.csv", "--policy", "house", "--mapping", "claims.toml")
    assert (ran.code, ran.out.partition(" (")[0]) == (0, "2 rows decided → out.csv")


def test_a_guess_goes_to_stdout() -> None:
    ran = run("map", "--guess", "claims.csv")
    assert ran.code == 0
    assert 'loss = { column = "Close Amount", currency = "USD", thousands = "," }' in ran.out.splitlines()
    assert "#   Remarks (x, y)" in ran.out.splitlines()


def test_nothing_to_place() -> None:
    Path("claims.csv").write_text("zzz\n1\n")
    ran = run("map", "--guess", "claims.csv")
    assert (ran.code, ran.err) == (1, "no column could be placed: map them by hand\n")


def test_mistakes_are_shown_with_their_places() -> None:
    Path("claims.toml").write_text('[facts]\nloss = "Close Amont"\nabuse = { column = "Severity", frmat = "%d" }\n')
    for args in (
        ["map", "claims.csv", "--check", "claims.toml"],
        ["decide", "claims.csv", "-o", "o.csv", "--mapping", "claims.toml"],
    ):
        ran = run(*args, "--policy", "house")
        assert ran.code == 1
        assert "claims.toml:3:32: unknown-key: `frmat` is not a key of `abuse`" in ran.err
    Path("claims.toml").write_text('[facts]\nloss = "Close Amont"\n')
    ran = run("decide", "claims.csv", "-o", "o.csv", "--mapping", "claims.toml", "--policy", "house")
    assert ran.code == 1
    assert ran.err.splitlines() == [
        "claims.toml:2:8: unknown-column: the input has no column `Close Amont`",
        ' 2 | loss = "Close Amont"',
        "   |        ^^^^^^^^^^^^^",
        " help: did you mean `Close Amount`?",
        "",
    ]
    assert not Path("o.csv").exists()


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["claims.csv"], "say either --guess"),
        (["claims.csv", "--guess", "--check", "x.toml"], "say either --guess"),
        (["clams.csv", "--guess"], "did you mean `claims.csv`?"),
        (["claims.csv", "--guess", "-o", "claims.csv"], "is there already"),
        (["claims.csv", "--guess", "-o", "nowhere/x.toml"], "cannot be written"),
    ],
)
def test_wrong_usage(args: list[str], why: str) -> None:
    ran = run("map", *args)
    assert ran.code == 2
    assert why in " ".join(ran.err.split())
