"""A bounded queue with one thread behind it: whoever hands something in never waits, and what finds it full is turned away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
#: What it carries: items, events that say how far it has come, and None at the end.
_Queue: TypeAlias = "SimpleQueue[tuple[T] | threading.Event | None]"


class Pump(Generic[T]):
    """
    Hands items to *handle*, which must not raise, in a thread that begins with the first of them.

    At most *capacity* items wait. The thread never keeps a process from ending, nor the pump from being collected.
    """

    def __init__(self, handle: Callable[[T], None], capacity: int, name: str) -> None:
        self._handle, self._capacity, self._name = handle, capacity, name
        self.renew()

    def renew(self) -> None:
        """Begin anew, empty and without a thread: after a fork, since what waits is the parent's to handle."""
        self._lock = threading.RLock()  # one that a signal handler may take again
        self._queue: _Queue[T] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_open = True

    def put(self, item: T) -> bool:
        """Hand in an item, and say whether it was taken."""
        with self._lock:
            if not self._is_open or self._queue.qsize() >= self._capacity:
                return False
            if self._thread is None and not self._begin():
                return False
            self._queue.put((item,))
            return True

    def _begin(self) -> bool:
        thread = threading.Thread(target=_work, args=(self._queue, self._handle), name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending, or there are too many threads
            return False
        self._thread = thread
        return True

    def flush(self, timeout: float) -> bool:
        """Wait until all that was handed in so far is handled, and say whether it was in time."""
        thread = self._thread
        if thread is None or not thread.is_alive():
            return True
        if thread is threading.current_thread():
            return False
        reached = threading.Event()
        self._queue.put(reached)
        end = time.monotonic() + timeout
        while not reached.wait(min(0.1, max(end - time.monotonic(), 0))):
            if time.monotonic() >= end or not thread.is_alive():
                return reached.is_set()
        return True

    def close(self, timeout: float) -> int:
        """Take nothing more, wait for what is handed in, and return how many items were given up."""
        with self._lock:
            self._is_open = False
            thread = self._thread
        if thread is None:
            return 0
        self._queue.put(None)
        if thread is not threading.current_thread():
            thread.join(timeout)
        return self._given_up() if thread.is_alive() else 0

    def _given_up(self) -> int:
        """Empty the queue, so that the thread ends when it comes back, if it does."""
        count = 0
        while True:
            try:
                item = self._queue.get_nowait()
            except Empty:
                self._queue.put(None)
                return count
            if isinstance(item, threading.Event):
                item.set()
            count += isinstance(item, tuple)


def _work(queue: _Queue[T], handle: Callable[[T], None]) -> None:
    """Handle what comes; a function, so that the thread keeps no pump alive."""
    while True:
        item = queue.get()
        if item is None:
            return
        if isinstance(item, threading.Event):
            item.set()
        else:
            handle(item[0])
        del item  # so that what was decided does not stay until the next comes
