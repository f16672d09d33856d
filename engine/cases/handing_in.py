"""Canonical facts as callers hand them in: `Money`, dates, lengths of time, and what is only partly known."""

from __future__ import annotations

from ...rules.given import Knowledge
from ...rules.regions import Cut, Spans, Texts, Words
from ...rules.types import DISCRETE, Type, exact
from ...rules.uncertain import AnyOf, Between
from ..decision import shown


def as_handed_in(what: Knowledge, type_: Type, currency: str) -> object:
    """
    Return what is known of a fact so that it can be read again.

    >>> from ...rules.types import MONEY
    >>> str(as_handed_in(450, MONEY, "USD"))
    '4.50 USD'
    """
    match what:
        case Words(words):
            return AnyOf(*(word for word in type_.domain if word in words))
        case Texts(texts, _):
            return AnyOf(*sorted(texts))
        case Spans():
            ends = [_ends(piece, type_, currency) for piece in what.pieces()]
            if all(low == high for low, high in ends):
                return AnyOf(*(low for low, _ in ends))
            return Between(ends[0][0], ends[-1][1])
        case _:
            return shown(what, type_, currency)


def _ends(piece: tuple[Cut | None, Cut | None], type_: Type, currency: str) -> tuple[object, object]:
    low, high = piece
    assert low is not None and high is not None  # because nobody hands in a range without ends
    last = high[0] - 1 if type_.kind in DISCRETE else high[0]
    return shown(exact(low[0]), type_, currency), shown(exact(last), type_, currency)
