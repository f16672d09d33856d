"""The tests of one policy: loaded, run, and what they reach."""

from __future__ import annotations

import datetime as dt
from importlib.util import find_spec
from typing import Final

import attrs

from ..engine.cases.stories import Telling, tell
from ..engine.coverage import Coverage, coverage
from ..engine.mutation import Score
from ..engine.policy import Policy
from ..engine.trials import Trial, run_trials
from ..rules.diagnostics import Diagnostic, PolicyError

#: Seconds that proofs of what no test can reach may take.
PATIENCE: Final = 30.0


@attrs.frozen
class Mutation:
    """The score of a policy's tests, None where there are none or some fail, and the least one that will do."""

    score: Score | None
    least: float | None = None

    @property
    def falls_short(self) -> bool:
        """Whether the tests kill fewer mutants than was asked for."""
        return self.least is not None and (self.score is None or self.score.percent < self.least)


@attrs.frozen
class Tested:
    """A policy as it was named, what was found in it, and its tests; *policy* is None where it cannot be used."""

    name: str
    policy: Policy | None
    findings: tuple[Diagnostic, ...]
    trials: tuple[Trial, ...] = ()
    coverage: Coverage | None = None
    least: float | None = None
    mutation: Mutation | None = None
    tellings: tuple[Telling, ...] = ()

    @property
    def is_unsound(self) -> bool:
        """Whether the policy cannot be used."""
        return self.policy is None

    @property
    def failed(self) -> tuple[Trial, ...]:
        """The tests that came out otherwise than expected."""
        return tuple(trial for trial in self.trials if not trial.passed)

    @property
    def failed_stories(self) -> tuple[Telling, ...]:
        """The stories that came out otherwise than expected."""
        return tuple(telling for telling in self.tellings if not telling.passed)

    @property
    def count(self) -> int:
        """How many tests and stories were run."""
        return len(self.trials) + len(self.tellings)

    @property
    def passed(self) -> bool:
        """Whether the policy is sound, every test and story came out as expected, and the tests reach as much as was asked for."""
        return not (self.is_unsound or self.failed or self.failed_stories or self.falls_short)

    @property
    def falls_short(self) -> bool:
        """Whether the tests reach less of the policy than was asked for, or notice too little of what is changed in it."""
        reach_less = self.coverage is not None and self.least is not None and self.coverage.least < self.least
        return reach_less or (self.mutation is not None and self.mutation.falls_short)


@attrs.frozen
class Measured:
    """Whether what the tests reach is measured, *with_packs* of the rules that packs brought as well, and the least percentage."""

    wanted: bool = False
    with_packs: bool = False
    least: float | None = None


def run_tests(name: str, wanted: str | None, as_of: dt.date | None, measured: Measured) -> Tested:
    """Load a policy and run its tests and stories, or those with *wanted* in their name."""
    try:
        policy = Policy.load(name)
    except PolicyError as error:
        return Tested(name, None, error.diagnostics)
    words = (wanted or "").casefold()
    cases = [case for case in policy.tree.tests if words in case.name.casefold()]
    trials = tuple(run_trials(policy, cases=cases, as_of=as_of))
    tellings = tuple(tell(policy, story) for story in policy.tree.case.stories if words in story.name.casefold())
    reached = None
    if measured.wanted:
        reached = coverage(policy, trials, with_packs=measured.with_packs, prove=has_solver(), budget=PATIENCE)
    return Tested(name, policy, policy.warnings, trials, reached, measured.least, tellings=tellings)


def has_solver() -> bool:
    """Whether z3 is installed."""
    return find_spec("z3") is not None
