"""Which rules and red lines the owner's cases put to work, and which no case has ever reached."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ..rules.tree import Guard, Rule
from .policy import Policy
from .trials import Trial, matching_rules, winning_rules


@attrs.frozen
class RuleCoverage:
    """A rule with the tests in which it won something, and those in which it only matched; *is_own* where no pack brought it."""

    rule: Rule
    won_in: tuple[str, ...]
    matched_in: tuple[str, ...]
    is_own: bool


@attrs.frozen
class GuardCoverage:
    """A red line with the tests in which it was broken."""

    guard: Guard
    broken_in: tuple[str, ...]
    is_own: bool


@attrs.frozen
class Coverage:
    """What a policy's tests reach."""

    rules: tuple[RuleCoverage, ...]
    guards: tuple[GuardCoverage, ...]

    def won(self, *, own: bool) -> int:
        """Return how many of the policy's own rules, or of those that packs brought, won in some test."""
        return sum(bool(covered.won_in) for covered in self.rules if covered.is_own is own)

    def count(self, *, own: bool) -> int:
        """Return how many rules the policy has of its own, or from packs."""
        return sum(covered.is_own is own for covered in self.rules)

    @property
    def never_won(self) -> tuple[RuleCoverage, ...]:
        """The policy's own rules that won in no test."""
        return tuple(covered for covered in self.rules if covered.is_own and not covered.won_in)

    @property
    def never_broken(self) -> tuple[GuardCoverage, ...]:
        """The policy's own red lines that no test tries to cross."""
        return tuple(covered for covered in self.guards if covered.is_own and not covered.broken_in)

    @property
    def percent(self) -> float:
        """The share of the policy's own rules that won in some test, in percent; 100 where it has none."""
        count = self.count(own=True)
        return 100 * self.won(own=True) / count if count else 100.0


def coverage(policy: Policy, trials: Iterable[Trial]) -> Coverage:
    """
    Return what trials of a policy reach.

    >>> from .trials import run_trials
    >>> house = Policy.load("house")
    >>> coverage(house, run_trials(house)).percent > 0
    True
    """
    tree = policy.tree
    own = next(iter(policy.documents), "")
    won: dict[str, list[str]] = {rule.id: [] for rule in tree.rules}
    matched: dict[str, list[str]] = {rule.id: [] for rule in tree.rules}
    broken: dict[str, list[str]] = {guard.id: [] for guard in tree.guards}
    for trial in trials:
        name, winners = trial.case.name, winning_rules(trial.decision)
        for id_ in winners:
            won[id_].append(name)
        for rule in matching_rules(trial.decision, tree.rules):
            if rule.id not in winners:
                matched[rule.id].append(name)
        for breach in trial.decision.breaches:
            broken[breach.guard.id].append(name)
    return Coverage(
        tuple(
            RuleCoverage(rule, tuple(won[rule.id]), tuple(matched[rule.id]), rule.origin.document == own)
            for rule in tree.rules
        ),
        tuple(GuardCoverage(guard, tuple(broken[guard.id]), guard.origin.document == own) for guard in tree.guards),
    )
