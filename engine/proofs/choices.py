"""`always-true-choice`: tests on one fact of which one or the other holds for every value, where both at once were meant.

A comma in a cell, and a list of conditions, mean "or": `"> 30, <= 60"` leaves nothing out. So does an `or` between the two. A list
that names all words one by one may be meant; `redundant-test` says that it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...rules.diagnostics import Place
from ...rules.normal import Normalizer, Universe
from ...rules.tree import ALWAYS, And, Compare, Condition, Constant, FactRef, Not, Or, Origin
from ...rules.words import condition_text, expression_text
from .finding import Finding
from .ground import Ground

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


def always_true_choices(ground: Ground) -> Iterator[Finding]:
    """Yield each choice, in a rule or a term, that leaves nothing out."""
    tree = ground.tree
    normalizer = Normalizer(Universe(tree.facts, tree.decisions))
    written: list[tuple[str, Condition, Origin, tuple[str, ...]]] = []
    written += [(f"rule `{rule.id}`", rule.condition, rule.origin, (rule.id,)) for rule in tree.rules]
    written += [(f"the term `{term.name}`", term.condition, term.origin, ()) for term in tree.terms.values()]
    for where, condition, origin, rules in written:
        for choice in _choices(condition):
            if normalizer.normal_form(choice) == ALWAYS:
                text = condition_text(choice, tree.currency)
                named = {"choice": text, "where": where, "mend": _mend(choice, tree.currency)}
                yield Finding("always-true-choice", named, Place.of(origin), rules=rules)


def _choices(condition: Condition) -> Iterator[Or]:
    """Yield the choices in a condition, terms left out: these are looked into once."""
    match condition:
        case Or(parts):
            if is_choice(condition):
                yield condition
            else:
                for part in parts:
                    yield from _choices(part)
        case And(parts):
            for part in parts:
                yield from _choices(part)
        case Not(part):
            yield from _choices(part)


def is_choice(condition: Condition) -> bool:
    """Whether a condition is an `or` of bounds on one fact from both sides, or of things that it must not be."""
    if not isinstance(condition, Or):
        return False
    tests = [_test(part) for part in condition.parts]
    if None in tests or len({test[0] for test in tests if test is not None}) != 1:
        return False
    operators = {test[1] for test in tests if test is not None}
    return {sign[0] for sign in operators} >= {"<", ">"} or operators == {"!="}


def _test(part: Condition) -> tuple[str, str, Constant] | None:
    """Return a test on one fact as the fact, the sign and the bound."""
    match part:
        case Compare(operator, FactRef(name), Constant() as bound):
            return name, operator, bound
        case Compare(operator, Constant() as bound, FactRef(name)):
            return name, _TURNED[operator], bound
        case Not(Compare("=", FactRef(name), Constant() as bound)):
            return name, "!=", bound
        case _:
            return None


def _mend(choice: Or, currency: str) -> str:
    """Return what was probably meant, as a cell and as an expression."""
    tests = [test for part in choice.parts if (test := _test(part)) is not None]
    name = tests[0][0]
    if all(sign == "!=" for _, sign, _ in tests):
        words = ", ".join(expression_text(bound, currency) for _, _, bound in tests)
        return f"if neither was meant, write not({words}) in a cell, or {name} not in ({words})"
    low = next((sign, bound) for _, sign, bound in tests if sign[0] == ">")
    high = next((sign, bound) for _, sign, bound in tests if sign[0] == "<")
    ends = [expression_text(bound, currency) for _, bound in (low, high)]
    cell = f"{'[' if '=' in low[0] else '('}{ends[0]} .. {ends[1]}{']' if '=' in high[0] else ')'}"
    return f"if both were meant, write the range {cell} in a cell, or {name} {low[0]} {ends[0]} and {name} {high[0]} {ends[1]}"
