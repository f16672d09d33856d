"""`policy test`: the owner's own cases, and which rules they reach."""

from __future__ import annotations

import datetime as dt

import click

from . import completion
from .options import as_of_option, find_policies, format_option, own_policies

HELP = """\
Run the owner's own cases.

Decides every [[test]] of the policies (files, folders, shipped packs; without any, the policies in and below the
current folder) and compares. A test in which no rule matches fails, unless it expects `refer`: a policy that says
nothing should not pass by accident.

With --coverage, lists the policy's own rules that won in no test, and its red lines that no test tries to cross.

\b
Examples:
  policy test
  policy test policy.toml --coverage
  policy test house -k parcel
  policy test --format junit > tests.xml

\b
Exit codes:
  0  every test passed
  1  a test failed, or a policy has mistakes
  2  wrong usage
"""


@click.command(help=HELP)
@click.argument("names", nargs=-1, metavar="[POLICY]...", shell_complete=completion.policies)
@click.option("-k", "wanted", metavar="WORDS", help="Run only the tests with these words in their name.")
@click.option("--coverage", "with_coverage", is_flag=True, help="Say which rules won in no test.")
@as_of_option
@format_option("text", "json", "junit", "github")
def command(
    *, names: tuple[str, ...], wanted: str | None, with_coverage: bool, as_of: dt.date | None, format_: str
) -> None:
    """Run the tests."""
    from .test_reports import report_for
    from .testing import run_tests

    policies = find_policies(names) if names else own_policies()
    results = [run_tests(name, wanted, as_of, with_coverage=with_coverage) for name in policies]
    if wanted and not any(result.trials or result.is_unsound for result in results):
        raise click.UsageError(f"no test has {wanted!r} in its name.")
    report_for(format_)(results)
    raise click.exceptions.Exit(0 if all(result.passed for result in results) else 1)
