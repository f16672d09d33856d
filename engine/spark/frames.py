"""A data frame of Spark decided: checked on the driver, then partition by partition where it lies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from ..columns import Columns, TableError, answer_schema
from ..columns.library import pa
from ..policy import Policy
from .carrying import carried
from .library import Frame, arrow_schema, library, quiet_about_pandas
from .shipping import Parcel
from .worker import Work, plain_schema


def decide_frame(
    frame: Frame,
    policy: Policy,
    *,
    as_of: dt.date | str | None = None,
    keep: Collection[str] = (),
    ignore: Collection[str] = (),
    detail: bool = False,
) -> Frame:
    """
    Decide every row of a data frame of Spark, and return the answers as another: one row each, in the same partitions.

    A column is the fact of its name, dotted or in a struct; a null is a fact that is missing. *as_of* is the moment of all
    decisions (that of the call, unless said), or the name of a column that has each row's. Columns to *keep* stand in front of
    the answers, those to *ignore* are left out. A row with something wrong about it has no answers and says why under
    `problems`. *detail* adds what `evenhand.engine.columns.Answers.table` adds.

    Nothing runs until Spark is asked for the rows; the columns are checked at once. Nothing is shuffled.

    Raises:
        FactError: If a column is no fact.
        TableError: If a column that was named is not there, or stands twice.
        SparkMissingError: If pyarrow or pyspark is not installed.
    """
    types = library("pyspark.sql.pandas.types")
    functions = library("pyspark.sql.functions")
    kept = tuple(keep)
    wanted = _wanted(frame, kept, ignore, as_of, policy, detail=detail)
    arrow = arrow_schema(frame.select(*(functions.col(quoted(name)) for name in wanted)).schema)
    moment = as_of if as_of is not None else dt.datetime.now(dt.UTC)
    Columns(policy).decide(arrow.empty_table(), as_of=moment, ignore=kept)  # says what is wrong with the columns
    work = Work(Parcel.of(policy), moment, tuple(wanted), kept, detail)
    answers = plain_schema(answer_schema(policy, detail=detail))
    schema = types.from_arrow_schema(pa.schema([*(arrow.field(name) for name in kept), *answers]))
    # On their way the columns have numbers for names: `mapInArrow` takes a dot for the way into a struct.
    numbered = (functions.col(quoted(name)).alias(f"c{at}") for at, name in enumerate(wanted))
    with quiet_about_pandas():
        return frame.select(*numbered).mapInArrow(carried(_worker(), work.packed()), schema)


def _worker() -> str:
    return f"{__package__}.worker"


def quoted(name: str) -> str:
    """Return the name of a column as Spark reads it: a dot in it is no way into a struct."""
    return f"`{name.replace('`', '``')}`"


def _wanted(
    frame: Frame, keep: tuple[str, ...], ignore: Collection[str], as_of: object, policy: Policy, *, detail: bool
) -> list[str]:
    """Return the columns that are read: all but those to ignore."""
    names = list(frame.columns)
    taken = answer_schema(policy, detail=detail).names
    for name in keep:
        if names.count(name) != 1:
            raise TableError(f"there is no column `{name}` to keep, or more than one")
        if name in taken:
            raise TableError(f"the answer has a column `{name}` already: rename yours")
    facts: dict[str, Any] = dict(policy.tree.facts)
    used = {*keep, as_of}
    wanted = [name for name in names if name in used or name in facts or name not in ignore]
    twice = sorted({name for name in wanted if wanted.count(name) > 1})
    if twice:
        raise TableError(f"there is more than one column {', '.join(f'`{name}`' for name in twice)}: rename one")
    return wanted
