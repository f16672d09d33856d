"""The function that Spark carries to its workers. It goes by value, so that where Evenhand is missing somebody is there to say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def carried(module: str, work: bytes) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """
    Return a function from the batches of a partition to those of the answer: `run(work, batches)` of a *module* of ours.

    Nothing in it may refer to this module, which a worker without Evenhand could not load.
    """

    def decide_partition(batches: Iterator[Any]) -> Iterator[Any]:
        import os
        import tempfile
        from importlib import import_module
        from pathlib import Path

        if not os.access(Path("~").expanduser(), os.W_OK) and "NUMBA_CACHE_DIR" not in os.environ:
            # Containers of clusters often have no home to keep compiled code in, without which numba refuses to work.
            os.environ["NUMBA_CACHE_DIR"] = tempfile.mkdtemp(prefix="evenhand-")
        try:
            found = import_module(module)
        except ModuleNotFoundError as error:
            raise RuntimeError(
                f"this worker has no module {error.name!r}: Evenhand and what it needs must be on every machine; "
                "install evenhand[spark] there, or send them along (docs/spark.md)"
            ) from error
        yield from found.run(work, batches)

    return decide_partition
