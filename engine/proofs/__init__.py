"""Proofs about a whole policy: what `policy verify` finds, each with an incident that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

from .facts import unused_facts
from .finding import Box, Finding, Part, Witness
from .gaps import uncovered_incidents
from .ground import Ground
from .guards import breakable_guards
from .outcomes import unreachable_obligations, unreachable_outcomes
from .overlaps import disagreeing_rules, overlapping_rules
from .reach import dead_rules
from .redundant import redundant_tests
from .words import box_text, region_data

if TYPE_CHECKING:
    from ..policy import Policy

__all__ = ["CHECKS", "Box", "Finding", "Part", "Witness", "box_text", "region_data", "verify"]

Check: TypeAlias = Callable[[Ground], Iterator[Finding]]

#: Every check, in the order in which they run.
CHECKS: Final[tuple[Check, ...]] = (
    dead_rules,
    uncovered_incidents,
    disagreeing_rules,
    breakable_guards,
    unreachable_outcomes,  # needs to know which rules win
    unreachable_obligations,  # as above
    redundant_tests,  # leaves out rules that never hold
    unused_facts,
    overlapping_rules,
)


def verify(policy: Policy, *, budget: float | None = None) -> tuple[Finding, ...]:
    """
    Return everything that can be proved wrong with a policy, each finding with an incident that shows it where there is one.

    *budget* is how many seconds it may take; what is not proved by then is named in findings of the code `not-proved`.

    Raises:
        SolverMissingError: If z3 is not installed.
    """
    ground = Ground(policy.tree, budget=budget)
    return tuple(finding for check in CHECKS for finding in check(ground))
