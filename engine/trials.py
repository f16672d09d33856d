"""The owner's own cases: each `[[test]]` of a policy decided, and what came out held to what was expected."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeAlias

import attrs

from ..rules.cases import ABSENT
from ..rules.given import Currencies, FactProblem, read_value
from ..rules.tree import Case, PolicyTree, Rule
from ..rules.types import Type, Value
from .decision import REFER, Judgement, Outcome, Verdict
from .force import is_in_force, ordinal
from .policy import Decision, Policy
from .truth import State, form_truth
from .wording import canonical_text, outcome_text, outcome_type

#: What a test may expect beside decisions and values: ids that must be among those of the decision.
LISTED: Final = ("obligations", "guards", "rules")
#: Says which of some rules certainly hold for an incident.
Holding: TypeAlias = Callable[[Iterable[Rule]], list[Rule]]


@attrs.frozen
class Mismatch:
    """Something that came out otherwise than expected; *reason* says what stands behind the outcome."""

    name: str
    expected: str
    got: str
    reason: str = ""


@attrs.frozen
class Trial:
    """One case, what the policy decided about it, and everything in which that is not as expected."""

    case: Case
    decision: Decision
    mismatches: tuple[Mismatch, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.mismatches


def run_trials(policy: Policy, *, cases: Iterable[Case] | None = None, as_of: dt.date | None = None) -> Iterator[Trial]:
    """
    Decide the policy's tests, or *cases*, one by one.

    *as_of* is the day for those that name none: today unless said otherwise.

    >>> trials = list(run_trials(Policy.load("house")))
    >>> all(trial.passed for trial in trials)
    True
    """
    day = as_of if as_of is not None else dt.datetime.now(dt.UTC)
    for case in policy.tree.tests if cases is None else cases:
        decision = policy.decide(case.given, as_of=case.as_of if case.as_of is not None else day)
        holding = partial(matching_rules, decision)
        yield Trial(case, decision, tuple(mismatches(case, policy.tree, decision.judgement, holding)))


def winning_rules(decision: Decision) -> tuple[str, ...]:
    """Return the rules behind a decision: those that won an outcome, and those that decide nothing and matched."""
    return winners(decision.policy.tree, decision.judgement, partial(matching_rules, decision))


def winners(tree: PolicyTree, judgement: Judgement, holding: Holding) -> tuple[str, ...]:
    """Return the ids of the rules behind a judgement; *holding* says which rules hold."""
    won = {rule.id for verdict in judgement.verdicts.values() if verdict.is_settled for rule in verdict.rules}
    free = [rule for rule in tree.rules if not rule.outcomes]
    won.update(rule.id for rule in holding(free))
    return tuple(rule.id for rule in tree.rules if rule.id in won)


def matching_rules(decision: Decision, rules: Iterable[Rule]) -> list[Rule]:
    """Return those of *rules* that certainly hold for the incident of a decision."""
    tree = decision.policy.tree
    if not is_in_force(tree, decision.as_of):
        return []
    state = State.of(tree.facts, decision.policy.read(decision.given), ordinal(decision.as_of))
    return [rule for rule in rules if form_truth(rule.form, state) is True]


def mismatches(case: Case, tree: PolicyTree, judgement: Judgement, holding: Holding) -> Iterator[Mismatch]:
    """Yield everything in which a judgement under a policy is not as a case expects; *holding* says which rules hold."""
    currencies = Currencies(tree.currency, tree.rates)
    for name, expected in case.expect.items():
        if name in LISTED:
            yield from _unlisted(name, expected, _ids(name, tree, judgement, holding))
        elif name in judgement.verdicts:
            yield from _wrong_outcome(judgement.verdicts[name], expected, currencies)
        else:
            yield from _wrong_value(name, expected, judgement, currencies)
    if not case.expect:
        yield Mismatch("expect", "something", "nothing", "a test that expects nothing proves nothing")
    elif not _rules_behind(judgement) and not _expects_refer(case) and case.expect.get("rules") != []:
        yield Mismatch("rules", "a rule that matches", "none", "no rule of the policy speaks about this incident")


def _rules_behind(judgement: Judgement) -> bool:
    """Whether any rule took part: by an outcome, a possible one, or a duty."""
    duties = judgement.obligations or judgement.possible_obligations
    return bool(duties) or any(verdict.rules for verdict in judgement.verdicts.values())


def _expects_refer(case: Case) -> bool:
    return any(_is_refer(expected, lists=False) for expected in case.expect.values())


def _listed(expected: object) -> list[str]:
    return [str(item) for item in (expected if isinstance(expected, list) else [expected])]


def _is_refer(expected: object, *, lists: bool) -> bool:
    """Whether `refer` is expected, or one of several; where outcomes are *lists*, a list means itself."""
    return expected == REFER or (isinstance(expected, list) and REFER in expected and not lists)


# --- outcomes --------------------------------------------------------------------------------------------------------


def _wrong_outcome(verdict: Verdict, expected: object, currencies: Currencies) -> Iterator[Mismatch]:
    if _is_expected_outcome(verdict, expected, currencies):
        return
    yield Mismatch(verdict.decision, written(expected), outcome_text(verdict), _behind(verdict))


def _is_expected_outcome(verdict: Verdict, expected: object, currencies: Currencies) -> bool:
    if verdict.canonical == REFER and not verdict.is_settled:
        lists = verdict.spec.collects and verdict.spec.aggregate is None
        return _is_refer(expected, lists=lists)
    type_ = outcome_type(verdict)
    if isinstance(verdict.canonical, tuple) and (verdict.spec.collects or type_.kind == "list"):
        return _is_expected_list(verdict, expected, type_, currencies)
    options = expected if isinstance(expected, list) else [expected]
    return any(_is_value(option, verdict.canonical, type_, currencies) for option in options)


def _is_expected_list(verdict: Verdict, expected: object, type_: Type, currencies: Currencies) -> bool:
    """Whether a collected list is the expected one; its order counts where the hit policy makes one."""
    assert isinstance(verdict.canonical, tuple)
    items = expected if isinstance(expected, list) else [expected]
    if not verdict.spec.collects:
        return verdict.canonical == tuple(items)
    wanted = [_canonical(item, type_, currencies) for item in items]
    if verdict.spec.hit_policy == "collect":
        return Counter(wanted) == Counter(verdict.canonical)
    return wanted == list(verdict.canonical)


def _behind(verdict: Verdict) -> str:
    """Say what stands behind a verdict."""
    if verdict.rule is not None:
        return f"rule `{verdict.rule.id}`: {verdict.rule.title or verdict.rule.text}"
    match verdict.status:
        case "decided":
            return "by default: no rule asks for anything else"
        case "unsettled":
            return f"it depends on {', '.join(verdict.missing)}"
        case "no-rule":
            return "no rule speaks about this"
        case "conflict":
            return f"rules contradict each other: {', '.join(rule.id for rule in verdict.rules)}"
        case "guard":
            return "a red line forbids it"
        case "not-in-force":
            return "the policy is not in force on that day"
        case _:
            return "its value cannot be worked out"


# --- values and ids --------------------------------------------------------------------------------------------------


def _wrong_value(name: str, expected: object, judgement: Judgement, currencies: Currencies) -> Iterator[Mismatch]:
    for verdict in judgement.verdicts.values():
        type_ = verdict.spec.values.get(name)
        if type_ is None:
            continue
        if name in verdict.unsettled:
            yield Mismatch(name, written(expected), "not settled", f"it depends on {', '.join(verdict.missing)}")
        elif name not in verdict.canonical_values:
            yield Mismatch(name, written(expected), "nothing", _behind(verdict))
        elif not _is_expected_value(expected, verdict.canonical_values[name], type_, verdict, currencies):
            got = canonical_text(verdict.canonical_values[name], type_, verdict.currency)
            yield Mismatch(name, written(expected), got, _behind(verdict))


def _is_expected_value(expected: object, got: Outcome, type_: Type, verdict: Verdict, currencies: Currencies) -> bool:
    if isinstance(got, tuple) and verdict.spec.collects:
        items = expected if isinstance(expected, list) else [expected]
        return len(items) == len(got) and all(
            _is_value(item, value, type_, currencies) for item, value in zip(items, got, strict=True)
        )
    return _is_value(expected, got, type_, currencies)


def _unlisted(name: str, expected: object, got: tuple[str, ...]) -> Iterator[Mismatch]:
    """Yield a mismatch where an expected id is not among those that there are, or one is that was expected not to be."""
    if name == "rules" and expected == [] and got:
        yield Mismatch(name, "none", ", ".join(got))
    wrong = [item for item in _listed(expected) if (item.removeprefix(ABSENT) in got) == item.startswith(ABSENT)]
    if wrong:
        yield Mismatch(name, ", ".join(wrong), ", ".join(got) or "none")


def _ids(name: str, tree: PolicyTree, judgement: Judgement, holding: Holding) -> tuple[str, ...]:
    """Return the duties that are due, the red lines that are broken, or the rules that won."""
    match name:
        case "obligations":
            return judgement.obligations
        case "guards":
            return tuple(breach.guard.id for breach in judgement.breaches if breach.certain)
        case _:
            return winners(tree, judgement, holding)


# --- values as written and as they are -------------------------------------------------------------------------------


def _canonical(raw: object, type_: Type, currencies: Currencies) -> Value | None:
    try:
        return read_value(raw, type_, currencies)
    except FactProblem:
        return None


def _is_value(expected: object, got: Outcome, type_: Type, currencies: Currencies) -> bool:
    if isinstance(got, tuple) and isinstance(expected, str):
        expected = [expected]
    return _canonical(expected, type_, currencies) == got


def written(expected: Any) -> str:
    """Return what was expected as it was written: the choices of a list with `or`."""
    match expected:
        case bool():
            return str(expected).lower()
        case list():
            return " or ".join(written(item) for item in expected) or "nothing"
        case Decimal():
            return f"{expected:f}"
        case _:
            return str(expected)
