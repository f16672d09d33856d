"""Conditions as terms of z3, over one incident.

========================= =========================================================
type                      term
========================= =========================================================
number, money, duration   Real (money in minor units, durations in seconds)
integer, date, datetime   Int
scale, closed text        Int: the word's place
boolean                   Bool
text                      Int: one for each text that the policy names; the others are all further texts
list of text              one Bool for each word that is asked for, and an Int that counts
========================= =========================================================

A condition becomes two terms: whether it certainly holds, and whether it possibly does; they are one term where they cannot differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import assert_never

from ...rules.regions import contains, is_empty, universe_of
from ...rules.tree import Atom, Conjunct, FactTest, NormalForm, PolicyTree, TextTest, Whole
from ...rules.types import Fact
from .expressions import Expressions
from .terms import Term, Truth

__all__ = ["Encoder", "Term", "when_missing"]


class Encoder(Expressions):
    """
    Encodes the conditions of one policy.

    *optional* are the facts that may be missing; all others are given. `axioms` must hold besides whatever is asked.
    """

    def __init__(self, tree: PolicyTree, optional: Collection[str] = ()) -> None:
        super().__init__(tree, optional)
        self._tests: dict[FactTest, Truth] = {}
        self._forms: dict[int, tuple[NormalForm, Truth]] = {}
        self._atoms: dict[Atom, Truth] = {}

    def fact_test(self, test: FactTest) -> Truth:
        """Return the truth of a test on one fact."""
        found = self._tests.get(test)
        if found is None:
            found = self._tests[test] = self._if_known(test, self.lies_in(test.fact, test.known))
        return found

    def _if_known(self, test: FactTest, inside: Term) -> Truth:
        if test.fact not in self.optional:
            return Truth(inside, inside)
        certain, possible = when_missing(test, self.tree.facts[test.fact])
        known = self.known(test.fact)
        one = self.z3.If(known, inside, self.z3.BoolVal(certain))
        return Truth(one, one if certain == possible else self.z3.If(known, inside, self.z3.BoolVal(possible)))

    def atom(self, atom: Atom) -> Truth:
        """Return the truth of a test over several facts, a pattern or a function."""
        found = self._atoms.get(atom)
        if found is None:
            found = self._atoms[atom] = self._atom(atom)
        return found

    def _atom(self, atom: Atom) -> Truth:
        z3 = self.z3
        valued = self.text_test(atom.test) if isinstance(atom.test, TextTest) else self.comparison(atom.test)
        holds = valued.term if atom.holds else z3.Not(valued.term)
        conditions = [*valued.defined, *(self.settled(name) for name in atom.facts if name in self.optional)]
        if not conditions:
            return Truth(holds, holds)
        settled = self.all_of(conditions)
        return Truth(z3.And(settled, holds), z3.Or(z3.Not(settled), holds))

    def conjunct(self, part: Conjunct) -> Truth:
        """Return the truth of one part of an `and`."""
        match part:
            case FactTest():
                return self.fact_test(part)
            case Atom():
                return self.atom(part)
            case Whole(form):
                return self.form(form)
            case _:
                assert_never(part)

    def form(self, form: NormalForm) -> Truth:
        """Return the truth of a condition in normal form."""
        kept = self._forms.get(id(form))
        if kept is None:
            kept = self._forms[id(form)] = (form, self.either([self.both(parts) for parts in form.disjuncts]))
        return kept[1]

    def both(self, parts: Iterable[Conjunct]) -> Truth:
        """Return Kleene's `and` of some conjuncts."""
        truths = [self.conjunct(part) for part in parts]
        certain = self.all_of([truth.certain for truth in truths])
        if all(truth.certain is truth.possible for truth in truths):
            return Truth(certain, certain)
        return Truth(certain, self.all_of([truth.possible for truth in truths]))

    def either(self, truths: list[Truth]) -> Truth:
        """Return Kleene's `or`."""
        certain = self.any_of([truth.certain for truth in truths])
        if all(truth.certain is truth.possible for truth in truths):
            return Truth(certain, certain)
        return Truth(certain, self.any_of([truth.possible for truth in truths]))


def when_missing(test: FactTest, fact: Fact) -> tuple[bool, bool]:
    """Return whether a test on one fact certainly, and whether it possibly, holds where the fact is missing."""
    if fact.assume is not None:
        holds = contains(test.missing, fact.assume)
        return holds, holds
    if is_empty(test.missing):
        return False, False
    return test.missing == universe_of(fact), True
