"""The tables of the store as SQLAlchemy sees them; `migrations` makes them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text

METADATA: Final = MetaData()


def _of_a_case() -> Column[int]:
    return Column("case_number", Integer, ForeignKey("cases.number"), primary_key=True, autoincrement=False)


def _claims() -> tuple[Column[int], Column[str], Column[int], Column[int]]:
    """Who works on a row: how often it was claimed, by whom last, when, and until when."""
    return (
        Column("claims", Integer, nullable=False),
        Column("claimed_by", Text, nullable=False),
        Column("claimed_at", BigInteger),
        Column("claimed_until", BigInteger),
    )


CASES: Final = Table(
    "cases",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("policy", Text, nullable=False),
    Column("last_at", BigInteger),
)

#: `committed` is kept only where the payload was erased; before that it follows from salt and payload.
EVENTS: Final = Table(
    "case_events",
    METADATA,
    _of_a_case(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("payload", Text),
    Column("salt", LargeBinary),
    Column("committed", LargeBinary),
    Column("hash", LargeBinary, nullable=False),
)

LEDGER: Final = Table(
    "case_ledger",
    METADATA,
    _of_a_case(),
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("opened_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("state", Text, nullable=False),
    Column("closed_at", BigInteger),
    Column("about", Text, nullable=False),
)

TIMERS: Final = Table(
    "case_timers",
    METADATA,
    _of_a_case(),
    Column("name", Text, primary_key=True),
    Column("due_at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("about", Text, nullable=False),
    *_claims(),
)

#: `first_seq` and `last_seq` are the events of the append that a message came with.
OUTBOX: Final = Table(
    "case_outbox",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("case_number", Integer, ForeignKey("cases.number"), nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Text),
    Column("first_seq", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("problem", Text, nullable=False),
    Column("sent_at", BigInteger),
    *_claims(),
)

VERSION: Final = Table("case_schema_version", METADATA, Column("version", Integer, nullable=False))
