"""The interview: which missing fact to ask for next, until every decision is settled or nothing more would help."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Final

import attrs

from ..rules.given import Knowledge
from ..rules.regions import intersection, is_empty
from ..rules.types import Fact, Value
from .answers import answer_of, expected_text, is_unknown
from .board import Board
from .decision import Judgement, Verdict
from .gaps import nearest_in
from .known import region_in
from .policy import Decision, Policy, stated

#: The most classes of one fact that are tried, evenly spread.
_MOST: Final = 48


@attrs.frozen
class Question:
    """
    A question worth asking.

    *gain* says how much an answer may be expected to settle, in decisions; *expected* what may be answered, in words.
    """

    fact: Fact
    text: str
    expected: str
    gain: Fraction


@attrs.frozen(eq=False, slots=False)
class Interview:
    """
    A conversation about one incident; each answer makes another one.

    *facts* is what is known, *asked* the facts that were asked for already: they are not asked for again.

    >>> interview = Interview(Policy.load("house"), {"fault": "customer", "verified": True})
    >>> interview.question.fact.name
    'abuse'
    >>> interview.answered("violent").decision.walk_away.outcome
    'ban'
    """

    policy: Policy
    facts: Mapping[str, object] = attrs.field(factory=dict, converter=stated)
    as_of: dt.date = attrs.field(factory=lambda: dt.datetime.now(dt.UTC), kw_only=True)
    asked: frozenset[str] = attrs.field(default=frozenset(), kw_only=True)

    @cached_property
    def decision(self) -> Decision:
        """What the policy decides on what is known by now."""
        return self.policy.decide(self.facts, as_of=self.as_of)

    @cached_property
    def question(self) -> Question | None:
        """The question to ask next; None where every decision is settled, or no answer would help."""
        return next_question(self.decision, asked=self.asked)

    def answered(self, answer: object) -> Interview:
        """
        Return the interview after an answer to its question: a value of the fact, or what somebody typed.

        Raises:
            FactError: If that is no answer; the question stays as it is.
        """
        fact = self._fact()
        if isinstance(answer, str):
            if is_unknown(answer, fact):
                return self.skipped()
            answer = answer_of(answer, fact)
        self.policy.read({fact.name: answer})
        return attrs.evolve(self, facts={**self.facts, fact.name: answer}, asked=self.asked | {fact.name})

    def skipped(self) -> Interview:
        """Return the interview after nobody knew the answer to its question."""
        return attrs.evolve(self, asked=self.asked | {self._fact().name})

    def _fact(self) -> Fact:
        if self.question is None:
            raise ValueError("there is no question left to answer")
        return self.question.fact


def next_question(decision: Decision, *, asked: Iterable[str] = ()) -> Question | None:
    """
    Return the most useful question about a decision, None where there is none.

    For each missing fact one value of each of its classes is tried; the best question settles most on average, each class being
    as likely as any other. Among equals the fact for which most rules wait comes first. *asked* are not asked for again.
    """
    asked = frozenset(asked)
    candidates = [name for name in decision.missing if name not in asked]
    if not candidates:
        return None
    board = decision.explain().board
    now = _openness(decision.judgement)
    gains = {name: _gain(board, name, now) for name in candidates}
    best = max(candidates, key=lambda name: gains[name])
    if gains[best] <= 0 and len(candidates) == 1 and not _matters(board, best):
        return None
    fact = decision.policy.tree.facts[best]
    currency = decision.policy.tree.currency
    return Question(fact, fact.ask or f"What is {fact.name}?", expected_text(fact, currency), gains[best])


def _openness(judgement: Judgement) -> Fraction:
    """Return how much is not settled: the open decisions, a little for each possible outcome, a half for each open value."""
    return sum((_open(verdict) for verdict in judgement.verdicts.values()), Fraction(0))


def _open(verdict: Verdict) -> Fraction:
    if verdict.is_settled:
        return Fraction(len(verdict.unsettled), 2)
    if not verdict.missing:  # no fact would help: nobody decides, rules contradict each other, a red line is broken
        return Fraction(0)
    return 1 + Fraction(min(len(verdict.possible), 8), 10) + Fraction(min(len(verdict.missing), 99), 1_000)


def _gain(board: Board, name: str, now: Fraction) -> Fraction:
    """Return by how much an answer about a fact may be expected to settle things."""
    found = [_openness(judged) for judged in _judged(board, name)]
    return now - sum(found, Fraction(0)) / len(found) if found else Fraction(0)


def _matters(board: Board, name: str) -> bool:
    """Whether any value of a fact would change any verdict."""
    now = board.decision.judgement.verdicts
    return any(
        (verdict.canonical, verdict.possible, verdict.canonical_values)
        != (now[decision].canonical, now[decision].possible, now[decision].canonical_values)
        for judged in _judged(board, name)
        for decision, verdict in judged.verdicts.items()
    )


def _judged(board: Board, name: str) -> Iterator[Judgement]:
    """Yield what the policy would make of each class of a fact."""
    index, as_of = board.decision.policy.index, board.decision.as_of
    for value in _values(board, name):
        known: dict[str, Knowledge] = {**board.known, name: value}
        yield index.decide(known, as_of)


def _values(board: Board, name: str) -> Sequence[Value]:
    """Return one value of each class that a fact may be in, of very many classes only some."""
    fact = board.state.facts[name]
    if fact.type.kind == "list":
        words = board.chart.words_sought(name)
        return [(), *((word,) for word in words), *([words] if len(words) > 1 else [])]
    pieces, possible = board.pieces(name), region_in(board.known.get(name))
    regions = [pieces.region((place,)) for place in _spread(len(pieces.vectors))]
    if possible is not None:
        regions = [both for region in regions if not is_empty(both := intersection(region, possible))]
    found = (nearest_in(region, None, fact.type) for region in regions)
    return [value for value in found if value is not None]


def _spread(count: int) -> Sequence[int]:
    return range(count) if count <= _MOST else sorted({at * (count - 1) // (_MOST - 1) for at in range(_MOST)})
