"""
Files of many rows: `policy decide` against PyArrow alone, `policy backtest` and `policy tune`; their time and their memory.

Ten million rows take two minutes; `python -m benchmarks.bulk --rows` takes as many as it is told.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .as_toml import as_toml
from .facts import USED, Fact
from .report import Reach, Section, table
from .rules import random_policy

#: Rows to a batch, for both.
_ROWS = 131_072
#: The parameter that is swept.
KNOB = "small"
#: The memory that a run may hold, in MiB, and from how many rows on its time is held against PyArrow's.
MOST_MEMORY = 1_536
FROM = 10_000_000


def columns_of(facts: tuple[Fact, ...], rows: int, seed: int) -> Any:
    """Draw incidents as Arrow columns, a tenth of the values missing."""
    rng = np.random.default_rng(seed)
    return pa.table({fact.name: _column(fact, rows, rng) for fact in facts})


def _column(fact: Fact, rows: int, rng: Any) -> Any:
    missing = rng.random(rows) < 0.1
    if fact.is_numeric:
        grid = np.array([fact.quantile(q) for q in np.linspace(0, 1, 20_001)], np.int64)
        drawn = grid[rng.integers(0, len(grid), rows)]
        if fact.kind == "duration":
            return pa.array(drawn * 1_000_000, pa.int64(), mask=missing).cast(pa.duration("us"))
        return pa.array(drawn, mask=missing)
    at = rng.choice(len(fact.words), rows, p=np.array(fact.weights) / sum(fact.weights))
    if fact.kind == "boolean":
        return pa.array(at == fact.words.index("true"), mask=missing)
    return pa.DictionaryArray.from_arrays(pa.array(at.astype(np.int32), mask=missing), pa.array(fact.words))


def write_input(file: Path, rows: int) -> None:
    """Write the incidents, a million at a time."""
    writer: Any = None
    for start in range(0, rows, 1_000_000):
        table = columns_of(USED, min(1_000_000, rows - start), start)
        writer = writer or pq.ParquetWriter(file, table.schema)
        writer.write_table(table, row_group_size=_ROWS)
    writer.close()


def copy(source: Path, decided: Path, target: Path) -> float:
    """Read the input's columns, and write the output's, which are in memory already."""
    table = pq.read_table(decided, read_dictionary=None)
    started = time.perf_counter()
    for _ in pq.ParquetFile(source, memory_map=True).iter_batches(_ROWS):
        pass
    with pq.ParquetWriter(target, table.schema, write_statistics=False) as writer:
        for start in range(0, table.num_rows, _ROWS):
            writer.write_table(table.slice(start, _ROWS), row_group_size=_ROWS)
    return time.perf_counter() - started


@attrs.frozen
class Run:
    """A run of `policy` in a process of its own: its wall time, the most memory that it held, in MiB, and what it printed."""

    seconds: float
    peak: float
    printed: str


#: Runs a command from a process that holds little: what one holds that starts another counts as the most memory of both.
_STARTER = """
import os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
with open(sys.argv[1], "w") as report:
    print(time.perf_counter() - started, usage.ru_maxrss / 1024, file=report)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def run(*arguments: object) -> Run:
    """Run the command; what it is asked for has to go well."""
    command = [sys.executable, "-m", "evenhand.cli", *map(str, arguments)]
    with tempfile.NamedTemporaryFile("r") as report:
        starter = [sys.executable, "-c", _STARTER, report.name, *command]
        done = subprocess.run(starter, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stdout)
        seconds, peak = map(float, report.read().split())
    return Run(seconds, peak, done.stdout)


def decide(base: Path, threads: int = 2) -> Run:
    """Decide the input, and return the seconds of the job itself, without the start of Python."""
    files = (base / "in.parquet", "-o", base / "out.parquet", "--policy", base / "policy.toml")
    done = run("decide", *files, "--overwrite", "--format", "json", "--threads", threads, "--checkpoint", 600)
    return attrs.evolve(done, seconds=float(json.loads(done.printed)["seconds"]))


def backtest(base: Path) -> Run:
    """Hold a draft against the policy."""
    return run("backtest", base / "in.parquet", "--policy", base / "draft.toml", "--against", base / "policy.toml")


def tune(base: Path) -> Run:
    """Sweep the parameter over nine values."""
    return run("tune", base / "policy.toml", base / "in.parquet", "--parameter", f"{KNOB}=10..90:10")


def write_policies(base: Path, rules: int) -> None:
    """Write a policy that pays, and a draft of it in which another amount is a small one."""
    text = as_toml(random_policy(rules, seed=7))
    for outcome, amount in (("full", "loss"), ("partial", "loss * 0.5"), ("replace", "0 USD"), ("credit", KNOB)):
        stated = f'then.refund = "{outcome}"\n'
        text = text.replace(stated, f'{stated}then.refund_amount = "{amount}"\n')
    head = '[parameters]\n{} = "{}"\n\n[decisions.refund]'
    for name, amount in (("policy", "50 USD"), ("draft", "80 USD")):
        with_knob = text.replace("[decisions.refund]", head.format(KNOB, amount), 1)
        (base / f"{name}.toml").write_text(with_knob.replace('id = "random"', f'id = "{name}"'), encoding="utf-8")


def measure(rows: int = FROM, rules: int = 12) -> Section:
    """Decide a file, copy it with PyArrow alone, backtest it, and sweep a parameter."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        write_policies(base, rules)
        write_input(base / "in.parquet", rows)
        ours = decide(base)
        runs = {
            "`policy decide`": ours,
            "`policy backtest`, two policies": backtest(base),
            "`policy tune`, nine values and the present one": tune(base),
        }
        theirs = min(copy(base / "in.parquet", base / "out.parquet", base / "copy.parquet") for _ in range(3))
    lines = [("PyArrow alone, the same columns", f"{theirs:.1f} s", f"{rows / theirs:,.0f}", "")]
    lines += [
        (name, f"{done.seconds:.1f} s", f"{rows / done.seconds:,.0f}", f"{done.peak:,.0f} MiB")
        for name, done in runs.items()
    ]
    reaches = [Reach(f"{name}, {rows:,} rows: memory", MOST_MEMORY, done.peak, "MiB") for name, done in runs.items()]
    if rows >= FROM:
        reaches.append(Reach("`policy decide` against PyArrow alone", 2.5, ours.seconds / theirs))
    head = (f"{rows:,} rows from Parquet, {rules} rules", "time", "rows a second", "most memory")
    return Section("bulk", (table(head, lines),), tuple(reaches))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=FROM)
    parser.add_argument("--rules", type=int, default=12)
    options = parser.parse_args()
    print(measure(options.rows, options.rules).markdown())


if __name__ == "__main__":
    main()
