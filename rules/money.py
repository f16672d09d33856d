"""Money as callers meet it: an exact amount and its currency."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import attrs

from .currencies import MINOR_DIGITS
from .quantities import QuantityError, from_python, money_text, parse_money, to_minor
from .types import Number


@attrs.frozen(order=False)
class Money:
    """
    An exact amount of money: *minor* units (cents) of *currency*, an ISO 4217 code.

    >>> Money.parse("4.50 USD")
    Money('4.50 USD')
    >>> Money.parse("4.50 USD").amount
    Decimal('4.50')
    """

    minor: Number
    currency: str

    def __attrs_post_init__(self) -> None:
        if type(self.minor) not in (int, Fraction):
            raise QuantityError("the minor units of an amount of money are an int or a Fraction", "use `Money.of`")
        _known(self.currency)

    @classmethod
    def parse(cls, text: str, *, currency: str | None = None) -> Money:
        """
        Read `4.50 USD`; *currency* is what an amount without one means.

        Raises:
            QuantityError: If the text is no amount, or the currency is unknown or missing.
        """
        amount, written = parse_money(text)
        return cls.of(amount, written or currency)

    @classmethod
    def of(cls, amount: object, currency: str | None) -> Money:
        """Return *amount* (an exact number; a float by its shortest decimal) in *currency*."""
        if currency is None:
            raise QuantityError("this amount has no currency: write it like `50 USD`")
        return cls(to_minor(from_python(amount), _known(currency)), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in whole units, rounded half to even to the minor unit."""
        return Decimal(round(Fraction(self.minor))).scaleb(-MINOR_DIGITS[self.currency])

    def __str__(self) -> str:
        return money_text(self.minor, self.currency)

    def __repr__(self) -> str:
        return f"Money('{self}')"


def _known(currency: str) -> str:
    if currency not in MINOR_DIGITS:
        raise QuantityError(f"`{currency}` is not a currency of ISO 4217")
    return currency
