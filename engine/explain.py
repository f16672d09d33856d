"""Why a policy decided as it did: the reason, why nothing else, and what single change of one fact would change it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from ..rules.given import Knowledge, read_fact
from ..rules.tree import Constant, Rule
from ..rules.words import expression_text
from .board import Board
from .decision import Breach, Outcome, Verdict
from .flips import Flip, flips
from .chart import Chart, chart_of
from .traces import Trace, trace

if TYPE_CHECKING:
    from .policy import Decision


@attrs.frozen(eq=False)
class Why:
    """
    Why a decision came out as it did.

    *rule* is the one that decided, None where the default did, or nobody. *above* are the rules that would have come before it but
    do not hold: under `first` those above it, under `priority` those with a stronger outcome, else all that take the decision.
    *agreeing* are the further rules with a part in the verdict: they may hold and agree, hold as well, or contradict each other.
    *breaches* are the red lines that withhold the outcome.
    """

    verdict: Verdict
    rule: Trace | None
    above: tuple[Trace, ...]
    agreeing: tuple[Trace, ...]
    breaches: tuple[Breach, ...]

    @property
    def is_default(self) -> bool:
        """Whether the outcome is the decision's default."""
        return self.verdict.is_settled and self.rule is None

    @property
    def assumed(self) -> tuple[str, ...]:
        """The facts in these rules for which the policy's assumption was taken."""
        traces = (*((self.rule,) if self.rule else ()), *self.above, *self.agreeing)
        return tuple(dict.fromkeys(name for one in traces for test in one.tests for name in test.assumed))


@attrs.frozen(eq=False)
class WhyNot:
    """
    Why a decision did not come out another way.

    *outcome* is the other outcome (for an open one, its expression as text), *rules* are those that would give it: they do not
    hold, may hold, or hold and stand behind another rule. *is_default* says that it is what the decision is without any rule.
    """

    outcome: Outcome
    rules: tuple[Trace, ...]
    is_default: bool = False


class Explanation:
    """
    The answers to three questions about a decision: `why`, `why_not`, `flips`, each by the name of the decision.

    An explanation is cheap to make; each answer is worked out when it is first asked for.

    >>> from evenhand import Policy
    >>> explanation = Policy.load("house").decide({"abuse": "violent", "fault": "customer", "verified": True}).explain()
    >>> explanation.why["walk_away"].rule.rule.id
    'let-the-violent-go'
    """

    def __init__(self, decision: Decision) -> None:
        self.decision = decision

    def __repr__(self) -> str:
        return f"Explanation({self.decision!r})"

    @cached_property
    def why(self) -> Mapping[str, Why]:
        """Why each decision came out as it did."""
        return {verdict.decision: self._why(verdict) for verdict in self.decision}

    @cached_property
    def why_not(self) -> Mapping[str, tuple[WhyNot, ...]]:
        """For each decision, why none of its other outcomes."""
        return {verdict.decision: tuple(self._why_not(verdict)) for verdict in self.decision}

    @cached_property
    def flips(self) -> Mapping[str, tuple[Flip, ...]]:
        """For each decision, what single change of one fact would change it, the nearest first."""
        if self._is_out_of_force:
            return {name: () for name in self.decision.verdicts}
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
        return Board(self._chart, self._known(), self.decision.as_of)

    @cached_property
    def _chart(self) -> Chart:
        return chart_of(self.decision.policy.index)

    @cached_property
    def _is_out_of_force(self) -> bool:
        return any(verdict.status == "not-in-force" for verdict in self.decision)

    def _known(self) -> Mapping[str, Knowledge]:
        return self.decision.policy.read(self.decision.given)

    @cached_property
    def _traces(self) -> dict[str, Trace]:
        return {}

    def trace(self, rule: Rule) -> Trace:
        """Return how a rule fared."""
        found = self._traces.get(rule.id)
        if found is None:
            found = self._traces[rule.id] = trace(self.board, rule)
        return found

    # -- why

    def _why(self, verdict: Verdict) -> Why:
        if verdict.status == "not-in-force":
            return Why(verdict, None, (), (), ())
        winner = verdict.rule
        above = [self.trace(rule) for rule in self._above(verdict)]
        others = [self.trace(rule) for rule in verdict.rules if rule is not winner]
        agreeing = tuple(one for one in above if one.truth is not False) + tuple(others)
        breaches: tuple[Breach, ...] = ()
        if verdict.status == "guard":
            breaches = tuple(b for b in self.decision.breaches if verdict.decision in b.guard.decisions)
        failed = tuple(one for one in above if one.truth is False)
        return Why(verdict, self.trace(winner) if winner else None, failed, agreeing, breaches)

    def _above(self, verdict: Verdict) -> Iterator[Rule]:
        """Yield the rules that would have come before the one that decided."""
        givers = self._chart.givers[verdict.decision]
        taking = set(map(id, verdict.rules))
        for rule in givers:
            if rule is verdict.rule:
                if verdict.spec.hit_policy == "first":
                    return
            elif id(rule) not in taking and self._precedes(rule, verdict):
                yield rule

    def _precedes(self, rule: Rule, verdict: Verdict) -> bool:
        outcome = rule.outcomes[verdict.decision]
        if verdict.spec.hit_policy != "priority" or verdict.rule is None or not isinstance(outcome, Constant):
            return True
        words = verdict.spec.outcomes
        return not words or words.index(str(outcome.value)) >= words.index(str(verdict.canonical))

    # -- why not

    def _why_not(self, verdict: Verdict) -> Iterator[WhyNot]:
        if verdict.status == "not-in-force":
            return
        giving: dict[Outcome, list[Rule]] = {outcome: [] for outcome in verdict.spec.outcomes}
        for rule in self._chart.givers[verdict.decision]:
            giving.setdefault(self._given_by(rule, verdict), []).append(rule)
        default = verdict.spec.default
        usual = default.value if isinstance(default, Constant) else None
        chosen = verdict.canonical if verdict.spec.collects and isinstance(verdict.canonical, tuple) else (verdict.canonical,)
        for outcome, rules in giving.items():
            if outcome not in chosen and not any(rule is verdict.rule for rule in rules):
                yield WhyNot(outcome, tuple(self.trace(rule) for rule in rules), is_default=outcome == usual)

    def _given_by(self, rule: Rule, verdict: Verdict) -> Outcome:
        expression = rule.outcomes[verdict.decision]
        return expression.value if isinstance(expression, Constant) else expression_text(expression, verdict.currency)
