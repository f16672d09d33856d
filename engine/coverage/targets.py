"""What the tests of a policy should reach: every rule, every leaf both ways, both sides of every threshold, every leaf alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

import attrs

from ...rules.tree import PolicyTree, Rule
from .edges import Edge, edges_of
from .leaves import Leaf, Leaves, polarities
from .needs import Crossed, Holds, Meets, Moment, Need, Turns, Wins

Kind: TypeAlias = Literal["rule", "red-line", "condition", "boundary", "mcdc"]
KINDS: Final[tuple[Kind, ...]] = ("rule", "red-line", "condition", "boundary", "mcdc")

#: The longest a test is quoted.
_WIDEST: Final = 72


@attrs.frozen
class Target:
    """
    One thing that tests should reach, with the rules (or the red line) that it is about.

    *text* goes on from "no test …"; for MC/DC it is the test. It is reached where, for one of *ways*, each need is met by some
    test: a single need, or for MC/DC a pair of them.
    """

    kind: Kind
    rules: tuple[str, ...]
    ways: tuple[tuple[Need, ...], ...]
    text: str

    def met_by(self, moments: Iterable[Moment]) -> tuple[str, ...]:
        """Return the names of tests that reach it, empty where none do."""
        seen = list(moments)
        for way in self.ways:
            names = [next((moment.name for moment in seen if moment.meets(need)), None) for need in way]
            if None not in names:
                return tuple(dict.fromkeys(name for name in names if name is not None))
        return ()


@attrs.frozen
class Reached:
    """
    A target, the tests that reach it, and whether some must be *missing*.

    *impossible* says why no incident reaches it, where that is proved; such a target is not counted.
    """

    target: Target
    tests: tuple[str, ...]
    impossible: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether no test reaches it although one might."""
        return not self.tests and not self.impossible


def targets_of(tree: PolicyTree, leaves: Leaves, rules: Iterable[Rule], *, document: str = "") -> Iterator[Target]:
    """Yield all that tests of *rules* should reach, and the red lines written in *document* (in any, where it is empty)."""
    chosen = list(rules)
    for rule in chosen:
        yield Target("rule", (rule.id,), ((Wins(rule),),), "makes it win" if rule.outcomes else "makes it hold")
    for guard in tree.guards:
        if guard.origin.document == document or not document:
            yield Target("red-line", (guard.id,), ((Crossed(guard),),), "tries to cross it")
    by_leaf: dict[Leaf, list[str]] = {}
    for rule in chosen:
        for leaf in leaves.of(rule):
            by_leaf.setdefault(leaf, []).append(rule.id)
    for leaf, ids in by_leaf.items():
        for holds in (True, False):
            text = f"makes {quoted(leaf.text)} {'true' if holds else 'false'}"
            yield Target("condition", tuple(ids), ((Holds(leaf, holds),),), text)
    yield from _boundaries(tree, by_leaf)
    for rule in chosen:
        for leaf in leaves.of(rule):
            yield Target("mcdc", (rule.id,), _pairs(leaves, rule, leaf), quoted(leaf.text))


def _boundaries(tree: PolicyTree, by_leaf: dict[Leaf, list[str]]) -> Iterator[Target]:
    found: dict[Edge, list[str]] = {}
    for leaf, ids in by_leaf.items():
        for edge in edges_of(leaf, tree):
            found.setdefault(edge, []).extend(ids)
    for edge, ids in found.items():
        yield Target("boundary", tuple(dict.fromkeys(ids)), ((Meets(edge),),), f"has {edge.text}")


def _pairs(leaves: Leaves, rule: Rule, leaf: Leaf) -> tuple[tuple[Need, ...], ...]:
    """Return the pairs of needs that show that a leaf decides a condition: it holds and so does the condition, or against it."""
    found = polarities(leaves, rule.condition, leaf)
    return tuple(
        (Turns(rule, leaf, holds=True, comes_out=out), Turns(rule, leaf, holds=False, comes_out=not out))
        for polarity, out in (("same", True), ("opposite", False))
        if polarity in found
    )


def quoted(text: str) -> str:
    """
    Return a test in backticks, shortened where it is long.

    >>> quoted("loss > 50 USD")
    '`loss > 50 USD`'
    """
    return f"`{text if len(text) <= _WIDEST else text[: _WIDEST - 1] + '…'}`"
