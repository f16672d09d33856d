"""What of a case's state is written down beside its log: the ledger, timers, and what is to be told to the world."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from .business_time import moment_of
from .ledger import Entries, Owed
from .progress import Progress, Status


@attrs.frozen
class Recording:
    """The part of a case's state that the store keeps beside the log."""

    entries: Entries
    alarms: tuple[int, ...]
    status: Status | None

    @classmethod
    def of(cls, progress: Progress | None) -> Recording:
        """Return what there is to be written down of a state; nothing of a case that has not begun."""
        if progress is None:
            return cls({}, (), None)
        return cls(progress.ledger.entries, progress.alarms, progress.status)


def changes(before: Recording, after: Recording, progress: Progress) -> dict[str, Any]:
    """Return the rows that changed between two states, as the store takes them."""
    from .store.records import Timer

    ledger = [] if before.entries is after.entries else list(_rows(before.entries, after.entries))
    timers: list[Timer] = []
    if before.alarms != after.alarms:
        timers += [Timer(f"at-{due}", due) for due in after.alarms if due not in before.alarms]
        timers += [Timer(f"at-{due}", due, state="cancelled") for due in before.alarms if due not in after.alarms]
    found: dict[str, Any] = {"ledger": ledger, "timers": timers, "outbox": list(_messages(before, after, progress))}
    if after.status is not None and after.status != before.status:
        found["status"] = after.status
    return found


def _rows(before: Entries, after: Entries) -> Iterator[Any]:
    """Yield the rows of a ledger that are another now; what an event that happened earlier makes never owed is taken out."""
    from .store.records import LedgerRow

    for e in (entry for key, entry in after.items() if before.get(key) != entry):
        yield LedgerRow(e.kind, e.id, e.opened_at, e.due_at, e.state, e.closed_at, {"title": e.title, "by": e.by})
    for e in (entry for key, entry in before.items() if key not in after):
        yield LedgerRow(e.kind, e.id, e.opened_at, state="gone")


def _messages(before: Recording, after: Recording, progress: Progress) -> Iterator[Any]:
    """
    Yield what is to be told to the world: what is owed, what was not done in time, what is owed no longer, and that a case was
    opened again or closed.
    """
    from .store.records import Message

    at = progress.moments[-1].at if progress.moments else 0
    if before.entries is not after.entries:
        yield from _owed(before.entries, after.entries, at, progress.last_seq)
    if after.status != before.status and before.status is not None:
        yield Message(f"status/{progress.last_seq}", f"case_{after.status}", at, {"status": after.status})


def _owed(before: Entries, after: Entries, at: int, last: int) -> Iterator[Any]:
    """Yield what is to be told of a ledger; *last* is the number of the event with which it came to be so."""
    from .store.records import Message

    for key, entry in after.items():
        earlier = before.get(key)
        body = _body(entry)
        was = earlier.state if earlier is not None and earlier.times == entry.times else None
        if earlier is None:
            yield Message(f"{entry.kind}-opened/{entry.id}", f"{entry.kind}_opened", at, body)
        elif was is None or (was == "withdrawn" and entry.state != was):
            # A key is for good, so what comes up again is told under another: that of the event with which it does.
            yield Message(f"{entry.kind}-opened-{last}/{entry.id}", f"{entry.kind}_opened", at, body)
        if entry.state == "breached" and was != "breached":
            again = f"-{entry.times}" if entry.times > 1 else ""
            yield Message(f"{entry.kind}-breached{again}/{entry.id}", f"{entry.kind}_breached", at, body)
        if entry.state == "withdrawn" and was != "withdrawn":
            yield Message(f"{entry.kind}-withdrawn-{last}/{entry.id}", f"{entry.kind}_withdrawn", at, body)
    for entry in (entry for key, entry in before.items() if key not in after and entry.state == "open"):
        yield Message(f"{entry.kind}-withdrawn-{last}/{entry.id}", f"{entry.kind}_withdrawn", at, _body(entry))


def _body(entry: Owed) -> dict[str, Any]:
    due = None if entry.due_at is None else moment_of(entry.due_at).isoformat()
    return {"id": entry.id, "title": entry.title, "by": entry.by, "due": due}
