"""A job: what to decide, by what, from where to where; and what came of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from ..policy import Policy
from .errors import BulkError
from .places import Place

#: Seconds after which what is done is brought to the disk, so that a crash costs no more than that.
CHECKPOINT: Final = 30.0


@attrs.frozen(eq=False)
class Job:
    """
    What is to be done.

    *mapping* is a checked mapping, None where the columns are called as the facts are. *keep* are the columns that are written
    beside the verdicts, None for all. *as_of* is one moment for all rows, or the name of a column. Columns in *ignore* state
    nothing; *ignore_unknown* leaves out those that are no facts. *limit* is how many rows are read at most, 0 for all.
    """

    policy: Policy
    source: Place
    output: Place
    mapping: Any = None
    keep: tuple[str, ...] | None = ()
    as_of: dt.date | str | None = None
    encoding: str = "utf-8"
    delimiter: str = ""
    limit: int = 0
    bad: str = ""
    threads: int = 2
    detail: bool = False
    ignore: tuple[str, ...] = ()
    ignore_unknown: bool = False
    resume: bool = False
    overwrite: bool = False
    checkpoint: float = CHECKPOINT
    rows: int = 0
    block: int = 0

    @property
    def bad_file(self) -> Path:
        """Where bad rows go."""
        if self.bad:
            return Path(self.bad)
        return Path("bad-rows.jsonl") if self.output.is_stream else Path(f"{self.output.path}.bad.jsonl")

    def identity(self) -> dict[str, Any]:
        """Return what must not change while the job is unfinished, by the name that a message calls it."""
        return {
            "policy": self.policy.content_hash,
            "mapping": self.mapping.fingerprint if self.mapping is not None else "",
            "input": _identity_of(self.source),
            "options": {
                "keep": list(self.keep) if self.keep is not None else "all",
                "as_of": self.as_of.isoformat() if isinstance(self.as_of, dt.date) else self.as_of,
                "encoding": self.encoding,
                "delimiter": self.delimiter,
                "limit": self.limit,
                "detail": self.detail,
                "ignore": list(self.ignore),
                "ignore_unknown": self.ignore_unknown,
                "format": self.output.format,
                "database": self.output.name if self.output.format == "table" else "",
                "bad": str(self.bad_file),
            },
        }


def _identity_of(place: Place) -> str:
    """Return what tells a file from what it may become: its size, when it was changed, and how it begins and ends."""
    if place.format == "table" or place.is_stream:
        return f"{place.name}#{place.table}"
    try:
        status = place.path.stat()
        with place.path.open("rb") as file:
            ends = file.read(1 << 16)
            file.seek(max(0, status.st_size - (1 << 16)))
            ends += file.read(1 << 16)
    except OSError:
        return str(place.path)
    return f"{status.st_size} {status.st_mtime_ns} {hashlib.sha256(ends).hexdigest()}"


_CHANGED: Final = {
    "policy": "the policy has changed",
    "mapping": "the mapping has changed",
    "input": "the input has changed",
    "options": "its options were others",
}


def check_same(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """
    Refuse to go on with a job that is another one by now.

    Raises:
        BulkError: With what has changed.
    """
    changed = [text for name, text in _CHANGED.items() if json.dumps(before.get(name)) != json.dumps(now.get(name))]
    if changed:
        help_ = "its rows would not fit together; begin again with --overwrite"
        raise BulkError(f"the unfinished job cannot go on: {' and '.join(changed)} since it began", help=help_)


@attrs.define
class Summary:
    """
    What came of a job: *rows* were read, each of which was *decided* or is *bad*.

    *reasons* counts the bad rows by what is wrong with them; *outcomes* the outcomes of each decision that is one of words,
    *statuses* how many were left to a human, by why. *resumed* says behind which row the job went on.
    """

    rows: int = 0
    decided: int = 0
    bad: int = 0
    reasons: dict[str, int] = attrs.field(factory=dict)
    examples: dict[str, str] = attrs.field(factory=dict)
    outcomes: dict[str, dict[str, int]] = attrs.field(factory=dict)
    statuses: dict[str, dict[str, int]] = attrs.field(factory=dict)
    seconds: float = 0.0
    resumed: int = 0
    output: str = ""
    bad_file: str = ""
    renamed: dict[str, str] = attrs.field(factory=dict)

    def counts(self) -> dict[str, Any]:
        """Return what is kept in the journal."""
        names = ("rows", "decided", "bad", "reasons", "examples", "outcomes", "statuses", "seconds")
        return {name: json.loads(json.dumps(getattr(self, name))) for name in names}
