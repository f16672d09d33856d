"""Work on a column value by value, each distinct one once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from ...rules.diagnostics import Diagnostic
from ...rules.given import FactProblem
from ..columns.library import pc
from .chunks import Problems


def each_distinct(
    column: Any, work: Callable[[Any], Any], blame: Callable[[Any, Exception], Diagnostic]
) -> tuple[list[Any], Any, Problems]:
    """
    Return what *work* makes of each distinct value of a column, which of them each row has, and what is wrong with rows.

    A value that *work* refuses, with a `FactProblem` or a ValueError, makes nothing; *blame* says what is wrong with its rows.

    >>> made, indices, problems = each_distinct(pa.array(["1", "x", "1"]), int, lambda value, error: value)
    >>> made, indices.to_pylist(), problems
    ([1, None], [0, 1, 0], {1: ('x',)})
    """
    pairs = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    made: list[Any] = []
    bad: dict[int, Diagnostic] = {}
    for number, value in enumerate(pairs.dictionary.to_pylist()):
        try:
            made.append(None if value is None else work(value))
        except (FactProblem, ValueError) as problem:
            made.append(None)
            bad[number] = blame(value, problem)
    return made, pairs.indices, _by_row(pairs.indices, bad)


def _by_row(indices: Any, bad: Mapping[int, Diagnostic]) -> Problems:
    """Return the rows that have one of the *bad* distinct values, with what is wrong with it."""
    if not bad:
        return {}
    found = pc.indices_nonzero(pc.is_in(indices, value_set=pa.array(list(bad), indices.type)))
    return {place: (bad[indices[place].as_py()],) for place in found.to_pylist()}
