"""What of a case's state is written down beside its log: the ledger, timers, and what is to be told to the world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from ...rules.moments import moment_of
from .book import Change, Standing
from .ledger import Kind, Owed
from .progress import Progress, Trouble
from .watching import Status


@attrs.frozen
class Recording:
    """
    The part of a case's state that the store keeps beside the log; of a case that has not begun, there is nothing.

    *waiting* are the moments at which something may follow from time alone, beside the deadlines of the ledger.
    """

    ledger: Standing[tuple[Kind, str], Owed] | None = None
    waiting: frozenset[int] = frozenset()
    status: Status | None = None
    trouble: Trouble | None = None

    @classmethod
    def of(cls, progress: Progress | None) -> Recording:
        """Return what there is to be written down of a state; nothing of a case that has not begun."""
        if progress is None:
            return cls()
        return cls(progress.ledger.book.standing, progress.waiting, progress.status, progress.trouble)


def changes(before: Recording, progress: Progress) -> dict[str, Any]:
    """Return the rows that changed between what was written down before and a state, as the store takes them."""
    after = Recording.of(progress)
    assert after.ledger is not None
    owed = after.ledger.since(before.ledger)
    found: dict[str, Any] = {
        "ledger": list(_rows(owed)),
        "timers": list(_timers(before.waiting, owed, progress)),
        "outbox": list(_messages(before, after, owed, progress)),
    }
    if after.status != before.status:
        found["status"] = after.status
    return found


def _timers(waited: frozenset[int], owed: Iterable[Change[Owed]], progress: Progress) -> Iterator[Any]:
    """Yield a timer for each moment at which something may follow now, and could not before, or the other way round."""
    from .store.records import Timer

    were = Counter(entry.waits_for for entry, _ in owed if entry is not None)
    are = Counter(entry.waits_for for _, entry in owed if entry is not None)
    waiting = progress.waiting
    for moment in sorted(at for at in {*were, *are, *waited, *waiting} if at is not None):
        due = len(progress.ledger.due_at(moment))
        is_ = due > 0 or moment in waiting
        was = due - are[moment] + were[moment] > 0 or moment in waited
        if is_ != was:
            yield Timer(f"at-{moment}", moment, state="waiting" if is_ else "cancelled")


def _rows(owed: Iterable[Change[Owed]]) -> Iterator[Any]:
    """Yield the rows of a ledger that are another now; what an event that happened earlier makes never owed is taken out."""
    from .store.records import LedgerRow

    for before, e in owed:
        if e is not None:
            yield LedgerRow(e.kind, e.id, e.opened_at, e.due_at, e.state, e.closed_at, {"title": e.title, "by": e.by})
        elif before is not None:
            yield LedgerRow(before.kind, before.id, before.opened_at, state="gone")


def _messages(before: Recording, after: Recording, owed: Iterable[Change[Owed]], progress: Progress) -> Iterator[Any]:
    """
    Yield what is to be told to the world: what is owed, what was not done in time, what is owed no longer, that a case was
    opened again or closed, and that its patterns are not followed any more.
    """
    from .store.records import Message

    at, last = progress.moments[-1].at if progress.moments else 0, progress.last_seq
    for was, entry in owed:
        if entry is not None:
            yield from _told(was, entry, at, last)
        elif was is not None and was.state == "open":
            yield Message(f"{was.kind}-withdrawn-{last}/{was.id}", f"{was.kind}_withdrawn", at, _body(was))
    if after.status != before.status and before.status is not None:
        yield Message(f"status/{last}", f"case_{after.status}", at, {"status": after.status})
    trouble = after.trouble
    if trouble is not None and before.trouble is None:
        body = {"code": trouble.code, "message": trouble.message, "patterns": list(trouble.patterns)}
        yield Message(f"trouble/{last}", "patterns_given_up", at, body)


def _told(earlier: Owed | None, entry: Owed, at: int, last: int) -> Iterator[Any]:
    """Yield what is to be told of an entry that changed; *last* is the number of the event with which it came to be so."""
    from .store.records import Message

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


def _body(entry: Owed) -> dict[str, Any]:
    due = None if entry.due_at is None else moment_of(entry.due_at).isoformat()
    return {"id": entry.id, "title": entry.title, "by": entry.by, "due": due}
