"""Work that overlaps: the next batch is read, and the last one written, while this one is decided."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar, cast

Item = TypeVar("Item")
_OVER = object()


class Ahead(Generic[Item]):
    """Runs an iterator in a thread of its own, some items ahead of whoever takes them."""

    def __init__(self, items: Iterator[Item], depth: int = 2) -> None:
        self._items = items
        self._queue: queue.Queue[object] = queue.Queue(depth)
        self._error: BaseException | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reading", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as error:  # noqa: BLE001 because it is raised again where the items are taken
            self._error = error
        finally:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()
            self._put(_OVER)

    def _put(self, item: object) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def __iter__(self) -> Iterator[Item]:
        while (item := self._queue.get()) is not _OVER:
            yield cast("Item", item)  # because only items and the end are put in
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Stop, and wait for the thread."""
        self._stopped.set()
        self._thread.join()


class Behind(Generic[Item]):
    """Hands items to a thread of its own, which works on them in order; a mistake there is raised at the next item."""

    def __init__(self, work: Callable[[Item], None], depth: int = 2) -> None:
        self._work = work
        self._queue: queue.Queue[object] = queue.Queue(depth)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="writing", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (item := self._queue.get()) is not _OVER:
            if self._error is None:
                try:
                    self._work(cast("Item", item))  # as above
                except BaseException as error:  # noqa: BLE001 because it is raised again at the next item
                    self._error = error

    def put(self, item: Item) -> None:
        """Hand over an item."""
        self._check()
        self._queue.put(item)

    def close(self) -> None:
        """Wait until all is done."""
        self._queue.put(_OVER)
        self._thread.join()

    def finish(self) -> None:
        """Wait until all is done, and raise what went wrong."""
        self.close()
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
