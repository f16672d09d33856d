"""`policy case`: incidents that unfold, from the first post to the last promise."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from . import completion
from .options import Moment, Stated, fact_option, format_option, load

if TYPE_CHECKING:
    from ..engine.cases.case import Case, Recorded
    from ..engine.cases.store.sinks import Sink
    from ..engine.cases.store.store import Store

Result = TypeVar("Result")

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

#: How long `due --follow` sleeps at most, in seconds.
_LONGEST_SLEEP: Final = 5.0
#: How long a worker has for one case, in milliseconds.
_LEASE: Final = 60_000


@click.group(help=HELP)
def command() -> None:
    """Follow incidents that unfold."""


_store_option = click.option(
    "--store",
    "place",
    metavar="FILE",
    envvar="EVENHAND_STORE",
    default="cases.db",
    show_default=True,
    help="Where cases are kept: a file, or postgresql://…",
)
_policy_option = click.option(
    "--policy",
    "policy_name",
    metavar="POLICY",
    envvar="EVENHAND_POLICY",
    shell_complete=completion.policies,
    help="The policy to follow: a file, or a shipped pack; that of the case unless said otherwise.",
)
_at_option = click.option("--at", type=Moment(), metavar="TIME", help="When it happened; now unless said otherwise.")
_key_option = click.option(
    "--key", default="", metavar="KEY", help="A name for the event, so that it is recorded once."
)
_case_argument = click.argument("id_", metavar="CASE")


def _opened(place: str, *, create: bool = False) -> Store:
    """
    Open the store.

    Raises:
        UsageError: If there is none, or it cannot be used.
    """
    from ..engine.cases.store import StoreError, open_store

    try:
        return open_store(place, create=create)
    except StoreError as error:
        raise click.UsageError(f"{_sentence(error)}") from None


def _sentence(error: Exception) -> str:
    message, help_ = getattr(error, "message", str(error)), getattr(error, "help", "")
    return f"{message}{f': {help_}' if help_ else ''}."


def _case(store: Store, id_: str, policy_name: str | None) -> Case:
    """
    Return a case as the store has it, under its policy or another.

    Raises:
        UsageError: If there is no such case.
    """
    from ..engine.cases.case import Case
    from ..engine.cases.plain import Plain
    from ..engine.cases.store import CaseUnknown, StoreError
    from .group import did_you_mean

    try:
        head = store.head(id_)
        policy = load(policy_name or head.policy)
        # A worker process would take longer to start than the command takes.
        return Case.load(policy, id_, store, joiner=Plain(policy.tree.case.patterns))
    except CaseUnknown:
        known = [head.case for head in store.cases()][:10_000]
        raise click.UsageError(f"there is no case {id_!r}.{did_you_mean(id_, known)}") from None
    except StoreError as error:
        raise click.UsageError(_sentence(error)) from None


def _recorded(work: Callable[[], Recorded]) -> Recorded:
    """Record, or say everything that is wrong and end with 1."""
    from ..engine.cases.case import EventProblems
    from ..engine.cases.joining import CorrelationError
    from ..engine.cases.store import StoreError
    from .terminal import err

    try:
        return work()
    except EventProblems as problems:
        from .findings import print_findings

        print_findings(problems.diagnostics)
    except (CorrelationError, StoreError) as error:
        err().line(_sentence(error))
    raise click.exceptions.Exit(1)


def _moment(at: dt.date | None) -> dt.datetime | None:
    if at is None or isinstance(at, dt.datetime):
        return at
    return dt.datetime(at.year, at.month, at.day, tzinfo=dt.UTC)


@command.command("open")
@_case_argument
@_policy_option
@fact_option
@_at_option
@_key_option
@_store_option
def open_(
    *, id_: str, policy_name: str | None, facts: tuple[tuple[str, str], ...], at: dt.date | None, key: str, place: str
) -> None:
    """Open a case with the facts known so far."""
    from ..engine.cases.case import Case, Recorded
    from ..engine.cases.plain import Plain
    from .case_views import print_changes, print_state

    if policy_name is None:
        raise click.UsageError("name the policy of the case, such as --policy house.")
    policy = load(policy_name)
    with _opened(place, create=True) as store:
        found: list[Case] = []

        def begin() -> Recorded:
            named, plain = _absolute(policy_name), Plain(policy.tree.case.patterns)
            case = Case.open(policy, id_, dict(facts), at=_moment(at), store=store, key=key, named=named, joiner=plain)
            found.append(case)
            return Recorded(case.events, case.timeline)

        print_changes(_recorded(begin), policy)
        print_state(found[0])


def _absolute(name: str) -> str:
    """Return a policy's name so that it is found from any folder."""
    from .options import is_pack

    return name if is_pack(name) else str(Path(name).resolve())


@command.command()
@_case_argument
@click.argument("kind")
@click.argument("fields", nargs=-1, type=Stated(), metavar="[FIELD=VALUE]...")
@_at_option
@_key_option
@_policy_option
@_store_option
def record(
    *,
    id_: str,
    kind: str,
    fields: tuple[tuple[str, str], ...],
    at: dt.date | None,
    key: str,
    policy_name: str | None,
    place: str,
) -> None:
    """
    Record that something happened, such as `post_seen author=ann views=12_000`.

    Facts of the incident are learned with `fact_learned injury=true loss='30 USD'`.
    """
    from ..rules.event_reading import WITH_FACTS
    from .case_views import print_changes

    with _opened(place) as store:
        case = _case(store, id_, policy_name)
        given: dict[str, Any] = dict(fields)
        if kind in WITH_FACTS:
            given = {"facts": given}
        recorded = _recorded(lambda: case.record(kind, at=_moment(at), key=key, **given))
        print_changes(recorded, case.policy)


@command.command()
@_case_argument
@_policy_option
@_store_option
@format_option("text", "json")
def show(*, id_: str, policy_name: str | None, place: str, format_: str) -> None:
    """Show a case: what happened, what is known, decided and owed, and what to do next."""
    from .case_views import case_json, print_case
    from .terminal import out

    with _opened(place) as store:
        case = _case(store, id_, policy_name)
        if format_ == "json":
            from .as_json import write_json

            write_json(out(), case_json(case))
        else:
            print_case(case)


@command.command("list")
@click.option(
    "--overdue", is_flag=True, help="Only those with something that should have been done by now; exit code 1."
)
@click.option("--status", type=click.Choice(("open", "monitored", "closed")), help="Only those of this status.")
@_store_option
@format_option("text", "json")
def list_(*, overdue: bool, status: str | None, place: str, format_: str) -> None:
    """List cases."""
    from ..engine.cases.business_time import milliseconds
    from .case_views import heads_json, print_heads

    now = milliseconds(dt.datetime.now(dt.UTC))
    with _opened(place) as store:
        heads = store.cases(status=status, overdue_at=now if overdue else None)
        ledgers = {head.case: store.ledger(head.case) for head in heads}
    if format_ == "json":
        from .as_json import write_json
        from .terminal import out

        write_json(out(), heads_json(heads, ledgers, now))
    else:
        print_heads(heads, ledgers, now)
    raise click.exceptions.Exit(1 if overdue and heads else 0)


@command.command()
@click.option("--follow", is_flag=True, help="Go on as time passes, until stopped with Ctrl-C.")
@_policy_option
@_store_option
def due(*, follow: bool, policy_name: str | None, place: str) -> None:
    """Record what time alone has led to: duties and promises not kept, silence, the end of watching."""
    from .case_views import print_moments
    from .terminal import out

    with _opened(place) as store:
        count = 0
        while True:
            for case, recorded in _run_due(store, policy_name):
                count += 1
                print_moments(case.id, recorded.moments, case.policy)
            if not follow:
                break
            _sleep_until(store.next_due())
        if not count:
            out().line("nothing was due")


def _run_due(store: Store, policy_name: str | None) -> Any:
    """Yield each case of which a timer was due, with what was recorded."""
    import os
    import socket

    from ..engine.cases.business_time import milliseconds
    from ..engine.cases.store import ClaimLost

    worker = f"{socket.gethostname()}:{os.getpid()}"
    while True:
        now = dt.datetime.now(dt.UTC)
        claim = store.claim_due(milliseconds(now), worker, _LEASE)
        if claim is None:
            return
        case = _case(store, claim.case, policy_name)
        try:
            yield case, case.run_due(now=now, claim=claim)
        except ClaimLost:
            continue


def _sleep_until(at: int | None) -> None:
    import time

    now = time.time()
    time.sleep(max(min(_LONGEST_SLEEP, (at or 0) / 1000 - now if at is not None else _LONGEST_SLEEP), 0.05))


@command.command()
@_case_argument
@click.argument("draft", default="-", metavar="[FILE]")
@_policy_option
@_store_option
@format_option("text", "json")
def reply(*, id_: str, draft: str, policy_name: str | None, place: str, format_: str) -> None:
    """
    Check a draft of a reply before it is sent; the draft is a file, or - for standard input.

    It is held against the policy's `[replies]` and the state of the case. The exit code is 1 where something speaks
    against it.
    """
    from .case_views import objections_json, print_objections

    text = _draft(draft)
    with _opened(place) as store:
        case = _case(store, id_, policy_name)
        objections = case.check_reply(text)
    if format_ == "json":
        from .as_json import write_json
        from .terminal import out

        write_json(out(), objections_json(objections))
    else:
        print_objections(text, objections)
    raise click.exceptions.Exit(1 if objections else 0)


def _draft(name: str) -> str:
    if name == "-":
        return sys.stdin.read().rstrip("\n")
    try:
        return Path(name).read_text(encoding="utf-8").rstrip("\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise click.UsageError(f"{name!r} cannot be read: {str(reason).lower()}.") from None


# --- the store as a whole --------------------------------------------------------------------------------------------


@command.command()
@_case_argument
@click.option("-o", "--output", "target", type=click.Path(dir_okay=False), help="A file; standard output otherwise.")
@_store_option
def export(*, id_: str, target: str | None, place: str) -> None:
    """Write a case as JSON lines, with the chain that proves its log."""
    from .terminal import out

    with _opened(place) as store:
        lines = _of_store(lambda: store.export(id_))
    text = "\n".join(lines) + "\n"
    if target is None:
        out().text(text)
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{target!r} cannot be written: {(error.strerror or '').lower()}.") from None


@command.command("import")
@click.argument("file", metavar="FILE")
@_store_option
def import_(*, file: str, place: str) -> None:
    """Take over cases that were exported; their chains must hold."""
    from .terminal import out

    text = _draft(file)
    with _opened(place, create=True) as store:
        for id_ in _of_store(lambda: store.import_cases(text.splitlines())):
            out().line(id_)


@command.command()
@click.argument("ids", nargs=-1, metavar="[CASE]...")
@_store_option
def verify(*, ids: tuple[str, ...], place: str) -> None:
    """Verify that nothing in the log of a case, or of all cases, was changed, added or taken away."""
    from .terminal import Piece, counted, out

    output = out()
    with _opened(place) as store:
        names = ids or tuple(head.case for head in store.cases())
        faults = [fault for id_ in names for fault in _of_store(partial(store.verify, id_))]
    for fault in faults:
        where = f", event {fault.seq}" if fault.seq else ""
        output.line(Piece(f"{fault.case}{where}: ", "bad", whole=True), fault.problem, hang=2)
    output.line(f"{counted(len(names), 'case')}: {counted(len(faults), 'fault') if faults else 'every log holds'}")
    raise click.exceptions.Exit(1 if faults else 0)


@command.command()
@_case_argument
@click.option("--event", "events", type=click.IntRange(min=1), multiple=True, metavar="NUMBER", help="Only this event.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_store_option
def erase(*, id_: str, events: tuple[int, ...], reason: str, yes: bool, place: str) -> None:
    """
    Erase what the events of a case say, for good; that they happened, and when, stays.

    The chain still proves that nothing else was changed.
    """
    from ..engine.cases.business_time import milliseconds
    from .terminal import counted, out

    with _opened(place) as store:
        head = _of_store(lambda: store.head(id_))
        count = len(events) or head.version
        if not yes:
            click.confirm(f"Erase what {counted(count, 'event')} of {id_!r} say, for good?", abort=True)
        now = milliseconds(dt.datetime.now(dt.UTC))
        _of_store(lambda: store.erase(id_, now, events=events or None, reason=reason))
    out().line(f"erased: {counted(count, 'event')} of {id_}")


@command.command()
@click.option("--to-file", "file", metavar="FILE", help="Append each message to a file, as a line of JSON.")
@click.option("--to-command", "argv", metavar="COMMAND", help="Run a command for each message, which is its input.")
@click.option("--to-webhook", "url", metavar="URL", help="Post each message, signed with EVENHAND_WEBHOOK_SECRET.")
@_store_option
def deliver(*, file: str | None, argv: str | None, url: str | None, place: str) -> None:
    """
    Deliver what the outbox holds: duties that came up or were not done in time, cases that were closed or opened again.

    Each message leaves at least once, under a key that stays the same. The exit code is 1 where one was given up.
    """
    from ..engine.cases.business_time import milliseconds
    from .terminal import Piece, counted, err, out

    sink = _sink(file, argv, url)
    with _opened(place) as store:
        found = _of_store(lambda: store.deliver(sink, milliseconds(dt.datetime.now(dt.UTC))))
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


def _of_store(work: Callable[[], Result]) -> Result:
    """
    Ask the store.

    Raises:
        UsageError: If it cannot answer: there is no such case, or a file that is none.
    """
    from ..engine.cases.store import StoreError

    try:
        return work()
    except StoreError as error:
        raise click.UsageError(_sentence(error)) from None
