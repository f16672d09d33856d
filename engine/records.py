"""Decisions as entries for the books: what was decided, on what, by which policy; exact, so that it can be replayed."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias

import attrs

from ..rules.text_files import bounded_lines
from .notation import Json, known_notation, moment_notation, moment_of, outcome_notation

if TYPE_CHECKING:
    from .decision import Verdict
    from .policy import Decision

#: The version of the layout of records.
FORMAT: Final = 1
#: The longest line that is read as a record, in bytes.
LONGEST: Final = 10_000_000


class RecordError(ValueError):
    """A text that is no record; the message says why in one lower-case sentence."""


@attrs.frozen
class Record:
    """
    One decision as it went into the books.

    *facts* are those that were handed in, *verdicts*, *obligations* and *breaches* what followed, all in the notation of
    `evenhand.engine.notation`. *time* is when the decision was made, *as_of* the day or the moment for which.

    >>> from evenhand import Policy
    >>> record = Policy.load("house").decide({"abuse": "violent"}, as_of=dt.date(2026, 11, 21)).record(id="r-1")
    >>> record.facts, record.verdicts["refund"]["outcome"], Record.from_json(record.to_json()) == record
    ({'abuse': 'violent'}, 'deny', True)
    """

    id: str
    policy: str
    version: str
    content_hash: str
    time: dt.datetime
    as_of: dt.date
    facts: Mapping[str, Json]
    verdicts: Mapping[str, Mapping[str, Json]]
    obligations: tuple[Mapping[str, Json], ...] = ()
    possible_obligations: tuple[str, ...] = ()
    breaches: tuple[Mapping[str, Json], ...] = ()
    assumed: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return the record as one line of JSON, without a line break; equal records give equal lines."""
        table: dict[str, object] = {"format": FORMAT, **attrs.asdict(self, recurse=False)}
        table["time"], table["as_of"] = moment_notation(self.time), moment_notation(self.as_of)
        return json.dumps(table, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, line: str | bytes) -> Record:
        """
        Read a record back.

        Raises:
            RecordError: If the line is no record.
        """
        return _read(_parsed(line))


def record_of(decision: Decision, *, time: dt.datetime | None, id_: str | None) -> Record:
    """Return a decision as a record."""
    policy = decision.policy
    tree = policy.tree
    if id_ is None:
        from uuid import uuid4

        id_ = str(uuid4())
    known = policy.read(decision.given)
    judgement = decision.judgement
    return Record(
        id=id_,
        policy=tree.id,
        version=tree.version,
        content_hash=tree.content_hash,
        time=time if time is not None else dt.datetime.now(dt.UTC),
        as_of=decision.as_of,
        facts={name: known_notation(what, tree.facts[name].type, tree.currency) for name, what in known.items()},
        verdicts={name: _verdict(verdict) for name, verdict in judgement.verdicts.items()},
        obligations=tuple(
            {"id": duty.id, "due": moment_notation(duty.due) if duty.due is not None else None}
            for duty in decision.obligations
        ),
        possible_obligations=judgement.possible_obligations,
        breaches=tuple(
            {"guard": breach.guard.id, "certain": breach.certain, "missing": list(breach.missing)}
            for breach in judgement.breaches
        ),
        assumed=judgement.assumed,
    )


def _verdict(verdict: Verdict) -> dict[str, Json]:
    spec, currency = verdict.spec, verdict.currency
    counts = spec.aggregate == "count"
    return {
        "outcome": outcome_notation(verdict.canonical, spec.type, currency, counts=counts),
        "status": verdict.status,
        "rule": verdict.rule.id if verdict.rule is not None else None,
        "rules": [rule.id for rule in verdict.rules],
        "values": {
            name: outcome_notation(value, spec.values[name], currency)
            for name, value in verdict.canonical_values.items()
        },
        "unsettled": list(verdict.unsettled),
        "possible": [outcome_notation(outcome, spec.type, currency, counts=counts) for outcome in verdict.possible],
        "missing": list(verdict.missing),
    }


# --- reading ---------------------------------------------------------------------------------------------------------


def _parsed(line: str | bytes) -> dict[str, Any]:
    if len(line) > LONGEST:
        raise RecordError(f"the line is longer than {LONGEST:_} bytes")
    try:
        text = line.decode("utf-8") if isinstance(line, bytes) else line
        table = json.loads(text.removeprefix("\ufeff"), parse_constant=_refuse)
    except UnicodeDecodeError:
        raise RecordError("it is not UTF-8") from None
    except RecursionError:
        raise RecordError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise RecordError(f"it is not JSON: {error.msg.lower()} at column {error.colno}") from None
    except ValueError as error:
        raise RecordError(f"it is not JSON: {str(error).lower()[:80]}") from None
    if not isinstance(table, dict):
        raise RecordError("it is not a JSON object")
    return table


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


_Shape: TypeAlias = "type | tuple[type, ...]"
_FIELDS: Final[Mapping[str, tuple[_Shape, str]]] = {
    "id": (str, "a text"),
    "policy": (str, "a text"),
    "version": (str, "a text"),
    "content_hash": (str, "a text"),
    "time": (str, "a text"),
    "as_of": (str, "a text"),
    "facts": (dict, "an object"),
    "verdicts": (dict, "an object"),
    "obligations": (list, "a list"),
    "possible_obligations": (list, "a list"),
    "breaches": (list, "a list"),
    "assumed": (list, "a list"),
}


def _read(table: dict[str, Any]) -> Record:
    if "format" in table and table["format"] != FORMAT:
        raise RecordError(f"its format is {str(table['format'])[:20]}, and only {FORMAT} is known")
    lacking = [name for name in ("format", *_FIELDS) if name not in table]
    if lacking:
        raise RecordError(f"it lacks {', '.join(f'`{name}`' for name in lacking)}")
    unknown = [name for name in table if name not in _FIELDS and name != "format"]
    if unknown:
        raise RecordError(f"it has {', '.join(f'`{name[:40]}`' for name in unknown[:5])}, which no record has")
    for name, (type_, shape) in _FIELDS.items():
        if not isinstance(table[name], type_):
            raise RecordError(f"its `{name}` is not {shape}")
    _check_items(table)
    fields: dict[str, Any] = {name: tuple(v) if isinstance(v := table[name], list) else v for name in _FIELDS}
    fields["time"], fields["as_of"] = _moment(table, "time"), _moment(table, "as_of")
    return Record(**fields)


def _check_items(table: dict[str, Any]) -> None:
    for name, item in (
        ("verdicts", dict),
        ("obligations", dict),
        ("breaches", dict),
        ("possible_obligations", str),
        ("assumed", str),
    ):
        items = table[name].values() if isinstance(table[name], dict) else table[name]
        if not all(isinstance(found, item) for found in items):
            raise RecordError(f"its `{name}` has something else than {'objects' if item is dict else 'texts'}")


def _moment(table: Mapping[str, str], name: str) -> dt.date:
    try:
        found = moment_of(table[name])
    except ValueError:
        raise RecordError(f"its `{name}` is no date and time") from None
    if name == "time" and not isinstance(found, dt.datetime):
        raise RecordError("its `time` is a date without a time")
    return found


# --- the books -------------------------------------------------------------------------------------------------------


@attrs.frozen
class BrokenRecord:
    """A line of a file that is no record, and why."""

    line: int
    problem: str


class RecordLog:
    """
    A file of records, one a line, to which several threads and processes may append.

    Each record is written by a single call, so that lines never mix. With *fsync*, it is on the disk when `append` returns.

    >>> import tempfile
    >>> from evenhand import Policy
    >>> log = RecordLog(Path(tempfile.mkdtemp()) / "decisions.jsonl")
    >>> log.append(Policy.load("house").decide({"abuse": "violent"}).record(id="r-1"))
    >>> [(line, record.id) for line, record in log]
    [(1, 'r-1')]
    """

    def __init__(self, path: str | Path, *, fsync: bool = False) -> None:
        self.path = Path(path)
        self.fsync = fsync

    def append(self, record: Record) -> None:
        """
        Add a record at the end.

        A line that a crash has torn is closed first, so that it spoils no other.

        Raises:
            OSError: If the file cannot be written; a record that was written in part only is left as a broken line.
        """
        append_line(self.path, record.to_json().encode(), fsync=self.fsync)

    def __iter__(self) -> Iterator[tuple[int, Record | BrokenRecord]]:
        with self.path.open("rb") as file:
            yield from read_records(file)


def append_line(path: Path, line: bytes, *, fsync: bool) -> None:
    """
    Add a line to a file by a single call, after closing one that a crash has torn; with *fsync*, it is on the disk on return.

    Raises:
        OSError: If it cannot be written; one that was written in part only is left as a torn line.
    """
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    try:
        text = line + b"\n" if _is_closed(file) else b"\n" + line + b"\n"
        if os.write(file, text) != len(text):
            raise OSError(f"a line was not written in full to {path}")
        if fsync:
            os.fsync(file)
    finally:
        os.close(file)


def _is_closed(file: int) -> bool:
    """Whether the last line of a file has its end."""
    end = os.lseek(file, 0, os.SEEK_END)
    if not end:
        return True
    os.lseek(file, end - 1, os.SEEK_SET)
    return os.read(file, 1) == b"\n"


def read_records(stream: BinaryIO) -> Iterator[tuple[int, Record | BrokenRecord]]:
    """Yield each record of a file with the number of its line, and what is wrong with each line that is none."""
    for number, line in enumerate(bounded_lines(stream, LONGEST + 1), 1):
        text = line.strip()
        if not text:
            continue
        try:
            yield number, Record.from_json(text)
        except RecordError as problem:
            yield number, BrokenRecord(number, str(problem))
