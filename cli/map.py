"""`policy map`: which column of a file is which fact."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import completion
from .options import check_exists, load
from .reading import delimiter_option, encoding_option

if TYPE_CHECKING:
    from ..engine.bulk.mapping.guess import Guess
    from ..engine.bulk.mapping.reading import Mapping
    from ..engine.policy import Policy

HELP = """\
Propose or check a mapping: which column of a file is which fact.

With --guess, columns and facts are matched by their names and by what stands in the cells: words, amounts, dates and how
they are written. What comes out is a TOML file that runs as it stands, says why each column was taken for its fact,
and lists the columns and the facts that could not be placed. Read it before you use it.

With --check, a mapping is checked against the file. It needs an extra: pip install 'evenhand[columns]'.

\b
Examples:
  policy map --guess claims.csv --policy house -o claims.toml
  policy map --check claims.toml claims.csv --policy house
  policy decide claims.csv -o decided.csv --policy house --mapping claims.toml

\b
Exit codes:
  0  all is well
  1  nothing could be placed, or the mapping has mistakes
  2  wrong usage
"""


@click.command(help=HELP)
@click.argument("file", metavar="FILE")
@click.option("--guess", "is_guess", is_flag=True, help="Propose a mapping for FILE.")
@click.option("--check", "mapping", metavar="MAPPING", help="Check this mapping against FILE.")
@click.option(
    "--policy",
    "policy_name",
    default="house",
    show_default=True,
    metavar="POLICY",
    envvar="EVENHAND_POLICY",
    shell_complete=completion.policies,
    help="The policy whose facts are meant.",
)
@click.option("-o", "--output", metavar="MAPPING", help="Where to write it; standard output unless said otherwise.")
@click.option("--overwrite", is_flag=True, help="Write over a file that is there.")
@encoding_option
@delimiter_option
def command(
    *,
    file: str,
    is_guess: bool,
    mapping: str | None,
    policy_name: str,
    output: str | None,
    overwrite: bool,
    encoding: str,
    delimiter: str,
) -> None:
    """Propose or check a mapping."""
    from ..engine.bulk import BulkError, needed
    from .decide import refused

    if is_guess == (mapping is not None):
        raise click.UsageError("say either --guess, to propose a mapping, or --check MAPPING.")
    if output and Path(output).exists() and not overwrite:
        raise click.UsageError(f"{output!r} is there already: choose another name with -o, or use --overwrite.")
    policy = load(policy_name)
    try:
        place = needed("places").place_of(file)
        reading = needed("sources").Reading(encoding, delimiter)
        if mapping is not None:
            _check(mapping, place, reading, policy)
            return
        looks = needed("mapping.sampling").looks_of(place, reading)
    except BulkError as error:
        raise refused(error) from None
    module = needed("mapping.guess")
    found: Guess = module.guess(looks, policy)
    _write(module.toml_of(found, Path(file).name, policy.id), output)
    _say(found, output)


def _check(mapping: str, place: Any, reading: Any, policy: Policy) -> None:
    from contextlib import closing

    from ..engine.bulk import needed
    from .findings import mistakes_told
    from .terminal import counted, out

    checked = read_mapping(mapping, policy)
    with closing(needed("sources").open_source(place, reading)) as source, mistakes_told():
        checked.bound(source)
    count = len(checked.facts) + len(checked.constants)
    out().line(f"{mapping} is sound: it gives {counted(count, 'fact')} of {policy.id} for {place.name}")


def read_mapping(file: str, policy: Policy, *others: Policy) -> Mapping:
    """
    Read a mapping for a policy, or for several; what is wrong with it goes to stderr, and the run ends with 1.

    Raises:
        UsageError: If there is no such file.
    """
    from ..engine.bulk import needed
    from .findings import mistakes_told

    check_exists(file)
    with mistakes_told():
        mapping: Mapping = needed("mapping").load_mapping(file, policy, *others)
    return mapping


def _write(text: str, output: str | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(
            f"{output!r} cannot be written: {(error.strerror or 'no reason given').lower()}."
        ) from None


def _say(found: Guess, output: str | None) -> None:
    from .terminal import counted, err

    if not found.matches:
        err().line("no column could be placed: map them by hand", hang=2)
        raise click.exceptions.Exit(1)
    where = f" → {output}" if output else ""
    left = counted(len(found.columns), "column")
    asked = counted(len(found.facts), "fact")
    err().line(
        f"{counted(len(found.matches), 'fact')} placed{where}; {left} and {asked} that the policy asks for were not",
        hang=2,
    )
