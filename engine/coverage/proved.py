"""Which targets no incident reaches: plain to see in the normal form, or proved by the solver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rules.tree import Constant, FactRef, Known, PolicyTree, TextTest
from .leaves import Leaf, Leaves
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

            self._terms = Terms(Ground(self.tree, budget=self.budget, optional=self.optional), self.leaves)
        return self._terms

    @property
    def optional(self) -> set[str]:
        """The facts of which some rule asks, as it is written, whether they are known: they may be missing."""
        tests = (leaf.test for rule in self.tree.rules for leaf in self.leaves.of(rule))
        return {test.fact for test in tests if isinstance(test, Known)}

    def impossible(self, target: Target) -> str:
        """Return why no incident reaches a target, empty where one might."""
        found = [next((need for need in way if self.is_ruled_out(need)), None) for way in target.ways]
        return "" if found[0] is None or None in found else _why(found[0])

    def is_ruled_out(self, need: Need) -> bool:
        """Whether it is proved that no incident shows what is needed."""
        if _is_plainly_impossible(need):
            return True
        if not self.prove or self.terms.ground.is_over:
            return False
        return self.terms.ground.is_ruled_out(self.terms.of(need))


def _is_plainly_impossible(need: Need) -> bool:
    match need:
        case Holds(leaf, holds):
            return (leaf.is_idle and bool(leaf.form.disjuncts) != holds) or (_is_in_every_text(leaf) and not holds)
        case Turns(_, leaf):
            return leaf.is_idle or _is_in_every_text(leaf)
        case _:
            return False


def _is_in_every_text(leaf: Leaf) -> bool:
    """Whether a leaf asks for the empty text, which is in every text."""
    match leaf.test:
        case TextTest(_, FactRef(_, type_), Constant("")):
            return type_.kind == "text"
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
