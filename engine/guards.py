"""Red lines and duties: what follows once every decision has its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import cast

import attrs

from ..rules.evaluate import Settled
from ..rules.given import Knowledge
from ..rules.regions import Words, universe_of
from ..rules.tree import Conjunct, FactTest, Guard, NormalForm, PolicyTree, Rule, Whole
from ..rules.types import Fact
from .combine import Match, in_order
from .decision import REFER, Breach, Judgement, Verdict
from .truth import State, Truth, all_of, any_of, conjunct_truth, is_value, open_facts


def judge(
    tree: PolicyTree,
    guards: Iterable[Guard],
    verdicts: Mapping[str, Verdict],
    free: Sequence[Match],
    state: Callable[[], State],
    assumed: tuple[str, ...],
) -> Judgement:
    """
    Hold the verdicts to the red lines and gather the duties.

    *guards* are those that may be broken at all, *free* the rules that decide nothing and do or may hold.
    """
    breaches = tuple(b for guard in guards if (b := _breach(tree, guard, verdicts, state())) is not None)
    final = _withheld(verdicts, breaches, tree.facts)
    certain, possible = duties(tree, final, free)
    return Judgement(final, certain, possible, breaches, assumed)


def _breach(tree: PolicyTree, guard: Guard, verdicts: Mapping[str, Verdict], state: State) -> Breach | None:
    """Return how a guard is broken, None where it certainly is not."""
    extended = _with_outcomes(tree, guard.decisions, verdicts, state)
    open_ = _open(guard.decisions, verdicts)
    truth = _guard_truth(guard.form, extended, open_)
    if truth is False:
        return None
    if truth:
        return Breach(guard, certain=True)
    waiting = open_facts(guard.form, extended)
    for name in guard.decisions:
        if waiting.pop(name, 0) or name in open_:
            waiting.update(verdicts[name].missing)
    return Breach(guard, certain=False, missing=in_order(waiting, state.facts))


def outcomes_truth(
    tree: PolicyTree, form: NormalForm, decisions: Sequence[str], verdicts: Mapping[str, Verdict], state: State
) -> Truth:
    """Say whether a condition over outcomes and facts holds; *decisions* are those that it names."""
    return _guard_truth(form, _with_outcomes(tree, decisions, verdicts, state), _open(decisions, verdicts))


def _open(decisions: Iterable[str], verdicts: Mapping[str, Verdict]) -> dict[str, str]:
    """Return the decisions that may come to nobody deciding, with their status."""
    return {name: verdicts[name].status for name in decisions if verdicts[name].may_refer}


def _with_outcomes(tree: PolicyTree, decisions: Iterable[str], verdicts: Mapping[str, Verdict], state: State) -> State:
    """Return the state in which some decisions are facts: settled, one of a few outcomes, or missing."""
    facts, known = dict(state.facts), dict(state.known)
    values = dict(state.settled.values)
    for name in decisions:
        type_ = tree.decisions[name].type
        facts[name] = Fact(name, type_)
        what = _outcome_known(verdicts[name], facts[name])
        known[name] = what
        if is_value(what):
            values[name] = what
    return State(facts, known, Settled(values, state.settled.today))


def _outcome_known(verdict: Verdict, outcome: Fact) -> Knowledge:
    """Return a decision's outcome, or those that it may come to: any at all where outcomes are open."""
    if verdict.is_settled:
        return cast("Knowledge", verdict.canonical)  # because guards name no collecting decisions
    if not outcome.type.words:
        return universe_of(outcome)
    return Words(frozenset(word for word in verdict.possible if isinstance(word, str)))


def _guard_truth(form: NormalForm, state: State, open_: Mapping[str, str]) -> Truth:
    """
    Say whether a guard is broken.

    *open_* has the status of each decision that it may come to nobody deciding: then a test on the decision fails, unless it asks
    for just that with `is missing`.
    """

    def truth(part: Conjunct) -> Truth:
        if isinstance(part, Whole):
            return _guard_truth(part.form, state, open_)
        asked = {part.fact} if isinstance(part, FactTest) else set(part.facts)
        if not asked & open_.keys():
            return conjunct_truth(part, state)
        undecided = isinstance(part, FactTest) and part.missing == universe_of(state.facts[part.fact])
        if any(open_.get(name) == "no-rule" for name in asked):
            return undecided
        decided = conjunct_truth(part, state)
        return decided if decided == undecided else None

    return any_of(all_of(truth(part) for part in disjunct) for disjunct in form.disjuncts)


def _withheld(
    verdicts: Mapping[str, Verdict], breaches: Iterable[Breach], vocabulary: Mapping[str, Fact]
) -> Mapping[str, Verdict]:
    """Turn every decision that a broken guard names into `refer`."""
    waiting: dict[str, Counter[str]] = {}
    for breach in breaches:
        for name in breach.guard.decisions:
            waiting.setdefault(name, Counter()).update(breach.missing)
    if not waiting:
        return verdicts
    final = dict(verdicts)
    for name, facts in waiting.items():
        verdict = verdicts[name]
        facts.update(verdict.missing)
        missing = in_order(facts, vocabulary)
        final[name] = Verdict(
            verdict.spec,
            verdict.currency,
            REFER,
            "guard",
            rules=(*verdict.rules, *verdict.rivals),
            possible=verdict.possible,
            missing=missing,
        )
    return final


@attrs.frozen
class Bringing:
    """Rules that bring duties: those of the *certain* are due, those of the *possible* may be, but for some *shared*, which are."""

    certain: Sequence[Rule]
    possible: Sequence[Rule]
    shared: Collection[str] = ()


def bringing(verdict: Verdict) -> Bringing:
    """Return the rules whose duties a verdict brings."""
    if not verdict.is_settled:
        return Bringing((), verdict.rules)
    if not verdict.rivals or verdict.spec.hit_policy == "any":
        return Bringing(verdict.rules, verdict.rivals)
    # Any of them may be the one that wins: what all of them bring is due, the rest may be.
    winners = (*verdict.rules, *verdict.rivals)
    return Bringing((), winners, _brought_by_all(verdict.rules, winners))


def duties(
    tree: PolicyTree, verdicts: Mapping[str, Verdict], free: Sequence[Match]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the obligations that are due and those that may be, in the order of the rules that bring them."""
    certain: list[Rule] = [match.rule for match in free if match.certain]
    possible: list[Rule] = [match.rule for match in free if not match.certain]
    shared: set[str] = set()
    for verdict in verdicts.values():
        by = bringing(verdict)
        certain.extend(by.certain)
        possible.extend(by.possible)
        shared.update(by.shared)
    if not certain and not possible:
        return (), ()
    order = {rule.id: index for index, rule in enumerate(tree.rules)}
    due = {*_obliged(certain, order), *shared}
    brought = _obliged([*certain, *possible], order)
    return tuple(id_ for id_ in brought if id_ in due), tuple(id_ for id_ in brought if id_ not in due)


def _brought_by_all(winners: Sequence[Rule], candidates: Sequence[Rule]) -> set[str]:
    """Return the duties that each of the rules brings; none where the default may be what decides."""
    if not winners:
        return set()
    return set.intersection(*(set(rule.oblige) for rule in candidates))


def _obliged(rules: Iterable[Rule], order: Mapping[str, int]) -> tuple[str, ...]:
    obliging = sorted((rule for rule in rules if rule.oblige), key=lambda rule: order[rule.id])
    return tuple(dict.fromkeys(id_ for rule in obliging for id_ in rule.oblige))


def assumptions(tree: PolicyTree, known: Mapping[str, object]) -> tuple[str, ...]:
    """Return the missing facts for which an assumption is taken, among those that the policy asks for."""
    return tuple(n for n, fact in tree.facts.items() if fact.assume is not None and n in tree.asked and n not in known)
