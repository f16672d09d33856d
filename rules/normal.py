"""The normal form of conditions: an `or` of `and`s of tests on single facts. It is the meaning that every reading reads.

Negations are pushed inwards and distributed away; within each `and` the tests on one fact become one region, and so do the
parts of an `or` that are tests on the same fact alone. Where the product of `or`s would pass a bound, a part is kept whole, so
that no input makes this exponential.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final, TypeAlias, assert_never

from .decisions import DecisionSpec
from .evaluate import text_holds
from .linear import MIRRORED, solved
from .regions import (
    Operator,
    Region,
    Words,
    compared,
    complement,
    contains,
    intersection,
    intersection_of,
    is_empty,
    union_of,
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
from .types import NUMBER, Fact, Value

#: The most disjuncts that distributing may make of one `and`; past it the longest part is kept whole.
BOUND: Final = 64
#: The most tests that distributing may make, so that parts kept whole inside others are not copied over and over.
HEAVIEST: Final = 4_096

_NEGATED: Final[dict[Operator, Operator]] = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
Disjunct: TypeAlias = tuple[Conjunct, ...]
Solved: TypeAlias = tuple[str | None, Operator, Value]


class Universe:
    """
    All values that each fact may have, which is what a negation is taken in; in guards a decision's outcomes too.

    Each region is made when it is first asked for, and once for all tests that are equal.
    """

    def __init__(self, facts: Mapping[str, Fact], decisions: Mapping[str, DecisionSpec]) -> None:
        self._facts, self._decisions = facts, decisions
        self._wholes: dict[str, Region] = {}
        self._parts: dict[Solved, Region] = {}

    def whole(self, name: str) -> Region:
        """Return all values that a fact may have, or all outcomes of a decision."""
        region = self._wholes.get(name)
        if region is None:
            fact = self._facts.get(name)
            region = self._wholes[name] = universe_of(fact) if fact else universe(self._decisions[name].type)
        return region

    def part(self, found: Solved) -> Region:
        """Return the values for which a comparison that was solved for one fact holds."""
        region = self._parts.get(found)
        if region is None:
            name, operator, threshold = found
            assert name is not None
            type_ = (self._facts.get(name) or self._decisions[name]).type
            region = self._parts[found] = intersection(compared(operator, threshold, type_), self.whole(name))
        return region


class Normalizer:
    """Makes normal forms over one universe; what a term stands for is normalized once, and so are tests that are equal."""

    def __init__(self, universe_: Universe) -> None:
        self.universe = universe_
        self._terms: dict[tuple[str, bool], tuple[Disjunct, ...]] = {}
        self._weights: dict[Whole, int] = {}
        self._tests: dict[bool, dict[Solved, tuple[Disjunct, ...]]] = {True: {}, False: {}}

    def normal_form(self, condition: Condition) -> NormalForm:
        """Return the normal form of a condition."""
        return NormalForm(self._disjuncts(condition, holds=True))

    def _disjuncts(self, condition: Condition, *, holds: bool) -> tuple[Disjunct, ...]:
        match condition:
            case Compare():
                return self._comparison(condition, holds=holds)
            case And(parts) | Or(parts):
                found = [self._disjuncts(part, holds=holds) for part in parts]
                return self._both(found) if isinstance(condition, And) == holds else self._either(found)
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
            case TextTest():
                return self._text_test(condition, holds=holds)
            case _:
                assert_never(condition)

    # -- leaves

    def _presence(self, fact: str, *, holds: bool) -> tuple[Disjunct, ...]:
        whole = self.universe.whole(fact)
        none = _nothing(whole)
        test = FactTest(fact, whole, none) if holds else FactTest(fact, none, whole)
        return ((test,),)

    def _comparison(self, test: Compare, *, holds: bool) -> tuple[Disjunct, ...]:
        found = tested(test)
        if found is None:
            return ((Atom(test, facts_in(test), holds),),)
        disjuncts = self._tests[holds].get(found)
        if disjuncts is None:
            disjuncts = self._tests[holds][found] = self._solved(found, holds=holds)
        return disjuncts

    def _solved(self, found: Solved, *, holds: bool) -> tuple[Disjunct, ...]:
        name, operator, threshold = found
        if name is None:
            return ALWAYS.disjuncts if _stands(operator, threshold) == holds else NEVER.disjuncts
        region = self.universe.part(found)
        return self._on_fact(name, region if holds else complement(region, self.universe.whole(name)))

    def _on_fact(self, fact: str, region: Region) -> tuple[Disjunct, ...]:
        if is_empty(region):
            return NEVER.disjuncts
        if region == self.universe.whole(fact):
            return ALWAYS.disjuncts
        return ((FactTest(fact, region, region),),)

    def _text_test(self, test: TextTest, *, holds: bool) -> tuple[Disjunct, ...]:
        subject, pattern = test.subject, test.pattern
        if isinstance(subject, FactRef) and subject.type.words and isinstance(pattern, Constant):
            words = frozenset(
                w for w in subject.type.words if text_holds(test.operator, w, str(pattern.value)) == holds
            )
            return self._on_fact(subject.name, Words(words))
        return ((Atom(test, facts_in(test), holds),),)

    # -- chains

    def _either(self, parts: Iterable[tuple[Disjunct, ...]]) -> tuple[Disjunct, ...]:
        """Join the parts; those that test the same fact alone become one test."""
        alike: dict[object, list[Disjunct]] = {}
        for disjunct in (disjunct for part in parts for disjunct in part):
            if not disjunct:
                return ALWAYS.disjuncts
            first = disjunct[0]
            key = first.fact if len(disjunct) == 1 and isinstance(first, FactTest) else disjunct
            alike.setdefault(key, []).append(disjunct)
        merged = [same[0] if len(same) == 1 else self._joined(same) for same in alike.values()]
        return tuple(merged) if all(merged) else ALWAYS.disjuncts

    def _joined(self, same: list[Disjunct]) -> Disjunct:
        """Join disjuncts that are equal, or tests on one fact; nothing is left to ask where any value will do."""
        tests = [test for (test, *_) in same if isinstance(test, FactTest)]
        if len(same[0]) > 1 or not tests:
            return same[0]
        fact = tests[0].fact
        whole = self.universe.whole(fact)
        joined = FactTest(fact, union_of([t.known for t in tests]), union_of([t.missing for t in tests]))
        return () if joined.known == whole == joined.missing else (joined,)

    def _both(self, parts: list[tuple[Disjunct, ...]]) -> tuple[Disjunct, ...]:
        """Distribute an `and` over its parts, short ones first; parts that would pass the bound are kept whole."""
        if () in parts:
            return NEVER.disjuncts
        single = _conjunction(*[part[0] for part in parts if len(part) == 1])
        found: tuple[Disjunct, ...] = () if single is None else (single,)
        rest = sorted([part for part in parts if len(part) > 1], key=len)
        for index, part in enumerate(rest):
            if len(found) * len(part) > BOUND or self._weight(found, part) > HEAVIEST:
                return self._kept_whole(single, found, rest, index)
            found = self._product(found, part)
        return found

    def _kept_whole(
        self, single: Disjunct | None, found: tuple[Disjunct, ...], rest: list[tuple[Disjunct, ...]], index: int
    ) -> tuple[Disjunct, ...]:
        """Keep the parts from *index* on whole beside what was *found*; all of them where that would copy too much."""
        whole = tuple(Whole(NormalForm(part)) for part in rest[index:])
        if len(found) * sum(map(self._weight_of, whole)) > HEAVIEST and single is not None:
            found, whole = (single,), tuple(Whole(NormalForm(part)) for part in rest)
        return tuple(both for one in found if (both := _conjunction(one, whole)) is not None)

    def _weight(self, left: tuple[Disjunct, ...], right: tuple[Disjunct, ...]) -> int:
        """Return how many tests a product would have, those in parts kept whole included."""
        weights = [sum(self._weight_of(part) for one in side for part in one) for side in (left, right)]
        return weights[0] * len(right) + weights[1] * len(left)

    def _weight_of(self, part: Conjunct) -> int:
        if not isinstance(part, Whole):
            return 1
        if part not in self._weights:
            inner = (self._weight_of(inner) for disjunct in part.form.disjuncts for inner in disjunct)
            self._weights[part] = 1 + sum(inner)
        return self._weights[part]

    def _product(self, left: tuple[Disjunct, ...], right: tuple[Disjunct, ...]) -> tuple[Disjunct, ...]:
        pairs = (_conjunction(one, other) for one in left for other in right)
        return tuple(dict.fromkeys(both for both in pairs if both is not None))


def _conjunction(*disjuncts: Disjunct) -> Disjunct | None:
    """Join disjuncts, the tests on one fact as one; None where no value of some fact can meet them."""
    found: dict[object, Conjunct] = {}
    alike: dict[str, list[FactTest]] = {}
    for part in chain.from_iterable(disjuncts):
        if not isinstance(part, FactTest):
            found[part] = part
            continue
        before = found.setdefault(part.fact, part)
        if before is not part and isinstance(before, FactTest):
            alike.setdefault(part.fact, [before]).append(part)
    for fact, tests in alike.items():
        both = _met(tests)
        if both is None:
            return None
        found[fact] = both
    return tuple(found.values())


def _met(tests: list[FactTest]) -> FactTest | None:
    """Join tests on one fact, all of which must hold; None where no value can meet them."""
    known = intersection_of([test.known for test in tests])
    asks_presence = any(test.missing is not test.known for test in tests)
    missing = intersection_of([test.missing for test in tests]) if asks_presence else known
    return None if is_empty(known) and is_empty(missing) else FactTest(tests[0].fact, known, missing)


def tested(test: Compare) -> Solved | None:
    """
    Return the one fact that a comparison tests, the operator and the threshold; None where it tests several.

    A fact of None: the comparison is that of 0 with the threshold, whatever the facts.
    """
    left, right = test.left, test.right
    if isinstance(left, FactRef) and isinstance(right, Constant):
        return left.name, test.operator, right.value  # because nearly all tests are so, and need no solving
    return _words_test(test) if left.type.is_finite or left.type.kind == "text" else solved(test)


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


def facts_in(test: Compare | TextTest | Expression) -> tuple[str, ...]:
    """Return the facts that a test or an expression speaks of, in the order in which it does."""
    found: dict[str, None] = {}
    pending: list[Expression]
    match test:
        case Compare(_, left, right):
            pending = [right, left]
        case TextTest(_, subject, pattern):
            pending = [pattern, subject]
        case expression:
            pending = [expression]
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
    seen: set[NormalForm] = set()
    pending = [form]
    while pending:
        for conjunct in (conjunct for disjunct in pending.pop().disjuncts for conjunct in disjunct):
            match conjunct:
                case FactTest(fact):
                    found.add(fact)
                case Atom(_, facts):
                    found.update(facts)
                case Whole(inner) if inner not in seen:
                    seen.add(inner)
                    pending.append(inner)
    return frozenset(found)
