"""`policy decide`: every row of a file, of any size."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from . import completion
from .options import format_option, load
from .reading import FORMATS, AsOf, reading_options

if TYPE_CHECKING:
    from ..engine.bulk.errors import BulkError
    from ..engine.bulk.job import Job, Summary

HELP = """\
Decide every row of a file, of any size.

INPUT and OUTPUT are CSV, TSV, JSON lines, Parquet or Arrow, by their endings; the table of a database, as in
sqlite:///shop.db#claims; or - for standard input and output. One row in, one row out, in the order of the input: its
number, the verdict of each decision, the rule behind it, its values, the facts that are missing. --keep takes columns of
the input along.

Columns are called as the facts are, or a mapping says which is which (see `policy map`); --ignore leaves one out that is
called as a fact and is none. Rows that cannot be decided,
because nobody can read them or a fact in them is impossible, go to OUTPUT.bad.jsonl with the reason; none is lost.

What is done is kept: a run that was stopped, however roughly, goes on with --resume. It needs an extra:
pip install 'evenhand[columns]'.

\b
Examples:
  policy decide claims.csv -o decided.csv --policy house
  policy decide claims.parquet -o decided.parquet --policy house --keep claim_id
  policy decide claims.csv -o decided.parquet --policy house --mapping claims.toml
  policy decide claims.csv -o decided.parquet --policy house --resume
  policy decide postgresql://localhost/shop#claims -o decided.jsonl --policy house --as-of column:closed
  policy decide claims.csv -o sqlite:///shop.db#decided --policy house --keep claim_id

\b
Exit codes:
  0  every row was decided (some may be left to a human)
  1  some rows are bad, or the run stopped before its end
  2  wrong usage: a file, a column or an option that does not exist, an output that is there already
"""


@click.command(help=HELP)
@click.argument("input_", metavar="INPUT")
@click.option("-o", "--output", required=True, metavar="OUTPUT", help="Where to write; - for standard output.")
@click.option(
    "--policy",
    "policy_name",
    required=True,
    metavar="POLICY",
    envvar="EVENHAND_POLICY",
    shell_complete=completion.policies,
    help="The policy to decide by: a file, or a shipped pack.",
)
@reading_options
@click.option("--keep", metavar="COL,..|all", default="", help="Columns of the input to write beside the verdicts.")
@click.option(
    "--as-of", type=AsOf(), metavar="DATE|column:NAME", help="When to decide as of; now unless said otherwise."
)
@click.option("--detail", is_flag=True, help="Also write which outcomes are still possible, rivals, and red lines.")
@click.option("--to", type=click.Choice(FORMATS), help="The format of the output, if its ending is silent.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Read the first N rows only.")
@click.option("--bad", default="", metavar="FILE", help="Where bad rows go; OUTPUT.bad.jsonl unless said otherwise.")
@click.option("--resume", is_flag=True, help="Go on with a run that was stopped.")
@click.option("--overwrite", is_flag=True, help="Begin anew, whatever is there.")
@click.option(
    "--checkpoint",
    type=click.FloatRange(0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How much work a crash may cost.",
)
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True, help="How many threads work.")
@click.option("--engine", "engine_name", default="local", show_default=True, metavar="NAME", help="local or spark.")
@click.option("--master", default="", metavar="URL", help="The cluster that --engine spark works on.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar, and no summary unless something is wrong.")
@format_option("text", "json")
def command(
    *,
    input_: str,
    output: str,
    policy_name: str,
    mapping: str | None,
    keep: str,
    as_of: dt.date | str | None,
    ignore: tuple[str, ...],
    ignore_unknown: bool,
    detail: bool,
    encoding: str,
    delimiter: str,
    from_: Any,
    to: Any,
    limit: int | None,
    bad: str,
    resume: bool,
    overwrite: bool,
    checkpoint: float,
    threads: int,
    engine_name: str,
    master: str,
    quiet: bool,
    format_: str,
) -> None:
    """Decide every row."""
    from ..engine.bulk import BulkError, needed
    from .bulk_progress import BulkProgress
    from .bulk_reports import report
    from .findings import mistakes_told
    from .map import read_mapping
    from .sparing import spare_pandas

    if resume and overwrite:
        raise click.UsageError("--resume goes on with a run, --overwrite begins anew: use one of them.")
    run = _engine(engine_name)
    policy = load(policy_name)
    try:
        places = needed("places")
        job: Job = needed("job").Job(
            policy,
            places.place_of(input_, from_),
            places.place_of(output, to),
            mapping=None if mapping is None else read_mapping(mapping, policy),
            keep=None if keep == "all" else tuple(name.strip() for name in keep.split(",") if name.strip()),
            as_of=as_of,
            encoding=encoding,
            delimiter=delimiter,
            limit=limit or 0,
            bad=bad,
            threads=threads,
            detail=detail,
            ignore=ignore,
            ignore_unknown=ignore_unknown,
            resume=resume,
            overwrite=overwrite,
            checkpoint=checkpoint,
        )
        if engine_name == "local":
            spare_pandas()
        with mistakes_told(), BulkProgress(is_wanted=not quiet) as progress:  # the mapping may not fit to the input
            summary: Summary = run(job, master, progress)
    except BulkError as error:
        raise refused(error) from None
    if not quiet or summary.bad:
        report(summary, format_, to_stderr=job.output.is_stream)
    raise click.exceptions.Exit(1 if summary.bad else 0)


def _engine(name: str) -> Any:
    from ..engine.bulk import BulkError
    from ..engine.bulk.engines import ENGINES, engine
    from .group import did_you_mean

    if name not in ENGINES:
        raise click.UsageError(f"there is no engine {name!r}: {' or '.join(ENGINES)}.{did_you_mean(name, ENGINES)}")
    try:
        return engine(name)
    except BulkError as error:
        raise refused(error) from None


def refused(error: BulkError) -> Exception:
    """Return what ends the command: wrong usage, or a run that stopped before its end."""
    from ..engine.bulk.errors import Stopped, sentence
    from .terminal import Piece, err

    if not isinstance(error, Stopped):
        return click.UsageError(sentence(error.message) + (f" Help: {sentence(error.help)}" if error.help else ""))
    err().line(error.message, hang=2)
    if error.help:
        err().line(Piece(" help: ", "name"), error.help, hang=7)
    return click.exceptions.Exit(1)
