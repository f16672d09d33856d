"""What all checks stand on: one solver for a policy, the fast reading to try incidents on, and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import cached_property, partial
from typing import TypeVar

from ...rules.given import Knowledge
from ...rules.regions import Cut, Region, Spans, universe_of
from ...rules.tree import Atom, Conjunct, FactTest, NormalForm, PolicyTree, Rule, Whole
from ...rules.types import Value
from ..decision import Judgement, Verdict
from ..force import ordinal
from ..gaps import nearest_in
from ..index import Index
from ..interpret import interpret
from ..solve import Encoder, Outcomes, Point, outcomes_of, point_of
from ..solve.asking import new_solver
from ..solve.encoder import Term
from ..solve.incidents import ordinary_day
from ..solve.texts import name_texts, named_only
from ..truth import State
from .boxes import Key, Space
from .finding import Part
from .swaps import twins_of

Found = TypeVar("Found")


class Answer(Enum):
    """What the solver says where it has no incident to show."""

    NONE = "there is no such incident"
    UNKNOWN = "the solver cannot tell"


class Ground:
    """
    One policy, encoded once, and asked many questions.

    Every fact is taken as given, but those of which a condition asks whether they are, and *optional* ones: these may be missing
    as well.
    """

    def __init__(self, tree: PolicyTree, *, budget: float | None = None, optional: Iterable[str] = ()) -> None:
        self.tree = tree
        self._ends = None if budget is None else time.monotonic() + budget
        forms = [rule.form for rule in tree.rules] + [guard.form for guard in tree.guards]
        tests = [part for form in forms for part in parts_in(form) if isinstance(part, FactTest)]
        asked = {t.fact for t in tests if t.known != t.missing and t.fact in tree.facts}
        self.optional = frozenset(asked.union(optional))
        self.cuts: dict[str, set[Cut]] = {}
        for test in tests:
            if isinstance(test.known, Spans):
                self.cuts.setdefault(test.fact, set()).update(test.known.cuts)
        self.space = Space(tree, self.optional)
        self.encoder = Encoder(tree, self.optional)
        self.z3 = self.encoder.z3
        for rule in tree.rules:
            self.encoder.form(rule.form)
        name_texts(self.encoder)
        self.index = Index(tree)
        self._solver = new_solver(self.encoder)
        self._asserted: dict[int, Term] = {}
        self._told = -1
        self._boxes: dict[str, list[dict[Key, Part]]] = {}
        self._switches: dict[tuple[str, bool], Term] = {}
        self._by_reference = False
        #: The most natural value of each fact in each region that was asked for.
        self.naturals: dict[str, dict[Region, Value | None]] = {}
        #: An incident for each decision and rule that decides it there.
        self.winning: dict[tuple[str, str], Point] = {}
        #: Rules that never hold.
        self.never: set[str] = set()
        #: Rules of which it is not known whether they ever hold.
        self.unsettled: set[str] = set()
        #: Rules that certainly win some decision in some incident, by decision and rule.
        self.won: dict[tuple[str, str], bool | None] = {}

    def beside(self, tree: PolicyTree) -> Ground:
        """Return a ground for a policy like this one, with the time that is left."""
        left = None if self._ends is None else max(self._ends - time.monotonic(), 0)
        return Ground(tree, budget=left)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._ends is not None and time.monotonic() > self._ends

    @cached_property
    def _wishes(self) -> list[list[Term]]:
        """Return what incidents should be like, if that can be, most wishes first, none last."""
        day = [self.encoder.today == ordinary_day(self.tree)] if self.encoder.asks_the_day else []
        texts = named_only(self.encoder)
        return [*([[*texts, *day]] if day else []), *([texts] if texts else []), []]

    @cached_property
    def decisions(self) -> dict[str, Outcomes]:
        """Each decision that some rule decides, as terms."""
        decided = {name for rule in self.tree.rules for name in rule.outcomes}
        return {name: outcomes_of(self.encoder, spec) for name, spec in self.tree.decisions.items() if name in decided}

    @cached_property
    def ordinary_values(self) -> dict[str, Knowledge]:
        """An ordinary value of each fact that is asked for, lists excepted."""
        found: dict[str, Knowledge] = {}
        for name, fact in self.tree.facts.items():
            if name in self.tree.asked and name not in self.optional:
                value = () if fact.type.kind == "list" else nearest_in(universe_of(fact), None, fact.type)
                if value is not None:
                    found[name] = value
        return found

    def fires(self, rule: Rule) -> Term:
        """Return whether a rule certainly holds."""
        return self.encoder.form(rule.form).certain

    def boxes(self, rule: Rule) -> list[dict[Key, Part]]:
        """Return where a rule certainly holds."""
        found = self._boxes.get(rule.id)
        if found is None:
            parts = [self.space.parts(disjunct, possible=False) for disjunct in rule.form.disjuncts]
            found = self._boxes[rule.id] = parts
        return found

    # -- questions

    def ask(self, *terms: Term) -> Point | Answer:
        """Return an incident for which all terms hold, or why there is none to show."""
        return self._asked(terms, partial(point_of, self.encoder))

    def ask_twins(self, swaps: Sequence[tuple[Term, Term]], *terms: Term) -> tuple[Point, Point] | Answer:
        """Return two incidents for which all terms hold together, the second read with the terms of *swaps* in place."""
        return self._asked(terms, partial(twins_of, self.encoder, swaps))

    def _asked(self, terms: Iterable[Term], read: Callable[[Term], Found]) -> Found | Answer:
        """Return what is read off a model for which all terms hold."""
        if self.is_over:
            return Answer.UNKNOWN
        self._ready()
        self._solver.push()
        try:
            self._solver.add(*terms)
            return self._checked(self._solver, read)
        finally:
            self._solver.pop()

    def is_ruled_out(self, *terms: Term) -> bool:
        """Whether it is proved that in no incident all terms hold; quicker than `ask` where the incident is not wanted."""
        return self.ruled_out(*terms) is True

    def ruled_out(self, *terms: Term) -> bool | None:
        """Whether in no incident all terms hold; None where that is not settled."""
        if self.is_over:
            return None
        self._ready()
        self._solver.push()
        self._solver.add(*terms)
        found = self._solver.check()
        self._solver.pop()
        return None if found == self.z3.unknown else bool(found == self.z3.unsat)

    def _ready(self) -> None:
        """Tell the solver the axioms that have come up since it was last asked."""
        size = self.encoder.size_of_axioms
        if size == self._told:
            return
        self._told = size
        for axiom in self.encoder.axioms:
            if axiom.get_id() not in self._asserted:
                self._asserted[axiom.get_id()] = axiom
                self._solver.add(axiom)

    def _checked(self, solver: Term, read: Callable[[Term], Found]) -> Found | Answer:
        found = self.z3.unknown
        for wishes in self._wishes:
            found = solver.check(*wishes)
            if found == self.z3.sat:
                break
        if found == self.z3.sat:
            return read(solver.model())
        return Answer.NONE if found == self.z3.unsat else Answer.UNKNOWN

    def exhaust(self, term: Term, block: Callable[[Point], Term | None]) -> Answer:
        """Ask for one incident after another, each outside what *block* returns for those before, until there is no more."""
        self._ready()
        solver = new_solver(self.encoder)
        solver.add(*self.encoder.axioms, term)
        while not self.is_over:
            found = self._checked(solver, partial(point_of, self.encoder))
            if isinstance(found, Answer):
                return found
            taken = block(found)
            if taken is None:
                break
            solver.add(self.z3.Not(taken))
        return Answer.UNKNOWN

    def is_covered(self, term: Term, others: Iterable[Term]) -> bool:
        """Whether every incident for which a term holds is one for which some of *others* does."""
        return self.is_ruled_out(term, *(self.z3.Not(other) for other in others))

    def outside(self, rule: Rule, others: Sequence[Rule]) -> Point | Answer | tuple[str, ...]:
        """Return an incident for which a rule holds and none of some others does; the fewest others that leave none, by id."""
        if self.is_over:
            return Answer.UNKNOWN
        solver = self._switched
        holds, bars = self._switch(rule, holds=True), {other.id: self._switch(other, holds=False) for other in others}
        found = self.z3.unknown
        for wishes in self._wishes:
            found = solver.check(holds, *bars.values(), *wishes)
            if found == self.z3.sat:
                return point_of(self.encoder, solver.model())
        if found != self.z3.unsat:
            return Answer.UNKNOWN
        core = {str(mark) for mark in solver.unsat_core()}
        kept = [name for name, mark in bars.items() if str(mark) in core]
        for name in list(reversed(kept)) if 1 < len(kept) <= 20 else []:
            fewer = [other for other in kept if other != name]
            if solver.check(holds, *(bars[other] for other in fewer)) == self.z3.unsat:
                kept = fewer
        return tuple(kept)

    @cached_property
    def _switched(self) -> Term:
        """A solver in which rules can be switched on and off, and which keeps what it has learnt from one question to the next."""
        solver = new_solver(self.encoder)
        solver.add(*self.encoder.axioms)
        return solver

    def _switch(self, rule: Rule, *, holds: bool) -> Term:
        """Return a switch of that solver: whether a rule must hold, or must not."""
        key = (rule.id, holds)
        found = self._switches.get(key)
        if found is None:
            found = self._switches[key] = self.z3.Bool(f"{'holds' if holds else 'fails'} {rule.id}")
            fires = self.fires(rule)
            self._switched.add(self.z3.Implies(found, fires if holds else self.z3.Not(fires)))
        return found

    # -- trying incidents

    def judge(self, point: Point) -> Judgement:
        """Return what is decided, by the fast reading unless the reference is asked for."""
        if self._by_reference:
            return interpret(self.tree, point.known, point.as_of)
        return self.index.decide(point.known, point.as_of)

    def verdicts(self, point: Point) -> Mapping[str, Verdict]:
        """Return the verdicts alone, which takes less."""
        if self._by_reference:
            return interpret(self.tree, point.known, point.as_of).verdicts
        return self.index.verdicts(point.known, point.as_of)

    @contextmanager
    def by_reference(self) -> Iterator[None]:
        """Let incidents be judged by the reference reading for a while."""
        self._by_reference = True
        try:
            yield
        finally:
            self._by_reference = False

    def state(self, point: Point) -> State:
        """Return an incident as the reference reading sees it."""
        return State.of(self.tree.facts, point.known, ordinal(point.as_of))


def parts_in(form: NormalForm) -> Iterator[Conjunct]:
    """Yield every part of a form, and the parts of those kept whole."""
    pending: list[Conjunct] = [part for disjunct in form.disjuncts for part in disjunct]
    while pending:
        part = pending.pop()
        yield part
        if isinstance(part, Whole):
            pending += [inner for disjunct in part.form.disjuncts for inner in disjunct]


def is_plain(form: NormalForm) -> bool:
    """Whether a form asks nothing but tests on single facts."""
    return not any(isinstance(part, Atom | Whole) for disjunct in form.disjuncts for part in disjunct)
