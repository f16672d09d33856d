"""`policy diff`: what two policies decide differently."""

from __future__ import annotations

import click

from .completion import policies
from .options import Bounded, format_option

HELP = """\
Prove that two policies decide alike, or list the incidents that they decide differently.

OLD and NEW are policy files, shipped packs, or files in a git revision, as in HEAD~1:policies/house.toml; what they
extend is read from the same revision. For each decision, duty and red line: the exact incidents, what was decided about
them and what is, the rules that do it, and an incident that shows it. What could not be proved is said as well. It
needs the solver: pip install 'evenhand[verify]'.

\b
Examples:
  policy diff HEAD:policy.toml policy.toml
  policy diff house us --format json
  policy diff main:policy.toml HEAD:policy.toml --format markdown > comment.md

\b
Exit codes:
  0  it is proved that both decide alike
  1  they differ, something could not be proved, or a policy has mistakes
  2  wrong usage, no such file or revision, or the solver is not installed
"""


@click.command(help=HELP)
@click.argument("old", shell_complete=policies)
@click.argument("new", shell_complete=policies)
@click.option("--budget", type=Bounded(min=0), metavar="SECONDS", help="How long it may take.")
@format_option("text", "json", "markdown")
def command(*, old: str, new: str, budget: float | None, format_: str) -> None:
    """Compare two policies."""
    from ..engine.diff import diff
    from ..engine.solve import SolverMissingError
    from .differences import write
    from .revisions import load_any

    policies_ = (load_any(old), load_any(new))
    try:
        found = diff(*policies_, budget=budget)
    except SolverMissingError as missing:
        raise click.UsageError(f"{missing}.") from None
    write(found, (old, new), format_)
    if not found.is_equal:
        raise click.exceptions.Exit(1)
