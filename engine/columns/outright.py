"""Verdicts that follow from a signature outright: no row has to be read, whatever the facts are that values are computed from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from ...rules.evaluate import Settled
from ...rules.tree import Constant, DecisionSpec, Rule
from ..combine import Case, combine
from ..decision import Verdict
from ..guards import Bringing
from ..layout import Layout
from ..making import Absents, counted, matches
from ..truth import State
from .book import Book
from .program import is_total

#: What stands for a fact that a value is computed from; any number does.
_STAND_IN: Final = 1


class Outright:
    """
    Makes verdicts of the clauses and flags that a signature is.

    The flags of a signature are those that leave one of its clauses open, so the facts that a verdict waits for are among them.
    """

    def __init__(self, layout: Layout, book: Book) -> None:
        self._layout, self._book = layout, book
        self._of_booleans = sum(boolean.flag for boolean in layout.booleans)
        self._asking = [
            (1 << at, name, ~layout.columns[name].certain)
            for at, name in enumerate(layout.asked)
            if layout.columns[name].fact.assume is None
        ]
        self._reading = {name: self._clauses_reading(spec) for name, spec in layout.tree.decisions.items()}
        self._absent = Absents(layout)

    def _clauses_reading(self, spec: DecisionSpec) -> int:
        """Return the clauses whose outcome, or the being of whose values, depends on the facts: all, where the default does."""
        tree = self._layout.tree
        if spec.default is not None and not isinstance(spec.default, Constant):
            return self._layout.full
        found = 0
        for rule in tree.rules:
            if spec.id in rule.outcomes:
                values = [rule.values[name] for name in spec.values if name in rule.values]
                total = all(is_total(value, tree.facts) for value in values)
                if not total or not isinstance(rule.outcomes[spec.id], Constant):
                    found |= self._layout.clauses.get(rule.id, 0)
        return found

    def verdict(self, decision: str, clauses: int) -> Verdict | None:
        """
        Return the verdict on a decision, None where more than the signature has to be known.

        Values that are computed have a stand-in: they are the same where one rule alone computes them, and no one else may ask.
        """
        layout, tree = self._layout, self._layout.tree
        spec = tree.decisions[decision]
        if clauses & (self._reading[decision] | self._of_booleans) or self._reading[decision] == layout.full:
            return None
        absent = self._absent[clauses & layout.flags]
        certain, possible = clauses & absent.certain, clauses & absent.possible
        mask = layout.having_a_say(spec, certain)

        def waiting(rules: Iterable[Rule]) -> Counter[str]:
            blocked = [(name, bits) for flag, name, bits in self._asking if clauses & flag]
            return counted(layout, rules, possible & ~certain, blocked)

        def state() -> State:
            missing = {name for flag, name, _ in self._asking if clauses & flag}
            stated = {name: _STAND_IN for name in tree.facts if name not in missing}
            return State(tree.facts, stated, Settled(stated, 0))

        case = Case(spec, tree.currency, tree.facts, state, waiting)
        return combine(case, matches(layout, certain & mask, possible & mask))

    def free(self, clauses: int) -> int:
        """Return the number of the rules that bring duties alone, as they do or may hold."""
        absent = self._absent[clauses & self._layout.flags]
        free = clauses & self._layout.free
        certain = self._layout.rules_in(free & absent.certain)
        return self._book.enter_free(Bringing(certain, self._layout.rules_in(free & absent.possible)))
