"""What the store takes and gives back: rows beside the log, the head of a case, claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import attrs

from ..event import Event

LedgerKind: TypeAlias = Literal["duty", "promise", "step"]
LedgerState: TypeAlias = Literal["open", "done", "breached", "withdrawn", "gone"]
TimerState: TypeAlias = Literal["waiting", "done", "cancelled"]
MessageState: TypeAlias = Literal["waiting", "sent", "failed"]


@attrs.frozen
class LedgerRow:
    """
    One thing that is owed in a case, as it stands now.

    Moments are milliseconds since 1970 in UTC. *kind* and *id* together name the row within the case. A row that is handed in as
    `gone` is taken out.
    """

    kind: LedgerKind
    id: str
    opened_at: int
    due_at: int | None = None
    state: LedgerState = "open"
    closed_at: int | None = None
    about: Mapping[str, Any] = attrs.field(factory=dict)

    def is_overdue(self, now: int) -> bool:
        """Whether it is open and its time is up."""
        return self.state == "open" and self.due_at is not None and self.due_at < now


@attrs.frozen
class Timer:
    """Something to be looked at when it is due. A timer that is handed in again replaces the one of its name, claims included."""

    name: str
    due_at: int
    kind: str = ""
    state: TimerState = "waiting"
    about: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class Claim:
    """A timer that is one worker's until the moment *until*; *number* counts how often it was claimed or changed."""

    case: str
    timer: Timer
    worker: str
    number: int
    until: int


@attrs.frozen
class Message:
    """Something to be told to the world outside, once it is recorded; *key* is unique within the case, for good."""

    key: str
    kind: str
    at: int
    body: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class Posted:
    """
    A message in the outbox, with how its delivery stands.

    *tries* counts the deliveries that were begun, *next_at* is when the next one may begin, *problem* what the last one ran
    into. *key* is unique among all cases and stays the same from try to try.
    """

    key: str
    case: str
    message: Message
    state: MessageState
    tries: int
    next_at: int
    problem: str
    sent_at: int | None
    erased: bool


@attrs.frozen
class Anew:
    """
    What stands beside the log of a case after an erasure, instead of all that stood there before.

    *version* is the one that it was made of, *messages* are the keys of those that are to be erased: those that tell what stood there,
    and stands there no longer.
    """

    version: int
    ledger: tuple[LedgerRow, ...]
    timers: tuple[Timer, ...]
    messages: tuple[str, ...]
    status: str


@attrs.frozen
class Head:
    """
    Where a case stands.

    *version* is the number of its events and *hash* the hash of the last one, which stands for the whole log; kept elsewhere,
    they show later that nothing was cut off. *last_at* is the latest moment of its events.
    """

    case: str
    version: int
    hash: str
    status: str
    policy: str
    last_at: int | None


@attrs.frozen
class Appended:
    """What an append has led to: the version of the case, and the events as recorded; *repeated* if they had been before."""

    version: int
    events: tuple[Event, ...]
    repeated: bool = False


@attrs.frozen
class Fault:
    """Something about the log of a case that does not hold, and at which event (0: the case as a whole)."""

    case: str
    seq: int
    problem: str
