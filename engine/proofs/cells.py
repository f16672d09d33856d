"""Cells: what boxes leave over, by arithmetic alone.

The ends of some boxes cut each fact's values into cells, of which all that lie in the same boxes are taken as one. Walking the
facts one after another, and remembering which boxes are still met, finds every part that none of them meets: a decision diagram
with several branches to a node. No solver is asked, so this is exact wherever the boxes speak of facts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Final, TypeAlias

import attrs

from ...rules.regions import Region, Spans, Texts, Words, intersection, is_empty, union_of
from ...rules.types import Value
from ..solve.regions import calendar
from .boxes import Key, Parts, Space
from .finding import Part

#: The most nodes that a diagram may have.
MOST_NODES: Final = 200_000
#: The most boxes in which something is told.
MOST_BOXES: Final = 50_000
#: The most boxes of which each is made as large as can be.
MOST_GROWN: Final = 4_000

#: For each fact in order, the cells that a box has, one bit each.
Bits: TypeAlias = tuple[int, ...]


class TooLargeError(Exception):
    """There is more to tell apart than is worth the time."""


@attrs.frozen
class Axis:
    """One fact's values in cells, with the boxes (one bit each) that each cell lies in."""

    key: str
    cells: tuple[Part, ...]
    inside: tuple[int, ...]

    @property
    def whole(self) -> int:
        """All cells."""
        return (1 << len(self.cells)) - 1

    def part(self, bits: int) -> Part:
        """Return some cells as one part."""
        chosen = [cell for place, cell in enumerate(self.cells) if bits >> place & 1]
        return Part(union_of([cell.values for cell in chosen]), any(cell.missing for cell in chosen))


class Cells:
    """The incidents of a policy, as some boxes over facts cut them up."""

    def __init__(self, space: Space, boxes: Sequence[Parts]) -> None:
        keys = dict.fromkeys(key for box in boxes for key in box)
        axes = [axis_of(space, key, boxes) for key in keys if isinstance(key, str)]
        #: Facts with few cells first: their branches are the cheapest to keep.
        self.axes = sorted(axes, key=lambda axis: len(axis.cells))
        self._count = len(boxes)
        self.boxes = [tuple(_cells_in(axis, place) for axis in self.axes) for place in range(len(boxes))]
        self._full = self._done_before()
        self._parts: dict[tuple[str, int], Part] = {}
        self._nodes: dict[tuple[int, int], tuple[tuple[int, int], ...] | None] = {}

    def _done_before(self) -> list[int]:
        """Return, for each place on the way, the boxes that ask for none of the facts from there on."""
        found = [(1 << self._count) - 1]
        for place in range(len(self.axes) - 1, -1, -1):
            whole = self.axes[place].whole
            some = sum(1 << box for box, bits in enumerate(self.boxes) if bits[place] == whole)
            found.append(found[-1] & some)
        return found[::-1]

    def left_over(self) -> list[Bits]:
        """
        Return what no box has, as boxes in their turn; each as large as can be, unless there are very many.

        Raises:
            TooLargeError: If there is too much to tell apart.
        """
        pieces = list(islice(self._free(0, (1 << self._count) - 1, ()), MOST_BOXES + 1))
        if len(pieces) > MOST_BOXES:
            raise TooLargeError
        if len(pieces) > MOST_GROWN:
            return pieces
        found: list[Bits] = []
        outside: list[int] = []
        for bits in pieces:
            packed = self._packed(bits)
            if all(packed & other for other in outside):
                found.append(self._grown(bits))
                outside.append(~self._packed(found[-1]))
        return found

    def _packed(self, bits: Bits) -> int:
        """Return the cells of all facts side by side in one number."""
        packed = 0
        for axis, some in zip(self.axes, bits, strict=True):
            packed = packed << len(axis.cells) | some
        return packed

    def _free(self, place: int, met: int, before: Bits) -> Iterator[Bits]:
        """Yield the parts that none of the boxes *met* so far has; no two of them meet."""
        if not met:
            yield before + tuple(axis.whole for axis in self.axes[place:])
            return
        for bits, still in self._branches(place, met) or ():
            yield from self._free(place + 1, still, (*before, bits))

    def _branches(self, place: int, met: int) -> tuple[tuple[int, int], ...] | None:
        """Return the cells of one fact that lead to something free, by the boxes that are still met there."""
        if met & self._full[place]:
            return None
        known = (place, met)
        if known not in self._nodes:
            if len(self._nodes) > MOST_NODES:
                raise TooLargeError
            self._nodes[known] = None
            by_boxes: dict[int, int] = {}
            for cell, inside in enumerate(self.axes[place].inside):
                still = met & inside
                by_boxes[still] = by_boxes.get(still, 0) | 1 << cell
            kept = [(bits, still) for still, bits in by_boxes.items() if not still or self._branches(place + 1, still)]
            self._nodes[known] = tuple(kept) or None
        return self._nodes[known]

    def _grown(self, bits: Bits) -> Bits:
        """Return the largest box around one that meets no box: every fact that need not be asked drops out."""
        apart = [[place for place, one in enumerate(box) if not one & bits[place]] for box in self.boxes]
        found = [axis.whole for axis in self.axes]
        users = [sum(place in places for places in apart) for place in range(len(self.axes))]
        order = sorted(range(len(self.axes)), key=lambda place: (users[place], place))
        for place in order:
            for box, places in zip(self.boxes, apart, strict=True):
                if places == [place]:
                    found[place] &= ~box[place]
            for box, places in zip(self.boxes, apart, strict=True):
                if place in places and len(places) > 1:
                    places[:] = [place] if not box[place] & found[place] else [p for p in places if p != place]
        return tuple(found)

    def parts(self, bits: Bits) -> dict[Key, Part]:
        """Return a box as parts of facts, without the facts of which it has everything."""
        pairs = zip(self.axes, bits, strict=True)
        return {axis.key: self._part(axis, cells) for axis, cells in pairs if cells != axis.whole}

    def _part(self, axis: Axis, bits: int) -> Part:
        found = self._parts.get((axis.key, bits))
        if found is None:
            found = self._parts[axis.key, bits] = axis.part(bits)
        return found


def _cells_in(axis: Axis, box: int) -> int:
    return sum(1 << cell for cell, inside in enumerate(axis.inside) if inside >> box & 1)


def axis_of(space: Space, key: str, boxes: Sequence[Parts]) -> Axis:
    """Cut one fact's values at the ends of all boxes."""
    whole = space.whole(key)
    fact = space.tree.facts[key]
    within, there_is = whole.values, calendar(fact.type)
    parts = [box.get(key, whole) for box in boxes]
    cells: dict[int, list[Region]] = {}
    for inside, region in _classes(within, [part.values for part in parts]):
        if not is_empty(intersection(region, there_is)):
            cells.setdefault(inside, []).append(region)
    found = {inside: Part(union_of(regions)) for inside, regions in cells.items()}
    nothing = intersection(within, _none_of(within))
    if whole.missing:
        inside = sum(1 << place for place, part in enumerate(parts) if part.missing)
        found[inside] = Part(found[inside].values if inside in found else nothing, missing=True)
    return Axis(key, tuple(found.values()), tuple(found))


def _none_of(region: Region) -> Region:
    match region:
        case Words():
            return Words(frozenset())
        case Texts():
            return Texts(frozenset())
        case Spans():
            return Spans(inside=False)


def _classes(whole: Region, regions: Sequence[Region]) -> Iterator[tuple[int, Region]]:
    """Yield pieces that together make up a whole, with the regions (one bit each) that have them."""
    if isinstance(whole, Spans):
        yield from _pieces(whole, [region for region in regions if isinstance(region, Spans)])
        return
    words: Iterable[Value] = whole.words if isinstance(whole, Words) else ()
    if isinstance(whole, Texts):
        words = dict.fromkeys(word for region in regions if isinstance(region, Texts) for word in region.words)
        yield _inside(regions, None), Texts(frozenset(map(str, words)), inside=False)
    for word in words:
        yield (
            _inside(regions, word),
            Words(frozenset([word])) if isinstance(whole, Words) else Texts(frozenset([str(word)])),
        )


def _inside(regions: Sequence[Region], word: Value | None) -> int:
    """Return the regions that have a word; None stands for one that nobody names."""
    found = 0
    for place, region in enumerate(regions):
        has = isinstance(region, Words | Texts) and (word in region.words)
        if has != (isinstance(region, Texts) and not region.inside):
            found |= 1 << place
    return found


def _pieces(whole: Spans, regions: Sequence[Spans]) -> Iterator[tuple[int, Region]]:
    """Walk the line from below, noting which regions one is inside of."""
    turns: dict[object, int] = {}
    inside = 0
    for place, region in enumerate(regions):
        inside |= region.inside << place
        for cut in region.cuts:
            turns[cut] = turns.get(cut, 0) ^ 1 << place
    cuts = sorted({*whole.cuts, *(cut for region in regions for cut in region.cuts)})
    edges = [None, *cuts, None]
    for low, high in pairwise(edges):
        inside ^= turns.get(low, 0)
        piece = Spans(low is None, tuple(cut for cut in (low, high) if cut is not None))
        yield inside, intersection(piece, whole)


def left_over(space: Space, boxes: Sequence[Parts]) -> list[dict[Key, Part]] | None:
    """Return what no box over facts has, as boxes: exactly, the largest first; None where that is too much to tell."""
    cells = Cells(space, boxes)
    try:
        found = cells.left_over()
    except TooLargeError:
        return None
    return sorted((cells.parts(bits) for bits in found), key=len)


def is_over_facts(boxes: Iterable[Mapping[Key, Part]]) -> bool:
    """Whether boxes speak of facts alone."""
    return all(isinstance(key, str) for box in boxes for key in box)
