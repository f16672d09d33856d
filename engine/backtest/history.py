"""A history out of a file of any format that `policy decide` reads, its columns named as facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ...rules.diagnostics import nearest
from ...rules.types import Fact
from ..bulk import BulkError
from ..bulk.by_name import NAMES, ByName
from ..bulk.chunks import Chunk
from ..bulk.places import place_of
from ..bulk.sources import Reading, open_source
from ..columns.library import pa
from .pages import Page, Unreadable

if TYPE_CHECKING:
    from ..policy import Policy


class HistoryError(ValueError):
    """Why a history cannot be read: one lower-case sentence, with the way out."""


def read_history(
    file: str, policies: Sequence[Policy], *, wanted: Iterable[str] = (), ignore: Iterable[str] | None = ()
) -> Iterator[Page]:
    """
    Yield the pages of a file.

    *wanted* are columns that are asked for beside facts; others that no policy knows are an error unless they are in *ignore*
    (None: whatever they are). A cell of text that is blank states nothing.

    Raises:
        HistoryError: If it cannot be read, or a column is missing or unknown.
    """
    facts = {name: fact for policy in policies for name, fact in policy.tree.facts.items()}
    asked, left = list(wanted), None if ignore is None else set(ignore)
    try:
        source = open_source(place_of(file), Reading())
        try:
            if not source.is_open:
                _check(source.names, facts, asked, left)
            mapper = ByName(facts, is_text=source.is_text, passed_over=None)
            for chunk in source.chunks(0, None):
                if source.is_open:
                    chunk = attrs.evolve(chunk, batch=_with_all(chunk.batch, asked))
                    _check(chunk.batch.schema.names, facts, asked, left)
                yield _page(chunk, mapper)
        finally:
            source.close()
    except BulkError as problem:
        raise HistoryError(str(problem)) from None


def _page(chunk: Chunk, mapper: ByName) -> Page:
    batch, _ = mapper.facts(chunk)
    return Page(batch, chunk.batch, chunk.rows, tuple(Unreadable(bad.row, bad.problems) for bad in chunk.bad))


def _with_all(batch: Any, wanted: Iterable[str]) -> Any:
    """Return a batch with blank columns for those that no row of it has."""
    for name in wanted:
        if name not in batch.schema.names:
            batch = batch.append_column(name, pa.nulls(batch.num_rows, pa.string()))
    return batch


def _check(names: Sequence[str], facts: Mapping[str, Fact], wanted: Sequence[str], ignore: set[str] | None) -> None:
    for name in wanted:
        if name not in names:
            near = nearest(name, names)
            raise HistoryError(f"the history has no column `{name}`" + (f": did you mean `{near}`?" if near else ""))
    if ignore is None:
        return
    groups = {name.partition(".")[0] for name in facts if "." in name}
    known = {*facts, *groups, *wanted, *ignore, *NAMES}
    unknown = [name for name in names if name not in known]
    if unknown:
        near = nearest(unknown[0], facts)
        meant = f" (did you mean `{near}`?)" if near else ""
        listed = ", ".join(f"`{name}`" for name in unknown[:8])
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        raise HistoryError(
            f"the policy has no facts for the columns {listed}{more}{meant}: name the columns after facts, or leave them out with "
            f"--ignore-unknown, or one by one with --ignore '{','.join(unknown)}'"
        )
