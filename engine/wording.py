"""Outcomes and values in words, the way the language reads them."""

from __future__ import annotations

from ..rules.quantities import value_text
from ..rules.types import INTEGER, Type
from .decision import Outcome, Verdict


def outcome_type(verdict: Verdict) -> Type:
    """Return the type of a settled outcome, or of each item where outcomes are collected."""
    return INTEGER if verdict.spec.aggregate == "count" else verdict.spec.type


def outcome_text(verdict: Verdict) -> str:
    """Return what a verdict says: a list with commas, money with its currency, `refer` where a human decides."""
    return canonical_text(verdict.canonical, outcome_type(verdict), verdict.currency)


def canonical_text(value: Outcome, type_: Type, currency: str) -> str:
    """
    Return a canonical value, or a list of them, in words.

    >>> canonical_text((450, 900), Type("money"), "USD")
    '4.50 USD, 9 USD'
    """
    if isinstance(value, tuple):
        return ", ".join(canonical_text(item, type_, currency) for item in value) or "nothing"
    return value_text(value, type_, currency)
