"""
Times that can be compared: taken in turns, in one process, many times over.

Every entry is run once in each round, so that whatever else the machine does falls on all alike. Each sample has inputs of its
own, made outside the measured time, so that an answer that was remembered helps only where other inputs have the same. The
garbage collector is off while the clock runs. Of the samples, the least is closest to what the code costs; the median
shows what one gets.
"""

import gc
import statistics
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, TypeVar

import attrs

Key = TypeVar("Key", bound=Hashable)
Answers = list[tuple[str, ...]]


@attrs.frozen
class Entry:
    """Something to time: *run* goes over the inputs that *fresh* makes for a sample's number, and *size* is how many they are."""

    fresh: Callable[[int], Any]
    run: Callable[[Any], Any]
    size: int


@attrs.frozen
class Timing:
    """Seconds for one input, over all samples."""

    samples: tuple[float, ...]
    rounds: tuple[float, ...]  # the median of each round

    @property
    def least(self) -> float:
        """The fastest sample."""
        return min(self.samples)

    @property
    def median(self) -> float:
        """The sample in the middle."""
        return statistics.median(self.samples)

    def over(self, other: "Timing") -> float:
        """How many times as long this takes as *other*: the median over the rounds of the ratio within the round."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.rounds, other.rounds, strict=True))


@attrs.frozen
class Race(Generic[Key]):
    """Entries timed together."""

    timings: Mapping[Key, Timing]

    def __getitem__(self, key: Key) -> Timing:
        return self.timings[key]

    def ratio(self, key: Key, to: Key) -> float:
        """How many times as long *key* takes as *to*."""
        return self.timings[key].over(self.timings[to])


def race(
    entries: Mapping[Key, Entry],
    *,
    rounds: int,
    sample: float = 0.01,
    repeats: int = 25,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Race[Key]:
    """
    Run every entry in each of *rounds*, up to *repeats* times or for about *sample* seconds, whichever is less.

    *clock* gives nanoseconds; where samples take so long that other processes come between, that of the process is the fairer.
    """
    samples: dict[Key, list[float]] = {key: [] for key in entries}
    middle: dict[Key, list[float]] = {key: [] for key in entries}
    for entry in entries.values():
        _once(entry, 0, clock)
    for turn in range(rounds):
        order = list(entries) if turn % 2 == 0 else list(entries)[::-1]
        for key in order:
            taken = _round(entries[key], sample, repeats, 1 + turn * repeats, clock)
            samples[key] += taken
            middle[key].append(statistics.median(taken))
    return Race({key: Timing(tuple(samples[key]), tuple(middle[key])) for key in entries})


def _round(entry: Entry, sample: float, repeats: int, first: int, clock: Callable[[], int]) -> list[float]:
    taken: list[float] = []
    while len(taken) < repeats and sum(taken) * entry.size < sample:
        taken.append(_once(entry, first + len(taken), clock))
    return taken


def _once(entry: Entry, number: int, clock: Callable[[], int]) -> float:
    inputs = entry.fresh(number)
    gc.collect(0)
    gc.disable()
    try:
        start = clock()
        entry.run(inputs)
        return (clock() - start) / 1e9 / entry.size
    finally:
        gc.enable()


def fastest(entries: list[Entry]) -> Entry:
    """Pick the fastest of several ways to do the same, by a few samples of each."""
    if len(entries) == 1:
        return entries[0]
    timed = race(dict(enumerate(entries)), rounds=3)
    return entries[min(range(len(entries)), key=lambda i: timed[i].least)]
