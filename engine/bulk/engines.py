"""What jobs can run on, by name. An engine is a function from a checked job and somebody who watches to a summary."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

from .errors import BulkError, ExtraMissing

if TYPE_CHECKING:
    from .job import Job, Summary
    from .run import Watcher

#: Runs a job; the text is the address of a cluster, empty for the usual one.
Run: TypeAlias = "Callable[[Job, str, Watcher], Summary]"


@attrs.frozen
class Engine:
    """An engine: the module whose `run_job` runs a job, below `evenhand.engine`, the extra that it needs, and what it is."""

    module: str
    extra: str
    about: str


ENGINES: Final[dict[str, Engine]] = {
    "local": Engine("bulk.local", "columns", "this computer"),
    "spark": Engine("spark.jobs", "spark", "Apache Spark, here or on a cluster"),
}


def engine(name: str) -> Run:
    """
    Return the engine of that name.

    Raises:
        ExtraMissing: If what it needs is not installed.
    """
    wanted = ENGINES[name]
    package = __package__.rpartition(".")[0] if __package__ else ""
    try:
        module = import_module(f"{package}.{wanted.module}")
    except ImportError as error:
        if (error.name or "").startswith(package) and name == "local":
            raise
        help_ = f"pip install 'evenhand[{wanted.extra}]'"
        raise ExtraMissing(f"the engine `{name}` is not installed", help=help_) from None
    run: Run | None = getattr(module, "run_job", None)
    if run is None:
        raise BulkError(f"the engine `{name}` runs no jobs yet", help="leave out --engine")
    return run
