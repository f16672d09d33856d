"""The tests that are missing, printed or appended to the policy's own file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import is_pack
from .storing import store
from .terminal import Output, Piece, counted, err, out

if TYPE_CHECKING:
    from ..engine.coverage.generate import Generated

#: Seconds that the solver may take for one policy.
PATIENCE = 120.0
_MOST_SHOWN = 20


def write_missing(names: Sequence[str], as_of: dt.date | None, *, with_packs: bool, append: bool) -> None:
    """
    Print the tests that policies lack, or *append* them to their files; the run ends with 1 where something is left to do.

    Raises:
        UsageError: If the solver is not installed, or a shipped pack is to be written to.
    """
    from ..engine.coverage.generate import generate
    from ..engine.solve import SolverMissingError
    from ..engine.trials import run_trials
    from .options import load

    left = False
    for name in names:
        if append and is_pack(name):
            raise click.UsageError(f"{name!r} is a shipped pack: only files of your own can be written to.")
        policy = load(name)
        trials = list(run_trials(policy, as_of=as_of))
        try:
            found = generate(policy, trials, with_packs=with_packs, budget=PATIENCE)
        except SolverMissingError as missing:
            raise click.UsageError(f"{missing}.") from None
        if append and found.proposals:
            _append(Path(name), found)
        elif found.proposals:
            heading = f"# {name}\n\n" if len(names) > 1 else ""
            out().text(f"{heading}{found.toml.rstrip()}\n")
        _tell(err(), name, found, appended=append)
        left = left or bool(found.left)
    raise click.exceptions.Exit(1 if left else 0)


def _append(path: Path, found: Generated) -> None:
    """Append the tests to a file, all else in it kept as it is, once it is sure that they pass there."""
    from ..engine.policy import Policy
    from ..engine.trials import run_trials
    from ..rules.diagnostics import PolicyError

    before = path.read_bytes().decode("utf-8")
    ends = "\r\n" if "\r\n" in before else "\n"
    added = f"\n\n{found.toml.rstrip()}\n".replace("\n", ends)
    text = f"{before.rstrip()}{added}"
    names = {proposal.name for proposal in found.proposals}
    try:
        after = Policy.loads(text.removeprefix("\ufeff"), name=str(path), folder=path.parent)
        passed = sum(trial.passed for trial in run_trials(after) if trial.case.name in names)
    except PolicyError:
        passed = 0
    if passed < len(names):
        raise click.ClickException(
            f"{path}: the tests cannot be appended as they are: print them, and put them in by hand"
        )
    store(path, text)


def _tell(output: Output, name: str, found: Generated, *, appended: bool) -> None:
    """Say on stderr how many tests there are, and what none can reach."""
    import sys

    sys.stdout.flush()
    count = len(found.proposals)
    if count:
        where = f"appended to {name}" if appended else "written"
        said = f"{counted(count, 'test')} {where}, with what is decided now. Read each, and delete `confirmed = false`."
        output.line(Piece(f"{name}: ", "strong"), said)
    else:
        output.line(Piece(f"{name}: ", "strong"), "no test is missing.")
    for reached in found.impossible:
        target = reached.target
        output.line(Piece(f"  out of reach: `{target.rules[0]}`: {target.text}: {reached.impossible}", "dim"), hang=4)
    for target in found.left[:_MOST_SHOWN]:
        output.line(f"  left: `{target.rules[0]}`: {target.text}: the solver found no incident and no proof", hang=4)
