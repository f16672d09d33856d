"""What `policy tune` found, as one page: a curve for each figure of one parameter, a map for each of two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from .backtest_html import style
from .backtest_parts import bad_part
from .html import Html, document, tag
from .page_tables import cell, row_head, table, text_cell
from .plots import Line, chart, round_top, shade
from .tune_figures import Figure, figures, moving, rows_text, summary

if TYPE_CHECKING:
    from ..engine.backtest import Setting, Sweep


def page(sweep: Sweep, file: str) -> str:
    """Return the page."""
    names = " and ".join(knob.name for knob in sweep.knobs)
    head = tag("h1", tag("b", sweep.policy.title), f": {names} on ", tag("code", PurePath(file).name))
    said = tag("p", summary(sweep).replace("`", ""), class_="headline")
    parts = list(_curves(sweep) if len(sweep.knobs) == 1 else _maps(sweep)) if sweep.rows else []
    if sweep.bad:
        parts.append(tag("section", tag("h2", "Bad rows"), bad_part(sweep.bad_kinds)))
    footer = tag("footer", tag("p", f"{rows_text(sweep)}. {_METHOD}"))
    return document(
        f"{names} of {sweep.policy.title}", [tag("header", head, said), tag("main", parts), footer], style()
    )


_METHOD = (
    "The dashed line, or the framed cell, is what the policy has now; changed means decided otherwise than now. Bands are 95 % "
    "intervals, by the Poisson bootstrap. This page needs no network and runs no script."
)


def _curves(sweep: Sweep) -> Iterator[Html]:
    shown = figures(sweep)
    for figure in shown:
        yield tag("section", tag("h2", figure.name), _curve(sweep, figure))
    rows = [
        [row_head(_value(sweep, setting)), *(text_cell(figure.text(figure.of(setting)[0])) for figure in shown)]
        for setting in sweep.settings
    ]
    yield tag(
        "section",
        tag("h2", "The figures"),
        _marked(sweep, "For each value", [sweep.knobs[0].name, *(f.name for f in shown)], rows),
    )
    for decision, outcomes in moving(sweep):
        counts = [
            [
                row_head(_value(sweep, setting)),
                *(cell(setting.outcomes[decision].get(outcome, 0)) for outcome in outcomes),
            ]
            for setting in sweep.settings
        ]
        yield _marked(sweep, f"{decision}: rows by outcome", [sweep.knobs[0].name, *outcomes], counts)


def _value(sweep: Sweep, setting: Setting) -> str:
    return sweep.texts(setting)[0] + (" (now)" if setting.is_present else "")


def _marked(sweep: Sweep, caption: str, head: list[str], rows: list[list[Html]]) -> Html:
    at = next(place for place, setting in enumerate(sweep.settings) if setting.is_present)
    return table(caption, head, rows, here=at)


def _curve(sweep: Sweep, figure: Figure) -> Html:
    knob = sweep.knobs[0]
    found = [(float(setting.values[0]), *figure.of(setting)) for setting in sweep.settings]
    top = round_top(max(high for _, _, _, high in found))
    line = Line([(x, y) for x, y, _, _ in found], [(low, high) for _, _, low, high in found])
    marks = [(float(value), knob.text(value)) for value in knob.values]
    ticks = [(top * part, figure.text(top * part)) for part in (0, 0.5, 1)]
    label = f"{figure.name} for {knob.name} from {marks[0][1]} to {marks[-1][1]}; the table below has every figure"
    drawn = chart(line, marks=marks, present=float(knob.present), ticks=ticks, label=label)
    return tag("div", drawn, class_="scroll", tabindex="0", role="region", aria_label=figure.name)


def _maps(sweep: Sweep) -> Iterator[Html]:
    down, across = sweep.knobs
    by_values = {setting.values: setting for setting in sweep.settings}
    for figure in figures(sweep):
        amounts = [figure.of(setting)[0] for setting in sweep.settings]
        low, size = min(amounts), (max(amounts) - min(amounts)) or 1.0
        rows = []
        for value in down.values:
            cells = [row_head(down.text(value))]
            for other in across.values:
                setting = by_values[value, other]
                amount = figure.of(setting)[0]
                here = " here" if setting.is_present else ""
                cells.append(tag("td", figure.text(amount), class_=f"{shade((amount - low) / size)}{here}"))
            rows.append(cells)
        caption = f"{down.name} down, {across.name} across; the darker, the more"
        yield tag("section", tag("h2", figure.name), table(caption, ["", *map(across.text, across.values)], rows))
