"""Cases followed event by event as they are recorded, in whatever order that is, on one correlator for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
from chooser import Chooser
from random_patterns import FACTS, stream

from evenhand.engine.cases.correlate import Correlation, Happened, Learned, Match, correlated
from evenhand.engine.cases.joining import CorrelationError, Joiner, LateEventError
from evenhand.rules.case_tree import Pattern

#: What a case has come to: its matches, or the code of the error.
State = tuple[Match, ...] | str


@attrs.define
class Followed:
    """One case: a late event has its log read anew; a pattern that cannot be followed ends it."""

    patterns: Sequence[Pattern]
    joiner: Joiner
    case: str
    log: list[Happened] = attrs.field(factory=list)
    now: int = 0
    error: str = ""
    correlation: Correlation = attrs.field(init=False)
    fold: Learned = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.correlation = Correlation(self.patterns, self.joiner, FACTS, case=self.case)
        self.fold = Learned()

    def record(self, event: Happened) -> None:
        """Record an event; one that is recorded already is nothing new."""
        if self.error or any(event.seq == other.seq for other in self.log):
            return
        self.log.append(event)
        self.now = max(self.now, event.at)
        try:
            try:
                self.correlation.advance(event, self.fold)
                self.correlation.advance_to(self.now, self.fold)
            except LateEventError:
                self.begin()
                correlated(self.correlation, self.log, self.fold, now=self.now)
        except CorrelationError as error:
            self.error = error.code

    @property
    def state(self) -> State:
        return self.error or tuple(self.correlation.matches)


def schedule(choose: Chooser, cases: int, most: int, *, span: int = 30) -> list[tuple[str, Happened]]:
    """Return the events of several cases as they are recorded, one case among the other, some events handed in twice."""
    streams = {f"case-{number}": list(stream(choose, choose.number(2, most), span=span)) for number in range(cases)}
    waiting = [case for case, events in streams.items() for _ in events]
    recorded: list[tuple[str, Happened]] = []
    for case in choose.shuffled(waiting):
        recorded.append((case, streams[case].pop(0)))
        if choose.chance(10):
            recorded.append(choose.pick(recorded))
    return recorded


def follow(patterns: Sequence[Pattern], joiner: Joiner, recorded: Iterable[tuple[str, Happened]]) -> list[State]:
    """Return what each case has come to after each event."""
    cases: dict[str, Followed] = {}
    states: list[State] = []
    for case, event in recorded:
        if case not in cases:
            cases[case] = Followed(patterns, joiner, case)
        cases[case].record(event)
        states.append(cases[case].state)
    return states
