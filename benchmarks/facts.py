"""The facts that the random policies test, and the incidents that they are tried on."""

import math
import random
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import attrs

Kind = Literal["scale", "text", "boolean", "integer", "money", "duration"]
Value = str | bool | int
Facts = dict[str, Value]

NUMERIC: frozenset[Kind] = frozenset({"integer", "money", "duration"})


@attrs.frozen
class Fact:
    """One fact: how an incident draws it, and so how often a test on it holds."""

    name: str
    kind: Kind
    words: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    quantile: Callable[[float], int] = int
    own: bool = False  # the owner's own fact: the policy has to declare it

    @property
    def key(self) -> str:
        """The name as one plain key, for those who have no dotted names."""
        return self.name.replace(".", "_")

    @property
    def is_numeric(self) -> bool:
        """Whether thresholds cut its values."""
        return self.kind in NUMERIC

    def draw(self, rng: random.Random) -> Value:
        """Draw a value: money in whole units of currency, a duration in seconds."""
        if self.is_numeric:
            return self.quantile(rng.random())
        word = rng.choices(self.words, self.weights)[0]
        return word == "true" if self.kind == "boolean" else word


def _spread(low: int, high: int) -> Callable[[float], int]:
    """Spread values evenly over the orders of magnitude from *low* to *high*."""
    ratio = math.log((high + 1) / (low + 1))
    return lambda q: round((low + 1) * math.exp(ratio * q)) - 1


def _minutes(longest: int) -> Callable[[float], int]:
    """Spread durations up to *longest* minutes, short ones more often; in seconds."""
    return lambda q: 60 * int(longest * q * q)


def _boolean(name: str, often: float) -> Fact:
    return Fact(name, "boolean", ("true", "false"), (often, 1 - often))


USED = (
    Fact(
        "abuse",
        "scale",
        ("none", "rude", "hostile", "threatening", "violent"),
        (0.45, 0.25, 0.15, 0.1, 0.05),
    ),
    Fact("fault", "text", ("business", "customer", "shared", "third_party"), (0.35, 0.3, 0.2, 0.15)),
    Fact(
        "demand",
        "text",
        ("none", "apology", "repair", "replacement", "refund", "compensation", "review_removal", "money_for_silence"),
        (0.1, 0.15, 0.1, 0.15, 0.3, 0.1, 0.05, 0.05),
    ),
    Fact(
        "channel",
        "text",
        ("in_person", "phone", "email", "chat", "social", "review"),
        (0.3, 0.15, 0.2, 0.1, 0.15, 0.1),
    ),
    _boolean("verified", 0.5),
    _boolean("injury", 0.15),
    _boolean("vulnerable", 0.2),
    Fact("virality.views", "integer", quantile=_spread(0, 2_000_000)),
    Fact("history.refunds_90d", "integer", quantile=_spread(0, 30)),
    Fact("loss", "money", quantile=_spread(1, 5_000)),
    Fact("history.lifetime_value", "money", quantile=_spread(10, 50_000)),
    Fact("exchange.hours_open", "duration", quantile=_minutes(60 * 24 * 21)),
)
"""The twelve facts of the main tables: a scale, closed texts, booleans, integers, money and a duration."""


def own_facts(count: int) -> tuple[Fact, ...]:
    """Make *count* facts of the owner's own, of every kind in turn, for policies over more facts than are built in."""
    makers: tuple[Callable[[str], Fact], ...] = (
        lambda name: Fact(name, "integer", quantile=_spread(0, 100_000), own=True),
        lambda name: Fact(name, "boolean", ("true", "false"), (0.3, 0.7), own=True),
        lambda name: Fact(name, "text", ("red", "green", "blue", "grey"), (0.25, 0.25, 0.25, 0.25), own=True),
        lambda name: Fact(name, "scale", ("low", "middle", "high"), (0.5, 0.3, 0.2), own=True),
    )
    return tuple(makers[i % len(makers)](f"f{i}") for i in range(count))


def draw_incidents(facts: tuple[Fact, ...], count: int, seed: int) -> list[Facts]:
    """Draw *count* incidents with every fact given, by name."""
    rng = random.Random(f"incidents {seed}")
    return [{fact.name: fact.draw(rng) for fact in facts} for _ in range(count)]


@attrs.frozen
class Stream:
    """
    Incidents without end, in batches of *size*: none comes twice, so that nobody gains by remembering an incident.

    Whoever is timed on the same stream gets the same incidents in the same order; *missing* facts are left out of each,
    different ones in turn, so that each is missing equally often.
    """

    facts: tuple[Fact, ...]
    size: int
    seed: int = 1
    missing: int = 0

    def batch(self, number: int) -> list[Facts]:
        """Give the batch of that *number*."""
        drawn = _drawn(self.facts, self.size, self.seed * 1_000_000 + number)
        if not self.missing:
            return drawn
        names = [fact.name for fact in self.facts]
        step = max(1, len(names) // 4)
        gone = [{names[(i + step * k + k // 4) % len(names)] for k in range(self.missing)} for i in range(self.size)]
        return [{n: v for n, v in facts.items() if n not in out} for facts, out in zip(drawn, gone, strict=True)]


@lru_cache(maxsize=512)
def _drawn(facts: tuple[Fact, ...], count: int, seed: int) -> list[Facts]:
    return draw_incidents(facts, count, seed)
