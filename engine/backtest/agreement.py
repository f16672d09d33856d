"""Decisions held against the outcomes that were recorded at the time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .bootstrap import rate
from .kinds import Kind
from .parts import BLANK, Values
from .records import Agreement, Disagreement, Sided
from .tallies import Pairs

if TYPE_CHECKING:
    from ..policy import Policy
    from .pages import Page


class Recorded:
    """A column of recorded outcomes of one decision, and how often each kind of verdict met each of them."""

    def __init__(self, decision: str, column: str, words: Sequence[str]) -> None:
        self.decision, self.column = decision, column
        self.words = tuple(words)
        self._values = Values()
        for word in self.words:  # so that none of them comes too late, where the column is full of other texts
            self._values.number(word)
        self._pairs = Pairs()

    def take(self, page: Page, good: Any, old: Any, new: Any) -> None:
        """Count the good rows of a page."""
        from .pages import texts_of

        self._pairs.take(self._values.numbers(texts_of(page.column(self.column)))[good], old, new)

    def _is_known(self, text: str) -> bool:
        return text in self.words if self.words else text not in ("", BLANK)

    def report(
        self, kinds: tuple[list[Kind], list[Kind]], policies: tuple[Policy | None, Policy], seed: int
    ) -> Agreement:
        """Return what agrees and what does not."""
        texts = self._values.texts
        aside: Counter[str] = Counter()
        for (at, _, _), rows in self._pairs.counts.items():
            if not self._is_known(texts[at]):
                aside[texts[at] or "(others)"] += rows
        blank = aside.pop(BLANK, 0)
        old, new = (
            None if policy is None else self._sided(side, kinds[side], policy, seed)
            for side, policy in enumerate(policies)
        )
        assert new is not None
        return Agreement(self.decision, self.column, self.words, blank, dict(aside.most_common()), old, new)

    def _sided(self, side: int, kinds: list[Kind], policy: Policy, seed: int) -> Sided:
        matrix: Counter[tuple[str, str]] = Counter()
        by_rule: dict[str, Counter[tuple[str, str]]] = {}
        for row, rows in self._pairs.counts.items():
            recorded, kind = self._values.texts[row[0]], kinds[row[1 + side]]
            if self._is_known(recorded):
                matrix[recorded, kind.outcome] += rows
                by_rule.setdefault(kind.rule, Counter())[recorded, kind.outcome] += rows
        agreeing = sum(rows for (recorded, outcome), rows in matrix.items() if recorded == outcome)
        agrees = rate(agreeing, matrix.total(), seed, f"agreement.{self.decision}.{side}")
        titles = {rule.id: rule.title for rule in policy.tree.rules}
        rules = [_disagreement(rule, titles.get(rule, ""), counts) for rule, counts in by_rule.items()]
        return Sided(dict(matrix), agrees, tuple(sorted(rules, key=lambda rule: (-rule.otherwise, rule.rule))))


def _disagreement(rule: str, title: str, counts: Counter[tuple[str, str]]) -> Disagreement:
    otherwise = Counter({pair: rows for pair, rows in counts.items() if pair[0] != pair[1]})
    most = otherwise.most_common(1)
    recorded, outcome = most[0][0] if most else ("", "")
    return Disagreement(rule, title, counts.total(), otherwise.total(), outcome, recorded)
