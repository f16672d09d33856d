"""Our SQL on DuckDB beside the best that an expert writes by hand for the same policy."""

import statistics
import time
from typing import Any

from evenhand import Policy
from evenhand.engine.sql import sql_of

from .as_sql import outcomes_inline, outcomes_over_columns
from .as_toml import as_toml
from .facts import USED
from .report import Reach, Section, table, times
from .rules import DECISIONS, random_policy

SIZES = ((1_000_000, 7), (10_000_000, 3))
INLINE, COLUMNS = "by hand, conditions in each CASE", "by hand, conditions as columns"
LEAN, GIVEN, FULL = "ours, `--given` and `--checked`", "ours, `--given`", "ours, rows checked, facts may be missing"


def fill(duck: Any, rows: int) -> None:
    """Fill the table: words as texts, money and hours as decimals, nothing missing and nothing wrong."""
    import numpy as np
    import pyarrow as pa

    rng = np.random.default_rng(rows)
    columns: dict[str, Any] = {}
    for fact in USED:
        if fact.is_numeric:
            drawn = np.array([fact.quantile(step / 2_000) for step in range(2_000)])[rng.integers(0, 2_000, rows)]
            columns[fact.name] = drawn // 180 if fact.kind == "duration" else drawn
        else:
            places = rng.choice(len(fact.words), rows, p=np.array(fact.weights) / sum(fact.weights)).astype("int8")
            words = pa.DictionaryArray.from_arrays(places, list(fact.words))
            columns[fact.name] = pa.array(places == 0) if fact.kind == "boolean" else words
    drawn_rows = pa.table(columns)  # noqa: F841 because DuckDB finds it by its name
    typed = [
        f'CAST("{fact.name}"{" * 0.05" if fact.kind == "duration" else ""} AS DECIMAL(12, 2)) AS "{fact.name}"'
        for fact in USED
        if fact.kind in ("money", "duration")
    ]
    words_ = [f'CAST("{fact.name}" AS VARCHAR) AS "{fact.name}"' for fact in USED if fact.kind in ("scale", "text")]
    duck.execute(
        f"CREATE OR REPLACE TABLE incidents AS SELECT * REPLACE ({', '.join([*typed, *words_])}) FROM drawn_rows"
    )


def measure() -> Section:
    """Time all forms in turns, one thread, and hold their answers against each other."""
    import duckdb

    drawn = random_policy(12)
    policy = Policy.loads(as_toml(drawn))
    names = [fact.name for fact in USED]
    ours = {
        LEAN: sql_of(policy, "duckdb", given=names, checked=names),
        GIVEN: sql_of(policy, "duckdb", given=names),
        FULL: sql_of(policy, "duckdb"),
    }
    wanted = ", ".join(DECISIONS)
    queries = {INLINE: outcomes_inline(drawn, "incidents"), COLUMNS: outcomes_over_columns(drawn, "incidents")}
    queries |= {name: f"SELECT {wanted} FROM ({query})" for name, query in ours.items()}
    rows: list[tuple[str, ...]] = []
    reaches: list[Reach] = []
    for size, rounds in SIZES:
        with duckdb.connect() as duck:
            duck.execute("SET threads = 1")
            fill(duck, size)
            seconds = _timed(duck, queries, rounds, wanted)
        best = min((INLINE, COLUMNS), key=lambda name: statistics.median(seconds[name]))
        for name, taken in seconds.items():
            ratio = statistics.median(a / b for a, b in zip(taken, seconds[best], strict=True))
            rows.append((f"{size:,}", name, f"{min(taken) / size * 1e9:,.0f} ns", times(ratio)))
            if name == LEAN:
                reaches.append(Reach(f"{size:,} rows, ours against the best by hand", 1.2, ratio))
    return Section("sql", (table(("rows", "SQL", "a row", "to the best by hand"), rows),), tuple(reaches))


def _timed(duck: Any, queries: dict[str, str], rounds: int, wanted: str) -> dict[str, list[float]]:
    """Return the processor time of each query in each round; all must give the same answers."""
    seconds: dict[str, list[float]] = {name: [] for name in queries}
    answers: set[object] = set()
    for number in range(rounds):
        for name, query in queries.items():
            start = time.process_time()
            duck.execute(f"CREATE OR REPLACE TEMP TABLE answers AS {query}")
            seconds[name].append(time.process_time() - start)
            if not number:
                answers.add(duck.execute(f"SELECT sum(hash({wanted})) FROM answers").fetchone())
    assert len(answers) == 1, "the queries give different answers"
    return seconds
