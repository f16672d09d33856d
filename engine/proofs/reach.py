"""`unreachable-rule` and `shadowed-rule`: rules that never hold, and rules that hold and never win."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...rules.diagnostics import Place
from ...rules.tree import Rule
from ..solve import Outcomes, Point
from ..solve.outcomes import stronger_first
from ..truth import form_truth
from .boxes import both, box_of
from .finding import Finding
from .ground import Answer, Ground
from .unproved import not_proved
from .witness import from_parts, shrunk, witness_of
from .words import listed


def dead_rules(ground: Ground) -> Iterator[Finding]:
    """Yield rules that never hold, then those that hold and never win; remember for other checks which rules win what."""
    for rule in ground.tree.rules:
        if not rule.outcomes or not all(_is_seen_to_win(ground, rule, name) for name in rule.outcomes):
            yield from _looked_into(ground, rule)


def _is_seen_to_win(ground: Ground, rule: Rule, decision: str) -> bool:
    """Try natural incidents on the fast reading: nearly every rule wins one of them."""
    if ground.tree.decisions[decision].collects:
        return False
    for disjunct in rule.form.disjuncts[:3]:
        point = from_parts(ground, ground.space.parts(disjunct, possible=False))
        if point is None:
            continue
        full = _filled(ground, point)
        verdicts = ground.judge(full).verdicts
        for name in rule.outcomes:
            winner = verdicts[name].rule
            if verdicts[name].status == "decided" and winner is not None and winner.id == rule.id:
                ground.won[name, rule.id] = True
        if ground.won.get((decision, rule.id)):
            return True
    return False


def _filled(ground: Ground, point: Point) -> Point:
    """Return an incident with an ordinary value for every fact that is not stated."""
    known = {**ground.ordinary_values, **point.known}
    return Point(known, point.as_of)


def _looked_into(ground: Ground, rule: Rule) -> Iterator[Finding]:
    place = Place.of(rule.origin)
    found = ground.ask(ground.fires(rule))
    if found is Answer.UNKNOWN:
        yield not_proved(ground, "unreachable-rule", f"rule `{rule.id}`", place=place)
        return
    if found is Answer.NONE:
        ground.won.update({(name, rule.id): False for name in rule.outcomes})
        ground.never.add(rule.id)
        yield Finding("unreachable-rule", {"rule": rule.id}, place, rules=(rule.id,))
        return
    lost: list[tuple[str, tuple[str, ...]]] = []
    for name in rule.outcomes:
        if ground.won.get((name, rule.id)):
            continue
        answer = _wins(ground, ground.decisions[name], rule)
        ground.won[name, rule.id] = None if answer is Answer.UNKNOWN else answer is not Answer.NONE
        if answer is Answer.UNKNOWN:
            yield not_proved(ground, "shadowed-rule", f"rule `{rule.id}`", name, place=place)
        elif answer is Answer.NONE:
            lost.append((name, _by(ground, ground.decisions[name], rule)))
    if lost:
        yield _shadowed(ground, rule, lost)


def _wins(ground: Ground, outcomes: Outcomes, rule: Rule) -> Point | Answer:
    if outcomes.spec.collects or _order(outcomes) is None:
        return ground.ask(ground.fires(rule))
    bars = [ground.z3.Not(ground.fires(other)) for other in _before(ground, outcomes, rule)]
    return ground.ask(ground.fires(rule), *bars)


def _before(ground: Ground, outcomes: Outcomes, rule: Rule) -> list[Rule]:
    """Return the rules that are tried before one, or are stronger, and that it may meet at all."""
    order = list(_order(outcomes) or ())
    before = order[: next(place for place, other in enumerate(order) if other.id == rule.id)]
    mine = ground.boxes(rule)
    return [other for other in before if any(both(a, b) is not None for a in ground.boxes(other) for b in mine)]


def _order(outcomes: Outcomes) -> Sequence[Rule] | None:
    return stronger_first(outcomes.spec, outcomes.rules)


def _by(ground: Ground, outcomes: Outcomes, rule: Rule) -> tuple[str, ...]:
    """Return the rules that together take all that a rule could win."""
    before = _before(ground, outcomes, rule)
    return ground.core(ground.fires(rule), [(other.id, ground.fires(other)) for other in before])


def _shadowed(ground: Ground, rule: Rule, lost: list[tuple[str, tuple[str, ...]]]) -> Finding:
    by = tuple(dict.fromkeys(id_ for _, ids in lost for id_ in ids))
    everywhere = len(lost) == len(rule.outcomes)
    what = "wins" if everywhere else f"decides {listed([name for name, _ in lost])}"
    named = {"rule": rule.id, "wins": what, "by": f"{listed(by)} {'is' if len(by) == 1 else 'are'}"}

    def shows(point: Point) -> bool:
        if form_truth(rule.form, ground.state(point)) is not True:
            return False
        verdict = ground.judge(point).verdicts[lost[0][0]]
        return verdict.rule is not None and verdict.rule.id in by

    found = ground.ask(ground.fires(rule))
    witness = None
    if isinstance(found, Point) and shows(found):
        point = shrunk(ground, found, shows)
        witness = witness_of(ground, point) if point is not None else None
    region = tuple(box_of(box) for box in ground.boxes(rule))
    decision = lost[0][0] if not everywhere else ""
    return Finding("shadowed-rule", named, Place.of(rule.origin), decision, (rule.id, *by), witness, region)
