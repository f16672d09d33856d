"""
Bulk jobs: one row in, one row out, whatever the format and however it is cut into batches.

Their meaning is `policy.decide` on one row after the other.
"""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import itertools
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from bulk_files import ROWS, bad_rows, read_rows, read_table, run, write_rows, write_table
from hypothesis import example, given, settings, strategies as st

from evenhand import FactError, Policy
from evenhand.engine.bulk.bytes_in import ByteSource
from evenhand.engine.bulk.delimited import Delimited
from evenhand.engine.bulk.errors import BulkError, ExtraMissing, Stopped
from evenhand.engine.bulk.places import place_of

TODAY = dt.date(2026, 11, 21)
FORMATS = ("csv", "tsv", "jsonl", "parquet", "arrow", "arrows")


@pytest.fixture(scope="module")
def house() -> Policy:
    return Policy.load("house")


def expected(policy: Policy, row: dict[str, Any], as_of: dt.date = TODAY) -> dict[str, Any] | None:
    """Return the outcomes and rules of one row as `policy.decide` has them; None where it refuses."""
    try:
        decision = policy.decide({name: value for name, value in row.items() if value != ""}, as_of=as_of)
    except FactError:
        return None
    found: dict[str, Any] = {}
    for verdict in decision:
        found[verdict.decision] = verdict.outcome
        found[f"{verdict.decision}.status"] = verdict.status
        found[f"{verdict.decision}.rule"] = verdict.rule.id if verdict.rule else None
    return found


@pytest.mark.parametrize(("source", "target"), list(itertools.product(FORMATS, ("parquet", "jsonl"))))
def test_every_format_says_the_same_as_decide(source: str, target: str, house: Policy, tmp_path: Path) -> None:
    output = tmp_path / f"out.{target}"
    summary = run(write_rows(tmp_path / f"in.{source}", ROWS), output, house, as_of=TODAY)
    assert (summary.rows, summary.decided, summary.bad) == (6, 5, 1)
    rows = read_rows(output)
    assert [row["row"] for row in rows] == [1, 2, 3, 5, 6]
    for row in rows:
        wanted = expected(house, dict(ROWS[row["row"] - 1]))
        assert wanted is not None
        assert {name: row[name] for name in wanted} == wanted
    (bad,) = bad_rows(output)
    assert (bad["row"], bad["found"]["abuse"]) == (4, "roode")
    assert [problem["code"] for problem in bad["problems"]] == ["off-scale", "out-of-range"]


@pytest.mark.parametrize("target", FORMATS)
def test_every_format_can_be_written(target: str, house: Policy, tmp_path: Path) -> None:
    """A list in a cell has `;` between its words; what is null in a table is an empty cell."""
    output = tmp_path / f"out.{target}"
    run(write_rows(tmp_path / "in.csv", ROWS), output, house, as_of=TODAY, keep=("loss",))
    rows = read_rows(output)
    texts = target in ("csv", "tsv")
    assert [row["refund"] for row in rows][:2] == ["deny", "deny"]
    assert [row["loss"] for row in rows] == [
        "4.50 USD",
        "" if texts else None,
        "1234.5",
        "" if texts else None,
        "200..900 USD",
    ]
    assert rows[0]["walk_away.missing"] == ("demand;channel" if texts else ["demand", "channel"])
    assert rows[1]["defend.rule"] == "stand-behind-staff"


def test_a_cell_of_text_is_quoted_where_it_must_be(house: Policy, tmp_path: Path) -> None:
    awkward = ['a "b"', "c,d", "e\nf", " g ", "café", "\t"]
    source = write_rows(tmp_path / "in.jsonl", [{"abuse": "rude", "note": note} for note in awkward])
    for target in ("csv", "tsv", "jsonl"):
        run(source, tmp_path / f"out.{target}", house, keep=("note",), ignore_unknown=True)
        assert [row["note"] for row in read_rows(tmp_path / f"out.{target}")] == awkward


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_batches_do_not_matter(data: st.DataObject) -> None:
    """However the input is cut up, the output has the same rows, and the same are bad."""
    import tempfile

    policy = Policy.load("house")
    rows = data.draw(st.lists(st.sampled_from(ROWS), max_size=30))
    kind = data.draw(st.sampled_from(FORMATS))
    with tempfile.TemporaryDirectory() as folder:
        source = write_rows(Path(folder, f"in.{kind}"), rows)
        outputs = []
        for number, size in enumerate((0, data.draw(st.integers(1, 40)))):
            output = Path(folder, f"out{number}.jsonl")
            threads = data.draw(st.integers(1, 2))
            options = {"rows": size, "block": 200 if size else 0, "threads": threads}
            if rows or kind not in ("csv", "tsv"):
                run(source, output, policy, as_of=TODAY, **options)
                outputs.append((read_rows(output), bad_rows(output)))
    assert outputs[:1] == outputs[1:]
    if outputs:
        assert len(outputs[0][0]) + len(outputs[0][1]) == len(rows)


# --- tables of text that are not as they should be --------------------------------------------------------------------


def chunked(
    text: bytes, folder: Path, **options: Any
) -> tuple[list[tuple[int, dict[str, Any]]], list[tuple[int, str]]]:
    """Return the good rows of a CSV text and the bad ones, with their numbers."""
    file = folder / "in.csv"
    file.write_bytes(text)
    source = Delimited(ByteSource(place_of(str(file)), "utf-8"), **options)
    good: list[tuple[int, dict[str, Any]]] = []
    bad: list[tuple[int, str]] = []
    for chunk in source.chunks(0, None):
        good += zip(chunk.rows.tolist(), chunk.batch.to_pylist(), strict=True)
        bad += [(row.row, row.problems[0].facts["why"]) for row in chunk.bad]
        assert all(number <= chunk.last for number, _ in good + bad)
    source.close()
    return good, bad


_CELL = st.text(st.sampled_from('ab ,"\n1é;'), max_size=4).map(str.encode) | st.just(b"\xe9")
_LINE = st.lists(_CELL, min_size=1, max_size=4).map(b",".join)


@settings(deadline=None, max_examples=300)
@example(lines=[b'""1,"', b'1"'], block=64, end=b"\n")
@given(lines=st.lists(_LINE, max_size=12), block=st.sampled_from([1 << 20, 64]), end=st.sampled_from([b"\n", b"\r\n"]))
def test_both_readers_of_csv_agree(lines: list[bytes], block: int, end: bytes) -> None:
    """Arrow's reader and the patient one find the same rows and the same bad rows in any text."""
    import tempfile

    text = b"a,b" + end + end.join(lines)
    with tempfile.TemporaryDirectory() as folder:
        fast = chunked(text, Path(folder), block=block)
        patient = chunked(text, Path(folder), patient=True)
    assert fast == patient
    numbers = sorted(number for number, _ in [*fast[0], *fast[1]])
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    good, bad = chunked(b'a,b\n1,2\n"3,4\n5,6\n7,"8"\n9,"10\n', tmp_path)
    assert [number for number, _ in good] == [1]
    assert bad == [(2, "the row has 1 cell, and the head has 2"), (3, "a quote is opened in it that is never closed")]
    good, bad = chunked(b'a,b\n1,2\n"3,4\n5,6\n7,8\n', tmp_path)
    assert [number for number, _ in good] == [1, 3, 4]
    assert bad == [(2, "a quote is opened in it that is never closed")]


def test_a_row_may_be_longer_than_a_block_but_not_endless(tmp_path: Path) -> None:
    long, endless = b"x" * 300, b"y" * (9 << 20)
    good, bad = chunked(b"a,b\n1,2\n3," + long + b"\n4," + endless + b"\n5,6\n", tmp_path, block=100)
    assert [number for number, _ in good] == [1, 2, 4]
    assert bad == [(3, "it is longer than 8 MiB")]


def test_ragged_rows_and_wrong_bytes_are_bad_rows(house: Policy, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"abuse,channel\nrude,phone\nrude\n\nrude,caf\xe9\nrude,chat,x\nhostile,email\n")
    summary = run(tmp_path / "in.csv", tmp_path / "out.jsonl", house)
    assert [row["row"] for row in read_rows(tmp_path / "out.jsonl")] == [1, 5]
    assert [(row["row"], row["found"]) for row in bad_rows(tmp_path / "out.jsonl")] == [
        (2, "rude"),
        (3, {"abuse": "rude", "channel": "caf\\xe9"}),
        (4, "rude,chat,x"),
    ]
    assert summary.reasons == {
        "the row has 1 cell, and the head has 2": 1,
        "it is not in UTF-8": 1,
        "the row has 3 cells, and the head has 2": 1,
    }


@pytest.mark.parametrize(("encoding", "named"), [("latin-1", "latin-1"), ("utf-16", "utf-16"), ("utf-8-sig", "utf-8")])
def test_encodings(encoding: str, named: str, house: Policy, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes("abuse,note\nrude,Café\n".encode(encoding))
    run(tmp_path / "in.csv", tmp_path / "out.jsonl", house, encoding=named, ignore_unknown=True, keep=("note",))
    assert [row["note"] for row in read_rows(tmp_path / "out.jsonl")] == ["Café"]


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_text_may_be_compressed(suffix: str, pack: Any, house: Policy, tmp_path: Path) -> None:
    file = tmp_path / f"in.csv{suffix}"
    file.write_bytes(pack(b"abuse\nrude\n"))
    assert run(file, tmp_path / "out.jsonl", house).decided == 1


def test_heads_with_blanks_and_doubles(tmp_path: Path) -> None:
    (good, _) = chunked(b"\n a ,,a\n1,2,3\n", tmp_path)
    assert good == [(1, {"a": "1", "column 2": "2", "a (2)": "3"})]


# --- what is refused, with a way out ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"abuse,virallity.views\n", "did you mean `virality.views`?"),
        (b"caf\xe9,abuse\n", "not in UTF-8"),
        (b"x,y\n1,2\n", "no fact"),
    ],
)
def test_tables_that_cannot_be_decided(text: bytes, why: str, house: Policy, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(text)
    with pytest.raises(BulkError, match=why.replace("?", r"\?")):
        run(tmp_path / "in.csv", tmp_path / "out.csv", house)
    assert [file.name for file in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing.csv", "did you mean"),
        ("in.xlsx", "says nothing about its format"),
        ("folder.csv", "is a folder"),
        ("text.parquet", "is no Parquet file"),
        ("text.arrow", "is no Arrow file"),
        ("text.arrows", "is no stream of Arrow"),
        ("sqlite:///nothing.db#t", "there is no file"),
        ("duckdb:///nothing.db#t", "there is no file"),
        ("sqlite:///nothing.db", "names no table"),
    ],
)
def test_inputs_that_are_none(name: str, why: str, house: Policy, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "mising.csv").write_text("")
    for suffix in ("parquet", "arrow", "arrows"):
        (tmp_path / f"text.{suffix}").write_text("this is no such file")
    with pytest.raises(BulkError, match=why):
        run(name if "://" in name else tmp_path / name, tmp_path / "out.csv", house)


def test_a_file_that_breaks_off_stops_the_job(house: Policy, tmp_path: Path) -> None:
    """What was decided before is kept, and nobody takes the output for whole."""
    table = pa.table({"abuse": ["rude"] * 5000, "note": [str(random.Random(n).random()) for n in range(5000)]})
    file = write_table(tmp_path / "in.arrows", table)
    file.write_bytes(file.read_bytes()[:-3000])
    with pytest.raises(Stopped, match="damaged"):
        run(file, tmp_path / "out.parquet", house, ignore_unknown=True)
    assert not (tmp_path / "out.parquet").exists()


def test_the_output_is_not_the_input(house: Policy, tmp_path: Path) -> None:
    file = write_rows(tmp_path / "in.csv", ROWS)
    with pytest.raises(BulkError, match="is the input"):
        run(file, file, house, overwrite=True)


def test_a_folder_that_cannot_be_written(house: Policy, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.csv", ROWS)
    with pytest.raises(BulkError, match="cannot be written: no such file or directory"):
        run(source, tmp_path / "nowhere" / "out.csv", house)


# --- what goes along ---------------------------------------------------------------------------------------------------


def test_columns_are_kept_with_their_types(house: Policy, tmp_path: Path) -> None:
    """One that is called as a column of the output gets another name."""
    table = pa.table({"abuse": ["rude"], "closed": [dt.date(2026, 5, 1)], "refund": ["full"], "row": [7]})
    summary = run(write_table(tmp_path / "in.parquet", table), tmp_path / "out.parquet", house, keep=None)
    found = read_table(tmp_path / "out.parquet")
    assert found.schema.field("closed").type == pa.date32()
    assert found["input.refund"].to_pylist() == ["full"]
    assert (found["row"].to_pylist(), found["input.row"].to_pylist()) == ([1], [7])
    assert summary.renamed == {"refund": "input.refund", "row": "input.row"}


def test_rows_are_decided_as_of_a_column(tmp_path: Path) -> None:
    policy = Policy.loads(
        '[policy]\nid = "new"\neffective = 2026-06-01\n[[rule]]\nid = "all"\nwhen = true\nthen.refund = "deny"\nbecause = "So."'
    )
    rows = [{"abuse": "rude", "closed": day} for day in ("2026-05-01", "2026-07-01", "", "soon")]
    source = write_rows(tmp_path / "in.csv", rows, ("abuse", "closed"))
    run(source, tmp_path / "out.jsonl", policy, as_of="closed")
    assert [row["refund"] for row in read_rows(tmp_path / "out.jsonl")] == ["refer", "deny"]
    assert [(row["row"], row["problems"][0]["message"]) for row in bad_rows(tmp_path / "out.jsonl")] == [
        (3, "`as_of` takes a date or a date and time, not nothing"),
        (4, "`as_of` cannot be `soon`: this is not a date"),
    ]
    with pytest.raises(BulkError, match="did you mean `closed`"):
        run(source, tmp_path / "other.jsonl", policy, as_of="close")


def test_a_limit_reads_the_first_rows_only(house: Policy, tmp_path: Path) -> None:
    for kind in FORMATS:
        source, output = write_rows(tmp_path / f"in.{kind}", ROWS), tmp_path / f"out-{kind}.jsonl"
        assert run(source, output, house, limit=4).rows == 4
        assert [row["row"] for row in read_rows(output)] == [1, 2, 3]


# --- databases ---------------------------------------------------------------------------------------------------------


def test_a_table_of_duckdb(house: Policy, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.db")) as shop:
        shop.execute(
            "CREATE TABLE claims AS SELECT 'rude' AS abuse, i AS id, CAST(i AS DECIMAL(9, 2)) AS loss FROM range(5) t(i)"
        )
    place = f"duckdb:///{tmp_path}/shop.db"
    assert run(f"{place}#claims", tmp_path / "out.jsonl", house, keep=("id",), rows=2).decided == 5
    assert [(row["row"], row["id"]) for row in read_rows(tmp_path / "out.jsonl")] == [(n + 1, n) for n in range(5)]
    with pytest.raises(BulkError, match="did you mean `claims`"):
        run(f"{place}#claim", tmp_path / "other.jsonl", house)


def test_a_table_by_way_of_sqlalchemy(house: Policy, tmp_path: Path) -> None:
    """In the order of its primary key; what fits to no column type is told apart row by row."""
    sql = pytest.importorskip("sqlalchemy")
    engine = sql.create_engine(f"sqlite:///{tmp_path}/shop.db", poolclass=sql.NullPool)
    with engine.begin() as shop:
        shop.execute(sql.text("CREATE TABLE claims (id INTEGER PRIMARY KEY, abuse TEXT, loss)"))
        shop.execute(sql.text("INSERT INTO claims VALUES (3, 'rude', '5 USD'), (1, NULL, 4), (2, 'roode', 4.5)"))
    engine.dispose()
    place = f"sqlite:///{tmp_path}/shop.db"
    summary = run(f"{place}#claims", tmp_path / "out.jsonl", house, keep=("id",), rows=2)
    assert (summary.decided, summary.bad) == (2, 1)
    assert [(row["row"], row["id"]) for row in read_rows(tmp_path / "out.jsonl")] == [(1, "1"), (3, "3")]
    with pytest.raises(BulkError, match="did you mean `claims`"):
        run(f"{place}#claim", tmp_path / "other.jsonl", house)


def test_engines_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from evenhand.engine.bulk.engines import engine
    from evenhand.engine.bulk.local import run_job

    assert engine("local") is run_job
    monkeypatch.setitem(sys.modules, "evenhand.engine.spark.jobs", None)
    with pytest.raises(ExtraMissing, match=r"evenhand\[spark\]"):
        engine("spark")


def test_values_as_text_are_exact() -> None:
    """As a cell and as JSON: lengths of time, moments, decimals, what no number can be."""
    from evenhand.engine.bulk.as_text import cells, values

    spans = pa.array([3_600_000_000, -500_000, 1, None, -1_000_001], pa.duration("us"))
    assert cells(spans).to_pylist() == ["3600s", "-0.5s", "0.000001s", None, "-1.000001s"]
    assert values(spans).to_pylist() == ['"3600s"', '"-0.5s"', '"0.000001s"', "null", '"-1.000001s"']
    moments = pa.array([0, 1, 1_500_000, None], pa.timestamp("us", "UTC"))
    assert cells(moments).to_pylist() == [
        "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00.000001Z",
        "1970-01-01T00:00:01.5Z",
        None,
    ]
    numbers = pa.array([Decimal("0.100000"), Decimal("20.000000"), Decimal("0E-6"), None], pa.decimal128(38, 6))
    assert cells(numbers).to_pylist() == ["0.1", "20", "0", None]
    assert values(numbers).to_pylist() == ["0.1", "20", "0", "null"]
    assert values(pa.array([True, None])).to_pylist() == ["true", "null"]
    assert values(pa.array([1.5, float("nan"), None])).to_pylist() == ["1.5", '"nan"', "null"]
    assert values(pa.array(['a"b', None])).to_pylist() == ['"a\\"b"', "null"]
    assert values(pa.nulls(2)).to_pylist() == ["null", "null"]
    assert cells(pa.array([dt.date(2026, 1, 2), None])).to_pylist() == ["2026-01-02", None]
    assert cells(pa.array([{"a": 1}, None])).to_pylist() == ['{"a": 1}', None]
