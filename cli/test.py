"""`policy test`: the owner's own cases, and which rules they reach."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click

from . import completion
from .mutating import mutation_options
from .options import Bounded, as_of_option, find_policies, format_option, own_policies

HELP = """\
Run the owner's own cases.

Decides every [[test]] of the policies (files, folders, shipped packs; without any, the policies in and below the
current folder) and compares. A test in which no rule matches fails, unless it expects `refer`: a policy that says
nothing should not pass by accident. Then tells every [[story]], event by event, and compares what holds after each;
stories do not count for --coverage.

With --coverage, says what no test has tried: own rules that never won, red lines that nobody tries to cross, tests in
conditions that were never true or never false (condition), values next to a threshold (boundary), and tests of which
nothing shows that they alone make a difference (MC/DC). What is proved to be out of reach does not count; that takes
the solver: pip install 'evenhand[verify]'.

With --generate, prints the tests that are missing for that, each with what is decided now; --write appends them to the
policy's file. They say `confirmed = false`: read each, and delete the line. This takes the solver as well.

With --mutate, changes one thing after the other in the policy, as by a slip (a limit moved by a cent, `and` for `or`, a
rule left out), and runs the tests on each: a test should fail. Lists the slips that no test notices, each with a test
that would. Slips that make no difference are proved so and do not count; that takes the solver: pip install
'evenhand[verify]'.

\b
Examples:
  policy test
  policy test policy.toml --coverage
  policy test policies/ --coverage-min 100
  policy test policy.toml --generate --write
  policy test house -k parcel
  policy test policy.toml --mutate --mutate-min 95
  policy test --format junit > tests.xml

\b
Exit codes:
  0  every test and story passed
  1  a test or a story failed, a policy has mistakes, or the tests reach or notice less than --coverage-min or
     --mutate-min ask;
     with --generate, a test is missing that could neither be written nor proved to be impossible
  2  wrong usage
"""


@click.command(help=HELP)
@click.argument("names", nargs=-1, metavar="[POLICY]...", shell_complete=completion.policies)
@click.option("-k", "wanted", metavar="WORDS", help="Run only the tests and stories with these words in their name.")
@click.option("--coverage", "with_coverage", is_flag=True, help="Say what no test has tried.")
@click.option("--with-packs", is_flag=True, help="Take the rules that packs brought into account as well.")
@click.option(
    "--coverage-min",
    "least",
    type=Bounded(0, 100),
    metavar="PERCENT",
    help="Fail where the tests reach less of the rules, conditions, boundaries or MC/DC.",
)
@click.option("--generate", is_flag=True, help="Print the tests that are missing, with what is decided now.")
@click.option("--write", "append", is_flag=True, help="With --generate: append them to the policy's file.")
@mutation_options
@as_of_option
@format_option("text", "json", "junit", "github")
def command(
    *,
    names: tuple[str, ...],
    wanted: str | None,
    with_coverage: bool,
    with_packs: bool,
    least: float | None,
    generate: bool,
    append: bool,
    as_of: dt.date | None,
    format_: str,
    **mutating: Any,
) -> None:
    """Run the tests."""
    from .mutating import Mutating, with_mutants
    from .test_reports import report_for
    from .testing import Measured, run_tests

    if append and not generate:
        raise click.UsageError("--write goes with --generate.")
    if generate:
        from .generated import write_missing

        write_missing(find_policies(names) if names else own_policies(), as_of, with_packs=with_packs, append=append)
    asked = Mutating(**mutating, packs=with_packs)
    covered = with_coverage or least is not None or (with_packs and not asked.wanted)
    measured = Measured(covered, with_packs, least)
    if asked.wanted and wanted:
        raise click.UsageError("-k runs some of the tests, and mutants are held against all of them: leave one out.")
    policies = find_policies(names) if names else own_policies()
    results = [run_tests(name, wanted, as_of, measured) for name in policies]
    if wanted and not any(result.count or result.is_unsound for result in results):
        raise click.UsageError(f"no test or story has {wanted!r} in its name.")
    if asked.wanted:
        results = [with_mutants(tested, asked, as_of) for tested in results]
    report_for(format_)(results)
    raise click.exceptions.Exit(0 if all(result.passed for result in results) else 1)
