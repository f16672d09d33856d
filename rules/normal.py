"""The normal form of conditions: an `or` of `and`s of tests on single facts. It is the meaning that every reading reads.

Negations are pushed inwards and distributed away; within each `and` the tests on one fact become one region, and so do the
parts of an `or` that are tests on the same fact alone. Where the product of `or`s would pass a bound, a part is kept whole, so
that no input makes this exponential.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, assert_never

import attrs

from .evaluate import text_holds
from .linear import MIRRORED, solved
from .regions import (
    Operator,
    Region,
    compared,
    complement,
    contains,
    intersection,
    is_empty,
    union,
    universe,
    universe_of,
)
from .tree import (
    ALWAYS,
    NEVER,
    And,
    Arithmetic,
    Atom,
    Call,
    Compare,
    Condition,
    Conjunct,
    Constant,
    Expression,
    FactRef,
    FactTest,
    Known,
    Named,
    NormalForm,
    Not,
    Or,
    TextTest,
    Truth,
    Whole,
)
from .types import NUMBER, Fact, Type, Value

#: The most disjuncts that distributing may make of one `and`; past it the longest part is kept whole.
BOUND: Final = 64

_NEGATED: Final[dict[Operator, Operator]] = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
Disjunct: TypeAlias = tuple[Conjunct, ...]
Solved: TypeAlias = tuple[str | None, Operator, Value]


@attrs.frozen
class Universe:
    """All values that each fact may have: what a negation is taken in."""

    regions: Mapping[str, Region]

    @classmethod
    def of(cls, facts: Mapping[str, Fact], decisions: Mapping[str, Type] | None = None) -> Universe:
        """Return the universe of a vocabulary, and for guards of the outcomes too."""
        outcomes = {name: universe(type_) for name, type_ in (decisions or {}).items()}
        return cls({**{name: universe_of(fact) for name, fact in facts.items()}, **outcomes})


class Normalizer:
    """Makes normal forms over one universe; what a term stands for is normalized once."""

    def __init__(self, universe_: Universe) -> None:
        self.universe = universe_
        self._terms: dict[tuple[str, bool], tuple[Disjunct, ...]] = {}

    def normal_form(self, condition: Condition) -> NormalForm:
        """Return the normal form of a condition."""
        return NormalForm(self._disjuncts(condition, holds=True))

    def _disjuncts(self, condition: Condition, *, holds: bool) -> tuple[Disjunct, ...]:
        match condition:
            case Truth(value):
                return ALWAYS.disjuncts if value == holds else NEVER.disjuncts
            case Not(part):
                return self._disjuncts(part, holds=not holds)
            case Named(name, part):
                if (name, holds) not in self._terms:
                    self._terms[name, holds] = self._disjuncts(part, holds=holds)
                return self._terms[name, holds]
            case Known(fact):
                return self._presence(fact, holds=holds)
            case Compare():
                return self._comparison(condition, holds=holds)
            case TextTest():
                return self._text_test(condition, holds=holds)
            case And(parts) | Or(parts):
                found = [self._disjuncts(part, holds=holds) for part in parts]
                return self._both(found) if isinstance(condition, And) == holds else self._either(found)
            case _:
                assert_never(condition)

    # -- leaves

    def _presence(self, fact: str, *, holds: bool) -> tuple[Disjunct, ...]:
        whole = self.universe.regions[fact]
        none = _nothing(whole)
        test = FactTest(fact, whole, none) if holds else FactTest(fact, none, whole)
        return ((test,),)

    def _comparison(self, test: Compare, *, holds: bool) -> tuple[Disjunct, ...]:
        found = tested(test)
        if found is None:
            return ((Atom(test, facts_in(test), holds),),)
        name, operator, threshold = found
        if name is None:
            return ALWAYS.disjuncts if _stands(operator, threshold) == holds else NEVER.disjuncts
        whole = self.universe.regions[name]
        region = region_of(found, test, whole)
        return self._on_fact(name, region if holds else complement(region, whole))

    def _on_fact(self, fact: str, region: Region) -> tuple[Disjunct, ...]:
        if is_empty(region):
            return NEVER.disjuncts
        if region == self.universe.regions[fact]:
            return ALWAYS.disjuncts
        return ((FactTest(fact, region, region),),)

    def _text_test(self, test: TextTest, *, holds: bool) -> tuple[Disjunct, ...]:
        subject, pattern = test.subject, test.pattern
        if isinstance(subject, FactRef) and subject.type.words and isinstance(pattern, Constant):
            words = frozenset(w for w in subject.type.words if text_holds(test.operator, w, str(pattern.value)) == holds)
            whole = self.universe.regions[subject.name]
            return self._on_fact(subject.name, attrs.evolve(whole, words=words))
        return ((Atom(test, facts_in(test), holds),),)

    # -- chains

    def _either(self, parts: Iterable[tuple[Disjunct, ...]]) -> tuple[Disjunct, ...]:
        """Join the parts; those that test the same fact alone become one test."""
        merged: dict[object, Disjunct] = {}
        for disjunct in (disjunct for part in parts for disjunct in part):
            if not disjunct:
                return ALWAYS.disjuncts
            (first, *rest) = disjunct
            alone = isinstance(first, FactTest) and not rest
            key = first.fact if alone and isinstance(first, FactTest) else disjunct
            before = merged.get(key)
            merged[key] = self._joined(before[0], first) if before and alone else disjunct
            if not merged[key]:
                return ALWAYS.disjuncts
        return tuple(merged.values())

    def _joined(self, one: Conjunct, other: Conjunct) -> Disjunct:
        assert isinstance(one, FactTest) and isinstance(other, FactTest)
        test = FactTest(one.fact, union(one.known, other.known), union(one.missing, other.missing))
        return () if self._is_trivial(test) else (test,)

    def _is_trivial(self, test: FactTest) -> bool:
        whole = self.universe.regions[test.fact]
        return test.known == whole and test.missing == whole

    def _both(self, parts: list[tuple[Disjunct, ...]]) -> tuple[Disjunct, ...]:
        """Distribute an `and` over its parts, short ones first; a part that would pass the bound is kept whole."""
        found: tuple[Disjunct, ...] = ((),)
        for part in sorted(parts, key=len):
            if len(found) * len(part) > BOUND:
                if len(found) > 1:
                    part = ((Whole(NormalForm(part)),),)
                if len(found) * len(part) > BOUND:
                    part = ((Whole(NormalForm(part)),),)
            found = self._product(found, part)
            if not found:
                return NEVER.disjuncts
        return found

    def _product(self, left: tuple[Disjunct, ...], right: tuple[Disjunct, ...]) -> tuple[Disjunct, ...]:
        if left == ((),):
            return right
        found: dict[Disjunct, None] = {}
        for one in left:
            for other in right:
                both = _conjunction(one, other)
                if both is not None:
                    found[both] = None
        return tuple(found)


def _conjunction(one: Disjunct, other: Disjunct) -> Disjunct | None:
    """Join two disjuncts, the tests on one fact as one; None where no value of some fact can meet them."""
    if not one or not other:
        return one or other
    tests: dict[object, Conjunct] = {(part.fact if isinstance(part, FactTest) else part): part for part in one}
    for part in other:
        if not isinstance(part, FactTest):
            tests[part] = part
            continue
        before = tests.get(part.fact)
        if before is None:
            tests[part.fact] = part
            continue
        assert isinstance(before, FactTest)
        known, missing = intersection(before.known, part.known), intersection(before.missing, part.missing)
        if is_empty(known) and is_empty(missing):
            return None
        tests[part.fact] = FactTest(part.fact, known, missing)
    return tuple(tests.values())


def tested(test: Compare) -> Solved | None:
    """
    Return the one fact that a comparison tests, the operator and the threshold; None where it tests several.

    A fact of None: the comparison is that of 0 with the threshold, whatever the facts.
    """
    return _words_test(test) if test.left.type.is_finite or test.left.type.kind == "text" else solved(test)


def region_of(found: Solved, test: Compare, whole: Region) -> Region:
    """Return the values in *whole* for which a comparison that was solved for one fact holds."""
    name, operator, threshold = found
    assert name is not None
    return intersection(compared(operator, threshold, _type_of(name, test)), whole)


def _nothing(whole: Region) -> Region:
    return intersection(whole, complement(whole, whole))


def _words_test(test: Compare) -> Solved | None:
    """Solve a comparison of words, texts or booleans with a constant."""
    left, right, operator = test.left, test.right, test.operator
    if isinstance(left, Constant) and isinstance(right, FactRef):
        left, right, operator = right, left, MIRRORED[operator]
    if isinstance(left, FactRef) and isinstance(right, Constant):
        return left.name, operator, right.value
    if isinstance(left, Constant) and isinstance(right, Constant):
        holds = _constants_hold(operator, left, right)
        return None, "=" if holds else "!=", 0
    if left == right:
        return None, "=" if operator in ("=", "<=", ">=") else "!=", 0
    return None


def _constants_hold(operator: Operator, left: Constant, right: Constant) -> bool:
    if left.type.is_finite:
        region = compared(operator, right.value, left.type)
        return left.value in getattr(region, "words", ())
    return (left.value == right.value) == (operator == "=")


def _stands(operator: Operator, threshold: Value) -> bool:
    """Whether 0 stands in *operator* to a number."""
    return contains(compared(operator, threshold, NUMBER), 0)


def _type_of(name: str, test: Compare) -> Type:
    pending: list[Expression] = [test.left, test.right]
    while pending:
        match pending.pop():
            case FactRef(found, type_) if found == name:
                return type_
            case Arithmetic(_, left, right):
                pending += (left, right)
            case Call(_, arguments):
                pending += arguments
            case _:
                pass
    raise AssertionError(name)


def facts_in(test: Compare | TextTest | Expression) -> tuple[str, ...]:
    """Return the facts that a test or an expression speaks of, in the order in which it does."""
    found: dict[str, None] = {}
    start = (test.left, test.right) if isinstance(test, Compare) else None
    start = (test.subject, test.pattern) if isinstance(test, TextTest) else start
    pending: list[Expression] = list(reversed(start)) if start else [test]  # type: ignore[list-item]  # because the rest are expressions
    while pending:
        match pending.pop():
            case FactRef(name):
                found[name] = None
            case Arithmetic(_, left, right):
                pending += (right, left)
            case Call(_, arguments):
                pending += reversed(arguments)
            case Constant():
                pass
    return tuple(found)


def facts_of(form: NormalForm) -> frozenset[str]:
    """Return every fact that a normal form asks for."""
    found: set[str] = set()
    pending = [form]
    while pending:
        for conjunct in (conjunct for disjunct in pending.pop().disjuncts for conjunct in disjunct):
            match conjunct:
                case FactTest(fact):
                    found.add(fact)
                case Atom(_, facts):
                    found.update(facts)
                case Whole(inner):
                    pending.append(inner)
    return frozenset(found)
