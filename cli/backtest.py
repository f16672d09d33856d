"""`policy backtest`: who would have been treated otherwise, and what would it have cost?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import completion
from .histories import History, history_options, load_all, needs_columns, opened
from .options import format_option
from .reading import Names

if TYPE_CHECKING:
    from ..engine.backtest import Report

HELP = """\
Decide past incidents by a policy, or by two, and say what changes and what it costs.

HISTORY is a table of incidents (CSV, JSON lines, Parquet, Arrow, the table of a database, or - for standard input).
Its columns are called as facts are, or a mapping says which is which (see `policy map`). It is read once, and may be
larger than memory. Both policies decide as if they were in force.

For each decision: which outcomes become which, the rules that gain and lose rows, what is left to a human and which
facts are missing there; the money that moves; red lines that the rules would cross; duties; examples nearest to the
thresholds that moved. Intervals are 95 %, by the Poisson bootstrap.

\b
Examples:
  policy backtest incidents.csv --policy draft.toml --against policy.toml
  policy backtest claims.csv --policy policy.toml --mapping claims.toml --outcome refund=result
  policy backtest incidents.csv --policy draft.toml --against HEAD:policy.toml --by channel \\
    --by fault,channel --format html -o report.html

\b
Exit codes:
  0  every row was decided (some may be left to a human)
  1  a policy has mistakes, or rows could not be decided
  2  wrong usage: no such file, column or decision, or the extra evenhand[columns] is not installed
"""


@click.command(help=HELP)
@click.argument("history", metavar="HISTORY")
@click.option(
    "--policy", "new", required=True, metavar="NEW", shell_complete=completion.policies, help="The policy to try."
)
@click.option(
    "--against", "old", metavar="OLD", shell_complete=completion.policies, help="The policy to hold it against."
)
@click.option(
    "--by",
    type=Names(),
    multiple=True,
    metavar="COLUMNS",
    help="Split the figures by the values of a column or fact, or of several together; may be repeated.",
)
@click.option("--name-column", metavar="COLUMN", help="The column that names an incident, for the examples.")
@history_options
@format_option("text", "json", "html")
@click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False), help="Write into this file.")
def command(
    *,
    history: str,
    new: str,
    old: str | None,
    by: tuple[tuple[str, ...], ...],
    name_column: str | None,
    format_: str,
    output: str | None,
    **options: Any,
) -> None:
    """Backtest a policy."""
    asked = History.asked(history, **options)
    report = _report(asked, new, old, by, name_column)
    _write(report, asked, format_, output)
    raise click.exceptions.Exit(1 if report.bad else 0)


def _report(
    history: History, new: str, old: str | None, by: tuple[tuple[str, ...], ...], name_column: str | None
) -> Report:
    policies = load_all(new, old)
    needs_columns()
    from ..engine.backtest import Options, backtest
    from ..engine.backtest.standing import standing

    stands = [standing(policy) for policy in policies]
    notes = [note for _, note in stands if note]
    options = Options(by, history.outcomes, history.as_of, name_column or "", history.seed)
    columns = [column for columns in by for column in columns] + ([name_column] if name_column else [])
    tried, *others = (policy for policy, _ in stands)
    with opened(history, policies, columns) as pages:
        return backtest(
            pages,
            tried,
            others[0] if others else None,
            options=options,
            since=history.filter(),
            sample=history.sample,
            notes=notes,
        )


def _write(report: Report, history: History, format_: str, output: str | None) -> None:
    from .terminal import Output, out

    if output is None:
        _write_to(out(), report, history, format_)
        return
    try:
        with Path(output).open("w", encoding="utf-8", newline="\n") as stream:
            _write_to(Output(stream), report, history, format_)
    except OSError as error:
        raise click.UsageError(f"{output!r} cannot be written: {(error.strerror or 'no access').lower()}.") from None


def _write_to(output: Any, report: Report, history: History, format_: str) -> None:
    if format_ == "json":
        from .as_json import write_json
        from .backtest_json import report_json

        write_json(output, report_json(report, history.file))
    elif format_ == "html":
        from .backtest_html import page

        output.text(page(report, history.file))
    else:
        from .backtest_text import print_report

        print_report(output, report)
