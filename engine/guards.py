"""Red lines and duties: what follows once every decision has its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..rules.evaluate import Settled
from ..rules.given import Knowledge
from ..rules.regions import Words
from ..rules.tree import FactTest, Guard, NormalForm, PolicyTree, Rule
from ..rules.types import Fact
from .combine import Match, in_order
from .decision import REFER, Breach, Judgement, Verdict
from .truth import State, Truth, all_of, any_of, conjunct_truth, form_truth, is_value, open_facts


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
    extended = _with_outcomes(tree, guard, verdicts, state)
    nobody = {name for name in guard.decisions if _is_nobody(verdicts[name])}
    truth = _guard_truth(guard.form, extended, nobody)
    if truth is False:
        return None
    if truth:
        return Breach(guard, certain=True)
    waiting = open_facts(guard.form, extended)
    for name in guard.decisions:
        if waiting.pop(name, 0):
            waiting.update(verdicts[name].missing)
    return Breach(guard, certain=False, missing=in_order(waiting, state.facts))


def _is_nobody(verdict: Verdict) -> bool:
    """Whether nobody has decided and no rule may: there is no outcome that could break anything."""
    return verdict.status == "no-rule"


def _with_outcomes(tree: PolicyTree, guard: Guard, verdicts: Mapping[str, Verdict], state: State) -> State:
    """Return the state in which the guard's decisions are facts: settled, one of a few outcomes, or missing."""
    facts, known = dict(state.facts), dict(state.known)
    values = dict(state.settled.values)
    for name in guard.decisions:
        type_ = tree.decisions[name].type
        facts[name] = Fact(name, type_)
        what = _outcome_known(verdicts[name], tree)
        if what is None:
            continue
        known[name] = what
        if is_value(what):
            values[name] = what
    return State(facts, known, Settled(values, state.settled.today))


def _outcome_known(verdict: Verdict, tree: PolicyTree) -> Knowledge | None:
    if verdict.is_settled:
        return verdict.canonical  # type: ignore[return-value]  # because guards name no collecting decisions
    type_ = tree.decisions[verdict.decision].type
    if not verdict.possible or not type_.words:
        return None
    return Words(frozenset(outcome for outcome in verdict.possible if isinstance(outcome, str)))


def _guard_truth(form: NormalForm, state: State, nobody: set[str]) -> Truth:
    """Say whether a guard is broken; where nobody has decided, a test on that decision fails unless it asks for just that."""
    if not nobody:
        return form_truth(form, state)

    def truth(part: object) -> Truth:
        found = conjunct_truth(part, state)  # type: ignore[arg-type]  # because a form's parts are conjuncts
        return False if found is None and isinstance(part, FactTest) and part.fact in nobody else found

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
            rules=verdict.rules,
            possible=verdict.possible,
            missing=missing,
        )
    return final


def duties(
    tree: PolicyTree, verdicts: Mapping[str, Verdict], free: Sequence[Match]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the obligations that are due and those that may be, in the order of the rules that bring them."""
    certain: list[Rule] = [match.rule for match in free if match.certain]
    possible: list[Rule] = [match.rule for match in free if not match.certain]
    for verdict in verdicts.values():
        (certain if verdict.is_settled else possible).extend(verdict.rules)
    order = {rule.id: index for index, rule in enumerate(tree.rules)} if certain or possible else {}
    due = _obliged(certain, order)
    return due, tuple(id_ for id_ in _obliged(possible, order) if id_ not in due)


def _obliged(rules: Iterable[Rule], order: Mapping[str, int]) -> tuple[str, ...]:
    obliging = sorted((rule for rule in rules if rule.oblige), key=lambda rule: order[rule.id])
    return tuple(dict.fromkeys(id_ for rule in obliging for id_ in rule.oblige))


def assumptions(tree: PolicyTree, known: Mapping[str, object]) -> tuple[str, ...]:
    """Return the missing facts for which an assumption is taken, among those that the policy asks for."""
    return tuple(n for n, fact in tree.facts.items() if fact.assume is not None and n in tree.asked and n not in known)
