"""The reference of the command line in Markdown, made from `--help`."""

from __future__ import annotations

from typing import Any, Final

import click

from .group import COMMANDS, SECTIONS, main

_WIDTH: Final = 100

_LEAD: Final = """\
Every command and option, as `--help` prints it. Results go to standard output, diagnostics to standard error.

Colours are used on a terminal only; `NO_COLOR` turns them off, `FORCE_COLOR` asks for them in a pipe.

## Shell completion

Names of commands and options complete in bash (4.4 or later), zsh and fish. Add the line of your shell:

| shell | line | in |
| --- | --- | --- |
| bash | `eval "$(_POLICY_COMPLETE=bash_source policy)"` | `~/.bashrc` |
| zsh | `eval "$(_POLICY_COMPLETE=zsh_source policy)"` | `~/.zshrc` |
| fish | `_POLICY_COMPLETE=fish_source policy \\| source` | `~/.config/fish/completions/policy.fish` |
"""


def cli_reference() -> str:
    """Return the page: the command itself, then each command in the order of the help."""
    parts = ["# The command line", _LEAD.strip(), "## policy", _fenced(help_text())]
    for section in SECTIONS:
        for name, row in COMMANDS.items():
            if row.section == section:
                parts += [f"## policy {name}", _fenced(help_text(name))]
    return "\n\n".join(parts) + "\n"


def help_text(name: str = "") -> str:
    """Return what `--help` prints for the group, or for a command."""
    settings: dict[str, Any] = {
        "terminal_width": _WIDTH,
        "max_content_width": _WIDTH,
        "help_option_names": ["-h", "--help"],
    }
    group = click.Context(main, info_name="policy", **settings)
    command = main.get_command(group, name) if name else main
    assert command is not None
    context = group if command is main else click.Context(command, parent=group, info_name=name, **settings)
    return command.get_help(context)


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```"
