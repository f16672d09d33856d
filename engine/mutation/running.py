"""Running the owner's tests on mutants, as fast as the meaning of the language allows.

Facts are read once, and so is which rule holds in which test. A mutant changes a rule or two: only where one of these holds
otherwise than before, or holds and brings something else, can a test notice. There the reference reading draws its conclusions
from the truths that are known already.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import attrs

from ...rules.given import Knowledge
from ...rules.tree import Case, PolicyTree, Rule
from ..decision import Judgement
from ..force import is_in_force, ordinal
from ..interpret import concluded
from ..policy import Policy
from ..solve import Point
from ..trials import mismatches, run_trials
from ..truth import State, Truth, form_truth
from .mutants import Edit, consequences


class FailingTestsError(ValueError):
    """Tests that fail on the policy as it is: what they say about mutants means nothing."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"{len(names)} of the tests fail as it is")
        self.names = names


@attrs.frozen
class _Ready:
    """A test with its facts read, and whether each rule of the policy holds in it."""

    case: Case
    as_of: dt.date
    state: State
    truths: tuple[Truth, ...]


class Trials:
    """
    The tests of a policy, ready to be run on its mutants.

    Raises:
        FailingTestsError: If any fails on the policy itself.
    """

    def __init__(self, policy: Policy, cases: Iterable[Case], as_of: dt.date) -> None:
        self.tree = policy.tree
        cases = list(cases)
        failing = tuple(trial.case.name for trial in run_trials(policy, cases=cases, as_of=as_of) if not trial.passed)
        if failing:
            raise FailingTestsError(failing)
        found = [(case, policy.read(case.given), case.as_of if case.as_of is not None else as_of) for case in cases]
        self._ready = [self._made_ready(case, known, day) for case, known, day in found if is_in_force(self.tree, day)]

    def _made_ready(self, case: Case, known: Mapping[str, Knowledge], as_of: dt.date) -> _Ready:
        state = State.of(self.tree.facts, known, ordinal(as_of))
        return _Ready(case, as_of, state, tuple(form_truth(rule.form, state) for rule in self.tree.rules))

    @property
    def incidents(self) -> list[Point]:
        """The incidents of the tests."""
        return [Point(ready.state.known, ready.as_of) for ready in self._ready]

    def killer(self, edit: Edit) -> Case | None:
        """Return the first test that fails on a mutant, None where all pass."""
        places = edit.places(self.tree)
        mutant: PolicyTree | None = None
        for ready in self._ready:
            truths = self._changed_truths(ready, edit)
            if not self._may_notice(ready, edit, truths):
                continue
            mutant = mutant or edit.applied(self.tree)
            if not self._passes(ready, mutant, places, truths):
                return ready.case
        return None

    def _changed_truths(self, ready: _Ready, edit: Edit) -> dict[int, Truth]:
        found: dict[int, Truth] = {}
        for place, rule in edit.rules.items():
            if rule is None:
                found[place] = False
            elif rule.form is not self.tree.rules[place].form:
                found[place] = form_truth(rule.form, ready.state)
        return found

    def _may_notice(self, ready: _Ready, edit: Edit, truths: Mapping[int, Truth]) -> bool:
        """Whether a test can come out otherwise at all."""
        if edit.guards or edit.decisions or edit.order is not None:
            return True
        return any(
            truths.get(place, ready.truths[place]) is not ready.truths[place]
            or (ready.truths[place] is not False and self._brings_otherwise(place, rule))
            for place, rule in edit.rules.items()
        )

    def _brings_otherwise(self, place: int, rule: Rule | None) -> bool:
        return rule is None or consequences(rule) != consequences(self.tree.rules[place])

    def _passes(self, ready: _Ready, tree: PolicyTree, places: Iterable[int], truths: Mapping[int, Truth]) -> bool:
        """Whether a test passes on a tree whose rules stood at *places*; *truths* are those that are not as they were."""
        now = [truths.get(place, ready.truths[place]) for place in places]
        judgement: Judgement = concluded(tree, ready.state, now)
        by_id = {rule.id: truth for rule, truth in zip(tree.rules, now, strict=True)}

        def holding(rules: Iterable[Rule]) -> list[Rule]:
            return [rule for rule in rules if by_id[rule.id] is True]

        return next(mismatches(ready.case, tree, judgement, holding), None) is None
