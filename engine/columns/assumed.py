"""The assumptions that were taken for each row: those of the facts that it does not state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...rules.tree import PolicyTree
from ..force import is_in_force
from .library import Array
from .moments import Moments
from .reading import Facts
from .spread import flagged


def assumed_in(tree: PolicyTree, facts: Facts, moments: Moments, bad: Sequence[int]) -> Array:
    """Return for each row the facts that are missing and for which the policy assumes something."""
    names = [n for n, fact in tree.facts.items() if fact.assume is not None and n in tree.asked]
    rows = facts.rows
    missing = np.ones((rows, len(names)), np.bool_)
    for at, name in enumerate(names):
        if name in facts.columns:
            missing[:, at] = facts.columns[name].is_null().to_numpy(zero_copy_only=False)
    out = [not is_in_force(tree, moment) for moment in moments.distinct]
    if any(out):
        missing[np.array([*out, False])[moments.codes] if moments.codes is not None else slice(None)] = False
    missing[list(bad)] = False
    null = np.zeros(rows, np.bool_)
    null[list(bad)] = True
    return flagged(missing, names, null=null if len(bad) else None)
