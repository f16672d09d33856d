"""The passes over rules and red lines."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from .compose import Part
from .consequences import Consequences, check_id, made_rule, read_consequences, read_oblige, when_unless, word_of
from .declare import Work
from .normal import Normalizer, facts_in
from .tables import read_rows
from .terms import checked
from .tree import (
    And,
    Compare,
    Condition,
    Guard,
    Known,
    Named,
    Not,
    Or,
    Rule,
    TextTest,
    Truth,
)
from .words import condition_text


def check_rules(work: Work) -> None:
    """Check every rule and the rows of every table, in the order in which they are tried."""
    switched = work.draft.switches
    for item in work.draft.items:
        if not item.is_table:
            rule = _rule(work, item.part)
            if rule is not None:
                work.rules.append(rule)
            continue
        work.rules.extend(rule for rule in read_rows(work, item) if rule.id not in switched)


def _rule(work: Work, part: Part) -> Rule | None:
    raw, place = part.raw, part.place
    check_id(work, part, "rule")
    condition = when_unless(work, raw, place)
    then = raw.get("then")
    outcomes, values = read_consequences(work, then if isinstance(then, dict) else {}, place.inside("then"))
    oblige = read_oblige(work, raw, place)
    if not raw.get("then") and not raw.get("oblige"):
        work.findings.report("rule-without-consequence", place, id=part.id)
    if condition is None:
        return None
    return made_rule(work, part, part.id, condition, Consequences(outcomes, values, oblige), place)


def check_guards(work: Work) -> None:
    """Check every red line; it must name a decision, for facts alone break nothing."""
    single = {name: spec for name, spec in work.decisions.items() if not spec.collects and name not in work.facts}
    scope = attrs.evolve(work.scope, decisions=single)
    normalizer = Normalizer(scope.universe)
    for part in work.draft.guards:
        check_id(work, part, "guard")
        if "never" not in part.raw:
            work.findings.report("missing-key", part.place, key="never", table="guard", about="what must never hold")
            continue
        place = part.place.inside("never")
        condition = checked(part.raw["never"], place, scope, work)
        if condition is None:
            continue
        form = normalizer.normal_form(condition)
        named = named_decisions(condition, scope.decisions)
        if not named:
            work.findings.report("guard-without-decision", place, id=part.id, decisions=", ".join(scope.decisions))
        raw = part.raw["never"]
        text = raw if isinstance(raw, str) else condition_text(condition, work.currencies.home)
        words = {key: word_of(part.raw, key) for key in ("title", "because", "source")}
        work.guards.append(Guard(part.id, condition, form, named, text=text, origin=part.origin, **words))


def named_decisions(condition: Condition, decisions: Iterable[str]) -> tuple[str, ...]:
    """Return those of some decisions that a condition speaks of, in their order."""
    found: set[str] = set()
    pending: list[Condition] = [condition]
    while pending:
        match pending.pop():
            case And(parts) | Or(parts):
                pending += parts
            case Not(part) | Named(_, part):
                pending.append(part)
            case Known(name):
                found.add(name)
            case (Compare() | TextTest()) as test:
                found.update(facts_in(test))
            case Truth():
                pass
    return tuple(name for name in decisions if name in found)
