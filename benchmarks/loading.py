"""What it takes to load, check and compile a long policy, each time in a fresh process."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .as_python import one_pass
from .as_toml import as_toml
from .report import Reach, Section, number, table
from .rules import random_policy

ROOT = Path(__file__).parent.parent
COUNTS = {12: 5, 100: 5, 1_000: 5, 10_000: 3}


def load_in_child(path: Path) -> dict[str, float]:
    """Load *path* in a fresh process; seconds, and megabytes at the peak and before loading."""
    command = [sys.executable, "-m", "benchmarks.load_once", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure() -> Section:
    """Load policies of several lengths, a few times each, and keep the least."""
    rows, seconds, peaks = [], {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for count, times in COUNTS.items():
            drawn = random_policy(count)
            path = Path(folder) / f"random-{count}.toml"
            path.write_text(as_toml(drawn), encoding="utf-8")
            runs = [load_in_child(path) for _ in range(times)]
            seconds[count] = min(run["seconds"] for run in runs)
            peaks[count] = min(run["peak"] for run in runs)
            before = min(run["before"] for run in runs)
            start = time.perf_counter()
            one_pass(drawn)
            by_hand = time.perf_counter() - start
            rows.append(
                (
                    f"{count:,}",
                    f"{path.stat().st_size / 1024:,.0f} KB",
                    f"{number(seconds[count] * 1000)} ms",
                    f"{peaks[count]:.0f} MB",
                    f"{peaks[count] - before:.0f} MB",
                    f"{number(by_hand * 1000)} ms",
                )
            )
    head = (
        "rules",
        "TOML",
        "load, check, compile",
        "peak of the process",
        "of it for loading",
        "if-chain, compiled by Python",
    )
    reaches = (
        Reach("1,000 rules", 300, seconds[1_000] * 1000, "ms"),
        Reach("10,000 rules", 4, seconds[10_000], "s"),
        Reach("10,000 rules, peak memory", 200, peaks[10_000], "MB"),
    )
    return Section("loading", (table(head, rows),), reaches)
