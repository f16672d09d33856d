"""Regions: sets of possible values of one fact, closed under and, or and not.

A test on one fact is the region of values for which it holds; a missing or uncertain fact is the region of values that it may
still have. There are three shapes: `Words` (a finite type), `Texts` (free text: some words, or all but some) and `Spans` (an
ordered type: pieces of the line).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Literal, TypeAlias, assert_never

import attrs

from .types import DISCRETE, Fact, Number, Type, Value

#: A place between values: just before (0) or just after (1) a number.
Cut: TypeAlias = tuple[Number, Literal[0, 1]]
Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]


@attrs.frozen
class Words:
    """Some of the words (or booleans) of a finite type."""

    words: frozenset[Value]


@attrs.frozen
class Texts:
    """Exactly *words* of all texts where *inside*, otherwise all texts but those."""

    words: frozenset[str]
    inside: bool = True


@attrs.frozen
class Spans:
    """
    Pieces of an ordered line, as the cuts at which inside and outside alternate.

    *inside* says on which side one starts, far below every number. INVARIANT: *cuts* strictly increase, so that equal sets are
    equal objects.
    """

    inside: bool
    cuts: tuple[Cut, ...] = ()

    def pieces(self) -> Iterator[tuple[Cut | None, Cut | None]]:
        """Yield each piece as its lower and upper cut; None stands for no bound."""
        edges: list[Cut | None] = [*([None] if self.inside else []), *self.cuts]
        if len(edges) % 2:
            edges.append(None)
        yield from zip(edges[::2], edges[1::2], strict=True)


Region: TypeAlias = Words | Texts | Spans


def universe(type_: Type, *, low: Number | None = None, high: Number | None = None) -> Region:
    """Return the region of all values of a type, within inclusive bounds where it is ordered."""
    if type_.is_finite:
        return Words(frozenset(type_.domain))
    if not type_.is_ordered:
        return Texts(frozenset(), inside=False)
    if low is not None and high is not None and low > high:
        return Spans(inside=False)
    cuts: list[Cut] = []
    if low is not None:
        cuts.append((low, 0))
    if high is not None:
        cuts.append(_settle((high, 1), type_))
    return Spans(low is None, tuple(cuts))


def universe_of(fact: Fact) -> Region:
    """Return all values that *fact* may have."""
    return universe(fact.type, low=fact.low, high=fact.high)


def compared(operator: Operator, value: Value, type_: Type) -> Region:
    """
    Return the values of *type_* that stand in *operator* to *value*, without regard to the fact's bounds.

    >>> compared(">=", "rude", Type("scale", ("none", "rude", "hostile"))).words == {"rude", "hostile"}
    True
    """
    if type_.is_finite:
        return Words(frozenset(_compared_words(operator, value, type_)))
    if not type_.is_ordered:
        assert isinstance(value, str)
        return Texts(frozenset([value]), inside=operator == "=")
    assert isinstance(value, int) or not isinstance(value, (str, tuple))
    below, above = _settle((value, 0), type_), _settle((value, 1), type_)
    match operator:
        case "=" | "!=":
            point = Spans(inside=False, cuts=(below, above) if below != above else ())
            return point if operator == "=" else complement(point)
        case "<":
            return Spans(inside=True, cuts=(below,))
        case "<=":
            return Spans(inside=True, cuts=(above,))
        case ">":
            return Spans(inside=False, cuts=(above,))
        case ">=":
            return Spans(inside=False, cuts=(below,))
        case _:
            assert_never(operator)


def _compared_words(operator: Operator, value: Value, type_: Type) -> tuple[Value, ...]:
    domain = type_.domain
    at = domain.index(value)
    match operator:
        case "=":
            return (value,)
        case "!=":
            return domain[:at] + domain[at + 1 :]
        case "<":
            return domain[:at]
        case "<=":
            return domain[: at + 1]
        case ">":
            return domain[at + 1 :]
        case ">=":
            return domain[at:]
        case _:
            assert_never(operator)


def _settle(cut: Cut, type_: Type) -> Cut:
    """Return *cut*, for discrete types as the cut just before the next whole value, so that equal sets are equal."""
    if type_.kind not in DISCRETE:
        return cut
    value, side = cut
    return (math.floor(value) + 1, 0) if side else (math.ceil(value), 0)


def complement(region: Region, whole: Region | None = None) -> Region:
    """Return what is not in *region*, within *whole* (which a finite type needs)."""
    match region:
        case Words(words):
            assert isinstance(whole, Words)
            return Words(whole.words - words)
        case Texts(words, inside):
            return Texts(words, not inside)
        case Spans(inside, cuts):
            outside = Spans(not inside, cuts)
            return outside if whole is None else intersection(outside, whole)
        case _:
            assert_never(region)


def intersection(left: Region, right: Region) -> Region:
    """Return what is in both."""
    match left, right:
        case Spans(), Spans():
            return _merged(left, right, both=True)
        case Words(a), Words(b):
            return Words(a & b)
        case Texts(), Texts():
            return _texts_in_both(left, right)
        case _:
            raise TypeError("regions of different types do not meet")


def union(left: Region, right: Region) -> Region:
    """Return what is in either."""
    match left, right:
        case Words(a), Words(b):
            return Words(a | b)
        case Texts(a, one), Texts(b, two):
            return complement(_texts_in_both(Texts(a, not one), Texts(b, not two)))
        case Spans(), Spans():
            return _merged(left, right, both=False)
        case _:
            raise TypeError("regions of different types do not meet")


def intersection_of(regions: Sequence[Region]) -> Region:
    """Return what is in all of one or more regions of one type; quicker than pair by pair where they are many."""
    if isinstance(regions[0], Spans) and len(regions) > 2:
        return _swept([region for region in regions if isinstance(region, Spans)], least=len(regions))
    return reduce(intersection, regions)


def union_of(regions: Sequence[Region]) -> Region:
    """Return what is in any of one or more regions of one type; quicker than pair by pair where they are many."""
    if isinstance(regions[0], Spans) and len(regions) > 2:
        return _swept([region for region in regions if isinstance(region, Spans)], least=1)
    if isinstance(regions[0], Texts) and all(isinstance(region, Texts) and region.inside for region in regions):
        return Texts(frozenset(word for region in regions if isinstance(region, Texts) for word in region.words))
    return reduce(union, regions)


def _swept(regions: list[Spans], *, least: int) -> Spans:
    """Walk all cuts from below, counting the regions that one is inside of; keep those at which *least* is met or lost."""
    count = sum(region.inside for region in regions)
    inside = start = count >= least
    steps: dict[Cut, int] = {}
    for region in regions:
        step = -1 if region.inside else 1
        for cut in region.cuts:
            steps[cut] = steps.get(cut, 0) + step
            step = -step
    cuts: list[Cut] = []
    for cut in sorted(steps):
        count += steps[cut]
        if (count >= least) != inside:
            inside = not inside
            cuts.append(cut)
    return Spans(start, tuple(cuts))


def _texts_in_both(left: Texts, right: Texts) -> Texts:
    if left.inside and right.inside:
        return Texts(left.words & right.words)
    if not left.inside and not right.inside:
        return Texts(left.words | right.words, inside=False)
    listed, barred = (left, right) if left.inside else (right, left)
    return Texts(listed.words - barred.words)


def _merged(left: Spans, right: Spans, *, both: bool) -> Spans:
    """Walk the cuts of both from below and keep those at which the combination changes."""
    in_left, in_right = left.inside, right.inside
    inside = start = (in_left and in_right) if both else (in_left or in_right)
    cuts: list[Cut] = []
    lefts, rights = set(left.cuts), set(right.cuts)
    for cut in sorted(lefts | rights):
        in_left ^= cut in lefts
        in_right ^= cut in rights
        now = (in_left and in_right) if both else (in_left or in_right)
        if now != inside:
            cuts.append(cut)
            inside = now
    return Spans(start, tuple(cuts))


def is_empty(region: Region) -> bool:
    """Whether no value is in *region*."""
    match region:
        case Spans(inside, cuts):
            return not inside and not cuts
        case Words(words):
            return not words
        case Texts(words, inside):
            return inside and not words
        case _:
            assert_never(region)


def contains(region: Region, value: Value) -> bool:
    """Whether *value*, of the region's type, is in it."""
    match region:
        case Words(words):
            return value in words
        case Texts(words, inside):
            return (value in words) == inside
        case Spans(inside, cuts):
            return inside ^ bool(bisect_right(cuts, (value, 0)) % 2)
        case _:
            assert_never(region)


def is_within(inner: Region, outer: Region) -> bool:
    """Whether every value in *inner* is in *outer*."""
    return intersection(inner, outer) == inner


def listed(region: Region, type_: Type) -> tuple[Value, ...] | None:
    """Return the values of *region* in a fixed order where it is made of single values, else None."""
    match region:
        case Words(words):
            return tuple(sorted(words, key=str))
        case Texts(words, inside):
            return tuple(sorted(words)) if inside else None
        case Spans():
            return _points(region, type_)
        case _:
            assert_never(region)


def _points(region: Spans, type_: Type) -> tuple[Value, ...] | None:
    points: list[Value] = []
    for low, high in region.pieces():
        if low is None or high is None:
            return None
        if (low, high) != (_settle((low[0], 0), type_), _settle((low[0], 1), type_)):
            return None
        points.append(low[0])
    return tuple(points)
