"""Columns as text, column by column: cells of a table, and values of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa

from ..columns.library import pc

#: What stands between the words of a list in a cell.
BETWEEN: Final = ";"


def cells(column: Any) -> Any:
    """
    Return a column as the cells of a table: a list with `;` between its words, a length of time like `3600s`, nothing for null.

    >>> cells(pa.array([["injury", "loss"], None])).to_pylist()
    ['injury;loss', None]
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(column.indices, cells(column.dictionary)).cast(pa.string())
    if _is_list(kind):
        return pc.binary_join(column.cast(pa.list_(pa.string())), BETWEEN)
    if pa.types.is_duration(kind):
        return _seconds(column)
    if pa.types.is_decimal(kind):
        return _plain(column)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _each(column, lambda value: json.dumps(value, default=str, ensure_ascii=False))
    if pa.types.is_timestamp(kind):
        return _moments(column)
    return column.cast(pa.string())


def values(column: Any) -> Any:
    """
    Return a column as values of JSON.

    >>> values(pa.array(["a", None])).to_pylist()
    ['"a"', 'null']
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        plain = _is_text(column.dictionary.type)
        texts = _each(column.dictionary, _quoted, otherwise="null") if plain else values(column.dictionary)
        return pc.fill_null(pc.take(texts, column.indices), "null")
    if pa.types.is_null(kind):
        return pa.array(["null"] * len(column))
    if pa.types.is_floating(kind):
        return _each(column, lambda value: json.dumps(value) if value - value == 0 else f'"{value}"', otherwise="null")
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return pc.fill_null(column.cast(pa.string()), "null")
    if pa.types.is_decimal(kind):
        return pc.fill_null(_plain(column), "null")
    if _is_list(kind) or pa.types.is_nested(kind):
        return _each(column, lambda value: json.dumps(value, default=str, ensure_ascii=False), otherwise="null")
    if _is_text(kind):
        return values(column.dictionary_encode())
    return pc.fill_null(pc.binary_join_element_wise('"', cells(column), '"', ""), "null")


def lines_of(table: Any) -> Any:
    """Return the rows of a table as lines of JSON."""
    pieces: list[Any] = []
    for number, name in enumerate(table.schema.names):
        pieces += [
            f"{', ' if number else '{'}{json.dumps(name, ensure_ascii=False)}: ",
            joined(values, table.column(name)),
        ]
    return pc.binary_join_element_wise(*pieces, "}\n", "")


def joined(write: Callable[[Any], Any], column: Any) -> Any:
    """Apply *write* to each piece of a column, and return one array."""
    chunks = [write(chunk) for chunk in column.chunks]
    return pa.concat_arrays(chunks) if chunks else pa.array([], pa.string())


def rows_of(table: Any, delimiter: str) -> Any:
    """Return the rows of a table as lines of CSV; a cell stands in quotes where it has to."""
    pieces: list[Any] = []
    for column in table.columns:
        pieces += [joined(cells, column), delimiter]
    pieces = [_in_quotes(piece, delimiter) if isinstance(piece, pa.Array) else piece for piece in pieces]
    return pc.binary_join_element_wise(*pieces[:-1], "\n", "")


def head_of(names: list[str], delimiter: str) -> bytes:
    """Return the names of columns as a line of CSV."""
    cells_ = _in_quotes(pa.array(names), delimiter).to_pylist()
    return (delimiter.join(cells_) + "\n").encode()


def _in_quotes(texts: Any, delimiter: str) -> Any:
    texts = pc.fill_null(texts, "")
    wants = pc.match_substring_regex(texts, f'[{delimiter}"\r\n]|^\\s|\\s$')
    if not pc.any(wants).as_py():
        return texts
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    return pc.if_else(wants, quoted, texts)


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_list(kind: Any) -> bool:
    return bool((pa.types.is_list(kind) or pa.types.is_large_list(kind)) and pa.types.is_string(kind.value_type))


def _each(column: Any, write: Callable[[Any], str], otherwise: str | None = None) -> Any:
    found = [otherwise if value is None else write(value) for value in column.to_pylist()]
    return pa.array(found, pa.string())


def _plain(column: Any) -> Any:
    """Return decimals without the zeros that say nothing, and never as powers of ten."""
    texts = column.cast(pa.string())
    if column.type.scale <= 3:
        return texts
    trimmed = pc.utf8_rtrim(texts, "0")
    return pc.if_else(pc.ends_with(trimmed, "."), pc.utf8_rtrim(trimmed, "."), trimmed)


def _seconds(column: Any) -> Any:
    """Return lengths of time as seconds, exactly: `3600s`, `-0.5s`."""
    micros = column.cast(pa.duration("us")).cast(pa.int64())
    size = pc.abs(micros)
    whole = pc.divide(size, 1_000_000)
    rest = pc.subtract(size, pc.multiply(whole, 1_000_000))
    places = pc.utf8_rtrim(pc.utf8_lpad(rest.cast(pa.string()), 6, "0"), "0")
    point = pc.if_else(pc.equal(rest, 0), "", ".")
    sign = pc.if_else(pc.less(micros, 0), "-", "")
    return pc.binary_join_element_wise(sign, whole.cast(pa.string()), point, places, "s", "")


def _moments(column: Any) -> Any:
    texts = column.cast(pa.string())
    texts = pc.replace_substring(texts, " ", "T", max_replacements=1)
    return pc.replace_substring_regex(texts, r"\.?0+(Z?)$", r"\1") if column.type.unit != "s" else texts
