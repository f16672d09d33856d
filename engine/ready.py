"""Verdicts made ready when a policy is compiled: for each decision under `first`, one for each rule that may win it."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..rules.tree import Constant, DecisionSpec, PolicyTree, Rule
from .decision import REFER, Verdict
from .layout import Layout, mask


@attrs.frozen
class Ready:
    """
    The verdicts of one decision.

    `verdicts[bits.bit_length()]` is that of the first matching clause in *bits*, or, at 0, what is decided where no rule does; None
    where it depends on the facts' values. `others` has at the same place the clauses whose outcome is another.
    """

    verdicts: Sequence[Verdict | None]
    others: Sequence[int]


def ready(layout: Layout, spec: DecisionSpec) -> Ready | None:
    """Return the verdicts of a decision, None where its hit policy wants more than the first rule that matches."""
    if spec.hit_policy != "first":
        return None
    tree = layout.tree
    count = layout.shift + len(layout.owners)
    verdicts: list[Verdict | None] = [None] * (count + 1)
    verdicts[0] = _of_default(tree, spec)
    made: dict[str, Verdict | None] = {}
    same: dict[object, list[int]] = {}
    for place, owner in enumerate(layout.owners):
        if not isinstance(owner, Rule) or spec.id not in owner.outcomes:
            continue
        if owner.id not in made:
            made[owner.id] = _of_rule(tree, spec, owner)
        verdicts[count - place] = made[owner.id]
        outcome = owner.outcomes[spec.id]
        if isinstance(outcome, Constant):
            same.setdefault(outcome.value, []).append(count - 1 - place)
    others = {outcome: layout.deciding[spec.id] & ~mask(bits) for outcome, bits in same.items()}
    every = layout.deciding[spec.id]
    return Ready(verdicts, [every if v is None else others.get(v.canonical, every) for v in verdicts])


def _of_default(tree: PolicyTree, spec: DecisionSpec) -> Verdict | None:
    if spec.default is None:
        return Verdict(spec, tree.currency, REFER, "no-rule", may_refer=True)
    if not isinstance(spec.default, Constant):
        return None
    value = spec.default.value
    return Verdict(spec, tree.currency, value, "decided", possible=(value,))


def _of_rule(tree: PolicyTree, spec: DecisionSpec, rule: Rule) -> Verdict | None:
    outcome = rule.outcomes[spec.id]
    values = {name: rule.values[name] for name in spec.values if name in rule.values}
    if not isinstance(outcome, Constant) or not all(isinstance(value, Constant) for value in values.values()):
        return None
    canonical = {name: value.value for name, value in values.items() if isinstance(value, Constant)}
    value = outcome.value
    return Verdict(spec, tree.currency, value, "decided", rule, (rule,), canonical, (), (value,))
