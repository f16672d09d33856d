"""Which clauses of red lines a verdict rules out: where its verdicts rule out all, a row crosses none, and its decisions stand alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...rules.tree import FactTest, NormalForm
from ..decision import Verdict
from ..guards import outcomes_truth
from ..layout import Layout
from ..truth import State
from .book import Book
from .program import Cutter


class RedLines:
    """The clauses that verdicts leave, worked out for each verdict once."""

    def __init__(self, layout: Layout, cutter: Cutter, book: Book) -> None:
        self._layout, self._cutter, self._book = layout, cutter, book
        decisions = layout.tree.decisions
        # Whole, and no part of something larger: to numba that would be another type, and it would compile the loop once more.
        self._clear = np.zeros((len(decisions), 64 if layout.guarding else 1, cutter.words), np.uint64)
        self._done = [0] * len(decisions)
        self._seen: dict[object, Any] = {}
        top = layout.shift + len(layout.owners) - 1
        self._tests = [(1 << (top - at), test) for at, tests in layout.outcome_tests.items() for test in tests]

    def clear(self) -> Any:
        """Return for each decision and verdict in the book the clauses that it does not rule out."""
        if not self._layout.guarding:
            return self._clear
        most = max(map(len, self._book.verdicts.values()))
        if most > self._clear.shape[1]:
            grown = np.zeros((len(self._done), 2 * most, self._cutter.words), np.uint64)
            grown[:, : self._clear.shape[1]] = self._clear
            self._clear = grown
        for at, verdicts in enumerate(self._book.verdicts.values()):
            for code in range(self._done[at], len(verdicts)):
                self._clear[at, code] = self._left_by(verdicts[code])
            self._done[at] = len(verdicts)
        return self._clear

    def _left_by(self, verdict: Verdict) -> Any:
        key = verdict.decision, verdict.canonical, verdict.status, verdict.possible, verdict.may_refer
        found = self._seen.get(key)
        if found is None:
            left = self._layout.guarding
            for clause, test in self._tests:
                if test.fact == verdict.decision and self._fails(test, verdict):
                    left &= ~clause
            found = self._seen[key] = self._cutter.mask(left)
        return found

    def _fails(self, test: FactTest, verdict: Verdict) -> bool:
        name = verdict.decision
        return outcomes_truth(self._layout.tree, NormalForm(((test,),)), (name,), {name: verdict}, _NOTHING) is False


_NOTHING = State.of({}, {}, 0)
