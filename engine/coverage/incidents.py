"""Incidents for tests that are missing: asked of the solver, made natural, made to serve several ends, then pruned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from ...rules.evaluate import text_holds
from ...rules.given import Knowledge
from ...rules.normal import facts_in
from ...rules.regions import Region, Spans, complement, intersection, is_empty, universe_of
from ...rules.tree import Constant, FactRef, FactTest, Rule, TextTest
from ...rules.types import Fact, Value
from ..decision import Judgement
from ..gaps import nearest_in
from ..proofs.ground import Ground
from ..proofs.witness import milder, natural
from ..solve import Point, Term
from ..solve.incidents import equations
from ..truth import form_truth, is_value
from .edges import Edge, Side
from .leaves import Leaf, Leaves
from .needs import Holds, Meets, Moment, Need, Turns, Wins
from .terms import Terms

#: How many incidents of the solver are tried for one need.
_TRIES: Final = 4
#: The most values of one fact that are tried so that an incident serves more ends.
_MOST_VALUES: Final = 12
#: The most ends that an incident is made to serve.
_MOST_ENDS: Final = 80
#: The most rules of which one is to depend on a value next to a threshold.
_MOST_TURNS: Final = 8
_OPEN: Final = ("unsettled", "undefined", "not-in-force")


@attrs.frozen
class Wish:
    """
    What an incident should be like besides, if that can be.

    *turn* is to be met as well; where it is *visible*, what is decided depends on it: the rule wins, or would win something else.
    """

    terms: tuple[Term, ...] = ()
    turn: Turns | None = None
    visible: bool = False


class Maker:
    """
    Makes incidents on the ground of one policy.

    *turns* are, for each edge, the ways in which a leaf that has it decides a rule: a value next to a threshold is worth trying there.
    """

    def __init__(self, terms: Terms, turns: Mapping[Edge, Sequence[Turns]]) -> None:
        self.terms, self.turns = terms, turns
        self.ground: Ground = terms.ground
        self.leaves: Leaves = terms.leaves
        self.places = {rule.id: place for place, rule in enumerate(terms.ground.tree.rules)}

    def incident(self, need: Need, others: Iterable[Need]) -> Point | None:
        """Return a natural incident that shows what is needed, and as many of *others* as one can; None where there is none to show."""
        for found, wish in self._found(need):
            asked: list[Need] = [need, *([wish.turn] if wish.turn is not None else [])]
            visible = wish.turn if wish.visible else None
            if self._shows(found, asked, visible):
                break
        else:
            return None
        calm = self._open(found)

        def will_do(point: Point) -> bool:
            return self._shows(point, asked, visible) and self._open(point) <= calm

        about = [need.rule] if isinstance(need, Turns | Wins) else [wish.turn.rule] if wish.turn is not None else []
        found = self._weightier(self._milder(found, will_do), about, will_do)
        ends = [*asked, *(other for other in others if other not in asked)][:_MOST_ENDS]
        found, ends = self._serving(found, ends, will_do)
        return self._pruned(found, ends)

    def moment(self, point: Point) -> Moment:
        """Return an incident as coverage sees it."""
        state, judgement = self.ground.state(point), self.ground.judge(point)
        winners = {rule.id for v in judgement.verdicts.values() if v.status == "decided" for rule in v.rules}
        winners.update(r.id for r in self.ground.tree.rules if not r.outcomes and form_truth(r.form, state) is True)
        broken = frozenset(breach.guard.id for breach in judgement.breaches)
        return Moment(self.leaves, state, frozenset(winners), broken)

    def _shows(self, point: Point, needs: Iterable[Need], visible: Turns | None = None) -> bool:
        moment = self.moment(point)
        return all(moment.meets(need) for need in needs) and (visible is None or self._is_visible(point, visible))

    def _is_visible(self, point: Point, turn: Turns) -> bool:
        """Whether what is decided depends on a rule's condition: it wins, or nothing that comes before it does."""
        rule, verdicts = turn.rule, self.ground.judge(point).verdicts
        for name, outcome in rule.outcomes.items():
            verdict = verdicts[name]
            ids = [winner.id for winner in verdict.rules]
            if turn.comes_out and verdict.status == "decided" and rule.id in ids:
                return True
            comes_after = all(self.places[id_] > self.places[rule.id] for id_ in ids)
            differs = not isinstance(outcome, Constant) or outcome.value != verdict.canonical
            if not turn.comes_out and verdict.status in ("decided", "no-rule") and comes_after and differs:
                return True
        return not rule.outcomes

    def _open(self, point: Point) -> int:
        """Return how many decisions an incident leaves open for want of something."""
        return sum(verdict.status in _OPEN for verdict in self.ground.judge(point).verdicts.values())

    # -- from the solver

    def _found(self, need: Need) -> Iterator[tuple[Point, Wish]]:
        """Yield incidents that the solver says show what is needed, whole: with a value for each fact that is asked for."""
        term = self.terms.of(need)
        for wish in self._wishes(need):
            barred: list[Term] = []
            for _ in range(_TRIES):
                point = self.ground.ask(term, *wish.terms, *barred)
                if not isinstance(point, Point):
                    break
                yield self._whole(point), wish
                same = self.terms.encoder.all_of(equations(self.terms.encoder, point))
                barred.append(self.ground.z3.Not(same))

    def _wishes(self, need: Need) -> Iterator[Wish]:
        """Yield what else to wish for, most first, nothing last."""
        turns = [need] if isinstance(need, Turns) else []
        if isinstance(need, Meets):
            turns = list(self.turns.get(need.edge, ()))[:_MOST_TURNS]
        for turn in turns:
            yield Wish((self.terms.of(turn), *self.terms.visible(turn)), turn, visible=True)
        for turn in turns:
            yield Wish((self.terms.of(turn),), turn)
        if unforbidden := self.terms.unforbidden(need):
            yield Wish(tuple(unforbidden))
        yield Wish()

    def _whole(self, point: Point) -> Point:
        known = {**self.ground.ordinary_values, **point.known}
        encoded = set(self.terms.encoder.facts)
        for name in sorted(self.ground.optional - known.keys() - encoded):
            fact = self.ground.tree.facts[name]
            value = () if fact.type.kind == "list" else nearest_in(universe_of(fact), None, fact.type)
            if value is not None:
                known[name] = value
        return attrs.evolve(point, known=known)

    # -- natural

    def _milder(self, point: Point, will_do: Callable[[Point], bool]) -> Point:
        """Return an incident with the mildest and roundest values that will do."""
        for name, value in list(point.known.items()):
            if not is_value(value):
                continue
            for candidate in milder(self.ground, self.ground.tree.facts[name], value):
                other = attrs.evolve(point, known={**point.known, name: candidate})
                if will_do(other):
                    point = other
                    break
        return point

    def _weightier(self, point: Point, about: Sequence[Rule], will_do: Callable[[Point], bool]) -> Point:
        """Return an incident with some other amount than none, where one is paid or counted: of nothing, much the same is said."""
        verdicts = self.ground.judge(point).verdicts.values()
        rules = {rule.id: rule for verdict in verdicts for rule in (*verdict.rules, *about)}
        said = [value for rule in rules.values() for value in (*rule.outcomes.values(), *rule.values.values())]
        for name in dict.fromkeys(name for value in said for name in facts_in(value)):
            fact = self.ground.tree.facts.get(name)
            if fact is None or not fact.type.is_ordered or point.known.get(name) != 0:
                continue
            for value in self._amounts(fact):
                other = attrs.evolve(point, known={**point.known, name: value})
                if will_do(other):
                    point = other
                    break
        return point

    def _amounts(self, fact: Fact) -> Iterator[Value]:
        """Yield round values above nothing, one from below each threshold."""
        cuts = [cut for cut in sorted(self.ground.cuts.get(fact.name, ())) if cut > (0, 1)]
        for high in [*cuts[:_MOST_VALUES], None]:
            above = Spans(inside=False, cuts=((0, 1), *([high] if high is not None else [])))
            inside = intersection(above, universe_of(fact))
            if not is_empty(inside):
                value = natural(inside, fact.type, self.ground.tree.currency)
                if value is not None:
                    yield value

    # -- several ends at once

    def _serving(self, point: Point, ends: list[Need], will_do: Callable[[Point], bool]) -> tuple[Point, list[Need]]:
        """Return an incident changed, fact by fact, so that it serves more ends, and those that it serves."""
        served = self._served(point, ends)
        for name in list(point.known):
            for value in self._values(name, point.known[name], ends):
                other = attrs.evolve(point, known={**point.known, name: value})
                now = self._served(other, ends)
                if len(now) > len(served) and will_do(other):
                    point, served = other, now
        return point, served

    def _served(self, point: Point, ends: list[Need]) -> list[Need]:
        moment = self.moment(point)
        return [end for end in ends if moment.meets(end)]

    def _values(self, name: str, now: Knowledge, ends: Iterable[Need]) -> list[Knowledge]:
        """Return values of a fact that some end asks for."""
        fact = self.ground.tree.facts[name]
        found: dict[Knowledge, None] = {}
        for end in ends:
            if isinstance(now, tuple):
                found.update((value, None) for leaf in _leaves_of(end) for value in _lists(leaf, name, now))
                continue
            for region in self._regions(name, end):
                inside = intersection(region, universe_of(fact))
                value = None if is_empty(inside) else natural(inside, fact.type, self.ground.tree.currency)
                if value is not None:
                    found[value] = None
        found.pop(now, None)
        return list(found)[:_MOST_VALUES]

    def _regions(self, name: str, end: Need) -> Iterator[Region]:
        """Yield the values of a fact that make a need's test true, or false."""
        match end:
            case Meets(Side(fact, region)):
                if fact == name:
                    yield region
            case Holds(leaf, holds) | Turns(_, leaf, holds):
                for part in (part for disjunct in leaf.form.disjuncts for part in disjunct):
                    if isinstance(part, FactTest) and part.fact == name:
                        whole = universe_of(self.ground.tree.facts[name])
                        yield part.known if holds else complement(part.known, whole)
            case _:
                return

    # -- few facts

    def _pruned(self, point: Point, ends: list[Need]) -> Point:
        """Return an incident without the facts that change neither what is decided nor what it shows."""
        decided = _decided(self.ground.judge(point))
        for name in list(point.known):
            fewer = attrs.evolve(point, known={other: v for other, v in point.known.items() if other != name})
            if self._shows(fewer, ends) and _decided(self.ground.judge(fewer)) == decided:
                point = fewer
        return point


def _decided(judgement: Judgement) -> tuple[object, ...]:
    """Return all that a test can expect of a judgement."""
    verdicts = tuple(
        (verdict.canonical, verdict.status, verdict.rules, tuple(verdict.canonical_values.items()), verdict.unsettled)
        for verdict in judgement.verdicts.values()
    )
    return verdicts, judgement.obligations, judgement.breaches


def _leaves_of(end: Need) -> tuple[Leaf, ...]:
    return (end.leaf,) if isinstance(end, Holds | Turns) else ()


def _lists(leaf: Leaf, name: str, now: tuple[str, ...]) -> Iterator[Value]:
    """Yield a list with, or without, the word that a leaf asks for."""
    match leaf.test:
        case TextTest("contains", FactRef(fact), Constant(word)) if fact == name and isinstance(word, str):
            held = text_holds("contains", now, word)
            yield tuple(other for other in now if other != word) if held else (*now, word)
