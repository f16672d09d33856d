"""`policy case` on one case: open it, record what happened, show it, check a reply."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from .case_options import (
    at_option,
    case_argument,
    case_of,
    example,
    key_option,
    opened,
    policy_option,
    recorded_or_end,
    store_option,
    text_of,
)
from .options import Stated, fact_option, format_option, load

if TYPE_CHECKING:
    from ..engine.cases.case import Case, Recorded


@click.command(
    "open", epilog=example("policy case open 2026-117 --policy house --fact abuse=rude --fact loss='20 USD'")
)
@case_argument
@policy_option
@fact_option
@at_option
@key_option
@store_option
def open_(
    *, id_: str, policy_name: str | None, facts: tuple[tuple[str, str], ...], at: dt.date | None, key: str, place: str
) -> None:
    """Open a case with the facts known so far."""
    from ..engine.cases.case import Case, Recorded
    from ..engine.cases.plain import Plain
    from .case_timeline import print_changes
    from .case_views import print_state

    if policy_name is None:
        raise click.UsageError("name the policy of the case, such as --policy house.")
    policy = load(policy_name)
    with opened(place, create=True) as store:
        found: list[Case] = []

        def begin() -> Recorded:
            named, plain = _absolute(policy_name), Plain(policy.tree.case.patterns)
            case = Case.open(policy, id_, dict(facts), at=at, store=store, key=key, named=named, joiner=plain)
            found.append(case)
            return Recorded(case.events, case.timeline)

        print_changes(recorded_or_end(begin), policy)
        print_state(found[0])


def _absolute(name: str) -> str:
    """Return a policy's name so that it is found from any folder."""
    from .options import is_pack

    return name if is_pack(name) else str(Path(name).resolve())


@click.command(
    epilog=example(
        "policy case record 2026-117 post_seen author=ann views=12_000",
        "policy case record 2026-117 payment_made amount='35 USD' --dry-run",
    )
)
@case_argument
@click.argument("kind")
@click.argument("fields", nargs=-1, type=Stated(), metavar="[FIELD=VALUE]...")
@at_option
@key_option
@click.option("--dry-run", "is_dry", is_flag=True, help="Say what it would lead to, and record nothing.")
@policy_option
@store_option
def record(
    *,
    id_: str,
    kind: str,
    fields: tuple[tuple[str, str], ...],
    at: dt.date | None,
    key: str,
    is_dry: bool,
    policy_name: str | None,
    place: str,
) -> None:
    """
    Record that something happened, such as `post_seen author=ann views=12_000`.

    Facts of the incident are learned with `fact_learned injury=true loss='30 USD'`. With --dry-run the exit code is 1 where
    it must not happen now.
    """
    from ..rules.event_reading import WITH_FACTS
    from .case_timeline import print_changes
    from .case_views import print_trouble
    from .terminal import err

    for name in ("at", "key"):
        if name in dict(fields):
            raise click.UsageError(f"{name!r} is no field: it is said with --{name}.")
    with opened(place) as store:
        case = case_of(store, id_, policy_name)
        given: dict[str, Any] = dict(fields)
        if kind in WITH_FACTS:
            given = {"facts": given}
        _check_owed(case, kind, given)
        if is_dry:
            _foresee(case, kind, at, given)
        recorded = recorded_or_end(lambda: case.record(kind, at=at, key=key, **given))
        print_changes(recorded, case.policy)
        print_trouble(case, err())


#: The events that say that something owed was done, by what is owed, and the field that names it.
_DONE: Final = {"duty_done": ("duty", "duty"), "promise_kept": ("promise", "promise")}


def _check_owed(case: Case, kind: str, fields: dict[str, Any]) -> None:
    """
    See that what is said to be done is owed, since an event is recorded for good.

    Raises:
        UsageError: If nothing of that name is or was owed.
    """
    from .group import did_you_mean

    owed, field = _DONE.get(kind, ("", ""))
    named = fields.get(field)
    known = [entry.id for entry in case.obligations if entry.kind == owed]
    if isinstance(named, str) and named not in known:
        raise click.UsageError(f"no {owed} {named[:80]!r} is owed in this case.{did_you_mean(named[:80], known)}")


def _foresee(case: Case, kind: str, at: dt.date | None, fields: dict[str, Any]) -> NoReturn:
    """Say what an event would lead to, and end with 1 where it must not happen."""
    from ..engine.cases.case import Recorded
    from .case_timeline import print_changes
    from .terminal import out

    found = recorded_or_end(lambda: Recorded((), case.foresee(kind, at=at, **fields)))
    print_changes(found, case.policy)
    out().line("nothing was recorded")
    forbidden = {pattern.id for pattern in case.policy.tree.case.patterns if pattern.forbidden}
    never = any(match.pattern in forbidden for moment in found.moments for match in moment.matches)
    raise click.exceptions.Exit(1 if never else 0)


@click.command(epilog=example("policy case show 2026-117"))
@case_argument
@policy_option
@store_option
@format_option("text", "json")
def show(*, id_: str, policy_name: str | None, place: str, format_: str) -> None:
    """Show a case: what happened, what is known, decided and owed, and what to do next."""
    from .case_views import print_case
    from .terminal import out

    with opened(place) as store:
        case = case_of(store, id_, policy_name)
        if format_ == "json":
            from .as_json import write_json
            from .case_data import case_json

            write_json(out(), case_json(case))
        else:
            print_case(case)


@click.command(epilog=example("policy case reply 2026-117 draft.txt"))
@case_argument
@click.argument("draft", default="-", metavar="[FILE]")
@policy_option
@store_option
@format_option("text", "json")
def reply(*, id_: str, draft: str, policy_name: str | None, place: str, format_: str) -> None:
    """
    Check a draft of a reply before it is sent; the draft is a file, or - for standard input.

    It is held against the policy's `[replies]` and the state of the case. The exit code is 1 where something speaks
    against it.
    """
    from .case_views import print_objections

    text = text_of(draft)
    with opened(place) as store:
        case = case_of(store, id_, policy_name)
        objections = case.check_reply(text)
    if format_ == "json":
        from .as_json import write_json
        from .case_data import objections_json
        from .terminal import out

        write_json(out(), objections_json(objections))
    else:
        print_objections(text, objections)
    raise click.exceptions.Exit(1 if objections else 0)
