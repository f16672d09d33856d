"""A case: one incident followed through its events, in memory or in a store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ...rules.moments import moment_of
from ...rules.vocabulary import given_in
from ..policy import Decision, Policy
from .event import Event
from .foresight import NotNow, foreseen, not_now, warned
from .growing import Log, Recorded
from .intake import EventProblems, moment_in, taken_in
from .joiners import joiner_for
from .joining import Joiner
from .ledger import Owed
from .planning import NextStep
from .progress import Moment, Progress, Trouble
from .replies import Objection, check_reply
from .watching import Status

if TYPE_CHECKING:
    from .store import Claim
    from .store.store import Store


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Case:
    """
    One incident followed through its events.

    What is known, decided and owed is a function of the policy, the events and the time. Without a store a case lives in memory;
    with one, `record` returns when the event is on the disk. *clock* says what time it is. Patterns are followed by *joiner*: on
    durable_rules where that is installed, in plain Python otherwise.

    >>> case = Case.open(Policy.load("house"), "2026-117", {"abuse": "rude", "loss": "20 USD"})
    >>> _ = case.record("message_received", text="I want my money back", abuse="hostile")
    >>> case.facts["abuse"], case.status
    ('hostile', 'open')
    """

    def __init__(
        self,
        policy: Policy,
        id: str,  # noqa: A002 because a case has an id
        *,
        store: Store | None = None,
        joiner: Joiner | None = None,
        clock: Callable[[], dt.datetime] = _now,
    ) -> None:
        self.policy, self.id = policy, id
        self._clock = clock
        self._log = Log(policy, id, joiner if joiner is not None else joiner_for(policy), store)

    # -- beginning

    @classmethod
    def open(
        cls,
        policy: Policy,
        id: str,  # noqa: A002
        facts: object | None = None,
        *,
        at: dt.date | str | None = None,
        store: Store | None = None,
        key: str = "",
        named: str = "",
        joiner: Joiner | None = None,
        clock: Callable[[], dt.datetime] = _now,
    ) -> Case:
        """
        Begin a case with the facts known so far: a mapping, as in a policy's tests, or an instance of the vocabulary's class.

        *named* is what the store keeps as the case's policy, such as the path that it was loaded from; the hash of its text
        unless said otherwise.

        Raises:
            EventProblems: If a fact is unknown, of the wrong type or out of its range, or the moment is none; all of them at once.
            TypeError: If the facts are neither a mapping nor such an instance.
            StoreError: If the store has such a case already, or cannot be used.
        """
        case = cls(policy, id, store=store, joiner=joiner, clock=clock)
        stated = _stated(facts)
        fields = {"facts": stated} if stated else {}
        event = taken_in(policy, "case_opened", fields, at if at is not None else clock(), key=key)
        case._log.append(event, first=named or policy.content_hash)
        return case

    @classmethod
    def load(
        cls,
        policy: Policy,
        id: str,  # noqa: A002
        store: Store,
        *,
        joiner: Joiner | None = None,
        clock: Callable[[], dt.datetime] = _now,
    ) -> Case:
        """
        Return a case as the store has it.

        Raises:
            CaseUnknown: If there is none of this id.
        """
        case = cls(policy, id, store=store, joiner=joiner, clock=clock)
        case.refresh()
        return case

    @classmethod
    def of(
        cls,
        policy: Policy,
        events: Sequence[Event],
        *,
        id: str = "",  # noqa: A002
        clock: Callable[[], dt.datetime] = _now,
    ) -> Case:
        """Return a case in memory after some events, numbered as they stand."""
        case = cls(policy, id, clock=clock)
        case._log.take_over([event.numbered(number) for number, event in enumerate(events, start=1)])
        return case

    @classmethod
    def after(
        cls,
        policy: Policy,
        progress: Progress,
        *,
        id: str = "",  # noqa: A002
        clock: Callable[[], dt.datetime] = _now,
    ) -> Case:
        """Return a case in memory whose state was reached already."""
        case = cls(policy, id, clock=clock)
        case._log.begin_with(progress)
        return case

    # -- going on

    def record(self, kind: str, /, *, at: dt.date | str | None = None, key: str = "", **fields: Any) -> Recorded:
        """
        Record that something happened, and what follows from it by itself.

        *at* is when it happened, now unless said otherwise: a moment, a day, or either as ISO 8601 has it, in UTC where it names no
        time zone; it may be earlier than what is recorded already. Fields are what an incident's facts may be, and are kept as JSON
        has them. An event with a *key* that was recorded before is not recorded again.

        Raises:
            EventProblems: If the kind is unknown, a field is unknown or wrong, the moment is none, or the case began already; all at once.
            StoreError: If the store cannot be used, or the key belongs to another event.
        """
        moment = at if at is not None else self._clock()
        return self._log.append(taken_in(self.policy, kind, fields, moment, key=key, began=self._began(kind, key)))

    def close(self, reason: str = "", *, at: dt.date | str | None = None) -> Recorded:
        """Close the case; one that was opened again is watched again, where the policy still walks away from it."""
        return self.record("case_closed", at=at, **({"reason": reason} if reason else {}))

    def reopen(self, reason: str = "", *, at: dt.date | str | None = None) -> Recorded:
        """Open the case again."""
        return self.record("case_reopened", at=at, **({"reason": reason} if reason else {}))

    def run_due(self, *, now: dt.date | str | None = None, claim: Claim | None = None) -> Recorded:
        """Record what time alone has led to: duties and promises that were not kept, the end of watching."""
        return self._log.append(None, until=moment_in(now if now is not None else self._clock()), claim=claim)

    def refresh(self) -> None:
        """Read what others have recorded since."""
        self._log.refresh()

    # -- asked

    @property
    def events(self) -> tuple[Event, ...]:
        """The log, in the order of recording."""
        return tuple(self._log.events)

    @property
    def facts(self) -> dict[str, object]:
        """What is known now, by dotted name."""
        return self.progress.stated(self.now)

    @property
    def decision(self) -> Decision:
        """What is decided now."""
        return self.progress.decision(self.now)

    @property
    def status(self) -> Status:
        """Whether the case is open, only watched, or closed."""
        return self.progress.status

    @property
    def trouble(self) -> Trouble | None:
        """Why patterns are not followed any more in this case, such as a chain without end; None where they are."""
        return self.progress.trouble

    @property
    def next_steps(self) -> tuple[NextStep, ...]:
        """What the plans ask for now, each step with what must never happen and would, if it were taken."""
        return warned(self.progress, self.progress.next_steps(self.now), self.now)

    @property
    def not_now(self) -> tuple[NotNow, ...]:
        """What we must not do now, because a forbidden pattern would match."""
        return tuple(not_now(self.progress, self.now))

    @property
    def obligations(self) -> tuple[Owed, ...]:
        """What is or was owed: duties, promises, steps with a deadline."""
        return tuple(self.progress.ledger)

    @property
    def overdue(self) -> tuple[Owed, ...]:
        """What is open and should have been done by now."""
        return tuple(entry for entry in self.progress.ledger if entry.is_overdue(self.now))

    @property
    def timeline(self) -> tuple[Moment, ...]:
        """What happened and what it led to, in the order of time."""
        return tuple(self.progress.moments)

    def foresee(self, kind: str, /, *, at: dt.date | str | None = None, **fields: Any) -> tuple[Moment, ...]:
        """
        Return what an event would lead to, without recording it.

        Raises:
            EventProblems: If the kind is unknown, or a field is unknown or wrong; all at once.
        """
        moment = at if at is not None else moment_of(self.now)
        return foreseen(self.progress, taken_in(self.policy, kind, fields, moment, began=self._began(kind)))

    def check_reply(self, text: str) -> tuple[Objection, ...]:
        """Return what speaks against sending a reply now."""
        return check_reply(self.progress, text, self.now)

    @property
    def progress(self) -> Progress:
        """The state of the case now, with what has not come by now."""
        return self._log.state_at(self.now)

    @property
    def now(self) -> int:
        """The moment of a question, in milliseconds since 1970: now, or that of the last event where the clock is behind it."""
        return max(moment_in(self._clock()), self._log.last_at)

    # -- within

    def _began(self, kind: str, key: str = "") -> int | None:
        """Return when the case began, if an event says again that it does; one that was recorded under its key may come again."""
        if kind != "case_opened" or key in self._log.keys:
            return None
        return next((event.at for event in self._log.events if event.kind == kind), None)


def _stated(facts: object) -> Mapping[str, Any]:
    """
    Return the facts that a case begins with: a mapping, or what an instance of a vocabulary's class states.

    Raises:
        TypeError: If they are neither.
    """
    if facts is None or isinstance(facts, Mapping):
        return facts or {}
    if not attrs.has(type(facts)):
        raise TypeError(f"the facts of a case are a mapping or an incident, not {type(facts).__name__}")
    return given_in(facts)


__all__ = ["Case", "EventProblems", "Recorded"]
