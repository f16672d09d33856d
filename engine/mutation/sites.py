"""Every part of a condition or an expression, each with the way to put another in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias, assert_never

from ...rules.tree import (
    And,
    Arithmetic,
    Call,
    Compare,
    Condition,
    Constant,
    Expression,
    FactRef,
    Known,
    Named,
    Not,
    Or,
    TextTest,
    Truth,
)

Put: TypeAlias = Callable[[Condition], Condition]
PutExpression: TypeAlias = Callable[[Expression], Expression]


def conditions_in(condition: Condition) -> Iterator[tuple[Condition, Put]]:
    """
    Yield a condition and every part of it, outer ones first, each with what puts another in its place.

    What a term stands for is not looked into, nor are the equalities that make up `x in (a, b)`.
    """
    yield condition, lambda new: new
    match condition:
        case And(parts) | Or(parts):
            for index, part in enumerate(parts) if not is_membership(condition) else ():
                for inner, put in conditions_in(part):
                    yield inner, _inside(condition, index, put)
        case Not(part):
            for inner, put in conditions_in(part):
                yield inner, _negated(put)
        case Compare() | TextTest() | Known() | Truth() | Named():
            pass
        case _:
            assert_never(condition)


def _negated(put: Put) -> Put:
    return lambda new: Not(put(new))


def _inside(joined: And | Or, index: int, put: Put) -> Put:
    before, after = joined.parts[:index], joined.parts[index + 1 :]
    return lambda new: type(joined)((*before, put(new), *after))


def is_membership(condition: Condition) -> bool:
    """Whether a condition is `x in (a, b)`: an `or` of equalities of one subject with constants."""
    if not isinstance(condition, Or) or len(condition.parts) < 2:
        return False
    subjects = {
        part.left if isinstance(part, Compare) and part.operator == "=" and isinstance(part.right, Constant) else None
        for part in condition.parts
    }
    return len(subjects) == 1 and None not in subjects


def expressions_in(expression: Expression) -> Iterator[tuple[Expression, PutExpression]]:
    """Yield an expression and every part of it, outer ones first, each with what puts another in its place."""
    yield expression, lambda new: new
    match expression:
        case Arithmetic(_, left, right):
            for inner, put in expressions_in(left):
                yield inner, _in_operation(expression, put, left=True)
            for inner, put in expressions_in(right):
                yield inner, _in_operation(expression, put, left=False)
        case Call(_, arguments):
            for index, argument in enumerate(arguments):
                for inner, put in expressions_in(argument):
                    yield inner, _in_call(expression, index, put)
        case Constant() | FactRef():
            pass
        case _:
            assert_never(expression)


def _in_operation(outer: Arithmetic, put: PutExpression, *, left: bool) -> PutExpression:
    if left:
        return lambda new: Arithmetic(outer.operator, put(new), outer.right, outer.type)
    return lambda new: Arithmetic(outer.operator, outer.left, put(new), outer.type)


def _in_call(outer: Call, index: int, put: PutExpression) -> PutExpression:
    before, after = outer.arguments[:index], outer.arguments[index + 1 :]
    return lambda new: Call(outer.function, (*before, put(new), *after), outer.type)


def with_constants(condition: Condition, change: Callable[[Constant], Constant]) -> Condition:
    """Return a condition with every constant in it changed, those in its terms included."""
    match condition:
        case Compare(operator, left, right):
            return Compare(operator, with_constants_in(left, change), with_constants_in(right, change))
        case TextTest(operator, subject, pattern):
            return TextTest(operator, with_constants_in(subject, change), with_constants_in(pattern, change))
        case And(parts) | Or(parts):
            return type(condition)(tuple(with_constants(part, change) for part in parts))
        case Not(part):
            return Not(with_constants(part, change))
        case Named(name, part):
            return Named(name, with_constants(part, change))
        case Known() | Truth():
            return condition
        case _:
            assert_never(condition)


def with_constants_in(expression: Expression, change: Callable[[Constant], Constant]) -> Expression:
    """Return an expression with every constant in it changed."""
    match expression:
        case Constant():
            return change(expression)
        case Arithmetic(operator, left, right, type_):
            return Arithmetic(operator, with_constants_in(left, change), with_constants_in(right, change), type_)
        case Call(function, arguments, type_):
            return Call(function, tuple(with_constants_in(argument, change) for argument in arguments), type_)
        case FactRef():
            return expression
        case _:
            assert_never(expression)


def with_terms(condition: Condition, terms: Mapping[str, Condition]) -> Condition:
    """Return a condition with other meanings for some of its terms, those in its other terms included."""
    match condition:
        case Named(name, part):
            return Named(name, terms[name] if name in terms else with_terms(part, terms))
        case And(parts) | Or(parts):
            return type(condition)(tuple(with_terms(part, terms) for part in parts))
        case Not(part):
            return Not(with_terms(part, terms))
        case Compare() | TextTest() | Known() | Truth():
            return condition
        case _:
            assert_never(condition)
