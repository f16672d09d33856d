"""`policy show --format table`: plans, patterns and the rules for replies, a table each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from ..engine.policy import Policy
from ..rules.case_tree import CaseTree, Element
from ..rules.diagnostics import printable
from ..rules.quantities import duration_text
from ..rules.tree import ALWAYS_HOLDS, Condition, Origin
from ..rules.words import condition_text, expression_text
from .as_json import origin_text

#: A table: its name, its columns, and its rows.
CaseTable: TypeAlias = tuple[str, Sequence[str], list[Sequence[str]]]


def case_tables(policy: Policy) -> Iterator[CaseTable]:
    """Yield the tables of what a policy says of cases."""
    case, currency = policy.tree.case, policy.tree.currency
    if case.plans:
        yield "Plans", ("Plan", "When", "Step", "Within", "Needs", "What"), list(_steps(policy, case, currency))
    if case.patterns:
        yield "Patterns", ("Pattern", "Events", "Within", "When", "Learned"), list(_patterns(policy, case, currency))
    if case.replies is not None and case.replies.bans:
        rows: list[Sequence[str]] = [
            (_named(policy, ban.id, ban.origin), "\n".join((*ban.phrases, *ban.patterns)), ban.because, ban.instead)
            for ban in case.replies.bans
        ]
        yield "What no reply may say", ("Ban", "Words", "Because", "Rather"), rows


def _named(policy: Policy, id_: str, origin: Origin) -> str:
    return f"{id_}\n{printable(origin_text(origin, policy.documents).rpartition('/')[2])}"


def _steps(policy: Policy, case: CaseTree, currency: str) -> Iterator[Sequence[str]]:
    for plan in case.plans.values():
        for number, step in enumerate(plan.steps):
            tests = [plan.condition, step.condition] if not number else [step.condition]
            yield (
                _named(policy, plan.id, plan.origin) if not number else "",
                "\n".join(filter(None, (_condition(test, currency) for test in tests))),
                step.do,
                duration_text(step.within) if step.within is not None else "",
                "\n".join(step.needs),
                step.title,
            )


def _patterns(policy: Policy, case: CaseTree, currency: str) -> Iterator[Sequence[str]]:
    for pattern in case.patterns:
        yield (
            _named(policy, pattern.id, pattern.origin),
            "\n".join(_event(element) for element in pattern.elements),
            duration_text(pattern.within) if pattern.within is not None else "",
            _condition(pattern.condition, currency),
            "\n".join(f"{name} = {expression_text(said, currency)}" for name, said in pattern.learn.items()),
        )


def _condition(condition: Condition, currency: str) -> str:
    return "" if condition == ALWAYS_HOLDS else condition_text(condition, currency)


def _event(element: Element) -> str:
    kind = element.pattern or element.kind
    parts = [f"{element.alias}: {kind}" if element.alias else kind]
    parts += [f"x {element.count}"] if element.count > 1 else []
    parts += [f"distinct {element.distinct}"] if element.distinct else []
    parts += [f"where {element.text}"] if element.text else []
    parts += [f"absent for {duration_text(element.absent_for)}"] if element.absent_for is not None else []
    return " ".join(parts)
