"""The log of one case as it grows, in memory and in a store where there is one, with the state that it has led to."""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from ..policy import Policy
from .event import Event
from .joiners import session_name
from .joining import Joiner, LateEventError
from .passing import MOST_FOLLOWING, let_pass, replayed
from .progress import Moment, Progress
from .recording import Recording, changes

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


class Log:
    """
    The events of one case, in the order of recording.

    What is appended is tried in memory first; where others were faster in the store, what they recorded is read, and it is tried again.
    """

    def __init__(self, policy: Policy, case: str, joiner: Joiner, store: Store | None) -> None:
        self.events: list[Event] = []
        self.keys: dict[str, Event] = {}
        self._policy, self._case, self._joiner, self._store = policy, case, joiner, store
        self._session = session_name(case)
        weakref.finalize(self, joiner.drop, self._session)
        self._progress: Progress | None = None
        #: Where a question has let time pass: what was recorded before it, and how many moments there were.
        self._asked: tuple[Recording, int] | None = None

    @property
    def last_at(self) -> int:
        """The moment at which something happened last, or did not come in time; 0 before there is one."""
        return self.state.moments[-1].at if self.state.moments else 0

    @property
    def state(self) -> Progress:
        """The state of the case after its last event, or after what a question has let pass; made anew where it has to be."""
        if self._progress is None:
            self._asked = None
            self._progress = replayed(self._policy, self._joiner, self.events, case=self._session)
        return self._progress

    def state_at(self, now: int) -> Progress:
        """Return the state at a moment, with what has not come by then."""
        progress = self.state
        due = progress.correlation.next_due
        if due is not None and due <= now:
            self._asked = self._asked or (Recording.of(progress), len(progress.moments))
            progress.wait(now)
        return progress

    def begin_with(self, progress: Progress) -> None:
        """Take over a state that was reached already."""
        self._progress = progress
        self.events = [moment.event for moment in progress.moments if moment.event is not None]

    def refresh(self) -> None:
        """Read what others have recorded since."""
        if self._store is None:
            return
        fresh = self._store.events(self._case, after=len(self.events))
        if self.events and any(event.kind == "data_erased" for event in fresh):
            # What was erased is not to be kept in memory either, from where it would be written down again.
            fresh = self._store.events(self._case)
            self.events, self.keys, self._progress = [], {}, None
        if fresh or self._progress is None:
            self.take_over(fresh)

    def take_over(self, events: Sequence[Event]) -> None:
        """Add events that are in the log already."""
        self.events += events
        self.keys.update((event.key, event) for event in events if event.key)
        progress, self._progress = self._progress, None
        self._asked = None  # because whoever recorded these has written down what time had led to before them
        if progress is not None and events:
            try:
                for event in events:
                    progress.take(event)
            except LateEventError:
                return  # because the state is made anew from the whole log
            self._progress = progress

    def append(
        self, event: Event | None, *, first: str | None = None, until: int | None = None, claim: Claim | None = None
    ) -> Recorded:
        """
        Record an event, or what time alone has led to *until* a moment, and what follows by itself.

        *first* is the policy that a case names which begins with the event; *claim* the timer that caused it.

        Raises:
            StoreError: If the store cannot be used, or the key belongs to another event.
        """
        for _ in range(MOST_TRIES):
            if event is not None and event.key in self.keys:
                return self._repeated(event)
            progress = None if first is not None else self.state
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

        raise StoreBusy(f"others keep recording in case `{self._case}`", help="try again")

    def _repeated(self, event: Event) -> Recorded:
        """Return the event that was recorded under the key; it must be this one."""
        found = self.keys[event.key]
        if (found.kind, _text(found.raw)) != (event.kind, _text(event.raw)) and not found.erased:
            from .store import KeyReused

            raise KeyReused(self._case, event.key, found.seq)
        return Recorded((found,), (), repeated=True)

    def _tried(self, event: Event | None, until: int | None, seen: int) -> tuple[list[Event], list[Moment]]:
        """Go on in memory, and return the events that are to be recorded with what they lead to, after *seen* moments."""
        progress = self.state if self.events else Progress(self._policy, self._joiner, case=self._session)
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
        events = [] if event is None else [event.numbered(len(self.events) + 1)]
        while True:
            self._progress = progress = replayed(
                self._policy, self._joiner, [*self.events, *events], case=self._session
            )
            last = progress.moments[-1].at
            following = progress.following(last if until is None else max(until, last))
            if not following or len(events) > MOST_FOLLOWING:
                break
            first = len(self.events) + len(events) + 1
            events += [one.numbered(number) for number, one in enumerate(following, start=first)]
        return events, [moment for moment in progress.moments if moment.event in events]

    def _keep(self, events: Sequence[Event], before: Recording, *, first: str | None, claim: Claim | None) -> bool:
        """Record events and what changed with them; False where others were faster."""
        if self._store is not None:
            from .store import VersionConflict

            changed = changes(before, self.state)
            try:
                if first is not None:
                    self._store.create(self._case, events, **changed, policy=first)
                elif events or claim is not None or any(changed.values()):
                    self._store.append(self._case, len(self.events), events, **changed, done=claim)
            except VersionConflict:
                self._progress = None
                return False
            except BaseException:
                self._progress = None
                raise
        self.events += events
        self.keys.update((event.key, event) for event in events if event.key)
        return True


def _text(fields: Mapping[str, Any]) -> str:
    """Return fields as they compare."""
    return json.dumps(fields, sort_keys=True)
