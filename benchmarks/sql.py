"""Our SQL on DuckDB beside the best that an expert writes by hand for the same policy, and for the same job."""

import statistics
import time
from typing import Any

from evenhand import Policy

from .as_sql import careful_outcomes, checked_outcomes, outcomes_inline, outcomes_over_columns
from .as_toml import as_toml
from .facts import USED
from .report import Reach, Section, table, times
from .rules import DECISIONS, random_policy

SIZES = ((1_000_000, 7), (10_000_000, 3))
INLINE, COLUMNS = "by hand, conditions in each CASE", "by hand, conditions as columns"
CHECKED, CAREFUL = "by hand, rows checked", "by hand, rows checked, facts may be missing"
LEAN, GIVEN, FULL = "ours, `--given` and `--checked`", "ours, `--given`", "ours, rows checked, facts may be missing"
#: What each of ours is held against: the best that is written by hand for the same job.
RIVALS = {LEAN: (INLINE, COLUMNS), GIVEN: (CHECKED,), FULL: (CAREFUL,)}
#: Of how many facts one is missing, and of how many rows one is wrong, where not all is well.
MISSING, WRONG = 10, 1_000


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


def spoil(duck: Any) -> None:
    """Take facts out of the table, at random, and put a wrong word into some rows."""
    duck.execute("SELECT setseed(0.5)")
    holes = ", ".join(f'CASE WHEN random() * {MISSING} >= 1 THEN "{fact.name}" END AS "{fact.name}"' for fact in USED)
    wrong = f"CASE WHEN rowid % {WRONG} = 7 THEN 'furious' ELSE abuse END AS abuse"
    duck.execute(
        f"CREATE OR REPLACE TABLE spoilt AS SELECT * REPLACE ({wrong}) FROM (SELECT rowid, {holes} FROM incidents)"
    )
    duck.execute("CREATE OR REPLACE TABLE incidents AS SELECT * EXCLUDE (rowid) FROM spoilt")
    duck.execute("DROP TABLE spoilt")


def queries_of_all() -> dict[str, str]:
    """Return every form of the query."""
    drawn = random_policy(12)
    policy = Policy.loads(as_toml(drawn))
    names = [fact.name for fact in USED]
    wanted = ", ".join(DECISIONS)
    ours = {
        LEAN: policy.sql("duckdb", given=names, checked=names),
        GIVEN: policy.sql("duckdb", given=names),
        FULL: policy.sql("duckdb"),
    }
    by_hand = {
        INLINE: outcomes_inline,
        COLUMNS: outcomes_over_columns,
        CHECKED: checked_outcomes,
        CAREFUL: careful_outcomes,
    }
    return {
        **{name: write(drawn, "incidents") for name, write in by_hand.items()},
        **{name: f"SELECT {wanted} FROM ({query})" for name, query in ours.items()},
    }


def measure() -> Section:
    """Time all forms in turns, one thread, and hold their answers against each other."""
    import duckdb

    queries = queries_of_all()
    rows: list[tuple[str, ...]] = []
    reaches: list[Reach] = []
    for size, rounds in SIZES:
        with duckdb.connect() as duck:
            duck.execute("SET threads = 1")
            fill(duck, size)
            seconds, answers = _timed(duck, queries, rounds)
            assert len(set(answers.values())) == 1, "the queries give different answers"
            _say(f"{size:,}", size, seconds, rows, reaches)
            if size == SIZES[0][0]:
                spoil(duck)
                left = {name: queries[name] for name in (CHECKED, GIVEN, CAREFUL, FULL)}
                seconds, answers = _timed(duck, left, rounds)
                assert answers[CHECKED] == answers[GIVEN] != answers[CAREFUL] == answers[FULL], "different answers"
                _say(f"{size:,}, 10 % missing", size, seconds, rows, reaches)
    return Section("sql", (table(("rows", "SQL", "a row", "to the best by hand"), rows),), tuple(reaches))


def _say(
    title: str, size: int, seconds: dict[str, list[float]], rows: list[tuple[str, ...]], reaches: list[Reach]
) -> None:
    """Add the figures of each form, ours beside the best that is written by hand for the same job."""
    for name, taken in seconds.items():
        if name not in RIVALS:
            rows.append((title, name, f"{min(taken) / size * 1e9:,.0f} ns", ""))
            continue
        best = min(RIVALS[name], key=lambda rival: statistics.median(seconds[rival]))
        ratio = statistics.median(a / b for a, b in zip(taken, seconds[best], strict=True))
        rows.append((title, name, f"{min(taken) / size * 1e9:,.0f} ns", times(ratio)))
        reaches.append(Reach(f"{title}: {name}, against {best}", 1.2, ratio))


def _timed(duck: Any, queries: dict[str, str], rounds: int) -> tuple[dict[str, list[float]], dict[str, object]]:
    """Return the processor time of each query in each round, and a sum of its answers."""
    seconds: dict[str, list[float]] = {name: [] for name in queries}
    answers: dict[str, object] = {}
    for number in range(rounds):
        for name, query in queries.items():
            start = time.process_time()
            duck.execute(f"CREATE OR REPLACE TEMP TABLE answers AS {query}")
            seconds[name].append(time.process_time() - start)
            if not number:
                answers[name] = duck.execute(f"SELECT sum(hash({', '.join(DECISIONS)})) FROM answers").fetchone()
    return seconds, answers
