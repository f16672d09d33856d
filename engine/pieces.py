"""The values of one fact, cut into classes that no test tells apart."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

import attrs

from ..rules.regions import Cut, Region, Spans, Texts, Words, intersection, is_empty, universe_of
from ..rules.types import Fact, Value
from .classes import Column


@attrs.frozen(eq=False)
class Pieces:
    """
    The classes of one fact, each with the vector of the clauses that it leaves.

    An ordered fact has *edges*: the lower cut of each class (None: no bound), and last the upper one of the last class. Any other
    has *words*, of which None stands for every text that no test names. *offset* is how many classes of the column stand before
    the first that a value can be in, and one; 0 where the classes are not the column's own.
    """

    fact: Fact
    vectors: tuple[int, ...]
    edges: tuple[Cut | None, ...] = ()
    words: tuple[Value | None, ...] = ()
    offset: int = 0
    #: Whether the classes stand in an order: pieces of the line, or a scale.
    is_line: bool = attrs.field(init=False, default=attrs.Factory(lambda made: made.stands_in_order(), takes_self=True))

    def stands_in_order(self) -> bool:
        """Say what `is_line` is set to."""
        return not self.words or self.fact.type.kind == "scale"

    def place(self, value: Value) -> int:
        """Return the class of a value."""
        if self.words:
            return self.words.index(value if value in self.words else None)
        inner = [edge for edge in self.edges[1:-1] if edge is not None]
        assert isinstance(value, int | Fraction)
        return bisect_right(inner, (value, 0))

    def region(self, places: Sequence[int]) -> Region:
        """Return the values of some classes; on a line they are neighbours."""
        if not self.words:
            low, high = self.edges[min(places)], self.edges[max(places) + 1]
            return Spans(low is None, tuple(cut for cut in (low, high) if cut is not None))
        words = frozenset(word for at in places if (word := self.words[at]) is not None)
        if self.fact.type.is_finite:
            return Words(words)
        if any(self.words[at] is None for at in places):
            return Texts(
                frozenset(str(word) for word in self.words if word is not None and word not in words), inside=False
            )
        return Texts(frozenset(map(str, words)))

    def split(self, cuts: Sequence[Cut]) -> Pieces:
        """Return the classes of an ordered fact cut further."""
        edges: list[Cut | None] = [self.edges[0]]
        vectors: list[int] = []
        for at, vector in enumerate(self.vectors):
            low, high = self.edges[at], self.edges[at + 1]
            inner = [cut for cut in cuts if (low is None or cut > low) and (high is None or cut < high)]
            edges += (*inner, high)
            vectors += [vector] * (len(inner) + 1)
        return Pieces(self.fact, tuple(vectors), tuple(edges))


def of_column(column: Column, mask: int, sought: Sequence[str]) -> Pieces:
    """Return the classes of a fact, their vectors under a mask; *sought* are further texts that are a class of their own."""
    fact = column.fact
    if fact.type.is_ordered:
        return _of_line(column, mask)
    words: tuple[Value | None, ...] = fact.type.domain
    if not fact.type.is_finite:
        named = (word for word in column.words if isinstance(word, str))
        words = (*dict.fromkeys((*named, *sought)), None)
    vectors = (column.any_text if word is None else column.of_value(word) for word in words)
    return Pieces(fact, tuple(vector & mask for vector in vectors), words=words)


def _of_line(column: Column, mask: int) -> Pieces:
    """Return the pieces of the line that a fact's cuts make, those outside its bounds left out."""
    whole = universe_of(column.fact)
    edges: list[Cut | None] = []
    vectors: list[int] = []
    last: Cut | None = None
    skipped = 1
    for low, high, vector in zip((None, *column.cuts), (*column.cuts, None), column.vectors[1:-1], strict=True):
        piece = intersection(Spans(low is None, tuple(cut for cut in (low, high) if cut is not None)), whole)
        if is_empty(piece) or vector is None:
            skipped += not vectors
            continue
        assert isinstance(piece, Spans)
        ((first, last),) = piece.pieces()
        edges.append(first)
        vectors.append(vector & mask)
    return Pieces(column.fact, tuple(vectors), (*edges, last), offset=skipped)
