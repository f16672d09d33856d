"""How much of a policy its tests reach, and what no test has tried."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ..force import is_in_force, ordinal
from ..policy import Decision, Policy
from ..trials import Trial, winning_rules
from ..truth import State
from .leaves import Leaves
from .needs import Moment
from .proved import Proofs
from .rules import GuardCoverage, RuleCoverage, own_document, rules_reached
from .targets import Kind, Reached, Target, targets_of


@attrs.frozen
class Count:
    """How many targets of a kind there are, how many tests reach, and how many are proved out of reach (and not among the others)."""

    of: int
    reached: int
    impossible: int

    @property
    def percent(self) -> float:
        """The share that is reached, in percent; 100 where there is nothing to reach."""
        return 100 * self.reached / self.of if self.of else 100.0


@attrs.frozen
class Coverage:
    """What a policy's tests reach: *rules* and *guards* one by one, and each target of the policy's own rules."""

    rules: tuple[RuleCoverage, ...]
    guards: tuple[GuardCoverage, ...]
    targets: tuple[Reached, ...] = ()

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

    def of(self, kind: Kind) -> Count:
        """Return how much of one kind is reached."""
        found = [reached for reached in self.targets if reached.target.kind == kind]
        impossible = sum(bool(reached.impossible) for reached in found)
        return Count(len(found) - impossible, sum(bool(reached.tests) for reached in found), impossible)

    @property
    def least(self) -> float:
        """The least share of rules, conditions, boundaries and MC/DC, in percent; red lines do not count."""
        return min(self.of(kind).percent for kind in ("rule", "condition", "boundary", "mcdc"))

    @property
    def missing(self) -> tuple[Target, ...]:
        """What no test reaches, although some might."""
        return tuple(reached.target for reached in self.targets if reached.is_missing)


def coverage(
    policy: Policy,
    trials: Iterable[Trial],
    *,
    with_packs: bool = False,
    prove: bool = False,
    budget: float | None = None,
) -> Coverage:
    """
    Return what trials of a policy reach of its own rules, *with_packs* of all its rules.

    With *prove*, the solver is asked what no incident reaches, for *budget* seconds; otherwise only what is plain to see is left out.

    Raises:
        SolverMissingError: If the solver is to be asked, and is not installed.

    >>> from evenhand.engine.trials import run_trials
    >>> house = Policy.load("house")
    >>> coverage(house, run_trials(house)).of("rule").percent > 0
    True
    """
    tried = list(trials)
    leaves = Leaves(policy.tree)
    rules, guards = rules_reached(policy, tried)
    moments = [moment_of(leaves, trial.decision, trial.case.name) for trial in tried]
    proofs = Proofs(policy.tree, leaves, prove=prove, budget=budget)
    targets = own_targets(policy, leaves, with_packs=with_packs)
    return Coverage(rules, guards, tuple(_reached(target, moments, proofs) for target in targets))


def own_targets(policy: Policy, leaves: Leaves, *, with_packs: bool) -> list[Target]:
    """Return what tests of a policy's own rules should reach, *with_packs* of all its rules."""
    own = own_document(policy)
    rules = [rule for rule in policy.tree.rules if with_packs or rule.origin.document == own]
    return list(targets_of(policy.tree, leaves, rules, document="" if with_packs else own))


def moment_of(leaves: Leaves, decision: Decision, name: str = "") -> Moment:
    """Return a decision as coverage sees it."""
    tree = decision.policy.tree
    if not is_in_force(tree, decision.as_of):
        return Moment(leaves, None, frozenset(), frozenset(), name)
    state = State.of(tree.facts, decision.policy.read(decision.given), ordinal(decision.as_of))
    broken = frozenset(breach.guard.id for breach in decision.breaches)
    return Moment(leaves, state, frozenset(winning_rules(decision)), broken, name)


def _reached(target: Target, moments: list[Moment], proofs: Proofs) -> Reached:
    tests = target.met_by(moments)
    return Reached(target, tests, "" if tests else proofs.impossible(target))
