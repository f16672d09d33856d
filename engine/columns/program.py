"""A policy as the loop reads it: vectors cut into words, facts joined into groups, a verdict ready for each first clause."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs
import numpy as np

from ...rules.given import Currencies
from ...rules.normal import facts_in
from ...rules.tree import Arithmetic, Call, Constant, DecisionSpec, Expression, FactRef, PolicyTree, Rule
from ...rules.types import Fact
from ..decision import Verdict
from ..layout import Layout, lay_out
from ..making import Absent
from ..ready import ready
from ..truth import REACH
from .book import Book
from .coders import Coder
from .loop import Program

#: How many words the joined vectors of one group of facts may take.
GROUP_WORDS: Final = 8_192


@attrs.frozen
class Slot:
    """Where the class of a fact, or of a boolean, goes: into the code of a group, times its stride; *missing* is that of a null."""

    group: int
    stride: int
    missing: int


@attrs.frozen
class Plan:
    """A compiled policy: its program, and what codes its facts; *booleans* have slots as well, by their place."""

    layout: Layout
    program: Program
    coders: Mapping[str, Coder]
    slots: Mapping[str | int, Slot]
    absent: Mapping[str, Any]
    groups: int


def planned(tree: PolicyTree, book: Book) -> Plan:
    """Compile a policy; verdicts that are ready are entered in *book*."""
    currencies = Currencies(tree.currency, tree.rates)
    layout = lay_out(tree, currencies)
    cutter = Cutter(layout.shift + len(layout.owners))
    coders = {name: Coder(fact, layout.columns[name], currencies) for name, fact in tree.facts.items()}
    missing = {name: _missing(layout, name) for name in tree.facts}
    parts: dict[str | int, list[int]] = {name: [*coder.vectors(), missing[name]] for name, coder in coders.items()}
    for at, boolean in enumerate(layout.booleans):
        parts[at] = [boolean.vectors[False], boolean.vectors[True], boolean.vectors[None]]
    groups = joined({name: len(vectors) for name, vectors in parts.items()}, cutter.words)
    slots: dict[str | int, Slot] = {}
    tables = []
    for number, group in enumerate(groups):
        tables.append(_table(group, parts, cutter))
        stride = 1
        for name in reversed(group):
            slots[name] = Slot(number, stride, len(parts[name]) - 1)
            stride *= len(parts[name])
    absent = {name: cutter.cut(vector) for name, vector in missing.items()}
    return Plan(layout, _program(layout, tables, cutter, book), coders, slots, absent, len(groups))


@attrs.frozen
class Cutter:
    """Cuts vectors into words, the highest bits first; below their last bit stands one that is always set."""

    bits: int

    @property
    def words(self) -> int:
        """How many words a vector takes."""
        return self.bits // 64 + 1

    def cut(self, vector: int) -> Any:
        """Return a vector in words."""
        padded = (vector << 1 | 1) << (64 * self.words - self.bits - 1)
        return np.frombuffer(padded.to_bytes(8 * self.words, "big"), ">u8").astype(np.uint64)

    def mask(self, vector: int) -> Any:
        """Return a mask in words, without the bit that is always set."""
        return self.cut(vector) & ~self.end

    @property
    def end(self) -> Any:
        """The bit that is always set."""
        return self.cut(0)

    def whole(self, key: bytes) -> int:
        """Return the vector that was cut into words, which are in memory as the machine has them."""
        if self.words == 1:
            padded = int.from_bytes(key, sys.byteorder)
        else:
            padded = int.from_bytes(np.frombuffer(key, np.uint64).astype(">u8").tobytes(), "big")
        return padded >> (64 * self.words - self.bits)


def _missing(layout: Layout, name: str) -> int:
    """Return what a null leaves: all clauses and a flag, or what its assumption leaves."""
    column = layout.columns[name]
    if column.fact.assume is None:
        return layout.full
    return column.certain & ~(1 << layout.asked.index(name)) if name in layout.asked else column.certain


def joined(classes: Mapping[str | int, int], words: int) -> list[list[str | int]]:
    """
    Join facts of few classes into groups whose combinations fit into a small table.

    >>> joined({"a": 2, "b": 3, "c": 5_000}, 1)
    [['a', 'b'], ['c']]
    """
    found: list[list[str | int]] = []
    sizes: list[int] = []
    for name in sorted(classes, key=lambda name: classes[name]):
        if sizes and sizes[-1] * classes[name] * words <= GROUP_WORDS:
            found[-1].append(name)
            sizes[-1] *= classes[name]
        else:
            found.append([name])
            sizes.append(classes[name])
    return found


def _table(group: Iterable[str | int], parts: Mapping[str | int, Sequence[int]], cutter: Cutter) -> Any:
    found = np.full((1, cutter.words), 0xFFFF_FFFF_FFFF_FFFF, np.uint64)
    for name in group:
        vectors = np.stack([cutter.cut(vector) for vector in parts[name]])
        found = (found[:, None, :] & vectors[None, :, :]).reshape(-1, cutter.words)
    return found


def _program(layout: Layout, tables: Sequence[Any], cutter: Cutter, book: Book) -> Program:
    tree, words = layout.tree, cutter.words
    sizes = np.cumsum([0, *(table.size for table in tables)])
    verdicts = {name: Readied.of(layout, spec, book, 64 * words) for name, spec in tree.decisions.items()}
    open_bits = 0
    for name, made in verdicts.items():
        for place, owner in enumerate(layout.owners):
            if isinstance(owner, Rule) and name in owner.outcomes and made.codes[place] < 0:
                open_bits |= 1 << (cutter.bits - 1 - place)
    always = any(made.codes[-1] < 0 for made in verdicts.values())
    special = cutter.mask(layout.flags | open_bits)
    missing = [Absent.of(layout, 1 << flag) for flag in range(layout.shift)]
    blank = np.zeros((0, words), np.uint64)
    return Program(
        words,
        cutter.bits,
        np.concatenate([table.ravel() for table in tables]),
        sizes[:-1].astype(np.int64),
        cutter.cut(layout.full),
        np.stack([cutter.mask(layout.deciding[name]) for name in tree.decisions]),
        np.stack([made.codes for made in verdicts.values()]),
        np.stack([made.waits for made in verdicts.values()]),
        np.array([spec.hit_policy == "first" for spec in tree.decisions.values()]),
        special | cutter.end if always else special,
        cutter.mask(layout.guarding),
        cutter.mask(layout.free & _obliging(layout, book)),
        cutter.mask(layout.flags),
        len(layout.asked),
        np.stack([cutter.cut(one.certain) for one in missing]) if missing else blank,
        np.stack([cutter.cut(one.possible) for one in missing]) if missing else blank,
        np.stack([cutter.mask(asking) for asking in _asking(layout, missing)]) if missing else blank,
    )


def _obliging(layout: Layout, book: Book) -> int:
    """Return the clauses of rules that bring duties."""
    found = 0
    for rule in layout.tree.rules:
        if book.duties.brings(rule):
            found |= layout.clauses.get(rule.id, 0)
    return found


def _asking(layout: Layout, missing: Sequence[Absent]) -> list[int]:
    """Return for each flag the clauses that it leaves open, and those of rules that compute something from its fact."""
    found = [layout.full & ~layout.flags & ~one.certain for one in missing]
    for rule in layout.tree.rules:
        for name in {name for given in (*rule.outcomes.values(), *rule.values.values()) for name in facts_in(given)}:
            found[layout.asked.index(name)] |= layout.clauses.get(rule.id, 0)
    return found


@attrs.frozen
class Readied:
    """
    For each first clause of one decision the number of its verdict, -1 where it has to be made.

    *waits* says that it is so only while no fact is missing. The last place is that of no clause.
    """

    codes: Any
    waits: Any

    @classmethod
    def of(cls, layout: Layout, spec: DecisionSpec, book: Book, places: int) -> Readied:
        """Return the verdicts of a decision that are known beforehand."""
        codes, waits = np.full(places + 1, -1, np.int32), np.zeros(places + 1, np.bool_)
        made = ready(layout, spec)
        if made is None:
            return cls(codes, waits)
        if made.verdicts[0] is not None:
            codes[-1] = book.enter(made.verdicts[0])[0]
        for place, owner in enumerate(layout.owners):
            if isinstance(owner, Rule) and spec.id in owner.outcomes:
                verdict = made.verdicts[len(made.verdicts) - 1 - place]
                waits[place] = verdict is None
                verdict = _computed_later(layout.tree, spec, owner) if verdict is None else verdict
                codes[place] = -1 if verdict is None else book.enter(verdict)[0]
        return cls(codes, waits)


def _computed_later(tree: PolicyTree, spec: DecisionSpec, rule: Rule) -> Verdict | None:
    """Return the verdict of a rule without the values that it computes, None where they may come to nothing."""
    outcome = rule.outcomes[spec.id]
    values = {name: rule.values[name] for name in spec.values if name in rule.values}
    if not isinstance(outcome, Constant) or not all(is_total(value, tree.facts) for value in values.values()):
        return None
    kept = {name: value.value for name, value in values.items() if isinstance(value, Constant)}
    return Verdict(spec, tree.currency, outcome.value, "decided", rule, (rule,), kept, (), (outcome.value,))


def is_total(expression: Expression, facts: Mapping[str, Fact]) -> bool:
    """Whether an expression has a value whatever the facts in it are: nothing is divided by zero, no calendar is left."""
    if isinstance(expression, Constant):
        return True
    if isinstance(expression, FactRef):
        return expression.type.kind != "duration" or _is_short(facts[expression.name])
    return expression.type.kind not in REACH and _never_divides_by_zero(expression)


def _is_short(fact: Fact) -> bool:
    low, high = REACH["duration"]
    return fact.low is not None and fact.high is not None and low <= fact.low and fact.high <= high


def _never_divides_by_zero(expression: Expression) -> bool:
    match expression:
        case Arithmetic(operator, left, right):
            safe = operator != "/" or (isinstance(right, Constant) and right.value != 0)
            return safe and _never_divides_by_zero(left) and _never_divides_by_zero(right)
        case Call(_, arguments):
            return all(map(_never_divides_by_zero, arguments))
        case _:
            return True
