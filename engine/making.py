"""One judgement in the making, from the clauses that are left; what nobody asks for is not made."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Final, cast

import attrs

from ..rules.given import Knowledge
from ..rules.regions import Region, contains
from ..rules.tree import Constant, Rule
from .classes import Column
from .combine import Case, Match, combine
from .decision import REFER, Judgement, Verdict
from .force import ordinal
from .guards import judge
from .layout import Layout
from .ready import Ready
from .truth import State, is_value, waits_for

#: How many sets of flags are remembered.
REMEMBERED: Final = 4_096


@attrs.frozen
class Absent:
    """What follows from a set of flags: the vectors of what is missing or unknown, joined, and the assumptions taken."""

    certain: int
    possible: int
    assumed: tuple[str, ...]

    @classmethod
    def of(cls, layout: Layout, flags: int) -> Absent:
        """Join the vectors of the facts and booleans whose flags are left."""
        certain = possible = layout.full
        assumed: list[str] = []
        for at, name in enumerate(layout.asked):
            if flags >> at & 1:
                missing = layout.columns[name]
                certain &= missing.certain
                possible &= missing.possible
                if missing.fact.assume is not None:
                    assumed.append(name)
        for boolean in layout.booleans:
            if flags & boolean.flag:
                certain &= ~(boolean.holds | boolean.fails)
        return cls(certain, possible, tuple(assumed))


class Absents(dict[int, Absent]):
    """What follows from each set of flags: worked out when it is first asked for, and kept while there are few."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._layout = layout

    def __missing__(self, flags: int) -> Absent:
        """Work out what follows from flags that are met for the first time."""
        found = Absent.of(self._layout, flags)
        if len(self) < REMEMBERED:
            self[flags] = found
        return found


def matches(layout: Layout, certain: int, possible: int) -> list[Match]:
    """Return the rules of the clauses that may hold, in file order, and whether each is certain."""
    return [Match(rule, bool(layout.clauses[rule.id] & certain)) for rule in layout.rules_in(possible)]


def counted(layout: Layout, rules: Iterable[Rule], undecided: int, blocked: Iterable[tuple[str, int]]) -> Counter[str]:
    """Count, for each fact, the clauses of some rules that are undecided and among those that it has *blocked*."""
    relevant = 0
    for rule in rules:
        relevant |= layout.clauses[rule.id]
    relevant &= undecided
    found: Counter[str] = Counter()
    if relevant:
        for name, bits in blocked:
            if count := (relevant & bits).bit_count():
                found[name] = count
    return found


def vectors_of(column: Column, what: Knowledge) -> tuple[int, int]:
    """Return what holds for certain and what may hold, of the clauses, given what is known of one fact."""
    if is_value(what):
        vector = column.of_value(what)
        return vector, vector
    return column.of_region(cast("Region", what))  # because it is no value


class Making:
    """
    One judgement in the making.

    *certain* and *possible* are the clauses left, with what is *absent* taken into account; *known* gives the canonical facts, read
    only where something asks for them. `verdicts` is filled by `decide`.
    """

    def __init__(
        self,
        layout: Layout,
        certain: int,
        possible: int,
        absent: Absent,
        known: Callable[[], Mapping[str, Knowledge]],
        as_of: dt.date | None,
    ) -> None:
        self.layout = layout
        self.absent = absent
        self.certain = certain & absent.certain
        self.possible = possible & absent.possible
        self._known, self._as_of = known, as_of
        self._broken: Judgement | None = None
        self.verdicts: dict[str, Verdict] = {}

    def decide(self, ready: Iterable[tuple[str, int, Ready | None]]) -> Making:
        """Make the verdicts, and whatever a guard may withhold; *ready* has the clauses of each decision and its verdicts."""
        certain, possible, verdicts, dynamic = self.certain, self.possible, self.verdicts, self.layout.dynamic
        for name, clauses, made in ready:
            if made is None:
                verdicts[name] = self._whole(name)
                continue
            matching = possible & clauses
            sure = (certain & clauses).bit_length()
            verdict = made.verdicts[sure]
            if verdict is None or matching.bit_length() != sure:
                rivals = matching >> sure << sure
                if verdict is None or rivals & dynamic:
                    verdict = self._dynamic(name, sure) if not rivals else self._whole(name)
                elif rivals & made.others[sure]:
                    verdict = Verdict.later(REFER, (self._whole, name))
                elif isinstance(verdict.outcome, str):
                    verdict = Verdict.later(
                        verdict.outcome, (self._whole, name)
                    )  # its rivals may bring other values and duties
                else:
                    verdict = self._whole(name)
            verdicts[name] = verdict
        if possible & self.layout.guarding and self._may_break():
            self._broken = self._judged()
            self._alone, self.verdicts = verdicts, dict(self._broken.verdicts)
        return self

    @property
    def alone(self) -> dict[str, Verdict]:
        """The verdicts as the rules alone have them, before any red line withholds one."""
        return self.verdicts if self._broken is None else self._alone

    @property
    def judgement(self) -> Judgement:
        """The whole judgement."""
        return self._broken if self._broken is not None else self._judged()

    def _judged(self) -> Judgement:
        layout = self.layout
        free = self._matches(layout.free)
        guards = layout.guards_in(self.possible)
        return judge(layout.tree, guards, self.verdicts, free, lambda: self.state, self.absent.assumed)

    @cached_property
    def known(self) -> Mapping[str, Knowledge]:
        """The canonical facts."""
        return self._known()

    @cached_property
    def state(self) -> State:
        """What is known, assumptions included."""
        today = ordinal(self._as_of if self._as_of is not None else dt.datetime.now(dt.UTC))
        return State.of(self.layout.tree.facts, self.known, today)

    # -- verdicts

    def _dynamic(self, name: str, first: int) -> Verdict:
        """Return a verdict whose values depend on those of the facts; its outcome mostly does not."""
        outcome = self.layout.first_rule(first).outcomes[name] if first else None
        if isinstance(outcome, Constant) and isinstance(outcome.value, str):
            return Verdict.later(outcome.value, (self._whole, name))
        return self._whole(name)

    def _whole(self, name: str) -> Verdict:
        """Return the verdict as the hit policy has it, from all rules that do or may match."""
        spec = self.layout.tree.decisions[name]
        tree = self.layout.tree
        case = Case(spec, tree.currency, tree.facts, lambda: self.state, self._waiting)
        return combine(case, self._matches(self.layout.having_a_say(spec, self.certain)))

    def _matches(self, mask: int) -> list[Match]:
        return matches(self.layout, self.certain & mask, self.possible & mask)

    # -- guards

    def _may_break(self) -> bool:
        """Whether some clause of a guard may hold, as far as the outcomes tell without more ado."""
        layout = self.layout
        return any(
            not any(self._fails(test.fact, test.known) for test in layout.outcome_tests[place])
            for place in layout.places_in(self.possible & layout.guarding)
        )

    def _fails(self, decision: str, region: Region) -> bool:
        """Whether a decided outcome is certainly not among those of a test."""
        outcome = self.verdicts[decision].outcome
        return isinstance(outcome, str) and outcome != REFER and not contains(region, outcome)

    # -- what is missing

    @cached_property
    def _blocked(self) -> dict[str, int]:
        """For each fact that is not settled, the clauses that wait for it."""
        layout, state = self.layout, self.state
        blocked: dict[str, int] = {}
        for name in layout.asked:
            what = self.known.get(name)
            if what is None and state.settled.values.get(name) is None:
                blocked[name] = ~layout.columns[name].certain
            elif what is not None and not is_value(what):
                blocked[name] = ~vectors_of(layout.columns[name], what)[0]
        for boolean in layout.booleans:
            if self.possible & boolean.flag:  # which is left where it is unknown
                for name in waits_for(boolean.part, state):
                    blocked[name] = blocked.get(name, 0) | boolean.holds | boolean.fails
        return blocked

    def _waiting(self, rules: Iterable[Rule]) -> Counter[str]:
        undecided = self.possible & ~self.certain
        return counted(self.layout, rules, undecided, self._blocked.items()) if undecided else Counter()
