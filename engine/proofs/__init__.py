"""Proofs about a whole policy: what `policy verify` finds, each with an incident that shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from ..force import ordinal
from ..mends.mend import Desk
from ..mends.offers import offered
from .allowed import unneeded_allowances, with_allowances
from .choices import always_true_choices
from .compare import difference
from .deadlines import unmeetable_deadlines
from .facts import unused_facts
from .finding import Box, Finding, Part, Witness
from .gaps import uncovered_incidents
from .ground import Answer, Ground
from .guards import breakable_guards
from .idle import idle_parameters, idle_terms
from .independence import dependent_decisions
from .outcomes import unreachable_obligations, unreachable_outcomes
from .overlaps import disagreeing_rules, overlapping_rules
from .reach import dead_rules
from .redundant import redundant_tests
from .words import box_text, region_data

if TYPE_CHECKING:
    from ..policy import Policy

__all__ = [
    "CHECKS",
    "Answer",
    "Box",
    "Finding",
    "Part",
    "Progress",
    "Witness",
    "box_text",
    "difference",
    "region_data",
    "verify",
]

#: Told which check comes next, how many are done and how many there are.
Progress: TypeAlias = Callable[[str, int, int], object]
Check: TypeAlias = Callable[[Ground], Iterator[Finding]]

#: Every check, in the order in which they run.
CHECKS: Final[tuple[Check, ...]] = (
    dead_rules,
    uncovered_incidents,
    disagreeing_rules,
    breakable_guards,
    dependent_decisions,
    unreachable_outcomes,  # needs to know which rules win
    unreachable_obligations,  # as above
    unmeetable_deadlines,  # leaves out rules that never hold
    always_true_choices,
    redundant_tests,  # leaves out rules that never hold
    unused_facts,  # tries incidents that rules are known to win
    idle_parameters,  # as above
    idle_terms,
    overlapping_rules,
)


def verify(
    policy: Policy,
    *,
    budget: float | None = None,
    as_of: dt.date | None = None,
    progress: Progress | None = None,
) -> tuple[Finding, ...]:
    """
    Return everything that can be proved wrong with a policy, each finding with an incident that shows it where there is one.

    *budget* is how many seconds it may take; what is not proved by then is named in findings of the code `not-proved`.
    What the policy allows on the day *as_of* (today unless said otherwise) is marked as `allowed`. *progress* is called before
    each check with its name, how many are done and how many there are.

    Raises:
        SolverMissingError: If z3 is not installed.
    """
    ground = Ground(policy.tree, budget=budget)
    found: list[Finding] = []
    for done, check in enumerate(CHECKS):
        if progress is not None:
            progress(check.__name__, done, len(CHECKS))
        found += check(ground)
    if not ground.is_over:
        found += unneeded_allowances(policy.tree, found)
    day = as_of or dt.datetime.now(dt.UTC).date()
    desk = Desk(policy.tree, policy.documents)
    marked = with_allowances(policy.tree, found, dt.date.fromordinal(ordinal(day)))
    return tuple(attrs.evolve(finding, mends=offered(desk, finding)) for finding in marked)
