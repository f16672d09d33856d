"""The words in which everything is said to the solver: z3, terms, three-valued truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import attrs

#: z3 ships no types.
Term: TypeAlias = Any


class SolverMissingError(ImportError):
    """z3 is not installed."""


def solver_library() -> Any:
    """
    Import z3.

    Raises:
        SolverMissingError: If it is not installed; the message says how it is.
    """
    try:
        import z3
    except ImportError:
        raise SolverMissingError("proofs need the solver z3: install `evenhand[verify]`") from None
    return z3


@attrs.frozen(eq=False)
class Truth:
    """Whether a condition certainly holds, and whether it possibly does."""

    certain: Term
    possible: Term


class Logic:
    """z3 itself, and `and` and `or` over any number of terms."""

    def __init__(self) -> None:
        self.z3 = solver_library()
        self.yes, self.no = (self.z3.BoolVal(value) for value in (True, False))

    def all_of(self, terms: Sequence[Term]) -> Term:
        """Return the conjunction of some terms."""
        return terms[0] if len(terms) == 1 else self.z3.And(terms) if terms else self.yes

    def any_of(self, terms: Sequence[Term]) -> Term:
        """Return the disjunction of some terms."""
        return terms[0] if len(terms) == 1 else self.z3.Or(terms) if terms else self.no
