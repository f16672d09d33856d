"""`policy sql`: a policy as a query, to decide where the data already is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from . import completion
from .options import as_of_option, load

HELP = """\
Write a policy as one SQL query, to decide where the data already is.

POLICY is a file or a shipped pack. The query decides every row of a table whose columns are named after the facts, as
`policy decide` would: a NULL is a missing fact. It gives back the row, or the columns that --key names, and for each
decision the outcome, its status, the rule, the missing facts and the values; then obligations, red lines, and
`problems`, which names the facts that no reading would take. What a dialect cannot say exactly is refused, with the
place and a way out.

\b
Examples:
  policy sql house --dialect duckdb --table incidents --key id
  policy sql policy.toml --dialect postgres --key id --reasons -o decide.sql
  policy sql policy.toml --dialect bigquery --without virality.press --as-of-column opened_at

\b
Exit codes:
  0  written
  1  the policy has mistakes, or the dialect cannot say all of it
  2  wrong usage
"""

#: Written out, so that the library is not imported to show the help; a test holds it to the library's own.
DIALECTS = ("duckdb", "spark", "postgres", "bigquery", "snowflake")


@click.command(help=HELP)
@click.argument("policy", metavar="POLICY", shell_complete=completion.policies)
@click.option("--dialect", type=click.Choice(DIALECTS), required=True, help="Whose SQL to write.")
@click.option("--table", default="incidents", show_default=True, metavar="NAME", help="The table with the facts.")
@click.option(
    "--key",
    multiple=True,
    metavar="COLUMN",
    help="Keep only this column of the table; may be repeated. Else all are kept.",
)
@click.option(
    "--without", multiple=True, metavar="FACT", help="The table has no column for this fact; may be repeated."
)
@click.option(
    "--given",
    multiple=True,
    metavar="FACT",
    help="This fact is never NULL, and a row where it is gets marked; may be repeated.",
)
@click.option(
    "--checked",
    multiple=True,
    metavar="FACT",
    help="The table itself sees to it that this column holds right values only; may be repeated.",
)
@as_of_option
@click.option("--as-of-column", metavar="COLUMN", help="Decide each row as on the day or moment in this column.")
@click.option("--reasons", is_flag=True, help="Give the owner's reason beside each outcome.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to a file."
)
def command(
    *,
    policy: str,
    dialect: str,
    table: str,
    key: Sequence[str],
    without: Sequence[str],
    given: Sequence[str],
    checked: Sequence[str],
    as_of: dt.date | None,
    as_of_column: str | None,
    reasons: bool,
    output: Path | None,
) -> None:
    """Write the query."""
    from ..engine.sql import SqlError, SqlMissingError, sql_of
    from .findings import print_findings
    from .terminal import out

    if as_of is not None and as_of_column is not None:
        raise click.UsageError("--as-of and --as-of-column say the same thing twice: give one of them.")
    loaded = load(policy)
    _check_facts(loaded.tree.facts, [*without, *given, *checked])
    try:
        text = sql_of(
            loaded,
            dialect,
            table=table,
            key=key,
            without=without,
            given=given,
            checked=checked,
            as_of=as_of if as_of is not None else as_of_column,
            reasons=reasons,
        )
    except SqlMissingError as missing:
        raise click.UsageError(f"{missing}.") from None
    except SqlError as error:
        print_findings(error.diagnostics)
        raise click.exceptions.Exit(1) from None
    except ValueError as problem:
        raise click.UsageError(f"{problem}.") from None
    if output is None:
        out().stream.write(text)
    else:
        from .storing import store

        store(output, text)


def _check_facts(facts: Mapping[str, object], named: Sequence[str]) -> None:
    """Refuse the name of a fact that the policy does not have."""
    from .group import did_you_mean

    for name in named:
        if name not in facts:
            raise click.UsageError(f"the policy has no fact {name!r}.{did_you_mean(name, facts)}")
