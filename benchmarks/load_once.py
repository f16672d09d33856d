"""Load one policy in a process of its own and print what it took: `python -m benchmarks.load_once FILE`."""

import json
import resource
import sys
import time
from pathlib import Path

from evenhand import Policy


def peak() -> float:
    """
    Return the most memory that this process has held so far, in megabytes.

    On Linux it is read from the kernel's status file, because `ru_maxrss` starts at what the parent held when it forked.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Load the file, decide once, so that everything is compiled, and print seconds and megabytes."""
    before, start = peak(), time.perf_counter()
    policy = Policy.load(sys.argv[1])
    policy.decide({})
    print(json.dumps({"seconds": time.perf_counter() - start, "peak": peak(), "before": before}))


if __name__ == "__main__":
    main()
