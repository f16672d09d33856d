"""What a job reads and writes, by name: a file of a known format, a standard stream, or a table of a database."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias

import attrs

from ...rules.diagnostics import nearest
from .errors import BulkError

Format: TypeAlias = Literal["csv", "tsv", "jsonl", "parquet", "arrow", "arrows", "table"]

#: The formats that a file may have, with the endings by which they are known.
ENDINGS: Final[dict[Format, tuple[str, ...]]] = {
    "csv": (".csv",),
    "tsv": (".tsv", ".tab"),
    "jsonl": (".jsonl", ".ndjson"),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".feather", ".ipc"),
    "arrows": (".arrows",),
}
FORMATS: Final = tuple(ENDINGS)
#: Files of text may be compressed.
COMPRESSED: Final = (".gz", ".bz2", ".xz")
_BY_ENDING: Final[dict[str, Format]] = {ending: format_ for format_, endings in ENDINGS.items() for ending in endings}
_STREAMED: Final = ("csv", "tsv", "jsonl")


@attrs.frozen
class Place:
    """
    Where rows come from or go to.

    *name* is what the user wrote; `-` is a standard stream. A database's is its URL, and *table* what stands behind the `#`.
    """

    name: str
    format: Format
    table: str = ""

    @property
    def is_stream(self) -> bool:
        """Whether it is standard input or output."""
        return self.name == "-"

    def __str__(self) -> str:
        """Return what the user wrote."""
        return f"{self.name}#{self.table}" if self.table else self.name

    @property
    def path(self) -> Path:
        """The file; of a table, the name in this folder by which files beside it are called."""
        return Path(self.table or self.name)


def place_of(name: str, format_: Format | None = None, *, otherwise: Format = "jsonl") -> Place:
    """
    Return the place that a name means; *format_* says what its ending does not, *otherwise* what a stream is.

    Raises:
        BulkError: If nobody can tell the format.

    >>> place_of("claims.csv.gz").format, place_of("sqlite:///shop.db#claims").table
    ('csv', 'claims')
    """
    if "://" in name:
        url, _, table = name.rpartition("#")
        if not url or not table:
            raise BulkError(f"`{name}` names no table", help=f"put it behind a `#`, as in `{name.rstrip('#')}#claims`")
        return Place(url, "table", table)
    if name == "-":
        format_ = format_ or otherwise
        if format_ not in _STREAMED:
            raise BulkError(f"a standard stream cannot be {format_}", help=f"use one of {', '.join(_STREAMED)}")
        return Place(name, format_)
    return Place(name, format_ or _format_of(name))


def _format_of(name: str) -> Format:
    path = Path(name)
    suffix = path.suffix.lower()
    if suffix in COMPRESSED:
        suffix = path.with_suffix("").suffix.lower()
    if suffix in _BY_ENDING:
        return _BY_ENDING[suffix]
    endings = ", ".join(ending for ending in _BY_ENDING)
    meant = nearest(suffix, _BY_ENDING)
    meant = f"did you mean `{meant}`? " if meant else ""
    raise BulkError(
        f"the ending of `{name}` says nothing about its format",
        help=f"{meant}endings that are known: {endings}; or name the format with --from (of an output: --to)",
    )
