"""One incident laid out over the clauses of a policy: what each fact by itself leaves certain, and what possible."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import attrs

from ..rules.evaluate import Settled
from ..rules.given import Knowledge
from ..rules.tree import Rule
from ..rules.types import Value
from .chart import Chart, Question
from .combine import Case, Match, combine
from .decision import Outcome, Verdict
from .force import ordinal
from .guards import judge
from .layout import Boolean
from .pieces import Pieces
from .thresholds import thresholds
from .truth import State, Truth, is_value

#: The outcome of every decision, in order.
Outcomes: TypeAlias = tuple[Outcome, ...]


@attrs.frozen
class Vector:
    """The clauses that one fact, or one test over several, leaves: *certain* ones and *possible* ones."""

    certain: int
    possible: int


class Board:
    """
    What is known, over the clauses of a chart.

    *known* has canonical facts, as `evenhand.rules.given.read_given` returns them.
    """

    def __init__(self, chart: Chart, known: Mapping[str, Knowledge], as_of: dt.date) -> None:
        self.chart = chart
        values: dict[str, Value] = {name: value for name, value in chart.assumed.items() if name not in known}
        values.update((name, what) for name, what in known.items() if is_value(what))  # type: ignore[misc]  # values only
        self.state = State(chart.tree.facts, known, Settled(values, ordinal(as_of)))

    @cached_property
    def facts(self) -> Mapping[str, Vector]:
        """What each fact leaves, for the facts that the policy asks for."""
        return {name: self._vector(name) for name in self.chart.layout.asked}

    def _vector(self, name: str) -> Vector:
        column = self.chart.layout.columns[name]
        what = self.state.known.get(name)
        if what is None:
            return Vector(column.certain & self.chart.full, column.possible & self.chart.full)
        if is_value(what):
            vector = column.of_value(what) & self.chart.full  # type: ignore[arg-type]  # because it is a value
            return Vector(vector, vector)
        certain, possible = column.of_region(what)  # type: ignore[arg-type]  # because it is no value
        return Vector(certain & self.chart.full, possible & self.chart.full)

    @cached_property
    def booleans(self) -> Sequence[Vector]:
        """What each test over several facts leaves."""
        return [self.boolean(boolean, self.state) for boolean in self.chart.layout.booleans]

    def boolean(self, boolean: Boolean, state: State) -> Vector:
        """Return what a test over several facts leaves in a state."""
        truth = boolean.truth(state)
        full = self.chart.full
        if truth is None:
            return Vector(full & ~(boolean.holds | boolean.fails), full)
        vector = boolean.vectors[truth] & full
        return Vector(vector, vector)

    @cached_property
    def total(self) -> Vector:
        """What all of them leave together."""
        certain = possible = self.chart.full
        for vector in (*self.facts.values(), *self.booleans):
            certain &= vector.certain
            possible &= vector.possible
        return Vector(certain, possible)

    def pieces(self, name: str) -> Pieces:
        """Return the classes of a fact, cut also where tests over several facts change, the others being as they are."""
        pieces = self.chart.pieces(name)
        atoms = self.chart.atoms.get(name, ())
        type_ = pieces.fact.type
        if not atoms or not type_.is_ordered:
            return pieces
        cuts = thresholds(atoms, name, type_, self.state.settled)
        return pieces.split(cuts) if cuts else pieces

    def changed(self, name: str, what: Knowledge) -> State:
        """Return the state in which one fact is another."""
        state = self.state
        values = dict(state.settled.values)
        values.pop(name, None)
        if is_value(what):
            values[name] = what  # type: ignore[assignment]  # because it is a value
        return State(state.facts, {**state.known, name: what}, Settled(values, state.settled.today))

    # -- what follows

    def relevant(self, now: Mapping[str, Verdict]) -> int:
        """Return the clauses that any outcome rests on: where they stay, *now* stays."""
        found = self.chart.layout.guarding
        for name in now:
            question = self.chart.questions[name]
            found |= question.relevant(self.total.certain)
        return found

    def outcomes(
        self, certain: int, possible: int, state: Callable[[], State], now: Mapping[str, Verdict]
    ) -> Outcomes:
        """
        Return the outcome of each decision where these clauses are left.

        An outcome is that of *now* where the same rules give it, although the facts may make it another sum.
        """
        chart = self.chart
        if chart.all_plain and not possible & chart.layout.guarding:
            return tuple([question.outcome(certain, possible) for question in chart.questions.values()])
        verdicts = self.verdicts(Vector(certain, possible), state())
        return tuple(_kept(verdict, now[name]).canonical for name, verdict in verdicts.items())

    def verdicts(self, vector: Vector, state: State) -> Mapping[str, Verdict]:
        """Return the verdicts where *vector* is left: the same as every reading's, but for the facts that are missing."""
        chart = self.chart
        found = {name: self._verdict(question, vector, state) for name, question in chart.questions.items()}
        if not vector.possible & chart.layout.guarding:
            return found
        return judge(chart.tree, chart.tree.guards, found, (), lambda: state, ()).verdicts

    def _verdict(self, question: Question, vector: Vector, state: State) -> Verdict:
        tree = self.chart.tree
        case = Case(question.spec, tree.currency, tree.facts, lambda: state, _nothing_waits)
        return combine(case, self.matches(question.spec.id, vector))

    def matches(self, decision: str, vector: Vector) -> list[Match]:
        """Return the rules that take a decision and do or may hold."""
        chart = self.chart
        if not vector.possible & chart.questions[decision].mask:
            return []
        truths = ((rule, self.rule_truth(rule, vector)) for rule in chart.givers[decision])
        return [Match(rule, certain=truth is True) for rule, truth in truths if truth is not False]

    def rule_truth(self, rule: Rule, vector: Vector) -> Truth:
        """Say whether a rule holds where *vector* is left."""
        possible = False
        for clause in self.chart.clauses[rule.id]:
            if vector.certain >> clause.at & 1:
                return True
            possible = possible or bool(vector.possible >> clause.at & 1)
        return None if possible else False


def _kept(verdict: Verdict, now: Verdict) -> Verdict:
    """Return *now* where the same rules have decided, else *verdict*."""
    same = verdict.is_settled and now.is_settled and verdict.rules == now.rules and bool(now.rules)
    return now if same else verdict


def _nothing_waits(_rules: Iterable[Rule]) -> Counter[str]:
    return Counter()
