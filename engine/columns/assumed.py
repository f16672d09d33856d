"""The assumptions that were taken for each row: those of the facts that it does not state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...rules.tree import PolicyTree
from ..force import is_in_force
from .library import Array, pa
from .moments import Moments
from .reading import Facts


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
    offsets = np.concatenate([[0], np.cumsum(missing.sum(axis=1))]).astype(np.int32)
    words = pa.DictionaryArray.from_arrays(
        pa.array(np.nonzero(missing)[1].astype(np.int32)), pa.array(names, pa.string())
    ).cast(pa.string())
    return pa.ListArray.from_arrays(pa.array(offsets), words, mask=pa.array(null) if len(bad) else None)
