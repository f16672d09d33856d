"""
Ground truth about decision tables, by brute force and without the engine.

A table is raw text: a cell for each row and input, as it stands in TOML. Each input's axis falls into elementary cells, of which
one point each stands for all the others: every number that the column names, one between each two neighbours, and one beyond
either end. What the rows say of all combinations of these points is everything that there is to know about the table. What
`policy verify --format json` says is read back by a reader of its own as well.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, Final

import attrs

#: A value of an input: an exact number, a word, or true or false.
Point = Fraction | str | bool
UNITS: Final = {"s": 1, "min": 60, "h": 3_600, "day": 86_400, "days": 86_400}
START: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
#: How close together the values of a type are, where they are not everywhere.
GRAIN: Final = {"integer": Fraction(1), "date": Fraction(1)}
OTHER: Final = "a text that nobody names"
COMPARISON: Final = re.compile(r"^(<=|>=|<|>|!=|=)\s*(.+)$")
INTERVAL: Final = re.compile(r"^([\[(])\s*(.+?)\s*\.\.\s*(.+?)\s*([\])])$")


@attrs.frozen
class Input:
    """One input column: its name, its type, and its words where it has some."""

    name: str
    type: str
    words: tuple[str, ...] = ()
    low: str = ""

    def number(self, text: str) -> Fraction:
        """Read a number, an amount, a length of time, a day or a moment."""
        text = text.strip()
        if self.type == "date":
            return Fraction(dt.date.fromisoformat(text).toordinal())
        if self.type == "datetime":
            moment = dt.datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment
            return Fraction((moment - START) // dt.timedelta(microseconds=1), 1_000_000)
        if self.type == "duration":
            found = re.match(r"^([\d./]+)\s*(s|min|h|days?)$", text)
            assert found, text
            return Fraction(found[1]) * UNITS[found[2]]
        return Fraction(text.removesuffix(" USD").replace("_", ""))

    def holds(self, cell: object, value: Point) -> bool:
        """Say whether a cell lets a value through."""
        if isinstance(cell, bool):
            return value is cell
        if isinstance(cell, list):
            return any(self.holds(item, value) for item in cell)
        text = str(cell).strip()
        if text == "-":
            return True
        if text.startswith("not(") and text.endswith(")"):
            return not self.holds(text[4:-1], value)
        return any(self._one(part.strip(), value) for part in split(text))

    def _one(self, text: str, value: Point) -> bool:
        if interval := INTERVAL.match(text):
            low, high = self.place(interval[2]), self.place(interval[3])
            at = self.at(value)
            return bool(at > low if interval[1] == "(" else at >= low) and bool(
                at < high if interval[4] == ")" else at <= high
            )
        if compared := COMPARISON.match(text):
            sides = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (1, 0), "=": (0,), "!=": (-1, 1)}
            a, b = self.at(value), self.place(compared[2])
            return (a > b) - (a < b) in sides[compared[1]]
        return bool(self.at(value) == self.place(text))

    def place(self, text: str) -> Any:
        if self.type == "boolean":
            return text == "true"
        if self.type == "scale":
            return self.words.index(text.strip("'"))
        if self.type in ("text", "words"):
            return text.strip("'")
        return self.number(text)

    def at(self, value: Point) -> Any:
        return self.words.index(str(value)) if self.type == "scale" else value

    def points(self, cells: Sequence[object]) -> list[Point]:
        """Return one value for each elementary cell of the column."""
        if self.type == "boolean":
            return [False, True]
        if self.words:
            return list(self.words)
        if self.type == "text":
            return [*sorted({str(self.place(text)) for text in named(cells)}), OTHER]
        ends = sorted({self.number(text) for text in named(cells)})
        grain = GRAIN.get(self.type)
        inner = [(a + b) / 2 for a, b in itertools.pairwise(ends)]
        found = {*ends, *inner, *(end + step for end in ends[:1] + ends[-1:] for step in (-100, 100))} or {Fraction(5)}
        if grain is not None:
            found = {*ends, *(end + step * grain for end in ends for step in (-1, 1)), *map(Fraction, map(int, found))}
        low = None if not self.low else self.number(self.low)
        return sorted(value for value in {*found, *([] if low is None else [low])} if low is None or value >= low)


def split(text: str) -> list[str]:
    """Split a list at the commas that stand outside quotes."""
    return [part for part in re.split(r",(?=(?:[^']*'[^']*')*[^']*$)", text) if part.strip()]


def named(cells: Sequence[object]) -> Iterator[str]:
    """Yield every literal that a column names."""
    for cell in cells:
        for item in cell if isinstance(cell, list) else [cell]:
            text = str(item).strip().removeprefix("not(")
            text = text.removesuffix(")") if text != str(item).strip() else text
            for part in [] if text == "-" else split(text):
                if interval := INTERVAL.match(part.strip()):
                    yield from (interval[2], interval[3])
                elif compared := COMPARISON.match(part.strip()):
                    yield compared[2]
                else:
                    yield part.strip()


@attrs.frozen
class Table:
    """A decision table: inputs, the rows' cells, and what each row says."""

    inputs: tuple[Input, ...]
    rows: tuple[tuple[object, ...], ...]
    outcomes: tuple[str, ...]
    hit_policy: str = "unique"
    _held: dict[tuple[int, int, Point], bool] = attrs.field(factory=dict, init=False, eq=False, repr=False)

    def axes(self) -> list[list[Point]]:
        """Return the points of each input."""
        return [one.points([row[place] for row in self.rows]) for place, one in enumerate(self.inputs)]

    def matching(self, point: Sequence[Point]) -> tuple[int, ...]:
        """Return the rows, counted from 1, that hold at a point."""
        return tuple(
            number
            for number in range(1, len(self.rows) + 1)
            if all(self._holds(number, place, value) for place, value in enumerate(point))
        )

    def _holds(self, number: int, place: int, value: Point) -> bool:
        """Say whether a row's cell lets a value through: it is read once for each point of its axis, not of all combinations."""
        key = number, place, value
        if key not in self._held:
            self._held[key] = self.inputs[place].holds(self.rows[number - 1][place], value)
        return self._held[key]

    def clashes(self, matching: Sequence[int]) -> set[tuple[int, int]]:
        """Return the pairs of rows that are to be reported where some rows hold."""
        pairs = itertools.combinations(matching, 2)
        return {(a, b) for a, b in pairs if self.hit_policy == "unique" or self.outcomes[a - 1] != self.outcomes[b - 1]}


def region_test(region: Sequence[Mapping[str, Any]], inputs: Sequence[Input]) -> Callable[[Sequence[Point]], bool]:
    """Read a region of the JSON output: return whether a point lies in it."""
    places = {one.name: place for place, one in enumerate(inputs)}
    boxes = []
    for box in region:
        assert set(box) == {"facts"}, box
        tests = []
        for name, part in box["facts"].items():
            one = inputs[places[name]]
            assert part["type"] == ("text" if one.type == "words" else one.type)
            assert part["missing"] is False
            # A value is tested once, not at all combinations with others.
            tests.append((places[name], cache(_part_test(part, one))))
        boxes.append(tests)
    return lambda point: any(all(test(point[place]) for place, test in tests) for tests in boxes)


def _part_test(part: Mapping[str, Any], one: Input) -> Callable[[Point], bool]:
    keys = set(part) - {"type", "missing"}
    if keys == {"values"}:
        assert all(type(value) is (bool if one.type == "boolean" else str) for value in part["values"])
        return lambda value: value in part["values"]
    if keys == {"all_but"}:
        return lambda value: value not in part["all_but"]
    assert keys == {"intervals"}, keys
    pieces = []
    for piece in part["intervals"]:
        assert set(piece) == {"low", "low_closed", "high", "high_closed"}
        assert all(isinstance(piece[key], bool) for key in ("low_closed", "high_closed"))
        low, high = (None if piece[end] is None else one.number(piece[end]) for end in ("low", "high"))
        assert low is not None or not piece["low_closed"]
        assert high is not None or not piece["high_closed"]
        pieces.append((low, piece["low_closed"], high, piece["high_closed"]))

    def holds(value: Point) -> bool:
        assert isinstance(value, Fraction)
        return any(
            (low is None or value > low or (low_closed and value == low))
            and (high is None or value < high or (high_closed and value == high))
            for low, low_closed, high, high_closed in pieces
        )

    return holds
