"""`policy case` on the log itself: write it out, take it in, verify its chain, erase what it says."""

from __future__ import annotations

import datetime as dt
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .case_options import case_argument, example, of_store, opened, policy_option, store_option, text_of
from .options import load

if TYPE_CHECKING:
    from ..engine.policy import Policy


@click.command(epilog=example("policy case export 2026-117 -o 2026-117.jsonl"))
@case_argument
@click.option("-o", "--output", "target", type=click.Path(dir_okay=False), help="A file; standard output otherwise.")
@store_option
def export(*, id_: str, target: str | None, place: str) -> None:
    """Write a case as JSON lines, with the chain that proves its log."""
    from .terminal import out

    with opened(place) as store:
        lines = of_store(lambda: store.export(id_))
    text = "\n".join(lines) + "\n"
    if target is None:
        out().text(text)
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{target!r} cannot be written: {(error.strerror or '').lower()}.") from None


@click.command("import", epilog=example("policy case import 2026-117.jsonl"))
@click.argument("file", metavar="FILE")
@click.option("--messages", is_flag=True, help="Take over messages too; those that had not left then leave from here.")
@policy_option
@store_option
def import_(*, file: str, messages: bool, policy_name: str | None, place: str) -> None:
    """
    Take over cases that were exported; their chains must hold.

    What is owed, and when, is made anew from the log, and where the file says otherwise the exit code is 1. That takes the policy of
    the case: where it is not found, what the file says is taken unchecked.
    """
    from ..engine.cases.arriving import take_in
    from ..rules.moments import milliseconds
    from .case_views import print_arrived

    text, now = text_of(file), milliseconds(dt.datetime.now(dt.UTC))
    named, at_hand = load(policy_name) if policy_name is not None else None, cache(_at_hand)
    with opened(place, create=True) as store:
        found = of_store(
            lambda: take_in(store, text.split("\n"), lambda name: named or at_hand(name), now=now, messages=messages)
        )
    for arrived in found:
        print_arrived(arrived)
    raise click.exceptions.Exit(1 if any(arrived.wrong for arrived in found) else 0)


def _at_hand(name: str) -> Policy | None:
    """Return a policy, or None where there is none of this name, or none that can be used."""
    from ..engine.policy import Policy
    from ..rules.diagnostics import PolicyError

    try:
        return Policy.load(name)
    except (PolicyError, OSError, ValueError):
        return None


@click.command(epilog=example("policy case verify 2026-117"))
@click.argument("ids", nargs=-1, metavar="[CASE]...")
@store_option
def verify(*, ids: tuple[str, ...], place: str) -> None:
    """Verify that nothing in the log of a case, or of all cases, was changed, added or taken away."""
    from .terminal import Piece, counted, out

    output = out()
    with opened(place) as store:
        names = ids or tuple(head.case for head in store.cases())
        faults = [fault for id_ in names for fault in of_store(partial(store.verify, id_))]
    for fault in faults:
        where = f", event {fault.seq}" if fault.seq else ""
        output.line(Piece(f"{fault.case}{where}: ", "bad", whole=True), fault.problem, hang=2)
    output.line(f"{counted(len(names), 'case')}: {counted(len(faults), 'fault') if faults else 'every log holds'}")
    raise click.exceptions.Exit(1 if faults else 0)


@click.command(epilog=example("policy case erase 2026-117 --event 3 --reason 'asked to'"))
@case_argument
@click.option("--event", "events", type=click.IntRange(min=1), multiple=True, metavar="NUMBER", help="Only this event.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@policy_option
@store_option
def erase(*, id_: str, events: tuple[int, ...], reason: str, yes: bool, policy_name: str | None, place: str) -> None:
    """
    Erase what the events of a case say, for good; that they happened, and when, stays.

    What follows from them goes as well: facts, duties, messages. The chain still proves that nothing else was changed.
    A case that is erased as a whole is closed. `policy case show` has the numbers of the events.
    """
    from ..engine.cases.erasing import erase as erase_in
    from ..rules.moments import milliseconds
    from .case_views import print_erasure
    from .terminal import counted

    with opened(place) as store:
        head = of_store(lambda: store.head(id_))
        count = len(events) or head.version
        if not yes:
            click.confirm(f"Erase what {counted(count, 'event')} of {id_!r} say, for good?", abort=True)
        now = milliseconds(dt.datetime.now(dt.UTC))
        policy = load(policy_name or head.policy)
        found = of_store(lambda: erase_in(policy, store, id_, now, events=events or None, reason=reason))
    print_erasure(id_, found)
