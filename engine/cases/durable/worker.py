"""
The worker: a process of its own in which durable_rules runs, so that a crash of it is nobody else's.

It has one thread. It is told rules and messages, whose values are whole numbers without exception, and it answers which messages
make a rule's smallest tuple. No rule has an action: what fires is read off the engine and goes no further than the answer.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from . import wire

#: Seconds after which a worker that is stuck inside the engine ends itself, should nobody be left to end it.
LONGEST_CALL: Final = 60
#: A message that fires a rule of its own, because only a session in which something fired can be deleted safely.
_BOOT: Final = {"boot": {"all": [{"m": {"boot": 1}}]}}

Row = Mapping[str, int]


class EngineError(Exception):
    """The engine refused a message."""


class Engine:
    """durable_rules, called without its host, its threads and its actions."""

    def __init__(self, native: Any) -> None:
        self._native = native
        self._handles: dict[str, Any] = {}

    def define(self, ruleset: str, rules: Mapping[str, Any]) -> None:
        """Compile a set of rules."""
        self._handles[ruleset] = self._native.create_ruleset(ruleset, json.dumps({**_BOOT, **rules}))

    def open(self, ruleset: str, sid: str) -> None:
        """Begin a session."""
        handle = self._handles[ruleset]
        boot = f'{{"boot":1,"sid":"{sid}","id":"b"}}'
        for _ in self._fired(handle, self._native.assert_event(handle, boot)):
            pass

    def add(self, ruleset: str, sid: str, row: Row) -> dict[str, list[int]]:
        """Add a message to a session and return, for each rule that fired, the smallest tuple by order."""
        handle = self._handles[ruleset]
        inner = ",".join(f'"{name}":{value:d}' for name, value in row.items())
        message = f'{{"_":1,"sid":"{sid}","id":"{row["n"]:d}",{inner}}}'
        best: dict[str, list[int]] = {}
        for rule, matched in self._fired(handle, self._native.assert_fact(handle, message)):
            orders = [matched[f"a{index}"]["o"] for index in range(len(matched))]
            if rule not in best or orders < best[rule]:
                best[rule] = orders
        return best

    def close(self, ruleset: str, sid: str) -> None:
        """End a session."""
        self._native.delete_state(self._handles[ruleset], sid)

    def _fired(self, handle: Any, result: tuple[int, int]) -> Iterator[tuple[str, Any]]:
        """Yield each rule that fires with the messages that it fires on."""
        code, offset = result
        if code == 1:  # because no rule asks for such a message
            return
        if code:
            raise EngineError(f"code {code}")
        action = self._native.start_action_for_state(handle, offset)
        while action:
            ((rule, matched),) = json.loads(action[1] if isinstance(action, tuple) else action).items()
            yield rule, matched
            action = self._native.complete_and_start_action(handle, offset)


def serve(end: socket.socket, native: Any) -> None:
    """Answer requests until nobody is left to ask."""
    engine = Engine(native)
    wire.send(end, {"ready": True})
    while True:
        request = wire.receive(end)
        signal.alarm(LONGEST_CALL)
        try:
            answer = _answer(engine, request)
        except Exception as error:  # noqa: BLE001 because whatever the engine raises, the one who asked must hear of it
            answer = {"refused": f"{type(error).__name__}: {error}"}
        signal.alarm(0)
        wire.send(end, {"number": request["number"], **answer})


def _answer(engine: Engine, request: Mapping[str, Any]) -> dict[str, Any]:
    ruleset, sid = request["ruleset"], request.get("sid", "")
    for other in request.get("close", ()):
        engine.close(ruleset, other)
    if "rules" in request:
        engine.define(ruleset, request["rules"])
    if request.get("open"):
        engine.open(ruleset, sid)
    found: dict[str, list[int]] = {}
    for row in request.get("rows", ()):
        found = engine.add(ruleset, sid, row)  # because what the earlier ones complete is known already
    return {"found": found}


def main() -> None:
    """Run the worker; the one argument is the number of its end of the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # because Ctrl-C is meant for the one that asks
    end = socket.socket(fileno=int(sys.argv[1]))
    try:
        import durable_rules_engine as native
    except ImportError as error:
        wire.send(end, {"missing": str(error)})
        return
    try:
        serve(end, native)
    except wire.Closed:
        os._exit(0)  # because the engine's own tidying up is not to be trusted


if __name__ == "__main__":
    main()
