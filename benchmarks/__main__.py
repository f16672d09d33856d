"""Run the benchmarks: `python -m benchmarks [--only NAME] [--write]`."""

import argparse
import os
import platform
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from . import (
    bulk,
    cases,
    columns,
    decide,
    explain,
    growth,
    loading,
    missing,
    proofs,
    shadow,
    sql,
    startup,
    store,
    unfolding,
    verify,
)
from .report import Section, write

SUITES: dict[str, Callable[[], Section]] = {
    "decide": decide.measure,
    "missing": missing.measure,
    "explain": explain.measure,
    "shadow": shadow.measure,
    "loading": loading.measure,
    "sql": sql.measure,
    "startup": startup.measure,
    "growth": growth.measure,
    "columns": columns.measure,
    "bulk": bulk.measure,
    "cases": cases.measure,
    "store": store.measure,
    "unfolding": unfolding.measure,
    "proofs": proofs.measure,
    "verify": verify.measure,
}


def machine() -> Section:
    """Say what it was measured on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    peers = ", ".join(f"{name} {_version(name)}" for name in ("datalogic-py", "zen-engine", "durable_rules"))
    line = f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}, {platform.machine()}"
    return Section(
        "machine", (f"Measured with {line}, {cores} cores open to the process, not pinned to one; {peers}.",)
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for, print it, and write it into the page if wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=SUITES, action="append", help="run only this one; may be given several times")
    parser.add_argument("--write", action="store_true", help="rewrite the tables in docs/performance.md")
    options = parser.parse_args(arguments)
    sections = [machine()]
    print(sections[0].markdown(), end="\n\n", flush=True)
    for name in options.only or SUITES:
        sections.append(SUITES[name]())
        print(f"## {name}\n\n{sections[-1].markdown()}\n", flush=True)
    if options.write:
        write(sections)
    missed = sum(not reach.is_met for section in sections for reach in section.reaches)
    print(f"{sum(len(section.reaches) for section in sections)} bounds, {missed} missed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
