"""The index reading: one look-up and one AND a fact, whatever the number of rules.

Compiled once from the tree; answers as the reference reading does. All that a decision depends on is one int: the clauses whose
tests hold for what was handed in, and the flags of the facts that were not. Under `first` the verdict on each decision is then the
one made ready for the highest bit left.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from ..rules.diagnostics import FactError
from ..rules.given import Currencies, FactProblem, Knowledge, flatten, groups_of, read_fact, read_given
from ..rules.incident import Shape
from ..rules.tree import PolicyTree
from ..rules.types import Fact
from .decision import Judgement, Verdict
from .force import not_in_force, ordinal
from .layout import lay_out
from .making import Absents, Making, vectors_of
from .ready import ready
from .shapes import SHAPES, WORTHWHILE, Ending, Line, line
from .truth import State

_place: Callable[[Sequence[Any], Any], int] = bisect_right

#: Verdicts alone where nothing else can follow from the facts; otherwise what makes the rest when it is asked for.
Found: TypeAlias = "dict[str, Verdict] | Making | Judgement"


class Index:
    """
    The compiled form of a policy.

    Safe to share among threads: once compiled, only its memories change, each by whole entries.
    """

    def __init__(self, tree: PolicyTree) -> None:
        self.tree = tree
        self._currencies = Currencies(tree.currency, tree.rates)
        self._layout = layout = lay_out(tree, self._currencies)
        self._ready = tuple((n, layout.deciding[n], ready(layout, spec)) for n, spec in tree.decisions.items())
        self._groups = groups_of(tree.facts)
        self._has_window = tree.effective is not None or tree.expires is not None
        self._is_plain = not layout.booleans and not self._has_window
        self._ending = self._plain_ending()
        self.lines: dict[tuple[str, ...] | Shape, Line] = {}
        self._seen: dict[tuple[str, ...], int] = {}
        self._absent = Absents(layout)

    def _plain_ending(self) -> Ending | None:
        """Return how verdicts follow from bits at once, None where some decision or boolean wants more."""
        layout = self._layout
        decisions = [
            (n, c, made.verdicts) for n, c, made in self._ready if made is not None and made.verdicts[0] is not None
        ]
        if not self._is_plain or len(decisions) < len(self._ready):
            return None
        return Ending(layout.flags | layout.guarding | layout.free | layout.dynamic, tuple(decisions))

    # -- facts as they were handed in

    def decide_given(self, given: Mapping[str, object], as_of: dt.date | None = None) -> Found:
        """
        Decide on facts as they were handed in, by dotted name or nested.

        Raises:
            FactError: If a fact is unknown, of the wrong type or out of its range; all of them at once.
        """
        try:
            found = self.lines[tuple(given)](given.values())
        except (KeyError, TypeError, IndexError):  # a new shape, another type than usual, or a mistake
            return self.decide_new(given, as_of)
        return found if isinstance(found, dict) else self.decide_bits(found, given, as_of)

    def decide_new(self, given: Mapping[str, object], as_of: dt.date | None) -> Found:
        """Decide on facts of a shape that is not written out, or with something wrong about them."""
        self._learn(given)
        return self._decide_looped(given, as_of)

    def decide_bits(self, bits: int, given: Mapping[str, object], as_of: dt.date | None) -> Found:
        """Decide from the clauses and flags that the written-out look-ups left."""
        if not self._is_plain:
            if self._has_window:
                return self._decide_looped(given, as_of)
            return self._made(bits, bits, lambda: self._read(given), as_of, given)
        flags = bits & self._layout.flags
        absent = self._absent[flags]
        return Making(self._layout, bits, bits, absent, lambda: self._read(given), as_of).decide(self._ready)

    def _learn(self, given: Mapping[str, object]) -> None:
        """Write the look-ups out for a shape of incident that keeps coming."""
        shape = tuple(given)
        known = self.lines.get(shape)
        if known is not None:
            self.lines[Shape.of(shape)] = known
            return
        if len(self._seen) >= 16 * SHAPES:
            self._seen.clear()
        count = self._seen[shape] = self._seen.get(shape, 0) + 1
        if count == WORTHWHILE and len(self.lines) < 2 * SHAPES:
            made = line(given, self._layout.columns, self._ending)
            if made is not None:
                self.lines[shape] = self.lines[Shape.of(shape)] = made

    def _decide_looped(self, given: Mapping[str, object], as_of: dt.date | None) -> Found:
        """Decide in the plain way: a loop over the facts, each by its type, those of rarer types read canonically."""
        certain = possible = self._layout.full
        columns = self._layout.columns
        for name, raw in given.items():
            try:
                column = columns[name]
                steps = column.steps[type(raw)]
                vector: Any = column.words[raw] if steps is None else column.vectors[_place(steps, raw)]
                certain &= vector  # a TypeError where it is None, which is met below
                possible &= vector
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
        listed = list(flatten(given, self.tree.facts, groups=self._groups))
        flat = {name: raw for name, raw in listed if raw is not None}
        if len(flat) < len(listed) or flat.keys() == given.keys() or any(name not in self.tree.facts for name in flat):
            self._read(given)  # raises where anything is wrong, with all of it
        try:
            return self.decide_given(flat, as_of)
        except FactError:
            self._read(given)  # raises too, with the places as they are nested
            raise

    # -- canonical facts

    def decide(self, known: Mapping[str, Knowledge], as_of: dt.date) -> Judgement:
        """Decide on canonical facts, as `evenhand.rules.given.read_given` returns them."""
        refused = not_in_force(self.tree, as_of)
        return refused if refused is not None else self._from_known(known, as_of).judgement

    def verdicts(self, known: Mapping[str, Knowledge], as_of: dt.date) -> Mapping[str, Verdict]:
        """Return the verdicts alone; what of them nobody reads is not made."""
        refused = not_in_force(self.tree, as_of)
        return refused.verdicts if refused is not None else self._from_known(known, as_of).verdicts

    def _from_known(self, known: Mapping[str, Knowledge], as_of: dt.date) -> Making:
        certain = possible = self._layout.full
        for name, what in known.items():
            sure, open_ = vectors_of(self._layout.columns[name], what)
            certain &= sure
            possible &= open_
        return self._made(certain, possible, lambda: known, as_of, None)

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
        return Making(layout, certain, possible, self._absent[possible & layout.flags], known, as_of).decide(
            self._ready
        )

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
