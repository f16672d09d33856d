"""The reader of each format."""

from __future__ import annotations

from typing import Any

import attrs

from .bytes_in import ByteSource
from .chunks import Source
from .errors import BulkError
from .places import Place


@attrs.frozen
class Reading:
    """How the input is to be read; *rows* and *block* are the sizes of batches, 0 for the usual ones."""

    encoding: str = "utf-8"
    delimiter: str = ""
    rows: int = 0
    block: int = 0
    threads: int = 1


def open_source(place: Place, reading: Reading) -> Source:
    """
    Open what *place* names.

    Raises:
        BulkError: If it cannot be read, or is not what it says it is.
    """
    rows: dict[str, Any] = {"rows": reading.rows} if reading.rows else {}
    if place.format == "table":
        from .databases import open_table

        return open_table(place, **rows)
    if not place.is_stream and not place.path.exists():
        raise BulkError(f"there is no file `{place.name}`", help=_near(place))
    match place.format:
        case "csv" | "tsv":
            from .delimited import Delimited

            block: dict[str, Any] = {"block": reading.block} if reading.block else {}
            return Delimited(ByteSource(place, reading.encoding), delimiter=reading.delimiter, **block)
        case "jsonl":
            from .json_lines import JsonLines

            return JsonLines(ByteSource(place, reading.encoding), **rows)
        case "parquet":
            from .columnar import ParquetFile

            return ParquetFile(place, threads=reading.threads > 1, **rows)
        case "arrow":
            from .columnar import ArrowFile

            return ArrowFile(place, **rows)
        case _:
            from .columnar import ArrowStream

            return ArrowStream(place, **rows)


def _near(place: Place) -> str:
    from ...rules.diagnostics import nearest

    try:
        names = [entry.name for entry in place.path.parent.iterdir()][:1_000]
    except OSError:
        return "check the name and the folder"
    meant = nearest(place.path.name, names)
    return f"did you mean `{place.path.with_name(meant)}`?" if meant else "check the name and the folder"
