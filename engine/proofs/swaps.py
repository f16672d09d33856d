"""Two incidents at once: each term of the solver once more, for a twin that may differ in a few facts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from ...rules.normal import facts_in
from ...rules.tree import Call
from ..solve import Point, point_of
from ..solve.encoder import Encoder, Term


def swaps_for(encoder: Encoder, facts: Collection[str]) -> list[tuple[Term, Term]]:
    """Return what stands for some facts, and what does in the twin: values, what a list has, patterns, whether it is given."""
    z3 = encoder.z3
    off = set(facts)
    mine: list[Term] = []
    for name in facts:
        if encoder.type_of(name).kind != "list":
            mine.append(encoder.variable(name))
        if name in encoder.optional:
            mine.append(encoder.known(name))
    mine += [term for (of, _), term in encoder.members.items() if of in facts]
    mine += [term for of, term in encoder.sizes.items() if of in facts]
    mine += [holds for test, holds in encoder.patterns if not off.isdisjoint(facts_in(test))]
    for test in encoder.opened:
        if not off.isdisjoint(facts_in(test)):
            name = f"open: {test!r}"
            mine.append(z3.Real(name) if isinstance(test, Call) else z3.Bool(name))
    return [(term, z3.Const(f"twin of {term}", term.sort())) for term in mine]


def swapped_axioms(encoder: Encoder, swaps: Sequence[tuple[Term, Term]]) -> list[Term]:
    """Return the axioms as they hold of the twin."""
    return [encoder.z3.substitute(axiom, *swaps) for axiom in encoder.axioms]


@attrs.frozen
class _TwinModel:
    """A model of the solver, read as the twin."""

    encoder: Encoder
    model: Term
    swaps: Sequence[tuple[Term, Term]]

    def eval(self, term: Term, *, model_completion: bool = False) -> Term:
        return self.model.eval(self.encoder.z3.substitute(term, *self.swaps), model_completion=model_completion)


def twins_of(encoder: Encoder, swaps: Sequence[tuple[Term, Term]], model: Term) -> tuple[Point, Point]:
    """Return the two incidents of a model."""
    return point_of(encoder, model), point_of(encoder, _TwinModel(encoder, model, swaps))
