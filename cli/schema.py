"""`policy schema`: the JSON Schema of policy files."""

from __future__ import annotations

import click

HELP = """\
Print the JSON Schema of policy files, for editors.

Editors with a TOML language server (taplo, as in Even Better TOML) complete and check a policy that names the schema
in its first line: `#:schema ./policy.schema.json`. The schema knows tables, keys, built-in facts and decisions; what
conditions mean is for `policy check`.

\b
Example:
  policy schema > policy.schema.json
"""


@click.command(help=HELP)
def command() -> None:
    """Print the schema."""
    from ..rules.json_schema import policy_schema
    from .as_json import write_json
    from .terminal import out

    write_json(out(), policy_schema())
