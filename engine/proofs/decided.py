"""What a decision comes to, as terms: so that two incidents, or two values of one fact, can be told apart by it."""

from __future__ import annotations

from collections.abc import Sequence

from ...rules.tree import Constant, Expression
from ..solve import Outcomes
from ..solve.encoder import Encoder, Term
from .ground import Ground
from .guards import crossed


def decided_parts(ground: Ground, decision: str) -> list[tuple[Term, Term]]:
    """Return what makes up a decision, its outcome and its values: for each, whether there is one, and which."""
    z3 = ground.z3
    outcomes = ground.decisions[decision]
    guards = [guard for guard in ground.tree.guards if decision in guard.decisions]
    clear = z3.Not(ground.encoder.any_of([crossed(ground, guard.form) for guard in guards]))
    if outcomes.value is None:
        return [(clear, wins) for wins in outcomes.wins.values()]
    found = [(z3.And(clear, outcomes.decided), outcomes.value)]
    for name in outcomes.spec.values:
        found += [(z3.And(clear, has), value) for has, value in _value_terms(ground, outcomes, name)]
    return found


def apart(encoder: Encoder, parts: Sequence[tuple[Term, Term]], swaps: Sequence[tuple[Term, Term]]) -> Term:
    """Return whether what is decided differs from what is decided with the terms of *swaps* in place."""
    z3 = encoder.z3
    found = []
    for has, value in parts:
        twin_has, twin_value = z3.substitute(has, *swaps), z3.substitute(value, *swaps)
        found.append(z3.Or(has != twin_has, z3.And(has, value != twin_value)))
    return encoder.any_of(found)


def _value_terms(ground: Ground, outcomes: Outcomes, name: str) -> list[tuple[Term, Term]]:
    """Return whether a decision comes with a value of that name, and which; where that is no term, which rule gives it."""
    encoder = ground.encoder
    giving = [(outcomes.wins[rule.id], rule.values[name]) for rule in outcomes.rules if name in rule.values]
    if not giving:
        return []
    if outcomes.spec.values[name].kind == "list":
        if not all(isinstance(value, Constant) for _, value in giving):
            return [(encoder.yes, wins) for wins, _ in giving]
        numbers = _numbered([value for _, value in giving])
        terms = [encoder.z3.IntVal(number) for number in numbers]
    else:
        terms = [encoder.expression(value).term for _, value in giving]
    found = terms[-1]
    for (wins, _), term in reversed(list(zip(giving, terms, strict=True))):
        found = encoder.z3.If(wins, term, found)
    return [(encoder.any_of([wins for wins, _ in giving]), found)]


def _numbered(values: Sequence[Expression]) -> list[int]:
    places: dict[object, int] = {}
    return [places.setdefault(value.value, len(places)) for value in values if isinstance(value, Constant)]
