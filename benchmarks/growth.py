"""How the time for one decision grows: in rules, in facts, and in distinct thresholds."""

import time
from pathlib import Path

import attrs

from . import ours
from .contenders import DATALOGIC, IF_CHAIN, ZEN, enter
from .facts import Stream, own_facts
from .ours import OURS, OURS_MAPPING
from .plot import Line, Panel, draw
from .report import Section, micros, number, table
from .rules import All, Any, Condition, Not, RandomPolicy, Test, random_policy
from .timing import Entry, race

PLOT = Path(__file__).parent.parent / "docs" / "assets" / "growth.svg"
RULES = (12, 30, 100, 300, 1_000, 3_000, 10_000)
FACTS = (4, 8, 16, 32, 64)
GRIDS = (5, 20, 80, 320, 1_280)
FIXED = 1_000  # rules, where something else grows


@attrs.frozen
class Series:
    """Microseconds for one decision, by contender, at each size; and the seconds that loading took."""

    title: str
    axis: str
    sizes: list[int]
    times: dict[str, list[float]]
    loading: list[float]

    def table(self) -> str:
        """Lay the series out as a table."""
        rows = [
            (
                f"{size:,}",
                *(micros(times[i] / 1e6) for times in self.times.values()),
                f"{number(self.loading[i] * 1000)} ms",
            )
            for i, size in enumerate(self.sizes)
        ]
        return table((self.axis, *self.times, "load"), rows)

    def panel(self) -> Panel:
        """Make the series a panel of the plot."""
        lines = tuple(Line(name, tuple(zip(self.sizes, times, strict=True))) for name, times in self.times.items())
        return Panel(self.title, self.axis, lines)


def measure(rounds: int = 9) -> Section:
    """Time all three series and draw the plot."""
    series = (in_rules(rounds), in_facts(rounds), in_thresholds(rounds))
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    PLOT.write_text(draw(tuple(one.panel() for one in series), "µs per decision"), encoding="utf-8")
    tables = [part for one in series for part in (f"{one.title}:", one.table())]
    return Section("growth", tuple(tables))


def in_rules(rounds: int) -> Series:
    """More rules over the same twelve facts."""
    names = (OURS, OURS_MAPPING, IF_CHAIN, DATALOGIC, ZEN)
    return _series("More rules, 12 facts", "rules", [(n, random_policy(n)) for n in RULES], names, rounds)


def in_facts(rounds: int) -> Series:
    """More facts under a thousand rules."""
    drawn = [(count, random_policy(FIXED, facts=own_facts(count))) for count in FACTS]
    return _series(f"More facts, {FIXED:,} rules", "facts", drawn, (OURS_MAPPING, IF_CHAIN, DATALOGIC), rounds)


def in_thresholds(rounds: int) -> Series:
    """More thresholds under a thousand rules."""
    drawn = [random_policy(FIXED, grid=grid) for grid in GRIDS]
    sized = [(thresholds(policy), policy) for policy in drawn]
    return _series(
        f"More thresholds, {FIXED:,} rules", "distinct thresholds", sized, (OURS, OURS_MAPPING, IF_CHAIN), rounds
    )


def thresholds(policy: RandomPolicy) -> int:
    """Count the distinct numbers that the policy's facts are compared with."""
    return len(
        {
            (test.fact.name, value)
            for rule in policy.rules
            for test in tests(rule.when)
            for value in test.values
            if test.fact.is_numeric
        }
    )


def tests(condition: Condition) -> list[Test]:
    """Give every test in *condition*."""
    match condition:
        case All(parts) | Any(parts):
            return [test for part in parts for test in tests(part)]
        case Not(part):
            return tests(part)
        case Test():
            return [condition]


def _series(
    title: str, axis: str, drawn: list[tuple[int, RandomPolicy]], names: tuple[str, ...], rounds: int
) -> Series:
    ready: dict[tuple[int, str], Entry] = {}
    loading: list[float] = []
    for size, policy in drawn:
        start = time.perf_counter()
        loaded = ours.load(policy)
        loaded.decide({})
        loading.append(time.perf_counter() - start)
        stream = Stream(policy.facts, 100)
        for name in names:
            if name in ours.FORMS:
                ready[size, name] = ours.FORMS[name](loaded if name == names[0] else ours.load(policy), stream)
            else:
                ready[size, name] = enter(name, policy, stream)
    timed = race(ready, rounds=rounds)
    sizes = [size for size, _ in drawn]
    times = {name: [timed[size, name].least * 1e6 for size in sizes] for name in names}
    return Series(title, axis, sizes, times, loading)
