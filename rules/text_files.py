"""Reading a text file that somebody named, and saying what is wrong with it instead of raising; lines of any length, safely."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import BinaryIO, TypeAlias

from .positions import Problem, Span

LARGEST = 8 * 2**20  # bytes of a file
_MOST_NEIGHBOURS = 1_000  # names of a folder that are compared with a missing one

FileName: TypeAlias = str | os.PathLike[str]

_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_KINDS = ((stat.S_ISDIR, "folder"), (stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"))


def read_text(path: FileName) -> str | Problem:
    """
    Return the text of the file at *path*, or what is wrong with it.

    Nothing is read that is no regular file of UTF-8 up to `LARGEST`.

    >>> read_text("/nowhere/at-all.toml").code
    'file-not-found'
    """
    try:
        content = _read(path)
    except (FileNotFoundError, NotADirectoryError):
        return Problem("file-not-found", {"suggestion": _nearest(FilePath(path))})
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return Problem("file-not-found", {"suggestion": ""})
        return Problem("unreadable-file", {"reason": (error.strerror or "it cannot be read").lower()})
    except ValueError:  # a NUL or half a character in the name
        return Problem("file-not-found", {"suggestion": ""})
    return content if isinstance(content, Problem) else _decoded(content)


def _read(path: FileName) -> bytes | Problem:
    if not os.fspath(path):
        raise FileNotFoundError  # `pathlib` takes an empty name for the working folder
    if problem := _unfit(FilePath(path).stat()):
        return problem
    # Between the two looks, the file may have become another: a pipe must not hold us up.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if problem := _unfit(os.fstat(descriptor)):
            return problem
        content = file.read(LARGEST + 1)
    return too_large(len(content)) if len(content) > LARGEST else content


def _unfit(status: os.stat_result) -> Problem | None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for fits, name in _KINDS if fits(status.st_mode)), "device")
        return Problem("not-a-file", {"what": kind})
    return too_large(status.st_size) if status.st_size > LARGEST else None


def too_large(size: int) -> Problem:
    """
    Say that a file of *size* bytes is too large.

    >>> too_large(10 * 2**20).facts
    {'size': '10.0 MiB', 'limit': '8 MiB'}
    """
    return Problem("file-too-large", {"size": f"{size / 2**20:.1f} MiB", "limit": f"{LARGEST // 2**20} MiB"})


def _decoded(content: bytes) -> str | Problem:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "") or _unmarked_utf16(content)
    if encoding:
        return Problem(
            "not-utf8", {"encoding": encoding, "offset": "0", "byte": f"0x{content[0]:02X}", "line": "1"}, _START
        )
    if b"\0" in content:
        return Problem("binary-file", {"offset": str(content.index(b"\0"))})
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return _not_utf8(content, error.start)


_START = Span(1, 1, 1, 1, 0, 0)


def _not_utf8(content: bytes, offset: int) -> Problem:
    before = content[:offset].decode("utf-8").removeprefix("\ufeff")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    facts = {"encoding": "Windows-1252", "offset": str(offset), "byte": f"0x{content[offset]:02X}", "line": str(line)}
    return Problem("not-utf8", facts, Span(line, column, line, column + 1, len(before), 1))


def _unmarked_utf16(content: bytes) -> str:
    """Return UTF-16 if every second byte of the start of *content* is NUL and the others are not, as in Western text."""
    start = content[:200]
    halves = start[::2], start[1::2]
    zeros = [half.count(0) for half in halves]
    one_sided = min(zeros) == 0 and max(zeros) * 10 > len(start) * 4
    return "UTF-16" if len(start) >= 4 and one_sided else ""


def _nearest(path: FilePath) -> str:
    """Return the neighbour that a missing file was probably meant to be, or an empty text."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for _, entry in zip(range(_MOST_NEIGHBOURS), entries, strict=False)]
    except (OSError, ValueError):
        return ""
    found = get_close_matches(path.name[:200], names, n=1, cutoff=0.7)
    return str(path.with_name(found[0])) if found else ""


def shown_name(path: FileName) -> str:
    """
    Return how to call a file: by its path from the working folder if it is in there, else as it was named.

    >>> shown_name("./policies/../cafe.toml")
    'cafe.toml'
    """
    name = os.fspath(path)
    try:
        relative = os.path.relpath(name)
    except (OSError, ValueError):  # another drive, or no working folder
        relative = name
    chosen = name if relative.startswith(os.pardir) else relative
    # A name that is no UTF-8 must still print.
    return chosen.encode("utf-8", "surrogateescape" if chosen.isprintable() else "backslashreplace").decode(
        "utf-8", "replace"
    )


def bounded_lines(stream: BinaryIO, longest: int) -> Iterator[bytes]:
    r"""
    Yield the lines of a file; of one with more than *longest* bytes only a beginning, which is longer than that as well.

    >>> import io
    >>> list(bounded_lines(io.BytesIO(b"much too long\nok\n"), 4))
    [b'much ', b'ok\n']
    """
    while line := stream.readline(longest + 1):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(longest)
        yield line
