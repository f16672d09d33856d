"""`redundant-test`: a part of a condition that is always true, always false, or said already."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Final

from ...rules.diagnostics import Place
from ...rules.normal import Normalizer, Universe, facts_of
from ...rules.regions import intersection, is_empty
from ...rules.tree import ALWAYS, NEVER, And, Atom, Condition, FactTest, NormalForm, Not, Or, Rule, Truth, Whole
from ...rules.words import condition_text
from ..solve.encoder import Term
from .choices import is_choice
from .finding import Finding
from .ground import Ground
from .unproved import from_here, not_proved

#: Why a part of an `and` is idle, and one of an `or`.
_WHY: Final = (
    "changes nothing: it holds wherever the other parts do",
    "changes nothing: it never holds where the other parts leave it a say",
)


def redundant_tests(ground: Ground) -> Iterator[Finding]:
    """Yield parts of rules' conditions that change nothing."""
    normalizer = Normalizer(Universe(ground.tree.facts, ground.tree.decisions))
    rules = [rule for rule in ground.tree.rules if rule.id not in ground.never]
    for place, rule in enumerate(rules):
        if ground.is_over:
            yield not_proved(ground, "redundant-test", from_here(rules[place:]))
            return
        yield from _Rule(ground, normalizer, rule).findings()


class _Rule:
    """One rule's condition, part by part."""

    def __init__(self, ground: Ground, normalizer: Normalizer, rule: Rule) -> None:
        self.ground, self.normalizer, self.rule = ground, normalizer, rule
        #: Whether the solver could not tell of some part.
        self.is_open = False
        # The condition is kept as well, so that no other takes its identity.
        self.forms: dict[int, tuple[Condition, NormalForm]] = {}

    def findings(self) -> Iterator[Finding]:
        """Yield what can be left out."""
        condition = self.rule.condition
        if not isinstance(condition, And | Truth) and not is_choice(condition) and self._form(condition) == ALWAYS:
            yield self._finding(condition, "is always true", ())
        else:
            yield from self._within(condition, [], ())
        if self.is_open:
            place = Place.of(self.rule.origin)
            yield not_proved(self.ground, "redundant-test", f"rule `{self.rule.id}`", place=place)

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
            if is_choice(part) and self._form(part) == ALWAYS:
                continue  # a finding of its own
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
        settled = self._by_regions(form, [self._form(other) for other in near], is_or=is_or)
        if settled is not None:
            return _WHY[is_or] if settled else ""
        encoder = self.ground.encoder
        truth = encoder.form(form)
        context: list[Term] = [encoder.form(self._form(other)).possible for other in near]
        if is_or:
            return self._said(is_or=is_or, idle=self.ground.ruled_out(*context, truth.possible))
        always = self.ground.ruled_out(*context, self.ground.z3.Not(truth.certain))
        return self._said(is_or=is_or, idle=always)

    def _said(self, *, is_or: bool, idle: bool | None) -> str:
        self.is_open |= idle is None
        return _WHY[is_or] if idle else ""

    def _by_regions(self, form: NormalForm, near: list[NormalForm], *, is_or: bool) -> bool | None:
        """Say whether a test on one fact is idle where all others near it are as plain; None where that is for the solver to say."""
        tests = [_only_test(each) for each in (form, *near)]
        first, *others = tests
        if first is None or first.fact in self.ground.optional or None in others:
            return None
        left = reduce(intersection, (other.known for other in others if other is not None))
        return is_empty(intersection(left, first.known)) if is_or else intersection(left, first.known) == left

    def _finding(self, part: Condition, what: str, at: tuple[int, ...]) -> Finding:
        text = condition_text(part, self.ground.tree.currency)
        text = f"{text[:80]}…" if len(text) > 81 else text
        named = {"test": text, "rule": self.rule.id, "what": what}
        return Finding("redundant-test", named, Place.of(self.rule.origin), rules=(self.rule.id,), part=at)


def _only_test(form: NormalForm) -> FactTest | None:
    """Return the test that a form is, None where it is more."""
    if len(form.disjuncts) != 1 or len(form.disjuncts[0]) != 1:
        return None
    (part,) = form.disjuncts[0]
    return part if isinstance(part, FactTest) else None


def _subjects(form: NormalForm) -> frozenset[str]:
    return facts_of(form)


def _has_more(form: NormalForm) -> bool:
    """Whether a form may be always true or false although its tests do not say so one by one."""
    parts = [part for disjunct in form.disjuncts for part in disjunct]
    alone = len(parts) == 1 and isinstance(parts[0], FactTest)
    return not alone and any(isinstance(part, Atom | Whole) for part in parts)
