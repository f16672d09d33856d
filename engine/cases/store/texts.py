"""Names and moments that callers hand in, checked before they come near the database."""

from __future__ import annotations

from ....rules.moments import FIRST_MOMENT, LAST_MOMENT
from .errors import StoreError

#: The longest id of a case, and key or kind of an event, in characters.
LONGEST_ID = 200
#: The longest name of a ledger row, a timer or a message, in bytes of UTF-8; an index has to hold it.
LONGEST_NAME = 1000


def checked_id(text: object, what: str, *, empty: bool = False) -> str:
    """
    Return a short name that can be printed.

    >>> checked_id("2026-11/17", "the case")
    '2026-11/17'
    """
    if not isinstance(text, str):
        raise StoreError(f"{what} is not a text")
    if not text and not empty:
        raise StoreError(f"{what} is empty")
    if len(text) > LONGEST_ID:
        raise StoreError(f"{what} has more than {LONGEST_ID} characters")
    if not text.isprintable() or text != text.strip():
        raise StoreError(f"{what} has characters that cannot be printed, or spaces around it")
    return text


def checked_name(text: object, what: str) -> str:
    """Return a name of somebody else's making, such as a promise's own words."""
    if not isinstance(text, str) or not text:
        raise StoreError(f"{what} is not a text, or empty")
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        raise StoreError(f"{what} has half of a surrogate pair") from None
    if "\0" in text:
        raise StoreError(f"{what} has a zero character")
    if length > LONGEST_NAME:
        raise StoreError(f"{what} takes more than {LONGEST_NAME} bytes")
    return text


def checked_moment(at: object, what: str) -> int:
    """Return a moment in milliseconds since 1970."""
    if not isinstance(at, int) or isinstance(at, bool) or not FIRST_MOMENT <= at <= LAST_MOMENT:
        raise StoreError(f"{what} is not a whole number of milliseconds between the years 1 and 9999")
    return at


def one_of(word: str, words: tuple[str, ...], what: str) -> str:
    """Return a word that is one of *words*."""
    if word not in words:
        raise StoreError(f"{what} is `{word}`, which is none of {', '.join(words)}")
    return word
