"""
Planted faults: each kind in many random policies, each found, none invented; and none in policies without a fault.

`EVENHAND_CASES=25000 pytest tests/test_proofs_planted.py -s` is the full run of some 550 policies, and prints its figures.
"""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest
from planted import FAULTS, Grown, grown

from evenhand import Policy
from evenhand.engine.proofs import verify
from evenhand.rules.diagnostics import found_by_proof

pytest.importorskip("z3")

#: How many policies each fault is planted in, and twice as many that have none.
EACH = max(int(os.environ.get("EVENHAND_CASES", "20000")) // 800, 1)
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))


def found_in(made: Grown) -> tuple[set[str], set[str]]:
    """Return the codes of what was found, mistakes and listings apart."""
    found = verify(Policy.loads(made.text()))
    return {f.code for f in found if not f.is_listing}, {f.code for f in found if f.is_listing}


def with_fault(code: str, number: int) -> Grown:
    """Return a random policy that the fault could be planted in."""
    plant, _ = FAULTS[code]
    for attempt in range(1_000):
        made = grown(random.Random(f"{SEED} {code} {number} {attempt}"))
        if plant(made):
            return made
    raise AssertionError(f"{code} could not be planted")


def test_every_kind_of_fault_is_planted() -> None:
    assert set(FAULTS) == set(found_by_proof()) - {"not-proved"} | {"unneeded-allow"}


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    shapes: Counter[str] = Counter()
    for number in range(2 * EACH):
        made = grown(random.Random(f"{SEED} sound {number}"))
        found, listed = found_in(made)
        assert not found and not listed, f"{found} {listed}\n{made.text()}"
        shapes.update(made.policies.values())
        shapes.update(made.facts)
        shapes.update({"tables": len(made.tables), "parameters": len(made.parameters), "terms": len(made.terms)})
    print(f"\n{2 * EACH} policies without a fault: nothing found; {dict(shapes)}")


@pytest.mark.parametrize("code", FAULTS)
def test_a_planted_fault_is_found_and_nothing_else(code: str) -> None:
    _, consequences = FAULTS[code]
    for number in range(EACH):
        made = with_fault(code, number)
        found, listed = found_in(made)
        assert code in found | listed, made.text()
        allowed = {code, *consequences}
        if code in ("shadowed-rule", "unreachable-obligation", "idle-parameter", "idle-term"):
            listed -= {"overlapping-rules"}  # the rule that never wins overlaps with the one that does
        assert found | listed <= allowed, f"{(found | listed) - allowed}\n{made.text()}"
    print(f"\n{code}: found in {EACH} of {EACH}, nothing invented")
