"""Running `policy` in tests: in this process with click's runner, or as a process of its own."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from click.testing import CliRunner

from evenhand.cli import main

#: Older releases of click mix the two streams unless told not to.
_APART: dict[str, Any] = (
    {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner.__init__).parameters else {}
)

#: What a terminal around the tests must not change.
_SURROUNDINGS: Mapping[str, str | None] = dict.fromkeys(("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TERM"))


@attrs.frozen
class Ran:
    """What a run wrote, and its exit code."""

    code: int
    out: str
    err: str


def runner() -> CliRunner:
    """Return click's runner, which keeps the two streams apart."""
    return CliRunner(**_APART)


def run(*args: str | Path, text: str | bytes | None = None) -> Ran:
    """Run the command here; a bug's exception is raised, not swallowed."""
    result = runner().invoke(main, [str(arg) for arg in args], input=text, env=dict(_SURROUNDINGS), prog_name="policy")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def spawn(*args: str | Path, text: bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
    """Run the command as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "evenhand.cli", *map(str, args)],
        input=text,
        capture_output=True,
        check=False,
        env={**{name: value for name, value in os.environ.items() if name not in _SURROUNDINGS}, **(env or {})},
    )
    return Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def mind_ctrl_c() -> None:
    """Heed an interrupt in a child process, although one that was started in the background would pass it over."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
