"""`unused-fact`: facts of the owner's own that nobody asks for, or that never change what is decided."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import attrs

from ...rules.diagnostics import Place
from ...rules.normal import facts_in, facts_of
from ...rules.tree import PolicyTree, Rule
from ...rules.types import Fact, Value
from ..solve import Point
from ..solve.encoder import Term
from .boxes import without
from .decided import apart, decided_parts
from .finding import Finding, policy_place
from .ground import Answer, Ground
from .swaps import swapped_axioms, swaps_for
from .unproved import not_proved
from .witness import from_parts, natural_value, roundest


def unused_facts(ground: Ground) -> Iterator[Finding]:
    """Yield own facts that no rule asks for, then facts that are asked for and change nothing."""
    tree = ground.tree
    for name, fact in tree.facts.items():
        if name in tree.case.spoken_of:
            continue
        if name not in tree.asked:
            if not fact.built_in:
                yield _finding(tree, name, "no rule asks for it")
        elif not _is_needed(ground, name) and not _is_seen_to_matter(ground, fact):
            answer = _matters(ground, name)
            if answer is Answer.NONE:
                yield _finding(tree, name, "whatever it is, the same is decided")
            elif answer is Answer.UNKNOWN:
                yield not_proved(ground, "unused-fact", f"fact `{name}`")


def _finding(tree: PolicyTree, name: str, why: str) -> Finding:
    rule = next((rule for rule in tree.rules if name in facts_of(rule.form)), None)
    place = (
        Place.of(rule.origin) if rule is not None else Place(policy_place(tree).document, ("facts", *name.split(".")))
    )
    return Finding("unused-fact", {"fact": name, "why": why}, place)


def _is_needed(ground: Ground, name: str) -> bool:
    """Whether a fact is asked for otherwise than by a rule's condition: by a guard, or in what is decided; or is a list."""
    tree = ground.tree
    if tree.facts[name].type.kind == "list" or any(name in facts_of(guard.form) for guard in tree.guards):
        return True
    said = [expression for rule in tree.rules for expression in (*rule.outcomes.values(), *rule.values.values())]
    return any(name in facts_in(expression) for expression in said)


def _is_seen_to_matter(ground: Ground, fact: Fact) -> bool:
    """Try each value that makes a difference to some test, in incidents where the rules that ask for the fact hold."""
    tree = ground.tree
    values: list[Value] = list(fact.type.domain)
    if fact.type.kind == "text" and not values:
        values = ["another text", *ground.encoder.codes]
    if not values:
        cuts = [None, *sorted(ground.cuts.get(fact.name, ())), None]
        values += [roundest((a, b), fact.type, tree.currency) for a, b in pairwise(cuts[:21])]
    asking = [rule for rule in tree.rules if fact.name in facts_of(rule.form)]
    if any(_is_turned(ground, rule, fact) for rule in asking[:100]):
        return True
    for rule in asking[:10]:
        for disjunct in rule.form.disjuncts[:2]:
            point = from_parts(ground, ground.space.parts(disjunct, possible=False))
            if point is None:
                continue
            base = {**ground.ordinary_values, **point.known}
            found = set()
            for value in values:
                judgement = ground.judge(attrs.evolve(point, known={**base, fact.name: value}))
                found.add((tuple(verdict.canonical for verdict in judgement.verdicts.values()), judgement.obligations))
            if len(found) > 1:
                return True
    return False


def _is_turned(ground: Ground, rule: Rule, fact: Fact) -> bool:
    """Whether an incident that a rule decides is decided otherwise with a value of a fact for which the rule does not hold."""
    for decision in rule.outcomes:
        point = ground.winning.get((decision, rule.id))
        if point is None:
            continue
        for box in ground.boxes(rule)[:3]:
            if fact.name not in box:
                continue
            room = without(ground.space.whole(fact.name), [box[fact.name]])
            value = natural_value(ground, fact.name, room.values)
            if value is None:
                continue
            turned = attrs.evolve(point, known={**point.known, fact.name: value})
            one, other = (ground.verdicts(each)[decision] for each in (point, turned))
            if one.canonical != other.canonical or one.canonical_values != other.canonical_values:
                return True
    return False


def _matters(ground: Ground, name: str) -> tuple[Point, Point] | Answer:
    """Ask for an incident that another value of one fact would have decided otherwise."""
    encoder = ground.encoder
    swaps = swaps_for(encoder, [name])
    parts = [part for decision in ground.decisions for part in decided_parts(ground, decision)]
    parts += [(encoder.yes, due) for due in duties(ground)]
    return ground.ask_twins(swaps, *swapped_axioms(encoder, swaps), apart(encoder, parts, swaps))


def duties(ground: Ground) -> Iterator[Term]:
    """Yield when each duty falls due."""
    tree, encoder = ground.tree, ground.encoder
    for id_ in tree.obligations:
        bringing = [rule for rule in tree.rules if id_ in rule.oblige]
        free = [ground.fires(rule) for rule in bringing if not rule.outcomes]
        won = [ground.decisions[name].wins[rule.id] for rule in bringing for name in rule.outcomes]
        yield encoder.any_of([*free, *won])
