"""
The correlation of one case: its events in order, what they complete, and what their absence completes.

Either correlator finds the tuples; everything else is here, so that both mean the same: the order of events, the facts of the
case, what does not come in time, and matches that complete further patterns. All matches that an event completes follow it in the
order of the policy's patterns, then what these complete, and so on until nothing new is found.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Final, Protocol

import attrs

from ...rules.case_tree import Pattern
from ...rules.evaluate import Settled
from ...rules.event_kinds import MATCHED
from ...rules.given import Knowledge
from ...rules.regions import contains, universe_of
from ...rules.tree import ALWAYS
from ...rules.types import Fact, Value
from ..truth import State, expression_value, form_truth
from .joining import CorrelationError, Joiner, LateEventError, Reference, Seen, named
from .outline import Outline, day_of

#: The most matches that one case may have.
MOST_MATCHES: Final = 100_000
#: The most matches that one event, or one deadline, may lead to.
MOST_AT_ONCE: Final = 1_000
#: The most matches at one moment of which each was completed by the one before.
LONGEST_CHAIN: Final = 50
_NOTHING: Final[Mapping[str, Value]] = MappingProxyType({})


@attrs.frozen
class Happened:
    """An event of the log, its fields read: *seq* is its number there, *at* is in milliseconds since 1970 UTC."""

    seq: int
    at: int
    kind: str
    fields: Mapping[str, Value] = attrs.field(factory=dict)


@attrs.frozen
class Match:
    """
    A pattern that was found: the events that met it, in order, and the facts that it teaches.

    *number* counts the matches of the same pattern from 1; *at* is when it was complete, in milliseconds since 1970 UTC.
    """

    pattern: str
    number: int
    at: int
    events: tuple[Reference, ...]
    facts: Mapping[str, Value]


class Fold(Protocol):
    """What a case knows while its log is read: it is told of each event and each match in their order."""

    def happened(self, event: Happened) -> None:
        """Take in an event, before it is looked at."""
        ...

    def matched(self, match: Match) -> None:
        """Take in a match."""
        ...

    def known(self, at: int) -> Mapping[str, Knowledge]:
        """Return the facts of the case at a moment."""
        ...


@attrs.define
class Learned:
    """A fold of what a case was opened with and what patterns teach, and of nothing else."""

    facts: dict[str, Knowledge] = attrs.field(factory=dict)

    def happened(self, event: Happened) -> None:
        """Learn nothing from an event."""

    def matched(self, match: Match) -> None:
        """Learn what a match teaches."""
        self.facts.update(match.facts)

    def known(self, at: int) -> Mapping[str, Knowledge]:  # noqa: ARG002 because these facts do not change with time alone
        """Return the facts, which time alone does not change."""
        return self.facts


@attrs.frozen
class _Watch:
    """A tuple of events after which something must not come until *due*."""

    outline: Outline
    events: tuple[Seen, ...]
    due: int
    depth: int
    bound: Mapping[str, Value]


class Correlation:
    """
    What the patterns of a policy find in one case.

    *facts* are the facts of the policy by name; *joiner* may serve many cases, this one goes by the name *case* there.
    """

    def __init__(
        self, patterns: Iterable[Pattern], joiner: Joiner, facts: Mapping[str, Fact], *, case: str = ""
    ) -> None:
        self.case = case
        self.matches: list[Match] = []
        self._joiner, self._facts = joiner, facts
        self._outlines = {pattern.id: Outline.of(pattern) for pattern in patterns}
        self._order = 0
        self._last = (-(10**18), 0)
        self._fired = -(10**18)
        self._watches: list[_Watch] = []
        self._numbers: Counter[str] = Counter()
        self._gave_up = False
        #: How many matches there were before the event, or the deadline, that is being looked at.
        self._before = 0
        joiner.drop(case)

    @property
    def deadlines(self) -> tuple[int, ...]:
        """The moments, in order, at which time alone may complete something."""
        return tuple(dict.fromkeys(watch.due for watch in self._watches)) if self._watches else ()

    @property
    def next_due(self) -> int | None:
        """The first of these moments."""
        return self._watches[0].due if self._watches else None

    def give_up(self) -> None:
        """Follow no pattern any more; the matches so far stay, and events are still taken in their order."""
        self._gave_up, self._watches = True, []
        self._joiner.drop(self.case)

    def advance(self, event: Happened, fold: Fold) -> list[Match]:
        """
        Take the next event of the log, after whatever was due before it, and return the matches in order.

        Raises:
            LateEventError: If it belongs before something that was already looked at.
            CorrelationError: If patterns chase one another without end, or one is too costly to follow.
        """
        if (event.at, event.seq) <= self._last or event.at <= self._fired:
            raise LateEventError(f"event {event.seq} happened before what was already looked at")
        found = self.advance_to(event.at - 1, fold)
        self._last = (event.at, event.seq)
        self._before = len(self.matches)
        fold.happened(event)
        if self._gave_up:
            return found
        return found + self._follow(self._seen(event.at, event.kind, event.fields, event.seq), 0, fold)

    def advance_to(self, now: int, fold: Fold) -> list[Match]:
        """
        Let time pass until *now*, inclusive, and return the matches that this completes.

        Raises:
            CorrelationError: If patterns chase one another without end, or one is too costly to follow.
        """
        found: list[Match] = []
        while self._watches and self._watches[0].due <= now:
            watch = self._watches.pop(0)
            self._fired, self._before = watch.due, len(self.matches)
            match = self._match(watch.outline, watch.events, watch.due, fold)
            if match is not None:
                self._check_chain(match, watch.depth + 1)
                found.append(match)
                found += self._follow(self._derived(match), watch.depth + 1, fold)
        return found

    # -- forward to a fixed point

    def _follow(self, event: Seen, depth: int, fold: Fold) -> list[Match]:
        """Look at an event, and at the matches that follow from it, until nothing new is found."""
        found: list[Match] = []
        pending = deque([(event, depth)])
        while pending:
            event, depth = pending.popleft()
            self._call_off(event)
            for join in self._joiner.add(self.case, event):
                outline = self._outlines[join.pattern]
                if outline.absent is not None:
                    self._watch(outline, join.events, depth)
                    continue
                match = self._match(outline, join.events, event.at, fold)
                if match is not None:
                    self._check_chain(match, depth + 1)
                    found.append(match)
                    pending.append((self._derived(match), depth + 1))
        return found

    def _seen(self, at: int, kind: str, fields: Mapping[str, Value], ref: Reference) -> Seen:
        self._order += 1
        return Seen(self._order, at, kind, fields, ref)

    def _derived(self, match: Match) -> Seen:
        """Return a match as the event that it is to other patterns."""
        return self._seen(match.at, MATCHED.id, {"pattern": match.pattern}, (match.pattern, match.number))

    # -- absence

    def _watch(self, outline: Outline, events: tuple[Seen, ...], depth: int) -> None:
        """Wait for what must not come."""
        assert outline.absent is not None
        absent_for = outline.absent.element.absent_for
        assert absent_for is not None
        due = events[-1].at + int(absent_for * 1000)
        depth = depth if due == events[-1].at else 0
        watch = _Watch(outline, events, due, depth, outline.all_bound(events))
        insort(self._watches, watch, key=attrgetter("due"))  # INVARIANT: by due moment, then in the order of completion

    def _call_off(self, event: Seen) -> None:
        """Stop waiting where an event is what must not come."""
        if self._watches:
            self._watches = [watch for watch in self._watches if not _is_unwanted(watch, event)]

    # -- matches

    def _match(self, outline: Outline, events: tuple[Seen, ...], at: int, fold: Fold) -> Match | None:
        """Return the match that some events are, if the facts of the case allow it."""
        pattern = outline.pattern
        if pattern.when != ALWAYS:
            known = fold.known(at)
            if form_truth(pattern.when, State.of(self._facts, known, day_of(at))) is not True:
                return None
        self._numbers[pattern.id] += 1
        references = tuple(event.ref for event in events)
        match = Match(pattern.id, self._numbers[pattern.id], at, references, self._taught(outline, events, at))
        self._check_count()
        self.matches.append(match)
        fold.matched(match)
        return match

    def _taught(self, outline: Outline, events: tuple[Seen, ...], at: int) -> Mapping[str, Value]:
        """Return the facts that a pattern teaches; those that have no value, or none that the fact may have, stay open."""
        if not outline.pattern.learn:
            return _NOTHING
        values = outline.every_field(events)
        state = State({}, values, Settled(values, day_of(at)))
        found: dict[str, Value] = {}
        for name, expression in outline.pattern.learn.items():
            value, _ = expression_value(expression, state)
            if value is not None and (name not in self._facts or contains(universe_of(self._facts[name]), value)):
                found[name] = value
        return found

    # -- bounds

    def _check_count(self) -> None:
        if len(self.matches) < MOST_MATCHES and len(self.matches) - self._before < MOST_AT_ONCE:
            return
        most = tuple(sorted(self._numbers, key=lambda id_: (-self._numbers[id_], id_)))
        where = f"{MOST_MATCHES:,} matches in one case"
        if len(self.matches) < MOST_MATCHES:
            where = f"{MOST_AT_ONCE:,} matches at once"
        raise CorrelationError("too-many-matches", f"more than {where}, most of them of {named(most[:1])}", most)

    def _check_chain(self, match: Match, depth: int) -> None:
        if depth <= LONGEST_CHAIN:
            return
        chasing = self._chasing(match)
        message = f"{named(chasing)} complete one another without end: more than {LONGEST_CHAIN} matches in a chain at one moment"
        raise CorrelationError("endless-matches", message, chasing)

    def _chasing(self, match: Match) -> tuple[str, ...]:
        """Return the patterns in the chain that ends in a match, as they follow one another for the last time."""
        by_reference = {(found.pattern, found.number): found for found in self.matches}
        chain: list[str] = []
        while match.pattern not in chain:
            chain.append(match.pattern)
            reference = match.events[-1]
            if isinstance(reference, int):
                break
            match = by_reference[reference]
        return tuple(reversed(chain))


def _is_unwanted(watch: _Watch, event: Seen) -> bool:
    absent = watch.outline.absent
    assert absent is not None
    return event.at <= watch.due and absent.admits(event) and absent.meets(event, watch.bound)


def correlated(correlation: Correlation, events: Iterable[Happened], fold: Fold, *, now: int) -> list[Match]:
    """
    Take all events of a log, in whatever order they were recorded, let time pass until *now*, and return all matches.

    An event that happens after *now* is taken all the same.
    """
    for event in sorted(events, key=attrgetter("at", "seq")):
        correlation.advance(event, fold)
    correlation.advance_to(now, fold)
    return correlation.matches
