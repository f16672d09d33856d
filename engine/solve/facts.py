"""What an incident consists of: a term for each fact that somebody asks for, and what holds of all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Final

from ...rules.evaluate import text_holds
from ...rules.regions import Region, universe_of
from ...rules.tree import Constant, FactRef, PolicyTree, TextTest
from ...rules.types import Type
from ..force import ordinal
from .regions import Regions, calendar
from .terms import Term

_NEVER: Final = dt.date.max.toordinal()


class Facts(Regions):
    """
    The facts of one policy, of which *optional* ones may be missing.

    Facts come into being when they are asked for. `axioms` must hold besides whatever is asked.
    """

    def __init__(self, tree: PolicyTree, optional: Collection[str] = ()) -> None:
        super().__init__()
        self.tree = tree
        self.optional = frozenset(optional)
        self.today = self.z3.Int("the day of the decision")
        self.asks_the_day = False
        self.outcomes: dict[str, Term] = {}
        self._variables: dict[str, Term] = {}
        self._domains: dict[str, Term] = {}
        self._inside: dict[tuple[str, Region], Term] = {}
        self._members: dict[tuple[str, str], Term] = {}
        self._sizes: dict[str, Term] = {}
        self._texts: dict[tuple[str, str, str], tuple[TextTest, Term]] = {}

    def type_of(self, name: str) -> Type:
        """Return the type of a fact, or in a guard of a decision."""
        fact = self.tree.facts.get(name)
        return fact.type if fact is not None else self.tree.decisions[name].type

    def variable(self, name: str) -> Term:
        """Return the term of a fact's value; its domain becomes an axiom."""
        if name in self.outcomes:
            return self.outcomes[name]
        found = self._variables.get(name)
        if found is None:
            found = self._variables[name] = self._new(name, self.type_of(name))
            fact = self.tree.facts.get(name)
            if fact is not None:
                self._domains[name] = self.z3.And(
                    self.within(found, universe_of(fact), fact.type), self.within(found, calendar(fact.type), fact.type)
                )
        return found

    def _new(self, name: str, type_: Type) -> Term:
        if type_.kind == "boolean":
            return self.z3.Bool(name)
        if type_.kind in ("number", "money", "duration"):
            return self.z3.Real(name)
        return self.z3.Int(name)

    def known(self, name: str) -> Term:
        """Return whether a fact was handed in."""
        return self.z3.Bool(f"{name} is known") if name in self.optional else self.yes

    def value(self, name: str) -> Term:
        """Return the term of a fact's value, the assumed one where it is missing."""
        fact = self.tree.facts.get(name)
        if fact is None or name not in self.optional or fact.assume is None or fact.type.kind == "list":
            return self.variable(name)
        return self.z3.If(self.known(name), self.variable(name), self.constant(fact.assume, fact.type))

    def settled(self, name: str) -> Term:
        """Return whether a fact has a value: it was handed in, or one is assumed."""
        fact = self.tree.facts.get(name)
        return self.yes if fact is not None and fact.assume is not None else self.known(name)

    def lies_in(self, name: str, region: Region) -> Term:
        """Return whether a fact's value lies in a region."""
        found = self._inside.get((name, region))
        if found is None:
            found = self._inside[name, region] = self.within(self.variable(name), region, self.type_of(name))
        return found

    def pattern(self, test: TextTest) -> Term:
        """Return the boolean that stands for a test on free text."""
        assert isinstance(test.subject, FactRef) and isinstance(test.pattern, Constant)
        name, pattern = test.subject.name, str(test.pattern.value)
        key = (test.operator, name, pattern)
        if key not in self._texts:
            self.value(name)
            self._texts[key] = (test, self.z3.Bool(f"{name} {test.operator} {pattern!r}"))
        return self._texts[key][1]

    def member(self, name: str, word: str) -> Term:
        """Return whether a list has a word."""
        return self._members.setdefault((name, word), self.z3.Bool(f"{name} has {word!r}"))

    def size(self, name: str) -> Term:
        """Return how many words a list has."""
        return self._sizes.setdefault(name, self.z3.Int(f"count of {name}"))

    @property
    def members(self) -> dict[tuple[str, str], Term]:
        """Every word that a list is asked for, by the list and the word."""
        return self._members

    @property
    def sizes(self) -> dict[str, Term]:
        """Every list whose words are counted."""
        return self._sizes

    @property
    def patterns(self) -> list[tuple[TextTest, Term]]:
        """Every test on free text, with the boolean that stands for it."""
        return list(self._texts.values())

    @property
    def facts(self) -> Iterable[str]:
        """The facts that conditions encoded so far speak of."""
        return dict.fromkeys([*self._variables, *(name for name, _ in self._members), *self._sizes])

    @property
    def size_of_axioms(self) -> int:
        """A number that grows whenever the axioms do."""
        return len(self._domains) + len(self._members) + len(self._sizes) + len(self._texts) * (1 + len(self.codes))

    @property
    def axioms(self) -> list[Term]:
        """What holds of every incident that is decided while the policy is in force."""
        first = ordinal(self.tree.effective) if self.tree.effective else 1
        last = ordinal(self.tree.expires) if self.tree.expires else _NEVER
        return [self.today >= first, self.today <= last, *self.axioms_of_facts]

    @property
    def axioms_of_facts(self) -> list[Term]:
        """What holds of the facts on any day: values lie in their universes, patterns say of named texts what they say."""
        z3 = self.z3
        found = [*self._domains.values()]
        for test, holds in self._texts.values():
            assert isinstance(test.subject, FactRef) and isinstance(test.pattern, Constant)
            for text, code in self.codes.items():
                is_so = text_holds(test.operator, text, str(test.pattern.value))
                found.append(z3.Implies(self.value(test.subject.name) == code, holds == is_so))
        for name, size in self._sizes.items():
            members = [term for (of, _), term in self._members.items() if of == name]
            found += [size >= 0, size >= z3.Sum([z3.If(term, 1, 0) for term in members] or [z3.IntVal(0)])]
        return found
