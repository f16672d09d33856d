"""Every reading of a policy gives the reference's answer, on random policies and random incidents."""

from __future__ import annotations

import os
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from readings import READINGS, SLOWER, answer, difference, parting, reference
from reduction import Failure
from strategies import INCIDENTS, Situations, situations

from evenhand import Policy
from evenhand.rules.load import Loaded

#: How many incidents are decided in all, and from where the random numbers start.
CASES = int(os.environ.get("EVENHAND_CASES", "20000"))
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))
#: The cases are cut into as many tests, so that they share the cores.
SHARDS = 4


#: The readings by the share of the incidents that they are held to: making those up takes longer than deciding them.
TOGETHER = {
    share: [name for name in READINGS if SLOWER.get(name, 1) == share] for share in (1, *sorted({*SLOWER.values()}))
}


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("share", TOGETHER, ids=[" and ".join(names) for names in TOGETHER.values()])
def test_readings_agree_with_the_reference(share: int, shard: int) -> None:
    """On every verdict, value, duty, red line, possible outcome and missing fact, and on what is wrong with the facts."""

    @seed(SEED + shard)
    @settings(
        max_examples=max(CASES // INCIDENTS // SHARDS // share, 1),
        deadline=None,
        database=None,
        phases=[Phase.generate],  # because a failure is made small here
        verbosity=Verbosity.quiet,  # because it is shown here as well
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(situations())
    def agree(found: Situations) -> None:
        # To each its own: what one reading remembers is no help to another.
        policies = {name: twin(found.made.policy) for name in TOGETHER[share]}
        for count, (facts, as_of) in enumerate(found.incidents, 1):
            expected = answer(reference, found.made.policy, facts, as_of)
            for name, policy in policies.items():
                if difference(expected, answer(READINGS[name], policy, facts, as_of)):
                    failure = Failure(found.made.table, found.incidents[:count])
                    pytest.fail(f"{name}\n{failure.report(partial(parting, name))}")

    agree()


def twin(policy: Policy) -> Policy:
    """Return the same policy, with nothing made ready and nothing remembered."""
    return Policy(Loaded(policy.tree, policy.warnings, policy.documents))
