"""A decision as people read it: each verdict with its rule and reason, the duties, what is not known, what to ask next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from ..engine.decision import Breach, Verdict
from ..engine.policy import Decision, Duty
from ..engine.telling import not_in_force_text
from ..engine.wording import canonical_text, outcome_text
from ..rules.quantities import duration_text, value_text
from ..rules.types import Fact
from .terminal import Output, Piece, Words, cells, padded

_MARGIN: Final = "  "


def print_decision(output: Output, decision: Decision, *, as_of: dt.date | None) -> None:
    """Write a decision; deadlines are moments where *as_of* was said, else lengths of time from now."""
    _print_verdicts(output, decision)
    _print_breaches(output, decision.breaches)
    _print_duties(output, "To do", decision.obligations, as_of)
    _print_duties(output, "Perhaps to do, depending on what is not known", decision.possible_obligations, as_of)
    _print_questions(output, decision)
    _print_assumptions(output, decision)


# --- verdicts --------------------------------------------------------------------------------------------------------


def _print_verdicts(output: Output, decision: Decision) -> None:
    verdicts = list(decision)
    titles = {verdict.decision: spec_title(verdict) for verdict in verdicts}
    outcomes = {verdict.decision: outcome_text(verdict) for verdict in verdicts}
    left = max(cells(title) for title in titles.values())
    middle = max(cells(word) for verdict in verdicts for word in ("refer", *verdict.spec.outcomes))
    middle = max(middle, min(max(cells(outcome) for outcome in outcomes.values()), 20))
    hang = len(_MARGIN) + left + 2 + middle + 2
    told: set[str] = set()
    for verdict in verdicts:
        style = "refer" if not verdict.is_settled else "outcome" if verdict.rules else ""
        head = [
            Piece(f"{_MARGIN}{padded(titles[verdict.decision], left)}  ", "strong", whole=True),
            Piece(f"{padded(outcomes[verdict.decision], middle)}  ", style, whole=True),
        ]
        output.line(*head, *_reason(verdict, decision), hang=hang)
        if verdict.because and verdict.rule and verdict.rule.id not in told:
            told.add(verdict.rule.id)
            output.line(Piece(" " * hang), Piece(verdict.because, "dim"), hang=hang)


def spec_title(verdict: Verdict) -> str:
    """Return what a decision is called."""
    return verdict.spec.title or verdict.decision


def _values(verdict: Verdict) -> str:
    types = verdict.spec.values
    texts = [canonical_text(v, types[name], verdict.currency) for name, v in verdict.canonical_values.items()]
    texts += [f"{name} not settled" for name in verdict.unsettled]
    return "; ".join(texts)


def _reason(verdict: Verdict, decision: Decision) -> list[Words]:
    values = _values(verdict)
    words: list[Words] = [Piece(values, "strong"), " · "] if values else []
    if verdict.is_settled and verdict.rule is not None:
        rule = verdict.rule
        title = rule.title or rule.text or "always"
        return [*words, title, Piece(f" ({rule.id})", "dim")]
    return [*words, why_open(verdict, decision)]


def why_open(verdict: Verdict, decision: Decision) -> str:
    """Say why no rule stands behind a verdict: a default, or the reason why a human decides."""
    possible = listed([canonical_text(o, verdict.spec.type, verdict.currency) for o in verdict.possible], "or")
    match verdict.status:
        case "decided":
            return "by default: no rule asks for anything else"
        case "no-rule":
            return "no rule speaks about this: ask a human"
        case "unsettled":
            depends = listed(verdict.missing, "and")
            perhaps = "perhaps " if len(verdict.possible) == 1 else ""
            return f"{perhaps}{possible or 'open'}, depending on {depends}"
        case "conflict":
            rules = listed([f"`{rule.id}`" for rule in verdict.rules], "and")
            return f"{rules} contradict each other: {possible}"
        case "guard":
            return f"a red line: ask a human{f' ({possible})' if possible else ''}"
        case "not-in-force":
            return not_in_force_text(decision.policy.tree)
        case "undefined":
            return "its value cannot be worked out: something is divided by zero"
        case _:
            assert_never(verdict.status)


def listed(words: Sequence[str], last: str) -> str:
    """
    Return words as a list in a sentence.

    >>> listed(["deny", "credit", "full"], "or")
    'deny, credit or full'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


# --- red lines and duties --------------------------------------------------------------------------------------------


def _print_breaches(output: Output, breaches: Iterable[Breach]) -> None:
    for breach in breaches:
        guard = breach.guard
        state = "is broken" if breach.certain else f"may be broken, depending on {listed(breach.missing, 'and')}"
        output.line()
        output.line(
            Piece(f"{_MARGIN}Red line  ", "bad", whole=True),
            f"{guard.title or guard.text}",
            Piece(f" ({guard.id})", "dim"),
            f" {state}: a human decides about {listed(guard.decisions, 'and')}.",
            hang=12,
        )
        if guard.because:
            output.line(Piece(" " * 12), Piece(guard.because, "dim"), hang=12)


def _print_duties(output: Output, heading: str, duties: Sequence[Duty], as_of: dt.date | None) -> None:
    if not duties:
        return
    output.line()
    output.line(Piece(f"{_MARGIN}{heading}", "strong"))
    rows = [(deadline(duty, as_of), duty) for duty in sorted(duties, key=_urgency)]
    width = max(cells(when) for when, _ in rows)
    hang = len(_MARGIN) * 2 + width + 2
    for when, duty in rows:
        who = Piece(f" ({duty.by})", "dim") if duty.by else ""
        output.line(Piece(f"{_MARGIN * 2}{padded(when, width)}  ", "name", whole=True), duty.title, who, hang=hang)


def _urgency(duty: Duty) -> dt.timedelta:
    return dt.timedelta.max if duty.within is None else duty.within


def deadline(duty: Duty, as_of: dt.date | None) -> str:
    """Return by when a duty is due: a moment where the day of the decision was said, else a length of time."""
    seconds = duty.obligation.within
    if seconds is None:
        return "soon"
    if as_of is None or duty.due is None:
        return f"within {duration_text(seconds)}"
    return f"by {moment_text(duty.due)}"


def moment_text(moment: dt.datetime) -> str:
    """Return a moment in UTC to the minute, a midnight as the day alone."""
    if moment.time() == dt.time(0):
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%d %H:%M} UTC"


# --- what is not known -----------------------------------------------------------------------------------------------


def _print_questions(output: Output, decision: Decision) -> None:
    if not decision.missing:
        return
    facts = [decision.policy.tree.facts[name] for name in decision.missing]
    output.line()
    for index, fact in enumerate(facts[:3]):
        label = "Ask next" if index == 0 else "then"
        output.line(
            Piece(f"{_MARGIN}{padded(label, 10)}", "warning" if index == 0 else "dim", whole=True),
            question(fact),
            Piece(f" {answers(fact)}", "dim"),
            hang=12,
        )
    if len(facts) > 3:
        output.line(Piece(f"{' ' * 12}and {listed([fact.name for fact in facts[3:]], 'and')}", "dim"), hang=12)


def question(fact: Fact) -> str:
    """Return the question that asks for a fact."""
    return fact.ask or f"What is `{fact.name}`?"


def answers(fact: Fact) -> str:
    """Return the fact's name and what may be answered."""
    choices = "yes or no" if fact.type.kind == "boolean" else listed(fact.type.words, "or")
    return f"({fact.name}: {choices})" if choices else f"({fact.name})"


def _print_assumptions(output: Output, decision: Decision) -> None:
    if not decision.assumed:
        return
    tree = decision.policy.tree
    taken: dict[str, list[str]] = {}
    for name in decision.assumed:
        fact = tree.facts[name]
        assert fact.assume is not None
        text = value_text(fact.assume, fact.type, tree.currency) or "none"
        taken.setdefault({"true": "yes", "false": "no"}.get(text, text), []).append(name)
    label = f"{_MARGIN}Not said, so taken as  "
    width = max(cells(value) for value in taken)
    output.line()
    for value, names in taken.items():
        head = f"{label}{padded(value, width)}  "
        output.line(Piece(head, "dim", whole=True), Piece(", ".join(names), "dim"), hang=cells(head))
        label = " " * cells(label)
