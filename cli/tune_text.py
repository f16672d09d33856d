"""What `policy tune` found, for a terminal: a table of one parameter, or a map of two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .bad_rows import print_bad
from .figures import number, print_table
from .terminal import Output, Piece
from .tune_figures import Figure, figures, moving, rows_text, summary

if TYPE_CHECKING:
    from ..engine.backtest import Sweep

#: Marks the value that the policy has.
HERE: Final = "*"
_WIDE: Final = 20


def print_sweep(output: Output, sweep: Sweep) -> None:
    """Write a sweep."""
    output.line(Piece(summary(sweep), "strong"))
    output.line()
    if not sweep.rows:
        print_bad(output, sweep.bad_kinds, sweep.bad)
        output.line(Piece(rows_text(sweep), "strong"), hang=2)
        return
    if len(sweep.knobs) == 1:
        _print_curve(output, sweep)
    else:
        for figure in figures(sweep):
            _print_map(output, sweep, figure)
    output.line(f"{HERE} is what the policy has now; changed is against that.", hang=2)
    print_bad(output, sweep.bad_kinds, sweep.bad)
    output.line(Piece(rows_text(sweep), "strong"), hang=2)


def _print_curve(output: Output, sweep: Sweep) -> None:
    shown = figures(sweep)
    costs = [shown[0].of(setting)[0] for setting in sweep.settings]
    rows = [
        [
            f"{sweep.texts(setting)[0]}{f' {HERE}' if setting.is_present else ''}",
            *(figure.text(figure.of(setting)[0]) for figure in shown),
            "█" * round(_WIDE * cost / max(*costs, 1e-9)),
        ]
        for setting, cost in zip(sweep.settings, costs, strict=True)
    ]
    print_table(output, [sweep.knobs[0].name, *(figure.name for figure in shown)], [row[:-1] for row in rows])
    output.line()
    output.line(Piece(shown[0].name, "title"))
    print_table(output, [sweep.knobs[0].name, ""], [[row[0], row[-1]] for row in rows], left=2)
    output.line()
    for decision, outcomes in moving(sweep):
        output.line(Piece(decision, "title"), ", rows by outcome")
        counts = [
            [row[0], *(number(setting.outcomes[decision].get(outcome, 0)) for outcome in outcomes)]
            for row, setting in zip(rows, sweep.settings, strict=True)
        ]
        print_table(output, [sweep.knobs[0].name, *outcomes], counts)
        output.line()


def _print_map(output: Output, sweep: Sweep, figure: Figure) -> None:
    down, across = sweep.knobs
    output.line(Piece(figure.name, "title"), f": {down.name} down, {across.name} across", hang=2)
    by_values = {setting.values: setting for setting in sweep.settings}
    rows = []
    for value in down.values:
        settings = [by_values[value, other] for other in across.values]
        rows.append(
            [
                down.text(value),
                *(f"{figure.text(figure.of(one)[0])}{HERE if one.is_present else ''}" for one in settings),
            ]
        )
    print_table(output, ["", *(across.text(other) for other in across.values)], rows)
    output.line()
