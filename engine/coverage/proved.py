"""Which targets no incident reaches: plain to see in the normal form, or proved by the solver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rules.tree import PolicyTree
from .leaves import Leaves
from .needs import Crossed, Holds, Meets, Need, Turns, Wins
from .targets import Target, quoted

if TYPE_CHECKING:
    from .terms import Terms


class Proofs:
    """
    Says of targets why no incident reaches them.

    The solver is asked where *prove* says so, and then from the first question on.
    """

    def __init__(self, tree: PolicyTree, leaves: Leaves, *, prove: bool, budget: float | None = None) -> None:
        self.tree, self.leaves, self.prove, self.budget = tree, leaves, prove, budget
        self._terms: Terms | None = None

    @property
    def terms(self) -> Terms:
        """
        What the solver is asked in.

        Raises:
            SolverMissingError: If z3 is not installed.
        """
        if self._terms is None:
            from ..proofs.ground import Ground
            from .terms import Terms

            self._terms = Terms(Ground(self.tree, budget=self.budget), self.leaves)
        return self._terms

    def impossible(self, target: Target) -> str:
        """Return why no incident reaches a target, empty where one might."""
        found = [next((need for need in way if self.is_ruled_out(need)), None) for way in target.ways]
        return "" if found[0] is None or None in found else _why(found[0])

    def is_ruled_out(self, need: Need) -> bool:
        """Whether it is proved that no incident shows what is needed."""
        if _is_plainly_impossible(need):
            return True
        if not self.prove or not self.terms.is_sound(need):
            return False
        return self.terms.ground.is_ruled_out(self.terms.of(need))


def _is_plainly_impossible(need: Need) -> bool:
    match need:
        case Holds(leaf, holds):
            return leaf.is_idle and bool(leaf.form.disjuncts) != holds
        case Turns(_, leaf):
            return leaf.is_idle
        case _:
            return False


def _why(need: Need) -> str:
    match need:
        case Wins(rule):
            return "other rules always come first" if rule.outcomes else "its condition never holds"
        case Crossed():
            return "no incident crosses it"
        case Holds(leaf, holds):
            return f"{quoted(leaf.text)} {'never' if holds else 'always'} holds"
        case Meets():
            return "no incident comes there"
        case Turns():
            return "the other tests decide in any case"
