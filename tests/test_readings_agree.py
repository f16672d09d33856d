"""Every reading of a policy gives the reference's answer, on random policies and random incidents."""

from __future__ import annotations

import datetime as dt
import os

import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from random_incidents import Facts
from readings import READINGS, answer, difference, reference
from reduction import Failure, reduced
from strategies import INCIDENTS, Situations, situations

from evenhand import Policy

#: How many incidents are decided in all, and from where the random numbers start.
CASES = int(os.environ.get("EVENHAND_CASES", "20000"))
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))
#: The cases are cut into as many tests, so that they share the cores.
SHARDS = 4


@pytest.mark.parametrize("shard", range(SHARDS))
@pytest.mark.parametrize("name", READINGS)
def test_a_reading_agrees_with_the_reference(name: str, shard: int) -> None:
    """On every verdict, value, duty, red line, possible outcome and missing fact, and on what is wrong with the facts."""

    def disagrees(policy: Policy, facts: Facts, as_of: dt.date) -> bool:
        expected = answer(reference, policy, facts, as_of)
        return bool(difference(expected, answer(READINGS[name], policy, facts, as_of)))

    @seed(SEED + shard)
    @settings(
        max_examples=max(CASES // INCIDENTS // SHARDS, 1),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(situations())
    def agrees(found: Situations) -> None:
        for facts, as_of in found.incidents:
            if disagrees(found.made.policy, facts, as_of):
                failure = reduced(Failure(found.made.table, facts, as_of), disagrees)
                policy = failure.policy()
                expected = answer(reference, policy, failure.facts, as_of)
                note(str(failure))
                pytest.fail(difference(expected, answer(READINGS[name], policy, failure.facts, as_of)))

    agrees()
