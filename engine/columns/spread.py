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


def _gather(table: Any, codes: Any, out: Any) -> None:
    """Put `table[code + 1]` for each code."""
    if LOOP.is_wanted:
        from .loop import gather  # because it is compiled

        gather(table, codes, out)
    else:
        out[:] = table[codes + 1]


def _indices(codes: Any) -> Array:
    """Return codes as indices; -1 is a null."""
    if not len(codes) or codes.min() >= 0:
        return pa.array(codes)
    return _found(np.arange(-1, codes.max() + 1, dtype=np.int32), codes)


def _found(table: Any, codes: Any) -> Array:
    """Return `table[code + 1]` for each code as indices; -1 is a null."""
    indices = room(len(codes))
    _gather(table, codes, indices)
    if not len(codes) or (table[1:].min(initial=0) >= 0 and codes.min() >= 0):
        return pa.array(indices)
    has = indices >= 0
    valid = pa.py_buffer(np.packbits(has, bitorder="little"))
    return pa.Array.from_buffers(
        pa.int32(), len(indices), [valid, pa.py_buffer(indices)], len(has) - np.count_nonzero(has)
    )


def places_of(listed: Sequence[str | None], dictionary: Sequence[str]) -> Any:
    """Return the place of each word in a dictionary, -1 for None."""
    at = {word: place for place, word in enumerate(dictionary)}
    return np.array([-1 if word is None else at[word] for word in listed], np.int32)


def words(places: Any, codes: Any, dictionary: Sequence[str]) -> Array:
    """Return a column of words, from the place of each distinct one in the dictionary; -1 is a null."""
    indices = _found(np.concatenate([_NULL, places]), codes)
    return pa.DictionaryArray.from_arrays(indices, pa.array(dictionary, pa.string()), safe=False)


def spread(of_each: Array, codes: Any) -> Array:
    """Return a column of whatever type."""
    if of_each.null_count == len(of_each):
        return pa.nulls(len(codes), of_each.type)
    if _is_all_empty(of_each):
        is_null = len(codes) and codes.min() < 0
        mask = pa.array(codes < 0) if is_null else None
        return pa.ListArray.from_arrays(_zeros(len(codes) + 1), pa.array([], of_each.type.value_type), mask=mask)
    return of_each.take(_indices(codes))


def texts_of(listed: Sequence[Sequence[str]]) -> Array:
    """Return lists of texts as an array."""
    return pa.array(listed, pa.list_(pa.string()))


def flagged(marks: Any, names: Sequence[str], *, null: Any = None) -> Array:
    """Return for each row of marks the names that are marked, in their order; *null* marks rows that have no list."""
    offsets = np.concatenate([[0], np.cumsum(np.count_nonzero(marks, axis=1))]).astype(np.int32)
    at = pa.array(np.nonzero(marks)[1].astype(np.int32))
    texts = pa.array(names, pa.string()).take(at)
    return pa.ListArray.from_arrays(pa.array(offsets), texts, mask=None if null is None else pa.array(null))


def _is_all_empty(of_each: Array) -> bool:
    """Whether all that there is are empty lists."""
    return pa.types.is_list(of_each.type) and not of_each.null_count and not len(of_each.values)


@lru_cache(maxsize=1)
def _zeros(count: int) -> Array:
    """Return as many zeros; the empty columns of a table share them."""
    return pa.array(np.zeros(count, np.int32))


_NULL = np.array([-1], np.int32)
