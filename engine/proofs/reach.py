"""`unreachable-rule` and `shadowed-rule`: rules that never hold, and rules that hold and never win."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from ...rules.diagnostics import Place
from ...rules.tree import Rule
from ..solve import Outcomes, Point
from ..solve.outcomes import stronger_first
from ..truth import form_truth
from .boxes import box_of
from .finding import Finding
from .ground import Answer, Ground
from .ladder import Ladder
from .unproved import from_here, not_proved
from .witness import from_parts, shrunk, witness_of
from .words import listed


def dead_rules(ground: Ground) -> Iterator[Finding]:
    """Yield rules that never hold, then those that hold and never win; remember for other checks which rules win what."""
    ladders = {}
    for name, outcomes in ground.decisions.items():
        order = _order(outcomes)
        if order is not None:
            ladders[name] = Ladder(ground, order)
    for place, rule in enumerate(ground.tree.rules):
        if ground.is_over:
            ground.unsettled.update(other.id for other in ground.tree.rules[place:])
            for check in ("unreachable-rule", "shadowed-rule"):
                yield not_proved(ground, check, from_here(ground.tree.rules[place:]))
            return
        seen = [_is_seen_to_win(ground, ladders.get(name), rule, name) for name in rule.outcomes]
        if not rule.outcomes or not all(seen):
            yield from _looked_into(ground, ladders, rule)


def _is_seen_to_win(ground: Ground, ladder: Ladder | None, rule: Rule, decision: str) -> bool:
    """Try natural incidents on the fast reading: nearly every rule wins one of them."""
    if (decision, rule.id) in ground.winning:
        return True
    if ground.tree.decisions[decision].collects:
        return False
    for point in _likely(ground, ladder, rule):
        verdicts = ground.verdicts(point)
        for name in rule.outcomes:
            winner = verdicts[name].rule
            if verdicts[name].status == "decided" and winner is not None and winner.id == rule.id:
                ground.won[name, rule.id] = True
                ground.winning.setdefault((name, rule.id), point)
        if ground.won.get((decision, rule.id)):
            return True
    return False


def _likely(ground: Ground, ladder: Ladder | None, rule: Rule) -> Iterator[Point]:
    """Yield incidents that a rule may decide, with an ordinary value for every fact that is not stated."""
    if ladder is not None:
        point = ladder.led_to(rule)
        if point is not None:
            yield point
    for box in ground.boxes(rule)[:3]:
        point = from_parts(ground, box)
        if point is not None:
            yield attrs.evolve(point, known={**ground.ordinary_values, **point.known})


def _looked_into(ground: Ground, ladders: Mapping[str, Ladder], rule: Rule) -> Iterator[Finding]:
    place = Place.of(rule.origin)
    found = _held(ground, rule)
    if found is Answer.UNKNOWN:
        ground.unsettled.add(rule.id)
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
        ladder = ladders.get(name)
        by = ladder.containers(rule) if ladder is not None else ()
        if by:
            ground.won[name, rule.id] = False
            lost.append((name, by))
            continue
        answer = ground.outside(rule, ladder.before(rule) if ladder is not None else [])
        ground.won[name, rule.id] = None if answer is Answer.UNKNOWN else isinstance(answer, Point)
        if answer is Answer.UNKNOWN:
            yield not_proved(ground, "shadowed-rule", f"rule `{rule.id}`", name, place=place)
        elif isinstance(answer, tuple):
            lost.append((name, answer))
    if lost:
        yield _shadowed(ground, rule, lost)


def _held(ground: Ground, rule: Rule) -> Point | Answer:
    """Return an incident for which a rule holds: a natural one, or one that the solver finds."""
    for box in ground.boxes(rule)[:3]:
        point = from_parts(ground, box)
        if point is not None:
            point = attrs.evolve(point, known={**ground.ordinary_values, **point.known})
            if form_truth(rule.form, ground.state(point)) is True:
                return point
    return ground.ask(ground.fires(rule))


def _order(outcomes: Outcomes) -> Sequence[Rule] | None:
    return None if outcomes.spec.collects else stronger_first(outcomes.spec, outcomes.rules)


def _shadowed(ground: Ground, rule: Rule, lost: list[tuple[str, tuple[str, ...]]]) -> Finding:
    by = tuple(dict.fromkeys(id_ for _, ids in lost for id_ in ids))
    everywhere = len(lost) == len(rule.outcomes)
    what = "wins" if everywhere else f"decides {listed([name for name, _ in lost])}"
    named = {"rule": rule.id, "wins": what, "by": f"{listed(by)} {'is' if len(by) == 1 else 'are'}"}

    def shows(point: Point) -> bool:
        if form_truth(rule.form, ground.state(point)) is not True:
            return False
        verdict = ground.verdicts(point)[lost[0][0]]
        return verdict.rule is not None and verdict.rule.id in by

    found = _held(ground, rule)
    witness = None
    if isinstance(found, Point) and shows(found):
        point = shrunk(ground, found, shows)
        witness = witness_of(ground, point) if point is not None else None
    region = tuple(box_of(box) for box in ground.boxes(rule))
    decision = lost[0][0] if not everywhere else ""
    return Finding("shadowed-rule", named, Place.of(rule.origin), decision, (rule.id, *by), witness, region)
