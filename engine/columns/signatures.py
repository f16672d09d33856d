"""What a signature comes to, decided once, on a row that has it, by the index; and remembered.

A signature is the clauses that have a say in one decision, or in all of them together, with the flags of the facts that are missing.
Where a verdict depends on nothing else, every row with the signature has it. Where it does depend on the values of facts (an outcome
that is computed, two rules that compute a value, a red line about a part that is kept whole), the signature is *open*, and the rows
are decided one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs
import numpy as np

from ...rules.tree import Atom, Constant, DecisionSpec, Guard, Rule, Whole
from ..decision import Judgement, Verdict
from ..layout import Layout
from ..making import Absents
from .book import Book, Side
from .loop import OPEN, Memory, remember_all
from .outright import Outright
from .program import Cutter, Plan, is_total
from .red_lines import RedLines

#: The statuses of verdicts that have values.
_WITH_VALUES: Final = ("decided", "guard")
#: How many signatures are remembered; past that, all are forgotten.
MOST: Final = 1 << 18


@attrs.frozen
class Judged:
    """What is decided on a row: the verdict on one decision before any red line, or all of it, made when it is asked for."""

    verdict: Callable[[str], Verdict]
    judgement: Callable[[], Judgement]


class Signatures:
    """
    The signatures met so far, by decision; the last number is that of all decisions together.

    INVARIANT: what others may be reading is never changed: what is learnt is put in place whole.
    """

    def __init__(self, plan: Plan, book: Book) -> None:
        self.memory: Memory
        self._plan, self._book = plan, book
        self._decisions = tuple(plan.layout.tree.decisions)
        self._cutter = Cutter(plan.program.size)
        self._outright = Outright(plan.layout, book)
        self._red_lines = RedLines(plan.layout, self._cutter, book)
        self._absent = Absents(plan.layout)
        self._is_settled = {name: _is_constant(plan.layout, spec) for name, spec in plan.layout.tree.decisions.items()}
        self._of_wholes = sum(one.flag for one in plan.layout.booleans if isinstance(one.part, Whole))
        self._forget()
        self.publish()

    def _forget(self) -> None:
        self._known: dict[tuple[int, bytes], int] = {}
        self._fresh: list[tuple[int, bytes, int]] = []
        self._table = _empty(1 << 12, self._plan.program.words)
        self._results = np.zeros((64, len(self._decisions) + 1), np.int32)
        self._joint = 0

    def publish(self) -> None:
        """Put in place what was learnt."""
        if self._fresh:
            words = self._plan.program.words
            if 2 * len(self._known) > len(self._table):
                self._table = _empty(1 << (4 * len(self._known)).bit_length(), words)
                self._fresh = [(*key, value) for key, value in self._known.items()]
            else:
                self._table = self._table.copy()
            decisions, keys, values = zip(*self._fresh, strict=True)
            whole = np.frombuffer(b"".join(keys), np.uint64).reshape(-1, words)
            remember_all(self._table, np.array(decisions, np.int64), whole, np.array(values, np.int64))
            self._fresh = []
        self.memory = Memory(self._table, self._red_lines.clear(), self._results)

    def knows(self, decision: int, key: bytes) -> bool:
        """Whether it is known what a signature comes to."""
        return (decision, key) in self._known

    def learn(self, decision: int, key: bytes, judge: Callable[[], Judged | None]) -> bool:
        """
        Put down what a signature comes to; say whether that could be found.

        *judge* decides a row that has it, where the signature alone does not tell; None where something is wrong about the row.
        """
        if len(self._known) >= MOST:
            self._forget()
        clauses = self._cutter.whole(key)
        value = self._outright_value(decision, clauses)
        if value is None:
            judged = judge()
            if judged is None:
                return False
            if decision == len(self._decisions):
                value = self._together(clauses, judged.judgement())
            else:
                value = self._alone(clauses, judged.verdict(self._decisions[decision]))
        self._known[decision, key] = value
        self._fresh.append((decision, key, value))
        return True

    def _outright_value(self, decision: int, clauses: int) -> int | None:
        if decision < len(self._decisions):
            verdict = self._outright.verdict(self._decisions[decision], clauses)
            return None if verdict is None else self._alone(clauses, verdict)
        return self._outright.free(clauses) if decision > len(self._decisions) else None

    def _alone(self, clauses: int, verdict: Verdict) -> int:
        return self._book.enter(verdict)[0] if self._is_closed(verdict, clauses) else OPEN

    def _together(self, clauses: int, judgement: Judgement) -> int:
        if any(map(_looks_inside, self._plan.layout.guards_in(clauses))):
            return OPEN
        if not all(self._is_closed(verdict, clauses) for verdict in judgement.verdicts.values()):
            return OPEN
        # INVARIANT: what is published has room of its own, or rows that nobody asks for yet.
        if self._joint == len(self._results):
            self._results = np.concatenate([self._results, np.zeros_like(self._results)])
        row = [self._book.enter(judgement.verdicts[name])[0] for name in self._decisions]
        self._results[self._joint] = [*row, self._book.enter_side(Side.of(judgement))]
        self._joint += 1
        return self._joint - 1

    def _is_closed(self, verdict: Verdict, clauses: int) -> bool:
        """Whether a verdict depends on nothing but its signature, the values aside that one rule computes whatever the facts are."""
        layout, spec = self._plan.layout, verdict.spec
        if clauses & self._of_wholes:
            return False  # the facts that it waits for depend on what it is made of
        if self._is_settled[spec.id] and (verdict.status not in _WITH_VALUES or not clauses & layout.dynamic):
            return True
        absent = self._absent[clauses & layout.flags]
        rules = layout.rules_in(clauses & absent.possible & layout.having_a_say(spec, clauses & absent.certain))
        if not all(isinstance(rule.outcomes[spec.id], Constant) for rule in rules):
            return False
        if spec.default is not None and not isinstance(spec.default, Constant) and verdict.rule is None:
            return False
        computing = [rule for rule in rules if any(name in spec.values for name in self._book.computing[rule.id])]
        if not computing or verdict.status not in _WITH_VALUES:
            return True
        return len(rules) == 1 and not spec.collects and self._is_sure(rules[0], verdict)

    def _is_sure(self, rule: Rule, verdict: Verdict) -> bool:
        facts = self._plan.layout.tree.facts
        return all(is_total(value, facts) for name, value in rule.values.items() if name in verdict.spec.values)


def keys_of(missed: Any) -> list[bytes]:
    """Return the words of signatures, one after the other, as keys."""
    size, whole = missed.shape[1] * 8, missed.tobytes()
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def _is_constant(layout: Layout, spec: DecisionSpec) -> bool:
    """Whether no outcome of a decision, its default among them, is computed."""
    outcomes = [rule.outcomes[spec.id] for rule in layout.tree.rules if spec.id in rule.outcomes]
    return all(isinstance(one, Constant) for one in outcomes) and isinstance(spec.default, Constant | None)


def _empty(places: int, words: int) -> Any:
    """Return a table for half as many signatures as it has places."""
    return np.zeros((places, words + 2), np.uint64)


def _looks_inside(guard: Guard) -> bool:
    """Whether a red line has parts that are more than a look-up: what they wait for depends on the facts."""
    return any(
        isinstance(part, Whole) or (isinstance(part, Atom) and set(part.facts) & set(guard.decisions))
        for disjunct in guard.form.disjuncts
        for part in disjunct
    )
