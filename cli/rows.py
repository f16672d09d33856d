"""Many incidents in one file: JSON, JSON lines and CSV, streamed, a bad one reported and the next one read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, cast

from .findings import at_location
from .incidents import ColumnCheck, Incident, UnreadableError, line_location

#: Keys and columns that name an incident, unless the policy has a fact of that name.
NAMES: Final = ("name", "id", "incident", "incident_id")
#: The most characters that one incident may take.
LARGEST: Final = 8 * 2**20
_CHUNK: Final = 2**16
#: A file that begins with this many bad incidents, and no good one, is the wrong file.
_PATIENCE: Final = 500
_KINDS: Final = {list: "a list", str: "a text", bool: "true or false", int: "a number", Decimal: "a number"}


@contextmanager
def _text(stream: BinaryIO) -> Iterator[io.TextIOWrapper]:
    """Read a stream as text; bytes that are no UTF-8 become surrogates. The stream stays open: it belongs to somebody else."""
    text = io.TextIOWrapper(cast("IO[bytes]", stream), encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield text
    finally:
        text.detach()


def name_in(facts: dict[str, Any]) -> str:
    """Return what a row calls itself, if it does."""
    return next((str(facts[key]) for key in NAMES if isinstance(facts.get(key), str | int) and facts[key] != ""), "")


def _while_it_makes_sense(incidents: Iterator[Incident]) -> Iterator[Incident]:
    """Yield incidents; give up where all of a long beginning are bad."""
    for bad, incident in enumerate(incidents, 1):
        yield incident
        if not incident.problems:
            break
        if bad == _PATIENCE:
            why = f"none of the first {_PATIENCE:,} is an incident; the rest of the file was not read"
            raise UnreadableError(why, line=incident.line, count=0)
    yield from incidents


# --- JSON ------------------------------------------------------------------------------------------------------------


def from_json(stream: BinaryIO, file: str) -> Iterator[Incident]:
    """
    Yield the incidents of a JSON list, of JSON lines, or of any row of JSON objects.

    After a mistake the reading goes on with the next line; within a list it cannot.
    """
    with _text(stream) as text:
        yield from _while_it_makes_sense(_json_values(_Source(text), file))


def _json_values(source: _Source, file: str) -> Iterator[Incident]:
    if not source.peek():
        raise UnreadableError("the file is empty")
    is_list = source.peek() == "["
    if is_list:
        source.take()
    while source.peek() not in (("", "]") if is_list else ("",)):
        line = source.line
        try:
            value = source.value()
        except UnreadableError as problem:
            if is_list or Path(file).suffix.lower() == ".json":
                yield problem.in_file(file)
                return
            yield UnreadableError(problem.why, line=line).in_file(file)
            source.skip_line()
            continue
        if isinstance(value, dict):
            yield Incident(file, line, value, name_in(value), is_row=True)
        else:
            why = f"it is {_KINDS.get(type(value), 'null')}, and an incident is an object of facts"
            yield UnreadableError(why, line=line).in_file(file)
        if is_list and source.peek() == ",":
            source.take()
        elif is_list and source.peek() not in ("", "]"):
            raise UnreadableError("a comma is missing after an incident; the rest was not read", line=source.line)
    if is_list:
        _close(source)


def _close(source: _Source) -> None:
    if not source.peek():
        raise UnreadableError("the list is not closed: a `]` is missing at its end", line=source.line)
    source.take()
    if source.peek():
        raise UnreadableError("something follows the list; it was not read", line=source.line)


class _Source:
    """Text that comes in chunks, from which JSON values are taken one by one."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._is_over = False
        self._decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=Decimal, parse_constant=_refuse)
        self.line = 1

    def _read(self) -> bool:
        """Read on; False at the end."""
        chunk = self._text.read(max(_CHUNK, len(self._buffer) - self._at))
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        self._is_over = not chunk
        return bool(chunk)

    def peek(self) -> str:
        """Return the next character that is no blank, an empty text at the end."""
        while True:
            while self._at < len(self._buffer):
                character = self._buffer[self._at]
                if character not in " \t\r\n":
                    return character
                self.line += character == "\n"
                self._at += 1
            if not self._read():
                return ""

    def take(self) -> None:
        """Pass over one character."""
        self._at += 1

    def value(self) -> Any:
        """Read one value; the next character begins it."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if self._may_go_on(error):
                    continue
                line = self.line + self._buffer.count("\n", self._at, error.pos)
                why = f"{error.msg[:1].lower()}{error.msg[1:]}".removesuffix(" at").removesuffix(" starting")
                raise UnreadableError(f"this is no JSON: {why}", line=line) from None
            except RecursionError:
                raise UnreadableError("it is nested too deep", line=self.line) from None
            except ValueError as error:
                raise UnreadableError(str(error), line=self.line) from None
            written = self._buffer[self._at : end]
            if not written.isascii() and any("\udc80" <= character <= "\udcff" for character in written):
                raise UnreadableError("it is not in UTF-8", line=self.line)
            self.line += written.count("\n")
            self._at = end
            return value

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        """Read on where the value may only have been cut off; False where it is wrong, too large, or the file is over."""
        is_cut_off = error.msg.startswith("Unterminated string") or error.pos >= len(self._buffer) - 16
        if len(self._buffer) - self._at > LARGEST:
            raise UnreadableError(f"it is larger than {LARGEST // 2**20} MiB", line=self.line) from None
        return is_cut_off and not self._is_over and self._read()

    def skip_line(self) -> None:
        """Go on to the next line."""
        while (end := self._buffer.find("\n", self._at)) < 0:
            self._at = len(self._buffer)
            if not self._read():
                return
        self._at = end


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key `{twice[:60]}` stands in it twice")
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number")


# --- CSV -------------------------------------------------------------------------------------------------------------


def from_csv(stream: BinaryIO, file: str, check_columns: ColumnCheck) -> Iterator[Incident]:
    """Yield the incidents of a table whose head names the facts; an empty cell means that nobody knows."""
    with _text(stream) as text:
        yield from _while_it_makes_sense(_csv_rows(text, file, check_columns))


def _csv_rows(text: io.TextIOWrapper, file: str, check_columns: ColumnCheck) -> Iterator[Incident]:
    first = text.readline(LARGEST)
    if not first.strip():
        raise UnreadableError(
            "the file is empty" if not first else "its first line, which should name the facts, is empty"
        )
    delimiter = "\t" if Path(file).suffix.lower() == ".tsv" else max(",;\t", key=first.count)
    columns = _head(first, delimiter)
    rows = _rows(csv.reader(_lines(text), delimiter=delimiter, strict=True))
    if found := check_columns(columns):
        head = line_location(1, first.rstrip("\r\n"))
        problems = tuple(at_location(problem, file, problem.place.path, head) for problem in found)
        yield Incident(file, 1, problems=problems, count=sum(1 for _ in rows))
        return
    for line, row in rows:
        if isinstance(row, UnreadableError):
            yield row.in_file(file)
            continue
        why = _why_bad(row, len(columns))
        if why:
            yield UnreadableError(why, line=line).in_file(file)
            continue
        facts = {name: cell.strip() for name, cell in zip(columns, row, strict=True) if cell.strip()}
        yield Incident(file, line, facts, name_in(facts), is_row=True, is_text=True)


def _head(line: str, delimiter: str) -> tuple[str, ...]:
    """Return the names that the first line gives to the columns."""
    try:
        columns = tuple(name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True)))
    except csv.Error as error:
        raise UnreadableError(f"its head is no row of CSV: {error}", line=1) from None
    for name in columns:
        if not name:
            raise UnreadableError("a column of its head has no name", line=1)
        if columns.count(name) > 1:
            raise UnreadableError(f"its head names `{name[:60]}` twice", line=1)
        if "\0" in name or "\udc80" <= max(name) <= "\udcff":
            raise UnreadableError("its head is not text in UTF-8", line=1)
    return columns


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(LARGEST):
        yield line


def _rows(reader: Any) -> Iterator[tuple[int, list[str] | UnreadableError]]:
    """Yield each row with the line on which it starts; the head was line 1."""
    while True:
        line = reader.line_num + 2
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, UnreadableError(f"this is no row of CSV: {error}", line=line)
            continue
        if row:
            yield line, row


def _why_bad(row: list[str], columns: int) -> str:
    if len(row) != columns:
        return f"the row has {len(row)} {'cell' if len(row) == 1 else 'cells'}, and the head has {columns}"
    if any("\udc80" <= character <= "\udcff" for cell in row if not cell.isascii() for character in cell):
        return "it is not in UTF-8"
    return ""
