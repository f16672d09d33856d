"""What the owner's tests reach of a policy: rules, conditions, boundaries and MC/DC; and tests for what they do not."""

from .measure import Count, Coverage, coverage
from .rules import GuardCoverage, RuleCoverage
from .targets import KINDS, Kind, Reached, Target

__all__ = [
    "KINDS",
    "Count",
    "Coverage",
    "GuardCoverage",
    "Kind",
    "Reached",
    "RuleCoverage",
    "Target",
    "coverage",
]
