"""Which of many boxes meet, contain or hold what, by bit vectors: one integer for each class of a fact's values.

The parts of the boxes cut the values of each fact into classes, none of which any part divides (the scheme of the index, after
Lakshman and Stiliadis, 1998). For each class there is an integer with one bit for each box that reaches into it; what meets a box is
then an AND over its facts of an OR over its classes. For boxes of facts alone the answers are exact.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import Final

from ...rules.regions import Cut, Region, Spans, Texts, Words
from ...rules.types import Value
from .boxes import Key, Parts
from .finding import Part

_NONE: Final = 0


class Meetings:
    """Boxes in an order, the first with the lowest bit."""

    def __init__(self, boxes: Sequence[Parts]) -> None:
        self.boxes = boxes
        self.all = (1 << len(boxes)) - 1
        parts: dict[Key, dict[Part, int]] = {}
        for place, box in enumerate(boxes):
            for key, part in box.items():
                same = parts.setdefault(key, {})
                same[part] = same.get(part, 0) | 1 << place
        self._keys = {key: _Classes(same, self.all) for key, same in parts.items()}

    def meeting(self, box: Parts) -> int:
        """Return the bits of the boxes that a box meets."""
        found = self.all
        for key, part in box.items():
            classes = self._keys.get(key)
            if classes is not None and found:
                found &= classes.meeting(part)
        return found

    def containing(self, box: Parts) -> int:
        """Return the bits of boxes that contain a box."""
        found = self.all
        for key, classes in self._keys.items():
            if not found:
                break
            found &= classes.containing(box[key]) if key in box else classes.free
        return found

    def holding(self, where: Mapping[Key, Value | None]) -> int:
        """Return the bits of the boxes in which a point lies; None, or no value at all, stands for a missing fact."""
        found = self.all
        for key, classes in self._keys.items():
            found &= classes.holding(where.get(key))
        return found


class _Classes:
    """The classes of one fact's values, and which boxes reach into each."""

    def __init__(self, parts: Mapping[Part, int], all_: int) -> None:
        #: Boxes that do not ask for the fact.
        self.free = all_ & ~reduce(or_, parts.values())
        self._place, self.count, self._inside = _division([part.values for part in parts])
        self._reach = [self.free] * (self.count + 1)  # the last one for what is missing
        for part, bits in parts.items():
            for place in self._places(part):
                self._reach[place] |= bits
        self._met: dict[Part, int] = {}
        self._contained: dict[Part, int] = {}

    def _places(self, part: Part) -> Iterator[int]:
        yield from self._inside(part.values)
        if part.missing:
            yield self.count

    def meeting(self, part: Part) -> int:
        found = self._met.get(part)
        if found is None:
            found = self._met[part] = reduce(or_, (self._reach[place] for place in self._places(part)), _NONE)
        return found

    def containing(self, part: Part) -> int:
        found = self._contained.get(part)
        if found is None:
            places = list(self._places(part))
            found = self._contained[part] = reduce(and_, (self._reach[place] for place in places)) if places else -1
        return found

    def holding(self, value: Value | None) -> int:
        return self._reach[self.count if value is None else self._place(value)]


def _division(regions: Sequence[Region]) -> tuple[Callable[[Value], int], int, Callable[[Region], Iterator[int]]]:
    """Return how values are told apart by some regions: the class of a value, how many there are, the classes of a region."""
    if isinstance(regions[0], Spans):
        cuts = sorted({cut for region in regions if isinstance(region, Spans) for cut in region.cuts})
        return _span_classes(cuts)
    words: list[Value] = sorted({word for region in regions for word in _named(region)}, key=repr)
    places = {word: place for place, word in enumerate(words)}
    last = len(words)

    def inside(region: Region) -> Iterator[int]:
        if isinstance(region, Texts) and not region.inside:
            yield from (place for word, place in places.items() if word not in region.words)
            yield last
            return
        yield from (places.get(word, last) for word in _named(region))

    return (lambda value: places.get(value, last)), last + 1, inside


def _named(region: Region) -> frozenset[Value] | frozenset[str]:
    assert isinstance(region, Words | Texts)
    return region.words


def _span_classes(cuts: list[Cut]) -> tuple[Callable[[Value], int], int, Callable[[Region], Iterator[int]]]:
    def place(value: Value) -> int:
        assert not isinstance(value, str | tuple)
        return bisect_right(cuts, (value, 0))

    def inside(region: Region) -> Iterator[int]:
        assert isinstance(region, Spans)
        for low, high in region.pieces():
            first = 0 if low is None else bisect_right(cuts, low)
            last = len(cuts) if high is None else bisect_left(cuts, high)
            yield from range(first, last + 1)

    return place, len(cuts) + 1, inside


def places_of(bits: int) -> Iterator[int]:
    """
    Yield the places of the bits that are set, the lowest first.

    >>> list(places_of(0b1010))
    [1, 3]
    """
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
