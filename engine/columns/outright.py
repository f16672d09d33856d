"""Verdicts that follow from a signature outright: no row has to be read where all outcomes and values are constants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NoReturn

from ...rules.tree import Constant, DecisionSpec, Rule
from ..combine import Case, Match, combine
from ..layout import Layout
from ..making import Absent
from .book import Book

#: How many sets of missing facts are remembered.
_REMEMBERED = 4_096


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
        self._computing = {name: self._clauses_computing(spec) for name, spec in layout.tree.decisions.items()}
        self._absent: dict[int, Absent] = {}

    def _clauses_computing(self, spec: DecisionSpec) -> int:
        """Return the clauses whose outcome, or one of whose values, depends on the facts: all, where the default does."""
        if spec.default is not None and not isinstance(spec.default, Constant):
            return self._layout.full
        found = 0
        for rule in self._layout.tree.rules:
            if spec.id in rule.outcomes:
                given = [rule.outcomes[spec.id], *(rule.values[name] for name in spec.values if name in rule.values)]
                if not all(isinstance(one, Constant) for one in given):
                    found |= self._layout.clauses.get(rule.id, 0)
        return found

    def verdict(self, decision: str, clauses: int) -> int | None:
        """Return the number of the verdict on a decision, None where more than the signature has to be known."""
        layout, tree = self._layout, self._layout.tree
        spec, mask = tree.decisions[decision], layout.deciding[decision]
        if clauses & (self._computing[decision] | self._of_booleans) or self._computing[decision] == layout.full:
            return None
        absent = self._absent_for(clauses & layout.flags)
        certain, possible = clauses & absent.certain, clauses & absent.possible
        if spec.hit_policy == "first" and (sure := (certain & mask).bit_length()):
            mask = mask >> (sure - 1) << (sure - 1)
        matches = self._matches(certain & mask, possible & mask)

        def waiting(rules: Iterable[Rule]) -> Counter[str]:
            relevant = 0
            for rule in rules:
                relevant |= layout.clauses[rule.id]
            relevant &= possible & ~certain
            counts = {name: (relevant & bits).bit_count() for flag, name, bits in self._asking if clauses & flag}
            return Counter({name: count for name, count in counts.items() if count})

        return self._book.enter(combine(Case(spec, tree.currency, tree.facts, _no_facts, waiting), matches))[0]

    def free(self, clauses: int) -> int:
        """Return the number of the rules that bring duties alone, as they do or may hold."""
        absent = self._absent_for(clauses & self._layout.flags)
        free = clauses & self._layout.free
        return self._book.enter_free(tuple(self._matches(free & absent.certain, free & absent.possible)))

    def _matches(self, certain: int, possible: int) -> list[Match]:
        sure = {rule.id for rule in self._layout.rules_in(certain)}
        return [Match(rule, rule.id in sure) for rule in self._layout.rules_in(possible)]

    def _absent_for(self, flags: int) -> Absent:
        found = self._absent.get(flags)
        if found is None:
            found = Absent.of(self._layout, flags)
            if len(self._absent) < _REMEMBERED:
                self._absent[flags] = found
        return found


def _no_facts() -> NoReturn:
    raise AssertionError("constants need no facts")
