"""What stops a job, in words that say what to do."""

from __future__ import annotations


class BulkError(Exception):
    """
    Why a job cannot start or go on.

    The message is one lower-case sentence; *help* is the way out, or empty.
    """

    def __init__(self, message: str, *, help: str = "") -> None:  # noqa: A002 -- as diagnostics call it
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"{self.message}: {self.help}" if self.help else self.message


class ExtraMissing(BulkError, ImportError):
    """A library that the job needs is not installed."""


class Stopped(BulkError):
    """The job had begun, and stopped before its end; what is done is kept."""
