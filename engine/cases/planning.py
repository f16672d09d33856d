"""The next steps of a case: what its plans ask for now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

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


@attrs.frozen
class Applying:
    """A plan that certainly applies, and those of its steps that do."""

    plan: Plan
    steps: tuple[Step, ...]


def asked_for(case: CaseTree, state: State) -> tuple[tuple[Applying, ...], tuple[str, ...]]:
    """
    Return the plans that apply, and the steps that some plan asks for or may ask for.

    A plan or step whose condition is not certain is left out of the first, as one that does not apply.
    """
    applying: list[Applying] = []
    possible: dict[str, None] = {}
    for plan in case.plans.values():
        applies = form_truth(plan.form, state)
        if applies is False:
            continue
        truths = [(step, form_truth(step.form, state)) for step in plan.steps]
        possible.update((step.do, None) for step, truth in truths if truth is not False)
        if applies:
            applying.append(Applying(plan, tuple(step for step, truth in truths if truth)))
    return tuple(applying), tuple(possible)


def next_steps(plans: Iterable[Applying], done: Sequence[str]) -> Iterator[NextStep]:
    """Yield the next step of each plan that applies: the first that is not done."""
    for found in plans:
        for step in found.steps:
            if step.do not in done:
                yield NextStep(found.plan, step, tuple(need for need in step.needs if need not in done))
                break
