"""`breakable-guard`: a red line that the rules themselves can cross, so that a human is asked where nobody meant that."""

from __future__ import annotations

from collections.abc import Iterator

from ...rules.diagnostics import Place
from ...rules.tree import Atom, Conjunct, FactTest, Guard, NormalForm, Whole
from ..decision import Judgement
from ..solve import Point
from ..solve.encoder import Term
from .finding import Finding
from .ground import Answer, Ground
from .unproved import not_proved
from .witness import shrunk, witness_of
from .words import listed


def breakable_guards(ground: Ground) -> Iterator[Finding]:
    """Yield each red line with the smallest incident that crosses it."""
    for guard in ground.tree.guards:
        place = Place.of(guard.origin)
        crossing = crossed(ground, guard.form)
        found = ground.ask(crossing, *(ground.encoder.known(name) for name in sorted(ground.optional)))
        asks = found is Answer.NONE and bool(ground.optional)
        if asks:
            # Only for want of a fact: the guard is there to ask for it.
            found = ground.ask(crossing)
        if found is Answer.NONE:
            continue
        finding = _finding(ground, guard, found, asks=asks) if isinstance(found, Point) else None
        yield finding or not_proved(ground, "breakable-guard", f"guard `{guard.id}`", place=place)


def crossed(ground: Ground, form: NormalForm) -> Term:
    """Return whether the outcomes cross a red line."""
    encoder = ground.encoder
    for name, outcomes in ground.decisions.items():
        if outcomes.value is not None:
            encoder.outcomes.setdefault(name, outcomes.value)
    return encoder.any_of([encoder.all_of([_part(ground, part) for part in disjunct]) for disjunct in form.disjuncts])


def _part(ground: Ground, part: Conjunct) -> Term:
    encoder, z3 = ground.encoder, ground.z3
    match part:
        case FactTest(fact) if fact in ground.tree.decisions and fact not in ground.tree.facts:
            if fact not in ground.decisions:
                return _without_rules(ground, part)
            decided = ground.decisions[fact].decided
            undecided = z3.BoolVal(part.missing == ground.space.whole(fact).values)
            if ground.decisions[fact].value is None:
                return encoder.any_of([decided, undecided])
            inside = encoder.within(encoder.variable(fact), part.known, encoder.type_of(fact))
            return z3.If(decided, inside, undecided)
        case Atom(_, facts):
            decided = [ground.decisions[name].decided for name in facts if name in ground.decisions]
            return encoder.all_of([*decided, encoder.atom(part).possible])
        case Whole(form):
            return crossed(ground, form)
        case _:
            return encoder.conjunct(part).possible


def _without_rules(ground: Ground, part: FactTest) -> Term:
    """Return whether a test on a decision holds that no rule decides: its default does, or nobody."""
    from ...rules.regions import contains
    from ...rules.tree import Constant

    default = ground.tree.decisions[part.fact].default
    if isinstance(default, Constant):
        return ground.z3.BoolVal(contains(part.known, default.value))
    return (
        ground.encoder.yes
        if default is not None
        else ground.z3.BoolVal(part.missing == ground.space.whole(part.fact).values)
    )


def _finding(ground: Ground, guard: Guard, found: Point, *, asks: bool) -> Finding | None:
    def is_broken(judgement: Judgement) -> bool:
        return any(breach.guard.id == guard.id and breach.certain for breach in judgement.breaches)

    def shows(point: Point) -> bool:
        return is_broken(ground.judge(point))

    if not shows(found):
        return None
    point = shrunk(ground, found, shows)
    if point is None:
        return None
    by = _crossers(ground, guard, point)
    how = f" by {listed(by)}" if by else ""
    named = {"guard": guard.id, "by": f"{how}, but only where a fact is missing that it asks for" if asks else how}
    witness = witness_of(ground, point)
    return Finding("breakable-guard", named, Place.of(guard.origin), "", (guard.id, *by), witness, is_listing=asks)


def _crossers(ground: Ground, guard: Guard, point: Point) -> tuple[str, ...]:
    """Return the rules that decided what the guard forbids."""
    verdicts = ground.verdicts(point)
    return tuple(dict.fromkeys(rule.id for name in guard.decisions for rule in verdicts[name].rules))
