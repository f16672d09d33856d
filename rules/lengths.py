"""Lengths of time as an owner writes them: deadlines, windows, waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .describe import shown
from .quantities import QuantityError, duration_text, parse_duration

if TYPE_CHECKING:
    from .declare import Work
    from .diagnostics import Place
    from .types import Number

#: The longest length of time, in seconds: a hundred years.
LONGEST: Final = 36_525 * 86_400


def read_length(work: Work, raw: object, place: Place) -> Number | None:
    """Return a length of time in seconds; None where there is none, or it is not above zero, which is reported."""
    if not isinstance(raw, str):
        return None
    key = str(place.path[-1])
    try:
        length = parse_duration(raw)
    except QuantityError as problem:
        facts = {"fact": key, "text": shown(raw), "why": problem.why, "expected": "a length of time like `48h`"}
        work.findings.report("bad-value", place, **facts)
        return None
    if length > LONGEST:
        facts = {"fact": key, "value": duration_text(length), "bound": "at most 100 years"}
        work.findings.report("out-of-range", place, **facts)
    if length <= 0:
        work.findings.report("deadline-in-the-past", place, text=shown(raw))
        return None
    return length
