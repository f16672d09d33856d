"""
A second evaluator, for tests only: it reads a checked condition as it was written, not its normal form.

It shares no arithmetic with the engine: every number is a Fraction here, and what a test says of a set of values is found by
trying them. Three answers are given: the plain one with every fact settled, Kleene's with facts missing or uncertain, and the
exact one by trying all values, or for an ordered fact all that lie at, beside and between the thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final, TypeAlias

import attrs
import re2

from evenhand.rules import tree
from evenhand.rules.given import Knowledge
from evenhand.rules.regions import Spans, Texts, Words
from evenhand.rules.types import Fact, Type

Truth: TypeAlias = bool | None
Test: TypeAlias = tree.Compare | tree.TextTest

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
_SECONDS_A_DAY: Final = 86_400
_MICROSECONDS: Final = 1_000_000
#: A text that no condition mentions.
UNHEARD_OF: Final = "unheard-of ¤"


class NoValue(Exception):
    """A division by zero."""


@attrs.frozen
class World:
    """Facts with their values; *handed* are those that somebody handed in, whatever their value; *today* is an ordinal."""

    values: Mapping[str, Any]
    handed: frozenset[str]
    today: int

    def having(self, **values: Any) -> World:
        return attrs.evolve(self, values={**self.values, **values})


# --- every fact settled ----------------------------------------------------------------------------------------------


def holds(condition: tree.Condition, world: World) -> Truth:
    """Say whether a condition holds; None where a test that matters divides by zero."""
    return truth(condition, world, lambda test: passes(test, world))


def truth(condition: tree.Condition, world: World, ask: Callable[[Test], Truth]) -> Truth:
    """Evaluate `and`, `or`, `not` by Kleene's tables; *ask* says whether a single test holds."""
    match condition:
        case tree.Truth(value):
            return value
        case tree.Named(_, part):
            return truth(part, world, ask)
        case tree.Known(fact):
            return fact in world.handed
        case tree.Not(part):
            inner = truth(part, world, ask)
            return None if inner is None else not inner
        case tree.And(parts):
            found = [truth(part, world, ask) for part in parts]
            return False if False in found else None if None in found else True
        case tree.Or(parts):
            found = [truth(part, world, ask) for part in parts]
            return True if True in found else None if None in found else False
        case _:
            return ask(condition)


def passes(test: Test, world: World) -> Truth:
    try:
        if isinstance(test, tree.TextTest):
            return _text_test(test.operator, value(test.subject, world), value(test.pattern, world))
        left, right = value(test.left, world), value(test.right, world)
        words = test.left.type.words
        if words and test.operator not in ("=", "!="):
            left, right = words.index(left), words.index(right)
        return _COMPARE[test.operator](left, right)
    except NoValue:
        return None


def _text_test(operator: str, subject: Any, pattern: Any) -> bool:
    if isinstance(subject, tuple):
        return any(word == pattern for word in subject)
    match operator:
        case "contains":
            return bool(subject.find(pattern) >= 0)
        case "starts with":
            return bool(subject[: len(pattern)] == pattern)
        case "ends with":
            return bool(subject[len(subject) - len(pattern) :] == pattern) and len(pattern) <= len(subject)
        case _:
            return re2.search(pattern, subject) is not None


def value(expression: tree.Expression, world: World) -> Any:
    """Return an expression's value, numbers as Fractions; NoValue where it divides by zero."""
    match expression:
        case tree.Constant(found):
            return _exact(found)
        case tree.FactRef(name):
            return _exact(world.values[name])
        case tree.Call(function, arguments):
            return _called(function, [value(argument, world) for argument in arguments], world)
        case tree.Arithmetic(operator, left, right):
            return _computed(operator, value(left, world), value(right, world), left.type.kind, right.type.kind)


def _exact(found: Any) -> Any:
    return Fraction(found) if isinstance(found, int | Fraction) and not isinstance(found, bool) else found


def _called(function: str, arguments: list[Any], world: World) -> Any:
    match function:
        case "count":
            return Fraction(len(arguments[0]))
        case "days_since":
            return world.today - arguments[0]
        case "abs":
            return max(arguments[0], -arguments[0])
        case "min":
            return min(arguments)
        case _:
            return max(arguments)


def _computed(operator: str, left: Fraction, right: Fraction, kind: str, other: str) -> Fraction:
    if (kind, other) == ("date", "date"):
        return (left - right) * _SECONDS_A_DAY
    if kind == "datetime":
        right *= _MICROSECONDS
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            if not right:
                raise NoValue
            return left / right


# --- what a condition speaks of --------------------------------------------------------------------------------------


def single_tests(condition: tree.Condition) -> Iterator[Test]:
    match condition:
        case tree.And(parts) | tree.Or(parts):
            for part in parts:
                yield from single_tests(part)
        case tree.Not(part) | tree.Named(_, part):
            yield from single_tests(part)
        case tree.Compare() | tree.TextTest():
            yield condition
        case _:
            pass


def nodes(expression: tree.Expression) -> Iterator[tree.Expression]:
    yield expression
    match expression:
        case tree.Arithmetic(_, left, right):
            yield from (*nodes(left), *nodes(right))
        case tree.Call(_, arguments):
            for argument in arguments:
                yield from nodes(argument)
        case _:
            pass


def sides(test: Test) -> tuple[tree.Expression, tree.Expression]:
    return (test.left, test.right) if isinstance(test, tree.Compare) else (test.subject, test.pattern)


def facts_in(test: Test) -> set[str]:
    return {node.name for side in sides(test) for node in nodes(side) if isinstance(node, tree.FactRef)}


def facts_of(condition: tree.Condition) -> set[str]:
    return {name for test in single_tests(condition) for name in facts_in(test)}


def is_linear(test: Test) -> bool:
    """Whether a comparison is one of sums and multiples, so that a threshold divides the values that pass from the others."""
    return isinstance(test, tree.Compare) and all(_is_sum(node) for side in sides(test) for node in nodes(side))


def _is_sum(node: tree.Expression) -> bool:
    match node:
        case tree.Call():
            return False
        case tree.Arithmetic(_, left, _) if left.type.kind == "datetime":
            return False
        case tree.Arithmetic("*", left, right):
            return not (_speaks_of_facts(left) and _speaks_of_facts(right))
        case tree.Arithmetic("/", _, right):
            return not _speaks_of_facts(right)
        case _:
            return True


def _speaks_of_facts(expression: tree.Expression) -> bool:
    return any(isinstance(node, tree.FactRef) for node in nodes(expression))


# --- values worth trying ---------------------------------------------------------------------------------------------


@attrs.frozen
class Possible:
    """
    The values that a fact may have: *listed*, or where that is None all of its type within bounds (both included).

    *is_missing* where nothing was handed in.
    """

    type: Type
    listed: tuple[Any, ...] | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    is_missing: bool = False

    @classmethod
    def of(cls, fact: Fact) -> Possible:
        """Return what a fact that is missing may be."""
        listed = (False, True) if fact.type.kind == "boolean" else fact.type.words or None
        low = None if fact.low is None else Fraction(fact.low)
        high = None if fact.high is None else Fraction(fact.high)
        return cls(fact.type, listed, low, high, is_missing=True)

    @classmethod
    def within(cls, type_: Type, region: Words | Texts | Spans) -> Possible:
        """Return what a fact that is uncertain may be: some values, or one range."""
        if not isinstance(region, Spans):
            return cls(type_, tuple(sorted(region.words)))
        whole = type_.kind in ("integer", "date", "datetime")
        pieces = []
        for low, high in zip(region.cuts[::2], region.cuts[1::2], strict=True):
            assert low[1] == 0 and high[1] == (0 if whole else 1)
            pieces.append((Fraction(low[0]), Fraction(high[0]) - whole))
        if all(low == high for low, high in pieces):
            return cls(type_, tuple(low for low, _ in pieces))
        if len(pieces) == 1:
            return cls(type_, None, *pieces[0])
        return cls(type_, tuple(low + step for low, high in pieces for step in range(int(high - low) + 1)))

    def admits(self, number: Fraction) -> bool:
        return (self.low is None or self.low <= number) and (self.high is None or number <= self.high)

    def tried(self, name: str, tests: Iterable[Test], world: World) -> tuple[Any, ...]:
        """Return the values to try in some tests, so that all classes of values that these tell apart are met."""
        if self.listed is not None:
            return self.listed
        if self.type.kind == "list":
            return _lists(tests)
        if not self.type.is_ordered:
            return (*_texts(tests), UNHEARD_OF)
        return self._around({root for test in tests for root in _thresholds(test, name, world)})

    def _around(self, thresholds: set[Fraction]) -> tuple[Fraction, ...]:
        """Return numbers at, beside and between some thresholds, and at and near the ends of the line."""
        ends = [end for end in (self.low, self.high) if end is not None]
        marks = sorted({*thresholds, *ends} or {Fraction(0)})
        between = [(one + other) / 2 for one, other in pairwise(marks)]
        if self.type.kind in ("integer", "date", "datetime"):
            near = {Fraction(mark.__floor__() + step) for mark in (*marks, *between) for step in (-1, 0, 1, 2)}
        else:
            near = {mark + step for mark in marks for step in (-1, -Fraction(1, 997), 0, Fraction(1, 997), 1)} | set(
                between
            )
        return tuple(sorted(number for number in near if self.admits(number)))


def _thresholds(test: Test, name: str, world: World) -> Iterator[Fraction]:
    """Yield where a comparison may turn when one fact alone moves: its constants, and where both sides meet if that is linear."""
    if name not in facts_in(test) or not isinstance(test, tree.Compare):
        return
    for side in sides(test):
        yield from (
            Fraction(n.value)
            for n in nodes(side)
            if isinstance(n, tree.Constant) and isinstance(n.value, int | Fraction)
        )
    try:
        at_0, at_1 = (_gap(test, world.having(**{name: Fraction(at)})) for at in (0, 1))
    except (NoValue, KeyError):
        return
    if at_0 != at_1:
        yield at_0 / (at_0 - at_1)


def _gap(test: tree.Compare, world: World) -> Fraction:
    left, right = value(test.left, world), value(test.right, world)
    assert isinstance(left, Fraction) and isinstance(right, Fraction)
    return left - right


def _texts(tests: Iterable[Test]) -> tuple[str, ...]:
    found = [n.value for test in tests for side in sides(test) for n in nodes(side) if isinstance(n, tree.Constant)]
    return tuple(dict.fromkeys(text for text in found if isinstance(text, str)))


def _lists(tests: Iterable[Test]) -> tuple[tuple[str, ...], ...]:
    texts = _texts(tests)
    return ((), *((text,) for text in texts), texts, (*texts, UNHEARD_OF))


# --- facts missing or uncertain --------------------------------------------------------------------------------------


@attrs.frozen
class Partly:
    """What is known of some facts: *world* has the settled ones, *open* what the others may be."""

    world: World
    open: Mapping[str, Possible]


def partly_known(facts: Mapping[str, Fact], known: Mapping[str, Knowledge], today: int) -> Partly:
    """Return what is known as worlds have it; a fact that is missing takes what the policy assumes."""
    values: dict[str, Any] = {name: fact.assume for name, fact in facts.items() if fact.assume is not None}
    open_: dict[str, Possible] = {}
    for name, fact in facts.items():
        found = known.get(name)
        if isinstance(found, Words | Texts | Spans):
            values.pop(name, None)
            open_[name] = Possible.within(fact.type, found)
        elif found is not None:
            values[name] = found
        elif name not in values:
            open_[name] = Possible.of(fact)
    return Partly(World(values, frozenset(known), today), open_)


def kleene(condition: tree.Condition, partly: Partly) -> Truth:
    """Return Kleene's answer for the text: single tests by what is known of their facts, and nothing beyond."""
    return truth(condition, partly.world, lambda test: _kleene_test(test, partly))


def _kleene_test(test: Test, partly: Partly) -> Truth:
    """Say whether a test holds for all, none or some values; unknown over several facts as soon as one is not settled."""
    facts = facts_in(test)
    unsettled = facts & partly.open.keys()
    if not unsettled:
        return passes(test, partly.world)
    if len(facts) > 1:
        return None
    (name,) = unsettled
    possible = partly.open[name]
    if not is_linear(test) and (possible.listed is None or (possible.is_missing and not _is_plain(test))):
        return None
    values = possible.tried(name, [test], partly.world)
    found = {passes(test, partly.world.having(**{name: tried})) for tried in values}
    return found.pop() if len(found) == 1 else None


def _is_plain(test: Test) -> bool:
    """Whether a test holds one fact against constants, without computing."""
    return isinstance(test, tree.TextTest) and isinstance(test.pattern, tree.Constant)


def completions(tests: Iterable[Test], partly: Partly, *, most: int, also: Iterable[str] = ()) -> Iterator[World]:
    """Yield worlds in which every open fact that the tests speak of, and *also* some others, is settled; a spread of so many."""
    listed = list(tests)
    names = sorted({*also, *(name for test in listed for name in facts_in(test))} & partly.open.keys())
    options = [partly.open[name].tried(name, listed, partly.world) for name in names]
    count = 1
    for option in options:
        count *= len(option)
    step = max(count // most, 1)
    step += step > 1 and not step % 2  # because an even stride may miss every other value of the last fact
    for index in range(0, count, step):
        chosen, rest = {}, index
        for name, option in zip(names, options, strict=True):
            rest, at = divmod(rest, len(option))
            chosen[name] = option[at]
        yield partly.world.having(**chosen)


def exact(condition: tree.Condition, partly: Partly, *, most: int = 4_000) -> set[Truth]:
    """Return every answer that a condition has when the open facts take the values worth trying."""
    return {holds(condition, world) for world in completions(single_tests(condition), partly, most=most)}
