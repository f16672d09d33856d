"""What an explanation costs, on top of the decision that it explains."""

from evenhand import Decision, Policy

from . import ours
from .facts import USED, Stream
from .report import Reach, Section, micros, table, times
from .rules import random_policy
from .timing import Entry, race

COUNTS = (12, 100, 1_000)
DECIDE, EXPLAIN = "decide", "explain()"


def explaining(policy: Policy, stream: Stream) -> Entry:
    """Explain decisions that are made outside the measured time."""

    def fresh(number: int) -> list[Decision]:
        return [policy.decide(ours.validated(stream.facts, incident)) for incident in stream.batch(number)]

    return Entry(fresh, lambda decisions: [decision.explain() for decision in decisions], stream.size)


def measure(rounds: int = 11) -> Section:
    """Time decisions and their explanations."""
    stream = Stream(USED, 50)
    ready: dict[tuple[int, str], Entry] = {}
    for count in COUNTS:
        policy = ours.load(random_policy(count))
        ready[count, DECIDE] = ours.entry(policy, stream)
        ready[count, EXPLAIN] = explaining(policy, stream)
    timed = race(ready, rounds=rounds, sample=0.03)
    ratios = {count: timed.ratio((count, EXPLAIN), (count, DECIDE)) for count in COUNTS}
    rows = [
        (
            f"{count:,}",
            micros(timed[count, DECIDE].least),
            micros(timed[count, EXPLAIN].least),
            times(ratios[count]),
        )
        for count in COUNTS
    ]
    table_ = table(("rules", "decide", "explain on top", "explain to decide"), rows)
    return Section("explain", (table_,), (Reach("12 rules, `explain()` to the decision", 15, ratios[12]),))
