"""Erasing personal data from a case: from its log, and from everything that was written down beside the log because of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from ..policy import Policy
from .event import Event
from .growing import MOST_TRIES
from .ledger import Owed
from .passing import replayed
from .plain import Plain
from .progress import Progress
from .recording import Recording, changes

if TYPE_CHECKING:
    from .store.store import Store

#: Texts shorter than this are not looked for elsewhere: they would be found everywhere.
SHORTEST: Final = 4


@attrs.frozen
class Remainder:
    """A field of an event that still has a text which was erased elsewhere."""

    seq: int
    kind: str
    field: str


@attrs.frozen
class Erasure:
    """
    What was erased, by the numbers of the events, and what it leaves.

    *lost* is what was owed and is not any more, since nobody knows now why; *sent* counts the messages that had left already;
    *remainders* are fields of other events that repeat what was erased.
    """

    events: tuple[int, ...]
    lost: tuple[Owed, ...]
    sent: int
    remainders: tuple[Remainder, ...]


def erase(
    policy: Policy, store: Store, id_: str, at: int, *, events: Iterable[int] | None = None, reason: str = ""
) -> Erasure:
    """
    Erase what some events of a case say, or all, for good; *at* is now, in milliseconds since 1970.

    The ledger, timers and messages are made anew from what is left, in the same transaction. With *events*, those that the engine
    recorded of them go with them, such as that a promise was broken. A case that is erased as a whole is closed, and owes nothing.

    Raises:
        StoreError: If there is no such case or event, or the store cannot be used.
    """
    from .store import StoreBusy, VersionConflict

    for _ in range(MOST_TRIES):
        log = store.events(id_)
        wanted = None if events is None else {*events, *_repeated_by_engine(log, set(events))}
        blank = [_blank(event) if wanted is None or event.seq in wanted else event for event in log]
        told = Event(len(log) + 1, max(at, *(event.at for event in log)), "data_erased", _whole(wanted))
        before, after = _after(policy, log), _after(policy, [*blank, told])
        lost = [entry for entry in before.ledger if _is_changed(entry, after)]
        try:
            found = store.erase(id_, told.at, events=wanted, reason=reason, anew=_anew(store, id_, log, lost, after))
        except VersionConflict:
            continue
        gone = tuple(event.seq for event, left in zip(log, blank, strict=True) if left is not event)
        sent = sum(posted.erased and posted.state == "sent" for posted in store.outbox(case=id_))
        remainders = tuple(_remainders(policy, log, gone)) if not found.repeated else ()
        return Erasure(gone, tuple(entry for entry in lost if entry.state == "open"), sent, remainders)
    raise StoreBusy(f"others keep recording in case `{id_}`", help="try again")


def _after(policy: Policy, events: Sequence[Event]) -> Progress:
    return replayed(policy, Plain(policy.tree.case.patterns), events)


def _blank(event: Event) -> Event:
    """Return an event without what it says; what says that something was erased is kept."""
    if event.kind == "data_erased" or event.erased or not event.raw:
        return event
    return attrs.evolve(event, raw={}, erased=True)


def _whole(wanted: set[int] | None) -> dict[str, Any]:
    return {"whole": True} if wanted is None else {}


def _repeated_by_engine(log: Sequence[Event], wanted: set[int]) -> Iterator[int]:
    """Yield the events that the engine recorded about promises which some events made."""
    names = {event.raw.get("promise") for event in log if event.seq in wanted and event.kind == "promise_made"} - {None}
    for event in log:
        if event.kind == "promise_broken" and event.raw.get("promise") in names:
            yield event.seq


def _is_changed(entry: Owed, after: Progress) -> bool:
    left = after.ledger.get(entry.kind, entry.id)
    return left is None or (left.title, left.by) != (entry.title, entry.by)


def _anew(store: Store, id_: str, log: Sequence[Event], lost: Sequence[Owed], after: Progress) -> Any:
    """Return what stands beside the log from now on, and the messages that told what stands there no longer."""
    from .store.records import Anew

    rows = changes(Recording(), after)
    ids = {(entry.kind, entry.id) for entry in lost}
    told = [posted.message for posted in store.outbox(case=id_)]
    messages = tuple(m.key for m in told if (m.kind.partition("_")[0], m.body.get("id")) in ids)
    return Anew(len(log), tuple(rows["ledger"]), tuple(rows["timers"]), messages, after.status)


# --- what still says it ----------------------------------------------------------------------------------------------


def _remainders(policy: Policy, log: Sequence[Event], gone: Sequence[int]) -> Iterator[Remainder]:
    """Yield the fields of events that were not erased and repeat a text that was."""
    erased = {text for event in log if event.seq in gone for _, text in _texts(policy, event)}
    for event in log:
        if event.seq not in gone:
            for field, text in _texts(policy, event):
                if any(one in text for one in erased):
                    yield Remainder(event.seq, event.kind, field)


def _texts(policy: Policy, event: Event) -> Iterator[tuple[str, str]]:
    """Yield the texts that people wrote in an event, by field: not the words of closed lists, nor the names of plans' steps."""
    kind = policy.tree.case.events.get(event.kind)
    known = {**(kind.fields if kind is not None else {}), **policy.tree.facts}
    own = {step.do for plan in policy.tree.case.plans.values() for step in plan.steps} | policy.tree.obligations.keys()
    facts = event.raw.get("facts")
    for name, value in {**event.raw, **(facts if isinstance(facts, dict) else {})}.items():
        is_open = name not in known or (known[name].type.kind in ("text", "list") and not known[name].type.words)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and is_open and len(text) >= SHORTEST and text not in own:
                yield name, text
