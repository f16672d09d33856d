"""`policy decide --engine spark`: a job of files, of which each worker decides and writes the parts that it reads."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from ..bulk.bytes_in import ByteSource, codec_name
from ..bulk.delimited import Delimited
from ..bulk.errors import BulkError, ExtraMissing, Stopped
from ..bulk.job import Job, Summary
from ..bulk.json_lines import JsonLines
from ..bulk.local import prepare
from ..bulk.places import COMPRESSED
from ..bulk.run import Watcher
from .carrying import carried
from .frames import quoted
from .library import Frame, Session, SparkFailedError, SparkMissingError, arrow_schema, library, quiet_about_pandas
from .pieces import Described, Head, Part, Piecework
from .session import spark_session

_READ: Final = ("parquet", "csv", "tsv", "jsonl")
#: The compressed files of text of which Spark makes lines; of any other it makes rows that are none, and says nothing.
_COMPRESSED: Final = (".gz", ".bz2")
_ARCHIVES: Final = (*(ending for ending in COMPRESSED if ending not in _COMPRESSED), ".zip", ".7z", ".tar", ".zst")
_COUNTED: Final = "partition int, rows long, problem string"
_DONE: Final = "partition int, rows long, counts string, output string, bad string"


def run_job(job: Job, master: str, watcher: Watcher) -> Summary:
    """
    Run a job on Spark: on the cluster *master*, or on this machine.

    Raises:
        BulkError: If it cannot start; nothing has been written then.
        Stopped: If it cannot go on; nothing is left of it.
    """
    _check(job)
    job = attrs.evolve(job, as_of=job.as_of or dt.datetime.now(dt.UTC))
    begun = time.monotonic()
    try:
        with spark_session(master, name=f"evenhand {job.policy.id}") as spark:
            summary = _run(job, spark, watcher)
    except SparkMissingError as error:
        raise ExtraMissing("the engine `spark` needs pyspark", help="pip install 'evenhand[spark]'") from error
    except SparkFailedError as error:
        raise BulkError(str(error)) from None
    summary.seconds = time.monotonic() - begun
    return summary


def _check(job: Job) -> None:
    """
    Refuse what only this machine does.

    Raises:
        BulkError: With the way out.
    """
    here = "leave out --engine"
    if job.source.is_stream or job.output.is_stream:
        raise BulkError("workers of Spark have no standard input and output", help="name files")
    if job.source.format not in _READ:
        raise BulkError(f"the engine `spark` does not read {job.source.format}", help=f"{', '.join(_READ)}; or {here}")
    if job.output.format == "table":
        raise BulkError("the engine `spark` writes files", help=f"name one, and load it into the database; or {here}")
    if job.resume:
        help_ = f"begin again with --overwrite, or {here}; Spark itself repeats what a machine that fails had in hand"
        raise BulkError("a run on Spark that was stopped leaves nothing to go on with", help=help_)
    if not job.source.path.exists():
        raise BulkError(f"there is no file `{job.source.name}`", help="check the name and the folder")
    if job.source.path.is_dir() and job.source.format in ("csv", "tsv"):
        raise BulkError(f"`{job.source.name}` is a folder", help="name one file, or make it Parquet")
    if job.source.format != "parquet":
        _check_text(job)
    if job.output.path.exists() and not job.overwrite:
        help_ = "choose another name with -o, or use --overwrite"
        raise BulkError(f"`{job.output.path}` is there already", help=help_)


def _check_text(job: Job) -> None:
    """
    Refuse text of which Spark would make other lines than this machine does.

    Raises:
        BulkError: With the way out.
    """
    here = "or leave out --engine"
    ending = job.source.path.suffix.lower()
    if ending in _ARCHIVES:
        help_ = f"unpack it, compress it as {' or '.join(_COMPRESSED)}, {here}"
        raise BulkError(f"Spark cannot look into a file that ends in {ending}", help=help_)
    if "\n".encode(codec_name(job.encoding)) != b"\n":
        help_ = f"store it as utf-8, {here}"
        raise BulkError(f"Spark does not find the ends of lines in {job.encoding}", help=help_)


def _run(job: Job, spark: Session, watcher: Watcher) -> Summary:
    frame, source = _opened(job, spark)
    prepared = prepare(job, source)
    names = prepared.columns if job.source.format == "parquet" else None
    if names is not None:
        functions = library("pyspark.sql.functions")
        frame = frame.select(*(functions.col(quoted(name)).alias(f"c{at}") for at, name in enumerate(names)))
    work = Piecework.of(job, source, names or ())
    counts = _counted(frame, work, job)
    wanted = min(sum(counts), job.limit or sum(counts))
    watcher.expect(wanted, 0)
    folder = job.output.path.with_name(f"{job.output.path.name}.part")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        work = attrs.evolve(work, counts=tuple(counts), folder=str(folder.absolute()))
        summary = _gathered(work, job, _decided(frame, work), folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    summary.renamed = prepared.renamed
    watcher.at(summary.rows, 0)
    return summary


def _opened(job: Job, spark: Session) -> tuple[Frame, Described]:
    """Return the input as a data frame, of text as its lines, and what its columns are."""
    uri = job.source.path.absolute().as_uri()
    if job.source.format == "parquet":
        frame = spark.read.parquet(uri)
        schema = arrow_schema(frame.schema)
        return frame, Described(tuple(schema.names), schema, is_open=False, is_text=False)
    lines = library("pyspark.sql.functions").col("value").cast("binary").alias("c0")
    frame = spark.read.option("lineSep", "\n").text(uri).select(lines)  # a lone \r ends no line here either
    if job.source.format == "jsonl":
        return frame, Described((), None, is_open=JsonLines.is_open, is_text=JsonLines.is_text)
    file = Delimited(ByteSource(job.source, job.encoding), delimiter=job.delimiter)
    try:
        head = Head(tuple(file.names), file.delimiter)
        return frame, Described(head.names, file.schema(), is_open=False, is_text=True, head=head)
    finally:
        file.close()


def _counted(frame: Frame, work: Piecework, job: Job) -> list[int]:
    """
    Return how many rows each partition has, so that every worker knows the number of its first.

    Raises:
        BulkError: If a cell goes over several lines, between which Spark may cut.
    """
    counting = frame.select(library("pyspark.sql.functions").lit(1)) if work.source.schema_ is not None else frame
    counting = counting if work.source.head is None else frame
    with quiet_about_pandas():
        rows = counting.mapInArrow(carried(_pieces(), work.packed()), _COUNTED).collect()
    found = {row.partition: row for row in rows}
    if any(row.problem for row in rows):
        help_ = "make it Parquet, or leave out --engine"
        raise BulkError(f"`{job.source.name}` has cells of several lines, between which Spark may cut", help=help_)
    return [found[at].rows if at in found else 0 for at in range(max(found, default=-1) + 1)]


def _decided(frame: Frame, work: Piecework) -> list[Part]:
    if work.job.limit:  # what lies beyond it stays in Java
        functions = library("pyspark.sql.functions")
        within = sum(before < work.job.limit for before, _ in map(work.span, range(len(work.counts))))
        frame = frame.where(functions.spark_partition_id() < within)
    with quiet_about_pandas():
        rows = frame.mapInArrow(carried(_pieces(), work.packed()), _DONE).collect()
    return sorted((Part(*row) for row in rows), key=lambda part: part.partition)


def _pieces() -> str:
    return f"{__package__}.pieces"


def _gathered(work: Piecework, job: Job, parts: Sequence[Part], folder: Path) -> Summary:
    """
    Put the parts that count where they belong, and add up their summaries.

    Raises:
        Stopped: If they are not those that were counted, or cannot be seen from here.
    """
    spans = [work.span(part.partition) for part in parts]
    if len(parts) != len(work.counts) or any(
        part.rows != last - before for part, (before, last) in zip(parts, spans, strict=True)
    ):
        raise Stopped("the input was changed while it was read", help="begin again")
    here = {file.name for file in folder.iterdir()}
    if not {name for part in parts for name in (part.output, part.bad) if name} <= here:
        help_ = "write to storage that all of them share, under the same path"
        raise Stopped(f"the workers' files are not in `{folder.parent}`", help=help_)
    summary = Summary(output=job.output.name, bad_file=str(job.bad_file))
    job.bad_file.unlink(missing_ok=True)  # an older job's, of the same name
    for part in parts:
        part.add_to(summary)
        if part.bad:
            with job.bad_file.open("ab") as bad, (folder / part.bad).open("rb") as lines:
                shutil.copyfileobj(lines, bad, 1 << 20)
    written = [part for part in parts if part.output]
    for name in here - {part.output for part in written}:  # bad rows, and what attempts that failed have left
        (folder / name).unlink()
    for part in written:
        (folder / part.output).rename(folder / f"part-{part.partition:05}{Path(part.output).suffix}")
    if job.output.path.is_dir():
        shutil.rmtree(job.output.path)
    else:
        job.output.path.unlink(missing_ok=True)
    folder.rename(job.output.path)
    return summary
