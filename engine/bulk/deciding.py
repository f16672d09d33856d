"""One chunk decided: facts out of its columns, verdicts on its good rows, its bad rows with the reasons."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final, Protocol

import attrs
import numpy as np
import pyarrow as pa

from ..columns import Columns, answer_schema
from ..policy import Policy
from .chunks import BadRow, Chunk, Problems, merged
from .moments import moment_column

#: The column with the number of each row.
ROW: Final = "row"
#: The column from which the moment of each decision is taken, once it has been read.
AS_OF: Final = "as_of"


class Mapper(Protocol):
    """Makes facts of the columns of a chunk."""

    def facts(self, chunk: Chunk) -> tuple[Any, Problems]:
        """Return a batch whose columns are facts, and what is wrong with rows of it, by their place in the chunk."""
        ...

    def column(self, chunk: Chunk, name: str) -> tuple[Any, Problems]:
        """Return a column by its name, and what is wrong with rows of it."""
        ...


@attrs.frozen
class Kept:
    """A column of the input that is written as it is: what it is called there and in the output, and its type there."""

    name: str
    written: str
    type: Any


@attrs.frozen(eq=False)
class Decided:
    """What became of a chunk: the rows of the output, and the bad ones."""

    table: Any
    bad: tuple[BadRow, ...]
    last: int


class Decider:
    """Decides chunks; safe to use from one thread at a time."""

    def __init__(
        self,
        policy: Policy,
        mapper: Mapper,
        kept: Sequence[Kept],
        *,
        as_of: dt.date | str,
        detail: bool,
        threads: int = 1,
    ) -> None:
        self._columns = Columns(policy, threads=threads)
        self._mapper, self._kept, self._as_of, self._detail = mapper, kept, as_of, detail
        self._order = {name: number for number, name in enumerate(policy.tree.facts)}
        answers = answer_schema(policy, detail=detail)
        self._answers = [field.name for field in answers if field.name != "problems"]
        fields = [pa.field(ROW, pa.int64(), nullable=False), *(pa.field(kept_.written, kept_.type) for kept_ in kept)]
        self.schema: Any = pa.schema([*fields, *(answers.field(name) for name in self._answers)])

    def decide(self, chunk: Chunk) -> Decided:
        """Decide a chunk; every row of it is in the answer once."""
        facts, problems = self._mapper.facts(chunk)
        as_of = self._as_of
        if isinstance(as_of, str):
            facts, problems = self._with_moments(chunk, facts, problems, as_of)
            as_of = facts.schema.names[-1]
        wanted = np.ones(facts.num_rows, bool)
        wanted[list(problems)] = False
        places = np.flatnonzero(wanted)
        if problems:
            facts = facts.take(pa.array(places))
        answers = self._columns.decide(facts, as_of=as_of)
        table = answers.table(detail=self._detail)
        refused = {int(places[bad.row]): bad.diagnostics for bad in answers.bad}
        if refused:
            good = np.ones(len(places), bool)
            good[[bad.row for bad in answers.bad]] = False
            table = table.take(pa.array(np.flatnonzero(good)))
            places = places[good]
        problems = {**problems, **refused}
        return Decided(self._written(chunk, places, table), self._bad(chunk, problems), chunk.last)

    def _with_moments(self, chunk: Chunk, facts: Any, problems: Problems, column: str) -> tuple[Any, Problems]:
        """Append the moments of the decisions to the facts, under a name that no fact has."""
        found, bad = self._mapper.column(chunk, column)
        moments, refused = moment_column(found)
        name = AS_OF
        while name in facts.schema.names:
            name += "_"
        facts = pa.RecordBatch.from_arrays([*facts.columns, moments], [*facts.schema.names, name])
        return facts, merged(merged(bad, refused), problems)

    def _written(self, chunk: Chunk, places: Any, table: Any) -> Any:
        all_good = len(places) == chunk.batch.num_rows
        rows = pa.array(chunk.rows[places])
        columns = [rows]
        for kept in self._kept:
            column = self._column(chunk, kept)
            columns.append(column if all_good else column.take(pa.array(places)))
        columns += [table.column(name) for name in self._answers]
        return pa.Table.from_arrays(columns, schema=self.schema)

    @staticmethod
    def _column(chunk: Chunk, kept: Kept) -> Any:
        column = chunk.column(kept.name, kept.type)
        if column.type == kept.type:
            return column
        from .as_text import cells

        return cells(column)

    def _bad(self, chunk: Chunk, problems: Problems) -> tuple[BadRow, ...]:
        found = list(chunk.bad)
        for place, diagnostics in problems.items():
            cells = {name: chunk.batch.column(name)[place].as_py() for name in chunk.batch.schema.names}
            cells = {name: cell for name, cell in cells.items() if cell is not None}
            in_order = sorted(diagnostics, key=lambda problem: self._order.get(problem.facts.get("fact", ""), -1))
            found.append(BadRow(int(chunk.rows[place]), cells, tuple(in_order)))
        return tuple(sorted(found, key=lambda bad: bad.row))
