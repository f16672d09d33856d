"""How one rule fared on the facts: the tests that carried it, failed it, or are still open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import attrs

from ..rules.evaluate import Settled, Undefined, value_of
from ..rules.given import Knowledge
from ..rules.tree import Atom, Compare, Conjunct, FactTest, Rule, Whole
from ..rules.types import Number, exact
from .board import Board
from .chart import Clause
from .gaps import Gap, gap_to
from .known import value_in
from .truth import State, Truth, all_of, conjunct_truth


@attrs.frozen
class Tested:
    """
    One test as it turned out: on one fact, or over several.

    *found* is what was known of each fact in it: a canonical value, a region of possible values, or None where nothing was
    handed in. *assumed* are the facts whose value the policy assumed. *gap* says by how much a test on one fact failed.
    """

    part: FactTest | Atom
    truth: Truth
    found: tuple[tuple[str, Knowledge | None], ...]
    assumed: frozenset[str] = frozenset()
    gap: Gap | None = None


@attrs.frozen(eq=False)
class Trace:
    """
    How a rule fared: whether it holds, and the tests of its `and` that decided.

    That is the first that holds, or else the one nearest to holding; *others* says how many further ways there are in which the
    rule could hold. Its tests are gathered when they are asked for.
    """

    rule: Rule
    others: int
    _clause: Clause | None = attrs.field(repr=False)
    _board: Board = attrs.field(repr=False)
    truth: Truth = attrs.field(kw_only=True)

    @property
    def tests(self) -> tuple[Tested, ...]:
        """The tests of the deciding `and`, in the order of the rule; none where it asks for nothing, or can never hold."""
        return tuple(_flattened(self._judged(), self._board.state))

    @property
    def failing(self) -> tuple[Tested, ...]:
        """The tests that failed."""
        return self._with(truth=False)

    @property
    def open(self) -> tuple[Tested, ...]:
        """The tests that wait for a fact."""
        return self._with(truth=None)

    def _judged(self) -> Iterator[tuple[Conjunct, Truth]]:
        clause = self._clause
        if clause is not None:
            for part in clause.parts:
                yield part, part_truth(self._board, clause.at, part)

    def _with(self, *, truth: Truth) -> tuple[Tested, ...]:
        judged = [(part, found) for part, found in self._judged() if found is truth]
        return tuple(test for test in _flattened(judged, self._board.state) if test.truth is truth)


def trace(board: Board, rule: Rule) -> Trace:
    """Return how a rule fares on what is known."""
    clauses = board.chart.clauses[rule.id]
    certain, possible = board.total
    for clause in clauses:
        if certain >> clause.at & 1:
            return Trace(rule, len(clauses) - 1, clause, board, truth=True)
    truth = None if any(possible >> clause.at & 1 for clause in clauses) else False
    nearest = (
        min(clauses, key=lambda clause: _distance(board, clause)) if len(clauses) > 1 else next(iter(clauses), None)
    )
    return Trace(rule, max(0, len(clauses) - 1), nearest, board, truth=truth)


def _distance(board: Board, clause: Clause) -> tuple[int, int]:
    """Return how many tests of an `and` fail, and how many are open."""
    truths = [part_truth(board, clause.at, part) for part in clause.parts]
    return sum(truth is False for truth in truths), sum(truth is None for truth in truths)


def part_truth(board: Board, at: int, part: Conjunct) -> Truth:
    """Say whether a part of the clause at a place holds: on one fact, by that fact's bit; else as every reading says."""
    if not isinstance(part, FactTest):
        return conjunct_truth(part, board.state)
    if board.certain[part.fact] >> at & 1:
        return True
    return None if board.possible[part.fact] >> at & 1 else False


def _flattened(parts: Iterable[tuple[Conjunct, Truth]], state: State) -> Iterator[Tested]:
    """Yield tests; a part that was kept whole by those of the `and` in it that is nearest to holding."""
    for part, truth in parts:
        if not isinstance(part, Whole):
            yield tested(part, truth, state)
            continue
        judged = [[(inner, conjunct_truth(inner, state)) for inner in disjunct] for disjunct in part.form.disjuncts]
        wanted = [inner for inner in judged if all_of(t for _, t in inner) is truth]
        yield from _flattened(min(wanted, key=lambda inner: sum(t is False for _, t in inner)), state)


def tested(part: FactTest | Atom, truth: Truth, state: State) -> Tested:
    """Return a test with what was known of its facts."""
    if isinstance(part, Atom):
        found = tuple((name, state.known.get(name, state.settled.values.get(name))) for name in part.facts)
        assumed = frozenset(name for name, what in found if what is not None and name not in state.known)
        return Tested(part, truth, found, assumed)
    name = part.fact
    type_ = state.facts[name].type
    what = state.known.get(name)
    if what is not None:
        value = value_in(what)
        gap = gap_to(part.known, value, type_) if truth is False and value is not None else None
        return Tested(part, truth, ((name, what),), gap=gap)
    taken = state.settled.values.get(name)
    if taken is None:
        return Tested(part, truth, ((name, None),))
    gap = gap_to(part.missing, taken, type_) if truth is False else None
    return Tested(part, truth, ((name, taken),), frozenset((name,)), gap)


def shortfall(test: Tested, settled: Settled) -> tuple[Number, Number, Number] | None:
    """Return both sides of a comparison of numbers and the distance between them, None where it has none."""
    if not isinstance(test.part, Atom) or not isinstance(test.part.test, Compare):
        return None
    try:
        left, right = (value_of(side, settled) for side in (test.part.test.left, test.part.test.right))
    except (KeyError, Undefined):
        return None
    if not isinstance(left, int | Fraction) or not isinstance(right, int | Fraction):
        return None
    return left, right, exact(abs(Fraction(left) - right))
