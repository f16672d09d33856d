"""Distinct rows: what depends on few facts is worked out once for each combination of their values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import numpy as np

from .library import Array, pa, pc
from .reading import value_at

#: Lists longer than this are compared as wholes.
_LONG = 16


@attrs.frozen
class Distinct:
    """The distinct combinations of some columns: the code of each row, and a row of each code."""

    codes: Any
    rows: Any


def distinct(columns: Iterable[Array], rows: int, *, beside: Any = None) -> Distinct:
    """Return the distinct combinations of some columns, and of whole numbers *beside* them."""
    key = np.zeros(rows, np.int64)
    size = 1
    parts = [_codes(column) for column in columns]
    if beside is not None:
        parts.append(_dense(np.asarray(beside, np.int64)))
    for codes, count in parts:
        if size * count >= 2**62:
            key, size = _dense(key)
        key = key * count + codes
        size *= count
    codes, count = _dense(key)
    first = np.zeros(count, np.int64)
    first[codes[::-1]] = np.arange(rows - 1, -1, -1)
    return Distinct(codes, first)


def _codes(column: Array) -> tuple[Any, int]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        count = len(column.dictionary)
        codes = column.indices.cast(pa.int64()).fill_null(count)
        return codes.to_numpy(zero_copy_only=False), count + 1
    if _is_list_of_texts(kind):
        return _of_lists(column)
    try:
        encoded = pc.dictionary_encode(column, null_encoding="encode")
    except (pa.ArrowException, NotImplementedError):
        return _by_value(column)
    if not isinstance(encoded, pa.DictionaryArray):
        return _by_value(column)
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), max(len(encoded.dictionary), 1)


def _is_list_of_texts(kind: Any) -> bool:
    return bool(
        pa.types.is_list(kind) and (pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type))
    )


def _of_lists(column: Array) -> tuple[Any, int]:
    """Code lists of texts by their lengths and, place by place, their items."""
    lengths = pc.list_value_length(column).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    most = int(lengths.max(initial=0))
    if most > _LONG:
        return _by_value(column)
    items, count = _codes(column.flatten())
    begins = np.cumsum(np.maximum(lengths, 0)) - np.maximum(lengths, 0)
    key, size = lengths + 1, most + 2
    for place in range(most):
        if size * (count + 1) >= 2**62:
            key, size = _dense(key)
        key, size = key * (count + 1), size * (count + 1)
        here = np.flatnonzero(lengths > place)
        key[here] += items[begins[here] + place]
    return key, size


def _by_value(column: Array) -> tuple[Any, int]:
    """Code a column that Arrow does not encode: lists and the like."""
    seen: dict[str, int] = {}
    codes = [seen.setdefault(repr(value_at(column, at)), len(seen)) for at in range(len(column))]
    return np.array(codes, np.int64), max(len(seen), 1)


def _dense(key: Any) -> tuple[Any, int]:
    encoded = pa.array(key).dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), max(len(encoded.dictionary), 1)


def some(columns: Sequence[Array], rows: Any) -> list[Array]:
    """Return the given rows of some columns."""
    taken = pa.array(rows)
    return [column.take(taken) for column in columns]
