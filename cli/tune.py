"""`policy tune`: what a parameter costs at each value that it might have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from . import completion
from .histories import History, history_options, load_all, needs_columns, opened
from .options import format_option

if TYPE_CHECKING:
    from ..engine.backtest import Knob, Sweep
    from ..engine.policy import Policy

HELP = """\
Sweep a parameter over a range on past incidents: what it costs, what changes, what is left to a human.

HISTORY is a table of incidents as `policy backtest` reads it, with a mapping or without. A range is
small_loss=25..150:25, from, to and step, or a list as in small_loss=25,50,100; units are the parameter's own unless
they are written, as in cool_off=24h..96h:24h.
Each value is compiled once, and the history read once for every 24 of them. With a second --parameter every pair of
values is tried, and the result is a map. The value that the policy has is always among those tried, and marked.

\b
Examples:
  policy tune policy.toml incidents.csv --parameter small_loss=25..150:25
  policy tune house claims.csv --mapping claims.toml --parameter small_loss=25,50,75 --outcome refund=result
  policy tune house incidents.csv --parameter small_loss=25..150:25 \\
    --parameter viral_views=1000,5000,10000 --format html -o tune.html

\b
Exit codes:
  0  every row was decided (some may be left to a human)
  1  the policy has mistakes or cannot have one of the values, or rows could not be decided
  2  wrong usage: no such file, parameter or column, or the extra evenhand[columns] is not installed
"""


@click.command(help=HELP)
@click.argument("policy_name", metavar="POLICY", shell_complete=completion.policies)
@click.argument("history", metavar="HISTORY")
@click.option(
    "--parameter",
    "parameters",
    required=True,
    multiple=True,
    metavar="NAME=RANGE",
    help="What to sweep; once or twice.",
)
@history_options
@format_option("text", "json", "html")
@click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False), help="Write into this file.")
def command(
    *, policy_name: str, history: str, parameters: tuple[str, ...], format_: str, output: str | None, **options: Any
) -> None:
    """Sweep parameters."""
    asked = History.asked(history, **options)
    sweep = _sweep(asked, policy_name, parameters)
    _write(sweep, asked, format_, output)
    raise click.exceptions.Exit(1 if sweep.bad else 0)


def _sweep(history: History, policy_name: str, parameters: tuple[str, ...]) -> Sweep:
    from .findings import mistakes_told

    (policy,) = load_all(policy_name)
    needs_columns()
    from ..engine.backtest import Options, RangeError, tune

    options = Options(outcomes=history.outcomes, as_of=history.as_of, seed=history.seed)
    knobs, complaints = _knobs(policy, parameters)
    history = attrs.evolve(history, complaints=(*history.complaints, *complaints))
    try:
        with mistakes_told(), opened(history, [policy], ()) as pages:
            return tune(pages, policy, knobs, options=options, since=history.filter(), sample=history.sample)
    except RangeError as problem:
        raise click.UsageError(f"{problem}.") from None


def _knobs(policy: Policy, parameters: tuple[str, ...]) -> tuple[list[Knob], list[str]]:
    """Return what is to be swept, and what is wrong with it."""
    from ..engine.backtest import RangeError, knob

    knobs: list[Knob] = []
    complaints: list[str] = []
    for text in parameters:
        try:
            knobs.append(knob(policy, text))
        except RangeError as problem:
            complaints.append(str(problem))
    if len(parameters) > 2:
        complaints.append("one parameter is a curve and two are a map: take --parameter once or twice")
    elif len({one.name for one in knobs}) < len(knobs):
        complaints.append(f"{knobs[0].name!r} is swept twice: write all its values in one --parameter")
    return knobs, complaints


def _write(sweep: Sweep, history: History, format_: str, output: str | None) -> None:
    from .terminal import Output, out

    if output is None:
        _write_to(out(), sweep, history, format_)
        return
    try:
        with Path(output).open("w", encoding="utf-8", newline="\n") as stream:
            _write_to(Output(stream), sweep, history, format_)
    except OSError as error:
        raise click.UsageError(f"{output!r} cannot be written: {(error.strerror or 'no access').lower()}.") from None


def _write_to(output: Any, sweep: Sweep, history: History, format_: str) -> None:
    if format_ == "json":
        from .as_json import write_json
        from .tune_json import sweep_json

        write_json(output, sweep_json(sweep, history.file))
    elif format_ == "html":
        from .tune_html import page

        output.text(page(sweep, history.file))
    else:
        from .tune_text import print_sweep

        print_sweep(output, sweep)
