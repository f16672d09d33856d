"""A history out of a file: CSV, JSON lines, Parquet or Arrow, its columns named as facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...rules.diagnostics import nearest
from ..columns.library import library, pa
from .pages import Page

if TYPE_CHECKING:
    from ..policy import Policy

_ROWS = 32_768


class HistoryError(ValueError):
    """Why a history cannot be read: one lower-case sentence, with the way out."""


def read_history(
    file: str, policies: Sequence[Policy], *, wanted: Iterable[str] = (), ignore: Iterable[str] = ()
) -> Iterator[Page]:
    """
    Yield the pages of a file.

    *wanted* are columns that are asked for beside facts; others that no policy knows are an error unless they are in *ignore*.
    A cell of text that is blank states nothing.

    Raises:
        HistoryError: If it cannot be read, or a column is missing or unknown.
    """
    row = 0
    checked = False
    for batch in _batches(file):
        if not checked:
            _check(batch.schema.names, policies, list(wanted), set(ignore))
            checked = True
        facts = batch.select([name for name in batch.schema.names if _is_fact(name, policies)])
        yield Page(facts, batch, np.arange(row + 1, row + 1 + batch.num_rows))
        row += batch.num_rows


def _is_fact(name: str, policies: Iterable[Policy]) -> bool:
    return any(fact == name or fact.startswith(f"{name}.") for policy in policies for fact in policy.tree.facts)


def _check(names: Sequence[str], policies: Sequence[Policy], wanted: Sequence[str], ignore: set[str]) -> None:
    for name in wanted:
        if name not in names:
            near = nearest(name, names)
            raise HistoryError(f"the history has no column `{name}`" + (f": did you mean `{near}`?" if near else ""))
    facts = [fact for policy in policies for fact in policy.tree.facts]
    unknown = [name for name in names if not _is_fact(name, policies) and name not in wanted and name not in ignore]
    if unknown:
        near = nearest(unknown[0], facts)
        meant = f" (did you mean `{near}`?)" if near else ""
        listed = ", ".join(f"`{name}`" for name in unknown[:8]) + (
            f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        )
        raise HistoryError(
            f"the policy has no facts for the columns {listed}{meant}: name the columns after facts, or leave them out with "
            f"--ignore '{','.join(unknown)}'"
        )


def _batches(file: str) -> Iterator[Any]:
    reader = {
        ".csv": _csv,
        ".tsv": _csv,
        ".jsonl": _json,
        ".ndjson": _json,
        ".parquet": _parquet,
        ".arrow": _arrow,
    }.get(Path(file).suffix.lower())
    if reader is None:
        raise HistoryError(
            f"the ending of `{file}` says nothing: a history is a .csv, .tsv, .jsonl, .parquet or .arrow file"
        )
    try:
        yield from reader(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise HistoryError(f"`{file}` cannot be read: {str(error).splitlines()[0]}") from None


def _csv(file: str) -> Iterator[Any]:
    csv = library("pyarrow.csv")

    parse = csv.ParseOptions(delimiter="\t" if file.lower().endswith(".tsv") else ",", newlines_in_values=True)
    with csv.open_csv(file, parse_options=parse) as head:
        names = head.schema.names
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        strings_can_be_null=True,
        null_values=[""],
        quoted_strings_can_be_null=True,
    )
    with csv.open_csv(file, parse_options=parse, convert_options=convert) as reader:
        yield from reader


def _json(file: str) -> Iterator[Any]:
    json = library("pyarrow.json")

    yield from json.read_json(file).to_batches(max_chunksize=_ROWS)


def _parquet(file: str) -> Iterator[Any]:
    parquet = library("pyarrow.parquet")

    with parquet.ParquetFile(file) as reader:
        yield from reader.iter_batches(batch_size=_ROWS)


def _arrow(file: str) -> Iterator[Any]:
    with pa.OSFile(file) as source, pa.ipc.open_file(source) as reader:
        for at in range(reader.num_record_batches):
            yield reader.get_batch(at)
