"""`not-proved`: what the solver could not tell, said as plainly as what it could."""

from __future__ import annotations

from ...rules.diagnostics import Place
from .finding import Finding, policy_place
from .ground import Ground


def not_proved(ground: Ground, check: str, subject: str, decision: str = "", *, place: Place | None = None) -> Finding:
    """Return that a check came to no end for a subject."""
    named = {
        "check": check,
        "subject": subject,
        "why": "the time was up" if ground.is_over else "the solver cannot tell",
    }
    return Finding("not-proved", named, place or policy_place(ground.tree), decision, is_exact=False)
