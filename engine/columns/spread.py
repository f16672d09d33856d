"""What there is of each distinct thing, spread over the rows by their codes; -1 is a null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .library import Array, pa


def places(wanted: Sequence[int], codes: Any) -> Any:
    """Return `wanted[code]` for each code, -1 for -1."""
    table = np.asarray([*wanted, -1], dtype=np.int32)  # the last one is what -1 finds
    return table[codes]


def words(of_each: Sequence[str | None], codes: Any, dictionary: Sequence[str]) -> Array:
    """Return a column of words; None is a null."""
    at = {word: place for place, word in enumerate(dictionary)}
    indices = places([-1 if word is None else at[word] for word in of_each], codes)
    return pa.DictionaryArray.from_arrays(_nullable(indices), pa.array(dictionary, pa.string()))


def spread(of_each: Array, codes: Any) -> Array:
    """Return a column of whatever type."""
    if of_each.null_count == len(of_each):
        return pa.nulls(len(codes), of_each.type)
    return of_each.take(_nullable(codes))


def lists(of_each: Sequence[Sequence[str]], codes: Any) -> Array:
    """Return a column of lists of texts."""
    if not any(of_each):
        missing = codes < 0
        offsets = pa.array(np.zeros(len(codes) + 1, dtype=np.int32))
        mask = pa.array(missing) if missing.any() else None
        return pa.ListArray.from_arrays(offsets, pa.array([], pa.string()), mask=mask)
    return pa.array([list(texts) for texts in of_each], pa.list_(pa.string())).take(_nullable(codes))


def _nullable(indices: Any) -> Array:
    missing = indices < 0
    return pa.array(indices, pa.int32(), mask=missing) if missing.any() else pa.array(indices, pa.int32())
