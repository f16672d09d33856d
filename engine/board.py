"""One incident laid out over the clauses of a policy: what each fact by itself leaves certain, and what possible."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from ..rules.evaluate import Settled
from ..rules.given import Knowledge, flatten
from ..rules.regions import contains
from ..rules.tree import FactTest, Rule
from ..rules.types import Fact, Value
from .chart import Chart, Question
from .combine import Case, Match, combine
from .decision import REFER, Outcome, Verdict
from .force import ordinal
from .guards import judge
from .known import region_in, value_in
from .layout import Boolean
from .pieces import Pieces
from .thresholds import thresholds
from .truth import State, Truth, open_facts

if TYPE_CHECKING:
    from .policy import Decision

#: The outcome of every decision, in order.
Outcomes: TypeAlias = tuple[Outcome, ...]


class Board:
    """
    The facts of a decision over the clauses of its policy's chart.

    *given* has them as they were handed in, by dotted name. *certain* and *possible* have, for each fact that the policy asks
    for, the clauses that it leaves; *places* its class, None where it may be several.
    """

    def __init__(self, chart: Chart, decision: Decision) -> None:
        self.chart = chart
        self.decision = decision
        self.certain: dict[str, int] = {}
        self.possible: dict[str, int] = {}
        self.places: dict[str, int | None] = {}
        given = decision.given
        if not given.keys() <= chart.layout.columns.keys():
            given = dict(flatten(given, chart.tree.facts))
        self.given = given
        for name in chart.layout.asked:
            raw = given.get(name)
            if raw is None:
                self.certain[name], self.possible[name], self.places[name] = chart.absent[name]
            else:
                self._lay(name, raw)

    def _lay(self, name: str, raw: object) -> None:
        """Lay out a fact as it was handed in, without reading it where its type is a usual one."""
        column = self.chart.layout.columns[name]
        try:
            steps: Any = column.steps[type(raw)]
            if steps is None:
                vector: int | None = column.words[raw]
                place = self.chart.words[name][raw]
            else:
                at = bisect_right(steps, raw)
                vector, offset = column.vectors[at], self.chart.pieces(name).offset
                if not offset:
                    raise KeyError(name)  # its classes are finer than the column's
                place = at - offset
            assert vector is not None  # because a decision was made on it
            self.certain[name] = self.possible[name] = vector
            self.places[name] = place
        except (KeyError, TypeError, IndexError):
            self._lay_known(name, self.known[name])

    def _lay_known(self, name: str, what: Knowledge) -> None:
        column = self.chart.layout.columns[name]
        value, region = value_in(what), region_in(what)
        self.places[name] = None
        if region is not None:
            self.certain[name], self.possible[name] = column.of_region(region)
        elif value is not None:
            self.certain[name] = self.possible[name] = column.of_value(value)
            if column.fact.type.kind != "list":
                self.places[name] = self.chart.pieces(name).place(value)

    @cached_property
    def known(self) -> Mapping[str, Knowledge]:
        """The facts that were handed in, canonical."""
        return self.decision.policy.read(self.decision.given)

    def amount(self, fact: Fact) -> float:
        """Return about what an ordered fact is, canonical; exact values are in `known`."""
        raw = self.given.get(fact.name)
        if type(raw) is int or type(raw) is float:
            return raw * self.chart.units[fact.name]
        if isinstance(raw, dt.timedelta):
            return raw.total_seconds()
        value = fact.assume if raw is None else self.known[fact.name]
        assert isinstance(value, int | Fraction)
        return float(value)

    @cached_property
    def state(self) -> State:
        """What is known, as the readings have it."""
        known = self.known
        values = {name: value for name, value in self.chart.assumed.items() if name not in known}
        values.update({name: value for name, what in known.items() if (value := value_in(what)) is not None})
        return State(self.chart.tree.facts, known, Settled(values, ordinal(self.decision.as_of)))

    @cached_property
    def booleans(self) -> Sequence[tuple[int, int]]:
        """What each test over several facts leaves certain and possible."""
        return [self.boolean(boolean, self.state) for boolean in self.chart.layout.booleans]

    def boolean(self, boolean: Boolean, state: State) -> tuple[int, int]:
        """Return what a test over several facts leaves in a state."""
        truth = boolean.truth(state)
        full = self.chart.full
        if truth is None:
            return full & ~(boolean.holds | boolean.fails), full
        vector = boolean.vectors[truth] & full
        return vector, vector

    @cached_property
    def total(self) -> tuple[int, int]:
        """What all of them leave together, certain and possible."""
        certain = possible = self.chart.full
        for vector in self.certain.values():
            certain &= vector
        for vector in self.possible.values():
            possible &= vector
        for sure, open_ in self.booleans:
            certain &= sure
            possible &= open_
        return certain, possible

    def pieces(self, name: str) -> Pieces:
        """Return the classes of a fact, cut also where tests over several facts change, the others being as they are."""
        pieces = self.chart.pieces(name)
        atoms = self.chart.atoms(name)
        if not atoms or not pieces.fact.type.is_ordered:
            return pieces
        cuts = thresholds(atoms, name, pieces.fact.type, self.state.settled)
        return pieces.split(cuts) if cuts else pieces

    def changed(self, name: str, value: Value) -> State:
        """Return the state in which one fact has another value."""
        state = self.state
        settled = Settled({**state.settled.values, name: value}, state.settled.today)
        return State(state.facts, {**state.known, name: value}, settled)

    # -- what follows

    @cached_property
    def relevant(self) -> Sequence[int]:
        """The clauses on which each decision rests as things are."""
        return [question.relevant(self.total[0]) for question in self.chart.questions.values()]

    @cached_property
    def _asked(self) -> Sequence[tuple[Question, int, Outcome]]:
        """Each plain decision with the clauses that it rests on and its outcome as things are, before any red line."""
        questions = self.chart.questions.values()
        return [(q, bits, q.outcome(*self.total)) for q, bits in zip(questions, self.relevant, strict=True)]

    def outcomes(
        self, certain: int, possible: int, state: Callable[[], State], now: Mapping[str, Verdict], changed: int = -1
    ) -> Outcomes:
        """
        Return the outcome of each decision where these clauses are left; only those of *changed* differ from what is.

        An outcome is that of *now* where the same rules give it, although the facts may make it another sum.
        """
        chart = self.chart
        if chart.all_plain:
            found = tuple([q.outcome(certain, possible) if changed & bits else now for q, bits, now in self._asked])
            if not possible & chart.layout.guarding or not self._may_break(possible, found):
                return found
        verdicts = self._verdicts(certain, possible, state())
        return tuple(_kept(verdict, now[name]).canonical for name, verdict in verdicts.items())

    def _may_break(self, possible: int, outcomes: Outcomes) -> bool:
        """Whether some guard may be broken by these outcomes, as far as one test on each tells."""
        layout = self.chart.layout
        found = dict(zip(self.chart.questions, outcomes, strict=True))

        def passes(test: FactTest) -> bool:
            outcome = found[test.fact]
            return outcome == REFER or isinstance(outcome, tuple) or contains(test.known, outcome)

        places = layout.places_in(possible & layout.guarding)
        return any(all(map(passes, layout.outcome_tests[place])) for place in places)

    def _verdicts(self, certain: int, possible: int, state: State) -> Mapping[str, Verdict]:
        """Return the verdicts where these clauses are left, as every reading has them."""
        chart = self.chart
        found = {name: self._verdict(q, certain, possible, state) for name, q in chart.questions.items()}
        if not possible & chart.layout.guarding:
            return found
        return judge(chart.tree, chart.tree.guards, found, (), lambda: state, ()).verdicts

    def _verdict(self, question: Question, certain: int, possible: int, state: State) -> Verdict:
        tree = self.chart.tree
        matches: list[Match] = []
        if possible & question.mask:
            truths = ((rule, self.rule_truth(rule, certain, possible)) for rule in self.chart.givers[question.spec.id])
            matches = [Match(rule, certain=truth is True) for rule, truth in truths if truth is not False]
        case = Case(question.spec, tree.currency, tree.facts, lambda: state, lambda rules: _waiting(rules, state))
        return combine(case, matches)

    def rule_truth(self, rule: Rule, certain: int, possible: int) -> Truth:
        """Say whether a rule holds where these clauses are left."""
        mask = self.chart.layout.clauses.get(rule.id, 0)
        return True if certain & mask else None if possible & mask else False


def _kept(verdict: Verdict, now: Verdict) -> Verdict:
    """Return *now* where the same rules have decided, else *verdict*."""
    same = verdict.is_settled and now.is_settled and verdict.rules == now.rules and bool(now.rules)
    return now if same else verdict


def _waiting(rules: Iterable[Rule], state: State) -> Counter[str]:
    """Count what the undecided parts of rules wait for."""
    return sum((open_facts(rule.form, state) for rule in rules), Counter())
