"""A case from its events: one after the other, with what follows by itself as time passes between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ..policy import Policy
from .event import Event
from .joining import Joiner
from .progress import Moment, Progress

#: The most events that may follow from one moment by themselves: breaches, reopening, closing.
MOST_FOLLOWING: Final = 1_000


class EndlessCaseError(Exception):
    """Events follow one another by themselves without end."""


def replayed(policy: Policy, joiner: Joiner, events: Iterable[Event], *, case: str = "") -> Progress:
    """Return the state of a case after all its events, in whatever order they were recorded."""
    progress = Progress(policy, joiner, case=case)
    for event in in_order(events):
        progress.take(event)
    return progress


def in_order(events: Iterable[Event]) -> list[Event]:
    """Return events in the order in which they happened."""
    return sorted(events, key=lambda event: (event.at, event.seq))


def run_through(progress: Progress, events: Iterable[Event], *, now: int | None = None) -> Iterator[Moment]:
    """
    Yield what each of some events leads to, and what follows by itself between them, as if a worker ran every timer at once.

    *events* are in order and not recorded: each gets its number here. At the end time passes until *now*.
    """
    for event in events:
        yield from pass_time(progress, event.at - 1)
        yield progress.take(event.numbered(progress.last_seq + 1))
        yield from pass_time(progress, event.at)
    if now is not None:
        yield from pass_time(progress, now)


def let_pass(progress: Progress, now: int) -> None:
    """Let time pass until a moment, or until so many events followed by themselves that the rest has to wait for the next time."""
    try:
        for _ in pass_time(progress, now):
            pass
    except EndlessCaseError:
        pass


def pass_time(progress: Progress, now: int) -> Iterator[Moment]:
    """
    Let time pass until a moment, taking in what follows by itself, and yield what that leads to.

    Raises:
        EndlessCaseError: If something follows from something else without end.
    """
    rounds, last = 0, now
    while rounds < MOST_FOLLOWING:
        first = progress.next_alarm
        alarm = now if first is None else min(first, now)
        rounds, last = (rounds + 1 if alarm == last else 1), alarm
        yield from progress.wait(alarm - 1)
        following = progress.following(alarm)
        for event in following:
            yield progress.take(event.numbered(progress.last_seq + 1))
        if following:
            continue
        # What is absent at a moment is absent after all events of that moment, those that follow by themselves included.
        yield from progress.wait(alarm)
        if alarm >= now and not progress.following(now):
            return
    raise EndlessCaseError(f"more than {MOST_FOLLOWING:,} events follow one another by themselves at one moment")
