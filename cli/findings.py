"""Diagnostics on their way out: as text to stderr, or in one of the forms that machines read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .terminal import err

if TYPE_CHECKING:
    from ..rules.diagnostics import Diagnostic


def print_findings(found: Sequence[Diagnostic]) -> None:
    """Write diagnostics to stderr."""
    output = err()
    for diagnostic in found:
        output.line(str(diagnostic))


def findings_text(found: Sequence[Diagnostic], format_: str) -> str:
    """Return diagnostics as GitHub's annotations or as SARIF."""
    raise NotImplementedError(format_)
