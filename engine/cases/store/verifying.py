"""Whether the log of a case still says what it said when it was recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from .chain import START, commitment, link
from .log import CaseRow, EventRow
from .records import Fault, Head

#: The kind of event that says which events had their fields removed; its own are never removed.
ERASED: Final = "data_erased"
#: How many missing events are named at most: what a changed head says of its version may be any number.
MOST_MISSING: Final = 1_000


def faults(head: CaseRow, rows: Sequence[EventRow], *, known: Head | None = None) -> Iterator[Fault]:
    """
    Yield what does not hold, in the order of the log.

    *known* is where the case stood once, kept where nobody who can change the store gets at it: a log that was cut off or
    written anew agrees with itself, but not with that.
    """
    before, numbers = START, [row.seq for row in rows]
    for row in rows:
        problem = _problem(head.id, row, before)
        if problem:
            yield Fault(head.id, row.seq, problem)
        before = row.hash
    there = set(numbers)
    missing = list(islice((seq for seq in range(1, head.version + 1) if seq not in there), MOST_MISSING))
    yield from (Fault(head.id, seq, "the event is missing") for seq in missing)
    yield from (Fault(head.id, seq, "the event is later than the last one") for seq in numbers if seq > head.version)
    if not missing and before != head.hash:
        yield Fault(head.id, 0, "the last event is not the one that the case ends with")
    yield from _erasures(head.id, rows)
    if known is not None:
        yield from _since(head, rows, known)


def _problem(case: str, row: EventRow, before: bytes) -> str:
    """Say what is wrong with an event that follows the hash *before*, in a few words, or nothing."""
    if row.payload is not None and row.salt is not None:
        committed = commitment(row.salt, row.payload)
    elif row.payload is None and row.salt is None and row.committed is not None:
        committed = row.committed
    else:
        return "only a part of its fields is there"
    if link(before, case, (row.seq, row.at, row.kind, row.key), committed) == row.hash:
        return ""
    return "it was changed, or what comes before it"


def _erasures(case: str, rows: Sequence[EventRow]) -> Iterator[Fault]:
    """Yield each event whose fields were removed with no word about it, and each whose fields should have been."""
    last = max((row.seq for row in rows), default=0)
    told = {seq for row in rows if row.kind == ERASED and row.payload is not None for seq in _named(row.payload, last)}
    for row in rows:
        if row.payload is None and row.seq not in told:
            yield Fault(case, row.seq, "its fields were removed, and no event says that they were erased")
        elif row.payload is not None and row.seq in told:
            yield Fault(case, row.seq, "it was erased, and its fields are back")


def _named(payload: str, last: int) -> Iterator[int]:
    """Yield the numbers of the events that an erasure names; what it says is checked as little as any event."""
    try:
        for span in json.loads(payload)["events"]:
            first, _, end = str(span).partition("-")
            yield from range(max(1, int(first)), min(last, int(end or first)) + 1)
    except (ValueError, KeyError, TypeError):
        return


def spans(numbers: Sequence[int]) -> list[str]:
    """
    Write numbers in rising order as spans.

    >>> spans([1, 2, 3, 5, 7, 8])
    ['1-3', '5', '7-8']
    """
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return [str(first) if first == last else f"{first}-{last}" for first, last in found]


def _since(head: CaseRow, rows: Sequence[EventRow], known: Head) -> Iterator[Fault]:
    """Yield what does not fit where the case is known to have stood."""
    if head.version < known.version:
        yield Fault(head.id, head.version + 1, f"the log was cut off: it had {known.version} events")
    elif known.version:
        (then,) = [row.hash for row in rows if row.seq == known.version] or [b""]
        if then.hex() != known.hash:
            yield Fault(head.id, known.version, "the log was written anew: this is not the event that was known")
