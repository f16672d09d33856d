"""The smallest step that an owner could have slipped by: a cent, one, an hour, a day, the next word on a scale."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Final

from ...rules.tree import Constant
from ...rules.types import LARGEST, Number, Type, Value, exact
from ..coverage.edges import step_of

_LAST_DAY: Final = dt.date.max.toordinal()


def neighbours(value: Value, type_: Type) -> tuple[Value, ...]:
    """
    Return the values next to one: a step below and a step above, or the words before and after it; none of free text.

    >>> neighbours("rude", Type("scale", ("none", "rude", "hostile"))), neighbours(450, Type("money"))
    (('none', 'hostile'), (449, 451))
    """
    if type_.is_finite:
        at = type_.domain.index(value)
        return (*type_.domain[max(at - 1, 0) : at], *type_.domain[at + 1 : at + 2])
    if not type_.is_ordered or not isinstance(value, int | Fraction):
        return ()
    step = step_of(value, type_)
    return tuple(number for number in (exact(value - step), exact(value + step)) if _is_there(number, type_))


def _is_there(value: Number, type_: Type) -> bool:
    return 1 <= value <= _LAST_DAY if type_.kind == "date" else -LARGEST <= value <= LARGEST


def moved(constant: Constant) -> tuple[Constant, ...]:
    """Return a constant moved by a step each way; it no longer bears the name of its parameter."""
    return tuple(Constant(value, constant.type) for value in neighbours(constant.value, constant.type))
