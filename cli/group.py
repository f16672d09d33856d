"""The command `policy` itself: a group whose commands are imported when they are called, so that it starts at once."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import attrs
import click


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
    "case": Row(
        "case", "Decide", "Follow incidents that unfold: record events, see what is decided and owed, run what is due."
    ),
    "ask": Row("ask", "Decide", "Ask for the facts that matter until every decision is settled."),
    "sql": Row("sql", "Decide", "Write a policy as one SQL query, to decide where the data already is."),
