"""
The worker as the process that asks it sees it: started without waiting, watched, ended and started again.

Nothing here ever blocks for longer than the patience stated. A worker that has crashed, hangs, or says what is no message is
killed, and a new one is started after a while that doubles with every failure; until it is ready, the plain correlator answers.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final

from . import wire

#: Seconds before a worker that failed is started again: at first, and at most.
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 30.0
#: Seconds that a worker may take to get ready.
STARTING: Final = 20.0
#: Requests in a row after which a worker is trusted again and its failures are forgotten.
TRUSTED: Final = 1_000
#: Sets of rules after which a worker is replaced, since the engine never gives them back.
MOST_RULESETS: Final = 100

RECIPE: Final = (
    'CPPFLAGS="-O2 -DPyEval_CallObject=PyObject_CallObject" pip install --no-binary durable_rules durable_rules'
)
_START: Final = "import json,sys; sys.path[:]=json.loads(sys.argv.pop()); from {module} import main; main()"


class Away(Exception):
    """There is no worker that answers just now."""


class Failed(Away):
    """The worker failed over a question, and was ended."""


def missing() -> str:
    """Return why durable_rules cannot be used here at all; empty where it seems to be installed."""
    if not hasattr(socket, "AF_UNIX"):
        return "durable_rules runs on Unix only"
    if find_spec("durable_rules_engine") is None:
        return f"durable_rules is not installed: install `evenhand[cases]`{_recipe()}"
    return ""


def _recipe() -> str:
    return f"; on this Python it takes {RECIPE}" if sys.version_info >= (3, 13) else ""


class Worker:
    """
    The worker, whichever process it currently is.

    *generation* counts the processes: what one was told, the next one does not know. *failures* says what became of those that
    failed, *missing* why there can be none. One thread at a time speaks to it.
    """

    def __init__(self, *, patience: float = 1.0, command: Sequence[str] = ()) -> None:
        self.patience = patience
        self.missing = "" if command else missing()
        self.generation = 0
        self.failures: list[str] = []
        self.lock = threading.RLock()
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None
        self._is_ready = False
        self._owner = os.getpid()
        self._number = self._rulesets = 0
        self._pause, self._not_before = FIRST_PAUSE, 0.0
        self._ending: Callable[[], object] = lambda: None

    @property
    def pid(self) -> int | None:
        """The number of the process, None while there is none."""
        return self._process.pid if self._process else None

    def ask(self, request: Mapping[str, Any], *, patience: float | None = None) -> Any:
        """
        Return the worker's answer.

        Raises:
            Away: If there is no worker.
            Failed: If it failed over this question: it crashed, was too slow, made no sense, or the engine refused.
        """
        with self.lock:
            end = self._ready()
            self._number += 1
            deadline = time.monotonic() + (self.patience if patience is None else patience)
            try:
                wire.send(end, {**request, "number": self._number}, deadline)
                answer = wire.receive(end, deadline)
            except (wire.Closed, wire.Garbled) as error:
                raise self.failed(f"{type(error).__name__.lower()}: {error}") from None
            if not isinstance(answer, dict) or answer.get("number") != self._number:
                raise self.failed("garbled: an answer to another question")
            if "refused" in answer:
                raise self.failed(f"refused: {answer['refused']}")
            self._rulesets += "rules" in request
            if self._number % TRUSTED == 0:
                self._pause = FIRST_PAUSE
            return answer.get("found")

    def current(self) -> int:
        """
        Return the generation of the process that is there to answer.

        Raises:
            Away: If there is none.
        """
        with self.lock:
            self._ready()
            return self.generation

    def is_ready(self, wait: float = 0.0) -> bool:
        """Whether a worker is there to answer, waiting for it at most so many seconds."""
        until = time.monotonic() + wait
        while True:
            with self.lock, contextlib.suppress(Away):
                self._ready()
                return True
            if self.missing or time.monotonic() >= until:
                return False
            time.sleep(0.005)

    def failed(self, why: str) -> Failed:
        """End a worker that cannot be trusted any more, and return the exception that says so."""
        with self.lock:
            self.failures.append(why)
            self._end_it()
            self._not_before = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            return Failed(why)

    def close(self) -> None:
        """End the worker; the next question starts another one."""
        with self.lock:
            self._end_it()

    # -- its life

    def _ready(self) -> socket.socket:
        """Return the end of the socket of a worker that is ready; start one, without waiting for it, where there is none."""
        if self.missing:
            raise Away(self.missing)
        if self._owner != os.getpid():
            self._disown()
        if self._rulesets >= MOST_RULESETS:
            self._end_it()
        if self._process is None:
            if time.monotonic() < self._not_before:
                raise Away("the worker failed, and is given a pause")
            self._start()
        assert self._end is not None
        if not self._is_ready:
            self._greet(self._end)
        return self._end

    def _start(self) -> None:
        module = f"{__package__}.worker"
        command = self._command or (sys.executable, "-c", _START.format(module=module))
        self.generation += 1
        self._is_ready, self._rulesets = False, 0
        self._greeted_by = time.monotonic() + STARTING
        try:
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = _started([*command, str(theirs.fileno()), json.dumps(sys.path)], theirs, ours)
        except OSError as error:
            raise self.failed(f"not started: {error}") from None
        self._end = ours
        self._ending = weakref.finalize(self, _end_process, self._process, ours, os.getpid())

    def _greet(self, end: socket.socket) -> None:
        """Take the worker's first words, if they have come."""
        end.settimeout(0.000_1)
        try:
            there = end.recv(1, socket.MSG_PEEK)
        except OSError:
            if time.monotonic() > self._greeted_by:
                raise self.failed("closed: it did not get ready") from None
            raise Away("the worker is starting") from None
        try:
            if not there:
                raise wire.Closed("it ended before it was ready")
            hello = wire.receive(end, time.monotonic() + self.patience)
        except (wire.Closed, wire.Garbled) as error:
            raise self.failed(f"{type(error).__name__.lower()}: {error}") from None
        if isinstance(hello, dict) and "missing" in hello:
            self._end_it()
            self.missing = f"durable_rules cannot be imported ({hello['missing']}): reinstall it{_recipe()}"
            raise Away(self.missing)
        if hello != {"ready": True}:
            raise self.failed("garbled: no greeting")
        self._is_ready = True

    def _end_it(self) -> None:
        self._ending()
        self._process = self._end = None
        self._is_ready = False

    def _disown(self) -> None:
        """Leave the worker to the process that this one was forked from."""
        if self._end is not None:
            self._end.close()
        if isinstance(self._ending, weakref.finalize):
            self._ending.detach()
        if self._process is not None:
            self._process.returncode = 0  # because it is not this process's child to wait for
        self._process = self._end = None
        self._is_ready, self._owner = False, os.getpid()


def _started(command: Sequence[str], theirs: socket.socket, ours: socket.socket) -> subprocess.Popen[bytes]:
    """Start a worker with its end of the socket; *ours* is closed where that fails."""
    try:
        return subprocess.Popen(  # noqa: S603 because it is our own interpreter
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    except OSError:
        ours.close()
        raise


def _end_process(process: subprocess.Popen[bytes], end: socket.socket, owner: int) -> None:
    """End a worker, unless this is a fork of the process that started it."""
    end.close()
    if os.getpid() == owner:
        process.kill()
        process.wait()
