"""`unmeetable-deadline`: a duty that never falls due while the policy is in force.

A deadline runs from the moment of the decision, so by itself it always lies ahead. What can be proved is that it lies too far ahead:
on every day on which some rule can bring the duty, the policy expires before the duty is due.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from ...rules.diagnostics import Place
from ...rules.quantities import duration_text
from ...rules.tree import Obligation, Rule
from ..force import ordinal
from ..solve.encoder import Term
from .finding import Finding
from .ground import Answer, Ground
from .unproved import not_proved
from .words import listed

_DAY: Final = 86_400


def unmeetable_deadlines(ground: Ground) -> Iterator[Finding]:
    """Yield duties with a deadline that, whenever a rule brings them, lies behind the policy's last day."""
    if ground.tree.expires is None:
        return
    for id_, obligation in ground.tree.obligations.items():
        rules = [rule for rule in ground.tree.rules if id_ in rule.oblige and rule.id not in ground.never]
        if obligation.within is None or not rules:
            continue
        in_time = _in_time(ground, obligation)
        answers = {_asked(ground, rule, in_time) for rule in rules}
        place = Place.of(obligation.origin)
        if answers == {Answer.NONE}:
            yield _finding(ground, obligation, rules, place)
        elif answers <= set(Answer):
            yield not_proved(ground, "unmeetable-deadline", f"obligation `{id_}`", place=place)


def _asked(ground: Ground, rule: Rule, in_time: Term) -> Answer | None:
    found = ground.ask(ground.fires(rule), in_time)
    return found if isinstance(found, Answer) else None


def _in_time(ground: Ground, obligation: Obligation) -> Term:
    """Return whether a duty that comes today is due before the policy expires."""
    assert ground.tree.expires is not None and obligation.within is not None
    today = ground.z3.ToReal(ground.encoder.today)
    return today * _DAY + ground.encoder.number(obligation.within) <= ordinal(ground.tree.expires) * _DAY


def _finding(ground: Ground, obligation: Obligation, rules: list[Rule], place: Place) -> Finding:
    expires = ground.tree.expires
    assert expires is not None and obligation.within is not None
    ids = tuple(rule.id for rule in rules)
    named = {
        "obligation": obligation.id,
        "within": duration_text(obligation.within),
        "rules": f"{listed(ids)} {'brings' if len(ids) == 1 else 'bring'}",
        "expires": str(expires.date() if isinstance(expires, dt.datetime) else expires),
    }
    return Finding("unmeetable-deadline", named, place, rules=ids)
