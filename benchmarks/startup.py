"""How long it takes to import the package, and until the command prints its help."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from .report import Reach, Section, number, table

TIMES = 15


def commands() -> dict[str, list[str]]:
    """What is run, by the name of its row; the bare interpreter is for comparison only, nothing is taken off."""
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import evenhand": [sys.executable, "-c", "import evenhand"],
        "policy --help": [str(Path(sys.executable).parent / "policy"), "--help"],
    }


def measure() -> Section:
    """Run each command in turn; the first run, which writes the bytecode, does not count."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    taken: dict[str, list[float]] = {name: [] for name in commands()}
    for turn in range(TIMES + 1):
        for name, command in commands().items():
            start = time.perf_counter()
            subprocess.run(command, env=environment, capture_output=True, check=True)
            if turn:
                taken[name].append((time.perf_counter() - start) * 1000)
    rows = [
        (f"`{name}`", f"{number(min(times))} ms", f"{number(statistics.median(times))} ms")
        for name, times in taken.items()
    ]
    reaches = (
        Reach("`import evenhand`, whole process", 60, min(taken["import evenhand"]), "ms"),
        Reach("`policy --help`, whole process", 150, min(taken["policy --help"]), "ms"),
    )
    return Section("startup", (table(("command", f"best of {TIMES}", "median"), rows),), reaches)
