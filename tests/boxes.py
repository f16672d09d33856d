"""Whether an incident lies in a region, told by the reference's own tests."""

from __future__ import annotations

from evenhand.engine.proofs import Box
from evenhand.engine.truth import State, conjunct_truth, is_value
from evenhand.rules.regions import contains


def lies_in(box: Box, state: State) -> bool:
    """Whether an incident lies in a box."""
    for name, part in box.facts.items():
        value = state.known.get(name)
        if not (part.missing if value is None else is_value(value) and contains(part.values, value)):
            return False
    return all(conjunct_truth(key, state) is holds for key, holds in box.holds.items())
