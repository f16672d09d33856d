"""What of a case's state is written down beside its log: the ledger, timers, and what is to be told to the world."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from .business_time import moment_of
from .ledger import Kind, Owed
from .progress import Progress, Status


@attrs.frozen
class Recording:
    """The part of a case's state that the store keeps beside the log."""

    entries: Mapping[tuple[Kind, str], Owed]
    alarms: tuple[int, ...]
    status: Status | None

    @classmethod
    def of(cls, progress: Progress | None) -> Recording:
        """Return what there is to be written down of a state; nothing of a case that has not begun."""
        if progress is None:
            return cls({}, (), None)
        entries: dict[tuple[Kind, str], Owed] = {(entry.kind, entry.id): entry for entry in progress.ledger}
        return cls(entries, progress.alarms, progress.status)


def changes(before: Recording, after: Recording, progress: Progress) -> dict[str, Any]:
    """Return the rows that changed between two states, as the store takes them."""
    from .store.records import LedgerRow, Timer

    entries = [entry for key, entry in after.entries.items() if before.entries.get(key) != entry]
    ledger = [
        LedgerRow(e.kind, e.id, e.opened_at, e.due_at, e.state, e.closed_at, {"title": e.title, "by": e.by})
        for e in entries
    ]
    # What an event that happened earlier makes never owed is taken out.
    ledger += [
        LedgerRow(e.kind, e.id, e.opened_at, state="gone")
        for key, e in before.entries.items()
        if key not in after.entries
    ]
    timers = [Timer(f"at-{due}", due) for due in after.alarms if due not in before.alarms]
    timers += [Timer(f"at-{due}", due, state="cancelled") for due in before.alarms if due not in after.alarms]
    found: dict[str, Any] = {"ledger": ledger, "timers": timers, "outbox": list(_messages(before, after, progress))}
    if after.status is not None and after.status != before.status:
        found["status"] = after.status
    return found


def _messages(before: Recording, after: Recording, progress: Progress) -> Iterator[Any]:
    """
    Yield what is to be told to the world: what is owed, what was not done in time, what is owed no longer, and that a case was
    opened again or closed.
    """
    from .store.records import Message

    at = progress.moments[-1].at if progress.moments else 0
    for key, entry in after.entries.items():
        earlier = before.entries.get(key)
        body = _body(entry)
        was = earlier.state if earlier is not None and earlier.times == entry.times else None
        if earlier is None:
            yield Message(f"{entry.kind}-opened/{entry.id}", f"{entry.kind}_opened", at, body)
        elif was is None or (was == "withdrawn" and entry.state != was):
            # A key is for good, so what comes up again is told under another: that of the event with which it does.
            yield Message(f"{entry.kind}-opened-{progress.last_seq}/{entry.id}", f"{entry.kind}_opened", at, body)
        if entry.state == "breached" and was != "breached":
            again = f"-{entry.times}" if entry.times > 1 else ""
            yield Message(f"{entry.kind}-breached{again}/{entry.id}", f"{entry.kind}_breached", at, body)
        if entry.state == "withdrawn" and was != "withdrawn":
            yield Message(f"{entry.kind}-withdrawn-{progress.last_seq}/{entry.id}", f"{entry.kind}_withdrawn", at, body)
    for entry in (entry for key, entry in before.entries.items() if key not in after.entries and entry.state == "open"):
        name = f"{entry.kind}-withdrawn-{progress.last_seq}/{entry.id}"
        yield Message(name, f"{entry.kind}_withdrawn", at, _body(entry))
    if after.status != before.status and before.status is not None:
        yield Message(f"status/{progress.last_seq}", f"case_{after.status}", at, {"status": after.status})


def _body(entry: Owed) -> dict[str, Any]:
    due = None if entry.due_at is None else moment_of(entry.due_at).isoformat()
    return {"id": entry.id, "title": entry.title, "by": entry.by, "due": due}
