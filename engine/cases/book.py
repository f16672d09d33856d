"""A table that remembers how it came to be what it is."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeAlias, TypeVar

import attrs

Name = TypeVar("Name", bound=Hashable)
Entry = TypeVar("Entry")
#: An entry before and after it changed, None where there was or is none.
Change: TypeAlias = tuple[Entry | None, Entry | None]


class Book(Generic[Name, Entry]):
    """
    Entries by name, in the order in which they first came, with every change that was ever made to them.

    A change costs the same however many entries there are, and so does a `Standing`.
    """

    def __init__(self) -> None:
        self.entries: dict[Name, Entry] = {}
        self.places: dict[Name, int] = {}
        self.changes: list[tuple[Name, Entry | None, Entry | None]] = []

    @property
    def standing(self) -> Standing[Name, Entry]:
        """The book as it stands now, however it goes on."""
        return Standing(self, len(self.changes))

    def place(self, name: Name) -> int:
        """Return the place of a name among all that were ever asked for."""
        return self.places.setdefault(name, len(self.places))

    def put(self, name: Name, entry: Entry) -> None:
        """Add an entry, or replace the one of its name."""
        self.place(name)
        self.changes.append((name, self.entries.get(name), entry))
        self.entries[name] = entry

    def clear(self) -> None:
        """Take out every entry."""
        self.changes += [(name, entry, None) for name, entry in self.entries.items()]
        self.entries.clear()


@attrs.frozen
class Standing(Generic[Name, Entry]):
    """
    A book as it stood after so many of its changes.

    >>> book = Book[str, int]()
    >>> book.put("ann", 1)
    >>> then = book.standing
    >>> book.put("ann", 2)
    >>> book.put("ben", 3)
    >>> book.standing.since(then)
    [(1, 2), (None, 3)]
    >>> then.entries()
    {'ann': 1}
    """

    book: Book[Name, Entry]
    changes: int

    def entries(self) -> dict[Name, Entry]:
        """Return the entries as they stood: those of now, with every change since taken back."""
        found = dict(self.book.entries)
        for name, before, _ in reversed(self.book.changes[self.changes :]):
            if before is None:
                del found[name]
            else:
                found[name] = before
        return found

    def since(self, earlier: Standing[Name, Entry] | None) -> list[Change[Entry]]:
        """Return what is different from an earlier standing, of this book or another, by the order of the names; what is gone last."""
        if earlier is None or earlier.book is not self.book:
            was, now = {} if earlier is None else earlier.entries(), self.entries()
            gone: list[Change[Entry]] = [(entry, None) for name, entry in was.items() if name not in now]
            return [(was.get(name), entry) for name, entry in now.items() if was.get(name) != entry] + gone
        first: dict[Name, Entry | None] = {}
        last: dict[Name, Entry | None] = {}
        for name, before, after in self.book.changes[earlier.changes : self.changes]:
            first.setdefault(name, before)
            last[name] = after
        names = sorted(last, key=lambda name: (last[name] is None, self.book.places[name]))
        return [(first[name], last[name]) for name in names if first[name] != last[name]]
