"""What a dialect cannot say: told before any SQL is written, all at once, with the place and a way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import attrs

from ...rules.diagnostics import Diagnostic, Place, PolicyError
from ...rules.tree import Origin


class SqlError(PolicyError):
    """A policy that a dialect of SQL cannot decide as its other readings do; *diagnostics* has every reason."""


class Refused(Exception):
    """Why something cannot be said, and what to do instead."""

    def __init__(self, why: str, way: str) -> None:
        super().__init__(why)
        self.why, self.way = why, way


USE_THE_KERNEL: Final = "decide with `policy decide`, or write it otherwise"


@attrs.define
class Refusals:
    """Gathers what a dialect cannot say."""

    dialect: str
    found: list[Diagnostic] = attrs.field(factory=list)

    @contextmanager
    def at(self, what: str, origin: Origin | None) -> Iterator[bool]:
        """Note what is refused in the block, and go on after it."""
        try:
            yield True
        except Refused as refused:
            facts = {"what": what, "dialect": self.dialect, "why": refused.why, "way": refused.way}
            place = Place("") if origin is None else Place.of(origin)
            finding = Diagnostic("not-in-sql", facts, place)
            if finding not in self.found:
                self.found.append(finding)

    def check(self) -> None:
        """
        Raise everything that was refused.

        Raises:
            SqlError: If anything was.
        """
        if self.found:
            raise SqlError(self.found)
