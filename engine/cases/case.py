"""A case: one incident followed through its events, in memory or in a store."""

from __future__ import annotations

import datetime as dt
import json
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from ...rules.moments import moment_of
from ...rules.vocabulary import given_in
from ..policy import Decision, Policy
from .event import Event
from .foresight import NotNow, foreseen, not_now, warned
from .intake import EventProblems, moment_in, opening, taken_in
from .joiners import joiner_for, session_name
from .joining import Joiner, LateEventError
from .ledger import Owed
from .planning import NextStep
from .progress import MOST_FOLLOWING, Moment, Progress, Trouble, let_pass, replayed
from .recording import Recording, changes
from .replies import Objection, check_reply
from .watching import Status

if TYPE_CHECKING:
    from .store import Claim
    from .store.store import Store

#: How often an event is tried again where others record in the same case.
MOST_TRIES: Final = 50


@attrs.frozen
class Recorded:
    """What recording an event has led to: the events that are now in the log, what follows by itself included, and what changed."""

    events: tuple[Event, ...]
    moments: tuple[Moment, ...]
    repeated: bool = False


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
        self._store, self._clock = store, clock
        self._joiner = joiner if joiner is not None else joiner_for(policy)
        self._session = session_name(id)
        weakref.finalize(self, self._joiner.drop, self._session)
        self._name = ""
        self._events: list[Event] = []
        self._keys: dict[str, Event] = {}
        self._progress: Progress | None = None
        #: Where a question has let time pass: what was recorded before it, and how many moments there were.
        self._asked: tuple[Recording, int] | None = None

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
        began = opening(0, _stated(facts))
        event = taken_in(policy, began.kind, began.raw, at if at is not None else clock(), key=key)
        case._name = named or policy.content_hash
        case._append(event, first=True)
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
        case._take_over([event.numbered(number) for number, event in enumerate(events, start=1)])
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
        case._progress = progress
        case._events = [moment.event for moment in progress.moments if moment.event is not None]
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
        return self._append(taken_in(self.policy, kind, fields, moment, key=key, began=self._began(kind, key)))

    def close(self, reason: str = "", *, at: dt.date | str | None = None) -> Recorded:
        """Close the case; one that was opened again is watched again, where the policy still walks away from it."""
        return self.record("case_closed", at=at, **({"reason": reason} if reason else {}))

    def reopen(self, reason: str = "", *, at: dt.date | str | None = None) -> Recorded:
        """Open the case again."""
        return self.record("case_reopened", at=at, **({"reason": reason} if reason else {}))

    def run_due(self, *, now: dt.date | str | None = None, claim: Claim | None = None) -> Recorded:
        """Record what time alone has led to: duties and promises that were not kept, the end of watching."""
        return self._append(None, until=moment_in(now if now is not None else self._clock()), claim=claim)

    def refresh(self) -> None:
        """Read what others have recorded since."""
        if self._store is None:
            return
        fresh = self._store.events(self.id, after=len(self._events))
        if self._events and any(event.kind == "data_erased" for event in fresh):
            # What was erased is not to be kept in memory either, from where it would be written down again.
            fresh = self._store.events(self.id)
            self._events, self._keys, self._progress = [], {}, None
        if fresh or self._progress is None:
            self._take_over(fresh)

    # -- asked

    @property
    def events(self) -> tuple[Event, ...]:
        """The log, in the order of recording."""
        return tuple(self._events)

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
        progress, now = self._recorded, self.now
        deadlines = progress.correlation.deadlines
        if deadlines and deadlines[0] <= now:
            self._asked = self._asked or (Recording.of(progress), len(progress.moments))
            progress.wait(now)
        return progress

    @property
    def now(self) -> int:
        """The moment of a question, in milliseconds since 1970: now, or that of the last event where the clock is behind it."""
        last = self._progress.moments[-1].at if self._progress is not None and self._progress.moments else 0
        return max(moment_in(self._clock()), last)

    # -- within

    def _began(self, kind: str, key: str = "") -> int | None:
        """Return when the case began, if an event says again that it does; one that was recorded under its key may come again."""
        if kind != "case_opened" or key in self._keys:
            return None
        return next((event.at for event in self._events if event.kind == kind), None)

    @property
    def _recorded(self) -> Progress:
        """The state of the case after its last event, or after what a question has let pass; made anew where it has to be."""
        if self._progress is None:
            self._asked = None
            self._progress = replayed(self.policy, self._joiner, self._events, case=self._session)
        return self._progress

    def _take_over(self, events: Sequence[Event]) -> None:
        """Add events that are in the log already."""
        self._events += events
        self._keys.update((event.key, event) for event in events if event.key)
        progress, self._progress = self._progress, None
        self._asked = None  # because whoever recorded these has written down what time had led to before them
        if progress is not None and events:
            try:
                for event in events:
                    progress.take(event)
            except LateEventError:
                return  # because the state is made anew from the whole log
            self._progress = progress

    def _append(
        self, event: Event | None, *, first: bool = False, until: int | None = None, claim: Claim | None = None
    ) -> Recorded:
        for _ in range(MOST_TRIES):
            if event is not None and event.key in self._keys:
                return self._repeated(event)
            progress = None if first else self._recorded
            before, seen = self._asked or (Recording.of(progress), len(progress.moments) if progress is not None else 0)
            self._asked = None
            try:
                events, moments = self._tried(event, until, seen)
            except BaseException:
                self._progress = None
                raise
            if self._keep(events, before, first=first, claim=claim):
                return Recorded(tuple(events), tuple(moments))
            self.refresh()
        from .store import StoreBusy

        raise StoreBusy(f"others keep recording in case `{self.id}`", help="try again")

    def _repeated(self, event: Event) -> Recorded:
        """Return the event that was recorded under the key; it must be this one."""
        found = self._keys[event.key]
        if (found.kind, _text(found.raw)) != (event.kind, _text(event.raw)) and not found.erased:
            from .store import KeyReused

            raise KeyReused(self.id, event.key, found.seq)
        return Recorded((found,), (), repeated=True)

    def _tried(self, event: Event | None, until: int | None, seen: int) -> tuple[list[Event], list[Moment]]:
        """Go on in memory, and return the events that are to be recorded with what they lead to, after *seen* moments."""
        progress = self._recorded if self._events else Progress(self.policy, self._joiner, case=self._session)
        self._progress = progress
        try:
            if event is not None:
                let_pass(progress, event.at - 1)
                progress.take(event.numbered(progress.last_seq + 1))
                until = event.at
            if until is not None:
                let_pass(progress, until)
        except LateEventError:
            return self._tried_late(event, until)
        moments = progress.moments[seen:]
        return [moment.event for moment in moments if moment.event is not None], moments

    def _tried_late(self, event: Event | None, until: int | None) -> tuple[list[Event], list[Moment]]:
        """Take in what happened before others that are recorded: the state is made anew from the whole log."""
        events = [] if event is None else [event.numbered(len(self._events) + 1)]
        while True:
            self._progress = progress = replayed(
                self.policy, self._joiner, [*self._events, *events], case=self._session
            )
            last = progress.moments[-1].at
            following = progress.following(last if until is None else max(until, last))
            if not following or len(events) > MOST_FOLLOWING:
                break
            first = len(self._events) + len(events) + 1
            events += [one.numbered(number) for number, one in enumerate(following, start=first)]
        return events, [moment for moment in progress.moments if moment.event in events]

    def _keep(self, events: Sequence[Event], before: Recording, *, first: bool, claim: Claim | None) -> bool:
        """Record events and what changed with them; False where others were faster."""
        if self._store is not None:
            from .store import VersionConflict

            changed = changes(before, Recording.of(self._recorded), self._recorded)
            try:
                if first:
                    self._store.create(self.id, events, **changed, policy=self._name)
                elif events or claim is not None or any(changed.values()):
                    self._store.append(self.id, len(self._events), events, **changed, done=claim)
            except VersionConflict:
                self._progress = None
                return False
            except BaseException:
                self._progress = None
                raise
        self._events += events
        self._keys.update((event.key, event) for event in events if event.key)
        return True


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


def _text(fields: Mapping[str, Any]) -> str:
    """Return fields as they compare."""
    return json.dumps(fields, sort_keys=True)


__all__ = ["Case", "EventProblems", "Recorded"]
