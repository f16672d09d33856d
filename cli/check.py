"""`policy check`: are the policies sound, and what do they decide about these incidents?"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import attrs
import click

from . import completion
from .incidents import SUFFIXES
from .options import as_of_option, check_exists, fact_option, files_below, format_option, is_pack, is_policy_file

HELP = """\
Check policies, and dry-run them on incidents.

A NAME is a policy file, a shipped pack (see `policy packs`), an incident file (TOML, JSON, JSON lines, CSV), a folder
with any of these (what names no built-in fact is passed over), or - for JSON lines on standard input. A TOML file
with a [policy] table is a policy. JSON lines with `at` and `kind` are the events of a case: what would have happened,
event by event. A CSV file names the facts in its first line, as in `abuse,virality.views`; empty
cells are facts that nobody knows. A column or key called name, id or incident names the incident.

For each incident: the verdicts with the rule and the reason behind each, the duties with their deadlines, red lines,
what is not known, what to ask next, and what was taken for granted.

\b
Examples:
  policy check policy.toml
  policy check house docs/examples/incidents/*.toml
  policy check house --fact abuse=hostile --fact fault=customer --why
  policy check policy.toml complaints.csv --ignore date --summary
  policy check house --format json incidents.jsonl > decisions.json

\b
Exit codes:
  0  every policy is sound and every incident was decided (some may be left to a human)
  1  a policy has mistakes, or an incident cannot be read
  2  wrong usage
"""


@click.command(help=HELP)
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=completion.policies)
@fact_option
@as_of_option
@click.option("--why", is_flag=True, help="Explain each decision: why, why not otherwise, and what would change it.")
@click.option("--summary", is_flag=True, help="Count the outcomes instead of showing each incident.")
@click.option(
    "--ignore", multiple=True, metavar="NAME", help="Leave out a column or key that is no fact; may be repeated."
)
@click.option("-v", "--verbose", is_flag=True, help="Say what follows the patterns of each policy, and why.")
@format_option("text", "json", "github", "sarif")
def command(
    *,
    names: tuple[str, ...],
    facts: tuple[tuple[str, str], ...],
    as_of: dt.date | None,
    why: bool,
    summary: bool,
    ignore: tuple[str, ...],
    verbose: bool,
    format_: str,
) -> None:
    """Check policies and dry-run them."""
    from .dry_run import DryRun, Request
    from .reports import report_for

    inputs = sort_out(names)
    if verbose:
        _print_correlators(inputs.policies)
    if inputs.events:
        raise click.exceptions.Exit(_run_events(inputs, format_))
    request = Request(as_of, why, summary, frozenset(ignore))
    run = DryRun(request, report_for(format_, request))
    for name in inputs.policies:
        run.load(name)
    if inputs.incidents or facts:
        run.decide(inputs.incidents, facts)
    raise click.exceptions.Exit(run.close())


def _print_correlators(names: tuple[str, ...]) -> None:
    """Say on standard error which patterns run on durable_rules, and why the others do not."""
    from ..engine.cases.joiners import reasons
    from ..engine.policy import Policy
    from ..rules.diagnostics import PolicyError
    from .terminal import err

    for name in names:
        try:
            policy = Policy.load(name)
        except PolicyError:
            continue  # is told below
        why = reasons(policy)
        for pattern in policy.tree.case.patterns:
            reason = why.get(pattern.id, "")
            where = f"plain Python: {reason}" if reason else "durable_rules"
            err().line(f"{name}: pattern {pattern.id} runs on {where}", hang=2)


def _run_events(inputs: Inputs, format_: str) -> int:
    """Dry-run event files under each policy, and return the exit code."""
    from .case_dry_run import dry_cases_json, dry_run, print_dry_cases
    from .options import load

    if inputs.incidents or format_ not in ("text", "json"):
        raise click.UsageError("event files are checked by themselves, as text or JSON.")
    found = [dry_run(file, load(name)) for name in inputs.policies for file in inputs.events]
    if format_ == "json":
        from .as_json import write_json
        from .terminal import out

        write_json(out(), dry_cases_json(found))
    else:
        print_dry_cases(found)
    return int(any(dry.problems for dry in found))


@attrs.frozen
class Inputs:
    """The names of a command line, told apart; *events* are the event files of cases."""

    policies: tuple[str, ...]
    incidents: tuple[str, ...]
    events: tuple[str, ...] = ()


def sort_out(names: tuple[str, ...]) -> Inputs:
    """
    Tell policies and incidents apart, folders opened.

    Raises:
        UsageError: If a name means nothing, or there is no policy among them.
    """
    policies: dict[str, None] = {}
    incidents: dict[str, None] = {}
    for name in names:
        if name != "-":
            check_exists(name)
        is_folder = name != "-" and not is_pack(name) and Path(name).is_dir()
        for file in _files(name) if is_folder else [name]:
            is_incident = file == "-" or (not is_pack(file) and Path(file).suffix.lower() in SUFFIXES)
            is_policy = not is_incident and (is_pack(file) or is_policy_file(Path(file)))
            (policies if is_policy else incidents)[file] = None
    events = tuple(name for name in incidents if Path(name).suffix.lower() in (".jsonl", ".ndjson") and is_events(name))
    rest = tuple(name for name in incidents if name not in events)
    return attrs.evolve(_with_a_policy(tuple(policies), rest or events), incidents=rest, events=events)


def is_events(name: str) -> bool:
    """Whether a file of JSON lines holds the events of a case."""
    from .case_dry_run import is_event_file

    return is_event_file(Path(name))


def _files(folder: str) -> list[str]:
    """Return the policies and incidents in a folder; files of their kinds that seem to be neither are named on stderr."""
    from .terminal import err

    found: list[str] = []
    for path in files_below(Path(folder)):
        suffix = path.suffix.lower()
        if suffix not in (".toml", *SUFFIXES):
            continue
        if (suffix == ".toml" and is_policy_file(path)) or _names_a_fact(path):
            found.append(str(path))
        else:
            err().line(f"passed over {path}: neither a policy nor incidents")
    if not found:
        raise click.UsageError(f"there is neither a policy nor an incident in the folder {folder!r}.")
    return found


def _names_a_fact(path: Path) -> bool:
    """Whether a file found in a folder looks like incidents: its beginning has the name of a built-in fact."""
    import re

    from ..rules.incident import Incident
    from ..rules.vocabulary import vocabulary

    names = {name.partition(".")[0] for name in vocabulary(Incident)}
    try:
        with path.open("rb") as file:
            beginning = file.read(65_536).decode(errors="replace")
    except OSError:
        return True  # so that it is told what is wrong with it
    return re.search(rf"\b(?:{'|'.join(sorted(names))})\b", beginning) is not None


def _with_a_policy(policies: tuple[str, ...], incidents: tuple[str, ...]) -> Inputs:
    """Return the inputs; a file alone that could be a policy is checked as one, so that it is told what it lacks."""
    if policies:
        return Inputs(policies, incidents)
    unknown = tuple(name for name in incidents if Path(name).suffix.lower() not in SUFFIXES and name != "-")
    if len(unknown) == len(incidents) == 1:
        return Inputs(unknown, ())
    raise click.UsageError(f"name a policy as well, such as: policy check house {incidents[0]}")
