"""`policy decide` from Parquet to Parquet against PyArrow reading and writing the same columns: `python -m benchmarks.bulk`."""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .as_toml import as_toml
from .facts import USED, Fact
from .rules import random_policy

#: Rows to a batch, for both.
_ROWS = 131_072


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


def decide(source: Path, output: Path, policy: Path, threads: int) -> float:
    """Run the command, and return the seconds of the job itself, without the start of Python."""
    import json

    command = [sys.executable, "-m", "evenhand.cli", "decide", source, "-o", output, "--policy", policy]
    more = ["--overwrite", "--format", "json", "--threads", threads, "--checkpoint", 600]
    done = subprocess.run([*map(str, command), *map(str, more)], check=False, capture_output=True, text=True)
    if not done.stdout:
        raise SystemExit(done.stderr)
    return float(json.loads(done.stdout)["seconds"])


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "policy.toml").write_text(as_toml(random_policy(options.rules, seed=7)))
        write_input(base / "in.parquet", options.rows)
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(decide(base / "in.parquet", base / "out.parquet", base / "policy.toml", 2))
            theirs.append(copy(base / "in.parquet", base / "out.parquet", base / "copy.parquet"))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        sizes = [(base / name).stat().st_size / 2**20 for name in ("in.parquet", "out.parquet")]
    print(f"{options.rows:,} rows, {options.rules} rules; {sizes[0]:.0f} MiB in, {sizes[1]:.0f} MiB out")
    print(f"decide {min(ours):.2f} s, PyArrow alone {min(theirs):.2f} s: {min(ours) / min(theirs):.2f} times")
    print(f"peak memory {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
