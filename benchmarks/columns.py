"""How long one row of a table takes, against a C loop compiled for that very policy, Polars, and a loop over `decide`."""

import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import attrs
import numpy as np
import polars as pl

from evenhand import Policy
from evenhand.engine.columns import Columns

from . import as_polars, columns_large, ours
from .as_arrow import batch
from .as_c import CompiledLoop
from .columns_large import EVERY, Sizes
from .facts import USED
from .report import Reach, Section, table, times
from .rules import DECISIONS, RandomPolicy, random_policy
from .timing import Entry, Race, race

COUNTS = (12, 100, 1_000)
C_LOOP = "C, compiled for the policy"
POLARS = "Polars, by hand"
KERNEL = "kernel"
NULLS = "kernel, 10 % nulls"
TEXTS = "kernel, words as texts"
TABLE = "decide_table"
LOOP = "loop over decide"
READY = "loop over decide, mappings ready"
ROWS = (KERNEL, NULLS, TEXTS, TABLE, C_LOOP, POLARS, LOOP, READY)
Key = tuple[str, str]


@attrs.frozen
class Plan:
    """How much to run: rows of a batch, rows of the Python loop, rounds, and what is measured of many rows."""

    rows: int = 1_000_000
    looped: int = 20_000
    rounds: int = 5
    large: Sizes = EVERY


FULL = Plan()


@lru_cache(maxsize=3)
def drawn(rows: int, number: int, *, nulls: float = 0.0, texts: bool = False) -> Any:
    """Draw a batch; whoever is timed in the same round gets the same one."""
    return batch(USED, rows, number, nulls=nulls, texts=texts)


def outcomes_of(answers: Any) -> dict[str, Any]:
    """Give the outcomes of the kernel by their place in `DECISIONS`."""
    return {
        name: np.array([words.index(str(v.canonical)) for v in answers.verdicts[name]])[answers.codes[name]]
        for name, words in DECISIONS.items()
    }


def check(policy: RandomPolicy, columns: Columns, c_loop: CompiledLoop | None, chains: list[pl.Expr] | None) -> None:
    """See that all give the same outcomes."""
    rows = drawn(50_000, 999)
    expected = outcomes_of(columns.decide(rows))
    plain = [policy.decide(_plain(row)) for row in rows.slice(0, 300).to_pylist()]
    for at, (name, words) in enumerate(DECISIONS.items()):
        assert [words[place] for place in expected[name][:300]] == [outcomes[at] for outcomes in plain]
        if c_loop is not None:
            assert (c_loop.decide(rows)[name] == expected[name]).all(), f"C differs on {name}"
        if chains is not None:
            found = as_polars.decide(as_polars.frame(rows, USED), chains)
            assert (found[name].to_numpy() == expected[name]).all(), f"Polars differs on {name}"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: int(value.total_seconds()) if hasattr(value, "total_seconds") else value for name, value in row.items()
    }


def entries(count: int, plan: Plan) -> dict[Key, Entry]:
    """Prepare the contenders on a policy of so many rules."""
    policy, row = random_policy(count), f"{count:,}"
    loaded = ours.load(policy)
    columns = Columns(loaded)
    c_loop = CompiledLoop(policy) if count == COUNTS[0] else None
    chains = as_polars.expressions(policy) if count == COUNTS[0] else None
    check(policy, columns, c_loop, chains)
    fresh = partial(drawn, plan.rows)
    found: dict[Key, Entry] = {
        (row, KERNEL): Entry(fresh, columns.decide, plan.rows),
        (row, TABLE): Entry(fresh, partial(Policy.decide_table, loaded, threads=1), plan.rows),
        (row, LOOP): Entry(partial(drawn, plan.looped), partial(_looped_over, loaded), plan.looped),
        (row, READY): Entry(partial(_listed, plan.looped), partial(ours.run, loaded), plan.looped),
    }
    if c_loop is not None and chains is not None:
        found |= {
            (row, NULLS): Entry(partial(drawn, plan.rows, nulls=0.1), columns.decide, plan.rows),
            (row, TEXTS): Entry(partial(drawn, plan.rows, texts=True), columns.decide, plan.rows),
            (row, C_LOOP): Entry(fresh, c_loop.decide, plan.rows),
            (row, POLARS): Entry(
                lambda number: as_polars.frame(fresh(number), USED), partial(as_polars.decide, chains=chains), plan.rows
            ),
        }
    return found


def _listed(rows: int, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = drawn(rows, number).to_pylist()
    return found


def _looped_over(policy: Policy, rows: Any) -> list[tuple[str, ...]]:
    return ours.run(policy, rows.to_pylist())


def nanos(seconds: float) -> str:
    """Give *seconds* in nanoseconds."""
    return f"{seconds * 1e9:,.1f} ns"


def measure(plan: Plan = FULL) -> Section:
    """Time all in one race."""
    ready: dict[Key, Entry] = {}
    for count in COUNTS:
        ready |= entries(count, plan)
    timed = race(ready, rounds=plan.rounds, sample=1e-9, repeats=1, clock=time.process_time_ns)
    names = [f"{count:,}" for count in COUNTS]

    def cells(show: Callable[[Key], str]) -> list[tuple[str, ...]]:
        return [(name, *(show((row, name)) if (row, name) in ready else "" for row in names)) for name in ROWS]

    head = ("a row, one thread", *(f"{name} rules" for name in names))
    tables = [
        f"Processor time for one row, the least of all samples, {plan.rows:,} rows each:",
        table(head, cells(lambda key: nanos(timed[key].least))),
        "Ratio to the kernel at 12 rules, median over the rounds:",
        table(head, cells(lambda key: times(timed.ratio(key, (names[0], KERNEL))))),
    ]
    drawn.cache_clear()
    large = columns_large.measure(plan.large)
    tables.append("Many rows; on two threads and with files by the clock on the wall:")
    tables.append(columns_large.shown(large, plan.large))
    return Section("columns", tuple(tables), (*reaches(timed), *columns_large.reaches(large, plan.large)))


def reaches(timed: Race[Key]) -> list[Reach]:
    """Compare with what was set out."""
    small = f"{COUNTS[0]:,}"
    return [
        Reach("12 rules, Polars to the kernel", 1, timed.ratio((small, POLARS), (small, KERNEL)), at_least=True),
        Reach("12 rules, the loop to decide_table", 50, timed.ratio((small, LOOP), (small, TABLE)), at_least=True),
        Reach("the same, mappings ready", 50, timed.ratio((small, READY), (small, TABLE)), at_least=True),
    ]
