"""`redundant-test`: a part of a condition that is always true, always false, or said already."""

from __future__ import annotations

from collections.abc import Iterator

from ...rules.diagnostics import Place
from ...rules.normal import Normalizer, Universe, facts_of
from ...rules.tree import ALWAYS, NEVER, And, Atom, Condition, FactTest, NormalForm, Not, Or, Rule, Truth, Whole
from ...rules.words import condition_text
from ..solve.encoder import Term
from .finding import Finding
from .ground import Ground


def redundant_tests(ground: Ground) -> Iterator[Finding]:
    """Yield parts of rules' conditions that change nothing."""
    normalizer = Normalizer(Universe(ground.tree.facts, ground.tree.decisions))
    for rule in ground.tree.rules:
        if rule.id not in ground.never:
            yield from _Rule(ground, normalizer, rule).findings()


class _Rule:
    """One rule's condition, part by part."""

    def __init__(self, ground: Ground, normalizer: Normalizer, rule: Rule) -> None:
        self.ground, self.normalizer, self.rule = ground, normalizer, rule
        # The condition is kept as well, so that no other takes its identity.
        self.forms: dict[int, tuple[Condition, NormalForm]] = {}

    def findings(self) -> Iterator[Finding]:
        """Yield what can be left out."""
        yield from self._within(self.rule.condition, [], ())

    def _form(self, condition: Condition) -> NormalForm:
        found = self.forms.get(id(condition))
        if found is None:
            found = self.forms[id(condition)] = (condition, self.normalizer.normal_form(condition))
        return found[1]

    def _within(self, condition: Condition, given: list[Condition], at: tuple[int, ...]) -> Iterator[Finding]:
        """Look into the parts of a condition that stands at *at* in the whole, where what is *given* holds already."""
        if not isinstance(condition, And | Or):
            return
        parts = condition.parts
        told: set[int] = set()
        for place, part in enumerate(parts):
            others = [other for number, other in enumerate(parts) if number != place and number not in told]
            if isinstance(condition, Or):
                others = [Not(other) for other in others]
            what = self._idle(part, [*given, *others], is_or=isinstance(condition, Or))
            if what:
                told.add(place)
                yield self._finding(part, what, (*at, place))
            elif isinstance(part, And | Or):
                yield from self._within(part, [*given, *others], (*at, place))

    def _idle(self, part: Condition, given: list[Condition], *, is_or: bool) -> str:
        """Return how a part is idle where others hold, empty where it is not."""
        form = self._form(part)
        if isinstance(part, Truth):
            return ""
        if form == ALWAYS:
            return "is always true"
        if form == NEVER:
            return "is never true"
        mine = _subjects(form)
        near = [other for other in given if not mine.isdisjoint(_subjects(self._form(other)))]
        if not near and not _has_more(form):
            return ""
        encoder = self.ground.encoder
        truth = encoder.form(form)
        context: list[Term] = [encoder.form(self._form(other)).possible for other in near]
        if is_or:
            never = self.ground.is_ruled_out(*context, truth.possible)
            return "changes nothing: it never holds where the other parts leave it a say" if never else ""
        always = self.ground.is_ruled_out(*context, self.ground.z3.Not(truth.certain))
        return "changes nothing: it holds wherever the other parts do" if always else ""

    def _finding(self, part: Condition, what: str, at: tuple[int, ...]) -> Finding:
        text = condition_text(part, self.ground.tree.currency)
        text = f"{text[:80]}…" if len(text) > 81 else text
        named = {"test": text, "rule": self.rule.id, "what": what}
        return Finding("redundant-test", named, Place.of(self.rule.origin), rules=(self.rule.id,), part=at)


def _subjects(form: NormalForm) -> frozenset[str]:
    return facts_of(form)


def _has_more(form: NormalForm) -> bool:
    """Whether a form may be always true or false although its tests do not say so one by one."""
    parts = [part for disjunct in form.disjuncts for part in disjunct]
    alone = len(parts) == 1 and isinstance(parts[0], FactTest)
    return not alone and any(isinstance(part, Atom | Whole) for part in parts)
