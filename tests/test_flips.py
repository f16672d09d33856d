"""Flips are exact: each changes what it says it changes, and nothing else of one fact does."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Mapping

import pytest
from chooser import Chooser
from random_facts import Kind
from random_incidents import Facts, make_incident, make_moment
from random_policies import make_policy

from evenhand import FactError, Judgement, Policy, Verdict
from evenhand.engine.chart import Chart, chart_of
from evenhand.engine.flips import Flip
from evenhand.engine.force import ordinal
from evenhand.engine.interpret import interpret
from evenhand.engine.known import region_in, value_in
from evenhand.engine.thresholds import solves
from evenhand.engine.truth import State
from evenhand.rules.evaluate import Settled
from evenhand.rules.given import Knowledge
from evenhand.rules.regions import contains
from evenhand.rules.types import Value

CASES = int(os.environ.get("EVENHAND_CASES", "20000"))
SHARDS = 4
INCIDENTS = 4


@pytest.mark.parametrize("shard", range(SHARDS))
def test_flips_are_what_trying_every_value_finds(shard: int) -> None:
    """Held to the reference reading: it decides anew for the nearest value of each flip, and for values at every threshold."""
    for number in range(max(CASES // 20 // INCIDENTS // SHARDS, 1)):
        choose = Chooser.seeded(SHARDS * number + shard)
        made = make_policy(choose)
        for _ in range(INCIDENTS):
            facts, as_of = make_incident(choose, made.kinds), make_moment(choose)
            problem = next(problems(made.policy, made.kinds, facts, as_of), "")
            assert not problem, f"{problem}\n{facts} {as_of}\n{made.text}"


def problems(policy: Policy, kinds: tuple[Kind, ...], facts: Facts, as_of: dt.date) -> Iterator[str]:
    decision = policy.decide(facts, as_of=as_of)
    if any(verdict.status == "not-in-force" for verdict in decision):
        return
    known = policy.read(facts)
    flips = decision.explain().flips
    for flip in (flip for listed in flips.values() for flip in listed):
        yield from unsound(
            flip, decision[flip.decision], interpret(policy.tree, {**known, flip.fact: flip.nearest}, as_of)
        )
    chart = chart_of(policy.index)
    if chart.is_static:
        settled = State.of(policy.tree.facts, known, ordinal(as_of)).settled
        for name, value in values_to_try(policy, chart, kinds, known, settled):
            judged = interpret(policy.tree, {**known, name: value}, as_of)
            yield from incomplete(flips, decision.judgement, judged, name, value)


def unsound(flip: Flip, was: Verdict, judged: Judgement) -> Iterator[str]:
    found = judged.verdicts[flip.decision].canonical
    inside = flip.to == flip.nearest if isinstance(flip.to, tuple) else contains(flip.to, flip.nearest)
    if found != flip.becomes or found == was.canonical or not inside:
        yield f"{flip} of {flip.fact} to {flip.nearest}: it becomes {found}"


def values_to_try(
    policy: Policy, chart: Chart, kinds: tuple[Kind, ...], known: dict[str, Knowledge], settled: Settled
) -> Iterator[tuple[str, Value]]:
    """Yield values at and beside the thresholds of each fact that the policy asks for."""
    for kind in kinds:
        what = known.get(kind.name)
        if kind.name not in chart.layout.asked or is_beyond(chart, kind, settled):
            continue
        for raw in kind.values:
            try:
                value = value_in(policy.read({kind.name: raw})[kind.name])
            except FactError:
                continue
            region = region_in(what)
            if value is not None and value != what and (region is None or contains(region, value)):
                yield kind.name, value


def is_beyond(chart: Chart, kind: Kind, settled: Settled) -> bool:
    """Whether flips make no claim to try every class of a fact: lists, texts with patterns, comparisons with a square."""
    atoms = chart.atoms(kind.name)
    if kind.dimension in ("list", "text"):
        return kind.dimension == "list" or bool(atoms)
    return not all(solves(atom, kind.name, settled) for atom in atoms)


def incomplete(
    flips: Mapping[str, tuple[Flip, ...]], before: Judgement, after: Judgement, name: str, value: Value
) -> Iterator[str]:
    for decision, verdict in after.verdicts.items():
        was = before.verdicts[decision]
        covering = [
            flip.becomes
            for flip in flips[decision]
            if flip.fact == name and not isinstance(flip.to, tuple) and contains(flip.to, value)
        ]
        expected = [] if verdict.canonical == was.canonical else [verdict.canonical]
        if covering != expected:
            yield f"{decision} becomes {verdict.canonical} with {name} at {value}; flips say {covering}"
