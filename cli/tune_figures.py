"""What a sweep is read by: its figures, one for each setting, whichever way they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import attrs

from ..engine.backtest.bootstrap import Rate
from ..engine.backtest.headline import money_of, nothing_decided, percent
from .terminal import counted

if TYPE_CHECKING:
    from ..engine.backtest import Setting, Sweep


@attrs.frozen
class Figure:
    """One figure of every setting: *of* gives it with its interval, *text* writes it."""

    name: str
    of: Callable[[Setting], tuple[float, float, float]]
    text: Callable[[float], str]


def figures(sweep: Sweep) -> list[Figure]:
    """Return the figures that are worth a column: money that is ever paid, changes, what is left to a human, agreement."""
    return list(_figures(sweep))


def _figures(sweep: Sweep) -> Iterator[Figure]:
    for at, cost in enumerate(sweep.settings[0].money):
        if any(setting.money[at].sum.amount for setting in sweep.settings):
            yield Figure(cost.name.replace("_", " "), _cost(at), _money(cost.currency))
    yield Figure("changed", lambda setting: _shares(setting.changed), percent)
    yield Figure("left to a human", lambda setting: _shares(setting.referred), percent)
    for decision in sweep.settings[0].agrees:
        yield Figure(f"{decision} agrees", _agreement(decision), percent)


def _cost(at: int) -> Callable[[Setting], tuple[float, float, float]]:
    def of(setting: Setting) -> tuple[float, float, float]:
        found = setting.money[at].sum
        return found.amount, found.low, found.high

    return of


def _money(currency: str) -> Callable[[float], str]:
    return lambda amount: money_of(amount, currency)


def _agreement(decision: str) -> Callable[[Setting], tuple[float, float, float]]:
    return lambda setting: _shares(setting.agrees[decision])


def _shares(rate: Rate) -> tuple[float, float, float]:
    return rate.share, rate.low, rate.high


def moving(sweep: Sweep) -> list[tuple[str, list[str]]]:
    """Return the decisions whose outcomes depend on the setting, each with all outcomes that occur."""
    found = []
    for decision, spec in sweep.policy.tree.decisions.items():
        counts = [setting.outcomes.get(decision, {}) for setting in sweep.settings]
        if any(one != counts[0] for one in counts):
            met = {outcome for one in counts for outcome in one}
            declared = [word for word in spec.outcomes if word in met]
            found.append(
                (decision, [*declared, *sorted(met - {*declared, "refer"}), *(["refer"] if "refer" in met else [])])
            )
    return found


def summary(sweep: Sweep) -> str:
    """Return in one sentence what the range costs, and what it costs now."""
    if not sweep.rows:
        return nothing_decided(sweep.read, sweep.left_out, sweep.bad)
    names = " and ".join(f"`{knob.name}`" for knob in sweep.knobs)
    now = next(setting for setting in sweep.settings if setting.is_present)
    text = f"{names} now: {' and '.join(sweep.texts(now))}"
    first = figures(sweep)[0]
    costs = [first.of(setting)[0] for setting in sweep.settings]
    if min(costs) == max(costs):
        return (
            f"{text}. Within the range nothing that is paid depends on it." if first.name != "changed" else f"{text}."
        )
    low, high = (sweep.settings[costs.index(end)] for end in (min(costs), max(costs)))
    return (
        f"{text}, with {first.name} {first.text(first.of(now)[0])}. Over the range it lies between {first.text(min(costs))} (at "
        f"{' and '.join(sweep.texts(low))}) and {first.text(max(costs))} (at {' and '.join(sweep.texts(high))})."
    )


def rows_text(sweep: Sweep) -> str:
    """Return which rows the figures are about."""
    parts = [f"{counted(sweep.read, 'row')} read"]
    if sweep.left_out:
        parts.append(f"{sweep.left_out:,} left out by their date")
    taken = sweep.rows + sweep.bad
    if taken < sweep.read - sweep.left_out:
        parts.append(f"{taken:,} taken at random (seed {sweep.seed})")
    settings = len(sweep.settings)
    parts.append(f"{sweep.rows:,} decided under {f'each of {settings:,} settings' if settings > 1 else 'one setting'}")
    parts.append(f"{sweep.bad:,} could not be" if sweep.bad else "none was bad")
    return ", ".join(parts)
