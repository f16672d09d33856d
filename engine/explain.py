"""Why a policy decided as it did: the reason, why nothing else, and what single change of one fact would change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from ..rules.tree import Constant, Rule
from .board import Board
from .chart import Chart, chart_of
from .decision import Breach, Outcome, Verdict
from .flips import Flip, flips
from .traces import Trace, trace

if TYPE_CHECKING:
    from .policy import Decision


@attrs.frozen(eq=False, slots=False)
class Why:
    """Why a decision came out as it did; what is not asked for is not worked out."""

    verdict: Verdict
    _explanation: Explanation = attrs.field(repr=False)

    @cached_property
    def rule(self) -> Trace | None:
        """The rule that decided, None where the default did, or nobody."""
        return self._explanation.trace(self.verdict.rule) if self.verdict.rule is not None else None

    @property
    def is_default(self) -> bool:
        """Whether the outcome is the decision's default."""
        return self.verdict.is_settled and self.verdict.rule is None

    @property
    def above(self) -> tuple[Trace, ...]:
        """
        The rules that would have come before it but do not hold.

        Under `first` they stand above it, under `priority` they have an outcome that is stronger, or as strong; else they are all
        rules that take the decision.
        """
        return tuple(trace for trace in self._before if trace.truth is False)

    @property
    def agreeing(self) -> tuple[Trace, ...]:
        """The further rules with a part in the verdict: they may hold and agree, hold as well, or contradict each other."""
        verdict = self.verdict
        others = (self._explanation.trace(rule) for rule in verdict.rules if rule is not verdict.rule)
        return (*(trace for trace in self._before if trace.truth is not False), *others)

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """The red lines that withhold the outcome."""
        if self.verdict.status != "guard":
            return ()
        breaches = self._explanation.decision.breaches
        return tuple(breach for breach in breaches if self.verdict.decision in breach.guard.decisions)

    @property
    def assumed(self) -> tuple[str, ...]:
        """The facts in these rules for which the policy's assumption was taken."""
        traces = (*((self.rule,) if self.rule else ()), *self._before, *self.agreeing)
        return tuple(dict.fromkeys(name for one in traces for test in one.tests for name in test.assumed))

    @cached_property
    def _before(self) -> tuple[Trace, ...]:
        explanation, verdict = self._explanation, self.verdict
        if verdict.status == "not-in-force":
            return ()
        return tuple(
            explanation.trace(rule) for rule in _rules_before(verdict, explanation.chart.givers[verdict.decision])
        )


def _rules_before(verdict: Verdict, givers: tuple[Rule, ...]) -> Iterator[Rule]:
    """Yield the rules that would have come before the one that decided, and have no part in the verdict."""
    taking = set(map(id, verdict.rules))
    for rule in givers:
        if rule is verdict.rule:
            if verdict.spec.hit_policy == "first":
                return
        elif id(rule) not in taking and _precedes(rule, verdict):
            yield rule


def _precedes(rule: Rule, verdict: Verdict) -> bool:
    outcome = rule.outcomes[verdict.decision]
    if verdict.spec.hit_policy != "priority" or verdict.rule is None or not isinstance(outcome, Constant):
        return True
    words = verdict.spec.outcomes
    return not words or words.index(str(outcome.value)) >= words.index(str(verdict.canonical))


@attrs.frozen(eq=False)
class WhyNot:
    """
    Why a decision did not come out another way.

    *outcome* is the other outcome, for an open one its expression as text. *is_default* says that it is what the decision is
    where no rule speaks.
    """

    outcome: Outcome
    is_default: bool
    _rules: tuple[Rule, ...] = attrs.field(repr=False)
    _explanation: Explanation = attrs.field(repr=False)

    @property
    def rules(self) -> tuple[Trace, ...]:
        """The rules that would give it: they do not hold, may hold, or hold and stand behind another rule."""
        return tuple(self._explanation.trace(rule) for rule in self._rules)


class Explanation:
    """
    The answers to three questions about a decision: `why`, `why_not`, `flips`, each by the name of the decision.

    An explanation is cheap to make; each answer is worked out when it is first asked for.

    >>> from evenhand import Policy
    >>> explanation = Policy.load("house").decide({"abuse": "violent", "fault": "customer", "verified": True}).explain()
    >>> explanation.why["walk_away"].rule.rule.id
    'violence-proven'
    """

    def __init__(self, decision: Decision) -> None:
        self.decision = decision

    def __repr__(self) -> str:
        return f"Explanation({self.decision!r})"

    @cached_property
    def why(self) -> Mapping[str, Why]:
        """Why each decision came out as it did."""
        return {name: Why(verdict, self) for name, verdict in self.decision.verdicts.items()}

    @cached_property
    def why_not(self) -> Mapping[str, tuple[WhyNot, ...]]:
        """For each decision, why none of its other outcomes."""
        return {name: tuple(self._why_not(verdict)) for name, verdict in self.decision.verdicts.items()}

    @cached_property
    def flips(self) -> Mapping[str, tuple[Flip, ...]]:
        """For each decision, what single change of one fact would change it, the nearest first."""
        if self._is_out_of_force:
            return dict.fromkeys(self.decision.verdicts, ())
        return flips(self.board, self.decision.verdicts)

    def text(self, decision: str | None = None) -> str:
        """Return all of it as text for a terminal, or what is about one decision."""
        from .telling import told

        return told(self, decision)

    def sentence(self, decision: str | None = None) -> str:
        """Return the outcome and its reason as one sentence for the person at the desk, with what to ask next."""
        from .telling import sentence

        return sentence(self, decision)

    @cached_property
    def board(self) -> Board:
        """The facts over the clauses of the policy."""
        return Board(self.chart, self.decision)

    @cached_property
    def chart(self) -> Chart:
        """The clauses and classes of the policy."""
        return chart_of(self.decision.policy.index)

    @cached_property
    def _is_out_of_force(self) -> bool:
        return any(verdict.status == "not-in-force" for verdict in self.decision)

    @cached_property
    def _traces(self) -> dict[str, Trace]:
        return {}

    def trace(self, rule: Rule) -> Trace:
        """Return how a rule fared."""
        found = self._traces.get(rule.id)
        if found is None:
            found = self._traces[rule.id] = trace(self.board, rule)
        return found

    def _why_not(self, verdict: Verdict) -> Iterator[WhyNot]:
        if verdict.status == "not-in-force":
            return
        chosen = (
            verdict.canonical
            if verdict.spec.collects and isinstance(verdict.canonical, tuple)
            else (verdict.canonical,)
        )
        for other in self.chart.others[verdict.decision]:
            taken = (
                any(rule in other.rules for rule in verdict.rules) if verdict.spec.collects or other.is_open else False
            )
            if not taken and other.outcome not in chosen:
                yield WhyNot(other.outcome, other.is_default, other.rules, self)
