"""What it costs to decide while facts are missing."""

from . import ours
from .facts import USED, Facts, draw_incidents
from .report import Reach, Section, micros, table, times
from .rules import random_policy
from .timing import Entry, race

COUNTS = (12, 1_000)
GIVEN, ONE, FOUR, ALL = "all facts given", "one missing", "four missing", "all missing"
Key = tuple[int, str]


def without(incidents: list[Facts], count: int) -> list[Facts]:
    """Leave *count* facts out of each incident, different ones in turn, so that each is missing equally often."""
    names = [fact.name for fact in USED]
    gone = [{names[(i + 3 * k) % len(names)] for k in range(count)} for i in range(len(incidents))]
    return [{n: v for n, v in facts.items() if n not in out} for facts, out in zip(incidents, gone, strict=True)]


def measure(rounds: int = 15) -> Section:
    """Time the same incidents with all facts, and with some left out."""
    incidents = draw_incidents(USED, 240, 1)
    ready: dict[Key, Entry] = {}
    referred: dict[Key, float] = {}
    for count in COUNTS:
        policy = ours.load(random_policy(count))
        for name, gone in ((GIVEN, 0), (ONE, 1), (FOUR, 4)):
            entry = ours.entry(policy, USED, without(incidents, gone))
            ready[count, name] = entry
            outcomes = [outcome for answer in entry.run(entry.fresh()) for outcome in answer]
            referred[count, name] = outcomes.count("refer") / len(outcomes)
        ready[count, ALL] = ours.entry(policy, USED, [{} for _ in incidents])
        outcomes = [outcome for answer in ready[count, ALL].run(ready[count, ALL].fresh()) for outcome in answer]
        referred[count, ALL] = outcomes.count("refer") / len(outcomes)
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
