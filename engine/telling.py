"""An explanation told: as text for a terminal, and as one sentence for the person at the desk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, assert_never

from ..rules.quantities import value_text
from ..rules.tree import PolicyTree
from ..rules.types import Fact, Type
from .decision import REFER, Breach, Outcome, Verdict
from .flips import Flip
from .sentences import clause, counted, found_text, joined, limits_in, one_text, region_text, tested_text
from .traces import Tested, Trace
from .wording import outcome_type

if TYPE_CHECKING:
    from .explain import Explanation, Why, WhyNot

#: The most rules, and the most changes, that the text lists before it only counts.
_MOST: Final = 8


def told(explanation: Explanation, decision: str | None = None) -> str:
    """Return an explanation as text: for each decision why, why not otherwise, and what would change it."""
    names = [decision] if decision is not None else list(explanation.why)
    return "\n\n".join("\n".join(_Telling(explanation, name).lines()) for name in names)


def sentence(explanation: Explanation, decision: str | None = None) -> str:
    """Return one sentence about one decision, or about all with the question to ask next."""
    if decision is not None:
        return _closed(_said(explanation, explanation.decision[decision]))
    parts = [_said(explanation, verdict, asks=False) for verdict in explanation.decision]
    missing = explanation.decision.missing
    if missing:
        parts.append(f"ask next: {question(explanation.decision.policy.tree.facts[missing[0]])}")
    first, *rest = dict.fromkeys(parts)
    return _closed("; ".join([first, *(part if part[1:2].isupper() else part[:1].lower() + part[1:] for part in rest)]))


def _closed(text: str) -> str:
    """Return text as a sentence: with a capital, and one mark at its end."""
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(("?", "!")) else ".")


# --- words for verdicts ----------------------------------------------------------------------------------------------


def outcome_text(outcome: Outcome, verdict: Verdict) -> str:
    """Return an outcome of a decision in words."""
    return _listed(outcome, outcome_type(verdict), verdict.currency)


def _listed(value: Outcome, type_: Type, currency: str) -> str:
    if isinstance(value, tuple):
        return joined([_listed(item, type_, currency) for item in value], "and") if value else "nothing"
    return value_text(value, type_, currency)


def question(fact: Fact) -> str:
    """Return the question that asks for a fact."""
    return fact.ask or f"What is {fact.name}?"


def _title(verdict: Verdict) -> str:
    return verdict.spec.title or verdict.decision


def _values_text(verdict: Verdict) -> str:
    types = verdict.spec.values
    texts = [
        f"{name.replace('_', ' ')} {_listed(value, types[name], verdict.currency)}"
        for name, value in verdict.canonical_values.items()
    ]
    texts += [f"{name.replace('_', ' ')} not settled" for name in verdict.unsettled]
    return f" ({', '.join(texts)})" if texts else ""


def _said(explanation: Explanation, verdict: Verdict, *, asks: bool = True) -> str:
    """Return the outcome of a decision and its reason, without a capital and a full stop of its own."""
    tree = explanation.decision.policy.tree
    head = f"{_title(verdict)}: "
    possible = joined([outcome_text(outcome, verdict) for outcome in verdict.possible], "or")
    match verdict.status:
        case "decided":
            reason = f", because {clause(verdict.because)}" if verdict.because else ""
            return f"{head}{outcome_text(verdict.canonical, verdict)}{_values_text(verdict)}{reason}"
        case "no-rule":
            return f"{head}no rule of the policy covers this, so a human decides"
        case "unsettled":
            text = f"{head}not settled yet, it may be {possible}" if possible else f"{head}not settled yet"
            return text + (
                f"; ask next: {question(tree.facts[verdict.missing[0]])}" if asks and verdict.missing else ""
            )
        case "conflict":
            rules = joined([f"`{rule.id}`" for rule in verdict.rules], "and")
            return f"{head}the rules {rules} contradict each other ({possible}), so a human decides"
        case "guard":
            return head + "; ".join(_breach_said(breach, tree, asks=asks) for breach in _breaches(explanation, verdict))
        case "not-in-force":
            return f"{not_in_force_text(tree)}, so a human decides"
        case "undefined":
            return f"{head}its value cannot be worked out, because something is divided by zero, so a human decides"
        case _:
            assert_never(verdict.status)


def _breaches(explanation: Explanation, verdict: Verdict) -> Iterable[Breach]:
    return (b for b in explanation.decision.breaches if verdict.decision in b.guard.decisions)


def _breach_said(breach: Breach, tree: PolicyTree, *, asks: bool) -> str:
    reason = f": {clause(breach.guard.because)}" if breach.guard.because else ""
    if breach.certain:
        return f"on hold, a human decides, because the red line `{breach.guard.id}` stands against it{reason}"
    text = f"on hold, because the red line `{breach.guard.id}` may stand against it{reason}"
    return text + (f"; ask next: {question(tree.facts[breach.missing[0]])}" if asks and breach.missing else "")


def not_in_force_text(tree: PolicyTree) -> str:
    """Say when a policy is in force."""
    since = [f"from {tree.effective}"] if tree.effective else []
    until = [f"until {tree.expires}"] if tree.expires else []
    return f"the policy `{tree.id}` is not in force: it decides {' '.join(since + until)}"


# --- the text for a terminal -----------------------------------------------------------------------------------------


class _Telling:
    """The text about one decision."""

    def __init__(self, explanation: Explanation, decision: str) -> None:
        self.explanation = explanation
        self.why: Why = explanation.why[decision]
        self.verdict = self.why.verdict
        self.tree = explanation.decision.policy.tree

    def lines(self) -> Iterator[str]:
        """Yield the lines."""
        yield f"{_title(self.verdict)}: {outcome_text(self.verdict.canonical, self.verdict)}{_values_text(self.verdict)}"
        yield "  why"
        yield from (f"    {line}" for line in self._why())
        if self.verdict.status == "not-in-force":
            return
        yield "  why not"
        yield from (f"    {line}" for line in self._why_not())
        yield "  what would change it"
        yield from (f"    {line}" for line in self._flips())

    # -- why

    def _why(self) -> Iterator[str]:
        why = self.why
        if why.rule is not None:
            yield from self._rule(why.rule, "decides")
        elif why.is_default:
            yield f"no rule says otherwise, and {outcome_text(self.verdict.canonical, self.verdict)} is the default"
        elif not why.breaches:
            yield self._refusal()
        for breach in why.breaches:
            yield f"the red line `{breach.guard.id}` {'is' if breach.certain else 'may be'} broken: never {breach.guard.text}"
            yield from [f"  {breach.guard.because}"] if breach.guard.because else []
        for agreeing in why.agreeing[:_MOST]:
            yield from self._rule(agreeing, self._part_played(agreeing))
        yield from self._failing(
            "rules before it that do not hold" if why.rule else "rules that do not hold", why.above
        )
        if self.verdict.missing:
            yield f"to be settled by: {joined(self.verdict.missing, 'and')}"

    def _part_played(self, trace: Trace) -> str:
        if trace.truth is None:
            return "may hold"
        return "holds as well" if self.verdict.is_settled else "would decide" if self.why.breaches else "holds"

    def _refusal(self) -> str:
        text = _said(self.explanation, self.verdict, asks=False)
        return text.removeprefix(f"{_title(self.verdict)}: ")

    def _rule(self, trace: Trace, verb: str) -> Iterator[str]:
        title = f" ({trace.rule.title})" if trace.rule.title else ""
        yield f"rule `{trace.rule.id}`{title} {verb}"
        tests = self._tests(trace, trace.tests)
        yield from (f"  - {text}" for text in tests)
        if not tests:
            yield "  - it asks for nothing"
        if trace.rule.because and trace.truth:
            yield f"  {trace.rule.because}"

    def _tests(self, trace: Trace, tests: Iterable[Tested]) -> list[str]:
        state, limits = self.explanation.board.state, limits_in(trace.rule.condition)
        return [tested_text(test, state, self.tree.currency, limits) for test in tests]

    def _failing(self, heading: str, traces: tuple[Trace, ...]) -> Iterator[str]:
        if not traces:
            return
        yield f"{heading}:"
        for trace in traces[:_MOST]:
            yield f"  - `{trace.rule.id}`: {self._obstacle(trace)}"
        if len(traces) > _MOST:
            yield f"  - and {counted(len(traces) - _MOST, 'more rule')}"

    def _obstacle(self, trace: Trace) -> str:
        """Say what stands in a rule's way, with by how much."""
        tests = trace.failing or trace.open
        if not trace.tests and not trace.truth:
            return "it can never hold"
        text = "; ".join(self._tests(trace, tests))
        return f"{text} (or {counted(trace.others, 'other way')})" if trace.others else text

    # -- why not

    def _why_not(self) -> Iterator[str]:
        found = self.explanation.why_not[self.verdict.decision]
        for other in found:
            yield f"{outcome_text(other.outcome, self.verdict)}: {self._reason_against(other)}"
            for trace in other.rules[:_MOST]:
                yield f"  - `{trace.rule.id}`: {self._standing(trace)}"
            if len(other.rules) > _MOST:
                yield f"  - and {counted(len(other.rules) - _MOST, 'more rule')}"
        if not found:
            yield "there is no other outcome"

    def _reason_against(self, other: WhyNot) -> str:
        if other.is_default:
            return "the default, or by a rule" if other.rules else "the default, where no rule says otherwise"
        return f"{counted(len(other.rules), 'rule')} would give it" if other.rules else "no rule gives it"

    def _standing(self, trace: Trace) -> str:
        if trace.truth is True:
            rule = self.why.rule
            return f"it holds, and stands behind `{rule.rule.id}`" if rule else "it holds"
        return ("it may hold: " if trace.truth is None else "") + self._obstacle(trace)

    # -- what would change it

    def _flips(self) -> Iterator[str]:
        found = self.explanation.flips[self.verdict.decision]
        for flip in found[:_MOST]:
            yield flip_text(flip, self.verdict, self.tree)
        if len(found) > _MOST:
            yield f"and {counted(len(found) - _MOST, 'further change')}"
        if not found:
            yield "no single fact would"


def flip_text(flip: Flip, verdict: Verdict, tree: PolicyTree) -> str:
    """Return what one change would do: `if loss were above 50 USD (it is 4.50 USD): partial`."""
    fact = tree.facts[flip.fact]
    to = (
        one_text(flip.to, fact.type, tree.currency)
        if isinstance(flip.to, tuple)
        else region_text(flip.to, fact, tree.currency)
    )
    now = found_text("it", flip.start, fact, tree.currency)
    becomes = "a human decides" if flip.becomes == REFER else outcome_text(flip.becomes, verdict)
    return f"if {flip.fact} {'turns out to be' if flip.is_learned else 'were'} {to} ({now}): {becomes}"
