"""`policy tune`: its table, its map, its JSON, its page, and what it refuses."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import pytest
from backtest_policies import rows
from browser import CHROMIUM, browser
from commands import run
from test_backtest_page import Markup
from test_tune import TEXT, counted_together

from evenhand.engine.backtest import sweep

OPTIONS = ("--ignore", "case,shop,till,day", "--outcome", "refund=recorded")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a policy and a history."""
    import csv

    (tmp_path / "policy.toml").write_text(TEXT.split('[[rule]]\nid = "others"')[0])
    history = rows(120, seed=50, bad=0)
    with (tmp_path / "history.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(history[0]))
        writer.writeheader()
        writer.writerows({name: "" if cell is None else str(cell) for name, cell in row.items()} for row in history)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_one_parameter_is_a_table_with_the_present_value_marked(folder: Path) -> None:
    done = run("tune", "policy.toml", "history.csv", "--parameter", "small=10..40:10", *OPTIONS)
    assert done.code == 0, done.err
    assert "`small` now: 25 USD, with refund amount" in " ".join(done.out.split())
    lines = [line for line in done.out.splitlines() if re.match(r"  \d\d USD", line)]
    assert [line.split()[0] for line in lines[:5]] == ["10", "20", "25", "30", "40"]
    assert [line for line in lines if " * " in f"{line} "] == [line for line in lines if line.startswith("  25 USD *")]
    assert "refund, rows by outcome" in done.out


def test_two_parameters_are_a_map(folder: Path) -> None:
    done = run(
        "tune", "policy.toml", "history.csv", "--parameter", "small=10,40", "--parameter", "share=25%,75%", *OPTIONS
    )
    assert "refund amount: small down, share across" in done.out
    assert len(re.findall(r"\d\*", done.out)) + len(re.findall(r"USD\*|%\*", done.out)) >= 4


def test_json_has_every_setting(folder: Path) -> None:
    done = run("tune", "policy.toml", "history.csv", "--parameter", "small=10..40:10", *OPTIONS, "--format", "json")
    found = json.loads(done.out)
    assert found["parameters"] == [
        {"name": "small", "present": "25 USD", "values": ["10 USD", "20 USD", "25 USD", "30 USD", "40 USD"]}
    ]
    assert [setting["present"] for setting in found["settings"]] == [False, False, True, False, False]
    assert found["settings"][2]["changed"]["rows"] == 0
    assert set(found["settings"][0]["agreement"]) == {"refund"}


def test_standard_input_is_put_aside_where_a_file_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many settings at once as for a file, the same found, and nothing left behind."""
    aside = folder / "aside"
    aside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(aside))
    monkeypatch.setattr(sweep, "AT_ONCE", 2)
    options = ("--parameter", "small=10..40:10", *OPTIONS, "--as-of", "2026-11-20", "--format", "json", "--from", "csv")
    from_file = json.loads(run("tune", "policy.toml", "history.csv", *options).out)
    together = counted_together(monkeypatch)
    streamed = run("tune", "policy.toml", "-", *options, text=(folder / "history.csv").read_bytes())
    assert json.loads(streamed.out) == from_file | {"history": "-"}
    assert together == [2, 2, 1]
    assert not list(aside.iterdir())
    aside.rmdir()
    refused = run("tune", "policy.toml", "-", *options, text=(folder / "history.csv").read_bytes())
    assert refused.code == 2
    assert "cannot be written: no such file or directory; put the history in a file" in refused.err


def test_one_row_is_not_called_rows(folder: Path) -> None:
    done = run("tune", folder / "policy.toml", "-", "--parameter", "small=25", text='{"loss": "5 USD"}\n')
    assert "1 row read, 1 decided under one setting, none was bad" in " ".join(done.out.split())


@pytest.mark.once
@pytest.mark.parametrize("second", [(), ("--parameter", "share=25%,75%")])
def test_the_page_is_sound_markup_and_behaves_in_a_browser(folder: Path, second: tuple[str, ...]) -> None:
    done = run(
        "tune",
        "policy.toml",
        "history.csv",
        "--parameter",
        "small=10..40:10",
        *second,
        *OPTIONS,
        "--format",
        "html",
        "-o",
        "tune.html",
    )
    assert done.code == 0
    markup = Markup()
    markup.feed((folder / "tune.html").read_text(encoding="utf-8"))
    assert not markup.open
    assert not markup.dangerous
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (Debian: chromium); the markup was read")
    with browser() as tab:
        for width in (1200, 400):
            tab.open(folder / "tune.html", width=width)
            assert tab.complaints() == []
            assert len(tab.requests()) == 1
            assert tab.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--parameter", "smal=1..2:1"), "did you mean `small`"),
        (("--parameter", "small=1", "--parameter", "small=2"), "swept twice"),
        (("--parameter", "small=1", "--parameter", "share=2%", "--parameter", "ratio=1"), "once or twice"),
        ((), "--parameter"),
    ],
)
def test_wrong_usage_is_told_with_a_way_out(folder: Path, options: tuple[str, ...], said: str) -> None:
    done = run("tune", "policy.toml", "history.csv", *options, *OPTIONS)
    assert done.code == 2
    assert said in " ".join(done.err.split())
