"""What there is of each distinct thing, spread over the rows by their codes; -1 is a null."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .library import Array, pa
from .readiness import LOOP


def room(rows: int) -> Any:
    """Return room for as many whole numbers of 32 bits, from Arrow's pool: it keeps what was given back."""
    return np.frombuffer(pa.allocate_buffer(4 * rows), np.int32)


def _gathered(table: Any, codes: Any, out: Any) -> int:
    """Put `table[code + 1]` for each code; return how many are less than 0."""
    if LOOP.is_wanted:
        from .loop import gather  # because it is compiled

        return int(gather(table, codes, out))
    out[:] = table[codes + 1]
    return int(np.count_nonzero(out < 0))


def _places(wanted: Sequence[int], codes: Any) -> Array:
    """Return `wanted[code]` for each code as indices; -1 is a null."""
    table = np.asarray([-1, *wanted], dtype=np.int32)  # the first one is what -1 finds
    indices = room(len(codes))
    nulls = _gathered(table, codes, indices)
    if not nulls:
        return pa.array(indices)
    valid = pa.py_buffer(np.packbits(indices >= 0, bitorder="little"))
    return pa.Array.from_buffers(pa.int32(), len(indices), [valid, pa.py_buffer(indices)], nulls)


def words(of_each: Sequence[str | None], codes: Any, dictionary: Sequence[str]) -> Array:
    """Return a column of words; None is a null."""
    at = {word: place for place, word in enumerate(dictionary)}
    indices = _places([-1 if word is None else at[word] for word in of_each], codes)
    return pa.DictionaryArray.from_arrays(indices, pa.array(dictionary, pa.string()), safe=False)


def spread(of_each: Array, codes: Any) -> Array:
    """Return a column of whatever type."""
    if of_each.null_count == len(of_each):
        return pa.nulls(len(codes), of_each.type)
    return of_each.take(_places(range(len(of_each)), codes))


def lists(of_each: Sequence[Sequence[str]], codes: Any) -> Array:
    """Return a column of lists of texts."""
    if any(of_each):
        places = _places(range(len(of_each)), codes)
        return pa.array([list(texts) for texts in of_each], pa.list_(pa.string())).take(places)
    is_null = len(codes) and codes.min() < 0
    return pa.ListArray.from_arrays(
        _zeros(len(codes) + 1), pa.array([], pa.string()), mask=pa.array(codes < 0) if is_null else None
    )


@lru_cache(maxsize=1)
def _zeros(count: int) -> Array:
    """Return as many zeros; the empty columns of a table share them."""
    return pa.array(np.zeros(count, np.int32))
