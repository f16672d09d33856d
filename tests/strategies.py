"""Hypothesis strategies: random policies that load, random incidents, random conditions."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from chooser import Chooser
from hypothesis import strategies as st
from random_facts import Kind
from random_incidents import flat, make_incident, make_moment
from random_policies import Made, make_policy
from reduction import Situation

#: How many incidents each random policy decides; each counts as a case.
INCIDENTS = 40


@attrs.frozen
class Situations:
    """A policy and the incidents that it is to decide, each with the moment of the decision."""

    made: Made
    incidents: tuple[Situation, ...]

    def __repr__(self) -> str:
        return f"Situations of\n{self.made.text}"


@st.composite
def policies(draw: st.DrawFn) -> Made:
    return make_policy(Chooser.drawing(draw))


@st.composite
def situations(draw: st.DrawFn) -> Situations:
    choose = Chooser.drawing(draw)
    made = make_policy(choose)
    return Situations(made, tuple(incidents(choose, made.kinds, INCIDENTS)))


def incidents(choose: Chooser, kinds: tuple[Kind, ...], count: int) -> Iterator[Situation]:
    """
    Yield incidents of one policy: new ones, and half of the time the one before with one fact changed.

    A reading may remember what it has decided, or get ready for a shape of incident that it has seen before.
    """
    facts, as_of = situation(choose, kinds)
    for _ in range(count):
        yield facts, as_of
        if choose.chance(50) and facts:
            kind = choose.pick(kinds)
            facts = {**flat(facts, kinds), kind.name: choose.pick(kind.values)}
        else:
            facts, as_of = situation(choose, kinds)


def situation(choose: Chooser, kinds: tuple[Kind, ...]) -> Situation:
    return make_incident(choose, kinds, spoiled=choose.chance(4)), make_moment(choose)
