"""The duties of rules as bits, so that those of many rows are joined and told at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from ...rules.tree import PolicyTree, Rule
from ..decision import Verdict
from ..guards import Bringing, bringing
from .distinct import distinct
from .library import Array, pa
from .spread import flagged

#: What is brought by some rules: the bits of entries, and those of the duties that are due for certain.
Brought = tuple[int, int]


class Duties:
    """
    The duties of a policy.

    An *entry* is a duty and a rule that brings it, in the order in which duties are told; a duty may have several.
    """

    def __init__(self, tree: PolicyTree) -> None:
        entries = [(rule.id, duty) for rule in tree.rules for duty in dict.fromkeys(rule.oblige)]
        self.names: Final = tuple(dict.fromkeys(duty for _, duty in entries))
        self._at = {duty: at for at, duty in enumerate(self.names)}
        self._names_of = np.array([self._at[duty] for _, duty in entries], np.int64)
        self._entries: dict[str, int] = {}
        for at, (rule, _) in enumerate(entries):
            self._entries[rule] = self._entries.get(rule, 0) | 1 << at
        #: How many words hold a bit for each entry.
        self.size: Final = len(entries) // 64 + 1

    def brings(self, rule: Rule) -> bool:
        """Whether a rule brings any duty."""
        return rule.id in self._entries

    def brought(self, by: Bringing) -> Brought:
        """Return what some rules bring."""
        entries = due = 0
        for rule in (*by.certain, *by.possible):
            entries |= self._entries.get(rule.id, 0)
        for duty in (*(duty for rule in by.certain for duty in rule.oblige), *by.shared):
            due |= 1 << self._at[duty]
        return entries, due

    def of_verdicts(self, verdicts: Sequence[Verdict]) -> Any:
        """Return what each of some verdicts brings, as `words` has it."""
        return self.words([self.brought(bringing(verdict)) for verdict in verdicts])

    def words(self, brought: Iterable[Brought]) -> Any:
        """Return what is brought as rows of words: those of the entries, and those of the duties that are due."""
        size = 8 * self.size
        packed = b"".join(part.to_bytes(size, "little") for both in brought for part in both)
        return np.frombuffer(packed, "<u8").astype(np.uint64).reshape(-1, 2 * self.size)

    def told(self, words: Any) -> tuple[Any, Array, Array]:
        """Return a code for each row of words, and for each code the duties that are due and those that may be."""
        found = distinct([pa.array(column.view(np.int64)) for column in np.ascontiguousarray(words.T)], len(words))
        bits = np.unpackbits(words[found.rows].astype("<u8").view(np.uint8), axis=1, bitorder="little").astype(np.bool_)
        first, due = bits[:, : len(self._names_of)], bits[:, 64 * self.size :][:, : len(self.names)]
        told = np.zeros_like(due)
        for entry, name in enumerate(self._names_of):
            first[:, entry] &= ~told[:, name]
            told[:, name] |= first[:, entry]
        is_due = due[:, self._names_of]
        names = [self.names[name] for name in self._names_of]
        return found.codes, flagged(first & is_due, names), flagged(first & ~is_due, names)
