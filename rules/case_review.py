"""A look at what a policy says of cases as a whole: what can never come about, and what is learned in vain or too late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .case_tree import Pattern, Plan, Step
from .declare import Work
from .diagnostics import Place
from .normal import facts_in, facts_of
from .terms import by_need
from .tree import NEVER, And, NormalForm, Origin


def review_cases(work: Work) -> None:
    """Report patterns and steps of the policy itself that can never come about, and facts learned in vain or unknown before."""
    if work.findings.has_errors:
        return
    for pattern in work.patterns:
        if _is_own(work, pattern.origin):
            _check_possible(work, pattern)
    _check_steps(work)
    _check_learned(work)


def _is_own(work: Work, origin: Origin) -> bool:
    return origin.document == work.draft.header.origin.document


def _check_possible(work: Work, pattern: Pattern) -> None:
    place = Place.of(pattern.origin)
    if pattern.when == NEVER:
        why = "no case ever meets its condition"
        work.findings.report("impossible-event", place, id=pattern.id, why=why)
    for index, element in enumerate(pattern.elements):
        if element.where == NEVER and element.absent_for is None:
            why = "no event ever meets this `where`"
            at = place.inside("events", index, "where")
            work.findings.report("impossible-event", at, id=pattern.id, why=why)


# --- plans -----------------------------------------------------------------------------------------------------------


def _check_steps(work: Work) -> None:
    plans = [plan for plan in work.plans.values() if _is_own(work, plan.origin)]
    circular = _circular(work.plans.values())
    for plan in plans:
        for index, step in enumerate(plan.steps):
            why = next(_obstacles(work, plan, index, circular), "")
            if why:
                facts = {"step": step.do, "plan": plan.id, "why": why}
                work.findings.report("unreachable-step", Place.of(step.origin), **facts)


def _obstacles(work: Work, plan: Plan, index: int, circular: set[str]) -> Iterator[str]:
    """Yield what keeps a step from ever being taken in its turn."""
    step = plan.steps[index]
    assert work.normalizer is not None
    if plan.form == NEVER:
        yield "the plan's condition can never hold"
    if step.form == NEVER or work.normalizer.normal_form(And((plan.condition, step.condition))) == NEVER:
        yield "its condition can never hold" + ("" if step.form == NEVER else " where the plan's does")
    later = {other.do for other in plan.steps[index + 1 :]} - _elsewhere(work, plan)
    for need in step.needs:
        if need in later:
            yield f"it needs `{need}`, which comes after it"
    if step.do in circular:
        yield "the steps that it needs wait for it themselves"


def _elsewhere(work: Work, plan: Plan) -> set[str]:
    """Return the steps of all other plans."""
    return {step.do for other in work.plans.values() if other is not plan for step in other.steps}


def _circular(plans: Iterable[Plan]) -> set[str]:
    """Return the steps that need one another in a circle, or wait for such."""
    steps: dict[str, list[Step]] = {}
    for plan in plans:
        for step in plan.steps:
            steps.setdefault(step.do, []).append(step)
    needs = {do: set.intersection(*(set(step.needs) for step in same)) & steps.keys() for do, same in steps.items()}
    return needs.keys() - by_need(needs).keys()


# --- what is learned -------------------------------------------------------------------------------------------------


def _check_learned(work: Work) -> None:
    """Report facts of the owner's own that a pattern teaches: those that nothing asks for, and those that nobody knows before."""
    own = [pattern for pattern in work.patterns if _is_own(work, pattern.origin)]
    learned = {name for pattern in own for name in pattern.learn if not work.facts[name].built_in}
    if not learned:
        return
    by_rules = _asked_by_rules(work)
    asked = by_rules | _asked_by_cases(work)
    for pattern in own:
        for name in pattern.learn:
            place = Place.of(pattern.origin).inside("learn", *name.split("."))
            fact = work.facts[name]
            if name in learned and name not in asked:
                work.findings.report("learned-for-nothing", place, id=pattern.id, name=name)
            elif name in learned and name in by_rules and fact.assume is None and not fact.ask:
                learned.discard(name)  # because once is enough
                work.findings.report("learned-without-assumption", place, name=name)


def _asked_by_rules(work: Work) -> set[str]:
    """Return the facts that rules, red lines and values ask for."""
    forms = [rule.form for rule in work.rules] + [guard.form for guard in work.guards]
    expressions = [spec.default for spec in work.decisions.values() if spec.default is not None]
    for rule in work.rules:
        expressions += (*rule.outcomes.values(), *rule.values.values())
    return _asked_by(forms) | {name for expression in expressions for name in facts_in(expression)}


def _asked_by_cases(work: Work) -> set[str]:
    """Return the facts that plans, patterns and reopening ask for."""
    forms = [pattern.when for pattern in work.patterns]
    for plan in work.plans.values():
        forms += [plan.form, *(step.form for step in plan.steps)]
    return _asked_by([*forms, *([work.monitoring.reopen] if work.monitoring else [])])


def _asked_by(forms: Iterable[NormalForm]) -> set[str]:
    return {name for form in forms for name in facts_of(form)}
