"""`policy decide` as it is used: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from bulk_files import ROWS, read_rows, write_rows
from commands import run, spawn

from evenhand.cli import sparing


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "in.csv", ROWS)
    return Path("in.csv")


def decide(*args: str | Path, text: str | bytes | None = None):
    return run("decide", *args, "--policy", "house", "--as-of", "2026-11-21", text=text)


def test_what_it_says(source: Path) -> None:
    """How many, the outcomes of each decision, what is bad with an example; 1 because a row is bad."""
    ran = decide(source, "-o", "out.csv")
    assert (ran.code, ran.err) == (1, "")
    first, *rest = ran.out.splitlines()
    assert first.startswith("5 rows decided → out.csv (")
    assert rest == [
        "  refund     deny 3 · refer 2",
        "  defend     no 2 · refer 2 · publicly 1",
        "  walk_away  refer 4 · ban 1",
        "  insurance  no 2 · refer 2 · notify 1",
        "1 row is bad, and not decided → out.csv.bad.jsonl",
        "  1  row 4: `roode` is not a word of `abuse`",
        "  1  row 4: `loss` cannot be -4 USD: it must be at least 0 USD",
    ]


def test_well_and_quiet(source: Path) -> None:
    write_rows(source, ROWS[:2])
    ran = decide(source, "-o", "out.parquet", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert not Path("out.parquet.bad.jsonl").exists()


def test_the_summary_as_json(source: Path) -> None:
    said = json.loads(decide(source, "-o", "out.csv", "--format", "json").out)
    assert (said["rows"], said["decided"], said["bad"]) == (6, 5, 1)
    assert said["reasons"] == {"off-scale abuse": 1, "out-of-range loss": 1}
    assert said["outcomes"]["refund"] == {"deny": 3, "refer": 2}
    assert sum(said["statuses"]["walk_away"].values()) == 5
    assert (said["output"], said["bad_file"]) == ("out.csv", "out.csv.bad.jsonl")


def test_streams(source: Path) -> None:
    """Rows to stdout, what is said about them to stderr; from stdin too."""
    ran = spawn("decide", source, "-o", "-", "--policy", "house")
    assert [json.loads(line)["row"] for line in ran.out.splitlines()] == [1, 2, 3, 5, 6]
    assert "5 rows decided (" in ran.err and "→ bad-rows.jsonl" in ran.err
    ran = spawn("decide", "-", "-o", "-", "--from", "csv", "--to", "csv", "--policy", "house", text=source.read_bytes())
    assert [line.split(",")[0] for line in ran.out.splitlines()] == ["row", "1", "2", "3", "5", "6"]


def test_keeping_and_leaving_out(source: Path) -> None:
    source.write_text("id,abuse,note\n7,rude,x\n")
    ran = decide(source, "-o", "out.csv")
    assert ran.code == 2
    assert "this column is no fact of the policy: `note`" in ran.err and "--ignore-unknown" in ran.err
    assert decide(source, "-o", "out.csv", "--ignore-unknown", "--keep", "id, note").code == 0
    assert {name: read_rows(Path("out.csv"))[0][name] for name in ("row", "id", "note")} == {
        "row": "1",
        "id": "7",
        "note": "x",
    }
    ran = decide(source, "-o", "other.csv", "--keep", "nite")
    assert ran.code == 2 and "did you mean `note`?" in ran.err


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["missing.csv", "-o", "out.csv"], "there is no file `missing.csv`"),
        (["in.csv", "-o", "out.xls"], "says nothing about its format"),
        (["in.csv", "-o", "out.csv", "--engine", "sparc"], "Did you mean 'spark'?"),
        (["in.csv", "-o", "out.csv", "--resume", "--overwrite"], "use one of them"),
        (["in.csv", "-o", "out.csv", "--encoding", "klingon"], "there is no encoding `klingon`"),
        (["in.csv", "-o", "out.csv", "--master", "spark://here"], "--engine spark"),
        (["in.csv", "-o", "out.csv", "--as-of", "column:closed"], "there is no column `closed`"),
        (["-", "-o", "out.csv", "--resume"], "cannot be read again"),
    ],
)
def test_wrong_usage(args: list[str], why: str, source: Path) -> None:
    ran = run("decide", *args, "--policy", "house")
    assert ran.code == 2
    assert why in " ".join(ran.err.split())
    assert [file.name for file in Path().iterdir()] == [source.name]


def test_an_encoding_is_suggested(source: Path) -> None:
    source.write_bytes(b"abuse,channel\nrude,caf\xe9\n")
    ran = decide(source, "-o", "out.csv")
    assert "row 1: this incident cannot be read: it is not in UTF-8" in ran.out
    assert "help: the file may be stored otherwise: try --encoding cp1252" in ran.out


def test_without_the_extra_it_says_which(source: Path) -> None:
    """Nothing of it is imported before; what is missing is named with how to get it."""
    script = "import sys; sys.modules['pyarrow'] = None; from evenhand.cli import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", script, "decide", source, "-o", "out.csv", "--policy", "house"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "evenhand[columns]" in ran.stderr and "Traceback" not in ran.stderr


def test_a_column_that_is_called_as_a_fact_can_be_ignored(source: Path) -> None:
    """What it says then is a missing fact, also in lines of JSON; a slip is refused, and so is a column that is mapped."""
    assert decide(source, "-o", "out.csv", "--ignore", "abuse", "--quiet").code == 1
    lines = read_rows(Path("out.csv"))
    assert "abuse" in lines[0]["refund.missing"] + lines[0]["walk_away.missing"]
    write_rows(Path("in.jsonl"), ROWS)
    decide("in.jsonl", "-o", "out.jsonl", "--ignore", "abuse", "--quiet")
    assert [row["refund"] for row in read_rows(Path("out.jsonl"))] == [row["refund"] for row in lines]
    ran = decide(source, "-o", "other.csv", "--ignore", "abuze")
    assert (ran.code, "did you mean `abuse`" in ran.err) == (2, True)
    Path("map.toml").write_text('[facts]\nabuse = "abuse"\n')
    ran = decide(source, "-o", "other.csv", "--ignore", "abuse", "--mapping", "map.toml")
    assert (ran.code, "take it out of one of them" in ran.err) == (2, True)


def test_everything_that_is_wrong_with_the_columns_is_told_at_once(source: Path) -> None:
    write_rows(source, [{"abuse": "rude", "note": "x"}], ("abuse", "note"))
    ran = decide(source, "-o", "out.csv", "--ignore", "abuze", "--keep", "foo,nota")
    assert ran.code == 2
    for part in ("`abuze` to ignore", "`foo` to keep", "`nota` to keep", "`note`"):
        assert part in ran.err
    ran = run("decide", source, "-o", "out.csv", "--policy", "house", "--keep", "foo", "--as-of", "column:day")
    assert "`foo` to keep" in ran.err
    assert "`day` to take the moment" in ran.err


def test_moments_out_of_a_column_of_numbers_are_refused(source: Path) -> None:
    import pyarrow as pa
    from bulk_files import write_table

    write_table(Path("in.parquet"), pa.table({"abuse": ["rude"], "day": [20260101]}))
    ran = run("decide", "in.parquet", "-o", "out.csv", "--policy", "house", "--as-of", "column:day")
    assert (ran.code, "holds int64, and no dates" in ran.err) == (2, True)


def test_pandas_stays_where_it_is(source: Path, tmp_path: Path) -> None:
    """Arrow imports it, where it is installed, to see whether something was made by it: here nothing ever is."""
    (tmp_path / "pandas.py").write_text("raise SystemExit('it was imported')\n")
    beside = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    ran = spawn("decide", source, "-o", "out.csv", "--policy", "house", env={"PYTHONPATH": beside})
    assert (ran.code, "it was imported" in ran.err + ran.out) == (1, False)
    assert ran.out.startswith("5 rows decided")


def test_whoever_calls_the_command_keeps_pandas(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that calls it may use pandas itself, before or after: nothing is hidden from its Arrow."""
    monkeypatch.setattr(sparing, "sys", SimpleNamespace(modules={}, meta_path=None))  # nothing can be put there
    assert decide(source, "-o", "out.csv").out.startswith("5 rows decided")
