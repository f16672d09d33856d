"""What an explanation costs, on top of the decision that it explains."""

from collections.abc import Callable
from functools import partial

from evenhand import Policy

from . import ours
from .facts import USED, Facts, draw_incidents
from .report import Reach, Section, micros, table, times
from .rules import random_policy
from .timing import Entry, race

COUNTS = (12, 100, 1_000)
DECIDE, EXPLAIN = "decide", "explain()"


def explaining(policy: Policy, incidents: list[Facts]) -> Entry:
    """Explain decisions that are made outside the measured time."""
    fresh: Callable[[], list[object]] = lambda: [policy.decide(ours.validated(USED, i)) for i in incidents]  # noqa: E731
    return Entry(fresh, lambda decisions: [decision.explain() for decision in decisions], len(incidents))


def measure(rounds: int = 11) -> Section:
    """Time decisions and their explanations."""
    incidents = draw_incidents(USED, 50, 1)
    ready: dict[tuple[int, str], Entry] = {}
    for count in COUNTS:
        policy = ours.load(random_policy(count))
        ready[count, DECIDE] = Entry(
            partial(lambda: [ours.validated(USED, i) for i in incidents]), partial(ours.run, policy), len(incidents)
        )
        ready[count, EXPLAIN] = explaining(policy, incidents)
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
