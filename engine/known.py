"""What is known of a fact, taken apart: a value, or the region of values that it may have."""

from __future__ import annotations

from fractions import Fraction

from ..rules.given import Knowledge
from ..rules.regions import Region, Spans, Texts, Words
from ..rules.types import Value


def value_in(what: Knowledge | None) -> Value | None:
    """
    Return the value of a fact that is settled, None of one that is uncertain or missing.

    >>> value_in(450), value_in(None)
    (450, None)
    """
    return what if isinstance(what, int | str | tuple | Fraction) else None


def region_in(what: Knowledge | None) -> Region | None:
    """Return the values that an uncertain fact may have, None of one that is settled or missing."""
    return what if isinstance(what, Words | Texts | Spans) else None
