"""Leaves: the atomic tests of a condition as it was written, terms seen through, and what they make of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal, TypeAlias, assert_never

import attrs

from ...rules.normal import Normalizer, Universe
from ...rules.tree import (
    ALWAYS,
    NEVER,
    And,
    Compare,
    Condition,
    Constant,
    Known,
    Named,
    NormalForm,
    Not,
    Or,
    PolicyTree,
    Rule,
    TextTest,
    Truth,
)
from ...rules.words import condition_text
from .. import truth as kleene

Test: TypeAlias = Compare | TextTest | Known


@attrs.frozen(cache_hash=True)
class Leaf:
    """
    One atomic test, with its meaning; two that mean the same are equal, whatever names of parameters they were written with.

    *is_idle* says that it holds always or never, as its normal form shows.
    """

    form: NormalForm
    test: Test = attrs.field(eq=False)
    text: str = attrs.field(eq=False)

    @property
    def is_idle(self) -> bool:
        """Whether it holds always, or never."""
        return self.form in (ALWAYS, NEVER)


#: What is put in the place of one leaf.
Fixed: TypeAlias = tuple[Leaf, bool]
TruthOf: TypeAlias = Callable[[Leaf], kleene.Truth]


class Leaves:
    """Finds the leaves of the rules of one policy; each is made once."""

    def __init__(self, tree: PolicyTree) -> None:
        self.tree = tree
        self._normalizer = Normalizer(Universe(tree.facts, tree.decisions))
        self._made: dict[Test, Leaf] = {}
        self._of: dict[str, tuple[Leaf, ...]] = {}

    def leaf(self, test: Test) -> Leaf:
        """Return the leaf of an atomic test."""
        found = self._made.get(test)
        if found is None:
            form = self._normalizer.normal_form(test)
            found = self._made[test] = Leaf(form, test, condition_text(self._spelt_out(test), self.tree.currency))
        return found

    def _spelt_out(self, test: Test) -> Test:
        """Return a test with the word itself where it came out of a list parameter, whose name stands for all of its words."""
        match test:
            case Compare(_, _, Constant(_, _, name) as right) if name in self.tree.parameters:
                if isinstance(self.tree.parameters[name].value, tuple):
                    return attrs.evolve(test, right=attrs.evolve(right, name=""))
        return test

    def of(self, rule: Rule) -> tuple[Leaf, ...]:
        """Return the leaves of a rule's condition in the order in which they are written, each once."""
        if rule.id not in self._of:
            self._of[rule.id] = tuple(dict.fromkeys(self.leaf(test) for test in tests_in(rule.condition)))
        return self._of[rule.id]

    def truth(self, condition: Condition, of: TruthOf, *, fixed: Fixed | None = None) -> kleene.Truth:
        """Return Kleene's truth of a condition, one leaf taken to hold or not to hold where it is *fixed*."""
        match condition:
            case Compare() | TextTest() | Known():
                leaf = self.leaf(condition)
                return fixed[1] if fixed is not None and fixed[0] == leaf else of(leaf)
            case Truth(value):
                return value
            case Not(part):
                inner = self.truth(part, of, fixed=fixed)
                return None if inner is None else not inner
            case Named(_, part):
                return self.truth(part, of, fixed=fixed)
            case And(parts):
                return kleene.all_of(self.truth(part, of, fixed=fixed) for part in parts)
            case Or(parts):
                return kleene.any_of(self.truth(part, of, fixed=fixed) for part in parts)
            case _:
                assert_never(condition)

    def turned_by(self, rule: Rule, leaf: Leaf, of: TruthOf) -> bool | None:
        """
        Return what a rule's condition comes to where one leaf alone decides it; None where it does not.

        The leaf decides where the condition is certainly true with it one way and certainly false with it the other way, the
        other leaves being as they are.
        """
        own = of(leaf)
        if own is None:
            return None
        here = self.truth(rule.condition, of, fixed=(leaf, own))
        there = self.truth(rule.condition, of, fixed=(leaf, not own))
        return here if here is not None and there is not None and here != there else None


def tests_in(condition: Condition) -> Iterator[Test]:
    """Yield the atomic tests of a condition in the order in which they are written."""
    match condition:
        case Compare() | TextTest() | Known():
            yield condition
        case Not(part) | Named(_, part):
            yield from tests_in(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from tests_in(part)
        case Truth():
            return
        case _:
            assert_never(condition)


Polarity: TypeAlias = Literal["same", "opposite"]
_FLIPPED: Final[Mapping[Polarity, Polarity]] = {"same": "opposite", "opposite": "same"}


def polarities(leaves: Leaves, condition: Condition, leaf: Leaf, so_far: Polarity = "same") -> frozenset[Polarity]:
    """Return whether a condition follows a leaf, or goes against it; both where it stands under `not` in one place only."""
    match condition:
        case Compare() | TextTest() | Known():
            return frozenset([so_far]) if leaves.leaf(condition) == leaf else frozenset()
        case Not(part):
            return polarities(leaves, part, leaf, _FLIPPED[so_far])
        case Named(_, part):
            return polarities(leaves, part, leaf, so_far)
        case And(parts) | Or(parts):
            return frozenset[Polarity]().union(*(polarities(leaves, part, leaf, so_far) for part in parts))
        case Truth():
            return frozenset()
        case _:
            assert_never(condition)
