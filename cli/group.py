"""The command `policy` itself: a group whose commands are imported when they are called, so that it starts at once."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import attrs
import click

from .sparing import OWN_PROCESS


@attrs.frozen
class Row:
    """A command as the group lists it: where it lives, the section of the help it stands in, what it does."""

    module: str
    section: str
    about: str


#: Every command. A test holds *about* to the first sentence of the command's own help.
COMMANDS: Final[dict[str, Row]] = {
    "init": Row("init", "Write", "Write a policy to start from, with comments."),
    "check": Row("check", "Write", "Check policies, and dry-run them on incidents."),
    "test": Row("test", "Write", "Run the owner's own cases."),
    "verify": Row("verify", "Write", "Prove what a policy leaves open, and what can never happen in it."),
    "diff": Row(
        "diff", "Write", "Prove that two policies decide alike, or list the incidents that they decide differently."
    ),
    "fmt": Row("fmt", "Write", "Lay out policy files, comments kept."),
    "decide": Row("decide", "Decide", "Decide every row of a file, of any size."),
    "map": Row("map", "Decide", "Propose or check a mapping: which column of a file is which fact."),
    "case": Row(
        "case", "Decide", "Follow incidents that unfold: record events, see what is decided and owed, run what is due."
    ),
    "ask": Row("ask", "Decide", "Ask for the facts that matter until every decision is settled."),
    "backtest": Row(
        "backtest",
        "Decide",
        "Decide past incidents by a policy, or by two, and say what changes and what it costs.",
    ),
    "tune": Row(
        "tune",
        "Decide",
        "Sweep a parameter over a range on past incidents: what it costs, what changes, what is left to a human.",
    ),
    "sql": Row("sql", "Decide", "Write a policy as one SQL query, to decide where the data already is."),
    "replay": Row("replay", "Decide", "Decide recorded incidents again and compare."),
    "show": Row("show", "Read", "Show a policy in plain English, as a table, or as one file."),
    "packs": Row("packs", "Read", "List the policies that ship with Evenhand."),
    "explain": Row("explain", "Read", "Explain a diagnostic: what it means, and how to mend it."),
    "schema": Row("schema", "Read", "Print the JSON Schema of policy files, for editors."),
}

SECTIONS: Final = {
    "Write": "Write a policy",
    "Decide": "Decide with it",
    "Read": "Read about it",
}

HELP: Final = """\
Decide about customer incidents by a policy that the owner wrote: refund, defend staff, walk away, insurance.

\b
Examples:
  policy init
  policy check policy.toml
  policy check house docs/examples/incidents/knitted-vest.toml
  policy check house --fact abuse=violent --fact fault=customer

\b
Exit codes:
  0  all is well
  1  something was found: a mistake in a policy, a failed test, an incident that cannot be read
  2  wrong usage: an option, a name or a file that does not exist
"""


class PolicyGroup(click.Group):
    """A group that imports a command when it is called, and suggests the nearest one where there is none."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run; without arguments of its own it was called by a shell."""
        if (args[0] if args else options.get("args")) is None:
            options.setdefault("obj", OWN_PROCESS)
        return super().main(*args, **options)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 because click hands it over
        """Return the names of all commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 as above
        """Import and return a command."""
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        command = import_module(f".{row.module}", __package__).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was called."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"there is no command {args[0]!r}.{did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 as above
        """Write the commands in their sections, without importing any."""
        for section, title in SECTIONS.items():
            rows = [(name, row.about) for name, row in COMMANDS.items() if row.section == section]
            with formatter.section(title):
                formatter.write_dl(rows)


def did_you_mean(word: str, known: Any) -> str:
    """Return ` Did you mean 'check'?`, or nothing where no known word is near."""
    from difflib import get_close_matches

    found = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f" Did you mean {found[0]!r}?" if found else ""


def print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """Print the version of the installed distribution and leave."""
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"policy, from Evenhand {version('evenhand')}")
        except PackageNotFoundError:
            click.echo("policy, from an Evenhand that is not installed")
        ctx.exit()


@click.command(
    "policy",
    cls=PolicyGroup,
    help=HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="`policy COMMAND --help` says more about each, with an example.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=print_version, help="Print the version."
)
def main() -> None:
    """Run the command line."""
    from .terminal import forgive_encodings

    forgive_encodings()
