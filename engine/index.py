"""The index reading: one look-up and one AND a fact, whatever the number of rules.

Compiled once from the tree; answers as the reference reading does. All that a decision depends on is one int: the clauses whose
tests hold for what was handed in, and the flags of the facts that were not. Under `first` the verdict on each decision is then the
one made ready for the highest bit left.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from ..rules.diagnostics import FactError
from ..rules.given import Currencies, FactProblem, Knowledge, flatten, groups_of, read_fact, read_given
from ..rules.tree import PolicyTree
from ..rules.types import Fact
from .decision import Judgement, Verdict
from .force import not_in_force, ordinal
from .layout import lay_out
from .making import Absent, Making, vectors_of
from .ready import ready
from .shapes import SHAPES, WORTHWHILE, Ending, Line, line
from .truth import State

#: Verdicts alone where nothing else can follow from the facts; otherwise what makes the rest when it is asked for.
Found: TypeAlias = "dict[str, Verdict] | Making | Judgement"

#: How many sets of missing facts an index remembers the vectors of.
REMEMBERED: Final = 4_096


class Index:
    """
    The compiled form of a policy.

    Safe to share among threads: once compiled, only its memories change, each by whole entries.
    """

    def __init__(self, tree: PolicyTree) -> None:
        self.tree = tree
        self._currencies = Currencies(tree.currency, tree.rates)
        self._layout = layout = lay_out(tree, self._currencies)
        self._ready = {name: ready(layout, spec) for name, spec in tree.decisions.items()}
        self._groups = groups_of(tree.facts)
        self._has_window = tree.effective is not None or tree.expires is not None
        self._ending = self._plain_ending()
        self._lines: dict[tuple[str, ...], Line] = {}
        self._seen: dict[tuple[str, ...], int] = {}
        self._absent: dict[int, Absent] = {}

    def _plain_ending(self) -> Ending | None:
        """Return how verdicts follow from bits at once, None where some decision or boolean wants more."""
        layout = self._layout
        found = [made for made in self._ready.values() if made is not None and made.verdicts[0] is not None]
        if layout.booleans or self._has_window or len(found) < len(self._ready):
            return None
        special = layout.flags | layout.guarding | layout.free | layout.dynamic
        return Ending(special, tuple((made.spec.id, layout.deciding[made.spec.id], made.verdicts) for made in found))

    # -- facts as they were handed in

    def decide_given(self, given: Mapping[str, object], as_of: dt.date | None = None) -> Found:
        """
        Decide on facts as they were handed in, by dotted name or nested.

        Raises:
            FactError: If a fact is unknown, of the wrong type or out of its range; all of them at once.
        """
        found = self._lines.get(tuple(given))
        if found is None:
            self._learn(given)
            return self._decide_looped(given, as_of)
        try:
            bits = found(given.values())
        except (KeyError, TypeError, IndexError):
            return self._decide_looped(given, as_of)  # another type than usual, or a mistake
        if type(bits) is dict:
            return bits
        if self._has_window:
            return self._decide_looped(given, as_of)
        assert type(bits) is int
        return self._made(bits, bits, lambda: self._read(given), as_of, given)

    def _learn(self, given: Mapping[str, object]) -> None:
        """Write the look-ups out for a shape of incident that keeps coming."""
        shape = tuple(given)
        if len(self._seen) >= 16 * SHAPES:
            self._seen.clear()
        count = self._seen[shape] = self._seen.get(shape, 0) + 1
        if count == WORTHWHILE and len(self._lines) < SHAPES:
            made = line(given, self._layout.columns, self._ending)
            if made is not None:
                self._lines[shape] = made

    def _decide_looped(self, given: Mapping[str, object], as_of: dt.date | None) -> Found:
        """Decide in the plain way: a loop over the facts, each by its type, those of rarer types read canonically."""
        certain = possible = self._layout.full
        columns = self._layout.columns
        for name, raw in given.items():
            try:
                column = columns[name]
                steps = column.steps[type(raw)]
                vector = column.words[raw] if steps is None else column.vectors[bisect_right(steps, raw)]  # type: ignore[type-var]
                certain &= vector  # type: ignore[operator]  # because None is met below
                possible &= vector  # type: ignore[operator]  # as above
            except (KeyError, TypeError, IndexError):
                if name not in columns:
                    return self._decide_nested(given, as_of)
                if raw is not None:
                    sure, open_ = vectors_of(columns[name], self._read_one(given, columns[name].fact, raw))
                    certain &= sure
                    possible &= open_
        if self._has_window:
            as_of = as_of if as_of is not None else dt.datetime.now(dt.UTC)
            refused = not_in_force(self.tree, as_of)
            if refused is not None:
                return refused
        ending = self._ending
        if ending is not None and certain == possible and not certain & ending.special:
            return ending.verdicts(certain)
        return self._made(certain, possible, lambda: self._read(given), as_of, given)

    def _read(self, given: Mapping[str, object]) -> dict[str, Knowledge]:
        return read_given(given, self.tree.facts, self._currencies)

    def _read_one(self, given: Mapping[str, object], fact: Fact, raw: object) -> Knowledge:
        try:
            return read_fact(raw, fact, self._currencies)
        except FactProblem:
            self._read(given)  # raises, with all that is wrong
            raise

    def _decide_nested(self, given: Mapping[str, object], as_of: dt.date | None) -> Found:
        flat = dict(flatten(given, self.tree.facts, groups=self._groups))
        if flat.keys() == given.keys() or any(name not in self.tree.facts for name in flat):
            self._read(given)  # raises, with all that is wrong
        try:
            return self.decide_given(flat, as_of)
        except FactError:
            self._read(given)  # raises too, with the places as they are nested
            raise

    # -- canonical facts

    def decide(self, known: Mapping[str, Knowledge], as_of: dt.date) -> Judgement:
        """Decide on canonical facts, as `evenhand.rules.given.read_given` returns them."""
        refused = not_in_force(self.tree, as_of)
        if refused is not None:
            return refused
        certain = possible = self._layout.full
        for name, what in known.items():
            sure, open_ = vectors_of(self._layout.columns[name], what)
            certain &= sure
            possible &= open_
        return self._made(certain, possible, lambda: known, as_of, None).judgement

    # -- from clauses to judgements

    def _made(
        self,
        certain: int,
        possible: int,
        known: Callable[[], Mapping[str, Knowledge]],
        as_of: dt.date | None,
        given: Mapping[str, object] | None,
    ) -> Making:
        """Return what follows from the clauses left; *possible* has those too that uncertain facts leave open."""
        layout = self._layout
        if layout.booleans:
            state = self._boolean_state(given, known, as_of)
            for boolean in layout.booleans:
                vector = boolean.vectors[boolean.truth(state)]
                certain &= vector
                possible &= vector
        absent = self._absent_for(possible & layout.flags)
        certain, possible = certain & absent.certain, possible & absent.possible
        return Making(layout, certain, possible, absent.assumed, known, as_of).decided(self._ready)

    def _absent_for(self, flags: int) -> Absent:
        found = self._absent.get(flags)
        if found is None:
            found = Absent.of(self._layout, flags)
            if len(self._absent) < REMEMBERED:
                self._absent[flags] = found
        return found

    def _boolean_state(
        self, given: Mapping[str, object] | None, known: Callable[[], Mapping[str, Knowledge]], as_of: dt.date | None
    ) -> State:
        """Return what is known of the facts that booleans ask for."""
        facts = self._layout.boolean_facts
        today = ordinal(as_of if as_of is not None else dt.datetime.now(dt.UTC))
        if given is None:
            return State.of(facts, {name: what for name, what in known().items() if name in facts}, today)
        read = {
            name: self._read_one(given, facts[name], raw)
            for name, raw in given.items()
            if name in facts and raw is not None
        }
        return State.of(facts, read, today)
