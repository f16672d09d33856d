"""pyarrow, imported when somebody asks for many incidents at once."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, TypeAlias

#: pyarrow ships no types: an array, a batch and a table of it, and a type and a schema.
Array: TypeAlias = Any
Batch: TypeAlias = Any
Table: TypeAlias = Any
ArrowType: TypeAlias = Any
Schema: TypeAlias = Any


class ColumnsMissingError(ImportError):
    """What the columns reading needs is not installed."""


def library(name: str) -> Any:
    """
    Import a library of the extra `evenhand[columns]`.

    Raises:
        ColumnsMissingError: If it is not installed; the message says how it is.
    """
    try:
        return import_module(name)
    except ImportError as error:
        if (error.name or "").partition(".")[0] != name.partition(".")[0]:
            raise
        raise ColumnsMissingError(f"many incidents at once need {name}: install `evenhand[columns]`") from None


pa: Final[Any] = library("pyarrow")
pc: Final[Any] = library("pyarrow.compute")
