"""From a column of whatever Arrow type to what the loop reads: indices, bits or numbers, with the classes that they stand for.

A value that no coder is sure about is *hard*: its row is decided by itself, which is exact whatever it is.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final, TypeAlias

import attrs
import numpy as np

from ...rules.currencies import MINOR_DIGITS
from ...rules.given import LONGEST_LIST, LONGEST_TEXT, Currencies, FactProblem, read_fact
from ...rules.regions import Cut
from ...rules.types import LARGEST, Fact, Number
from ..classes import Column
from ..steps import float_step, whole_step
from ..truth import is_value
from .library import Array, ArrowType, pa, pc
from .loop import BITS, BYTES, FLOATS, HARD, INDICES, INTS, SMALL_INTS
from .reading import value_at

#: How many distinct texts of a fact are remembered from batch to batch.
REMEMBERED: Final = 100_000
_UNIT_SECONDS: Final = {"minutes": 60, "hours": 3_600, "days": 86_400}
_PER_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000}
_EPOCH_DAY: Final = dt.date(1970, 1, 1).toordinal()
_LONGEST_SPAN: Final = 999_999_999 * 86_400  # seconds; a timedelta may be a day longer
#: Moments that lie so far from the ends of the calendar that no time zone carries them beyond.
_FIRST_MOMENT, _LAST_MOMENT = (
    (day.toordinal() - _EPOCH_DAY) * 86_400 for day in (dt.date(1, 1, 5), dt.date(9999, 12, 25))
)
_LEAST, _MOST = -(2**63), 2**63 - 1

Step: TypeAlias = Callable[[Cut], "int | float"]


@attrs.frozen
class Coded:
    """A column as the loop reads it: *values* of a *kind*, with a code for each index, or with the edges of the classes."""

    kind: int
    values: Any
    codes: Any = None
    edges: Any = None
    valid: Any = None
    bit: int = 0
    valid_bit: int = 0


@attrs.define
class Coder:
    """
    Codes the columns of one fact.

    *words* are the classes of texts; *classes* says how many there are, a null being one more. What a text or another value was
    read as is remembered.
    """

    fact: Fact
    column: Column
    currencies: Currencies
    words: dict[object, int] = attrs.field(init=False)
    classes: int = attrs.field(init=False)
    _memory: dict[tuple[type, object], int] = attrs.field(init=False, factory=dict)
    _edges: dict[object, Any] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        if self.fact.type.is_ordered:
            self.words, self.classes = {}, len(self.column.cuts) + 1
        else:
            self.words = {word: at for at, word in enumerate(dict(self.column.words))}
            self.classes = len(self.words) + (0 if self.fact.type.is_finite else 1)

    def vectors(self) -> list[int]:
        """Return the vector of each class."""
        if self.fact.type.is_ordered:
            return [vector for vector in self.column.vectors if vector is not None]
        found = [self.column.words[word] for word in self.words]
        return found if self.fact.type.is_finite else [*found, self.column.any_text]

    def class_of(self, raw: object) -> int:
        """Return the class of one value as Python has it, `HARD` where it is uncertain or wrong."""
        try:
            known = read_fact(raw, self.fact, self.currencies)
        except FactProblem:
            return HARD
        if not is_value(known):
            return HARD
        if self.fact.type.is_ordered:
            assert isinstance(known, int | Fraction)
            return self._ordered_class(known)
        return self.words.get(known, self.classes - 1) if self.fact.type.is_finite or isinstance(known, str) else 0

    def _ordered_class(self, value: Number) -> int:
        return bisect_right(self.column.cuts, (value, 0))

    # -- columns

    def coded(self, column: Array) -> Coded:
        """Return a column as the loop reads it."""
        if isinstance(column, pa.ExtensionArray):
            column = column.storage if column.type.extension_name == "arrow.bool8" else column
        kind = column.type
        if pa.types.is_dictionary(kind):
            return self._from_dictionary(column)
        if pa.types.is_boolean(kind):
            return self._from_bits(column)
        if _is_text(kind):
            return self._from_texts(column)
        if pa.types.is_list(kind) and self.fact.type.kind == "list" and _is_text(kind.value_type):
            return self._from_lists(column)
        made = self._from_numbers(column)
        return made if made is not None else _all_hard(column)

    def _from_bits(self, column: Array) -> Coded:
        codes = np.array([self.class_of(raw) for raw in (False, True)], np.uint32)
        if (codes == HARD).any():
            return _all_hard(column)
        bits = column.buffers()[1]
        return _with_nulls(
            column, Coded(BITS, np.zeros(1, np.uint8) if bits is None else bits, codes, bit=column.offset)
        )

    def _from_texts(self, column: Array) -> Coded:
        if pa.types.is_string_view(column.type):
            column = column.cast(pa.large_string())
        if self.classes == 1 and self.fact.type.kind == "text" and _is_sound(column):
            return _with_nulls(column, Coded(BYTES, np.zeros(len(column), np.uint8), np.zeros(1, np.uint32)))
        return self._from_dictionary(column.dictionary_encode())

    def _from_dictionary(self, column: Array) -> Coded:
        words = column.dictionary
        missing = self.classes
        codes = [missing if word is None else self._remembered(word) for word in _values(words)]
        wide = column.indices if column.indices.type.bit_width in (8, 32) else column.indices.cast(pa.int32())
        kind, width = (BYTES, 1) if wide.type.bit_width == 8 else (INDICES, 4)
        return _with_nulls(wide, Coded(kind, _address(wide, width), np.array(codes or [HARD], np.uint32)))

    def _remembered(self, word: object) -> int:
        key = type(word), word  # because 1, 1.0 and True are three values
        try:
            return self._memory[key]
        except KeyError:
            found = self.class_of(word)
            if len(self._memory) < REMEMBERED:
                self._memory[key] = found
            return found
        except TypeError:  # a list
            return self.class_of(word)

    def _from_lists(self, column: Array) -> Coded:
        """Code lists of texts, all of one class: only their lengths are looked at."""
        lengths, items = pc.list_value_length(column), column.flatten()
        if (pc.max(lengths).as_py() or 0) > LONGEST_LIST or items.null_count or not _is_sound(items):
            return _all_hard(column)
        return _with_nulls(column, Coded(BYTES, np.zeros(len(column), np.uint8), np.zeros(1, np.uint32)))

    def _from_numbers(self, column: Array) -> Coded | None:
        kind = column.type
        step = self._step(kind)
        if step is None:
            return None
        if pa.types.is_decimal(kind):
            return self._from_decimals(column, step)
        if pa.types.is_floating(kind):
            return self._from_floats(column, step)
        edges = self._whole_edges(kind, step)
        bits = column.type.bit_width
        if bits == 32 and not pa.types.is_uint32(kind):
            return _with_nulls(column, Coded(SMALL_INTS, _address(column, 4), edges=edges))
        if bits != 64:
            column = column.cast(pa.int64())
        elif pa.types.is_uint64(kind):
            if (pc.max(column).as_py() or 0) > _MOST:
                return None
            column = column.cast(pa.int64())
        return _with_nulls(column, Coded(INTS, _address(column, 8), edges=edges))

    def _from_floats(self, column: Array, step: Step) -> Coded:
        values = column.cast(pa.float64())
        if self.fact.type.kind == "integer":
            plain = values.fill_null(0.0).to_numpy(zero_copy_only=False)
            whole = np.where(plain == np.floor(plain), plain, np.nan)  # what is not whole is hard, as NaN is
            values = (
                pa.array(whole, mask=column.is_null().to_numpy(zero_copy_only=False))
                if column.null_count
                else pa.array(whole)
            )
        key = "float"
        if key not in self._edges:
            edges = [step(cut) for cut in self._cuts(_of_numbers)]
            edges[-1] = math.nextafter(edges[-1], -math.inf)
            self._edges[key] = np.array(edges, np.float64)
        return _with_nulls(values, Coded(FLOATS, _address(values, 8), edges=self._edges[key]))

    def _from_decimals(self, column: Array, step: Step) -> Coded | None:
        if column.type.bit_width != 128:
            try:
                column = column.cast(pa.decimal128(38, column.type.scale))
            except pa.ArrowException:
                return None
        pairs = np.frombuffer(column.buffers()[1] or b"", np.int64)[2 * column.offset :][: 2 * len(column)].reshape(
            -1, 2
        )
        low = np.ascontiguousarray(pairs[:, 0])
        if column.type.precision > 18:
            fits = pairs[:, 1] == low >> 63
            if not (fits.all() or pc.all(pc.or_(pa.array(fits), column.is_null())).as_py()):
                return None
        return _with_nulls(column, Coded(INTS, low, edges=self._whole_edges(column.type, step)))

    def _whole_edges(self, kind: ArrowType, step: Step) -> Any:
        if kind not in self._edges:
            low, *cuts, high = [int(step(cut)) for cut in self._cuts(_ends(kind))]
            cuts = [max(cut, _LEAST) for cut in cuts if cut <= _MOST]
            edges = [max(low, _LEAST), *cuts, min(high - 1, _MOST)]
            self._edges[kind] = (
                np.array(edges, np.int64) if low <= _MOST and high > _LEAST else np.array([1, 0], np.int64)
            )
        return self._edges[kind]

    def _cuts(self, ends: tuple[Cut, Cut]) -> Sequence[Cut]:
        low, high = ends
        if self.fact.low is not None:
            low = max(low, (self.fact.low, 0))
        if self.fact.high is not None:
            high = min(high, (self.fact.high, 1))
        return (low, *self.column.cuts, high)

    def _step(self, kind: ArrowType) -> Step | None:
        """Return where a class begins in the units of an Arrow type, None where the fact does not take it."""
        fact = self.fact.type.kind
        scale = _scale(self.fact, self.currencies.home)
        if scale is not None and pa.types.is_integer(kind):
            return lambda cut: whole_step(cut, scale)
        if scale is not None and pa.types.is_floating(kind) and not pa.types.is_float16(kind):
            return lambda cut: float_step(cut, scale)
        if (
            scale is not None
            and pa.types.is_decimal(kind)
            and (kind.scale == 0 or (kind.scale > 0 and fact != "integer"))
        ):
            return lambda cut: whole_step((Fraction(cut[0]) * 10**kind.scale, cut[1]), scale)
        if pa.types.is_duration(kind) and fact == "duration":
            return lambda cut: whole_step((cut[0] * _PER_SECOND[kind.unit], cut[1]), 1)
        if pa.types.is_date32(kind) and fact == "date":
            return lambda cut: whole_step((cut[0] - _EPOCH_DAY, cut[1]), 1)
        if pa.types.is_timestamp(kind) and fact == "datetime":
            return lambda cut: whole_step((Fraction(cut[0] * _PER_SECOND[kind.unit], 1_000_000), cut[1]), 1)
        return None


_of_numbers: Final[tuple[Cut, Cut]] = ((-LARGEST, 0), (LARGEST, 1))


def _ends(kind: ArrowType) -> tuple[Cut, Cut]:
    """Return the least and the greatest canonical value of which it is certain that Python has it."""
    if pa.types.is_duration(kind):
        return (-_LONGEST_SPAN, 0), (_LONGEST_SPAN, 1)
    if pa.types.is_date(kind):
        return (1, 0), (dt.date.max.toordinal(), 1)
    if pa.types.is_timestamp(kind):
        return (_FIRST_MOMENT * 1_000_000, 0), (_LAST_MOMENT * 1_000_000, 1)
    return _of_numbers


def _scale(fact: Fact, home: str) -> int | None:
    """Return how many canonical units one unit of a bare number is, None where the fact takes no bare numbers."""
    match fact.type.kind:
        case "money":
            return int(10 ** MINOR_DIGITS[home])
        case "number" | "integer":
            return 1
        case "duration":
            return _UNIT_SECONDS.get(fact.unit)
        case _:
            return None


def _is_text(kind: ArrowType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_sound(texts: Array) -> bool:
    """Whether all texts are UTF-8 and short enough for sure."""
    try:
        texts.validate(full=True)
    except pa.ArrowException:
        return False
    return (pc.max(pc.binary_length(texts)).as_py() or 0) <= LONGEST_TEXT


def _values(words: Array) -> list[object]:
    try:
        listed: list[object] = words.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):
        return [value_at(words, at) for at in range(len(words))]
    return listed


def _all_hard(column: Array) -> Coded:
    return _with_nulls(column, Coded(BYTES, np.zeros(len(column), np.uint8), np.array([HARD], np.uint32)))


def _address(column: Array, width: int) -> Any:
    """Return the memory of a column of fixed width, from its first row on."""
    buffer = column.buffers()[1]
    return np.frombuffer(buffer, np.uint8)[column.offset * width :] if buffer is not None else np.zeros(8, np.uint8)


def _with_nulls(column: Array, coded: Coded) -> Coded:
    """Return a coded column with the bits that say which rows have a value."""
    if not column.null_count:
        return coded
    bits = column.buffers()[0]
    if bits is None:  # a column of nulls alone
        return attrs.evolve(coded, valid=np.zeros(len(column) // 8 + 2, np.uint8))
    return attrs.evolve(coded, valid=bits, valid_bit=column.offset)
