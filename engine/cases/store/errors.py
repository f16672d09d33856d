"""What can go wrong with a store, in words that say what to do."""

from __future__ import annotations


class StoreError(Exception):
    """
    Something that the store could not do.

    The message is one lower-case sentence; *help* is the way out, or empty.
    """

    def __init__(self, message: str, *, help: str = "") -> None:  # noqa: A002 -- as diagnostics call it
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"{self.message}: {self.help}" if self.help else self.message


class DriverMissing(StoreError, ImportError):
    """A library that the store needs is not installed."""


class VersionConflict(StoreError):
    """The case has gone on since the caller read it; *current* is its version now. Nothing was recorded."""

    def __init__(self, case: str, *, expected: int, current: int) -> None:
        super().__init__(
            f"case `{case}` is at version {current}, not {expected}", help="read the new events, and try again"
        )
        self.case, self.expected, self.current = case, expected, current


class KeyReused(StoreError):
    """Another event has been recorded under the key. Nothing was recorded."""

    def __init__(self, case: str, key: str, seq: int) -> None:
        super().__init__(
            f"the key `{key}` of case `{case}` belongs to another event, number {seq}",
            help="a key stands for one event for good; give the new event a key of its own",
        )
        self.case, self.key, self.seq = case, key, seq


class CaseUnknown(StoreError):
    """There is no such case."""

    def __init__(self, case: str) -> None:
        super().__init__(f"there is no case `{case}`")
        self.case = case


class CaseExists(StoreError):
    """There is such a case already, with other events."""

    def __init__(self, case: str) -> None:
        super().__init__(f"there is a case `{case}` already")
        self.case = case


class ClaimLost(StoreError):
    """The timer is no longer this worker's: the claim ran out, or the timer was changed. Nothing was recorded."""

    def __init__(self, case: str, name: str) -> None:
        super().__init__(
            f"the timer `{name}` of case `{case}` is no longer claimed by this worker",
            help="drop the work; whoever has the timer now does it",
        )
        self.case, self.name = case, name


class StoreBusy(StoreError):
    """Others kept the store for longer than the caller would wait. Nothing was recorded; trying again is safe."""


class OutcomeUnknown(StoreError):
    """The connection was lost while the database was confirming: what was to be recorded may have been, or not."""
