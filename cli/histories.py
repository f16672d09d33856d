"""What commands over a history share: their options, how the file is read, and what is said of rows that could not be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import click

from .options import Moment, check_exists

if TYPE_CHECKING:
    from ..engine.backtest.pages import Page, Since
    from ..engine.policy import Policy

    NamesType = click.ParamType[tuple[str, ...]]
    PairType = click.ParamType[tuple[str, str]]
else:  # because older releases of click have a class without parameters
    NamesType = PairType = click.ParamType

Command = TypeVar("Command", bound=Callable[..., Any])
_MISSING = "a history is read as columns: pip install 'evenhand[columns]'."


class Names(NamesType):
    """Names with commas between them."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Take the names apart."""
        if isinstance(value, tuple):
            return value
        found = tuple(name.strip() for name in value.split(","))
        if not all(found):
            self.fail(f"{value!r} has an empty name in it.", param, ctx)
        return found


class Recorded(PairType):
    """A decision and the column that its outcome was recorded in: DECISION=COLUMN."""

    name = "decision=column"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Take the decision and the column apart."""
        if isinstance(value, tuple):
            return value
        decision, sign, column = (part.strip() for part in value.partition("="))
        if not sign or not decision or not column:
            self.fail(f"{value!r} names no column: write it like refund=recorded_refund.", param, ctx)
        return decision, column


_OPTIONS = (
    click.option(
        "--ignore", type=Names(), metavar="COLUMNS", default=(), help="Columns that are no facts and are left out."
    ),
    click.option("--ignore-unknown", is_flag=True, help="Leave out all columns that are no facts."),
    click.option(
        "--outcome",
        "outcomes",
        type=Recorded(),
        metavar="DECISION=COLUMN",
        multiple=True,
        help="Hold a decision against the outcome recorded in a column, as in refund=recorded_refund.",
    ),
    click.option("--since", type=Moment(), metavar="DATE", help="Leave out rows before that day; needs --date-column."),
    click.option("--date-column", metavar="COLUMN", help="The column that says when an incident was."),
    click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Take so many rows at random."),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of what is random."),
    click.option(
        "--as-of",
        metavar="DATE|column:NAME",
        help="Decide as on that day, or for each row as on the day in a column; now unless said otherwise.",
    ),
)


def history_options(command: Command) -> Command:
    """Give a command the options of a history."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@attrs.frozen
class History:
    """A history as a command was asked to read it."""

    file: str
    ignore: tuple[str, ...]
    outcomes: dict[str, str]
    since: dt.date | None
    date_column: str | None
    sample: int | None
    seed: int
    as_of: dt.date | str | None
    ignore_unknown: bool

    @classmethod
    def asked(cls, file: str, **options: Any) -> History:
        """
        Return what the options ask for.

        Raises:
            UsageError: If they do not go together.
        """
        if file != "-":
            check_exists(file)
        outcomes = dict(options.pop("outcomes"))
        as_of = options.pop("as_of")
        if options["since"] is not None and not options["date_column"]:
            raise click.UsageError("--since needs to know which column has the date: add --date-column COLUMN.")
        return cls(file, outcomes=outcomes, as_of=_moment(as_of), **options)

    def used(self) -> tuple[str, ...]:
        """Return the columns that the options name."""
        dates = [name for name in (self.date_column, self.as_of) if isinstance(name, str)]
        return (*self.outcomes.values(), *dates)

    def filter(self) -> Since | None:
        """Return what leaves rows out by their date."""
        from ..engine.backtest.pages import Since

        if self.since is None or self.date_column is None:
            return None
        day = self.since.date() if isinstance(self.since, dt.datetime) else self.since
        return Since(day, self.date_column)


def _moment(text: str | None) -> dt.date | str | None:
    """Return a day, or the name of a column of days."""
    if text is None:
        return None
    kind, colon, name = text.partition(":")
    if kind == "column" and colon and name:
        return name
    return Moment().convert(text, None, None)


def pages_of(history: History, policies: Sequence[Policy], columns: Sequence[str]) -> Iterator[Page]:
    """
    Yield a history page by page; *columns* are those that the command itself asks for.

    Raises:
        UsageError: If the file cannot be read as a table, or has columns that nobody knows.
    """
    from ..engine.backtest.history import HistoryError, read_history

    wanted = (*columns, *history.used())
    try:
        yield from read_history(
            history.file, policies, wanted=wanted, ignore=None if history.ignore_unknown else history.ignore
        )
    except HistoryError as problem:
        raise click.UsageError(str(problem)) from None
    except ModuleNotFoundError as error:
        if error.name not in ("pyarrow", "numpy"):
            raise
        raise click.UsageError(_MISSING) from None


def check_decisions(history: History, policies: Sequence[Policy]) -> None:
    """
    Refuse recorded outcomes of decisions that no policy has.

    Raises:
        UsageError: With the nearest decision that there is.
    """
    from .group import did_you_mean

    known = dict.fromkeys(name for policy in policies for name in policy.tree.decisions)
    for decision in history.outcomes:
        if decision not in known:
            raise click.UsageError(f"the policy has no decision {decision!r}.{did_you_mean(decision, known)}")


def check_is_file(name: str) -> None:
    """
    Refuse a history that is no file.

    Raises:
        UsageError: If it is a folder.
    """
    check_exists(name)
    if not Path(name).is_file():
        raise click.UsageError(f"{name!r} is no file of incidents.")
