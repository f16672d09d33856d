"""`policy decide --engine spark`: the same rows, the same bad rows, the same summary as on this machine."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest
from spark_cluster import LIGHT, WHY_NOT, has_java
from test_spark import DAY, PLAIN, incidents

from evenhand.engine.bulk.errors import BulkError
from evenhand.engine.bulk.job import Job
from evenhand.engine.bulk.local import run_job as run_here
from evenhand.engine.bulk.places import place_of
from evenhand.engine.spark import spark_session
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


def test_a_job_gives_what_it_gives_on_this_machine(tmp_path: Path) -> None:
    write_inputs(tmp_path)
    settings = {
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": LIGHT,
        "spark.sql.files.minPartitionNum": "4",
        "spark.sql.files.openCostInBytes": "1",
    }
    with spark_session("local[2]", settings=settings):
        for source, target in (("parquet", "parquet"), ("csv", "csv"), ("jsonl", "jsonl")):
            here, there = (
                Job(
                    PLAIN,
                    place_of(str(tmp_path / f"in.{source}")),
                    place_of(str(tmp_path / f"{name}.{target}")),
                    keep=("id",),
                    as_of=DAY,
                    bad=str(tmp_path / f"{name}.{source}.bad"),
                    ignore_unknown=True,
                )
                for name in ("here", "there")
            )
            expected, found = run_here(here, "", Nobody()), run_job(there, "", Nobody())
            assert {**found.counts(), "seconds": 0} == {**expected.counts(), "seconds": 0}
            assert rows_of(there.output.path) == rows_of(here.output.path)
            assert len(list(there.output.path.iterdir())) > 1
            assert numbers(there.bad_file) == numbers(here.bad_file)
            with pytest.raises(BulkError, match="already"):
                run_job(there, "", Nobody())


def numbers(file: Path) -> list[int]:
    """Return the numbers of the bad rows."""
    return [json.loads(line)["row"] for line in file.read_text().splitlines()]


def test_what_only_this_machine_does_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("abuse\nnone\n")
    job = Job(PLAIN, place_of(str(tmp_path / "in.csv")), place_of("-"), as_of=dt.date(2026, 11, 21))
    with pytest.raises(BulkError, match="no standard input"):
        run_job(job, "", Nobody())
