"""
A draft as its readers see it, so that words are found however they were typed.

What nobody sees is left out, every blank is a space, every apostrophe is straight, and wide or joined letters are plain ones.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from ...rules.patterns import Pattern

#: Half of a surrogate pair is no character; this stands where one was.
_NO_CHARACTER: Final = "\N{REPLACEMENT CHARACTER}"
_APOSTROPHES: Final = frozenset(
    "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}`\N{ACUTE ACCENT}\N{PRIME}"
    "\N{MODIFIER LETTER APOSTROPHE}\N{FULLWIDTH APOSTROPHE}"
)
#: The vertical tabulator is a blank, which the engine for patterns does not know.
_PLAIN_ASCII: Final = {ord("`"): "'", 0x0B: " "}


@attrs.frozen
class Draft:
    """A text to be searched, and the place of each of its characters in the text that was written: where it begins and ends."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def written(cls, text: str) -> Draft:
        """Return a text as it was written, half surrogate pairs excepted."""
        whole = text if text.isascii() else "".join(_NO_CHARACTER if _is_half(sign) else sign for sign in text)
        return cls(whole, range(len(text)), range(1, len(text) + 1))

    @classmethod
    def plain(cls, text: str) -> Draft:
        """Return a text as its readers see it."""
        if text.isascii():
            return attrs.evolve(cls.written(text), text=text.translate(_PLAIN_ASCII))
        signs: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for start, end in _letters(text):
            seen = _seen(text[start:end])
            signs.append(seen)
            starts += [start] * len(seen)
            ends += [end] * len(seen)
        return cls("".join(signs), starts, ends)

    def found(self, pattern: Pattern, group: int = 0) -> Iterator[tuple[int, int]]:
        """Yield where a group of a pattern is found, group 0 being all of it, as places in the text that was written."""
        data = self.text.encode()
        # The engine would encode a text anew for each match. Bytes it takes as they are; so places are counted in characters here.
        before = range(len(data) + 1) if self.text.isascii() else _Counted(self.text)
        place = 0
        while place <= len(data):
            match = pattern.search(data, place)
            if match is None:
                return
            start, end = match.span(group)
            if end > start:
                yield self.starts[before[start]], self.ends[before[end] - 1]
            place = max(end, place + 1)


class _Counted:
    """How many characters of a text stand before a place in its bytes."""

    def __init__(self, text: str) -> None:
        self._places: list[int] = []
        place = 0
        for sign in text:
            self._places.append(place)
            place += len(sign.encode())
        self._places.append(place)

    def __getitem__(self, place: int) -> int:
        return bisect_right(self._places, place) - 1


def plain_phrase(phrase: str) -> str:
    """
    Return words to be looked for as readers see them.

    >>> plain_phrase("it`s our fault")
    "it's our fault"
    """
    return Draft.plain(phrase).text


def _letters(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each letter begins and ends, with the marks that are written over it."""
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or not unicodedata.combining(text[end]):
            yield start, end
            start = end


def _seen(letter: str) -> str:
    if letter in _APOSTROPHES:
        return "'"
    if letter.isspace() or letter == "\N{ZERO WIDTH SPACE}":
        return " "
    if _is_half(letter[0]):
        return _NO_CHARACTER
    if unicodedata.category(letter[0]) == "Cf":
        return ""
    return unicodedata.normalize("NFKC", letter)


def _is_half(sign: str) -> bool:
    return "\ud800" <= sign <= "\udfff"
