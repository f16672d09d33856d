"""Slips inside conditions: bounds, comparisons, `and` and `or`, parts left out, negations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from ...rules.regions import Operator
from ...rules.tree import (
    And,
    Arithmetic,
    Call,
    Compare,
    Condition,
    Constant,
    Expression,
    Known,
    Named,
    Not,
    Or,
    TextTest,
)
from .operators import Rewrite, on_conditions, on_expressions
from .sites import expressions_in, is_membership
from .steps import moved, neighbours

_SLIPS: Final[dict[Operator, tuple[Operator, ...]]] = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "=": ("!=",),
    "!=": ("=",),
}
_TEXT_SLIPS: Final[dict[str, Literal["contains", "starts with"]]] = {
    "contains": "starts with",
    "starts with": "contains",
    "ends with": "contains",
}
_OPPOSITES: Final[dict[str, Literal["+", "-", "*", "/"]]] = {"+": "-", "-": "+", "*": "/", "/": "*"}


@on_expressions(
    "arithmetic",
    "Another operation: plus for minus, times for divided by, `min` for `max`.",
    before="loss > min(paid, 50 USD)",
    after="loss > max(paid, 50 USD)",
)
def other_operation(expression: Expression) -> Iterator[Expression]:
    """Yield an operation with its opposite."""
    match expression:
        case Arithmetic("+" | "-", left, right, type_) if {left.type.kind, right.type.kind} & {"date", "datetime"}:
            if right.type.kind == "duration":  # of two dates there is a difference only
                yield Arithmetic(_OPPOSITES[expression.operator], left, right, type_)
        case Arithmetic("*", left, right, type_) if not right.type.is_numeric:
            yield Arithmetic("/", right, left, type_)
        case Arithmetic("/", left, right, _) if not right.type.is_numeric:
            pass  # an amount divided by an amount is a number; their product would be nothing
        case Arithmetic("*", _, _, type_) if type_.kind == "integer":
            pass  # a quotient may be no whole number
        case Arithmetic(operator, left, right, type_):
            yield Arithmetic(_OPPOSITES[operator], left, right, type_)
        case Call("min" | "max", arguments, type_):
            yield Call("max" if expression.function == "min" else "min", arguments, type_)
        case _:
            pass


@on_conditions(
    "bound",
    "A limit moved by one: a cent, a day, an hour, a percent, the next word on a scale.",
    before="loss <= 50 USD",
    after="loss <= 50.01 USD",
)
def other_bound(condition: Condition) -> Iterator[Rewrite]:
    """Yield a comparison with each constant in it moved, and a list of words of a scale with the words next to it."""
    match condition:
        case Compare(operator, left, right):
            for inner, put in expressions_in(left):
                if isinstance(inner, Constant) and inner.type.kind != "boolean":
                    yield from (Rewrite(Compare(operator, put(new), right)) for new in moved(inner))
            for inner, put in expressions_in(right):
                if isinstance(inner, Constant) and inner.type.kind != "boolean":
                    yield from (Rewrite(Compare(operator, left, put(new))) for new in moved(inner))
        case Or(parts) if is_membership(condition):
            yield from _widened(parts)
        case _:
            pass


def _widened(parts: tuple[Condition, ...]) -> Iterator[Rewrite]:
    equal = [part for part in parts if isinstance(part, Compare)]
    type_, subject = equal[0].left.type, equal[0].left
    listed = [part.right.value for part in equal if isinstance(part.right, Constant)]
    if type_.kind == "scale":
        near = {word for value in listed for word in neighbours(value, type_)} - set(listed)
        for word in (word for word in type_.domain if word in near):
            yield Rewrite(Or((*parts, Compare("=", subject, Constant(word, type_)))))


@on_conditions(
    "comparison",
    "Another comparison: `<` for `<=`, `>` for `<=`, `!=` for `=`.",
    before="loss <= 50 USD",
    after="loss < 50 USD",
)
def other_comparison(condition: Condition) -> Iterator[Rewrite]:
    """Yield a comparison with its limit on the other side, and turned round."""
    match condition:
        case Compare(operator, left, right) if not _is_bare(condition):
            yield from (Rewrite(Compare(slip, left, right)) for slip in _SLIPS[operator])
        case TextTest(operator, subject, pattern) if operator in _TEXT_SLIPS and subject.type.kind != "list":
            yield Rewrite(TextTest(_TEXT_SLIPS[operator], subject, pattern))
        case _:
            pass


def _is_bare(test: Compare) -> bool:
    """Whether a comparison is written as a bare word: a boolean that is true, or false."""
    return test.left.type.kind == "boolean" and test.operator == "=" and isinstance(test.right, Constant)


@on_conditions(
    "connective",
    "`or` for `and`, `and` for `or`.",
    before="verified and abuse >= hostile",
    after="verified or abuse >= hostile",
)
def other_connective(condition: Condition) -> Iterator[Rewrite]:
    """Yield a chain joined by the other word."""
    match condition:
        case And(parts):
            yield Rewrite(Or(parts))
        case Or(parts) if not is_membership(condition):
            yield Rewrite(And(parts))
        case _:
            pass


@on_conditions(
    "part",
    "A part of a condition left out, or a word of a list.",
    before="verified and abuse >= hostile",
    after="verified",
)
def without_a_part(condition: Condition) -> Iterator[Rewrite]:
    """Yield a chain without each of its parts."""
    match condition:
        case And(parts) | Or(parts):
            for index, gone in enumerate(parts):
                rest = (*parts[:index], *parts[index + 1 :])
                yield Rewrite(rest[0] if len(rest) == 1 else type(condition)(rest), gone)
        case _:
            pass


@on_conditions(
    "negation",
    "A `not` too many, or one too few.",
    before="verified",
    after="not verified",
)
def other_negation(condition: Condition) -> Iterator[Rewrite]:
    """Yield a test negated, and a negation without its `not`."""
    match condition:
        case Not(part):
            yield Rewrite(part)
        case Compare() if _is_bare(condition):
            yield Rewrite(Not(condition))
        case Known() | Named() | TextTest():
            yield Rewrite(Not(condition))
        case Or() if is_membership(condition):
            yield Rewrite(Not(condition))
        case _:
            pass
