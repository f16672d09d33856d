"""
Many incidents at once, from file to file: read in batches, mapped to facts, decided, written; restartable, nothing lost.

Everything here needs the extra `evenhand[columns]`; this module imports none of it until a job runs.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from .errors import BulkError, ExtraMissing

__all__ = ["BulkError", "ExtraMissing", "needed"]


def needed(module: str) -> ModuleType:
    """
    Import a module of this package, or say which extra it wants.

    Raises:
        ExtraMissing: If a library of the extra is not installed.
    """
    try:
        return import_module(f".{module}", __package__)
    except ImportError as error:
        if isinstance(error, BulkError):
            raise
        if error.name is None and "evenhand[columns]" in str(error):
            raise ExtraMissing(str(error).rpartition(": ")[0], help="pip install 'evenhand[columns]'") from None
        missing = (error.name or "").partition(".")[0]
        if missing not in ("pyarrow", "numpy", "numba", "duckdb", "sqlglot"):
            raise
        raise ExtraMissing(f"deciding many rows needs {missing}", help="pip install 'evenhand[columns]'") from None
