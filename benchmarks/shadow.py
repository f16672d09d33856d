"""What a candidate in the shadow costs, on top of the decision that it follows."""

import math
import tomllib
from functools import partial
from typing import Any

import tomli_w

from evenhand import Policy, Shadow
from evenhand.engine.shadow import Difference

from . import ours
from .as_toml import as_toml
from .facts import USED, Stream
from .report import Section, micros, table, times
from .rules import RandomPolicy, random_policy
from .timing import Answers, Entry, race

COUNTS = (12, 1_000)
PLAIN, SAME, SAMPLED = "decide", "inline, the same policy", "inline, 5 % sampled"
INLINE, THREAD, WHOLE = "inline", "thread, until the answer", "thread, until all is compared"
Key = tuple[int, str]


def edited(policy: RandomPolicy) -> Policy:
    """Load *policy* with every tenth rule taken out."""
    document = tomllib.loads(as_toml(policy))
    document["rule"] = [rule for at, rule in enumerate(document["rule"]) if at % 10 != 3]
    return Policy.loads(tomli_w.dumps(document))


def shadowing(shadow: Shadow, stream: Stream, *, whole: bool = False) -> Entry:
    """Decide in front of a shadow; the *whole* is done when everything is compared."""

    def fresh(number: int) -> list[Any]:
        shadow.flush(math.inf)  # what the sample before has left to compare is not this one's
        return [ours.validated(stream.facts, incident) for incident in stream.batch(number)]

    def run(inputs: list[Any]) -> Answers:
        answers: Answers = [
            (d.refund.outcome, d.defend.outcome, d.walk_away.outcome, d.insurance.outcome)
            for d in map(shadow.decide, inputs)
        ]
        if whole:
            shadow.flush(math.inf)
        return answers

    return Entry(fresh, run, stream.size)


def ignore(_: Difference) -> None:
    """Take a difference and do nothing with it."""


def shadows(drawn: RandomPolicy) -> dict[str, Shadow]:
    """Make the shadows of a table, each over policies of its own: they may remember something."""
    begin = partial(Shadow, sink=ignore)
    return {
        SAME: begin(ours.load(drawn), ours.load(drawn), inline=True),
        INLINE: begin(ours.load(drawn), edited(drawn), inline=True),
        SAMPLED: begin(ours.load(drawn), edited(drawn), inline=True, rate=0.05),
        THREAD: begin(ours.load(drawn), edited(drawn)),
        WHOLE: begin(ours.load(drawn), edited(drawn)),
    }


def measure(rounds: int = 11) -> Section:
    """Time decisions with and without a shadow."""
    stream = Stream(USED, 200)
    ready: dict[Key, Entry] = {}
    begun: dict[Key, Shadow] = {}
    for count in COUNTS:
        drawn = random_policy(count)
        ready[count, PLAIN] = ours.entry(ours.load(drawn), stream)
        for name, shadow in shadows(drawn).items():
            begun[count, name] = shadow
            ready[count, name] = shadowing(shadow, stream, whole=name == WHOLE)
    timed = race(ready, rounds=rounds)
    rows = [
        (
            f"{count:,}, {name}",
            micros(timing.least),
            micros(timing.median),
            times(timed.ratio((count, name), (count, PLAIN))),
            parted(begun.get((count, name))),
        )
        for (count, name), timing in timed.timings.items()
    ]
    for shadow in begun.values():
        shadow.close()
    return Section("shadow", (table(("rules", "least", "median", "to `decide`", "incidents that part"), rows),))


def parted(shadow: Shadow | None) -> str:
    """Give the share of the incidents that the candidate decides differently."""
    return "" if shadow is None else f"{shadow.counts.different / max(shadow.counts.compared, 1):.0%}"
