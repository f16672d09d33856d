"""Facts that are only partly known: one of several values, or somewhere in a range."""

from __future__ import annotations

import attrs


@attrs.frozen(init=False)
class AnyOf:
    """
    A fact whose value is one of *values*, which one nobody knows yet.

    >>> AnyOf("rude", "hostile")
    AnyOf(values=('rude', 'hostile'))
    """

    values: tuple[object, ...]

    def __init__(self, *values: object) -> None:
        object.__setattr__(self, "values", values)


@attrs.frozen
class Between:
    """
    A fact whose value lies from *low* to *high*, both included.

    >>> Between("200 USD", "900 USD")
    Between(low='200 USD', high='900 USD')
    """

    low: object
    high: object
