"""The store of cases: an append-only log, a ledger, timers and an outbox, on SQLite or PostgreSQL.

SQLAlchemy is imported when the first store is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .errors import (
    CaseExists,
    CaseUnknown,
    ClaimLost,
    DriverMissing,
    KeyReused,
    OutcomeUnknown,
    StoreBusy,
    StoreError,
    VersionConflict,
)
from .records import Appended, Claim, Fault, Head, LedgerRow, Message, Posted, Timer

if TYPE_CHECKING:
    from .store import Store

__all__ = [
    "Appended",
    "CaseExists",
    "CaseUnknown",
    "Claim",
    "ClaimLost",
    "DriverMissing",
    "Fault",
    "Head",
    "KeyReused",
    "LedgerRow",
    "Message",
    "OutcomeUnknown",
    "Posted",
    "StoreBusy",
    "StoreError",
    "Timer",
    "VersionConflict",
    "open_store",
]


def open_store(place: str | Path, *, patience: float = 5.0, create: bool = True) -> Store:
    """
    Open the store at a path (SQLite) or an address such as `postgresql://user@host/database`, and bring it up to date.

    *patience* is how many seconds to wait for what others have locked. Without *create*, a file has to be there already.

    Raises:
        DriverMissing: If SQLAlchemy or the driver of PostgreSQL is not installed.
        StoreError: If there is no store that can be used.

    >>> import tempfile
    >>> from evenhand.engine.cases.event import Event
    >>> store = open_store(Path(tempfile.mkdtemp()) / "cases.db")
    >>> store.create("2026-117", [Event(0, 1795168800000, "case_opened", {"facts": {"abuse": "rude"}}, key="open")]).version
    1
    >>> store.append("2026-117", 1, [Event(0, 1795168860000, "message_received", {"text": "Well?"}, key="m-1")]).version
    2
    >>> [event.kind for event in store.events("2026-117")]
    ['case_opened', 'message_received']
    >>> store.close()
    """
    try:
        from .store import open_store as opened
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "sqlalchemy":
            raise
        raise DriverMissing("the store needs SQLAlchemy", help="install `evenhand[cases]`") from None
    return opened(place, patience=patience, create=create)
