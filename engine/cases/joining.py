"""What the two correlators have in common: events as they see them, the tuples that they find, and what they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

import attrs

from ...rules.types import Value

#: An event of the log by its number, or a match by its pattern and its number among that pattern's matches.
Reference: TypeAlias = int | tuple[str, int]


@attrs.frozen
class Seen:
    """
    An event in its place among all events of a case, logged or derived.

    *order* counts from 1 without gaps; *at* is in milliseconds since 1970 UTC; *fields* have canonical values.
    """

    order: int
    at: int
    kind: str
    fields: Mapping[str, Value]
    ref: Reference


@attrs.frozen
class Join:
    """The events that, in order, meet the elements of a pattern; the last of them is the one that was just added."""

    pattern: str
    events: tuple[Seen, ...]


class Joiner(Protocol):
    """
    A correlator: given the next event of a case, it finds the tuples that this event completes.

    There is at most one for each pattern, the smallest by order, and they are in the order of the policy's patterns. What is
    absent, and the facts of the case, are not its business.
    """

    def add(self, case: str, event: Seen) -> list[Join]:
        """Take the next event of a case and return what it completes."""
        ...

    def drop(self, case: str) -> None:
        """Forget a case."""
        ...


class CorrelationError(Exception):
    """
    Patterns that cannot be followed any further in a case.

    *code* says what was found, *patterns* names the patterns concerned.
    """

    def __init__(self, code: str, message: str, patterns: tuple[str, ...]) -> None:
        super().__init__(message)
        self.code, self.patterns = code, patterns


class LateEventError(Exception):
    """An event that happened before what was already looked at: the state is to be made anew from the whole log."""


def named(patterns: tuple[str, ...], *, most: int = 10) -> str:
    """
    Return some patterns by name, for a message.

    >>> named(("pile-on", "flare-up"))
    'patterns `pile-on`, `flare-up`'
    """
    listed = ", ".join(f"`{pattern}`" for pattern in patterns[:most])
    more = f" and {len(patterns) - most} more" if len(patterns) > most else ""
    return f"pattern{'s' if len(patterns) > 1 else ''} {listed}{more}"
