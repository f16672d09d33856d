"""`unreachable-outcome` and `unreachable-obligation`: what the policy offers and can never give."""

from __future__ import annotations

from collections.abc import Iterator

from ...rules.diagnostics import Place
from ...rules.incident import DECISIONS
from ...rules.tree import Constant, DecisionSpec, Rule
from ..solve import Point
from .finding import Finding, decision_place
from .ground import Answer, Ground
from .unproved import not_proved
from .words import listed


def unreachable_outcomes(ground: Ground) -> Iterator[Finding]:
    """Yield outcomes that are named, or declared by the owner, and that no incident gets."""
    for name, outcomes in ground.decisions.items():
        spec = outcomes.spec
        if not spec.outcomes or not all(isinstance(rule.outcomes[name], Constant) for rule in outcomes.rules):
            continue
        by_word: dict[str, list[Rule]] = {}
        for rule in outcomes.rules:
            by_word.setdefault(str(_word(rule, name)), []).append(rule)
        default = str(spec.default.value) if isinstance(spec.default, Constant) else ""
        for word in spec.outcomes:
            rules = by_word.get(word, [])
            wins = _wins_any(ground, name, rules) if rules or word == default else _is_built_in(spec)
            if not wins and word == default:
                found = ground.ask(outcomes.default)
                wins = True if isinstance(found, Point) else None if found is Answer.UNKNOWN else wins
            if wins is False:
                yield _finding(ground, spec, word, rules)
            elif wins is None:
                subject = f"outcome `{word}` of `{name}`"
                yield not_proved(ground, "unreachable-outcome", subject, name, place=decision_place(ground.tree, name))


def _word(rule: Rule, decision: str) -> object:
    outcome = rule.outcomes[decision]
    return outcome.value if isinstance(outcome, Constant) else ""


def _wins_any(ground: Ground, decision: str, rules: list[Rule]) -> bool | None:
    """Whether any of some rules wins; None where that is not settled."""
    won = [ground.won.get((decision, rule.id)) for rule in rules]
    return True if True in won else None if None in won else False


def _is_built_in(spec: DecisionSpec) -> bool:
    """Whether the outcomes are not the owner's own; nobody need use all of those."""
    return spec.id in DECISIONS and DECISIONS[spec.id].outcomes == spec.outcomes


def _finding(ground: Ground, spec: DecisionSpec, word: str, rules: list[Rule]) -> Finding:
    ids = tuple(rule.id for rule in rules)
    why = f"{listed(ids)} never {'wins' if len(ids) == 1 else 'win'}" if ids else "no rule has it"
    place = Place.of(rules[0].origin) if rules else decision_place(ground.tree, spec.id)
    return Finding("unreachable-outcome", {"outcome": word, "decision": spec.id, "why": why}, place, spec.id, ids)


def unreachable_obligations(ground: Ground) -> Iterator[Finding]:
    """Yield duties that only dead rules bring."""
    for id_, obligation in ground.tree.obligations.items():
        rules = [rule for rule in ground.tree.rules if id_ in rule.oblige]
        dead = [_is_dead(ground, rule) for rule in rules]
        if None in dead and False not in dead:
            yield not_proved(ground, "unreachable-obligation", f"obligation `{id_}`", place=Place.of(obligation.origin))
        elif rules and False not in dead:
            ids = tuple(rule.id for rule in rules)
            named = {"obligation": id_, "rules": listed(ids)}
            yield Finding("unreachable-obligation", named, Place.of(obligation.origin), rules=ids)


def _is_dead(ground: Ground, rule: Rule) -> bool | None:
    """Whether a rule never wins, or never holds where it decides nothing; None where that is not settled."""
    if not rule.outcomes:
        return None if rule.id in ground.unsettled else rule.id in ground.never
    won = [ground.won.get((name, rule.id)) for name in rule.outcomes]
    return False if True in won else None if None in won else True
