"""What commands over a history share: their options, how the file is read, and what is said of rows that could not be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import click

from .options import Moment, check_exists
from .reading import AsOf, reading_options

if TYPE_CHECKING:
    from ..engine.backtest.history import Pages
    from ..engine.backtest.pages import Since
    from ..engine.policy import Policy

    PairType = click.ParamType[tuple[str, str]]
else:  # because older releases of click have a class without parameters
    PairType = click.ParamType

Command = TypeVar("Command", bound=Callable[..., Any])


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
        type=AsOf(),
        metavar="DATE|column:NAME",
        help="Decide as on that day, or for each row as on the day in a column; now unless said otherwise.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress bar."),
)


def history_options(command: Command) -> Command:
    """Give a command the options of a history."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return reading_options(command)


@attrs.frozen
class History:
    """A history as a command was asked to read it; *complaints* are options that do not go together."""

    file: str
    mapping: str | None
    ignore: tuple[str, ...]
    ignore_unknown: bool
    encoding: str
    delimiter: str
    from_: Any
    outcomes: dict[str, str]
    since: dt.date | None
    date_column: str | None
    sample: int | None
    seed: int
    as_of: dt.date | str | None
    quiet: bool
    complaints: tuple[str, ...] = ()

    @classmethod
    def asked(cls, file: str, **options: Any) -> History:
        """
        Return what the options ask for.

        Raises:
            UsageError: If there is no such file.
        """
        check_is_file(file)
        outcomes: dict[str, str] = {}
        complaints: list[str] = []
        for decision, column in options.pop("outcomes"):
            if outcomes.setdefault(decision, column) != column:
                complaints.append(f"--outcome names two columns for {decision!r}: take one of them")
        if options["since"] is not None and not options["date_column"]:
            complaints.append("--since needs to know which column has the date: add --date-column COLUMN")
        return cls(file, outcomes=outcomes, complaints=tuple(complaints), **options)

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


def needs_columns() -> None:
    """
    Import what deciding a history needs.

    Raises:
        UsageError: If the extra is not installed, or broken.
    """
    from .sparing import spare_pandas

    try:
        from ..engine import backtest  # noqa: F401 because only its being there counts
    except ImportError as error:
        raise click.UsageError(f"{error}.") from None
    spare_pandas()


def load_all(*names: str | None) -> list[Policy]:
    """
    Load policies, those whose name is not None; what is wrong with any of them goes to stderr.

    Raises:
        UsageError: If one of them is not there, with all that are not.
    """
    from .revisions import load_any

    policies: list[Policy] = []
    missing: list[str] = []
    is_broken = False
    for name in filter(None, names):
        try:
            policies.append(load_any(name))
        except click.UsageError as error:
            missing.append(error.message)
        except click.exceptions.Exit:
            is_broken = True
    if missing:
        raise click.UsageError("\n".join(missing))
    if is_broken:
        raise click.exceptions.Exit(1)
    return policies


@contextmanager
def opened(history: History, policies: Sequence[Policy], columns: Sequence[str]) -> Iterator[Pages]:
    """
    Open a history, and show how far its reading is; *columns* are those that the command itself asks for.

    Raises:
        UsageError: With everything that is wrong with the options, the columns, or the file.
    """
    from ..engine.backtest.history import HistoryError
    from .bulk_progress import BulkProgress

    complaints = [*history.complaints, *_unknown_decisions(history, policies)]
    pages: Pages | None = None
    with ExitStack() as stack:
        try:
            pages = stack.enter_context(closing(_pages(history, policies, columns)))
        except HistoryError as problem:
            complaints += problem.problems
        except click.exceptions.Exit:
            if not complaints:
                raise
        if complaints or pages is None:
            raise _told(complaints)
        pages.watcher = stack.enter_context(BulkProgress(is_wanted=not history.quiet))
        try:
            yield pages
        except HistoryError as problem:
            raise _told(problem.problems) from None


def _told(complaints: Iterable[str]) -> click.UsageError:
    from ..engine.bulk.errors import sentence

    return click.UsageError("\n".join(map(sentence, complaints)))


def _pages(history: History, policies: Sequence[Policy], columns: Sequence[str]) -> Pages:
    from ..engine.backtest.history import Wish, open_history
    from .findings import mistakes_told
    from .map import read_mapping

    wish = Wish(
        (*columns, *history.used()),
        history.ignore,
        history.ignore_unknown,
        None if history.mapping is None else read_mapping(history.mapping, *policies),
        history.encoding,
        history.delimiter,
        history.from_,
    )
    with mistakes_told():  # the mapping may not fit to the file
        return open_history(history.file, policies, wish)


def _unknown_decisions(history: History, policies: Sequence[Policy]) -> Iterator[str]:
    """Say which recorded outcomes are those of decisions that no policy has."""
    from .group import did_you_mean

    known = dict.fromkeys(name for policy in policies for name in policy.tree.decisions)
    for decision in history.outcomes:
        if decision not in known:
            yield f"the policy has no decision {decision!r}.{did_you_mean(decision, known)}"


def check_is_file(name: str) -> None:
    """
    Refuse a history that is no file; standard input and the table of a database are let through.

    Raises:
        UsageError: If there is no such file, or it is a folder.
    """
    if name == "-" or "://" in name:
        return
    check_exists(name)
    if not Path(name).is_file():
        raise click.UsageError(f"{name!r} is no file of incidents.")
