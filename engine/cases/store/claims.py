"""
Claims: how one worker among many takes a row for a while.

A claim runs out by the caller's clock, so that what a dead worker held comes back. It also lapses when the clock stands further
before its beginning than it was to last: a clock that was set back keeps nothing waiting for long. Whoever works on under a claim
that has gone finds out when the work is written down, for every claim and change of a row has a number of its own.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, bindparam, func, literal_column, or_, select, update

from .errors import ClaimLost, StoreError
from .log import head_row
from .records import Claim
from .rows import timer_of
from .tables import CASES, TIMERS
from .texts import checked_id, checked_moment

#: Said in the words of the indexes, which are used only then.
WAITING: Final[ColumnElement[str]] = literal_column("'waiting'")
#: The longest lease, in milliseconds: a day.
LONGEST_LEASE: Final = 86_400_000


def free(table: Table) -> ColumnElement[bool]:
    """Whether nobody holds a row at the moment `now`."""
    until, at = table.c.claimed_until, table.c.claimed_at
    return or_(until.is_(None), until <= bindparam("now"), 2 * at - until > bindparam("now"))


def claim_values(now: int, worker: str, lease: int) -> dict[str, Any]:
    """Check what a worker asks for, and return what its claim is written with."""
    if not 0 < lease <= LONGEST_LEASE:
        raise StoreError(f"a lease lasts between 1 and {LONGEST_LEASE:_} milliseconds")
    return {
        "claimed_by": checked_id(worker, "the name of the worker"),
        "claimed_at": checked_moment(now, "now"),
        "claimed_until": now + lease,
    }


_DUE: Final = (
    select(TIMERS, CASES.c.id.label("case_id"))
    .join(CASES, CASES.c.number == TIMERS.c.case_number)
    .where(TIMERS.c.state == WAITING, TIMERS.c.due_at <= bindparam("now"), free(TIMERS))
    .order_by(TIMERS.c.due_at, TIMERS.c.case_number, TIMERS.c.name)
    .limit(1)
    .with_for_update(of=TIMERS, skip_locked=True)
)
_TAKE: Final = (
    update(TIMERS)
    .where(TIMERS.c.case_number == bindparam("of_case"), TIMERS.c.name == bindparam("of_name"))
    .values({name: bindparam(name) for name in ("claims", "claimed_by", "claimed_at", "claimed_until")})
)
_DONE: Final = (
    update(TIMERS)
    .where(
        TIMERS.c.case_number == bindparam("of_case"),
        TIMERS.c.name == bindparam("of_name"),
        TIMERS.c.claims == bindparam("of_claim"),
        TIMERS.c.state == "waiting",
    )
    .values(state="done", claims=TIMERS.c.claims + 1)
)
_NEXT: Final = select(func.min(TIMERS.c.due_at)).where(TIMERS.c.state == WAITING)


def claim_due(connection: Connection, now: int, worker: str, lease: int) -> Claim | None:
    """Take the timer that has been due longest, if there is one that nobody holds."""
    values = claim_values(now, worker, lease)
    row = connection.execute(_DUE, {"now": now}).first()
    if row is None:
        return None
    number = row.claims + 1
    connection.execute(_TAKE, {"of_case": row.case_number, "of_name": row.name, "claims": number, **values})
    return Claim(row.case_id, timer_of(row), worker, number, now + lease)


def settle(connection: Connection, claim: Claim, *, number: int | None = None) -> None:
    """
    Mark a claimed timer as done.

    Raises:
        ClaimLost: If it is no longer the worker's.
    """
    number = head_row(connection, claim.case).number if number is None else number
    if not settle_if_held(connection, claim, number):
        raise ClaimLost(claim.case, claim.timer.name)


def settle_if_held(connection: Connection, claim: Claim, number: int) -> bool:
    """Mark a timer of the case of this number as done, if the claim still stands."""
    done = connection.execute(_DONE, {"of_case": number, "of_name": claim.timer.name, "of_claim": claim.number})
    return done.rowcount == 1


def next_due(connection: Connection) -> int | None:
    """Return when the next timer is due, claimed or not."""
    return connection.execute(_NEXT).scalar()
