"""Rows that could not be decided, by reason, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from .terminal import Output, Piece, counted

if TYPE_CHECKING:
    from ..engine.backtest.records import BadKind

#: The most reasons that are listed.
_MOST: Final = 6


def print_bad(output: Output, kinds: Sequence[BadKind], rows: int) -> None:
    """Write why rows could not be decided, with an example of each reason, and where to see them all."""
    if not rows:
        return
    verb = "is" if rows == 1 else "are"
    output.line(Piece(counted(rows, "row"), "bad"), f" {verb} bad, and in none of the figures:", hang=2)
    width = max(len(f"{kind.rows:,}") for kind in kinds[:_MOST])
    for kind in kinds[:_MOST]:
        example = f"row {kind.first:,}: {kind.message} ({kind.code})"
        output.line("  ", f"{kind.rows:>{width},}  ", Piece(example, "dim"), hang=width + 4)
    if len(kinds) > _MOST:
        output.line(f"  and {counted(len(kinds) - _MOST, 'more reason')}")
    output.line(Piece(" help: ", "name"), help_of(kinds), hang=7)


def help_of(kinds: Sequence[BadKind]) -> str:
    """Return the way out of what most rows are bad for."""
    if any("it is not in UTF-8" in kind.message for kind in kinds):
        return "the file may be stored otherwise: try --encoding cp1252"
    written = "`policy decide` writes each bad row with all that is wrong with it into a file"
    if any(kind.code == "unknown-fact" for kind in kinds):
        return f"leave out what is no fact with --ignore or --ignore-unknown, or map it with --mapping; {written}"
    if all(kind.code == "unreadable-incident" for kind in kinds):
        return written
    return f"a mapping says how cells are written (`policy map --guess`, then --mapping); {written}"
