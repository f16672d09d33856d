"""The duties of rows that no red line and no rule of duties alone has touched: they follow from the verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...rules.tree import PolicyTree
from ..decision import Verdict
from ..guards import duties
from .book import Side


def sides_of(
    tree: PolicyTree,
    codes: Mapping[str, Any],
    verdicts: Mapping[str, Sequence[Verdict]],
    known: Any,
    sides: Sequence[Side],
) -> tuple[Any, Sequence[Side]]:
    """Return the sides of all rows; those of *known* that are -2 follow from the verdicts."""
    bringing_any = any(rule.oblige for rule in tree.rules if rule.outcomes)
    if not bringing_any and len(known) and (known == -2).all():
        return np.zeros(len(known), np.int32), (Side(),)
    follows = np.flatnonzero(known == -2)
    if not len(follows):
        return known, sides
    key = np.zeros(len(follows), np.int64)
    made: list[tuple[str, list[Verdict]]] = []
    for name, listed in verdicts.items():
        classes, bringing = _classes(listed)
        if len(bringing) > 1:
            key = key * len(bringing) + classes[codes[name][follows]]
            made.append((name, bringing))
    found, of_row = np.unique(key, return_inverse=True) if made else (np.zeros(1, np.int64), key)
    new = [_side(tree, int(one), made) for one in found]
    every = known.copy()
    every[follows] = len(sides) + of_row
    return every, (*sides, *new)


def _classes(verdicts: Sequence[Verdict]) -> tuple[Any, list[Verdict]]:
    """Return the class of each verdict by the duties that it brings, and one verdict of each; the first brings none."""
    seen: dict[object, int] = {(): 0}
    examples: list[Verdict] = []
    classes = np.zeros(len(verdicts), np.int64)
    for at, verdict in enumerate(verdicts):
        involved = (*verdict.rules, *verdict.rivals)
        key: object = ()
        if any(rule.oblige for rule in involved):
            key = tuple(r.id for r in verdict.rules), tuple(r.id for r in verdict.rivals), verdict.is_settled
        classes[at] = seen.setdefault(key, len(seen))
        if classes[at] == len(examples) + 1:
            examples.append(verdict)
    return classes, [verdicts[0], *examples] if len(verdicts) else []


def _side(tree: PolicyTree, key: int, made: Sequence[tuple[str, list[Verdict]]]) -> Side:
    """Return what the verdicts of a combination of classes bring."""
    chosen: dict[str, Verdict] = {}
    for name, bringing in reversed(made):
        key, at = divmod(key, len(bringing))
        if at:
            chosen[name] = bringing[at]
    ordered = {name: chosen[name] for name in tree.decisions if name in chosen}
    return Side(*duties(tree, ordered, ()))
