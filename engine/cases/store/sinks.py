"""Where messages go: to a command, to a web address, into a file."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from hashlib import sha256
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Final, Protocol
from urllib.parse import SplitResult, urlsplit

import attrs

from ...records import append_line
from .records import Posted

#: The names of the headers that a webhook's receiver checks.
KEY_HEADER: Final = "Evenhand-Key"
TIME_HEADER: Final = "Evenhand-Timestamp"
SIGNATURE_HEADER: Final = "Evenhand-Signature"

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST_NOTE: Final = 200


class SinkError(Exception):
    """A sink did not take a message; the message of the error says why in one lower-case sentence."""


class Sink(Protocol):
    """Where messages go. A sink may get a message again, under the same key, and takes it only if it is safe there."""

    def deliver(self, posted: Posted, now: int) -> None:
        """
        Hand a message over; *now* is the caller's clock.

        Raises:
            SinkError: If it was not taken, or may not have been.
        """


def envelope(posted: Posted) -> str:
    """Return what a sink is told, as one line of JSON; the same from try to try."""
    message = posted.message
    table = {"key": posted.key, "case": posted.case, "kind": message.kind, "at": message.at, "body": message.body}
    return json.dumps(table, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


@attrs.frozen
class FileSink:
    """Adds each message to a file, as a line of JSON; it is on the disk before it counts as sent."""

    path: Path = attrs.field(converter=Path)

    def deliver(self, posted: Posted, now: int) -> None:  # noqa: ARG002 -- the clock is for sinks that sign
        """Add a line to the file."""
        try:
            append_line(self.path, envelope(posted).encode(), fsync=True)
        except OSError as error:
            raise SinkError(f"the file cannot be written ({error.strerror or error})") from None


def _arguments(command: Sequence[str]) -> tuple[str, ...]:
    if isinstance(command, str) or not command:
        raise ValueError("a command is a list: the program, then its arguments")
    return tuple(command)


@attrs.frozen
class CommandSink:
    """
    Runs a program, with the message on its standard input; exit code 0 means that it took the message.

    *command* is the program and its arguments; no shell reads them. After *timeout* seconds the program is ended, with all
    that it started.
    """

    command: tuple[str, ...] = attrs.field(converter=_arguments)
    timeout: float = 30.0

    def deliver(self, posted: Posted, now: int) -> None:  # noqa: ARG002 -- the clock is for sinks that sign
        """Run the program."""
        try:
            process = subprocess.Popen(  # noqa: S603 -- the command is the owner's own
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise SinkError(f"`{self.command[0]}` cannot be run ({error})") from None
        with process:
            try:
                _, said = process.communicate(envelope(posted).encode(), timeout=self.timeout)
            except subprocess.TimeoutExpired:
                _end(process)
                raise SinkError(f"`{self.command[0]}` took longer than {self.timeout:g} seconds") from None
        if process.returncode:
            note = (said.decode(errors="replace").strip().splitlines() or [""])[-1][:_LONGEST_NOTE]
            raise SinkError(f"`{self.command[0]}` ended with {process.returncode}" + (f" ({note})" if note else ""))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it started, where the system knows which they are."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()


@attrs.frozen
class WebhookSink:
    """
    Posts the message to an address, signed; any answer between 200 and 299 means that it was taken.

    The signature is made with *secret* over the time and the body, as `signature` says. Redirections are not followed. The
    address has to begin with `https`, unless it is on this machine.
    """

    url: str
    secret: bytes = attrs.field(repr=False)
    timeout: float = 10.0

    def __attrs_post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
            raise ValueError("a webhook's address begins with https://")
        if not parts.hostname:
            raise ValueError("a webhook's address names a host")
        _check_can_be_asked(parts)
        if len(self.secret) < 16:
            raise ValueError("a webhook's secret has at least 16 bytes")

    def deliver(self, posted: Posted, now: int) -> None:
        """Post the message."""
        body, time = envelope(posted).encode(), str(now // 1000)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "evenhand",
            KEY_HEADER: posted.key,
            TIME_HEADER: time,
            SIGNATURE_HEADER: signature(self.secret, time, body),
        }
        request = urllib.request.Request(self.url, body, headers, method="POST")  # noqa: S310 -- the scheme was checked
        try:
            with urllib.request.build_opener(_NoRedirection).open(request, timeout=self.timeout) as answer:
                status: int = answer.status
        except urllib.error.HTTPError as error:
            with error:
                raise SinkError(f"the address answered {error.code}") from None
        except (OSError, HTTPException) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise SinkError(f"the address cannot be reached ({str(reason)[:_LONGEST_NOTE]})") from None
        if not 200 <= status < 300:
            raise SinkError(f"the address answered {status}")


def _check_can_be_asked(parts: SplitResult) -> None:
    """
    Check what can be said of an address before anything is sent there.

    Raises:
        ValueError: If the host cannot be one, the port is none, or what follows has to be escaped.
    """
    try:
        str(parts.hostname).encode("idna")
    except UnicodeError:
        raise ValueError("a webhook's address names a host that cannot be one") from None
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("a webhook's address has a port between 0 and 65535") from None
    rest = parts.path + parts.query
    if not rest.isascii() or not rest.isprintable() or " " in rest:
        raise ValueError("a webhook's address has blanks, and letters beyond a-z, written like %20")


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """Whoever answers for another address is not the one that the owner named."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow nothing: the answer counts as it is."""


def signature(secret: bytes, time: str, body: bytes) -> str:
    """
    Return what a webhook is signed with: HMAC-SHA256 over the time header, a full stop, and the body.

    A receiver makes the same from what it got, compares with `hmac.compare_digest`, and refuses a time that is long ago.

    >>> signature(b"sixteen bytes or", "1795168800", b"{}")
    'v1=...'
    """
    return "v1=" + hmac.new(secret, time.encode() + b"." + body, sha256).hexdigest()
