"""`policy show`: what a policy says once all that it extends is in place."""

from __future__ import annotations

import click

from . import completion
from .options import format_option, load

HELP = """\
Show a policy in plain English, as a table, or as one file.

POLICY is a file or a shipped pack. What is shown is the whole: its own rules and those of every policy that it
extends, replaced and switched off as it says, each with the file and line where it was written. As `toml` it is one
self-contained file that extends nothing and decides the same.

\b
Examples:
  policy show policy.toml
  policy show house --format table
  policy show policy.toml --format toml > complete.toml

\b
Exit codes:
  0  shown
  1  the policy has mistakes
  2  wrong usage
"""


@click.command(help=HELP)
@click.argument("policy", metavar="POLICY", shell_complete=completion.policies)
@format_option("english", "table", "toml")
def command(*, policy: str, format_: str) -> None:
    """Show a policy."""
    from .terminal import out

    loaded = load(policy)
    match format_:
        case "toml":
            from ..rules.layout import format_document
            from ..rules.one_file import one_file

            out().stream.write(format_document(one_file(loaded.tree, loaded.documents))[0])
        case "table":
            from .show_table import print_table

            print_table(out(), loaded)
        case _:
            from .show_english import English

            English(out(), loaded).write()
