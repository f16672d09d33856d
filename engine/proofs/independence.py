"""`dependent-decision`: a decision that depends on facts which the owner declared off limits, shown by two incidents."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Final, TypeAlias

import attrs

from ...rules.diagnostics import Place
from ...rules.given import Knowledge
from ...rules.normal import facts_of
from ...rules.tree import Independence
from ...rules.types import Value
from ..decision import Judgement
from ..solve import Point
from ..truth import is_value
from .decided import apart, decided_parts
from .finding import Finding
from .ground import Answer, Ground
from .swaps import swapped_axioms, swaps_for
from .unproved import not_proved
from .witness import from_parts, milder, roundest, witness_of
from .words import listed

Twins: TypeAlias = tuple[Point, Point]
#: The most rules whose incidents are tried before the solver is asked, and the most values of a fact.
MOST_TRIED: Final = 40
MOST_VALUES: Final = 20


def dependent_decisions(ground: Ground) -> Iterator[Finding]:
    """Yield each declared independence that does not hold, with two incidents that differ in those facts alone."""
    for declared in ground.tree.independent:
        for decision in declared.decisions:
            if decision in ground.decisions:
                yield from _Declared(ground, declared, decision).findings()


class _Declared:
    """One decision, and the facts that must make no difference to it."""

    def __init__(self, ground: Ground, declared: Independence, decision: str) -> None:
        self.ground, self.declared, self.decision = ground, declared, decision
        self.facts = [name for name in declared.facts if name in ground.tree.asked]

    def findings(self) -> Iterator[Finding]:
        """Yield the finding, if the decision depends on one of the facts."""
        if not self.facts:
            return
        twins = self._tried()
        if twins is None:
            found = self._asked()
            if found is Answer.NONE:
                return
            twins = found if not isinstance(found, Answer) and self._shows(found) else None
        if twins is not None:
            twins = self._shrunk(twins)
        with self.ground.by_reference():
            if twins is not None and self._shows(twins):
                yield self._finding(twins)
                return
        place = Place.of(self.declared.origin)
        yield not_proved(self.ground, "dependent-decision", f"decision `{self.decision}`", self.decision, place=place)

    # -- what is decided

    def _decided(self, point: Point) -> object:
        """Return what is decided, None where that is not settled for want of a fact."""
        judgement = self.ground.judge(point)
        return _result(judgement, self.decision)

    def _shows(self, twins: Twins) -> bool:
        results = [self._decided(point) for point in twins]
        return None not in results and results[0] != results[1]

    # -- natural incidents, then the solver

    def _tried(self) -> Twins | None:
        """Look for twins where a rule that asks for one of the facts holds."""
        ground = self.ground
        rules = [rule for rule in ground.decisions[self.decision].rules if facts_of(rule.form) & set(self.facts)]
        for rule in rules[:MOST_TRIED]:
            for disjunct in rule.form.disjuncts[:2]:
                point = from_parts(ground, ground.space.parts(disjunct, possible=False))
                if point is None:
                    continue
                point = attrs.evolve(point, known={**ground.ordinary_values, **point.known})
                for name in sorted(facts_of(rule.form) & set(self.facts)):
                    for value in islice(_values(ground, name), MOST_VALUES):
                        twins = (point, attrs.evolve(point, known={**point.known, name: value}))
                        if self._shows(twins):
                            return twins
        return None

    def _asked(self) -> Twins | Answer:
        """Ask the solver for twins."""
        ground = self.ground
        differ = decided_parts(ground, self.decision)
        swaps = swaps_for(ground.encoder, self.facts)
        return ground.ask_twins(swaps, *swapped_axioms(ground.encoder, swaps), apart(ground.encoder, differ, swaps))

    # -- as few facts as will do

    def _shrunk(self, twins: Twins) -> Twins:
        for name in list(twins[0].known.keys() | twins[1].known.keys()):
            for candidate in self._without(twins, name):
                if self._shows(candidate):
                    twins = candidate
                    break
        for name in sorted(twins[0].known.keys() & twins[1].known.keys()):
            twins = self._milder(twins, name)
        return twins

    def _without(self, twins: Twins, name: str) -> Iterator[Twins]:
        """Yield twins that say less of a fact: nothing at all, or the same."""
        yield _with(twins[0], name, None), _with(twins[1], name, None)
        if name in self.facts and twins[0].known.get(name) != twins[1].known.get(name):
            yield twins[0], _with(twins[1], name, twins[0].known.get(name))
            yield _with(twins[0], name, twins[1].known.get(name)), twins[1]

    def _milder(self, twins: Twins, name: str) -> Twins:
        """Return the twins with more natural values of one fact, both at once where they have the same."""
        one, other = (point.known[name] for point in twins)
        fact = self.ground.tree.facts[name]
        if not (is_value(one) and is_value(other)):
            return twins
        if one == other:
            for value in milder(self.ground, fact, one):
                candidate = _with(twins[0], name, value), _with(twins[1], name, value)
                if self._shows(candidate):
                    return candidate
            return twins
        for at, mine in enumerate((one, other)):
            for value in milder(self.ground, fact, mine):
                changed = _with(twins[at], name, value)
                candidate = (changed, twins[1]) if at == 0 else (twins[0], changed)
                if self._shows(candidate):
                    twins = candidate
                    break
        return twins

    def _finding(self, twins: Twins) -> Finding:
        ground = self.ground
        differ = [name for name in self.facts if twins[0].known.get(name) != twins[1].known.get(name)]
        verdicts = [ground.verdicts(point)[self.decision] for point in twins]
        rules = tuple(dict.fromkeys(rule.id for verdict in verdicts for rule in verdict.rules))
        asking = [rule.id for rule in ground.decisions[self.decision].rules if facts_of(rule.form) & set(differ)]
        blamed = [id_ for id_ in rules if id_ in asking] or list(rules)
        by = f", by {listed(blamed)}" if blamed else ""
        named = {"decision": self.decision, "facts": listed(differ), "by": by}
        place = Place.of(self.declared.origin)
        one, other = (witness_of(ground, point) for point in twins)
        return Finding("dependent-decision", named, place, self.decision, rules, one, twin=other)


def _result(judgement: Judgement, decision: str) -> object:
    verdict = judgement.verdicts[decision]
    doubtful = any(decision in breach.guard.decisions and not breach.certain for breach in judgement.breaches)
    if doubtful or verdict.status == "unsettled" or verdict.unsettled:
        return None
    return verdict.canonical, tuple(sorted(verdict.canonical_values.items()))


def _with(point: Point, name: str, value: Knowledge | None) -> Point:
    known = {other: kept for other, kept in point.known.items() if other != name}
    return attrs.evolve(point, known=known if value is None else {**known, name: value})


def _values(ground: Ground, name: str) -> Iterator[Value]:
    """Yield a value of a fact for each part of it that some test tells from the others."""
    fact = ground.tree.facts[name]
    if fact.type.is_finite:
        yield from fact.type.domain
    elif fact.type.kind == "text":
        yield from ("another text", *ground.encoder.codes)
    elif fact.type.kind == "list":
        yield ()
        yield from ((word,) for of, word in ground.encoder.members if of == name)
    else:
        cuts = [None, *sorted(ground.cuts.get(name, ())), None]
        yield from (roundest(ends, fact.type, ground.tree.currency) for ends in pairwise(cuts))
