"""The compiled loop: class codes, table look-ups and wide ANDs over Arrow's own memory. It is the same for every policy.

A *word* is 64 bits of a policy's vectors, the highest first, so that the first clause left is the highest bit of the first word that
is not zero. What the loop reads is described by arrays of numbers (`Inputs`), not by code: nothing is compiled for a policy.

All that is compiled is in this one file: numba keeps a function for the next process as long as the function's own file is the same,
whatever became of those that it calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import numpy as np

from .library import library

numba: Final[Any] = library("numba")
_types: Final[Any] = library("numba.core.types")
_cgutils: Final[Any] = library("numba.core.cgutils")
_arrays: Final[Any] = library("numba.np.arrayobj")
_extending: Final[Any] = library("numba.extending")
leading_zeros: Final[Any] = library("numba.cpython.unsafe.numbers").leading_zeros

F = TypeVar("F", bound=Callable[..., Any])

#: How many rows are worked on at once: what is known of them stays in the nearest cache.
CHUNK: Final = 1_024
#: How few thresholds are compared one by one; more are searched.
FEW: Final = 24
#: The kinds of input.
BYTES, INDICES, BITS, INTS, SMALL_INTS, FLOATS = range(6)
#: In a table of codes: a value that the loop does not settle.
HARD: Final = 0xFFFF_FFFF
#: What the memory of signatures has for one that is not there, and for one that does not settle a row.
ABSENT: Final = -3
OPEN: Final = -2
#: The side of a row whose duties follow from its verdicts alone; those below it follow from rules of duties too.
FOLLOWS: Final = -2


class Inputs(NamedTuple):
    """
    The columns of a batch as the loop reads them, one entry each.

    *data* and *valid* are addresses, *bit* and *valid_bit* offsets in bits; *first* and *count* say which part of *codes* or of the
    edges is the column's own. *missing* is the class of a null.
    """

    kind: Any
    data: Any
    bit: Any
    valid: Any
    valid_bit: Any
    group: Any
    stride: Any
    missing: Any
    first: Any
    count: Any
    codes: Any
    whole_edges: Any
    real_edges: Any
    base: Any


class Program(NamedTuple):
    """
    A policy as the loop reads it.

    *tables* are the joined vectors of each group of facts, beginning at *table*; *start* is what facts that no column has leave.
    *ready* has for each decision the verdict of each first clause, and *waits* whether it is that only while no fact is missing.
    *certain* and *possible* are what each flag leaves, *asking* the clauses for which it counts.
    """

    words: int
    size: int
    tables: Any
    table: Any
    start: Any
    masks: Any
    ready: Any
    waits: Any
    is_first: Any
    special: Any
    guarding: Any
    free: Any
    flags: Any
    facts: int
    certain: Any
    possible: Any
    asking: Any


class Memory(NamedTuple):
    """
    What signatures come to: an open table of hashes, each key with the decision behind it and, above nothing, its value.

    *clear* has for each decision and verdict the clauses of red lines that it does not rule out; *results* are the verdicts, and the
    side, of all decisions together.
    """

    keys: Any
    clear: Any
    results: Any


class Found(NamedTuple):
    """Where the loop writes: codes of verdicts, codes of sides, rows that it does not settle, signatures that it does not know."""

    codes: Any
    sides: Any
    hard: Any
    missed_row: Any
    missed_decision: Any
    missed_key: Any
    counts: Any


def compiled(function: F) -> F:
    """
    Have a function compiled when it is first called from Python, and kept for the next process.

    None of ours makes an array, so the references to those that they are given are not counted: counting them took longer than all else.
    """
    return _compiled(function, cache=True)


def _part(function: F) -> F:
    """Have a function compiled for others to call: to let Python call it, and the next process find it, took a fifth of all the time."""
    return _compiled(function, no_cpython_wrapper=True)


def _in_place(function: F) -> F:
    """Have a function compiled as a part of the one place that calls it: what is called is compiled again within each caller."""
    return _compiled(function, no_cpython_wrapper=True, inline="always")


def _compiled(function: F, **options: Any) -> F:
    made: F = numba.njit(nogil=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True, **options)(function)
    return made


def _intrinsic(function: Callable[..., Any]) -> Any:
    return _extending.intrinsic(function)


@_intrinsic
def _view(_context: Any, address: Any, count: Any, dtype: Any) -> Any:
    """Look at foreign memory as an array; numba's own `carray` does so with counted references only."""
    array = _types.Array(dtype.dtype, 1, "C")

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], _cgutils.voidptr_t)
        return _arrays.np_cfarray(context, builder, array(_types.voidptr, count), (pointer, arguments[1]))

    return array(address, count, dtype), generate


@_part
def _unpack(address: Any, bit: Any, count: Any, out: Any) -> None:
    """Unpack bits into bytes."""
    bits = _view(address, (bit + count + 7) // 8 + 1, np.uint8)
    if bit % 8 == 0:
        at = bit // 8
        whole = count // 8
        for place in range(whole):
            byte = bits[at + place]
            for k in range(8):
                out[8 * place + k] = (byte >> k) & 1
        for i in range(8 * whole, count):
            out[i] = (bits[at + whole] >> (i - 8 * whole)) & 1
    else:
        for i in range(count):
            out[i] = (bits[(bit + i) >> 3] >> ((bit + i) & 7)) & 1


@_part
def _classify(values: Any, edges: Any, place: Any, bad: Any) -> None:
    """Find the class of each value between its edges; one beyond the first or the last is bad, and so is NaN."""
    count, steps = len(values), len(edges) - 2
    low, high = edges[0], edges[steps + 1]
    for i in range(count):
        bad[i] = not ((values[i] >= low) & (values[i] <= high))
        place[i] = 0
    if steps <= FEW:
        for step in range(1, steps + 1):
            edge = edges[step]
            for i in range(count):
                place[i] += np.uint32(values[i] >= edge)
        return
    left = steps
    while left > 1:
        half = left // 2
        for i in range(count):
            place[i] += np.uint32(half) if values[i] >= edges[place[i] + half] else np.uint32(0)
        left -= half
    for i in range(count):
        place[i] += np.uint32(values[i] >= edges[place[i] + 1])


@_part
def _look_up(indices: Any, codes: Any, valid: Any, has_nulls: Any, place: Any, bad: Any) -> None:
    """Look codes up by index."""
    for i in range(len(indices)):
        at = indices[i]
        if has_nulls and not valid[i]:
            at = 0
        code = codes[at]
        bad[i] = code == HARD
        place[i] = 0 if code == HARD else code


class Words(NamedTuple):
    """Words of one row: the clauses and flags left, what is certain, what is possible, and a signature."""

    left: Any
    certain: Any
    possible: Any
    key: Any


#: Rows that are worked on at once: the first, and how many.
Chunk: TypeAlias = tuple[int, int]


class Scratch(NamedTuple):
    """What is known of a chunk of rows, and room to work it out: *codes* of each group, rows too *hard*, places of one column."""

    codes: Any
    hard: Any
    place: Any
    bad: Any
    valid: Any
    single: Any


@_in_place
def _read(inputs: Inputs, at: Any, chunk: Chunk, scratch: Scratch) -> None:
    """Work out the classes of one column for a chunk of rows."""
    (start, count), kind, data = chunk, inputs.kind[at], inputs.data[at]
    first, last = inputs.first[at], inputs.first[at] + inputs.count[at]
    place, bad, valid, has_nulls = scratch.place, scratch.bad, scratch.valid, inputs.valid[at] != 0
    if kind == BYTES:
        narrow = _view(data + np.uint64(start), count, np.uint8)
        _look_up(narrow, inputs.codes[first:last], valid, has_nulls, place, bad)
    elif kind == INDICES:
        wide = _view(data + np.uint64(4 * start), count, np.int32)
        _look_up(wide, inputs.codes[first:last], valid, has_nulls, place, bad)
    elif kind == BITS:
        no, yes = inputs.codes[first], inputs.codes[first + 1]
        _unpack(data, inputs.bit[at] + start, count, bad)
        for i in range(count):
            place[i] = yes if bad[i] else no
            bad[i] = 0
    elif kind == INTS:
        long = _view(data + np.uint64(8 * start), count, np.int64)
        _classify(long, inputs.whole_edges[first:last], place, bad)
    elif kind == SMALL_INTS:
        short = _view(data + np.uint64(4 * start), count, np.int32)
        _classify(short, inputs.whole_edges[first:last], place, bad)
    else:
        real = _view(data + np.uint64(8 * start), count, np.float64)
        _classify(real, inputs.real_edges[first:last], place, bad)


@_part
def _code(inputs: Inputs, chunk: Chunk, scratch: Scratch) -> None:
    """Work out, for a chunk of rows, the class of every fact, joined within each group, and which rows are too hard."""
    (start, count), hard, place, bad, valid = chunk, scratch.hard, scratch.place, scratch.bad, scratch.valid
    for group in range(len(inputs.base)):
        for i in range(count):
            scratch.codes[group, i] = inputs.base[group]
    for i in range(count):
        hard[i] = 0
    for at in range(len(inputs.kind)):
        if inputs.valid[at] != 0:
            _unpack(inputs.valid[at], inputs.valid_bit[at] + start, count, valid)
        _read(inputs, at, chunk, scratch)
        if inputs.valid[at] != 0:
            missing = np.uint32(inputs.missing[at])
            for i in range(count):
                place[i] = place[i] if valid[i] else missing
                hard[i] |= bad[i] & valid[i]
        else:
            for i in range(count):
                hard[i] |= bad[i]
        joined, stride = scratch.codes[inputs.group[at]], np.uint32(inputs.stride[at])
        for i in range(count):
            joined[i] += place[i] * stride


@_part
def _top(words: Any, masks: Any, decision: Any) -> Any:
    """Return the place of the first clause of a decision that is left, the last of all where there is none."""
    for word in range(len(words)):
        bits = words[word] & masks[decision, word]
        if bits:
            return 64 * word + np.int64(leading_zeros(bits))
    return 64 * len(words)


@_part
def _fold(program: Program, left: Any, certain: Any, possible: Any) -> Any:
    """Work out what holds for certain and what may, from the clauses and flags left; say whether there are flags."""
    flagged = False
    for word in range(program.words):
        certain[word] = possible[word] = left[word]
    for word in range(program.words):
        bits = left[word] & program.flags[word]
        while bits:
            flagged = True
            at = np.int64(leading_zeros(bits))
            bits &= ~(np.uint64(1) << np.uint64(63 - at))
            flag = program.size - 1 - (64 * word + at)
            for other in range(program.words):
                certain[other] &= program.certain[flag, other]
                possible[other] &= program.possible[flag, other]
    return flagged


@_part
def _keep(program: Program, decision: Any, certain: Any, possible: Any, key: Any) -> None:
    """Add to a signature the clauses that have a say in a decision: under `first`, none below the first certain one."""
    last = 64 * program.words
    if program.is_first[decision]:
        last = _top(certain, program.masks, decision)
    for word in range(program.words):
        if 64 * word > last:
            break
        bits = possible[word] & program.masks[decision, word]
        if last < 64 * word + 63:
            below = np.uint64(63 - (last - 64 * word))
            bits = (bits >> below) << below
        key[word] |= bits


@_part
def _keep_flags(program: Program, left: Any, key: Any) -> None:
    """
    Add to a signature the flags for which one of its clauses asks.

    What a test over several facts waits for may hang on other flags: then all of them are added.
    """
    every = False
    for word in range(program.words):
        bits = left[word] & program.flags[word]
        while bits and not every:
            at = np.int64(leading_zeros(bits))
            bit = np.uint64(1) << np.uint64(63 - at)
            bits &= ~bit
            flag = program.size - 1 - (64 * word + at)
            for other in range(program.words):
                if key[other] & program.asking[flag, other]:
                    key[word] |= bit
                    if flag >= program.facts:
                        every = True
                    break
    if every:
        for word in range(program.words):
            key[word] |= left[word] & program.flags[word]


@_part
def _remembered(memory: Memory, decision: Any, key: Any) -> Any:
    """Return what a signature comes to."""
    words, keys = len(key), memory.keys
    at = _hash(decision, key) & np.uint64(len(keys) - 1)
    while keys[at, words + 1]:
        same = keys[at, words] == np.uint64(decision)
        for word in range(words):
            same &= keys[at, word] == key[word]
        if same:
            return np.int64(keys[at, words + 1]) + ABSENT
        at = (at + np.uint64(1)) & np.uint64(len(keys) - 1)
    return np.int64(ABSENT)


@_part
def _remembered_single(memory: Memory, decision: Any, key: Any) -> Any:
    """Do the same where a signature is one word."""
    keys, number = memory.keys, np.uint64(decision)
    at = _mixed(number ^ key) & np.uint64(len(keys) - 1)
    while keys[at, 2]:
        if keys[at, 0] == key and keys[at, 1] == number:
            return np.int64(keys[at, 2]) + ABSENT
        at = (at + np.uint64(1)) & np.uint64(len(keys) - 1)
    return np.int64(ABSENT)


@_part
def _hash(decision: Any, key: Any) -> Any:
    found = np.uint64(decision)
    for word in range(len(key)):
        found = _mixed(found ^ key[word])
    return found


@_part
def _mixed(bits: Any) -> Any:
    """Spread bits over a word: the highest ones, which are the first rules, reach the lowest, which are the place in the table."""
    bits = (bits ^ bits >> np.uint64(32)) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ bits >> np.uint64(29)) * np.uint64(0xD6E8FEB86659FD93)
    return bits ^ bits >> np.uint64(32)


@compiled
def remember_all(table: Any, decisions: Any, keys: Any, values: Any) -> None:
    """Put down what signatures come to, each of them once; there is room."""
    words = keys.shape[1]
    for one in range(len(values)):
        at = _hash(decisions[one], keys[one]) & np.uint64(len(table) - 1)
        while table[at, words + 1]:
            at = (at + np.uint64(1)) & np.uint64(len(table) - 1)
        for word in range(words):
            table[at, word] = keys[one, word]
        table[at, words] = np.uint64(decisions[one])
        table[at, words + 1] = np.uint64(values[one] - ABSENT)


@_part
def _miss(found: Found, row: Any, decision: Any, key: Any) -> None:
    at = found.counts[1]
    found.missed_row[at] = row
    found.missed_decision[at] = decision
    for word in range(len(key)):
        found.missed_key[at, word] = key[word]
    found.counts[1] = at + 1


@_part
def _too_hard(found: Found, row: Any) -> None:
    found.hard[found.counts[0]] = row
    found.counts[0] += 1


@_in_place
def _explore(program: Program, memory: Memory, found: Found, row: Any, words: Words) -> None:
    """Settle a row that asks for more than its first clauses: facts are missing, red lines may be crossed, or all rules count."""
    left, certain, possible, key = words.left, words.certain, words.possible, words.key
    flagged = _fold(program, left, certain, possible)
    is_known = True
    for decision in range(len(program.masks)):
        first = _top(possible, program.masks, decision)
        sure = _top(certain, program.masks, decision) if program.is_first[decision] else 64 * program.words
        if first == sure:
            code = program.ready[decision, sure]
            if code >= 0 and not (flagged and program.waits[decision, sure]):
                found.codes[decision, row] = code
                continue
        for word in range(program.words):
            key[word] = 0
        _keep(program, decision, certain, possible, key)
        _keep_flags(program, left, key)
        value = _remembered(memory, decision, key)
        if value == OPEN:
            _too_hard(found, row)
            return
        if value == ABSENT:
            _miss(found, row, decision, key)
            is_known = False
        else:
            found.codes[decision, row] = value
    if is_known:
        _settle_beside(program, memory, found, row, words)


@_part
def _settle_beside(program: Program, memory: Memory, found: Found, row: Any, words: Words) -> None:
    """Settle what goes with the verdicts of a row, all of which are known."""
    possible, key = words.possible, words.key
    decisions = len(program.masks)
    brings = False
    for word in range(program.words):
        alive = possible[word] & program.guarding[word]
        if alive:
            for decision in range(decisions):
                alive &= memory.clear[decision, found.codes[decision, row], word]
            if alive:
                _settle_together(program, memory, found, row, words)
                return
        key[word] = possible[word] & program.free[word]
        brings |= key[word] != 0
    if brings:
        _keep_flags(program, words.left, key)
        value = _remembered(memory, decisions + 1, key)
        if value == ABSENT:
            _miss(found, row, decisions + 1, key)
        else:
            found.sides[row] = FOLLOWS - 1 - value


@_in_place
def _settle_together(program: Program, memory: Memory, found: Found, row: Any, words: Words) -> None:
    """Settle a row whose decisions hang together, by a red line that they may cross."""
    left, certain, possible, key = words.left, words.certain, words.possible, words.key
    decisions = len(program.masks)
    for word in range(program.words):
        key[word] = possible[word] & (program.guarding[word] | program.free[word])
    for decision in range(decisions):
        _keep(program, decision, certain, possible, key)
    _keep_flags(program, left, key)
    value = _remembered(memory, decisions, key)
    if value == OPEN:
        _too_hard(found, row)
    elif value == ABSENT:
        _miss(found, row, decisions, key)
    else:
        for decision in range(decisions):
            found.codes[decision, row] = memory.results[value, decision]
        found.sides[row] = memory.results[value, decisions]


@_part
def _explore_single(
    program: Program, memory: Memory, found: Found, chunk: Chunk, scratch: Scratch, words: Words
) -> None:
    """Do what `_explore` does for all rows of a chunk that ask for it, where one word holds all clauses."""
    (start, count), single, special, flags = chunk, scratch.single, program.special[0], program.flags[0]
    beside = program.guarding[0] | program.free[0]
    for i in range(count):
        left = single[i]
        if scratch.hard[i]:
            _too_hard(found, start + i)
            continue
        if not left & special:
            if left & beside:
                words.left[0] = words.certain[0] = words.possible[0] = left
                _settle_beside(program, memory, found, start + i, words)
            continue
        certain, possible = _folded(program, left)
        is_known = True
        for decision in range(len(program.masks)):
            mask = program.masks[decision, 0]
            may = possible & mask
            sure = np.int64(leading_zeros(certain & mask)) if program.is_first[decision] else np.int64(64)
            if np.int64(leading_zeros(may)) == sure:
                code = program.ready[decision, sure]
                if code >= 0 and not (left & flags and program.waits[decision, sure]):
                    found.codes[decision, start + i] = code
                    continue
            if sure < 64:
                below = np.uint64(63 - sure)
                may = (may >> below) << below
            key = may | _kept_flags(program, left, may)
            value = _remembered_single(memory, decision, key)
            if value >= 0:
                found.codes[decision, start + i] = value
                continue
            is_known = False
            if value == OPEN:
                _too_hard(found, start + i)
                break
            words.key[0] = key
            _miss(found, start + i, decision, words.key)
        if is_known and possible & beside:
            words.left[0], words.certain[0], words.possible[0] = left, certain, possible
            _settle_beside(program, memory, found, start + i, words)


@_part
def _folded(program: Program, left: Any) -> Any:
    """Return what holds for certain and what may, as `_fold` finds them."""
    certain = possible = left
    bits = left & program.flags[0]
    while bits:
        at = np.int64(leading_zeros(bits))
        bits &= ~(np.uint64(1) << np.uint64(63 - at))
        certain &= program.certain[program.size - 1 - at, 0]
        possible &= program.possible[program.size - 1 - at, 0]
    return certain, possible


@_part
def _kept_flags(program: Program, left: Any, key: Any) -> Any:
    """Return the flags for which one of the clauses of a signature asks, as `_keep_flags` finds them."""
    every = left & program.flags[0]
    kept, bits = np.uint64(0), every
    while bits:
        at = np.int64(leading_zeros(bits))
        bit = np.uint64(1) << np.uint64(63 - at)
        bits &= ~bit
        flag = program.size - 1 - at
        if key & program.asking[flag, 0]:
            if flag >= program.facts:
                return every
            kept |= bit
    return kept


@compiled
def gather(table: Any, codes: Any, out: Any) -> None:
    """Put `table[code + 1]` for each code."""
    for i in range(len(codes)):
        at = np.uint32(codes[i] + np.int32(1))  # unsigned, so that nobody looks whether it counts from the end
        out[i] = table[at]


def room_for(program: Program) -> tuple[Scratch, Words]:
    """Return the room that the loop needs on one thread."""
    size = program.words
    narrow = [np.empty(CHUNK, np.uint8) for _ in range(3)]
    # Rows of codes are kept off one another's lines of the cache, which repeat every 4,096 bytes.
    codes = np.empty((len(program.table), CHUNK + 16), np.uint32)
    scratch = Scratch(codes, narrow[0], np.empty(CHUNK, np.uint32), narrow[1], narrow[2], np.empty(CHUNK, np.uint64))
    return scratch, Words(*(np.empty(size, np.uint64) for _ in range(4)))


@compiled
def decide_rows(
    inputs: Inputs, program: Program, memory: Memory, found: Found, room: tuple[Scratch, Words], spans: Any
) -> Any:
    """Decide spans of rows, each from its first to before its last; return where it stopped: at the end, or where too much is new."""
    start = 0
    for span in range(len(spans)):
        start, stop = spans[span, 0], spans[span, 1]
        while start < stop:
            count = min(CHUNK, stop - start)
            if found.counts[1] + count * (len(program.masks) + 1) > len(found.missed_row):
                return start
            _decide_chunk(inputs, program, memory, found, room, (start, count))
            start += count
    return start


@_in_place
def _decide_chunk(
    inputs: Inputs, program: Program, memory: Memory, found: Found, room: tuple[Scratch, Words], chunk: Chunk
) -> None:
    scratch, words = room
    _code(inputs, chunk, scratch)
    if program.words == 1:
        _settle_single(program, found, chunk, scratch)
        _explore_single(program, memory, found, chunk, scratch, words)
    else:
        _settle_wide(program, memory, found, chunk, scratch, words)


@_part
def _settle_single(program: Program, found: Found, chunk: Chunk, scratch: Scratch) -> None:
    """Decide a chunk where one word holds all clauses, as if no row asked for more than its first clauses."""
    (start, count), tables, codes, single = chunk, program.tables, scratch.codes, scratch.single
    for i in range(count):
        single[i] = program.start[0]
    for group in range(len(program.table)):
        table = program.table[group]
        for i in range(count):
            single[i] &= tables[table + codes[group, i]]
    for decision in range(len(program.masks)):
        mask, ready, out = program.masks[decision, 0], program.ready[decision], found.codes[decision]
        for i in range(count):
            out[start + i] = ready[leading_zeros(single[i] & mask)]


@_in_place
def _look_up_all(program: Program, codes: Any, i: Any, left: Any) -> None:
    """Work out the clauses and flags that a row leaves."""
    size, groups, tables = program.words, len(program.table), program.tables
    for word in range(size):
        left[word] = program.start[word]
    for group in range(0, groups - 1, 2):  # two at a time, so that what is left is read and written half as often
        one = program.table[group] + np.int64(codes[group, i]) * size
        two = program.table[group + 1] + np.int64(codes[group + 1, i]) * size
        for word in range(size):
            left[word] &= tables[one + word] & tables[two + word]
    if groups % 2:
        one = program.table[groups - 1] + np.int64(codes[groups - 1, i]) * size
        for word in range(size):
            left[word] &= tables[one + word]


@_part
def _settle_wide(program: Program, memory: Memory, found: Found, chunk: Chunk, scratch: Scratch, words: Words) -> None:
    """Decide a chunk row by row, each word by word."""
    size, decisions = program.words, len(program.masks)
    (start, count), left = chunk, words.left
    for i in range(count):
        if scratch.hard[i]:
            _too_hard(found, start + i)
            continue
        _look_up_all(program, scratch.codes, i, left)
        special = beside = np.uint64(0)
        for word in range(size):
            special |= left[word] & program.special[word]
            beside |= left[word] & (program.guarding[word] | program.free[word])
        if special:
            _explore(program, memory, found, start + i, words)
            continue
        for decision in range(decisions):
            found.codes[decision, start + i] = program.ready[decision, _top(left, program.masks, decision)]
        if beside:
            for word in range(size):
                words.certain[word] = words.possible[word] = left[word]
            _settle_beside(program, memory, found, start + i, words)
