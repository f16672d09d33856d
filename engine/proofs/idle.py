"""`idle-parameter` and `idle-term`: knobs that can be turned, and words that can mean anything, and nothing is decided otherwise.

The parameter, or the term, is taken for one more fact of the incident; then it is one of two things that no decision depends on.
Parameters are numbers, amounts, lengths of time, dates and moments: what a text is compared with is not looked into.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

import attrs

from ...rules.diagnostics import Place
from ...rules.tree import Constant, Origin, Parameter, PolicyTree, Rule, Term
from ...rules.types import BOOLEAN, Type, Value, exact
from ..force import ordinal
from ..interpret import interpret
from ..solve import Point
from ..truth import State, form_truth
from .decided import apart, decided_parts
from .facts import duties
from .finding import Finding
from .ground import Answer, Ground
from .loosen import compared_with, loosened, uses
from .swaps import swapped_axioms, swaps_for
from .unproved import not_proved

#: The most rules whose incidents are tried before the solver is asked.
MOST_TRIED: Final = 12


def idle_parameters(ground: Ground) -> Iterator[Finding]:
    """Yield parameters that nothing uses, then those whose value changes nothing."""
    tree = ground.tree
    for name, parameter in tree.parameters.items():
        if name in tree.case.spoken_of:
            continue
        if not uses(tree, name, of=Constant):
            yield from _unused(tree, "idle-parameter", {"parameter": name}, parameter.origin)
        elif isinstance(parameter.value, int | Fraction) and not isinstance(parameter.value, bool):
            yield from _Parameter(ground, name, parameter).findings()


def idle_terms(ground: Ground) -> Iterator[Finding]:
    """Yield terms that no condition uses, then those that may hold or not and nothing is decided otherwise."""
    tree = ground.tree
    for name, term in tree.terms.items():
        if name in tree.case.spoken_of:
            continue
        if not uses(tree, name, of=Term):
            yield from _unused(tree, "idle-term", {"term": name}, term.origin)
        else:
            yield from _Word(ground, name, term).findings()


def _unused(tree: PolicyTree, code: str, named: Mapping[str, str], origin: Origin) -> Iterator[Finding]:
    """Yield that nothing uses what the policy itself declares, unless it is a vocabulary for others."""
    if tree.rules and origin.document == tree.document:
        yield Finding(code, {**named, "why": "nothing uses it"}, Place.of(origin))


class _Idle(ABC):
    """A parameter or a term as one more fact of a policy's incidents."""

    code: str
    kind: str
    why: str

    def __init__(self, ground: Ground, name: str, type_: Type, origin: Origin) -> None:
        self.ground, self.name, self.type, self.origin = ground, name, type_, origin
        self.fact = f"{self.kind} {name}"
        self.tree = loosened(ground.tree, name, self.fact, type_)
        changed = zip(self.tree.rules, ground.tree.rules, strict=True)
        self.rules = [rule for rule, before in changed if rule is not before]

    def findings(self) -> Iterator[Finding]:
        """Yield the finding, if nothing depends on it."""
        if self._is_seen_to_matter():
            return
        answer = self._asked()
        place = Place.of(self.origin)
        if answer is Answer.NONE:
            yield Finding(self.code, {self.kind: self.name, "why": self.why}, place)
        elif answer is Answer.UNKNOWN:
            yield not_proved(self.ground, self.code, f"the {self.kind} `{self.name}`", place=place)

    @abstractmethod
    def _turned(self, point: Point) -> Iterator[tuple[Value, Value]]:
        """Yield what it is in an incident, and what else it might be."""

    def _points(self, rule: Rule) -> Iterator[Point]:
        """Yield incidents that a rule decides."""
        points = (self.ground.winning.get((decision, rule.id)) for decision in rule.outcomes)
        yield from {id(point): point for point in points if point is not None}.values()

    def _is_seen_to_matter(self) -> bool:
        for rule in self.rules[:MOST_TRIED]:
            for point in self._points(rule):
                for now, other in self._turned(point):
                    if self._decided(point, now) != self._decided(point, other):
                        return True
        return False

    def _decided(self, point: Point, value: Value) -> object:
        judgement = interpret(self.tree, {**point.known, self.fact: value}, point.as_of)
        verdicts = judgement.verdicts.values()
        return [(v.canonical, dict(v.canonical_values)) for v in verdicts], set(judgement.obligations)

    def _asked(self) -> object:
        """Ask the solver for an incident that is decided otherwise where this is something else."""
        ground = self.ground.beside(self.tree)
        encoder = ground.encoder
        swaps = swaps_for(encoder, [self.fact])
        parts = [part for decision in ground.decisions for part in decided_parts(ground, decision)]
        parts += [(encoder.yes, due) for due in duties(ground)]
        said = self._as_written(ground)
        return ground.ask_twins(swaps, said, *swapped_axioms(encoder, swaps), apart(encoder, parts, swaps))

    @abstractmethod
    def _as_written(self, ground: Ground) -> object:
        """Return that it is what the policy says."""


class _Parameter(_Idle):
    """A parameter."""

    code = "idle-parameter"
    kind = "parameter"
    why = "whatever it is, the same is decided"

    def __init__(self, ground: Ground, name: str, parameter: Parameter) -> None:
        super().__init__(ground, name, parameter.type, parameter.origin)
        assert isinstance(parameter.value, int | Fraction)
        self.value: int | Fraction = parameter.value

    def _points(self, rule: Rule) -> Iterator[Point]:
        """Yield incidents that a rule decides, then the same with what is compared with the parameter equal to it."""
        for point in super()._points(rule):
            yield point
            for name in compared_with(rule, self.fact):
                if name in point.known and self.ground.tree.facts[name].type.kind == self.type.kind:
                    yield attrs.evolve(point, known={**point.known, name: self.value})

    def _turned(self, point: Point) -> Iterator[tuple[Value, Value]]:
        del point  # because any other value may do, whatever the incident
        value = Fraction(self.value)
        is_day = self.type.kind in ("date", "datetime")
        far = value if is_day else 1_000_000 * (abs(value) + 1)
        for other in (Fraction(0), Fraction(value // 2), value * 2 + 1, value + 1, value - 1, far):
            if other != value and not (is_day and abs(other - value) > 1):
                yield self.value, exact(other)

    def _as_written(self, ground: Ground) -> object:
        return ground.encoder.variable(self.fact) == ground.encoder.number(self.value)


class _Word(_Idle):
    """A term."""

    code = "idle-term"
    kind = "term"
    why = "whether it holds or not, the same is decided"

    def __init__(self, ground: Ground, name: str, term: Term) -> None:
        super().__init__(ground, name, BOOLEAN, term.origin)
        self.term = term

    def _turned(self, point: Point) -> Iterator[tuple[Value, Value]]:
        holds = form_truth(self.term.form, State.of(self.tree.facts, point.known, ordinal(point.as_of)))
        if holds is not None:
            yield holds, not holds

    def _as_written(self, ground: Ground) -> object:
        return ground.encoder.variable(self.fact) == ground.encoder.form(self.term.form).certain
