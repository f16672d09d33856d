"""How a cell grows to the largest box of which the same can be proved."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ..proofs.pair import Pair
from ..solve.terms import Term
from .literals import Cells, Literal


class Grower:
    """
    Asks the solver what a box must keep so that every incident in it is of one kind.

    The solver names the literals that a proof needs (an unsatisfiable core). The others are left out, and the bounds that stay
    are moved outwards, cut by cut, as far as the proof holds.
    """

    def __init__(self, pair: Pair, cells: Cells) -> None:
        self.pair, self.cells = pair, cells
        self.z3 = pair.z3
        self.solver = pair.fresh_solver()
        self._named: set[str] = set()
        self._marks: dict[int, tuple[Term, Term]] = {}

    def grown(self, literals: Sequence[Literal], kind: Term) -> list[Literal] | None:
        """Return the literals that are needed for all incidents to be of a *kind*; None where all together do not prove it."""
        self.solver.push()
        try:
            self.solver.add(self.z3.Not(kind))
            kept = self._core(list(literals))
            if kept is None:
                return None
            return self._widened(self._fewer(kept))
        finally:
            self.solver.pop()

    def _mark(self, literal: Literal) -> Term:
        """Return the name of a literal in proofs."""
        found = self._marks.get(literal.term.get_id())
        if found is None:
            mark = self.z3.Bool(f"literal {len(self._marks)}")
            found = self._marks[literal.term.get_id()] = (mark, literal.term)
        return found[0]

    def _proves(self, literals: Sequence[Literal]) -> bool:
        for literal in literals:
            self._mark(literal)
        marks = [self._mark(literal) for literal in literals]
        self.solver.push()
        self.solver.add(*(self.z3.Implies(mark, literal.term) for mark, literal in zip(marks, literals, strict=True)))
        found = self.solver.check(*marks)
        self._named = {str(mark) for mark in self.solver.unsat_core()} if found == self.z3.unsat else set()
        self.solver.pop()
        return bool(found == self.z3.unsat)

    def _core(self, literals: list[Literal]) -> list[Literal] | None:
        if not self._proves(literals):
            return None
        return [literal for literal in literals if str(self._mark(literal)) in self._named]

    def _fewer(self, literals: list[Literal]) -> list[Literal]:
        """Leave out whole facts that are not needed, then single literals."""
        for _, group in groupby(list(literals), key=lambda literal: literal.key):
            dropped = list(group)
            rest = [literal for literal in literals if literal not in dropped]
            if len(dropped) < len(literals) and len(dropped) > 1 and self._proves(rest):
                literals = rest
        for literal in list(literals):
            rest = [other for other in literals if other is not literal]
            if literal in literals and self._proves(rest):
                literals = [other for other in rest if str(self._mark(other)) in self._named]
        return literals

    def _widened(self, literals: list[Literal]) -> list[Literal]:
        """Move each bound as far out as the proof allows."""
        for place, literal in enumerate(literals):
            if literal.cut is None:
                continue
            options = self.cells.looser(literal)
            low, high = 0, len(options)
            while (
                low < high
            ):  # INVARIANT: what is looser than options[low] proves nothing; options[high] (or the bound) does
                middle = (low + high) // 2
                if self._proves([*literals[:place], options[middle], *literals[place + 1 :]]):
                    high = middle
                else:
                    low = middle + 1
            if high < len(options):
                literals[place] = options[high]
        return literals
