"""Tables of figures for a terminal: columns as wide as what stands in them, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .terminal import Output, Piece, cells, padded

_GAP: Final = "  "
#: What stands for nothing, so that a row can be followed.
NOTHING: Final = "·"


def number(count: int | None) -> str:
    """
    Write a count; none as a dot, so that what is there stands out.

    >>> number(1200), number(0)
    ('1,200', '·')
    """
    return f"{count:,}" if count else NOTHING


def print_table(
    output: Output, head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1, indent: str = "  "
) -> None:
    """
    Write a table; the first *left* columns hold words, the others figures.

    Where it is wider than the terminal, words are cut to what is left for them.
    """
    widths = [max(cells(row[at]) for row in (head, *rows)) for at in range(len(head))]
    spare = output.width - cells(indent) - len(_GAP) * (len(head) - 1) - sum(widths)
    for at in range(left - 1, -1, -1):
        if spare < 0:
            cut = min(-spare, max(widths[at] - 12, 0))
            widths[at] -= cut
            spare += cut
    output.unbroken(Piece(indent + _row(head, widths, left), "dim"))
    for row in rows:
        output.unbroken(indent + _row(row, widths, left))


def _row(row: Sequence[str], widths: Sequence[int], left: int) -> str:
    texts = [_cut(text, width) for text, width in zip(row, widths, strict=True)]
    placed = [
        padded(text, width) if at < left else " " * (width - cells(text)) + text
        for at, (text, width) in enumerate(zip(texts, widths, strict=True))
    ]
    return _GAP.join(placed).rstrip()


def _cut(text: str, width: int) -> str:
    while cells(text) > width:
        text = text[:-2] + "…"
    return text
