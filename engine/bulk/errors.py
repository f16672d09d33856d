"""What stops a job, in words that say what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from ...rules.diagnostics import nearest

#: How many names a message lists.
MOST: Final = 12


class BulkError(Exception):
    """
    Why a job cannot start or go on.

    The message is one lower-case sentence; *help* is the way out, or empty.
    """

    def __init__(self, message: str, *, help: str = "") -> None:  # noqa: A002 -- as diagnostics call it
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"{self.message}: {self.help}" if self.help else self.message


def sentence(text: str) -> str:
    """
    Return a text that ends as a sentence does.

    >>> sentence("did you mean `loss`?"), sentence("name a file")
    ('did you mean `loss`?', 'name a file.')
    """
    return text if text.endswith((".", "?")) else f"{text}."


def listed(names: Sequence[str], say: Callable[[str], str] = "`{}`".format) -> str:
    """
    Return names as a message lists them, each as *say* puts it; of many, the first.

    >>> listed(["loss", "paid"]), listed([f"c{number}" for number in range(14)])[-23:]
    ('`loss`, `paid`', '`c10`, `c11` and 2 more')
    """
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(map(say, names[:MOST])) + more


def meant(name: str, known: Sequence[str]) -> str:
    """
    Return the way out for a name that is not there: the one that was probably meant, or else those that there are.

    >>> meant("los", ["loss", "paid"]), meant("tone", ["loss", "paid"])
    ('did you mean `loss`?', 'there are `loss`, `paid`')
    """
    near = nearest(name, known)
    if near:
        return f"did you mean `{near}`?"
    return f"there {'is' if len(known) < 2 else 'are'} {listed(known) or 'none'}"


class Complaints:
    """
    What is wrong with a job, gathered check by check, so that all of it is told at once.

    >>> complaints = Complaints()
    >>> with complaints.heard():
    ...     raise BulkError("there is no column `a`", help="there is `b`")
    >>> complaints.found[0].message
    'there is no column `a`'
    """

    def __init__(self) -> None:
        self.found: list[BulkError] = []

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Take note of an error, and go on behind the block."""
        try:
            yield
        except BulkError as error:
            self.found.append(error)

    def tell(self) -> None:
        """
        Do nothing where all is well.

        Raises:
            BulkError: With everything that was found.
        """
        if len(self.found) == 1:
            raise self.found[0]
        if self.found:
            raise BulkError("\n".join(map(sentence, map(str, self.found))))


class ExtraMissing(BulkError, ImportError):
    """A library that the job needs is not installed."""


class Stopped(BulkError):
    """The job had begun, and stopped before its end; what is done is kept."""
