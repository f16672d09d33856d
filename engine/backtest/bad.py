"""Rows of a history that could not be decided, by reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from ...rules.diagnostics import Diagnostic
from ..bulk.tallying import reason_of
from .records import BadKind

#: The most reasons that are told apart.
_MOST: Final = 200
_OTHERS: Final = "other reasons"


@attrs.define
class Bad:
    """
    How many rows could not be decided, and why; a row counts under each of its reasons.

    >>> from evenhand.rules.diagnostics import Diagnostic, Place
    >>> bad = Bad()
    >>> bad.take(3, [Diagnostic("unreadable-incident", {"why": "it is not in UTF-8"}, Place("row"))])
    >>> bad.rows, bad.kinds()[0].message
    (1, 'this incident cannot be read: it is not in UTF-8')
    """

    rows: int = 0
    _kinds: dict[str, BadKind] = attrs.field(factory=dict, init=False)

    def take(self, row: int, problems: Sequence[Diagnostic]) -> None:
        """Count a row with all that is wrong with it."""
        self.rows += 1
        for problem in {reason_of(problem): problem for problem in reversed(problems)}.values():
            self._count(row, problem)

    def _count(self, row: int, problem: Diagnostic) -> None:
        reason = reason_of(problem)
        known = self._kinds.get(reason)
        if known is None and len(self._kinds) >= _MOST:
            reason, known = _OTHERS, self._kinds.get(_OTHERS)
        meant = f" (did you mean `{problem.suggestion}`?)" if problem.suggestion else ""
        known = known or BadKind(problem.code, f"{problem.message}{meant}", 0, row)
        self._kinds[reason] = attrs.evolve(known, rows=known.rows + 1)

    def kinds(self) -> tuple[BadKind, ...]:
        """Return the reasons, the most frequent first."""
        return tuple(sorted(self._kinds.values(), key=lambda kind: (-kind.rows, kind.first, kind.message)))
