"""Pieces of an ordered line as comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set as AbstractSet
from fractions import Fraction
from math import lcm
from typing import cast

from ...rules.regions import Cut, Region, Spans, complement
from ...rules.types import Value
from . import nodes
from .nodes import Node, number


def spans_test(subject: Node, region: Spans, whole: Region, write: Callable[[Value], Node], *, discrete: bool) -> Node:
    """
    Say whether something lies in a region of an ordered line; *whole* is all that it may be, so its ends are not asked for.

    *write* writes a threshold; *discrete* says that nothing lies between a whole number and the next.
    """
    assert isinstance(whole, Spans)
    points = _points(region, discrete=discrete)
    if points is not None:
        return _listed(subject, [write(point) for point in points], inside=True)
    outside = complement(region, whole)
    assert isinstance(outside, Spans)
    barred = _points(outside, discrete=discrete)
    if barred is not None:
        return _listed(subject, [write(point) for point in barred], inside=False)
    ends = set(whole.cuts)
    return nodes.any_of(
        nodes.all_of(
            nodes.compared(operator, subject, write(value))
            for operator, value in _bounds(low, high, ends, discrete=discrete)
        )
        for low, high in region.pieces()
    )


def pieces(subject: Node, region: Spans, whole: Region, over: int, *, discrete: bool) -> Node:
    """Say the same of a whole number over a divisor, exactly, whatever the thresholds."""
    outside = complement(region, whole)
    assert isinstance(outside, Spans)
    scale = lcm(*((Fraction(value) * over).denominator for value, _ in (*region.cuts, *outside.cuts)))
    scaled = subject if scale == 1 else nodes.combined("*", subject, number(scale))
    return spans_test(
        scaled, region, whole, lambda cut: _whole(Fraction(cast("int", cut)) * over * scale), discrete=discrete
    )


def _whole(value: Fraction) -> Node:
    assert value.denominator == 1
    return number(value.numerator)


def _listed(subject: Node, points: list[Node], *, inside: bool) -> Node:
    if len(points) == 1:
        return nodes.compared("=" if inside else "!=", subject, points[0])
    found = nodes.among(subject, points)
    return found if inside else nodes.negated(found)


def _points(region: Spans, *, discrete: bool) -> list[Value] | None:
    """Return the single values that a region is made of, None where it is more."""
    points: list[Value] = []
    for low, high in region.pieces():
        if low is None or high is None:
            return None
        single = (low[1], high[1]) == (0, 1) and low[0] == high[0]
        if discrete:
            single = low[1] == high[1] == 0 and high[0] - low[0] == 1
        if not single:
            return None
        points.append(low[0])
    return points or None


def _bounds(
    low: Cut | None, high: Cut | None, ends: AbstractSet[Cut], *, discrete: bool
) -> Iterator[tuple[str, Value]]:
    """Yield the comparisons that make a piece, without those that hold of everything."""
    if low is not None and low not in ends:
        yield (">" if low[1] else ">="), low[0]
    if high is not None and high not in ends:
        if discrete:
            yield "<=", high[0] - 1
        else:
            yield ("<=" if high[1] else "<"), high[0]
