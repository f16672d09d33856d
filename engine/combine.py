"""Hit policies: how the rules that match, or may match, become one verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Final, cast

import attrs

from ..rules.normal import facts_in
from ..rules.tree import Constant, DecisionSpec, Expression, Rule
from ..rules.types import Fact, Value
from .decision import REFER, Because, Outcome, Verdict
from .truth import State, expression_value


@attrs.frozen
class Match:
    """A rule that holds for certain, or may hold."""

    rule: Rule
    certain: bool


@attrs.frozen
class Candidate:
    """An outcome that may become the verdict, from a rule or (None) the default; *outcome* is None where it has no value yet."""

    rule: Rule | None
    certain: bool
    outcome: Value | None
    waits_for: tuple[str, ...] = ()


@attrs.frozen
class Case:
    """
    One decision being made.

    *facts* is the vocabulary; *state* gives the facts of the incident, asked for only where an outcome or a value needs them;
    *waiting* counts, for the rules given, the undecided parts that wait for each fact.
    """

    spec: DecisionSpec
    currency: str
    facts: Mapping[str, Fact]
    state: Callable[[], State]
    waiting: Callable[[Iterable[Rule]], Counter[str]]

    def candidate(self, match: Match) -> Candidate:
        """Return what a rule would decide."""
        return self._candidate(match.rule.outcomes[self.spec.id], match.rule, certain=match.certain)

    def default(self) -> Candidate | None:
        """Return what is decided where no rule does."""
        if self.spec.default is None:
            return None
        return self._candidate(self.spec.default, None, certain=True)

    def _candidate(self, expression: Expression, rule: Rule | None, *, certain: bool) -> Candidate:
        outcome, waits_for = self._evaluated(expression)
        return Candidate(rule, certain, outcome, (waits_for,) if waits_for else ())

    def _evaluated(self, expression: Expression) -> tuple[Value | None, str]:
        if isinstance(expression, Constant):
            return expression.value, ""
        return expression_value(expression, self.state())

    def refer(self, status: Because, candidates: Sequence[Candidate] = ()) -> Verdict:
        """Return a verdict that leaves the decision to a human."""
        possible = tuple(dict.fromkeys(c.outcome for c in candidates if c.outcome is not None))
        rules = tuple(c.rule for c in candidates if c.rule is not None)
        missing = self.missing(candidates) if status == "unsettled" else ()
        if status == "unsettled" and not missing:
            status = "undefined"
        may_refer = status != "unsettled" or not self._comes_out(candidates)
        return Verdict(
            self.spec,
            self.currency,
            REFER,
            status,
            rules=rules,
            possible=possible,
            missing=missing,
            may_refer=may_refer,
        )

    def _comes_out(self, candidates: Sequence[Candidate]) -> bool:
        """Whether somebody is sure to decide, whatever the facts turn out to be."""
        takes_one = self.spec.hit_policy in ("first", "priority")
        has_value = all(candidate.outcome is not None or candidate.waits_for for candidate in candidates)
        return takes_one and has_value and any(candidate.certain for candidate in candidates)

    def missing(self, candidates: Iterable[Candidate], *, extra: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the facts that would settle the verdict: those that most undecided parts wait for, first."""
        listed = list(candidates)
        waiting = self.waiting([c.rule for c in listed if c.rule is not None and not c.certain])
        waiting.update(fact for c in listed for fact in c.waits_for)
        waiting.update(extra)
        return in_order(waiting, self.facts)

    def decided(self, outcome: Outcome, winners: Sequence[Candidate], rivals: Sequence[Candidate] = ()) -> Verdict:
        """Return a settled verdict; *rivals* agree on the outcome but may differ in its values."""
        rules = tuple(c.rule for c in winners if c.rule is not None)
        values, unsettled, extra = self._values([*winners, *rivals])
        missing = self.missing(rivals, extra=extra) if unsettled else ()
        first = rules[0] if rules else None
        open_ = tuple(c.rule for c in rivals if c.rule is not None)
        return Verdict(
            self.spec, self.currency, outcome, "decided", first, rules, values, unsettled, (outcome,), missing, open_
        )

    def _values(self, candidates: Sequence[Candidate]) -> tuple[dict[str, Outcome], tuple[str, ...], list[str]]:
        values: dict[str, Outcome] = {}
        unsettled: list[str] = []
        extra: list[str] = []
        for name in self.spec.values:
            found = [self.value(name, candidate, extra) for candidate in candidates]
            if all(value is ABSENT for value in found):
                continue
            if any(value is UNSETTLED for value in found) or len(set(found)) > 1:
                unsettled.append(name)
            else:
                values[name] = cast("Outcome", found[0])  # because the marks were met above
        return values, tuple(unsettled), extra

    def value(self, name: str, candidate: Candidate, extra: list[str]) -> object:
        """Return a candidate's value, or a mark where it has none or one that is not settled; *extra* takes what it waits for."""
        expression = candidate.rule.values.get(name) if candidate.rule is not None else None
        if expression is None:
            return ABSENT
        value, waits_for = self._evaluated(expression)
        if waits_for:
            extra.extend(fact for fact in facts_in(expression) if fact not in self.state().settled.values)
        return UNSETTLED if value is None else value


ABSENT: Final = object()
UNSETTLED: Final = object()


def in_order(waiting: Mapping[str, int], facts: Mapping[str, Fact]) -> tuple[str, ...]:
    """Return facts by how much waits for them, most first, then in the order of the vocabulary."""
    return tuple(sorted([name for name in facts if name in waiting], key=lambda name: -waiting[name]))


def combine(case: Case, matches: Sequence[Match]) -> Verdict:
    """Return the verdict on one decision; *matches* are all rules that do or may hold and decide it, in file order."""
    if case.spec.collects:
        return _collected(case, matches)
    return {"first": _first, "priority": _priority, "unique": _unique, "any": _any}[case.spec.hit_policy](case, matches)


def _first(case: Case, matches: Sequence[Match]) -> Verdict:
    """The first certain rule, if every rule above it that may hold agrees."""
    candidates: list[Candidate] = []
    for match in matches:
        candidates.append(case.candidate(match))
        if match.certain:
            break
    return _agreed(case, candidates)


def _agreed(case: Case, candidates: list[Candidate]) -> Verdict:
    """Decide on the last candidate where it is certain (or the default stands in) and all before it agree."""
    if not candidates or not candidates[-1].certain:
        default = case.default()
        if default is None:
            return case.refer("unsettled" if candidates else "no-rule", candidates)
        candidates = [*candidates, default]
    winner = candidates[-1]
    if winner.outcome is None or any(candidate.outcome != winner.outcome for candidate in candidates):
        return case.refer("unsettled", candidates)
    return case.decided(winner.outcome, [winner], candidates[:-1])


def _priority(case: Case, matches: Sequence[Match]) -> Verdict:
    """The strongest outcome of the certain rules, if no rule that may hold has a stronger one."""
    candidates = [case.candidate(match) for match in matches]
    certain = [candidate for candidate in candidates if candidate.certain]
    if any(candidate.outcome is None for candidate in candidates):
        return case.refer("unsettled", candidates)
    if not certain:
        return _agreed(case, candidates)
    best = max(strength(case.spec, candidate.outcome) for candidate in certain)
    rivals = [c for c in candidates if not c.certain and strength(case.spec, c.outcome) > best]
    winner = next(c for c in certain if strength(case.spec, c.outcome) == best)
    if rivals:
        return case.refer("unsettled", [c for c in candidates if c in rivals or c is winner])
    assert winner.outcome is not None
    above = candidates[: candidates.index(winner)]
    equal = [c for c in above if not c.certain and c.outcome == winner.outcome]
    return case.decided(winner.outcome, [winner], equal)


def strength(spec: DecisionSpec, outcome: Value | None) -> Fraction | int:
    """Return an outcome's place in the declared order, or its own size where outcomes are open."""
    if isinstance(outcome, str):
        return spec.outcomes.index(outcome) if outcome in spec.outcomes else 0
    assert isinstance(outcome, int | Fraction)
    return outcome


def _unique(case: Case, matches: Sequence[Match]) -> Verdict:
    """The only rule that holds; two are a conflict."""
    candidates = [case.candidate(match) for match in matches]
    certain = [candidate for candidate in candidates if candidate.certain]
    if len(certain) > 1:
        return case.refer("conflict", certain)
    if len(candidates) > 1:
        default = None if certain else case.default()
        return case.refer("unsettled", candidates if default is None else [*candidates, default])
    return _agreed(case, candidates)


def _any(case: Case, matches: Sequence[Match]) -> Verdict:
    """What all rules that hold agree on; rules that disagree are a conflict."""
    candidates = [case.candidate(match) for match in matches]
    certain = [candidate for candidate in candidates if candidate.certain]
    outcomes = {candidate.outcome for candidate in certain}
    if len(outcomes - {None}) > 1:
        return case.refer("conflict", certain)
    if not certain:
        return _agreed(case, candidates)
    if None in outcomes or any(candidate.outcome not in outcomes for candidate in candidates):
        return case.refer("unsettled", candidates)
    outcome = certain[0].outcome
    assert outcome is not None
    verdict = case.decided(outcome, certain[:1], [c for c in candidates if c is not certain[0]])
    open_ = tuple(c.rule for c in candidates if c.rule is not None and not c.certain)
    return attrs.evolve(verdict, rules=tuple(c.rule for c in certain if c.rule is not None), rivals=open_)


def _collected(case: Case, matches: Sequence[Match]) -> Verdict:
    """All rules that hold; every rule must be settled."""
    candidates = [case.candidate(match) for match in matches]
    if any(not candidate.certain or candidate.outcome is None for candidate in candidates):
        return case.refer("unsettled", candidates)
    if not candidates:
        default = case.default()
        if default is None or default.outcome is None:
            return case.refer("no-rule" if default is None else "unsettled", [default] if default else [])
        return case.decided((default.outcome,) if case.spec.aggregate is None else default.outcome, [default])
    if case.spec.hit_policy == "output order":
        candidates.sort(key=lambda c: strength(case.spec, c.outcome), reverse=True)
    outcomes = tuple(c.outcome for c in candidates if c.outcome is not None)
    return _with_lists(case, candidates, aggregated(case.spec, outcomes))


def aggregated(spec: DecisionSpec, outcomes: tuple[Value, ...]) -> Outcome:
    """Return a collecting decision's outcome: the list itself, or its sum, least, greatest or number."""
    match spec.aggregate:
        case None:
            return outcomes
        case "count":
            return len(outcomes)
        case "sum":
            return sum(outcome for outcome in outcomes if isinstance(outcome, int | Fraction))
        case "min":
            return min(outcomes, key=lambda outcome: strength(spec, outcome))
        case "max":
            return max(outcomes, key=lambda outcome: strength(spec, outcome))


def _with_lists(case: Case, candidates: Sequence[Candidate], outcome: Outcome) -> Verdict:
    """Return the verdict of a collecting decision: each value is the list of what its rules give."""
    values: dict[str, Outcome] = {}
    unsettled: list[str] = []
    extra: list[str] = []
    for name in case.spec.values:
        found = [value for value in (case.value(name, c, extra) for c in candidates) if value is not ABSENT]
        if any(value is UNSETTLED for value in found):
            unsettled.append(name)
        elif found:
            values[name] = cast("Outcome", tuple(found))  # because the marks were met above
    missing = case.missing([], extra=extra) if unsettled else ()
    rules = tuple(c.rule for c in candidates if c.rule is not None)
    first = rules[0] if rules else None
    return Verdict(
        case.spec, case.currency, outcome, "decided", first, rules, values, tuple(unsettled), (outcome,), missing
    )
