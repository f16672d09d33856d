"""What it costs to decide while facts are missing."""

from . import ours
from .facts import USED, Stream
from .report import Reach, Section, micros, table, times
from .rules import random_policy
from .timing import Entry, race

COUNTS = (12, 1_000)
GIVEN, ONE = "all facts given", "one missing"
GONE = {GIVEN: 0, ONE: 1, "four missing": 4, "all missing": len(USED)}
Key = tuple[int, str]


def measure(rounds: int = 15) -> Section:
    """Time the same incidents with all facts, and with some left out."""
    ready: dict[Key, Entry] = {}
    referred: dict[Key, float] = {}
    for count in COUNTS:
        for name, gone in GONE.items():
            entry = ours.entry(ours.load(random_policy(count)), Stream(USED, 240, missing=gone))
            ready[count, name] = entry
            outcomes = [outcome for answer in entry.run(entry.fresh(0)) for outcome in answer]
            referred[count, name] = outcomes.count("refer") / len(outcomes)
    timed = race(ready, rounds=rounds)
    rows = [
        (
            f"{count:,}, {name}",
            micros(timed[count, name].least),
            micros(timed[count, name].median),
            times(timed.ratio((count, name), (count, GIVEN))),
            f"{referred[count, name]:.0%}",
        )
        for count, name in ready
    ]
    head = ("rules", "least", "median", "to all facts given", "verdicts that refer")
    reaches = tuple(Reach(f"{n:,} rules, one fact missing", 2, timed.ratio((n, ONE), (n, GIVEN))) for n in COUNTS)
    return Section("missing", (table(head, rows),), reaches)
