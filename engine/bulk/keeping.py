"""Which columns of the input are written beside the verdicts, and what they are called there."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from ..columns import answer_schema
from .chunks import Source
from .deciding import ROW, Kept
from .errors import BulkError, Complaints, meant
from .job import Job


def kept_columns(job: Job, source: Source) -> tuple[list[Kept], dict[str, str]]:
    """
    Return the columns to keep, and those that are called otherwise in the output, because a column there has their name.

    Raises:
        BulkError: If there is no such column.
    """
    schema = source.schema()
    names = _names(job, schema)
    taken = {ROW, *answer_schema(job.policy, detail=job.detail).names}
    kept: list[Kept] = []
    renamed: dict[str, str] = {}
    for name in names:
        written = name
        while written in taken:
            written = f"input.{written}"
        if written != name:
            renamed[name] = written
        taken.add(written)
        kept.append(Kept(name, written, schema.field(name).type if schema is not None else pa.string()))
    return kept, renamed


def _names(job: Job, schema: Any) -> list[str]:
    if job.keep is None:
        if schema is None:
            text = "--keep all cannot be known beforehand for JSON lines"
            raise BulkError(text, help="name the columns: --keep id,channel")
        return list(schema.names)
    if schema is not None:
        complaints = Complaints()
        for name in job.keep:
            if name not in schema.names:
                text = f"there is no column `{name}` to keep"
                complaints.found.append(BulkError(text, help=meant(name, schema.names)))
        complaints.tell()
    return list(dict.fromkeys(job.keep))
