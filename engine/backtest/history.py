"""A history out of a file of any format that `policy decide` reads, its columns named as facts or mapped to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import attrs

from ...rules.given import groups_of
from ...rules.types import Fact
from ..bulk import BulkError
from ..bulk.by_name import NAMES, ByName, needed_columns, strange
from ..bulk.chunks import Chunk, Problems, Source, batch_of, merged
from ..bulk.errors import MOST, meant
from ..bulk.ignoring import known_facts, wrongly_ignored
from ..bulk.overlap import Ahead
from ..bulk.places import Format, place_of
from ..bulk.sources import Reading, open_source
from .pages import Page, Unreadable

if TYPE_CHECKING:
    from ..bulk import mapping as maps
    from ..bulk.deciding import Mapper
    from ..bulk.run import Watcher
    from ..policy import Policy

#: Stretches that are read ahead.
_DEPTH: Final = 2


class HistoryError(ValueError):
    """Why a history cannot be read: *problems* are lower-case sentences, each with the way out."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@attrs.frozen
class Wish:
    """
    What is asked of a history.

    *wanted* are columns that are needed beside facts: of the file, facts, or such as the *mapping* describes. Without a mapping each
    column is the fact of that name; others that no policy knows are an error unless they are in *ignore*, or all of them are to
    be ignored (*ignore_unknown*). An ignored column states nothing, even if it is called as a fact.
    """

    wanted: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    ignore_unknown: bool = False
    mapping: maps.Mapping | None = None
    encoding: str = "utf-8"
    delimiter: str = ""
    format: Format | None = None


def read_history(file: str, policies: Sequence[Policy], wish: Wish | None = None) -> Iterator[Page]:
    """
    Yield the pages of a file; a cell of text that is blank states nothing.

    Raises:
        HistoryError: If it cannot be read, or columns are missing or unknown.
        PolicyError: If a mapping does not fit to its columns.
    """
    with closing(open_history(file, policies, wish)) as pages:
        yield from pages


def open_history(file: str, policies: Sequence[Policy], wish: Wish | None = None) -> Pages:
    """
    Open a file, and check that its columns are what is needed.

    Raises:
        HistoryError: If it cannot be read, or columns are missing or unknown: all of them at once.
        PolicyError: If a mapping does not fit to its columns.
    """
    wish = wish or Wish()
    try:
        place = place_of(file, wish.format)
        source = open_source(place, Reading(wish.encoding, wish.delimiter, threads=2))
    except BulkError as problem:
        raise HistoryError(str(problem)) from None
    facts = {name: fact for policy in policies for name, fact in policy.tree.facts.items()}
    try:
        return Pages(source, facts, wish, is_stream=place.is_stream)
    except BaseException:
        source.close()
        raise


class Pages:
    """
    The pages of a history that has been opened.

    A *watcher* is told how far the reading is, all of its *times* taken together. A stream can be read only once.
    """

    def __init__(self, source: Source, facts: dict[str, Fact], wish: Wish, *, is_stream: bool = False) -> None:
        self.watcher: Watcher | None = None
        self.times = 1
        self.is_stream = is_stream
        self._begun = 0
        self._ahead: Ahead[Chunk] | None = None
        self._source, self._wish = source, wish
        self._facts = known_facts(facts, wish.ignore)
        if not source.is_open:
            self._check(source.names)
        mapper: Mapper
        if wish.mapping is not None:
            mapped = wish.mapping.bound(source)
            mapper, self._columns = mapped, mapped.needed(wish.wanted)
        else:
            passed_over = None if wish.ignore_unknown or not source.is_open else {*NAMES, *wish.wanted, *wish.ignore}
            mapper = ByName(self._facts, is_text=source.is_text, passed_over=passed_over)
            self._columns = needed_columns(source, self._facts, wish.wanted)
        self._mapper = mapper
        self._described = () if wish.mapping is None else tuple(wish.mapping.columns)

    def __iter__(self) -> Iterator[Page]:
        """Read on, page by page."""
        total, size = self._source.total, self._source.size
        if self.watcher is not None:
            self.watcher.expect(total * self.times, size * self.times)
        before, self._begun = self._begun, self._begun + 1
        rows = before * total
        try:
            with closing(Ahead(self._source.chunks(0, self._columns), _DEPTH)) as ahead:
                self._ahead = ahead
                for chunk in ahead:
                    yield self._page(chunk)
                    rows += len(chunk.rows) + len(chunk.bad)
                    if self.watcher is not None:
                        self.watcher.at(rows, before * size + self._source.read())
        except BulkError as problem:
            raise HistoryError(str(problem)) from None

    def close(self) -> None:
        """Stop reading, and close the file."""
        if self._ahead is not None:
            self._ahead.close()
        self._source.close()

    def _page(self, chunk: Chunk) -> Page:
        facts, problems = self._mapper.facts(chunk)
        named: dict[str, Any] = {}
        for name in self._wish.wanted:
            named[name], refused = self._named(chunk, name, facts)
            problems = merged(problems, refused)
        bad = tuple(Unreadable(row.row, row.problems) for row in chunk.bad)
        return Page(facts, batch_of(named, len(chunk.rows)), chunk.rows, bad).without(problems)

    def _named(self, chunk: Chunk, name: str, facts: Any) -> tuple[Any, Problems]:
        """Return a column: as a mapping describes it, as a fact, or as it stands in the file; of nulls where no row has it."""
        if name not in self._described and name in facts.schema.names:
            return facts.column(name), {}
        return self._mapper.column(chunk, name)

    def _check(self, names: Sequence[str]) -> None:
        """Refuse columns that nobody knows, and miss those that are asked for, or that are to be ignored."""
        wish = self._wish
        mapped = () if wish.mapping is None else (*wish.mapping.columns, *wish.mapping.facts, *wish.mapping.constants)
        problems = [
            f"the history has no column `{name}`: {meant(name, (*names, *mapped))}"
            for name in dict.fromkeys(wish.wanted)
            if name not in names and name not in mapped
        ]
        problems += wrongly_ignored(wish.ignore, self._source, wish.mapping)
        if wish.mapping is None and not wish.ignore_unknown:
            known = {*self._facts, *groups_of(self._facts), *wish.wanted, *wish.ignore, *NAMES}
            unknown = [name for name in names if name not in known]
            problems += [_unknown(unknown, self._facts, names)] if unknown else []
        if problems:
            raise HistoryError(*problems)


def _unknown(unknown: Sequence[str], facts: Mapping[str, Fact], names: Sequence[str]) -> str:
    columns, them = ("facts for the columns", "them") if len(unknown) > 1 else ("fact for the column", "it")
    commas = ",".join(f'"{name}"' if "," in name else name for name in unknown)
    ignore = f"--ignore '{commas}' or " if len(unknown) <= MOST else ""
    return (
        f"the policy has no {columns} {strange(unknown, facts, names)}: map {them} with --mapping (`policy map --guess` writes one), "
        f"or leave {them} out with {ignore}--ignore-unknown"
    )
