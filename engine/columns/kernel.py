"""Batches through the compiled loop: what it settles by itself, what it learns, and the rows that are decided one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from ...rules.diagnostics import FactError
from ...rules.given import Currencies
from ..decision import Judgement, Outcome
from ..force import is_in_force, not_in_force
from ..guards import duties
from .answers import Answers, BadRow
from .assumed import assumed_in
from .book import Book, Side
from .booleans import truths
from .coders import Coded
from .loop import BYTES, CHUNK, FOLLOWS, Found, Inputs, decide_rows, room_for
from .moments import Moments
from .plain import decide_row
from .program import Plan, Slot, planned
from .reading import Facts
from .sides import Sides
from .signatures import Judged, Signatures, keys_of
from .spread import room
from .values import Computing

if TYPE_CHECKING:
    from ..policy import Policy

#: How many verdicts a book may hold before it is begun anew.
MOST_VERDICTS: Final = 100_000
#: How many rows are worth a thread.
_WORTHWHILE: Final = 16 * CHUNK


@attrs.frozen
class Compiled:
    """A policy made ready, and what was learnt about it."""

    plan: Plan
    book: Book
    signatures: Signatures

    @classmethod
    def of(cls, policy: Policy) -> Compiled:
        """Compile a policy."""
        book = Book(policy.tree)
        plan = planned(policy.tree, book)
        return cls(plan, book, Signatures(plan, book))


class Kernel:
    """The compiled reading of one policy, shared by all batches."""

    def __init__(self, policy: Policy, threads: int) -> None:
        self._policy, self._threads = policy, threads
        self._tree = tree = policy.tree
        self._currencies = Currencies(tree.currency, tree.rates)
        self._has_window = tree.effective is not None or tree.expires is not None
        # Signatures are learnt as if the policy were in force: rows of other days have answers of their own.
        timeless = attrs.evolve(tree, effective=None, expires=None)
        self._index = type(policy.index)(timeless) if self._has_window else policy.index
        self._compiled = Compiled.of(policy)
        self._lock = Lock()

    def decide(self, facts: Facts, moments: Moments) -> Answers:
        """Decide the rows of a batch."""
        with self._lock:
            if sum(map(len, self._compiled.book.verdicts.values())) > MOST_VERDICTS:
                self._compiled = Compiled.of(self._policy)
            compiled = self._compiled
        return Batch(self, compiled, facts, moments).answers()

    # -- what single rows come to

    def judged(self, row: dict[str, object], moment: dt.date) -> Judged | None:
        """Decide a row as if the policy were in force, None where something is wrong about it."""
        try:
            found = self._index.decide_given(row, moment)
        except FactError:
            return None
        if isinstance(found, dict):
            return Judged(found.__getitem__, lambda: Judgement(found, *duties(self._tree, found, ())))
        if isinstance(found, Judgement):
            return Judged(found.verdicts.__getitem__, lambda: found)
        return Judged(found.alone.__getitem__, lambda: found.judgement)


class Batch:
    """One batch on its way through the loop."""

    def __init__(self, kernel: Kernel, compiled: Compiled, facts: Facts, moments: Moments) -> None:
        self._kernel, self._compiled, self._facts, self._moments = kernel, compiled, facts, moments
        self._policy, self._tree = kernel._policy, kernel._tree  # noqa: SLF001 because a batch is a part of it
        decisions = len(self._tree.decisions)
        self._codes = room(decisions * facts.rows).reshape(decisions, facts.rows)
        self._sides = np.full(facts.rows, FOLLOWS, np.int32)
        self._bad: dict[int, BadRow] = {}
        self._listed: dict[tuple[str, str], dict[int, Outcome]] = {}
        self._kept: list[Any] = []  # the memory behind the addresses that the loop is given

    def answers(self) -> Answers:
        """Decide all rows."""
        hard = self._run()
        self._refuse()
        for row in hard:
            self._decide_alone(row)
        self._refuse_those_without_moment()
        return self._answers()

    # -- the loop

    def _run(self) -> list[int]:
        inputs, start = self._inputs()
        program = self._compiled.plan.program._replace(start=start)
        parts = self._parts()
        hard: list[int] = []
        while parts:
            memory = self._compiled.signatures.memory
            found = [self._found(stop - at) for at, stop in parts]
            jobs = [
                (inputs, program, memory, one, room_for(program), np.array([[at, stop]], np.int64))
                for one, (at, stop) in zip(found, parts, strict=True)
            ]
            reached = _side_by_side(jobs)
            for one in found:
                hard.extend(one.hard[: one.counts[0]].tolist())
                hard.extend(self._again(inputs, program, one))
            parts = [(at, stop) for at, (_, stop) in zip(reached, parts, strict=True) if at < stop]
        return sorted(set(hard))

    def _parts(self) -> list[tuple[int, int]]:
        rows = self._facts.rows
        count = max(1, min(self._kernel._threads, rows // _WORTHWHILE))  # noqa: SLF001
        step = -(-rows // count)
        return [(at, min(at + step, rows)) for at in range(0, rows, step)]

    def _found(self, rows: int) -> Found:
        program = self._compiled.plan.program
        room = min(rows + CHUNK, 2 * CHUNK) * (len(self._tree.decisions) + 1)
        return Found(
            self._codes,
            self._sides,
            np.empty(rows, np.int64),
            np.empty(room, np.int64),
            np.empty(room, np.int64),
            np.empty((room, program.words), np.uint64),
            np.zeros(2, np.int64),
        )

    def _inputs(self) -> tuple[Inputs, Any]:
        """Describe the columns to the loop; what facts without a column leave is worked out once for all rows."""
        plan = self._compiled.plan
        start = plan.program.start.copy()
        base = np.zeros(plan.groups, np.uint32)
        coded: list[tuple[Slot, Coded]] = []
        for name, coder in plan.coders.items():
            column = self._facts.columns.get(name)
            if column is None or column.null_count == len(column):
                start &= plan.absent[name]
                base[plan.slots[name].group] += plan.slots[name].missing * plan.slots[name].stride
            else:
                coded.append((plan.slots[name], coder.coded(column)))
        currencies, shared = self._kernel._currencies, dict[Any, Any]()  # noqa: SLF001
        for at, boolean in enumerate(plan.layout.booleans):
            classes = truths(boolean, self._facts, self._tree.facts, currencies, self._moments, shared)
            coded.append((plan.slots[at], Coded(BYTES, classes, np.arange(3, dtype=np.uint32))))
        return self._described(coded, base), start

    def _described(self, coded: Sequence[tuple[Slot, Coded]], base: Any) -> Inputs:
        self._kept.extend(coded)
        sizes = [
            (0 if one.codes is None else len(one.codes), 0 if one.edges is None else len(one.edges)) for _, one in coded
        ]
        first: list[int] = []
        at = {"codes": 0, "whole": 0, "real": 0}
        for (_, one), (codes, edges) in zip(coded, sizes, strict=True):
            which = "codes" if one.codes is not None else "whole" if one.edges.dtype == np.int64 else "real"
            first.append(at[which])
            at[which] += codes or edges
        every = [one.edges for _, one in coded if one.edges is not None]
        return Inputs(
            _ints([one.kind for _, one in coded]),
            _addresses([one.values for _, one in coded]),
            _ints([one.bit for _, one in coded]),
            _addresses([one.valid for _, one in coded]),
            _ints([one.valid_bit for _, one in coded]),
            _ints([slot.group for slot, _ in coded]),
            _ints([slot.stride for slot, _ in coded]),
            _ints([slot.missing for slot, _ in coded]),
            _ints(first),
            _ints([codes or edges for codes, edges in sizes]),
            _joined([one.codes for _, one in coded if one.codes is not None], np.uint32),
            _joined([one for one in every if one.dtype == np.int64], np.int64),
            _joined([one for one in every if one.dtype != np.int64], np.float64),
            base,
        )

    # -- what the loop does not know

    def _again(self, inputs: Inputs, program: Any, found: Found) -> Iterator[int]:
        """Learn the signatures that were not known, decide their rows with them, and yield those to be decided by themselves."""
        while found.counts[1]:
            rows = np.unique(found.missed_row[: found.counts[1]])
            wrong = self._learn(found)
            yield from wrong
            rows = np.setdiff1d(rows, wrong)
            found = self._found(len(rows))
            spans = np.stack([rows, rows + 1], axis=1)
            decide_rows(inputs, program, self._compiled.signatures.memory, found, room_for(program), spans)
            yield from found.hard[: found.counts[0]].tolist()

    def _learn(self, found: Found) -> list[int]:
        """Learn what signatures come to; return the rows where something is wrong."""
        signatures, wrong = self._compiled.signatures, []
        with self._kernel._lock:  # noqa: SLF001
            count = int(found.counts[1])
            rows, decisions = found.missed_row[:count].tolist(), found.missed_decision[:count].tolist()
            for row, decision, key in zip(rows, decisions, keys_of(found.missed_key[:count]), strict=True):
                if not signatures.knows(decision, key) and not signatures.learn(
                    decision, key, partial(self._judged, row)
                ):
                    wrong.append(row)
            signatures.publish()
        return wrong

    def _judged(self, row: int) -> Judged | None:
        moment = self._moments.of_row(row)
        return None if moment is None else self._kernel.judged(self._facts.row(row), moment)

    def _decide_alone(self, row: int) -> None:
        result = decide_row(self._policy, self._facts.row(row), self._moments.of_row(row))
        if not isinstance(result, Judgement):
            self._set_bad(BadRow(row, result))
            return
        book = self._compiled.book
        with self._kernel._lock:  # noqa: SLF001
            for at, (name, spec) in enumerate(self._tree.decisions.items()):
                self._codes[at, row], computed = book.enter(result.verdicts[name])
                for value, outcome in computed.items():
                    if spec.collects:
                        self._listed.setdefault((name, value), {})[row] = outcome
            self._sides[row] = book.enter_side(Side.of(result))

    def _set_bad(self, bad: BadRow) -> None:
        self._bad[bad.row] = bad
        self._codes[:, bad.row] = self._sides[bad.row] = -1

    # -- days on which the policy is not in force

    def _refuse(self) -> None:
        """Give the rows of days on which the policy is not in force their answer."""
        if not self._kernel._has_window:  # noqa: SLF001
            return
        out = [not is_in_force(self._tree, moment) for moment in self._moments.distinct]
        if not any(out):
            return
        codes = self._moments.codes
        rows = np.array([*out, False])[codes] if codes is not None else np.ones(self._facts.rows, np.bool_)
        refused = not_in_force(self._tree, self._moments.distinct[out.index(True)])
        assert refused is not None
        with self._kernel._lock:  # noqa: SLF001
            for at, name in enumerate(self._tree.decisions):
                self._codes[at, rows] = self._compiled.book.enter(refused.verdicts[name])[0]
            self._sides[rows] = self._compiled.book.enter_side(Side())

    def _refuse_those_without_moment(self) -> None:
        if self._moments.codes is not None:
            for row in np.flatnonzero(self._moments.codes < 0):
                result = decide_row(self._policy, {}, None)
                assert not isinstance(result, Judgement)
                self._set_bad(BadRow(int(row), result))

    # -- answers

    def _answers(self) -> Answers:
        book, tree = self._compiled.book, self._tree
        codes = {name: self._codes[at] for at, name in enumerate(tree.decisions)}
        verdicts = {name: tuple(listed) for name, listed in book.verdicts.items()}
        computing = Computing(tree, self._kernel._currencies, self._facts, self._moments, book)  # noqa: SLF001
        computed = {}
        for name, spec in tree.decisions.items():
            for value in spec.values:
                listed = self._listed.get((name, value), {})
                if listed or computing.has_formulas(name, value, verdicts[name]):
                    computed[name, value] = partial(computing.column, name, value, codes[name], verdicts[name], listed)
        bad = tuple(self._bad[row] for row in sorted(self._bad))
        return Answers(
            self._facts.rows,
            bad,
            codes,
            verdicts,
            tree,
            book.shown,
            Sides(codes, verdicts, self._sides, book).column,
            partial(assumed_in, tree, self._facts, self._moments, [one.row for one in bad]),
            computed,
        )


def _side_by_side(jobs: Sequence[tuple[Any, ...]]) -> list[int]:
    """Run jobs, each on a thread of its own where there are several; return where each stopped."""
    if len(jobs) == 1:
        return [_run(jobs[0])]
    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(_run, jobs))


def _run(job: tuple[Any, ...]) -> int:
    return int(decide_rows(*job))


def _ints(listed: Sequence[int]) -> Any:
    return np.array(listed, np.int64)


def _joined(listed: Sequence[Any], dtype: Any) -> Any:
    return np.concatenate([*listed, np.zeros(1, dtype)]).astype(dtype)


def _addresses(listed: Sequence[Any]) -> Any:
    return np.array([_address(memory) for memory in listed], np.uint64)


def _address(memory: Any) -> int:
    if memory is None:
        return 0
    return int(memory.ctypes.data if isinstance(memory, np.ndarray) else memory.address)
