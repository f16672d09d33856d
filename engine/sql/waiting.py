"""What is missing: how much of each verdict waits for each fact."""

from __future__ import annotations

from collections.abc import Sequence

from ...rules.tree import Expression
from . import nodes
from .conditions import Conditions
from .hits import Candidate, Hit
from .nodes import Node
from .stages import Stages
from .values import ValueColumn


def missing_counts(
    hit: Hit, default: Expression | None, values: Sequence[ValueColumn], conditions: Conditions, stages: Stages
) -> dict[str, Node]:
    """Return, for each fact that a verdict may wait for, the column that counts what does; in the order of the vocabulary."""
    counts: dict[str, list[Node]] = {}
    for one in hit.candidates:
        if one.is_open and not (hit.spec.collects and nodes.is_false(hit.unsettled)):
            _count_rule(hit, one, conditions, counts)
        if one.may_be_null:
            _count_outcome(hit.takes_part(one), one.expression, hit, counts)
    if default is not None and hit.slot.may_be_null(default):
        used = hit.by_default
        if hit.spec.collects:
            used = nodes.all_of([used, *(nodes.negated(one.possible) for one in hit.candidates)])
        _count_outcome(used, default, hit, counts)
    for value in values:
        _count_value(hit, value, counts)
    facts = conditions.facts
    in_doubt = nodes.any_of([hit.unsettled, nodes.all_of([hit.decided, nodes.any_of(v.unsettled for v in values)])])
    in_doubt = stages.share("waiting", "_doubt_", in_doubt, f"{hit.spec.id}: waits for facts")
    found: dict[str, Node] = {}
    for at, name in enumerate(facts.tree.facts):
        if name in counts:
            waits = nodes.all_of([nodes.is_null(facts.raw(name)), in_doubt])
            node = nodes.chosen([(waits, nodes.total(counts[name]))], nodes.number(0))
            found[name] = stages.define(
                "waiting", f"_m{hit.number}_{at}", node, f"{hit.spec.id}: what waits for {name}"
            )
    return found


def _count_rule(hit: Hit, one: Candidate, conditions: Conditions, counts: dict[str, list[Node]]) -> None:
    """Count the undecided `and`s of a rule that may hold."""
    uncertain = hit.uncertain(one)
    for name, undecided in conditions.waiting(one.rule.form, one.rule.id).items():
        within = nodes.total(nodes.number(1) if nodes.is_true(u) else nodes.counted(u) for u in undecided)
        counts.setdefault(name, []).append(nodes.counted(uncertain, within))


def _count_outcome(takes_part: Node, expression: Expression, hit: Hit, counts: dict[str, list[Node]]) -> None:
    """Count the first missing fact of an outcome that has no value yet."""
    facts = hit.slot.conditions.facts
    before: list[Node] = []
    for name in hit.slot.waits_for(expression):
        counts.setdefault(name, []).append(nodes.counted(nodes.all_of([hit.unsettled, takes_part, *before])))
        before.append(nodes.is_known(facts.raw(name)))


def _count_value(hit: Hit, value: ValueColumn, counts: dict[str, list[Node]]) -> None:
    """Count every missing fact of the values that would go with the outcome."""
    by_place = {one.place: one for one in hit.candidates}
    for place, expression in value.entries.items():
        takes_part = nodes.all_of([hit.decided, hit.takes_part(by_place[place])])
        for name in value.slot.waits_for(expression):
            counts.setdefault(name, []).append(nodes.counted(takes_part))
