"""`not-proved`: what the solver could not tell, said as plainly as what it could."""

from __future__ import annotations

from collections.abc import Sequence

from ...rules.diagnostics import Place
from ...rules.tree import Rule
from .finding import Finding, policy_place
from .ground import Ground


def not_proved(
    ground: Ground,
    check: str,
    subject: str,
    decision: str = "",
    *,
    place: Place | None = None,
    why: str = "",
    is_listing: bool = False,
) -> Finding:
    """Return that a check came to no end for a subject."""
    reason = why or ("the time was up" if ground.is_over else "the solver cannot tell")
    named = {"check": check, "subject": subject, "why": reason}
    where = place or policy_place(ground.tree)
    return Finding("not-proved", named, where, decision, is_exact=False, is_listing=is_listing)


def from_here(rules: Sequence[Rule]) -> str:
    """Return what to call the rules that a check did not come to."""
    return f"rule `{rules[0].id}`" if len(rules) == 1 else f"{len(rules):,} rules, from `{rules[0].id}` on"
