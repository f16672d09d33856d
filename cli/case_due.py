"""`policy case` on all cases at once: list them, run what is due, deliver what is to be told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .case_options import case_of, example, of_store, opened, policy_option, store_option
from .options import format_option

if TYPE_CHECKING:
    from ..engine.cases.store.sinks import Sink
    from ..engine.cases.store.store import Store


#: How long `due --follow` sleeps at most, in seconds.
_LONGEST_SLEEP: Final = 5.0
#: How long a worker has for one case, in milliseconds.
_LEASE: Final = 60_000


@click.command("list", epilog=example("policy case list --overdue"))
@click.option(
    "--overdue", is_flag=True, help="Only those with something that should have been done by now; exit code 1."
)
@click.option("--status", type=click.Choice(("open", "monitored", "closed")), help="Only those of this status.")
@store_option
@format_option("text", "json")
def list_(*, overdue: bool, status: str | None, place: str, format_: str) -> None:
    """List cases."""
    from ..rules.moments import milliseconds
    from .case_views import print_heads

    now = milliseconds(dt.datetime.now(dt.UTC))
    with opened(place) as store:
        heads = store.cases(status=status, overdue_at=now if overdue else None)
        ledgers = {head.case: store.ledger(head.case) for head in heads}
    if format_ == "json":
        from .as_json import write_json
        from .case_data import heads_json
        from .terminal import out

        write_json(out(), heads_json(heads, ledgers, now))
    else:
        print_heads(heads, ledgers, now, overdue=overdue)
    raise click.exceptions.Exit(1 if overdue and heads else 0)


@click.command(epilog=example("policy case due --follow"))
@click.option("--follow", is_flag=True, help="Go on as time passes, until stopped with Ctrl-C.")
@policy_option
@store_option
def due(*, follow: bool, policy_name: str | None, place: str) -> None:
    """Record what time alone has led to: duties and promises not kept, silence, the end of watching."""
    from .case_timeline import print_moments
    from .terminal import out

    with opened(place) as store:
        count = failed = 0
        while True:
            for case, recorded in _run_due(store, policy_name):
                if case is None:
                    failed += 1
                    continue
                count += 1
                print_moments(case.id, recorded.moments, case.policy)
            if not follow:
                break
            _sleep_until(store.next_due())
        if not count and not failed:
            out().line("nothing was due")
    raise click.exceptions.Exit(1 if failed else 0)


def _run_due(store: Store, policy_name: str | None) -> Any:
    """
    Yield each case of which a timer was due, with what was recorded.

    A case that cannot be followed holds up no other: it is told, None stands for it, and its timer is tried again later.
    """
    import os
    import socket

    from ..engine.cases.store import ClaimLost, StoreError
    from ..rules.moments import milliseconds
    from .terminal import err

    worker = f"{socket.gethostname()}:{os.getpid()}"
    while True:
        now = dt.datetime.now(dt.UTC)
        claim = store.claim_due(milliseconds(now), worker, _LEASE)
        if claim is None:
            return
        try:
            case = case_of(store, claim.case, policy_name)
            recorded = case.run_due(now=now, claim=claim)
        except ClaimLost:
            continue
        except (click.ClickException, click.exceptions.Exit, StoreError) as error:
            told = getattr(error, "message", "") or str(error)
            is_policy = isinstance(error, click.exceptions.Exit)  # what is wrong with it has been said
            err().line(f"{claim.case}: {'its policy cannot be used' if is_policy else told}")
            yield None, None
            continue
        yield case, recorded


def _sleep_until(at: int | None) -> None:
    import time

    now = time.time()
    time.sleep(max(min(_LONGEST_SLEEP, (at or 0) / 1000 - now if at is not None else _LONGEST_SLEEP), 0.05))


@click.command(epilog=example("policy case deliver --to-file messages.jsonl"))
@click.option("--to-file", "file", metavar="FILE", help="Append each message to a file, as a line of JSON.")
@click.option("--to-command", "argv", metavar="COMMAND", help="Run a command for each message, which is its input.")
@click.option("--to-webhook", "url", metavar="URL", help="Post each message, signed with EVENHAND_WEBHOOK_SECRET.")
@store_option
def deliver(*, file: str | None, argv: str | None, url: str | None, place: str) -> None:
    """
    Deliver what the outbox holds: what is owed, was not done in time or is owed no longer; cases closed or opened again.

    Each message leaves at least once, under a key that stays the same. The exit code is 1 where one was given up.
    """
    from ..rules.moments import milliseconds
    from .terminal import Piece, counted, err, out

    sink = _sink(file, argv, url)
    with opened(place) as store:
        found = of_store(lambda: store.deliver(sink, milliseconds(dt.datetime.now(dt.UTC))))
    for key in found.given_up:
        err().line(Piece(f"{key}: given up", "bad"))
    more = f", {len(found.again)} to be tried again" if found.again else ""
    out().line(f"{counted(len(found.sent), 'message')} delivered{more}")
    raise click.exceptions.Exit(1 if found.given_up else 0)


def _sink(file: str | None, argv: str | None, url: str | None) -> Sink:
    """
    Return where messages go.

    Raises:
        UsageError: Unless exactly one place is named.
    """
    import os
    import shlex

    from ..engine.cases.store.sinks import CommandSink, FileSink, WebhookSink

    if sum(place is not None for place in (file, argv, url)) != 1:
        raise click.UsageError("say where to: --to-file, --to-command or --to-webhook.")
    try:
        if file is not None:
            return FileSink(Path(file))
        if argv is not None:
            return CommandSink(tuple(shlex.split(argv)))
        secret = os.environ.get("EVENHAND_WEBHOOK_SECRET", "")
        if not secret:
            raise click.UsageError("a webhook needs a secret to sign with, in EVENHAND_WEBHOOK_SECRET.")
        return WebhookSink(str(url), secret.encode())
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None
