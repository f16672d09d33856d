"""What patterns, plans and watching use is not idle, although no rule asks for it."""

from __future__ import annotations

import pytest

from evenhand import Policy

POLICY = """
[policy]
id = "shop"
[parameters]
pace = 1_000
crowd = 500
idle = 3
[terms]
loud = "quarrel and virality.views >= crowd"
quiet = "not virality.press"
[facts.quarrel]
type = "boolean"
[facts.told]
type = "boolean"
[facts.forgotten]
type = "boolean"
[[rule]]
id = "ours"
when = "fault = business"
then.refund = "full"
[[pattern]]
id = "wave"
unless = "told"
learn.virality.press = true
[[pattern.events]]
kind = "post_seen"
where = "views >= pace"
[plans.calm]
[[plans.calm.steps]]
do = "wait"
when = "loud"
"""


def test_what_is_spoken_of_is_known_through_terms_too() -> None:
    spoken = Policy.loads(POLICY).tree.case.spoken_of
    assert {"pace", "crowd", "loud", "quarrel", "told"} <= spoken
    assert spoken.isdisjoint({"idle", "quiet", "forgotten"})


def test_what_nothing_speaks_of_is_found_and_the_rest_is_not() -> None:
    pytest.importorskip("z3")
    from evenhand.engine.proofs import verify

    found = verify(Policy.loads(POLICY))
    idle = {str(f.message) for f in found if f.code in ("idle-parameter", "idle-term", "unused-fact")}
    assert {
        name
        for name in ("pace", "crowd", "loud", "quarrel", "told", "idle", "quiet", "forgotten")
        if any(f"`{name}`" in text for text in idle)
    } == {"idle", "quiet", "forgotten"}
