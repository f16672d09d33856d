"""Inputs and outputs of bulk jobs in tests: the same rows in every format, and what came out as Python has it."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from pyarrow import ipc

from evenhand import Policy
from evenhand.engine.bulk.job import Job, Summary
from evenhand.engine.bulk.local import run_job
from evenhand.engine.bulk.places import place_of

#: What every row of a test may hold, in text; the fourth cannot be decided.
ROWS: Sequence[Mapping[str, str]] = (
    {"abuse": "rude", "fault": "customer", "loss": "4.50 USD", "verified": "true"},
    {"abuse": "violent", "fault": "customer", "verified": "yes", "virality.views": "250_000"},
    {"loss": "1234.5", "fault": "business", "demand": "refund"},
    {"abuse": "roode", "loss": "-4 USD"},
    {},
    {"abuse": "any of rude, hostile", "loss": "200..900 USD", "fault": "customer"},
)
NAMES = ("abuse", "fault", "loss", "verified", "virality.views", "demand")


class Nobody:
    """Watches no job."""

    def expect(self, total: int, size: int) -> None:
        """Take no note."""

    def at(self, rows: int, read: int) -> None:
        """Take no note."""


def write_rows(file: Path, rows: Sequence[Mapping[str, Any]], names: Sequence[str] = NAMES) -> Path:
    """Write rows of text in the format that the ending says."""
    if file.suffix in (".csv", ".tsv"):
        with file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, names, delimiter="," if file.suffix == ".csv" else "\t")
            writer.writeheader()
            writer.writerows(rows)
    elif file.suffix == ".jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        write_table(file, pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}))
    return file


def write_table(file: Path, table: Any) -> Path:
    """Write a table as Parquet or in one of Arrow's formats."""
    if file.suffix == ".parquet":
        pq.write_table(table, file)
    else:
        make = ipc.new_file if file.suffix == ".arrow" else ipc.new_stream
        with pa.OSFile(str(file), "wb") as sink, make(sink, table.schema) as writer:
            writer.write_table(table)
    return file


def read_rows(file: Path) -> list[dict[str, Any]]:
    """Return the rows of an output."""
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    if file.suffix in (".csv", ".tsv"):
        with file.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream, delimiter="," if file.suffix == ".csv" else "\t"))
    return list(read_table(file).to_pylist())


def read_table(file: Path) -> Any:
    """Return an output as an Arrow table."""
    if file.suffix == ".parquet":
        return pq.read_table(file)
    if file.suffix == ".csv":
        return arrow_csv.read_csv(file)
    opened = ipc.open_file if file.suffix == ".arrow" else ipc.open_stream
    with pa.memory_map(str(file)) as source:
        return opened(source).read_all()


def bad_rows(file: Path) -> list[dict[str, Any]]:
    """Return the bad rows of an output; none where there is no such file."""
    beside = file.with_name(f"{file.name}.bad.jsonl")
    return [json.loads(line) for line in beside.read_text(encoding="utf-8").splitlines()] if beside.exists() else []


def job_for(source: Path | str, output: Path | str, policy: Policy, **options: Any) -> Job:
    """Return a job."""
    return attrs.evolve(Job(policy, place_of(str(source)), place_of(str(output))), **options)


def run(source: Path | str, output: Path | str, policy: Policy, **options: Any) -> Summary:
    """Run a job."""
    return run_job(job_for(source, output, policy, **options), "", Nobody())
