"""The tests of one policy: loaded, run, and what they reach."""

from __future__ import annotations

import datetime as dt

import attrs

from ..engine.coverage import Coverage, coverage
from ..engine.policy import Policy
from ..engine.trials import Trial, run_trials
from ..rules.diagnostics import Diagnostic, PolicyError


@attrs.frozen
class Tested:
    """A policy as it was named, what was found in it, and its tests; *policy* is None where it cannot be used."""

    name: str
    policy: Policy | None
    findings: tuple[Diagnostic, ...]
    trials: tuple[Trial, ...] = ()
    coverage: Coverage | None = None

    @property
    def is_unsound(self) -> bool:
        """Whether the policy cannot be used."""
        return self.policy is None

    @property
    def failed(self) -> tuple[Trial, ...]:
        """The tests that came out otherwise than expected."""
        return tuple(trial for trial in self.trials if not trial.passed)

    @property
    def passed(self) -> bool:
        """Whether the policy is sound and every test came out as expected."""
        return not self.is_unsound and not self.failed


def run_tests(name: str, wanted: str | None, as_of: dt.date | None, *, with_coverage: bool) -> Tested:
    """Load a policy and run its tests, or those with *wanted* in their name."""
    try:
        policy = Policy.load(name)
    except PolicyError as error:
        return Tested(name, None, error.diagnostics)
    words = (wanted or "").casefold()
    cases = [case for case in policy.tree.tests if words in case.name.casefold()]
    trials = tuple(run_trials(policy, cases=cases, as_of=as_of))
    reached = coverage(policy, trials) if with_coverage else None
    return Tested(name, policy, policy.warnings, trials, reached)
