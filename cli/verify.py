"""`policy verify`: proofs about whole policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import completion
from .options import find_policies, format_option

if TYPE_CHECKING:
    from ..engine.policy import Policy
    from ..engine.proofs import Finding
    from ..rules.diagnostics import Diagnostic
    from .terminal import Output

HELP = """\
Prove what a policy leaves open, and what can never happen in it.

A POLICY is a policy file, a shipped pack or a folder with policies. For each: incidents that no rule covers, rules that
never hold or never win, parts of conditions that change nothing, rules that contradict each other, outcomes and duties
that nobody can reach, red lines that the rules cross, facts that never matter. Under each finding stands an incident
that shows it. What could not be proved is said as well. It needs the solver: pip install 'evenhand[verify]'.

\b
Examples:
  policy verify policy.toml
  policy verify house --overlaps
  policy verify policies/ --budget 60 --format sarif > findings.sarif

\b
Exit codes:
  0  nothing was found
  1  something was found, something could not be proved, or a policy has mistakes
  2  wrong usage, or the solver is not installed
"""


@click.command(help=HELP)
@click.argument("names", nargs=-1, required=True, metavar="POLICY...", shell_complete=completion.policies)
@click.option("--budget", type=click.FloatRange(min=0), metavar="SECONDS", help="How long each policy may take.")
@click.option("--overlaps", is_flag=True, help="List the rules that overlap as well, where the order says who wins.")
@format_option("text", "json", "sarif")
def command(*, names: tuple[str, ...], budget: float | None, overlaps: bool, format_: str) -> None:
    """Verify policies."""
    from ..engine.proofs import verify
    from ..engine.solve import SolverMissingError
    from .options import load

    results = []
    for name in find_policies(names):
        policy = load(name)
        try:
            results.append((name, policy, verify(policy, budget=budget)))
        except SolverMissingError as missing:
            raise click.UsageError(f"{missing}.") from None
    write(results, format_, overlaps=overlaps)
    if any(not finding.is_listing for _, _, found in results for finding in found):
        raise click.exceptions.Exit(1)


def write(results: list[tuple[str, Policy, tuple[Finding, ...]]], format_: str, *, overlaps: bool) -> None:
    """Write what was found in one of the forms."""
    from .terminal import out

    output = out()
    if format_ == "json":
        from .as_json import VERSION, write_json

        policies = [policy_json(name, policy, found) for name, policy, found in results]
        write_json(output, {"format_version": VERSION, "policies": policies})
    elif format_ == "sarif":
        from .findings import findings_text

        shown = [d for _, policy, found in results for _, d in in_place(policy, listed(found, overlaps=overlaps))]
        output.text(findings_text(shown, format_))
    else:
        for name, policy, found in results:
            _print(output, name, policy, found, overlaps=overlaps)


def listed(found: tuple[Finding, ...], *, overlaps: bool) -> list[Finding]:
    """Return the findings that are to be shown."""
    return [finding for finding in found if overlaps or finding.code != "overlapping-rules"]


def in_place(policy: Policy, found: list[Finding]) -> list[tuple[Finding, Diagnostic]]:
    """Return findings with their diagnostics, which know line and column."""
    from ..rules.locate import located

    return [(finding, located([finding.diagnostic], policy.documents)[0]) for finding in found]


def _print(output: Output, name: str, policy: Policy, found: tuple[Finding, ...], *, overlaps: bool) -> None:
    from ..rules.describe import counted
    from .findings import print_finding
    from .terminal import Piece

    for finding, diagnostic in in_place(policy, listed(found, overlaps=overlaps)):
        print_finding(output, diagnostic)
        if len(finding.words) > 1:
            output.line(Piece(" all of it:", "name") if finding.is_exact else Piece(" among them:", "name"))
            for words in finding.words[:20]:
                output.line(f"   - {words}", hang=5)
            if len(finding.words) > 20:
                output.line(f"   - and {len(finding.words) - 20} more; `--format json` has them all")
        if finding.witness is not None and finding.code != "overlapping-rules":
            output.line(Piece(" for example:", "name"))
            for line in finding.witness.toml.rstrip().splitlines():
                output.unbroken(Piece(f"   {line}".rstrip(), "dim"))
        output.line()
    count = sum(not finding.is_listing for finding in found)
    more = sum(finding.code == "overlapping-rules" for finding in found)
    style = "bad" if count else "good"
    said = counted(count, "finding") if count else "nothing found"
    note = f"; {counted(more, 'overlap')} where the order decides" if more else ""
    hint = " (`--overlaps` lists them)" if more and not overlaps else ""
    output.line(Piece(name, "strong"), ": ", Piece(said, style), f"{note}{hint}")


def policy_json(name: str, policy: Policy, found: tuple[Finding, ...]) -> dict[str, Any]:
    """Return what was found in a policy, overlaps included, regions and witnesses as data."""
    return {
        "policy": name,
        "id": policy.id,
        "findings": [
            finding_json(policy, finding, diagnostic) for finding, diagnostic in in_place(policy, list(found))
        ],
    }


def finding_json(policy: Policy, finding: Finding, diagnostic: Diagnostic) -> dict[str, Any]:
    """Return one finding."""
    from ..engine.proofs import region_data
    from ..rules.rendering import as_data

    witness = finding.witness
    return {
        **as_data(diagnostic),
        "decision": finding.decision,
        "rules": list(finding.rules),
        "is_listing": finding.is_listing,
        "region": [region_data(policy.tree, box) for box in finding.region],
        "region_in_words": list(finding.words),
        "is_exact": finding.is_exact,
        "witness": None
        if witness is None
        else {
            "given": {
                name: value if isinstance(value, bool | int | list) else str(value)
                for name, value in witness.given.items()
            },
            "as_of": witness.as_of.isoformat(),
            "toml": witness.toml,
        },
    }
