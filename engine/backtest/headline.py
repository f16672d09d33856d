"""What a backtest found, in one sentence for the owner; and how its figures are written."""

from __future__ import annotations

from ...rules.currencies import MINOR_DIGITS
from .bootstrap import Rate
from .records import Amounts, Report, Sum


def percent(share: float) -> str:
    """
    Write a share as a percentage, with more places where it is small.

    >>> percent(0.0334), percent(0.000123), percent(0.5)
    ('3.3 %', '0.01 %', '50.0 %')
    """
    places = 1 if share == 0 or share >= 0.001 else 2
    return f"{share * 100:.{places}f} %"


def rate_text(rate: Rate) -> str:
    """
    Write a rate with its interval.

    >>> rate_text(Rate(812, 24_310, 0.0312, 0.0357))
    '3.3 %, 3.1 to 3.6'
    """
    ends = [percent(end).removesuffix(" %") for end in (rate.low, rate.high)]
    return f"{percent(rate.share)}, {ends[0]} to {ends[1]}"


def money_of(minor: float, currency: str, *, signed: bool = False) -> str:
    """
    Write minor units as an amount.

    >>> money_of(418_000, "USD"), money_of(-50, "USD", signed=True), money_of(1200, "JPY")
    ('4,180.00 USD', '-0.50 USD', '1,200 JPY')
    """
    digits = MINOR_DIGITS[currency]
    whole, rest = divmod(abs(round(minor)), 10**digits)
    sign = "-" if round(minor) < 0 else "+" if signed and round(minor) > 0 else ""
    return f"{sign}{whole:,}" + (f".{rest:0{digits}d}" if digits else "") + f" {currency}"


def range_text(amount: Sum, currency: str, *, signed: bool = False) -> str:
    """Write the interval of an amount."""
    low, high = (
        money_of(end, currency, signed=signed).removesuffix(f" {currency}") for end in (amount.low, amount.high)
    )
    return f"{low} to {high}"


def headline(report: Report) -> str:
    """Return what changes, in one sentence; of one policy alone, what it comes to."""
    if not report.rows:
        return nothing_decided(report.read, report.left_out, report.bad)
    money = (_money(amounts, alone=report.old is None) for amounts in report.money)
    parts = [_outcomes(report), *(text for text in money if text)]
    return "; ".join(parts) + "."


def nothing_decided(read: int, left_out: int, bad: int) -> str:
    """
    Say why there are no figures.

    >>> nothing_decided(300, 0, 300)
    'None of the 300 incidents could be decided: there are no figures.'
    """
    if not read:
        return "There is no incident in the history: there are no figures."
    if not bad:
        return f"All of the {_counted(left_out, 'incident')} are left out by their date: there are no figures."
    none = f"None of the {bad:,} incidents" if bad > 1 else "The only incident"
    rest = f" ({_counted(left_out, 'other')} left out by date)" if left_out else ""
    return f"{none}{rest} could {'not ' if bad == 1 else ''}be decided: there are no figures."


def _outcomes(report: Report) -> str:
    of = f"Of {_counted(report.rows, 'incident')}, "
    if report.old is None:
        referred = max((decision.new.rows for decision in report.decisions), default=0)
        most = max(report.decisions, key=lambda decision: decision.new.rows, default=None)
        if not referred or most is None:
            return f"{of}every one is decided by the policy"
        verb = "is" if referred == 1 else "are"
        return f"{of}{referred:,} ({percent(referred / report.rows)}) {verb} left to a human on {most.title.lower()}"
    if not report.changed.count:
        return f"{of}none would be decided otherwise" + (
            f", though {report.revalued:,} would come to another amount" if report.revalued else ""
        )
    changed = report.changed
    text = f"{of}{changed.count:,} ({rate_text(changed)}) would be decided otherwise"
    return f"{text}, and {report.revalued:,} more come to another amount" if report.revalued else text


def _money(amounts: Amounts, *, alone: bool) -> str:
    """Return what becomes of one kind of money; nothing where it does not move."""
    name = amounts.name.replace("_", " ") + "s" * (not amounts.name.endswith("s"))
    if alone:
        new = amounts.new
        return (
            f"{name} come to {money_of(new.amount, amounts.currency)} ({range_text(new, amounts.currency)})"
            if new.amount
            else ""
        )
    change = amounts.difference
    if not change.amount:
        return ""
    verb = "rise" if change.amount > 0 else "fall"
    size = Sum(
        abs(change.amount),
        *sorted((change.low, change.high)) if change.amount > 0 else sorted((-change.low, -change.high)),
    )
    text = f"{name} {verb} by {money_of(size.amount, amounts.currency)} ({range_text(size, amounts.currency)})"
    if amounts.lost and change.amount < 0:
        text += f", {money_of(-amounts.lost, amounts.currency)} of it because a human would decide"
    return text


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
