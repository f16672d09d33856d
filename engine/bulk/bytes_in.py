"""Bytes of text files as UTF-8, whatever they are stored in, with a count of how far the reading is."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import sys
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, cast

from .errors import BulkError
from .places import Place

_OPENERS: Final[dict[str, Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_BOM: Final = codecs.BOM_UTF8
_CHUNK: Final = 1 << 20
_UTF8: Final = ("utf-8", "utf-8-sig")
_MARKED: Final = "evenhand-marked"
#: The last 256 signs of Unicode, which nobody uses, stand for the bytes that mean nothing.
_FIRST_MARK: Final = 0x10FF00
#: A pattern that finds them.
MARKS: Final = f"[{chr(_FIRST_MARK)}-{chr(0x10FFFF)}]"


def codec_name(encoding: str) -> str:
    """
    Return the name by which Python knows an encoding.

    Raises:
        BulkError: If it knows none of that name.

    >>> codec_name("Latin1")
    'iso8859-1'
    """
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise BulkError(f"there is no encoding `{encoding}`", help="such as utf-8, cp1252, latin-1, utf-16") from None


class ByteSource:
    """A text file, opened as often as it is needed; standard input can be opened once."""

    def __init__(self, place: Place, encoding: str) -> None:
        self.place = place
        self.encoding = codec_name(encoding)
        self._raw: BinaryIO | None = None
        self.size = 0 if place.is_stream else _size(place.path)

    def open(self) -> BinaryIO:
        """
        Open the file as bytes in UTF-8, without a byte order mark.

        Raises:
            BulkError: If it cannot be opened.
        """
        self.close()
        if self.place.is_stream:
            raw: BinaryIO = sys.stdin.buffer
        else:
            raw = _opened(self.place.path)
        self._raw = raw
        opener = _OPENERS.get(self.place.path.suffix.lower())
        plain = cast("BinaryIO", opener(raw)) if opener and not self.place.is_stream else raw
        return as_utf8(plain, self.encoding)

    @property
    def complaint(self) -> str:
        """What is said of a row with bytes that mean nothing."""
        return f"it is not in {self.encoding.upper()}"

    def read(self) -> int:
        """Return how many bytes of the file have been read."""
        try:
            return self._raw.tell() if self._raw is not None and not self.place.is_stream else 0
        except (OSError, ValueError):
            return 0

    def close(self) -> None:
        """Close the file; standard input belongs to somebody else."""
        if self._raw is not None and not self.place.is_stream:
            self._raw.close()
        self._raw = None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _opened(path: Path) -> BinaryIO:
    try:
        if path.is_dir():
            raise BulkError(f"`{path}` is a folder", help="name a file in it")
        return path.open("rb")
    except OSError as error:
        raise BulkError(f"`{path}` cannot be read: {(error.strerror or 'no reason given').lower()}") from None


def as_utf8(stream: IO[bytes], encoding: str) -> BinaryIO:
    """Return a stream of any encoding as one of UTF-8, without a byte order mark."""
    return _without_bom(io.BufferedReader(_Transcoded(stream, encoding), _CHUNK))


def _without_bom(stream: io.BufferedReader) -> BinaryIO:
    if stream.peek(3)[:3] == _BOM:
        stream.read(3)
    return cast("BinaryIO", stream)


class _Transcoded(io.RawIOBase):
    """
    Bytes of any encoding as UTF-8 that is always valid; each byte that means nothing becomes a mark of its own.

    Readers drop what is no UTF-8 without a word, or refuse the whole file for it: so a mark has to go through them.
    """

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._stream = stream
        self._is_utf8 = encoding in _UTF8
        self._decoder = codecs.getincrementaldecoder(encoding)(errors=_MARKED)
        self._ready = b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill *buffer*."""
        while not self._ready:
            raw = self._stream.read(_CHUNK)
            if self._is_utf8 and raw.isascii() and not self._decoder.getstate()[0]:
                self._ready = raw
            else:
                self._ready = self._decoder.decode(raw, final=not raw).encode()
            if not raw and not self._ready:
                return 0
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    marks = "".join(chr(_FIRST_MARK + byte) for byte in error.object[error.start : error.end])
    return marks, error.end


codecs.register_error(_MARKED, _mark)


def is_marked(text: str) -> bool:
    """Whether there were bytes in a text that meant nothing in its encoding."""
    return not text.isascii() and max(text) >= chr(_FIRST_MARK)


def unmarked(text: str) -> str:
    r"""
    Return a text with the bytes that meant nothing written out.

    >>> unmarked("caf" + chr(0x10FFE9))
    'caf\\xe9'
    """
    return "".join(f"\\x{ord(sign) - _FIRST_MARK:02x}" if ord(sign) >= _FIRST_MARK else sign for sign in text)
