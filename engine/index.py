"""The index reading: one look-up and one AND a fact, whatever the number of rules.

Compiled once from the tree; answers as the reference reading does. What a decision depends on is one int: the clauses whose tests
hold for what was handed in, and the flags of the facts that were not. Judgements are remembered by that int.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

import attrs

from ..rules.given import Currencies, FactProblem, Knowledge, flatten, read_fact, read_given
from ..rules.normal import facts_of
from ..rules.tree import Atom, DecisionSpec, FactTest, Guard, PolicyTree, Rule, Whole
from .classes import Bit, Column, column
from .combine import Case, Match, combine
from .decision import Judgement, Verdict
from .force import not_in_force, ordinal
from .guards import judge
from .static import Static, static_parts, with_values
from .truth import State, Truth, conjunct_truth, is_value, waits_for

#: How many judgements an index remembers.
REMEMBERED: Final = 8_192


@attrs.frozen
class Boolean:
    """
    A part that is evaluated once a decision as a boolean of its own, shared by all rules.

    *holds* and *fails* are the clauses in which it, or its negation, stands; *flag* is left set where it is unknown.
    """

    part: Atom | Whole
    holds: int
    fails: int
    flag: int

    def vector(self, truth: Truth, full: int) -> int:
        """Return the clauses that are left possible."""
        if truth is None:
            return full
        return full & ~self.flag & ~(self.fails if truth else self.holds)


@attrs.frozen
class Absent:
    """What follows from a set of flags: the vectors of what is missing or unknown, joined, and the assumptions taken."""

    certain: int
    possible: int
    assumed: tuple[str, ...]


class Index:
    """
    The compiled form of a policy.

    Safe to share among threads: after compiling, only memories grow, each by whole entries.
    """

    def __init__(self, tree: PolicyTree) -> None:
        self.tree = tree
        self._currencies = Currencies(tree.currency, tree.rates)
        self._has_window = tree.effective is not None or tree.expires is not None
        self._compile()
        self._absent: dict[int, Absent] = {}
        self._judged: dict[int, Static] = {}

    # -- compiling

    def _compile(self) -> None:
        tree = self.tree
        asked = [name for name in tree.facts if name in tree.asked]
        tests: dict[str, list[Bit]] = {name: [] for name in tree.facts}
        parts: dict[Atom | Whole, list[int]] = {}
        owners: list[Rule | Guard] = []
        for owner in (*tree.rules, *tree.guards):
            for disjunct in owner.form.disjuncts:
                for conjunct in disjunct:
                    _note(conjunct, len(owners), tests, parts)
                owners.append(owner)
        self._shift = len(asked) + len(parts)
        self._full = (1 << (self._shift + len(owners))) - 1
        self._flags = (1 << self._shift) - 1
        self._owners = owners
        flags = {name: 1 << at for at, name in enumerate(asked)}
        self._asked = asked
        self._column = {
            name: column(fact, _shifted(tests[name], self._shift), self._full, flags.get(name, 0), self._currencies)
            for name, fact in tree.facts.items()
        }
        self._columns = {name: (c.words, c.steps, c.vectors) for name, c in self._column.items()}
        self._booleans = [
            self._boolean(part, bits, 1 << (len(asked) + at)) for at, (part, bits) in enumerate(parts.items())
        ]
        self._masks()

    def _boolean(self, part: Atom | Whole, clauses: list[int], flag: int) -> Boolean:
        holds = fails = 0
        for clause in clauses:
            holds |= 0 if clause < 0 else 1 << (self._shift + clause)
            fails |= 1 << (self._shift + ~clause) if clause < 0 else 0
        return Boolean(part, holds, fails, flag)

    def _masks(self) -> None:
        """For each decision the clauses of the rules that take it, those of rules that take none, and those of guards."""
        self._deciding = dict.fromkeys(self.tree.decisions, 0)
        self._free = self._guarding = 0
        self._first_bit: dict[str, int] = {}
        bit = 1 << self._shift
        for owner in self._owners:
            if isinstance(owner, Guard):
                self._guarding |= bit
            else:
                self._first_bit.setdefault(owner.id, bit)
                for decision in owner.outcomes:
                    self._deciding[decision] |= bit
                self._free |= 0 if owner.outcomes else bit
            bit <<= 1

    # -- deciding

    def decide_given(self, given: Mapping[str, object], as_of: dt.date | None) -> Judgement:
        """
        Decide on facts as they were handed in, by dotted name or nested.

        Raises:
            FactError: If a fact is unknown, of the wrong type or out of its range; all of them at once.
        """
        bits = self._full
        columns = self._columns
        odd: list[tuple[str, object]] | None = None
        for name, raw in given.items():
            try:
                words, steps, vectors = columns[name]
                if steps is None:
                    bits &= words[raw]
                    continue
                kind = type(raw)
                if kind is int:
                    bits &= vectors[bisect_right(steps, raw)]  # type: ignore[operator, arg-type]  # because None is met below
                    continue
                if kind is str or kind is bool:
                    bits &= words[raw]
                    continue
            except (KeyError, TypeError, IndexError):
                pass
            if odd is None:
                odd = []
            odd.append((name, raw))
        if odd is not None or self._booleans or self._has_window:
            return self._decide_odd(given, bits, odd or [], as_of)
        found = self._judged.get(bits)
        if found is not None and not found.dynamic:
            return found.judgement
        return self._judgement(bits, bits, lambda: self._read(given), as_of)

    def _read(self, given: Mapping[str, object]) -> dict[str, Knowledge]:
        return read_given(given, self.tree.facts, self._currencies)

    def _decide_odd(
        self, given: Mapping[str, object], bits: int, odd: list[tuple[str, object]], as_of: dt.date | None
    ) -> Judgement:
        """Decide where some fact is nested, uncertain, a list, of a rarer Python type, or wrong."""
        when = as_of if as_of is not None else dt.datetime.now(dt.UTC)
        possible = bits
        for name, raw in odd:
            found = self._column.get(name)
            if found is None:
                return self._decide_nested(given, when)
            if raw is None:
                continue
            try:
                what = read_fact(raw, found.fact, self._currencies)
            except FactProblem:
                self._read(given)  # raises, with all that is wrong
                raise
            certain_vector, possible_vector = _vectors(found, what)
            bits &= certain_vector
            possible &= possible_vector
        refused = not_in_force(self.tree, when) if self._has_window else None
        if refused is not None:
            return refused
        return self._judgement(bits, possible, lambda: self._read(given), when)

    def _decide_nested(self, given: Mapping[str, object], as_of: dt.date) -> Judgement:
        flat = dict(flatten(given, self.tree.facts))
        if any(name not in self._column for name in flat) or flat.keys() == given.keys():
            self._read(given)  # raises, with all that is wrong
        return self.decide_given(flat, as_of)

    def decide(self, known: Mapping[str, Knowledge], as_of: dt.date) -> Judgement:
        """Decide on canonical facts, as `evenhand.rules.given.read_given` returns them."""
        refused = not_in_force(self.tree, as_of)
        if refused is not None:
            return refused
        certain = possible = self._full
        for name, what in known.items():
            certain_vector, possible_vector = _vectors(self._column[name], what)
            certain &= certain_vector
            possible &= possible_vector
        return self._judgement(certain, possible, lambda: known, as_of)

    def _judgement(
        self, certain: int, possible: int, known: Callable[[], Mapping[str, Knowledge]], as_of: dt.date | None
    ) -> Judgement:
        """Return what follows from the clauses left; *possible* has those that only uncertain facts leave open."""
        making = _Making(self, known, as_of)
        if self._booleans:
            for boolean in self._booleans:
                vector = boolean.vector(conjunct_truth(boolean.part, making.state), self._full)
                certain &= vector
                possible &= vector
        if certain != possible:
            return making.judgement(certain, possible, possible & self._flags)
        found = self._judged.get(certain)
        if found is None:
            judgement = making.judgement(certain, possible, certain & self._flags)
            found = static_parts(judgement, making.open_rules)
            if found is not None and len(self._judged) < REMEMBERED:
                self._judged[certain] = found
            return judgement
        return with_values(found, making.state) if found.dynamic else found.judgement

    def absent(self, flags: int) -> Absent:
        """Return what follows from the facts and booleans whose flags were left."""
        found = self._absent.get(flags)
        if found is None:
            found = self._make_absent(flags)
            if len(self._absent) < REMEMBERED:
                self._absent[flags] = found
        return found

    def _make_absent(self, flags: int) -> Absent:
        certain = possible = self._full
        assumed: list[str] = []
        for at, name in enumerate(self._asked):
            if flags >> at & 1:
                missing = self._column[name]
                certain &= missing.certain
                possible &= missing.possible
                if missing.fact.assume is not None:
                    assumed.append(name)
        for boolean in self._booleans:
            if flags & boolean.flag:
                certain &= ~(boolean.holds | boolean.fails)
        return Absent(certain, possible, tuple(assumed))

    def owners(self, bits: int) -> Iterator[Rule | Guard]:
        """Yield the rule or guard of each clause in *bits*, each once, in file order."""
        text = bin(bits >> self._shift)[:1:-1]
        at = text.find("1")
        last: Rule | Guard | None = None
        while at >= 0:
            owner = self._owners[at]
            if owner is not last:
                yield owner
                last = owner
            at = text.find("1", at + 1)


def _note(
    conjunct: FactTest | Atom | Whole, clause: int, tests: dict[str, list[Bit]], parts: dict[Atom | Whole, list[int]]
) -> None:
    """Note a conjunct under its fact, or as a boolean: its clause, inverted where the negation of an atom stands there."""
    if isinstance(conjunct, FactTest):
        if conjunct.fact in tests:  # in guards, tests on decisions are left open
            tests[conjunct.fact].append((conjunct, clause))
    elif isinstance(conjunct, Atom):
        if all(fact in tests for fact in conjunct.facts):
            parts.setdefault(attrs.evolve(conjunct, holds=True), []).append(clause if conjunct.holds else ~clause)
    elif all(fact in tests for fact in facts_of(conjunct.form)):
        parts.setdefault(conjunct, []).append(clause)


def _shifted(tests: Iterable[Bit], shift: int) -> list[Bit]:
    return [(test, 1 << (shift + clause)) for test, clause in tests]


def _vectors(found: Column, what: Knowledge) -> tuple[int, int]:
    if is_value(what):
        vector = found.of_value(what)  # type: ignore[arg-type]  # because it is a value
        return vector, vector
    return found.of_region(what)  # type: ignore[arg-type]  # because it is no value


class _Making:
    """One judgement in the making; the canonical facts are read only where something asks for them."""

    def __init__(self, index: Index, known: Callable[[], Mapping[str, Knowledge]], as_of: dt.date | None) -> None:
        self.index, self._known, self._as_of = index, known, as_of

    @cached_property
    def known(self) -> Mapping[str, Knowledge]:
        return self._known()

    @cached_property
    def state(self) -> State:
        today = ordinal(self._as_of if self._as_of is not None else dt.datetime.now(dt.UTC))
        return State.of(self.index.tree.facts, self.known, today)

    def judgement(self, certain: int, possible: int, flags: int) -> Judgement:
        index = self.index
        absent = index.absent(flags) if flags else None
        if absent is not None:
            certain &= absent.certain
            possible &= absent.possible
        self.certain, self.possible = certain, possible
        verdicts = {name: self._verdict(spec) for name, spec in index.tree.decisions.items()}
        free = self._matches(index._free)
        guards = [guard for guard in index.owners(possible & index._guarding) if isinstance(guard, Guard)]
        return judge(index.tree, guards, verdicts, free, lambda: self.state, absent.assumed if absent else ())

    def _verdict(self, spec: DecisionSpec) -> Verdict:
        index = self.index
        mask = index._deciding[spec.id]
        certain, possible = self.certain & mask, self.possible & mask
        if spec.hit_policy == "first" and certain:
            # Rules below the first certain one have no say.
            lowest = certain & -certain
            owner = index._owners[lowest.bit_length() - 1 - index._shift]
            matches = [*self._matches(possible & (index._first_bit[owner.id] - 1)), Match(owner, True)]  # type: ignore[arg-type]
        else:
            matches = self._matches(mask)
        return combine(self._case(spec), matches)

    def _case(self, spec: DecisionSpec) -> Case:
        tree = self.index.tree
        return Case(spec, tree.currency, tree.facts, lambda: self.state, self._waiting)

    def open_rules(self, decision: str) -> list[Rule]:
        """Return the rules that may or may not hold, among those that take a decision."""
        undecided = self.possible & ~self.certain & self.index._deciding[decision]
        return [owner for owner in self.index.owners(undecided) if isinstance(owner, Rule)]

    def _matches(self, mask: int) -> list[Match]:
        sure = set(map(id, self.index.owners(self.certain & mask)))
        return [
            Match(owner, id(owner) in sure) for owner in self.index.owners(self.possible & mask) if isinstance(owner, Rule)
        ]

    @cached_property
    def _blocked(self) -> dict[str, int]:
        """For each fact that is not settled, the clauses that wait for it."""
        index, state = self.index, self.state
        blocked: dict[str, int] = {}
        for name in index._asked:
            what = self.known.get(name)
            if what is None and state.settled.values.get(name) is None:
                blocked[name] = ~index._column[name].certain
            elif what is not None and not is_value(what):
                blocked[name] = ~_vectors(index._column[name], what)[0]
        for boolean in index._booleans:
            if conjunct_truth(boolean.part, state) is None:
                for name in waits_for(boolean.part, state):
                    blocked[name] = blocked.get(name, 0) | boolean.holds | boolean.fails
        return blocked

    def _waiting(self, rules: Iterable[Rule]) -> Counter[str]:
        ids = {id(rule) for rule in rules}
        if not ids:
            return Counter()
        open_ = self.possible & ~self.certain
        relevant = 0
        for at, owner in enumerate(self.index._owners):
            if id(owner) in ids:
                relevant |= 1 << (self.index._shift + at)
        relevant &= open_
        counts = {name: (relevant & bits).bit_count() for name, bits in self._blocked.items()}
        return Counter({name: count for name, count in counts.items() if count})
