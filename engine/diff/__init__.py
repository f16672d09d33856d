"""What two policies decide differently: `policy diff`."""

from __future__ import annotations

from ..policy import Policy
from .change import Change, Difference, Shown, Told
from .compared import compared

__all__ = ["Change", "Difference", "Shown", "Told", "diff"]


def diff(old: Policy, new: Policy, *, budget: float | None = None) -> Difference:
    """
    Return all that two policies decide differently, or that it is proved that they decide alike.

    *budget* is how many seconds it may take; what is not proved by then is named.

    Raises:
        SolverMissingError: If z3 is not installed.
    """
    return compared(old.tree, new.tree, budget=budget)
