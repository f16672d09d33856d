"""Plots as inline SVG: strips that stand in the rows of a table, so that every figure drawn is also written beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs

from .html import Html, tag

_WIDE, _HIGH = 100.0, 12.0


def _strip(*shapes: Html, label: str) -> Html:
    """Return a strip as wide as its cell; to a reader of screens it says *label*."""
    return tag(
        "svg",
        tag("title", label),
        *shapes,
        class_="strip",
        viewBox=f"0 0 {_WIDE:g} {_HIGH:g}",
        preserveAspectRatio="none",
        role="img",
    )


def before_and_now(before: float | None, now: float, most: float, label: str) -> Html:
    """Return two bars, one under the other: what was, and what would be."""
    most = most or 1
    shapes = []
    if before is not None:
        shapes.append(tag("rect", x=0, y=0, width=before / most * _WIDE, height=_HIGH / 2 - 0.5, class_="before"))
    top, height = (0.0, _HIGH) if before is None else (_HIGH / 2 + 0.5, _HIGH / 2 - 0.5)
    shapes.append(tag("rect", x=0, y=top, width=now / most * _WIDE, height=height, class_="now"))
    return _strip(*shapes, label=label)


def gain_and_loss(gained: float, lost: float, most: float, label: str) -> Html:
    """Return a bar to the right for what is gained and one to the left for what is lost."""
    most = most or 1
    middle = _WIDE / 2
    return _strip(
        tag("rect", x=middle - lost / most * middle, y=1, width=lost / most * middle, height=_HIGH - 2, class_="lost"),
        tag("rect", x=middle, y=1, width=gained / most * middle, height=_HIGH - 2, class_="gained"),
        tag("line", x1=middle, x2=middle, y1=0, y2=_HIGH, class_="axis"),
        label=label,
    )


def dot_and_range(value: float, low: float, high: float, scale: tuple[float, float], label: str) -> Html:
    """Return a dot on a line from *low* to *high*, on a scale that all strips of a table share; with the place of zero."""
    start, end = scale
    size = (end - start) or 1.0

    def at(amount: float) -> float:
        return 2 + (min(max(amount, start), end) - start) / size * (_WIDE - 4)

    zero = [tag("line", x1=at(0), x2=at(0), y1=0, y2=_HIGH, class_="axis")] if start <= 0 <= end else []
    middle = _HIGH / 2
    return _strip(
        *zero,
        tag("line", x1=at(low), x2=at(high), y1=middle, y2=middle, class_="range"),
        # A line without length and with round ends is a dot, whichever way the strip is stretched.
        tag("line", x1=at(value), x2=at(value), y1=middle, y2=middle, class_="dot"),
        label=label,
    )


def shade(share: float) -> str:
    """
    Return the class of a cell that is the darker the more stands in it.

    >>> shade(0), shade(0.001), shade(1)
    ('s0', 's1', 's8')
    """
    return f"s{min(8, math.ceil(math.sqrt(max(share, 0.0)) * 8))}"


def round_top(amount: float) -> float:
    """
    Return the next round number at or above an amount, for the end of an axis.

    >>> round_top(11_776), round_top(0.27), round_top(0)
    (15000.0, 0.3, 1.0)
    """
    if amount <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(amount))
    return next(
        float(f"{step * size:.3g}") for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * size >= amount * (1 - 1e-9)
    )


# --- lines over a range ----------------------------------------------------------------------------------------------


@attrs.frozen
class Line:
    """One line of a chart: its points as (x, y), and a band of lower and upper ends around it where there is one."""

    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float]] = ()


_LEFT, _TOP, _ACROSS, _DOWN = 120.0, 12.0, 520.0, 200.0


def chart(
    line: Line,
    *,
    marks: Sequence[tuple[float, str]],
    present: float | None,
    ticks: Sequence[tuple[float, str]],
    label: str,
) -> Html:
    """
    Return a line over a range, with its band.

    *marks* are the words under the points, *ticks* those beside the heights, *present* the value that is in force.
    """
    lows = [low for low, _ in line.band] or [y for _, y in line.points]
    highs = [high for _, high in line.band] or [y for _, y in line.points]
    start, end = min(*lows, *(y for y, _ in ticks)), max(*highs, *(y for y, _ in ticks))
    first, last = line.points[0][0], line.points[-1][0]

    def across(x: float) -> float:
        return _LEFT + (x - first) / ((last - first) or 1.0) * _ACROSS

    def down(y: float) -> float:
        return _TOP + (end - y) / ((end - start) or 1.0) * _DOWN

    shapes = [tag("line", x1=_LEFT, x2=_LEFT + _ACROSS, y1=down(y), y2=down(y), class_="grid") for y, _ in ticks]
    shapes += [tag("text", word, x=_LEFT - 8, y=down(y) + 4, class_="end") for y, word in ticks]
    every = max(1, math.ceil(len(marks) / 7))
    shapes += [tag("text", word, x=across(x), y=_TOP + _DOWN + 20, class_="middle") for x, word in marks[::every]]
    if line.band:
        over = [f"{across(x):.1f},{down(high):.1f}" for (x, _), (_, high) in zip(line.points, line.band, strict=True)]
        under = [f"{across(x):.1f},{down(low):.1f}" for (x, _), (low, _) in zip(line.points, line.band, strict=True)]
        shapes.append(tag("path", d=f"M{' L'.join([*over, *under[::-1]])} Z", class_="band"))
    if present is not None and first <= present <= last:
        shapes.append(tag("line", x1=across(present), x2=across(present), y1=_TOP, y2=_TOP + _DOWN, class_="present"))
    way = " L".join(f"{across(x):.1f},{down(y):.1f}" for x, y in line.points)
    shapes.append(tag("path", d=f"M{way}", class_="line"))
    shapes += [tag("circle", cx=across(x), cy=down(y), r=3.5, class_="point") for x, y in line.points]
    box = f"0 0 {_LEFT + _ACROSS + 28:g} {_TOP + _DOWN + 30:g}"
    return tag("svg", tag("title", label), *shapes, class_="chart", viewBox=box, role="img")
