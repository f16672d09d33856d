"""`policy decide --engine spark`: the same rows, the same bad rows, the same summary as on this machine."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest
from spark_cluster import WHY_NOT, has_java
from test_spark import DAY, PLAIN, incidents

from evenhand import Policy
from evenhand.engine.bulk.errors import BulkError
from evenhand.engine.bulk.job import Job, Summary
from evenhand.engine.bulk.local import run_job as run_here
from evenhand.engine.bulk.mapping import read_mapping
from evenhand.engine.bulk.places import place_of
from evenhand.engine.spark.jobs import run_job

pytestmark = [
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.skipif(not has_java(), reason=WHY_NOT),
]


class Nobody:
    """Watches nothing."""

    def expect(self, total: int, size: int) -> None: ...

    def at(self, rows: int, read: int) -> None: ...


def write_inputs(folder: Path) -> None:
    """Write the same incidents in three formats, with rows that nobody can read."""
    table = incidents(3_000)
    pq.write_table(table, folder / "in.parquet", row_group_size=500)
    words = table.set_column(table.schema.get_field_index("opened"), "opened", table["opened"].cast(pa.string()))
    arrow_csv.write_csv(words, folder / "in.csv")
    lines = (folder / "in.csv").read_text().splitlines()
    lines[100] += ",x"
    (folder / "in.csv").write_text("\n".join(lines) + "\n")
    rows = [{name: value for name, value in row.items() if value is not None} for row in words.to_pylist()]
    said = [json.dumps(row, default=str) for row in rows]
    said[50], said[60] = "{broken", "[1]"
    (folder / "in.jsonl").write_text("\n".join([*said[:70], "", *said[70:]]) + "\n")


def rows_of(path: Path) -> list[Any]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    if path.suffix == ".parquet":
        return [row for file in files for row in pq.read_table(file).to_pylist()]
    heads = 1 if path.suffix == ".csv" else 0
    return [line for file in files for line in file.read_text().splitlines()[heads:]]


def both(folder: Path, source: str, target: str, policy: Policy = PLAIN, **options: Any) -> tuple[Job, Job]:
    """Return the same job for this machine and for Spark."""
    here, there = (
        Job(
            policy,
            place_of(str(folder / source)),
            place_of(str(folder / f"{name}.{target}")),
            as_of=DAY,
            bad=str(folder / f"{name}.{source}.bad"),
            **options,
        )
        for name in ("here", "there")
    )
    return here, there


def assert_same(here: Job, there: Job) -> Summary:
    """Run both, and hold what they write and say against each other."""
    expected, found = run_here(here, "", Nobody()), run_job(there, "", Nobody())
    assert {**found.counts(), "seconds": 0} == {**expected.counts(), "seconds": 0}
    assert rows_of(there.output.path) == rows_of(here.output.path)
    assert bad_rows(there) == bad_rows(here)
    return found


def bad_rows(job: Job) -> list[Any] | None:
    """Return the side file with the bad rows, if there is one."""
    return [json.loads(line) for line in job.bad_file.read_text().splitlines()] if job.bad_file.exists() else None


@pytest.mark.once
@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("format_", ["parquet", "csv", "jsonl"])
def test_a_job_gives_what_it_gives_on_this_machine(format_: str, tmp_path: Path) -> None:
    write_inputs(tmp_path)
    here, there = both(tmp_path, f"in.{format_}", format_, keep=("id",), ignore_unknown=True)
    found = assert_same(here, there)
    assert found.bad > 0
    assert len(list(there.output.path.iterdir())) > 1
    with pytest.raises(BulkError, match="already"):
        run_job(there, "", Nobody())


MAPPED = Policy.loads("""
[policy]
id = "mapped"
[decisions.refund]
default = "deny"
[[rule]]
id = "small"
when = "loss <= 2_000 USD and verified and fault = shared"
then.refund = "full"
[[rule]]
id = "rude"
when = "abuse >= rude"
then.refund = "credit"
""")
MAPPING = """
blank = ["?"]
[facts]
loss = { column = "Amount", currency = "USD", thousands = "," }
abuse = { column = "Severity", values = { "1" = "rude", "2" = "hostile" }, otherwise = "none" }
verified = { expression = "kind = 'business'" }
[columns]
kind = "Kind"
[constants]
fault = "shared"
"""


@pytest.mark.once
@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("limit", [0, 700])
def test_a_mapping_works_where_the_rows_are(limit: int, tmp_path: Path) -> None:
    """Cells that it cannot read are bad rows with the same reasons; a limit counts rows of the input, bad ones too."""
    kinds = ("business", "customer", "?", "nobody")
    amounts = ["much" if at % 50 == 3 else f'"${at * 7:,}.25"' for at in range(1_500)]
    lines = [f"{at},{amount},{at % 4},{kinds[at % 4]}" for at, amount in enumerate(amounts)]
    (tmp_path / "in.csv").write_text("\n".join(["Case,Amount,Severity,Kind", *lines]) + "\n")
    mapping = read_mapping(MAPPING, MAPPED)
    here, there = both(tmp_path, "in.csv", "csv", MAPPED, mapping=mapping, keep=("Case",), limit=limit)
    found = assert_same(here, there)
    assert found.rows == (limit or 1_500)
    assert found.bad == found.rows // 50
    assert set(found.outcomes["refund"]) == {"full", "credit", "deny", "refer"}


@pytest.mark.once
@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("format_", ["parquet", "jsonl"])
def test_a_limit_takes_the_first_rows(format_: str, tmp_path: Path) -> None:
    """Also across partitions, of which those that are beyond it leave no file."""
    write_inputs(tmp_path)
    here, there = both(tmp_path, f"in.{format_}", format_, ignore_unknown=True, limit=1_300)
    assert assert_same(here, there).rows == 1_300
    assert 1 < len(list(there.output.path.iterdir())) < 6


@pytest.mark.usefixtures("spark")
def test_lines_end_where_they_end_on_this_machine(tmp_path: Path) -> None:
    """At a line feed, and at no carriage return within a line; a row is a row in gzip as well."""
    rows = [f'{{"loss": {at},{chr(13) if at % 7 == 0 else ""} "abuse": "rude"}}\r\n' for at in range(100)]
    with gzip.open(tmp_path / "in.jsonl.gz", "wt", newline="") as file:
        file.write("".join(rows))
    here, there = both(tmp_path, "in.jsonl.gz", "jsonl")
    assert assert_same(here, there).decided == 100
    assert bad_rows(there) is None


@pytest.mark.parametrize(
    ("source", "options", "why", "way"),
    [
        ("in.csv", {"resume": True}, "leaves nothing to go on with", "--overwrite"),
        ("in.csv.xz", {}, "cannot look into a file that ends in .xz", ".gz or .bz2"),
        ("in.csv", {"encoding": "utf-16"}, "the ends of lines in utf-16", "utf-8"),
        ("in.arrow", {}, "does not read arrow", "parquet"),
        ("gone.csv", {}, "no file", "check the name"),
    ],
)
def test_what_only_this_machine_does_is_refused(
    source: str, options: dict[str, Any], why: str, way: str, tmp_path: Path
) -> None:
    for name in ("in.csv", "in.csv.xz", "in.arrow"):
        (tmp_path / name).write_text("abuse\nnone\n")
    _, job = both(tmp_path, source, "csv", **options)
    with pytest.raises(BulkError, match=why) as error:
        run_job(job, "", Nobody())
    assert way in error.value.help
    assert not job.output.path.exists()


def test_standard_streams_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("abuse\nnone\n")
    job = Job(PLAIN, place_of(str(tmp_path / "in.csv")), place_of("-"), as_of=dt.date(2026, 11, 21))
    with pytest.raises(BulkError, match="no standard input"):
        run_job(job, "", Nobody())
