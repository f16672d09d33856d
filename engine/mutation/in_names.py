"""Drafts of mutants of what many rules share: parameters and terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import attrs

from ...rules.quantities import value_text
from ...rules.tree import Condition, Constant, Expression, Parameter, Rule
from ...rules.types import Value
from .bench import Bench
from .mutants import Draft, Edit, Subject
from .operators import register
from .sites import with_constants, with_constants_in, with_terms
from .steps import neighbours

register(
    "parameter",
    "A parameter moved by a step, wherever it is used.",
    before='small_loss = "75 USD"',
    after='small_loss = "75.01 USD"',
)


def drafts_of_parameters(bench: Bench) -> Iterator[Draft]:
    """Yield each parameter of the policy, moved a step each way."""
    for name, parameter in bench.tree.parameters.items():
        if not bench.is_own(parameter.origin) or isinstance(parameter.value, tuple):
            continue
        for value in neighbours(parameter.value, parameter.type):
            text = value_text(value, parameter.type, bench.home)
            before = f"{name} = {value_text(parameter.value, parameter.type, bench.home)}"
            subject = Subject("parameter", name, parameter.origin)
            new = attrs.evolve(parameter, value=value, text=text)
            yield Draft("parameter", subject, before, f"{name} = {text}", _moving(bench, new, value))


def _moving(bench: Bench, parameter: Parameter, value: Value) -> Callable[[], Edit | None]:
    def change(constant: Constant) -> Constant:
        return attrs.evolve(constant, value=value) if constant.name == parameter.name else constant

    def make() -> Edit | None:
        edit = bench.throughout(lambda condition: with_constants(condition, change))
        rules = dict(edit.rules)
        for place, rule in enumerate(bench.tree.rules):
            new = _with_consequences(rules.get(place) or rule, change)
            if new is not None:
                rules[place] = new
        if not rules and not edit.guards:
            return None  # because nothing asks for it
        return attrs.evolve(edit, rules=rules, parameters={parameter.name: parameter})

    return make


def _with_consequences(rule: Rule, change: Callable[[Constant], Constant]) -> Rule | None:
    """Return a rule with the constants of its outcomes and values changed, None where none is."""

    def changed(expressions: Mapping[str, Expression]) -> dict[str, Expression]:
        return {name: with_constants_in(expression, change) for name, expression in expressions.items()}

    outcomes, values = changed(rule.outcomes), changed(rule.values)
    if outcomes == rule.outcomes and values == rule.values:
        return None
    return attrs.evolve(rule, outcomes=outcomes, values=values)


def drafts_of_terms(bench: Bench) -> Iterator[Draft]:
    """Yield every slip in the policy's terms, each with what it does to all that use them."""
    for name, term in bench.tree.terms.items():
        if bench.is_own(term.origin):
            subject = Subject("term", name, term.origin)
            yield from bench.drafts(subject, term.condition, bench.universe, _redefining(bench, name))


def _redefining(bench: Bench, name: str) -> Callable[[Condition], Edit | None]:
    def make(new: Condition) -> Edit | None:
        edit = bench.throughout(lambda condition: with_terms(condition, {name: new}))
        if not edit.rules and not edit.guards:
            return None  # because nothing asks for it
        own = bench.tree.terms[name]
        form = bench.form(new)
        return attrs.evolve(
            edit, terms={**edit.terms, name: attrs.evolve(own, condition=new, form=form, text=bench.text(new))}
        )

    return make
