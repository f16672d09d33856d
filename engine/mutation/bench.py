"""What mutants are made on: a policy's tree, whose parts are its own, and how a changed condition comes to its normal form."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from ...rules.normal import Normalizer, Universe, tested
from ...rules.regions import is_empty
from ...rules.rulebook import named_decisions
from ...rules.tree import Compare, Condition, Guard, NormalForm, Origin, PolicyTree, Rule, Term
from ...rules.words import condition_text
from . import in_conditions as _in_conditions  # noqa: F401 because importing it registers its operators
from .mutants import Draft, Edit, Subject
from .operators import ON_CONDITIONS, ON_EXPRESSIONS, Rewrite
from .sites import conditions_in, expressions_in


class Bench:
    """One policy to be mutated; *own* names the document whose parts are changed, None where all are."""

    def __init__(self, tree: PolicyTree, own: str | None) -> None:
        self.tree, self.own, self.home = tree, own, tree.currency
        self._single = {n: spec for n, spec in tree.decisions.items() if not spec.collects and n not in tree.facts}
        self.universe = Universe(tree.facts, {})
        self.with_outcomes = Universe(tree.facts, self._single)
        self._normalizer, self._for_guards = Normalizer(self.universe), Normalizer(self.with_outcomes)

    def is_own(self, origin: Origin | None) -> bool:
        """Whether something is to be changed."""
        return origin is not None and self.own in (None, origin.document)

    def text(self, condition: Condition) -> str:
        """Return a condition as it is written."""
        return condition_text(condition, self.home)

    def form(self, condition: Condition) -> NormalForm:
        """Return the normal form of a condition over facts."""
        return Normalizer(self.universe).normal_form(condition)

    # -- parts made anew

    def rule(self, rule: Rule, condition: Condition, *, has_unless: bool | None = None) -> Rule:
        """Return a rule with another condition."""
        return self._rule(rule, condition, self._normalizer, rule.has_unless if has_unless is None else has_unless)

    def guard(self, guard: Guard, condition: Condition) -> Guard | None:
        """Return a red line with another condition, None where it would speak of no decision."""
        return self._guard(guard, condition, self._for_guards)

    def _rule(self, rule: Rule, condition: Condition, normalizer: Normalizer, has_unless: bool) -> Rule:  # noqa: FBT001
        form = normalizer.normal_form(condition)
        return attrs.evolve(rule, condition=condition, form=form, text=self.text(condition), has_unless=has_unless)

    def _guard(self, guard: Guard, condition: Condition, normalizer: Normalizer) -> Guard | None:
        named = named_decisions(condition, self._single)
        if not named:
            return None
        form = normalizer.normal_form(condition)
        return attrs.evolve(guard, condition=condition, form=form, decisions=named, text=self.text(condition))

    def throughout(self, change: Callable[[Condition], Condition]) -> Edit:
        """Return what is different where every condition is changed: for what many of them share, such as a term."""
        # Normalizers remember terms by name, and here they mean something else.
        normalizer, for_guards = Normalizer(self.universe), Normalizer(self.with_outcomes)
        rules: dict[int, Rule | None] = {}
        guards: dict[int, Guard | None] = {}
        terms: dict[str, Term] = {}
        for place, rule in enumerate(self.tree.rules):
            if (new := change(rule.condition)) != rule.condition:
                rules[place] = self._rule(rule, new, normalizer, rule.has_unless)
        for place, guard in enumerate(self.tree.guards):
            if (new := change(guard.condition)) != guard.condition:
                guards[place] = self._guard(guard, new, for_guards)
        for name, term in self.tree.terms.items():
            if (new := change(term.condition)) != term.condition:
                terms[name] = attrs.evolve(term, condition=new, form=normalizer.normal_form(new), text=self.text(new))
        return Edit(rules=rules, guards=guards, terms=terms)

    # -- rewriting

    def rewrites(
        self, root: Condition, universe: Universe
    ) -> Iterator[tuple[str, Condition, Rewrite, Callable[[Condition], Condition]]]:
        """Yield every slip in a condition: the operator, what was written, what became of it, and how it is put in place."""
        for part, put in conditions_in(root):
            for name, operator in ON_CONDITIONS.items():
                for rewrite in operator(part):
                    if _may_hold(rewrite.after, universe):
                        yield name, part, rewrite, put
            if isinstance(part, Compare):
                for name, after in _other_expressions(part):
                    if _may_hold(after, universe):
                        yield name, part, Rewrite(after), put

    def drafts(
        self,
        subject: Subject,
        root: Condition,
        universe: Universe,
        make: Callable[[Condition], Edit | None],
    ) -> Iterator[Draft]:
        """Yield a draft for every slip in a condition; *make* says what is different where another stands in its place."""
        for name, part, rewrite, put in self.rewrites(root, universe):
            before, after = self.text(part), self.text(rewrite.after)
            change = "" if rewrite.gone is None else f"`{self.text(rewrite.gone)}` was left out"
            yield Draft(name, subject, before, after, _making(make, put, rewrite.after), change)


def _making(
    make: Callable[[Condition], Edit | None], put: Callable[[Condition], Condition], after: Condition
) -> Callable[[], Edit | None]:
    return lambda: make(put(after))


def _other_expressions(test: Compare) -> Iterator[tuple[str, Compare]]:
    for name, operator in ON_EXPRESSIONS.items():
        for part, put in expressions_in(test.left):
            yield from ((name, Compare(test.operator, put(new), test.right)) for new in operator(part))
        for part, put in expressions_in(test.right):
            yield from ((name, Compare(test.operator, test.left, put(new))) for new in operator(part))


def _may_hold(condition: Condition, universe: Universe) -> bool:
    """Whether a comparison can hold for some value of its fact: the loader refuses one that cannot."""
    if not isinstance(condition, Compare):
        return True
    found = tested(condition)
    return found is None or (found[0] is not None and not is_empty(universe.part(found)))
