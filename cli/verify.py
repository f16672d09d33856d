"""`policy verify`: proofs about whole policies."""

from __future__ import annotations

import datetime as dt

import click

from . import completion
from .options import as_of_option, find_policies, format_option

HELP = """\
Prove what a policy leaves open, and what can never happen in it.

A POLICY is a policy file, a shipped pack or a folder with policies. For each: incidents that no rule covers, rules that
never hold or never win, parts of conditions that change nothing, rules that contradict each other, outcomes and duties
that nobody can reach, red lines that the rules cross, facts that never matter. Under each finding stands an incident
that shows it. What could not be proved is said as well. What a policy allows with [[rule.allow]] is left out until its
last day. It needs the solver: pip install 'evenhand[verify]'.

\b
Examples:
  policy verify policy.toml
  policy verify house --overlaps
  policy verify policies/ --budget 60 --format sarif > findings.sarif

\b
Exit codes:
  0  nothing was found, or only what is allowed
  1  something was found, something could not be proved, or a policy has mistakes
  2  wrong usage, or the solver is not installed
"""


@click.command(help=HELP)
@click.argument("names", nargs=-1, required=True, metavar="POLICY...", shell_complete=completion.policies)
@click.option("--budget", type=click.FloatRange(min=0), metavar="SECONDS", help="How long each policy may take.")
@click.option("--overlaps", is_flag=True, help="List the rules that overlap as well, where the order says who wins.")
@as_of_option
@format_option("text", "json", "sarif")
def command(
    *, names: tuple[str, ...], budget: float | None, overlaps: bool, as_of: dt.date | None, format_: str
) -> None:
    """Verify policies."""
    from ..engine.proofs import verify
    from ..engine.solve import SolverMissingError
    from .options import load
    from .proofs import write

    results = []
    for name in find_policies(names):
        policy = load(name)
        try:
            results.append((name, policy, verify(policy, budget=budget, as_of=as_of)))
        except SolverMissingError as missing:
            raise click.UsageError(f"{missing}.") from None
    write(results, format_, overlaps=overlaps)
    if any(finding.counts for _, _, found in results for finding in found):
        raise click.exceptions.Exit(1)
