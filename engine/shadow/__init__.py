"""A candidate policy beside the live one: it decides the same incidents, and only its differences are written down."""

from __future__ import annotations

from .counts import Counts
from .difference import ASPECTS, Answered, Aspect, Change, Difference, DutyChange
from .shadow import Shadow
from .sinks import JsonLines, Sink

__all__ = [
    "ASPECTS",
    "Answered",
    "Aspect",
    "Change",
    "Counts",
    "Difference",
    "DutyChange",
    "JsonLines",
    "Shadow",
    "Sink",
]
