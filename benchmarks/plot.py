"""A small line plot as SVG: panels side by side, both axes logarithmic."""

import math
from collections.abc import Iterator
from html import escape

import attrs

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, GAP = 300, 220, 48, 40, 92, 24
# Okabe and Ito's colours, which colour-blind readers can tell apart; Evenhand's two are the strongest.
COLOURS = ("#0072b2", "#56b4e9", "#d55e00", "#009e73", "#cc79a7", "#e69f00")


@attrs.frozen
class Line:
    """Points of one contender."""

    name: str
    points: tuple[tuple[float, float], ...]


@attrs.frozen
class Panel:
    """One plot: lines over one axis."""

    title: str
    axis: str
    lines: tuple[Line, ...]


@attrs.frozen
class Scale:
    """Places values of a logarithmic axis between two positions."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Powers of ten within the axis."""
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        return [10.0**exponent for exponent in range(first, last + 1)]


def draw(panels: tuple[Panel, ...], unit: str) -> str:
    """Draw *panels* with one common vertical axis in *unit*, and a legend below."""
    values = [y for panel in panels for line in panel.lines for _, y in line.points]
    names = list(dict.fromkeys(line.name for panel in panels for line in panel.lines))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    high, low = (10 ** f(math.log10(v)) for f, v in ((math.ceil, max(values)), (math.floor, min(values))))
    total = LEFT + len(panels) * (WIDTH + GAP)
    upward = Scale(low, high, TOP + HEIGHT, TOP)
    body: list[str] = []
    for number, panel in enumerate(panels):
        body += _panel(panel, LEFT + number * (WIDTH + GAP), upward, colours, labelled=number == 0)
    body += _legend(colours)
    body.append(f'<text x="12" y="{TOP - 16}" class="small">{escape(unit)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {TOP + HEIGHT + BOTTOM}" role="img" '
        f'aria-label="{escape(unit)} against {escape(", ".join(p.axis for p in panels))}">\n'
        "<style>text{font:13px sans-serif;fill:#222}.small{font-size:11px;fill:#555}.grid{stroke:#ddd}"
        ".axis{stroke:#555}polyline{fill:none;stroke-width:2}</style>\n"
        '<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _panel(panel: Panel, left: float, upward: Scale, colours: dict[str, str], *, labelled: bool) -> Iterator[str]:
    sizes = sorted({x for line in panel.lines for x, _ in line.points})
    across = Scale(sizes[0], max(sizes[-1], sizes[0] * 1.01), left + 8, left + WIDTH - 8)
    bottom = TOP + HEIGHT
    yield f'<text x="{left + WIDTH / 2}" y="{TOP - 16}" text-anchor="middle">{escape(panel.title)}</text>'
    for tick in upward.ticks():
        y = f"{upward(tick):.1f}"
        yield f'<line class="grid" x1="{left}" x2="{left + WIDTH}" y1="{y}" y2="{y}"/>'
        if labelled:
            yield f'<text class="small" x="{left - 6}" y="{y}" dy="4" text-anchor="end">{tick:,g}</text>'
    yield f'<line class="axis" x1="{left}" x2="{left + WIDTH}" y1="{bottom}" y2="{bottom}"/>'
    for size in sizes:
        yield f'<text class="small" x="{across(size):.1f}" y="{bottom + 16}" text-anchor="middle">{_short(size)}</text>'
    yield f'<text class="small" x="{left + WIDTH / 2}" y="{bottom + 34}" text-anchor="middle">{escape(panel.axis)}</text>'
    for line in panel.lines:
        points = [(across(x), upward(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline points="{path}" stroke="{colours[line.name]}"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colours[line.name]}"/>' for x, y in points)


def _short(size: float) -> str:
    return f"{size / 1000:.3g}k" if size >= 1000 else f"{size:g}"


def _legend(colours: dict[str, str]) -> Iterator[str]:
    x, y = LEFT, TOP + HEIGHT + 66
    for name, colour in colours.items():
        yield f'<rect x="{x}" y="{y - 9}" width="18" height="4" fill="{colour}"/>'
        yield f'<text x="{x + 24}" y="{y}">{escape(name)}</text>'
        x += 48 + 7 * len(name)
