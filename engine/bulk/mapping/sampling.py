"""The beginning of a file, looked at column by column."""

from __future__ import annotations

from contextlib import closing
from typing import Final

from ..as_text import cells
from ..places import Place
from ..sources import Reading, open_source
from .looks import Look, look_at

#: How many rows a guess looks at.
ROWS: Final = 10_000


def looks_of(place: Place, reading: Reading) -> list[Look]:
    """
    Return what the columns of a file look like.

    Raises:
        BulkError: If it cannot be read.
    """
    found: dict[str, list[str | None]] = {}
    rows = 0
    with closing(open_source(place, reading)) as source:
        found.update((name, []) for name in source.names)
        for chunk in source.chunks(0, None):
            for name, column in zip(chunk.batch.schema.names, chunk.batch.columns, strict=True):
                texts = found.setdefault(name, [None] * rows)
                texts.extend(cells(column.slice(0, ROWS - rows)).to_pylist())
            rows = min(ROWS, rows + chunk.batch.num_rows)
            for texts in found.values():
                texts.extend([None] * (rows - len(texts)))
            if rows >= ROWS:
                break
    return [look_at(name, texts) for name, texts in found.items() if name]
