"""What goes to the terminal: lines of styled words, wrapped at its width; plain text wherever it is no terminal."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from shutil import get_terminal_size
from typing import Any, Final, TextIO, TypeAlias

import attrs

from ..rules.diagnostics import printable

#: The widest that prose gets, and how wide it is where nobody knows the width.
WIDEST: Final = 110
UNKNOWN_WIDTH: Final = 100

#: What each style of a piece looks like, in rich's words.
STYLES: Final = {
    "": "",
    "title": "bold",
    "strong": "bold",
    "good": "green",
    "bad": "bold red",
    "warning": "yellow",
    "refer": "bold yellow",
    "dim": "dim",
    "name": "cyan",
    "outcome": "bold green",
}

_ASCII: Final = {"·": "-", "→": "->", "✓": "ok", "✗": "x", "─": "-", "…": "...", "?": "?", "█": "#", "░": "."}
_WORDS = re.compile(r" +|[^ ]+")


@attrs.frozen
class Piece:
    """Some words in one style; *whole* ones are never broken over two lines."""

    text: str
    style: str = ""
    whole: bool = False


Words: TypeAlias = str | Piece


class Output:
    """
    One of the two streams, written line by line.

    Colours are used on a terminal only, and not where NO_COLOR is set or TERM is dumb; FORCE_COLOR asks for them anywhere.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.is_terminal = stream.isatty()
        self.colours = _wants_colours(self.is_terminal)
        self.width = _width(self.is_terminal)
        self.plain_signs = not _can_write(stream, "".join(_ASCII))

    def wide(self, otherwise: int) -> int:
        """Return the whole width of the terminal, for tables; *otherwise* where nobody knows it."""
        return get_terminal_size((otherwise, 24)).columns if _has_width(self.is_terminal) else otherwise

    def line(self, *words: Words, hang: int = 0) -> None:
        """Write a line; where it is too long it goes on below, indented by *hang*."""
        for row in wrapped(self._cleaned(words), self.width, hang):
            self._write(row)

    def unbroken(self, *words: Words) -> None:
        """Write a line that stays one line however long it is."""
        self._write(self._cleaned(words))

    def _cleaned(self, words: Iterable[Words]) -> list[Piece]:
        pieces = [word if isinstance(word, Piece) else Piece(word) for word in words]
        return [attrs.evolve(piece, text=self.sign(printable(piece.text))) for piece in pieces]

    def text(self, text: str) -> None:
        """Write text as it stands, line breaks and all."""
        self.stream.write(text if text.endswith("\n") else f"{text}\n")
        self._flush()

    def sign(self, text: str) -> str:
        """Return *text* with the signs that this stream cannot write spelled out."""
        if self.plain_signs and not text.isascii():
            for sign, plain in _ASCII.items():
                text = text.replace(sign, plain)
        return text

    def _write(self, row: list[Piece]) -> None:
        if not self.colours:
            self.stream.write("".join(piece.text for piece in row).rstrip() + "\n")
        else:
            self._write_coloured(row)
        self._flush()

    def _flush(self) -> None:
        """Let diagnostics be seen at once."""
        if self.stream is sys.stderr:
            self.stream.flush()

    def _write_coloured(self, row: list[Piece]) -> None:
        from rich.text import Text

        runs = [
            (style, "".join(piece.text for piece in run)) for style, run in groupby(row, key=lambda piece: piece.style)
        ]
        text = Text.assemble(*((words, STYLES[style]) for style, words in runs))
        text.rstrip()
        _rich_console(self.stream).print(text, soft_wrap=True, highlight=False)


def out() -> Output:
    """Return where results go."""
    return Output(sys.stdout)


def err() -> Output:
    """Return where diagnostics go."""
    return Output(sys.stderr)


def _wants_colours(is_terminal: bool) -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal or bool(os.environ.get("FORCE_COLOR"))


def _has_width(is_terminal: bool) -> bool:
    return is_terminal or os.environ.get("COLUMNS", "").isdigit()


def _width(is_terminal: bool) -> int:
    if _has_width(is_terminal):
        return max(40, min(get_terminal_size((UNKNOWN_WIDTH, 24)).columns, WIDEST))
    return UNKNOWN_WIDTH


def _can_write(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


@cache
def _rich_console(stream: TextIO) -> Any:  # a rich.console.Console, whose import would cost those who pipe
    from rich.console import Console

    return Console(file=stream, force_terminal=True, legacy_windows=False, markup=False, emoji=False)


def forgive_encodings() -> None:
    """Let a terminal that cannot write a letter show a question mark, instead of ending the run."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def cells(text: str) -> int:
    """
    Return how many columns of a terminal a text takes.

    >>> cells("café"), cells("店")
    (4, 2)
    """
    if text.isascii():
        return len(text)
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, width: int) -> str:
    """Return *text* with spaces up to *width* columns."""
    return text + " " * max(0, width - cells(text))


def wrapped(pieces: Iterable[Piece], width: int, hang: int) -> Iterator[list[Piece]]:
    """Yield the lines that pieces make at a width, all but the first indented by *hang*."""
    row: list[Piece] = []
    column, has_word, broken = 0, False, False
    for piece in pieces:
        for token in [piece.text] if piece.whole else _WORDS.findall(piece.text):
            size, blank = cells(token), token.isspace()
            if has_word and not blank and column + size > width:
                yield row
                row, column, has_word, broken = [Piece(" " * hang)], hang, False, True
            if blank and broken and not has_word:
                continue  # a space where the line was broken
            row.append(Piece(token, piece.style))
            column += size
            has_word = has_word or not blank
    yield row


def counted(count: int, one: str, many: str = "") -> str:
    """
    Return a number with its noun.

    >>> counted(1, "rule"), counted(1200, "duty", "duties")
    ('1 rule', '1,200 duties')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
