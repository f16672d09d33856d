"""Work on a column value by value, each distinct one once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from ..columns.library import pc


def encoded(column: Any) -> Any:
    """Return a column as a dictionary of its distinct values, and for each row which one it has."""
    return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()


def each_distinct(column: Any, work: Callable[[Any], Any]) -> tuple[list[Any], dict[int, Any]]:
    """
    Return what *work* makes of each distinct value of a column, and the rows with a value that it refuses with a ValueError.

    >>> each_distinct(pa.array(["1", "x", "1"]), int)
    ([1, None], {1: 'x'})
    """
    pairs = encoded(column)
    made: list[Any] = []
    bad: dict[int, Any] = {}
    for number, value in enumerate(pairs.dictionary.to_pylist()):
        try:
            made.append(None if value is None else work(value))
        except ValueError:
            made.append(None)
            bad[number] = value
    return made, places_of(pairs.indices, bad)


def places_of(indices: Any, bad: dict[int, Any]) -> dict[int, Any]:
    """Return the rows that have one of the *bad* distinct values, with what belongs to it."""
    if not bad:
        return {}
    found = pc.indices_nonzero(pc.is_in(indices, value_set=pa.array(list(bad), indices.type)))
    return {place: bad[indices[place].as_py()] for place in found.to_pylist()}
