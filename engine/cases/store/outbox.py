"""The outbox: messages that are recorded with the events that cause them, and leave afterwards, at least once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import attrs
from sqlalchemy import Connection, Row, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from .chain import written
from .claims import WAITING, claim_values, free
from .log import head_row
from .prepared import Prepared
from .records import Message, MessageState, Posted
from .tables import CASES, OUTBOX
from .texts import checked_id, checked_moment, checked_name

#: The longest note on what went wrong that is kept, in characters.
LONGEST_PROBLEM: Final = 300

_GIVEN: Final[dict[str, Any]] = {column.name: bindparam(column.name) for column in OUTBOX.c if column.name != "number"}
_ADD: Final = Prepared(
    *(
        insert(OUTBOX).values(_GIVEN).on_conflict_do_nothing(index_elements=["case_number", "key"])
        for insert in (sqlite.insert, postgresql.insert)
    )
)
_WITH_CASE: Final = select(OUTBOX, CASES.c.id.label("case_id")).join(CASES, CASES.c.number == OUTBOX.c.case_number)
_READY: Final = (
    _WITH_CASE.where(OUTBOX.c.state == WAITING, OUTBOX.c.next_at <= bindparam("now"), free(OUTBOX))
    .order_by(OUTBOX.c.next_at, OUTBOX.c.number)
    .limit(1)
    .with_for_update(of=OUTBOX, skip_locked=True)
)
_TAKE: Final = (
    update(OUTBOX)
    .where(OUTBOX.c.number == bindparam("of_number"))
    .values({name: bindparam(name) for name in ("claims", "claimed_by", "claimed_at", "claimed_until", "tries")})
)
_SETTLE: Final = (
    update(OUTBOX)
    .where(OUTBOX.c.number == bindparam("of_number"), OUTBOX.c.claims == bindparam("of_claim"))
    .values(
        claimed_until=None, **{name: bindparam(f"new_{name}") for name in ("state", "next_at", "problem", "sent_at")}
    )
)


def post(connection: Connection, number: int, messages: Sequence[Message], first: int, last: int) -> None:
    """Put messages into the outbox, with the events *first* to *last* that they came with; one that is there already stays."""
    if messages:
        rows = [message_values(number, message) | {"first_seq": first, "last_seq": last} for message in messages]
        _ADD.run(connection, rows)


def message_values(number: int, message: Message) -> dict[str, Any]:
    """Check a message, and return what its row is written with."""
    return {
        "case_number": number,
        "key": checked_name(message.key, "the key of a message"),
        "kind": checked_id(message.kind, "the kind of a message"),
        "at": checked_moment(message.at, "the moment of a message"),
        "body": written(message.body),
        "state": "waiting",
        "tries": 0,
        "next_at": message.at,
        "problem": "",
        "sent_at": None,
        "claims": 0,
        "claimed_by": "",
        "claimed_at": None,
        "claimed_until": None,
    }


def posted(row: Row[Any]) -> Posted:
    """Return a row of the outbox as what callers and sinks get."""
    message = Message(row.key, row.kind, row.at, json.loads(row.body) if row.body is not None else {})
    key = f"{quote(row.case_id, safe='')}/{quote(row.key, safe='')}"
    return Posted(
        key, row.case_id, message, row.state, row.tries, row.next_at, row.problem, row.sent_at, erased=row.body is None
    )


def messages(connection: Connection, *, case: str | None, state: MessageState | None) -> tuple[Posted, ...]:
    """Return messages of one case or of all, in one state or in any, in the order of recording."""
    wanted = _WITH_CASE.order_by(OUTBOX.c.number)
    if case is not None:
        wanted = wanted.where(OUTBOX.c.case_number == head_row(connection, case).number)
    if state is not None:
        wanted = wanted.where(OUTBOX.c.state == state)
    return tuple(posted(row) for row in connection.execute(wanted))


@attrs.frozen
class Taken:
    """A message that one worker is delivering: its row, the number of the claim, and the message itself."""

    row: int
    claim: int
    posted: Posted


def take(connection: Connection, now: int, worker: str, lease: int) -> Taken | None:
    """Take the message that has waited longest, and count the try before it is made: one that kills us counts as well."""
    values = claim_values(now, worker, lease)
    row = connection.execute(_READY, {"now": now}).first()
    if row is None:
        return None
    taken = {"of_number": row.number, "claims": row.claims + 1, "tries": row.tries + 1, **values}
    connection.execute(_TAKE, taken)
    return Taken(row.number, row.claims + 1, attrs.evolve(posted(row), tries=row.tries + 1))


@attrs.frozen
class Outcome:
    """How a delivery went, and when the message may be tried again."""

    state: MessageState
    next_at: int
    problem: str = ""
    sent_at: int | None = None


def settle(connection: Connection, taken: Taken, outcome: Outcome) -> bool:
    """Write down how a delivery went; False if another worker has the message by now."""
    values = {
        "of_number": taken.row,
        "of_claim": taken.claim,
        "new_state": outcome.state,
        "new_next_at": outcome.next_at,
        "new_problem": outcome.problem[:LONGEST_PROBLEM].replace("\0", "").encode(errors="replace").decode(),
        "new_sent_at": outcome.sent_at,
    }
    return connection.execute(_SETTLE, values).rowcount == 1


def requeue(connection: Connection, case: str, key: str, now: int) -> bool:
    """Let a message that was given up be tried anew from *now* on; False if there is none such."""
    again = (
        update(OUTBOX)
        .where(
            OUTBOX.c.case_number == head_row(connection, case).number, OUTBOX.c.key == key, OUTBOX.c.state == "failed"
        )
        .values(
            state="waiting", tries=0, next_at=checked_moment(now, "now"), claims=OUTBOX.c.claims + 1, claimed_until=None
        )
    )
    return connection.execute(again).rowcount == 1
