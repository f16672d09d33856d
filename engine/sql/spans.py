"""Pieces of an ordered line as comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set as AbstractSet
from fractions import Fraction
from math import lcm
from typing import cast

from ...rules.regions import Cut, Region, Spans, complement
from ...rules.types import Value
from . import nodes
from .nodes import Node, number


def spans_test(
    subject: Node,
    region: Spans,
    whole: Region,
    write: Callable[[Value], Node],
    *,
    discrete: bool,
    below: Callable[[Value], Node | None] = lambda _: None,
) -> Node:
    """
    Say whether something lies in a region of an ordered line; *whole* is all that it may be, so its ends are not asked for.

    *write* writes a threshold; *discrete* says that nothing lies between a whole number and the next. *below* writes the nearest
    number below a threshold that cannot be written itself; whatever lies between the two is marked elsewhere.
    """
    assert isinstance(whole, Spans)
    points = _points(region, discrete=discrete)
    if points is not None and not any(below(point) is not None for point in points):
        return _listed(subject, [write(point) for point in points], inside=True)
    outside = complement(region, whole)
    assert isinstance(outside, Spans)
    barred = _points(outside, discrete=discrete)
    if barred is not None and not any(below(point) is not None for point in barred):
        return _listed(subject, [write(point) for point in barred], inside=False)
    ends = set(whole.cuts)
    return nodes.any_of(
        _piece(subject, list(_bounds(low, high, ends, discrete=discrete)), write, below)
        for low, high in region.pieces()
    )


def _piece(
    subject: Node,
    bounds: Sequence[tuple[str, Value]],
    write: Callable[[Value], Node],
    below: Callable[[Value], Node | None],
) -> Node:
    if [operator for operator, _ in bounds] == [">=", "<="] and not any(
        below(value) is not None for _, value in bounds
    ):
        return nodes.between(subject, *(write(value) for _, value in bounds))
    return nodes.all_of(_bound(subject, operator, value, write, below) for operator, value in bounds)


def _bound(
    subject: Node, operator: str, value: Value, write: Callable[[Value], Node], below: Callable[[Value], Node | None]
) -> Node:
    nearest = below(value)
    if nearest is None:
        return nodes.compared(operator, subject, write(value))
    return nodes.compared(">" if operator in (">", ">=") else "<=", subject, nearest)


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
