"""Cases that come from another store: what stands beside their logs follows from the logs, and is made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from ..policy import Policy
from .passing import replayed
from .plain import Plain
from .recording import Recording, changes

if TYPE_CHECKING:
    from .store import LedgerRow
    from .store.store import Store
    from .store.transfer import Arriving

#: The rows that a state of a case leads to, as `changes` returns them.
_Rows: TypeAlias = Mapping[str, Any]


@attrs.frozen
class Arrived:
    """
    A case that was taken in.

    *is_checked* says whether what stood beside its log was made anew from it, which takes its policy; *wrong* is what stood there
    and does not follow from the log, a phrase each. *left_behind* counts messages that had not left, and were not taken over.
    """

    case: str
    policy: str
    is_checked: bool
    wrong: tuple[str, ...]
    left_behind: int


def take_in(
    store: Store, lines: Iterable[str], policy_of: Callable[[str], Policy | None], *, now: int, messages: bool = False
) -> tuple[Arrived, ...]:
    """
    Take in the cases that exported lines tell of, all or none; *now* is in milliseconds since 1970.

    *policy_of* finds a policy by the name under which a case has it, or returns None: ledger, timers and status of such a case
    are taken as they stand. No log proves what was told to the world, so messages are taken over with *messages* only.

    Raises:
        StoreError: If a line is not as it was written, a chain does not hold, or a case is there already.
    """
    found: list[Arrived] = []

    def checked(case: Arriving) -> Arriving:
        policy = policy_of(case.head.policy)
        wrong = () if policy is None else tuple(_made_anew(case, policy, now))
        waiting = 0 if messages else sum(message.get("state") == "waiting" for message in case.messages)
        if not messages:
            case.messages = []
        found.append(Arrived(case.head.id, case.head.policy, policy is not None, wrong, waiting))
        return case

    store.import_cases(lines, checked=checked)
    return tuple(found)


def _made_anew(case: Arriving, policy: Policy, now: int) -> Iterator[str]:
    """Put what follows from the log of a case beside it, and yield what stood there instead."""
    ledger = _by_name(case.ledger)
    due = sorted(timer.due_at for timer in case.timers if timer.state == "waiting")
    # What had not come in time is no event, so the case may have stood as at any moment since the last one.
    agreeing = (rows for rows in _states(case, policy, now) if _by_name(rows["ledger"]) == ledger)
    rows = next(agreeing, None) or next(_states(case, policy, now))
    follows = _by_name(rows["ledger"])
    yield from _differences(ledger, follows)
    if due != sorted(timer.due_at for timer in rows["timers"]):
        yield "its timers were not those of its deadlines"
    if rows["status"] != case.head.status:
        yield f"it was said to be {case.head.status}, and is {rows['status']}"
    case.ledger, case.timers = list(follows.values()), list(rows["timers"])
    case.head = case.head._replace(status=rows["status"])


def _states(case: Arriving, policy: Policy, now: int) -> Iterator[_Rows]:
    """Yield what stands beside a log after its last event, and after each moment until now at which something had not come."""
    progress = replayed(policy, Plain(policy.tree.case.patterns), case.log)
    while True:
        yield {"status": progress.status, **changes(Recording(), progress)}
        at = progress.correlation.next_due
        if at is None or at > now:
            return
        progress.wait(at)


def _by_name(rows: Iterable[LedgerRow]) -> dict[tuple[str, str], LedgerRow]:
    return {(row.kind, row.id): row for row in rows}


def _differences(
    stood: Mapping[tuple[str, str], LedgerRow], follows: Mapping[tuple[str, str], LedgerRow]
) -> Iterator[str]:
    for name, row in follows.items():
        was = stood.get(name)
        if was is None:
            yield f"{row.kind} {row.id}, {row.state}, was not there"
        elif was.state != row.state:
            yield f"{row.kind} {row.id} was said to be {was.state}, and is {row.state}"
        elif was != row:
            yield f"{row.kind} {row.id} had other times or another title"
    yield from (f"{kind} {id_} does not follow from the log" for kind, id_ in stood if (kind, id_) not in follows)
