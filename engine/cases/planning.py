"""The next steps of a case: what its plans ask for now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from ...rules.case_tree import CaseTree, Pattern, Plan, Step
from ..truth import State, form_truth


@attrs.frozen
class NextStep:
    """
    The step that a plan asks for next; *waits_for* are steps that must be taken before.

    *forbidden* is what must never happen, and would if the step were taken now; only a `Case` looks for it.
    """

    plan: Plan
    step: Step
    waits_for: tuple[str, ...] = ()
    forbidden: tuple[Pattern, ...] = ()


def next_steps(case: CaseTree, state: State, done: Sequence[str]) -> Iterator[NextStep]:
    """
    Yield the next step of each plan that certainly applies.

    A step whose condition is not certain is left out, as one that does not apply.
    """
    for plan in case.plans.values():
        if form_truth(plan.form, state) is not True:
            continue
        for step in plan.steps:
            if step.do not in done and form_truth(step.form, state) is True:
                yield NextStep(plan, step, tuple(need for need in step.needs if need not in done))
                break
