"""JSON lines, one incident a line: numbers exact, a bad line is one bad row, tables in tables by dotted names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa

from ...rules.text_files import bounded_lines
from .bytes_in import ByteSource, is_marked
from .chunks import BadRow, Chunk
from .delimited import behind, unmarked_row

#: The most bytes that one incident may take.
LARGEST: Final = 8 << 20
_ROWS: Final = 65_536
_KINDS: Final = {list: "a list", str: "a text", bool: "true or false", int: "a number", Decimal: "a number"}
_LARGEST_INT: Final = 2**63


class JsonLines:
    """Objects, one a line. What columns there are is only known row by row; keys in *closed* tables are left as they are."""

    is_open = True
    is_text = False
    total = 0
    names: Sequence[str] = ()

    def __init__(self, source: ByteSource, *, rows: int = _ROWS) -> None:
        self._bytes = source
        self._rows = rows
        self.size = source.size

    def schema(self) -> Any:
        """Return None: every row may have other columns."""
        return None

    def read(self) -> int:
        """Return how many bytes have been read."""
        return self._bytes.read()

    def close(self) -> None:
        """Close the file."""
        self._bytes.close()

    def chunks(self, after: int, columns: Sequence[str] | None) -> Iterator[Chunk]:  # noqa: ARG002 as every source has it
        """Yield the rows behind the row *after*; within a chunk each column has values of one type."""
        gathered, last = Gathered(), after
        decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=Decimal, parse_constant=_refuse)
        for row, line in enumerate(self._lines(), 1):
            if row <= after:
                continue
            incident = _parsed(line, decoder, row)
            if isinstance(incident, BadRow):
                gathered.bad.append(unmarked_row(incident, self._bytes.complaint))
            else:
                leaves = dict(_leaves(incident))
                if not gathered.takes(leaves):
                    yield behind(gathered.chunk(row - 1), after)
                    gathered = Gathered()
                    gathered.takes(leaves)
                gathered.add(row, leaves)
            if gathered.size >= self._rows:
                yield behind(gathered.chunk(row), after)
                gathered = Gathered()
            last = row
        if gathered.size:
            yield behind(gathered.chunk(last), after)

    def _lines(self) -> Iterator[bytes]:
        return (line for line in bounded_lines(self._bytes.open(), LARGEST) if line.strip())


class Gathered:
    """Rows that go into one batch."""

    def __init__(self) -> None:
        self._kinds: dict[str, object] = {}
        self._columns: dict[str, list[object]] = {}
        self._numbers: list[int] = []
        self.bad: list[BadRow] = []

    @property
    def last(self) -> int:
        """The number of the last row that was added."""
        return self._numbers[-1] if self._numbers else 0

    @property
    def size(self) -> int:
        """How many rows have been taken, bad ones included."""
        return len(self._numbers) + len(self.bad)

    def takes(self, leaves: Mapping[str, object]) -> bool:
        """Whether a row fits to those before it: no column would have values of two types."""
        kinds = {name: _kind(value) for name, value in leaves.items() if value is not None}
        if any(self._kinds.get(name, kind) != kind for name, kind in kinds.items()):
            return False
        self._kinds.update(kinds)
        return True

    def add(self, row: int, leaves: Mapping[str, object]) -> None:
        """Take a row."""
        count = len(self._numbers)
        for name, value in leaves.items():
            column = self._columns.setdefault(name, [])
            column.extend([None] * (count - len(column)))
            column.append(value)
        self._numbers.append(row)

    def chunk(self, last: int) -> Chunk:
        """Return the rows as a chunk."""
        count = len(self._numbers)
        arrays = {
            name: _array([*column, *[None] * (count - len(column))], self._kinds.get(name))
            for name, column in self._columns.items()
        }
        if not arrays:  # so that the batch has as many rows as there are
            arrays = {"": pa.nulls(count)}
        batch = pa.RecordBatch.from_arrays(list(arrays.values()), list(arrays))
        return Chunk(batch, np.array(self._numbers, np.int64), last, tuple(self.bad))


def _array(values: list[object], kind: object) -> Any:
    if kind == "number":
        return _numbers(values)
    if isinstance(kind, tuple) and kind[0] == "mixed":
        return pa.array([None if value is None else json.dumps(value, default=str) for value in values], pa.string())
    return pa.array(values, pa.list_(pa.string()) if kind == "list" else None)


def _numbers(values: list[object]) -> Any:
    if all(value is None or (isinstance(value, int) and abs(value) < _LARGEST_INT) for value in values):
        return pa.array(values, pa.int64())
    try:
        return pa.array([None if value is None else Decimal(str(value)) for value in values])
    except (pa.ArrowInvalid, ValueError):  # more digits than a decimal has
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _kind(value: object) -> object:
    """Return what tells types apart that no column can hold together."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | Decimal):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "list" if all(isinstance(item, str) for item in value) else ("mixed", "list")
    return "table", tuple(value) if isinstance(value, dict) else ()


def _leaves(incident: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, object]]:
    """Yield the values of an incident by dotted name; `any_of` and `between` make an uncertain value, which is no table."""
    for key, value in incident.items():
        if isinstance(value, dict) and set(value) not in ({"any_of"}, {"between"}):
            yield from _leaves(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _parsed(line: bytes, decoder: json.JSONDecoder, row: int) -> dict[str, Any] | BadRow:
    why = ""
    if len(line) > LARGEST:
        return BadRow.unreadable(row, line[:1_000].decode(errors="backslashreplace"), "it is larger than 8 MiB")
    try:
        text = line.decode()
        if is_marked(text):
            raise ValueError("it is no text")
        value = decoder.decode(text)
        if isinstance(value, dict):
            return value
        why = f"it is {_KINDS.get(type(value), 'null')}, and an incident is an object of facts"
    except json.JSONDecodeError as error:
        why = f"this is no JSON: {error.msg[:1].lower()}{error.msg[1:]}".removesuffix(" at").removesuffix(" starting")
    except RecursionError:
        why = "it is nested too deep"
    except ValueError as error:
        why = str(error)
    return BadRow.unreadable(row, line.rstrip(b"\r\n").decode(errors="backslashreplace"), why)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key `{twice[:60]}` stands in it twice")
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number")
