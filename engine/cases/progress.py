"""A case as it goes: from one event to the next, what is known, decided, owed, and to be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from ...rules.given import Knowledge
from ...rules.moments import moment_of
from ..decision import Judgement, Outcome
from ..force import ordinal
from ..policy import Decision, Policy
from ..truth import State
from .book import Change, Standing
from .business_time import deadline
from .correlate import Correlation, Happened, Match
from .event import Event
from .folding import Folding
from .handing_in import as_handed_in
from .joining import CorrelationError, Joiner
from .ledger import BREACHES, Kind, Ledger, Owed
from .log_reading import happened, learned
from .planning import NextStep, next_steps
from .views import View, views_of
from .watching import Status, Watch

_UNCHANGED: Final[Mapping[str, tuple[Outcome | None, Outcome]]] = MappingProxyType({})


@attrs.frozen
class Moment:
    """
    What one event, match or deadline led to.

    *changed* maps each decision whose outcome changed to the outcomes before and after; *opened* and *closed* are the entries of
    the ledger that came up and that were settled.
    """

    at: int
    event: Event | None
    matches: tuple[Match, ...]
    changed: Mapping[str, tuple[Outcome | None, Outcome]]
    opened: tuple[Owed, ...]
    closed: tuple[Owed, ...]
    status: Status


#: What is compared before and after: the view, and the ledger.
_Before: TypeAlias = tuple[View | None, Standing[tuple[Kind, str], Owed]]


@attrs.frozen
class Trouble:
    """
    Why no pattern is followed any more in a case, and since when: after the event of the number *seq*, None where time led to it.

    What was found before stays; events, decisions and duties go on.
    """

    code: str
    message: str
    patterns: tuple[str, ...]
    at: int
    seq: int | None


class Progress:
    """
    The state of one case: a function of the policy, the events in their order, and the time.

    `take` one event after another, each at or after the one before it; let time pass with `wait`.
    """

    def __init__(self, policy: Policy, joiner: Joiner, *, case: str = "") -> None:
        self.policy = policy
        self.tree = policy.tree
        self.view: View | None = None
        self.moments: list[Moment] = []
        self.watch = Watch(self.tree.case.monitoring)
        self.ledger = Ledger(self.tree)
        self.facts = Folding(self.tree.facts)
        self.correlation = Correlation(self.tree.case.patterns, joiner, self.tree.facts, case=case)
        #: Why patterns are not followed any more, None where they are.
        self.trouble: Trouble | None = None
        #: The number of the last event in the log.
        self.last_seq = 0
        self._views = views_of(policy)
        self._is_opened = False
        self._is_erased = False

    @property
    def status(self) -> Status:
        """Whether the case is open, only watched, or closed."""
        return self.watch.status

    @property
    def judgement(self) -> Judgement | None:
        """What was decided last; None before the first event."""
        return None if self.view is None else self.view.judgement

    @property
    def matches(self) -> list[Match]:
        """Every match so far."""
        return self.correlation.matches

    # -- going on

    def take(self, event: Event) -> Moment:
        """
        Take the next event, after what was due before it; patterns that cannot be followed any further become *trouble*.

        Raises:
            LateEventError: If it belongs before something that was already looked at.
        """
        self.wait(event.at - 1)
        told = self._read(event)
        before = self.view, self.ledger.book.standing
        matches = self._correlated(lambda: self.correlation.advance(told, self.facts), event.at, event.seq)
        self.last_seq = max(self.last_seq, event.seq)
        self.ledger.happened(told, self.facts.promises.last)
        self._follow_status(event)
        return self._settle(event.at, event, matches, before)

    def wait(self, now: int) -> list[Moment]:
        """Let time pass until a moment, and return what it led to: what did not come in time."""
        found = []
        while (at := self.correlation.next_due) is not None and at <= now:
            before = self.view, self.ledger.book.standing
            matches = self._correlated(partial(self.correlation.advance_to, at, self.facts), at, None)
            if matches:
                found.append(self._settle(at, None, matches, before))
        return found

    def _correlated(self, work: Callable[[], list[Match]], at: int, seq: int | None) -> list[Match]:
        """
        Return the matches that something leads to.

        An event is never refused because of what patterns make of it: where they cannot be followed any further, the case goes on
        without them, with what they had found. So a rebuilt case comes to the same.
        """
        before = len(self.matches)
        try:
            return work()
        except CorrelationError as error:
            self.trouble = Trouble(error.code, str(error), error.patterns, at, seq)
            self.correlation.give_up()
            return self.matches[before:]

    def following(self, now: int) -> list[Event]:
        """
        Return the events that follow by themselves and have to be recorded, those of the earliest moment.

        They are a duty, promise or step that was not kept in time, a watched case that flares up, and the end of watching.
        """
        due = self.ledger.first_due
        found = [_breach(entry) for entry in self.ledger.due_at(due)] if due is not None and due <= now else []
        found += self.watch.following(self._after_last, now)
        if not found:
            return []
        first = min(event.at for event in found)
        return [event for event in found if event.at == first]

    @property
    def alarms(self) -> tuple[int, ...]:
        """The moments, in order, at which something may follow from time alone."""
        return tuple(sorted({*self.ledger.deadlines, *self.waiting}))

    @property
    def waiting(self) -> frozenset[int]:
        """Those of them that are no deadlines of the ledger: what must not come until then, and the end of watching."""
        return frozenset((*self.correlation.deadlines, *self.watch.alarms(self._after_last)))

    @property
    def next_alarm(self) -> int | None:
        """The first moment at which something may follow from time alone."""
        due = self.ledger.first_due, self.correlation.next_due, *self.watch.alarms(self._after_last)
        return min((at for at in due if at is not None), default=None)

    # -- asked

    def known(self, at: int) -> dict[str, Knowledge]:
        """Return the facts of the case at a moment."""
        return self.facts.known(at)

    def state(self, at: int) -> State:
        """Return what is known at a moment as conditions see it."""
        return State.of(self.tree.facts, self.known(at), ordinal(moment_of(at)))

    def seen(self, at: int) -> View:
        """Return what the policy makes of the case at a moment."""
        return self._views.at(self.known(at), moment_of(at), last=self.view)

    def stated(self, at: int) -> dict[str, object]:
        """Return the facts of the case at a moment as callers hand them in."""
        facts, currency = self.tree.facts, self.tree.currency
        return {name: as_handed_in(value, facts[name].type, currency) for name, value in self.known(at).items()}

    def decision(self, at: int) -> Decision:
        """Return what is decided at a moment."""
        return self.policy.decide(self.stated(at), as_of=moment_of(at))

    def next_steps(self, at: int) -> tuple[NextStep, ...]:
        """Return what the plans ask for at a moment; nothing once the case is closed."""
        return self._next_steps(self.seen(at))

    def _next_steps(self, view: View) -> tuple[NextStep, ...]:
        if self.status == "closed":
            return ()
        return tuple(next_steps(view.plans, self.facts.steps_done))

    # -- within

    def _read(self, event: Event) -> Happened:
        """Read an event, and learn the facts that it brings."""
        facts = learned(event, self.policy)
        if facts:
            self.facts.learn(facts, event.at)
        if not self._is_opened:
            self._is_opened, self.facts.opened_at = True, event.at
        return happened(event, self.policy)

    def _settle(self, at: int, event: Event | None, matches: Iterable[Match], before: _Before) -> Moment:
        """Decide anew, and write down what is different."""
        view = self.view = self.seen(at)
        by = event.seq if event is not None else None
        if not self._is_erased:
            self.ledger.owe(view.judgement.obligations, at)
        self.ledger.withdraw("duty", view.duties, at, by)
        self.watch.settled(view, at, event)
        self._expect_steps(view, at)
        self.ledger.withdraw("step", view.steps if self.status != "closed" else (), at, by)
        opened, closed = _settled(self.ledger.book.standing.since(before[1]))
        moment = Moment(at, event, tuple(matches), _changed(before[0], view), opened, closed, self.status)
        self.moments.append(moment)
        return moment

    def _expect_steps(self, view: View, at: int) -> None:
        for found in self._next_steps(view):
            if found.step.within is not None and not found.waits_for:
                due = deadline(at, found.step.within)
                if due is not None:
                    self.ledger.expect(found.step.do, due, at)

    def _follow_status(self, event: Event) -> None:
        self.watch.happened(event)
        if event.kind == "case_reopened":
            self._is_erased = False
        elif event.kind == "data_erased" and event.raw.get("whole") is True:
            # Nobody knows any more what the case was about, so nothing can be owed because of it.
            self._is_erased = True
            self.watch.forget()
            self.ledger.clear()
            self.facts.forget_promises()

    @property
    def _after_last(self) -> int:
        """When an event that follows from the last moment happens: then, or just after what time alone led to."""
        last = self.moments[-1] if self.moments else None
        return 0 if last is None else last.at if last.event is not None else last.at + 1


def _changed(before: View | None, after: View) -> Mapping[str, tuple[Outcome | None, Outcome]]:
    """Return the decisions whose outcome is another, with the outcomes before and after."""
    if before is after:
        return _UNCHANGED
    old = {} if before is None else before.outcomes
    found = {name: (old.get(name), now) for name, now in after.outcomes.items() if old.get(name) != now}
    return found or _UNCHANGED


def _settled(changes: Iterable[Change[Owed]]) -> tuple[tuple[Owed, ...], tuple[Owed, ...]]:
    """Return the entries of a ledger that came up, and those that were settled."""
    different = [(before, after) for before, after in changes if after is not None]
    opened = tuple(after for before, after in different if before is None or before.times != after.times)
    return opened, tuple(after for _, after in different if after.state != "open")


def _breach(entry: Owed) -> Event:
    kind, field = BREACHES[entry.kind]
    assert entry.due_at is not None
    return Event(0, entry.due_at, kind, {field: entry.id})
