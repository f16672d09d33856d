"""Every reading of a policy gives the reference's answer, on random policies and random incidents."""

from __future__ import annotations

import os
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from readings import READINGS, SLOWER, answer, difference, parting, reference
from reduction import Failure
from strategies import INCIDENTS, Situations, situations

#: How many incidents are decided in all, and from where the random numbers start.
CASES = int(os.environ.get("EVENHAND_CASES", "20000"))
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))
#: The cases are cut into as many tests, so that they share the cores.
SHARDS = 4


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("name", READINGS)
def test_a_reading_agrees_with_the_reference(name: str, shard: int) -> None:
    """On every verdict, value, duty, red line, possible outcome and missing fact, and on what is wrong with the facts."""

    @seed(SEED + shard)
    @settings(
        max_examples=max(CASES // INCIDENTS // SHARDS // SLOWER.get(name, 1), 1),
        deadline=None,
        database=None,
        phases=[Phase.generate],  # because a failure is made small here
        verbosity=Verbosity.quiet,  # because it is shown here as well
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(situations())
    def agrees(found: Situations) -> None:
        policy = found.made.policy
        for count, (facts, as_of) in enumerate(found.incidents, 1):
            if difference(answer(reference, policy, facts, as_of), answer(READINGS[name], policy, facts, as_of)):
                failure = Failure(found.made.table, found.incidents[:count])
                pytest.fail(failure.report(partial(parting, name)))

    agrees()
