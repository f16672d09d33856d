"""`policy verify`: proofs about whole policies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from . import completion
from .options import Bounded, as_of_option, find_policies, format_option

if TYPE_CHECKING:
    from ..engine.policy import Policy
    from .proofs import Verified

HELP = """\
Prove what a policy leaves open, and what can never happen in it.

A POLICY is a policy file, a shipped pack or a folder with policies. For each: incidents that no rule covers, rules that
never hold or never win, parts of conditions that change nothing, rules that contradict each other, outcomes and duties
that nobody can reach, red lines that the rules cross, facts that never matter. Under each finding stands an incident
that shows it. What could not be proved is said as well. What a policy allows with [[rule.allow]] is left out until its
last day. It needs the solver: pip install 'evenhand[verify]'.

Where there is a mend, it is shown as the lines that change. --fix makes those that are proved to change no decision, of
this policy and of all others that are named and build on it; the rest is yours to judge. It writes files of your own only.

--orders tries something else, without the solver: the events of the policy's stories in every order, up to --depth of
them, then longer ones at random, where we do only what the policy asks for at that moment. It looks for an order in which a
[[pattern]] with `forbidden = true` matches, and --save keeps it as an event file for `policy check`.

\b
Examples:
  policy verify policy.toml
  policy verify house --overlaps
  policy verify policy.toml --fix --diff
  policy verify policies/ --budget 60 --format sarif > findings.sarif
  policy verify house --orders --depth 4 --save found/

\b
Exit codes:
  0  nothing was found, or only what is allowed
  1  something was found (with --fix: is left; with --diff: or would change), something could not be proved, or a policy has mistakes
  2  wrong usage, or the solver is not installed
"""


@click.command(help=HELP)
@click.argument("names", nargs=-1, required=True, metavar="POLICY...", shell_complete=completion.policies)
@click.option("--fix", is_flag=True, help="Make the mends that are proved to change no decision.")
@click.option("--diff", is_flag=True, help="With --fix: write nothing, show what would change.")
@click.option("--save-tests", is_flag=True, help="Add each incident that is shown to the policy, as a [[test]].")
@click.option("--budget", type=Bounded(min=0), metavar="SECONDS", help="How long each policy may take.")
@click.option(
    "--overlaps",
    is_flag=True,
    help="List what is no mistake as well: rules that overlap, where the order says who wins, and red lines that stop a "
    "decision only where a fact is missing.",
)
@click.option("--orders", is_flag=True, help="Try the events of the policy's stories in other orders.")
@click.option(
    "--depth", type=click.IntRange(1, 12), metavar="N", help="With --orders: try all orders of so many events; 3."
)
@click.option("--save", metavar="FOLDER", help="With --orders: keep each order that is found, as an event file.")
@as_of_option
@format_option("text", "json", "sarif")
def command(
    *,
    names: tuple[str, ...],
    fix: bool,
    diff: bool,
    save_tests: bool,
    budget: float | None,
    overlaps: bool,
    orders: bool,
    depth: int | None,
    save: str | None,
    as_of: dt.date | None,
    format_: str,
) -> None:
    """Verify policies."""
    from ..engine.solve import SolverMissingError
    from .mending import Mending, refuse_packs
    from .proofs import write

    if orders:
        if fix or diff or save_tests or overlaps or as_of:
            raise click.UsageError("`--orders` goes with `--depth`, `--save`, `--budget` and `--format` only.")
        _try_orders(find_policies(names), depth or 3, budget, save, format_)
    if depth or save:
        raise click.UsageError("`--depth` and `--save` belong to `--orders`.")
    if diff and not fix:
        raise click.UsageError("`--diff` shows what `--fix` would change: add `--fix`.")
    files = find_policies(names)
    if fix or save_tests:
        refuse_packs(files)
    sound = [(name, policy) for name in files if (policy := loaded(name)) is not None]
    mending = Mending(sound, fix=fix, save_tests=save_tests, dry=diff, budget=budget, as_of=as_of)
    results: list[Verified] = []
    for name, policy in sound:
        try:
            results.append(mending.mended(name) if fix or save_tests else verified(name, policy, budget, as_of))
        except SolverMissingError as missing:
            raise click.UsageError(f"{missing}.") from None
    write(results, format_, overlaps=overlaps)
    is_clean = len(sound) == len(files) and not any(result.is_to_be_seen_to for result in results)
    raise click.exceptions.Exit(0 if is_clean else 1)


def _try_orders(files: Sequence[str], depth: int, budget: float | None, save: str | None, format_: str) -> NoReturn:
    """Try the orders of each policy's stories, and end."""
    from .orders import try_all, write

    sound = [(name, policy) for name in files if (policy := loaded(name)) is not None]
    is_clean = write(try_all(sound, depth, budget), format_, save) and len(sound) == len(files)
    raise click.exceptions.Exit(0 if is_clean else 1)


def loaded(name: str) -> Policy | None:
    """Load a policy; what is wrong with it goes to stderr, and the others are verified all the same."""
    from ..engine.policy import Policy
    from ..rules.diagnostics import PolicyError
    from .findings import print_findings

    try:
        policy = Policy.load(name)
    except PolicyError as error:
        print_findings(error.diagnostics)
        return None
    print_findings(policy.warnings)
    return policy


def verified(name: str, policy: Policy, budget: float | None, as_of: dt.date | None) -> Verified:
    """Verify one policy."""
    from ..engine.proofs import verify
    from .proofs import Verified
    from .waiting import shown_progress

    with shown_progress(name) as progress:
        return Verified(name, policy, verify(policy, budget=budget, as_of=as_of, progress=progress))
