"""How good a policy's tests are: which mutants they kill, which are no different, and which survive."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

import attrs

from ...rules.tree import Case, PolicyTree
from ..policy import Policy
from .hunting import Hunter
from .making import make_mutants
from .mutants import Mutant
from .operators import OPERATORS, Operator
from .running import Trials
from .telling import Teller, Telling

#: Seconds that telling one mutant from the policy may take, and all of them together.
PATIENCE: Final = 5.0
BUDGET: Final = 120.0


class Fate(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"
    UNPROVED = "unproved"


@attrs.frozen
class Result:
    """
    A mutant and what became of it.

    *killer* is the first test that failed on it; *telling* a test that would, where one was found.
    """

    mutant: Mutant
    fate: Fate
    killer: str = ""
    telling: Telling | None = None

    @property
    def survived(self) -> bool:
        """Whether every test passes on it, although it is not proved to be no different."""
        return self.fate in (Fate.SURVIVED, Fate.UNPROVED)


@attrs.frozen
class Score:
    """
    The mutants of a policy and what became of them.

    *of* is how many mutants there might be, where these are a sample; *seed* is what the sample was drawn with. *has_solver* says
    whether mutants could be proved equivalent at all.
    """

    results: tuple[Result, ...]
    of: int | None = None
    seed: int = 0
    has_solver: bool = True

    def count(self, *fates: Fate, operator: str = "") -> int:
        """Return how many mutants came to one of some fates, all of them or those of one operator."""
        return sum(result.fate in fates and operator in ("", result.mutant.operator) for result in self.results)

    @property
    def killed(self) -> int:
        """How many mutants some test fails on."""
        return self.count(Fate.KILLED)

    @property
    def equivalent(self) -> int:
        """How many mutants are proved to decide every incident as the policy does: no test can fail on them."""
        return self.count(Fate.EQUIVALENT)

    @property
    def survivors(self) -> tuple[Result, ...]:
        """The mutants on which every test passes, those about which nothing is proved included."""
        return tuple(result for result in self.results if result.survived)

    @property
    def percent(self) -> float:
        """The share of the mutants killed, in percent, equivalent ones left out; 100 where there are no others."""
        return self.percent_of("")

    def percent_of(self, operator: str) -> float:
        """Return the share of one operator's mutants killed."""
        count = self.count(Fate.KILLED, Fate.SURVIVED, Fate.UNPROVED, operator=operator)
        return 100 * self.count(Fate.KILLED, operator=operator) / count if count else 100.0

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators that made some mutant."""
        made = {result.mutant.operator for result in self.results}
        return tuple(operator for name, operator in OPERATORS.items() if name in made)


def mutate(
    policy: Policy,
    *,
    cases: Iterable[Case] | None = None,
    as_of: dt.date | None = None,
    packs: bool = False,
    most: int | None = None,
    seed: int = 0,
    budget: float = BUDGET,
    progress: Callable[[int, int], None] | None = None,
) -> Score:
    """
    Run a policy's tests on its mutants.

    *cases* are the tests, the policy's own unless said otherwise; *as_of* is the day for those that name none: today unless said
    otherwise. With *packs*, rules that extended policies brought are mutated as well. *most* mutants are run at the most, drawn by
    *seed*. *budget* is how many seconds the proofs about survivors may take. *progress* is told how many are done, of how many.

    Raises:
        FailingTestsError: If any test fails on the policy itself.
    """
    day = as_of if as_of is not None else dt.datetime.now(dt.UTC)
    trials = Trials(policy, policy.tree.tests if cases is None else cases, day)
    made = make_mutants(policy.tree, next(iter(policy.documents), ""), packs=packs, most=most, seed=seed)
    judge = _Judge(policy.tree, trials, budget)
    results: list[Result] = []
    for mutant in made.mutants:
        results.append(judge.result(mutant))
        if progress is not None:
            progress(len(results), len(made.mutants))
    return Score(tuple(results), made.of, seed, judge.has_solver)


class _Judge:
    """Says what becomes of mutants, one by one."""

    def __init__(self, tree: PolicyTree, trials: Trials, budget: float) -> None:
        self.tree, self.trials = tree, trials
        self.hunter = Hunter(tree, trials.incidents)
        self.has_solver = True
        self._left = budget

    def result(self, mutant: Mutant) -> Result:
        """Return what becomes of a mutant."""
        killer = self.trials.killer(mutant.edit)
        if killer is not None:
            return Result(mutant, Fate.KILLED, killer.name)
        if mutant.edit.changes_nothing(self.tree):
            return Result(mutant, Fate.EQUIVALENT)
        started = time.monotonic()
        try:
            return self._survivor(mutant)
        finally:
            self._left -= time.monotonic() - started

    def _survivor(self, mutant: Mutant) -> Result:
        """Return whether a mutant that no test fails on is equivalent, and otherwise a test that would fail."""
        from ..proofs.compare import difference
        from ..proofs.ground import Answer
        from ..solve import SolverMissingError

        changed = mutant.tree(self.tree)
        teller = Teller(self.tree, changed)
        name = f"{mutant.id}: notices that {mutant.change.replace('`', '')}"
        for point in self.hunter.points(mutant.edit):
            telling = teller.telling(point, name) if teller.decides_otherwise(point) else None
            if telling is not None:
                return Result(mutant, Fate.SURVIVED, telling=telling)
        if not self.has_solver or self._left <= 0:
            return Result(mutant, Fate.UNPROVED)
        try:
            found = difference(self.tree, changed, budget=min(PATIENCE, self._left), warnings=False)
        except SolverMissingError:
            self.has_solver = False
            return Result(mutant, Fate.UNPROVED)
        if isinstance(found, Answer):
            return Result(mutant, Fate.EQUIVALENT if found is Answer.NONE else Fate.UNPROVED)
        return Result(mutant, Fate.SURVIVED, telling=teller.telling(found, name))
