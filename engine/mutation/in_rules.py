"""Drafts of mutants of rules, rows of tables and red lines: their conditions and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import attrs

from ...rules.tree import And, Condition, Not, Rule, Truth
from .bench import Bench
from .in_consequences import other_rules, without_outcome
from .mutants import Draft, Edit, Subject
from .operators import register

register(
    "unless",
    "An `unless` left out.",
    before='when = "ours", unless = "money_on_hold"',
    after='when = "ours"',
)
_Put = Callable[[Condition], Condition]


def drafts_of_rules(bench: Bench) -> Iterator[Draft]:
    """Yield every slip in the policy's rules."""
    for place, rule in enumerate(bench.tree.rules):
        if bench.is_own(rule.origin):
            yield from _in_rule(bench, place, rule)


def _in_rule(bench: Bench, place: int, rule: Rule) -> Iterator[Draft]:
    subject = Subject("rule", rule.id, rule.origin)

    def make(put: _Put) -> Callable[[Condition], Edit]:
        return lambda new: Edit(rules={place: bench.rule(rule, put(new))})

    for root, put in _roots(rule):
        yield from bench.drafts(subject, root, bench.universe, make(put))
    yield from _left_out(bench, place, rule, subject)
    yield from _in_consequences(bench, place, rule, subject)


def _roots(rule: Rule) -> Iterator[tuple[Condition, _Put]]:
    """Yield the conditions that a rule was written as: `when`, or each cell of a row, and `unless`."""
    parts, unless = _written(rule)

    def joined(index: int) -> _Put:
        return lambda new: _and((*parts[:index], new, *parts[index + 1 :], *([Not(unless)] if unless else [])))

    for index, part in enumerate(parts):
        yield part, joined(index)
    if unless is not None:
        yield unless, lambda new: _and((*parts, Not(new)))


def _written(rule: Rule) -> tuple[tuple[Condition, ...], Condition | None]:
    """Return `when`, as one condition or as the cells of a row, and `unless`, None where there is none."""
    condition = rule.condition
    unless: Condition | None = None
    is_row = "rows" in rule.origin.path[-2:]
    if rule.has_unless:
        parts = condition.parts if isinstance(condition, And) else (condition,)
        last = parts[-1]
        assert isinstance(last, Not)  # because that is how `unless` is read
        return parts[:-1], last.part
    return (condition.parts if is_row and isinstance(condition, And) else (condition,)), unless


def _and(parts: tuple[Condition, ...]) -> Condition:
    return parts[0] if len(parts) == 1 else And(parts) if parts else Truth(value=True)


def _left_out(bench: Bench, place: int, rule: Rule, subject: Subject) -> Iterator[Draft]:
    """Yield a rule without its `unless`, and a row without each of its cells."""
    cells, unless = _written(rule)
    if unless is not None:
        new = _and(cells)
        change = f"`unless {bench.text(unless)}` was left out"
        made = _Made(bench, place, rule, new, has_unless=False)
        yield Draft("unless", subject, bench.text(rule.condition), bench.text(new), made, change)
    for index, cell in enumerate(cells) if len(cells) > 1 else ():
        new = _and((*cells[:index], *cells[index + 1 :], *([Not(unless)] if unless else [])))
        change = f"`{bench.text(cell)}` was left out"
        yield Draft(
            "part", subject, bench.text(rule.condition), bench.text(new), _Made(bench, place, rule, new), change
        )


@attrs.frozen
class _Made:
    """Makes the edit of a rule with another condition."""

    bench: Bench
    place: int
    rule: Rule
    condition: Condition
    has_unless: bool | None = None

    def __call__(self) -> Edit:
        return Edit(rules={self.place: self.bench.rule(self.rule, self.condition, has_unless=self.has_unless)})


def _in_consequences(bench: Bench, place: int, rule: Rule, subject: Subject) -> Iterator[Draft]:
    def made(fields: Mapping[str, object]) -> Callable[[], Edit]:
        return lambda: Edit(rules={place: attrs.evolve(rule, **fields)})  # type: ignore[arg-type]  # fields of a rule

    for slip in other_rules(rule, bench.home):
        yield Draft(slip.operator, subject, slip.before, slip.after, made(slip.fields), slip.change)
    for name in rule.outcomes:
        fields = without_outcome(rule, name, frozenset(bench.tree.decisions[name].values))
        if fields is not None:
            yield Draft("outcome", subject, name, "", made(fields), f"outcome `{name}` was left out")


def drafts_of_guards(bench: Bench) -> Iterator[Draft]:
    """Yield every slip in the policy's red lines, and each of them left out."""
    for place, guard in enumerate(bench.tree.guards):
        if not bench.is_own(guard.origin):
            continue
        subject = Subject("red line", guard.id, guard.origin)
        gone = "the red line was left out"
        yield Draft("guard", subject, guard.text, "", partial(Edit, guards={place: None}), gone)

        def make(new: Condition, place: int = place) -> Edit | None:
            made = bench.guard(bench.tree.guards[place], new)
            return None if made is None else Edit(guards={place: made})

        yield from bench.drafts(subject, guard.condition, bench.with_outcomes, make)


register("guard", "A red line left out.", before="with the red line", after="without it")
