"""The kernel against C where there are many rows and many rules, in memory and from Parquet, on one thread and on two."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pyarrow.parquet as pq

from evenhand.engine.columns import Columns

from . import ours
from .as_arrow import batch
from .as_c import CompiledLoop
from .facts import USED
from .report import Reach, table, times
from .rules import random_policy

#: How many rows the C loop and the kernel read from Parquet at a time.
ROWS_READ = 262_144
ONE, TWO, C_LOOP = "kernel", "kernel, two threads", "C, compiled for the policy"
READ, READ_TWO, C_READ = "kernel, from Parquet", "kernel, from Parquet, two threads", "C, from Parquet"
WAYS = (ONE, TWO, C_LOOP, READ, READ_TWO, C_READ)


@attrs.frozen
class Sizes:
    """What to measure: rows, rules, the rules for which C is compiled (gcc takes minutes over 1,000), and how often."""

    rows: tuple[int, ...] = (1_000_000, 10_000_000)
    rules: tuple[int, ...] = (12, 100, 1_000)
    compiled: tuple[int, ...] = (12, 100)
    rounds: int = 3


EVERY = Sizes()

#: Nanoseconds for one row, by rules, rows and way.
Found = dict[tuple[int, int, str], float]


def measure(sizes: Sizes) -> Found:
    """Time all ways in turns, the least of the rounds for each; what reads Parquet includes reading it."""
    found: Found = {}
    loops = {count: CompiledLoop(random_policy(count)) for count in sizes.compiled}
    for rows in sizes.rows:
        incidents = batch(USED, rows, rows)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "incidents.parquet")
            pq.write_table(pa.table(incidents), file, row_group_size=ROWS_READ)
            for rules in sizes.rules:
                for _ in range(sizes.rounds):
                    for way, run in _ways(rules, incidents, file, loops.get(rules)).items():
                        # On two threads and with files it is the clock on the wall that one waits for.
                        clock = time.process_time if way in (ONE, C_LOOP) else time.perf_counter
                        found[rules, rows, way] = min(_timed(run, clock) / rows, found.get((rules, rows, way), 1e9))
    return found


def _ways(rules: int, incidents: Any, file: Path, c_loop: CompiledLoop | None) -> dict[str, Callable[[], object]]:
    policy = ours.load(random_policy(rules))
    one, two = Columns(policy), Columns(policy, threads=2)
    found: dict[str, Callable[[], object]] = {
        ONE: partial(one.decide, incidents),
        TWO: partial(two.decide, incidents),
        READ: partial(_through, one.decide, file),
        READ_TWO: partial(_through, two.decide, file),
    }
    if c_loop is not None:
        found[C_LOOP] = partial(c_loop.decide, incidents)
        found[C_READ] = partial(_through, partial(_narrowed, c_loop), file)
    return found


def _timed(run: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    run()
    return (clock() - start) * 1e9


def _through(decide: Callable[[Any], object], file: Path) -> None:
    for read in _batches(file):
        decide(read)


def _batches(file: Path) -> Iterator[Any]:
    with pq.ParquetFile(file, memory_map=True) as parquet:
        yield from parquet.iter_batches(ROWS_READ)


def _narrowed(c_loop: CompiledLoop, read: Any) -> object:
    """Decide a batch whose words Parquet gives wide indices: the C loop is compiled for narrow ones."""
    columns = [
        pa.DictionaryArray.from_arrays(column.indices.cast(pa.int8()), column.dictionary)
        if pa.types.is_dictionary(column.type)
        else column
        for column in read.columns
    ]
    return c_loop.decide(pa.record_batch(columns, names=read.schema.names))


def shown(found: Found, sizes: Sizes) -> str:
    """Give the figures as a table, with how busy the machine was."""
    head = ("a row", *(f"{rules:,} rules, {rows:,} rows" for rows in sizes.rows for rules in sizes.rules))
    keys = [(rules, rows) for rows in sizes.rows for rules in sizes.rules]
    cells = [(way, *(f"{found[*key, way]:,.1f} ns" if (*key, way) in found else "" for key in keys)) for way in WAYS]
    ratio = ("kernel to C", *(times(_to_c(found, *key)) if (*key, C_LOOP) in found else "" for key in keys))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return f"Load {load:.1f} when it ended:\n\n{table(head, [*cells, ratio])}"


def _to_c(found: Found, rules: int, rows: int) -> float:
    return found[rules, rows, ONE] / found[rules, rows, C_LOOP]


def reaches(found: Found, sizes: Sizes) -> Iterator[Reach]:
    """Compare with what was set out, for each number of rows."""
    few, many = sizes.rules[0], sizes.rules[-1]
    for rows in sizes.rows:
        yield Reach(f"{few} rules, {rows:,} rows, the kernel to the C loop", 6, _to_c(found, few, rows))
        ratio = found[many, rows, ONE] / found[few, rows, ONE]
        yield Reach(f"{many:,} rules, {rows:,} rows, to our {few} rules", 12, ratio)
