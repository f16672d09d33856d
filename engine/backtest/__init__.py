"""
What a policy would have decided in the past: one or two policies over a history of incidents, counted in one pass.

Needs the extra `evenhand[columns]`. Everything that is kept while reading is small, however long the history: pairs of verdicts
with their counts, amounts of money with theirs, and a few rows for examples.
"""

from .records import Agreement, Amounts, Example, Report, Split
from .running import Backtest, Options, backtest
from .sweep import Setting, Sweep, tune
from .variants import Knob, RangeError, knob

__all__ = [
    "Agreement",
    "Amounts",
    "Backtest",
    "Example",
    "Knob",
    "Options",
    "RangeError",
    "Report",
    "Setting",
    "Split",
    "Sweep",
    "backtest",
    "knob",
    "tune",
]
