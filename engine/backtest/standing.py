"""A policy as if it were in force: a draft that begins next month is tried on last year's incidents."""

from __future__ import annotations

import attrs

from ...rules.load import Loaded
from ..policy import Policy


def standing(policy: Policy) -> tuple[Policy, str]:
    """Return a policy without the days on which it is in force, and a note that says so; empty where it had none."""
    tree = policy.tree
    if tree.effective is None and tree.expires is None:
        return policy, ""
    when = [f"from {tree.effective}"] if tree.effective else []
    when += [f"until {tree.expires}"] if tree.expires else []
    free = attrs.evolve(tree, effective=None, expires=None)
    note = f"`{tree.id}` is in force {' '.join(when)}; here it decides as if it always were"
    return Policy(Loaded(free, policy.warnings, policy.documents)), note
