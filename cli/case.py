"""`policy case`: incidents that unfold, from the first post to the last promise."""

from __future__ import annotations

import click

from . import case_due, case_log, case_one

HELP = """\
Follow incidents that unfold: record events, see what is decided and owed, run what is due.

A case is a log of events that only grows. Every event decides anew; duties, promises and steps have deadlines; what is
recorded is on the disk before the command ends. Cases are kept in a SQLite file, `cases.db` unless --store or
EVENHAND_STORE names another or a PostgreSQL database. It needs an extra: pip install 'evenhand[cases]'.

\b
Examples:
  policy case open 2026-117 --policy house --fact abuse=rude --fact loss='20 USD'
  policy case record 2026-117 post_seen author=ann views=12_000
  policy case show 2026-117
  policy case list --overdue
  policy case due --follow

\b
Exit codes:
  0  all is well
  1  something was found: an event that cannot be recorded, something overdue, a chain that does not hold
  2  wrong usage: a case, a store or an option that does not exist
"""


@click.group(help=HELP)
def command() -> None:
    """Follow incidents that unfold."""


for _each in (
    *(case_one.open_, case_one.record, case_one.show, case_one.reply),
    *(case_due.list_, case_due.due, case_due.deliver),
    *(case_log.export, case_log.import_, case_log.verify, case_log.erase),
):
    command.add_command(_each)
