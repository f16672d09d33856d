"""Facts, expressions and normal forms as terms of z3, over one incident.

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

import datetime as dt
from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import Any, Final, TypeAlias, assert_never

import attrs

from ...rules.evaluate import text_holds
from ...rules.regions import Cut, Region, Spans, Texts, Words, contains, is_empty, universe, universe_of
from ...rules.tree import (
    Arithmetic,
    Atom,
    Call,
    Compare,
    Conjunct,
    Constant,
    Expression,
    FactRef,
    FactTest,
    NormalForm,
    PolicyTree,
    TextTest,
    Whole,
)
from ...rules.types import DISCRETE, Fact, Number, Type, Value
from ..force import ordinal

#: z3 ships no types.
Term: TypeAlias = Any

_SECONDS_A_DAY: Final = 86_400
_MICROSECONDS: Final = 1_000_000
_NEVER: Final = dt.date.max.toordinal()


class SolverMissingError(ImportError):
    """z3 is not installed."""


def solver_library() -> Any:
    """
    Import z3.

    Raises:
        SolverMissingError: If it is not installed; the message says how it is.
    """
    try:
        import z3
    except ImportError:
        raise SolverMissingError("proofs need the solver z3: install `evenhand[verify]`") from None
    return z3


@attrs.frozen(eq=False)
class Truth:
    """Whether a condition certainly holds, and whether it possibly does."""

    certain: Term
    possible: Term


@attrs.frozen(eq=False)
class Valued:
    """An expression's term, and the conditions on which it has a value at all (no division by zero)."""

    term: Term
    defined: tuple[Term, ...] = ()


class Encoder:
    """
    Encodes the conditions of one policy.

    *optional* are the facts that may be missing; all others are given. `axioms` must hold besides whatever is asked.
    """

    def __init__(self, tree: PolicyTree, optional: Collection[str] = ()) -> None:
        self.z3 = solver_library()
        self.tree = tree
        self.optional = frozenset(optional)
        self.today = self.z3.Int("today")
        self.yes, self.no = (self.z3.BoolVal(value) for value in (True, False))
        self.codes: dict[str, int] = {}
        self.outcomes: dict[str, Term] = {}
        self.asks_the_day = False
        #: Tests of which nothing is known to the solver.
        self.opened: list[object] = []
        self._cuts: dict[tuple[int, Cut], Term] = {}
        self._regions: dict[tuple[str, Region], Term] = {}
        self._variables: dict[str, Term] = {}
        self._members: dict[tuple[str, str], Term] = {}
        self._sizes: dict[str, Term] = {}
        self._domains: dict[str, Term] = {}
        self._tests: dict[FactTest, Truth] = {}
        self._forms: dict[int, tuple[NormalForm, Truth]] = {}
        self._texts: dict[tuple[object, ...], tuple[TextTest, Term]] = {}
        self._atoms: dict[Atom, Truth] = {}

    # -- facts

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

    def code(self, text: str) -> int:
        """Return the number of a text that the policy names."""
        return self.codes.setdefault(text, len(self.codes))

    def constant(self, value: Value, type_: Type) -> Term:
        """Return the term of a constant."""
        match value:
            case bool():
                return self.z3.BoolVal(value)
            case int() | Fraction():
                return self.number(value)
            case str() if type_.words:
                return self.z3.IntVal(type_.words.index(value))
            case str():
                return self.z3.IntVal(self.code(value))
            case _:
                raise TypeError("a list is no term")

    def number(self, value: Number) -> Term:
        """Return the term of an exact number."""
        return self.z3.IntVal(value) if isinstance(value, int) else self.z3.RealVal(str(value))

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
        """What holds of every incident: values lie in their universes, patterns say of named texts what they say."""
        z3 = self.z3
        first = ordinal(self.tree.effective) if self.tree.effective else 1
        last = ordinal(self.tree.expires) if self.tree.expires else _NEVER
        found = [*self._domains.values(), self.today >= first, self.today <= last]
        for test, holds in self._texts.values():
            assert isinstance(test.subject, FactRef) and isinstance(test.pattern, Constant)
            for text, code in self.codes.items():
                is_so = text_holds(test.operator, text, str(test.pattern.value))
                found.append(z3.Implies(self.value(test.subject.name) == code, holds == is_so))
        for name, size in self._sizes.items():
            members = [term for (of, _), term in self._members.items() if of == name]
            found += [size >= 0, size >= z3.Sum([z3.If(term, 1, 0) for term in members] or [z3.IntVal(0)])]
        return found

    # -- tests on one fact

    def lies_in(self, name: str, region: Region) -> Term:
        """Return whether a fact's value lies in a region."""
        found = self._regions.get((name, region))
        if found is None:
            found = self._regions[name, region] = self.within(self.variable(name), region, self.type_of(name))
        return found

    def within(self, term: Term, region: Region, type_: Type) -> Term:
        """Return whether a value lies in a region."""
        z3 = self.z3
        match region:
            case Words(words) if type_.kind == "boolean":
                options = [term if word else z3.Not(term) for word in (False, True) if word in words]
                return self.yes if len(options) == 2 else options[0] if options else self.no
            case Words(words):
                places = sorted(type_.words.index(str(word)) for word in words)
                return self._in_places(term, places)
            case Texts(texts, inside):
                among = self.any_of([term == self.code(text) for text in sorted(texts)])
                return among if inside else z3.Not(among)
            case Spans():
                return self.any_of([self._between(term, low, high) for low, high in region.pieces()])
            case _:
                assert_never(region)

    def _in_places(self, term: Term, places: list[int]) -> Term:
        if not places:
            return self.no
        if places[-1] - places[0] + 1 == len(places):
            return self.z3.And(term >= places[0], term <= places[-1])
        return self.any_of([term == place for place in places])

    def _between(self, term: Term, low: Cut | None, high: Cut | None) -> Term:
        parts = [] if low is None else [self.z3.Not(self._below(term, low))]
        return self.all_of(parts if high is None else [*parts, self._below(term, high)])

    def _below(self, term: Term, cut: Cut) -> Term:
        """Return whether a value lies below a cut."""
        key = (term.get_id(), cut)
        found = self._cuts.get(key)
        if found is None:
            number = self.number(cut[0])
            found = self._cuts[key] = term <= number if cut[1] else term < number
        return found

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

    # -- tests on several

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

    def comparison(self, test: Compare) -> Valued:
        """Return whether a comparison holds, where it can be told."""
        left, right = test.left, test.right
        if left.type.kind == "text" and right.type.kind == "text" and left.type.words != right.type.words:
            return Valued(self._open(test))
        a, b = self.expression(left), self.expression(right)
        operators = {
            "=": lambda: a.term == b.term,
            "!=": lambda: a.term != b.term,
            "<": lambda: a.term < b.term,
            "<=": lambda: a.term <= b.term,
            ">": lambda: a.term > b.term,
            ">=": lambda: a.term >= b.term,
        }
        return Valued(operators[test.operator](), (*a.defined, *b.defined))

    def _open(self, test: Compare | TextTest) -> Term:
        """Return a boolean that nothing is known about."""
        self.opened.append(test)
        return self.z3.Bool(f"open: {test!r}")

    def text_test(self, test: TextTest) -> Valued:
        """Return whether a test on text holds: on a list exactly, on free text as far as the policy names the texts."""
        if not isinstance(test.subject, FactRef) or not isinstance(test.pattern, Constant):
            return Valued(self._open(test))
        name, pattern = test.subject.name, str(test.pattern.value)
        if test.subject.type.kind == "list":
            fact = self.tree.facts[name]
            member = self.member(name, pattern)
            if name in self.optional and isinstance(fact.assume, tuple):
                return Valued(self.z3.If(self.known(name), member, self.z3.BoolVal(pattern in fact.assume)))
            return Valued(member)
        if test.subject.type.words:
            words = [w for w in test.subject.type.words if text_holds(test.operator, w, pattern)]
            return Valued(self.within(self.value(name), Words(frozenset(words)), test.subject.type))
        key = (test.operator, name, pattern)
        if key not in self._texts:
            self.value(name)
            self._texts[key] = (test, self.z3.Bool(f"{name} {test.operator} {pattern!r}"))
        return Valued(self._texts[key][1])

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

    def expression(self, expression: Expression) -> Valued:
        """Return the value of an expression."""
        match expression:
            case Constant(value, type_):
                return Valued(self.constant(value, type_))
            case FactRef(name):
                return Valued(self._as_number(self.value(name)))
            case Arithmetic():
                return self._arithmetic(expression)
            case Call():
                return self._call(expression)
            case _:
                assert_never(expression)

    def _as_number(self, term: Term) -> Term:
        """Return whole numbers as rationals, so that dividing them is exact."""
        return self.z3.ToReal(term) if term.sort() == self.z3.IntSort() else term

    def _arithmetic(self, expression: Arithmetic) -> Valued:
        left, right = self.expression(expression.left), self.expression(expression.right)
        a, b = self._as_number(left.term), self._as_number(right.term)
        defined = (*left.defined, *right.defined)
        if expression.left.type.kind == "datetime":
            b = b * _MICROSECONDS
        match expression.operator:
            case "+":
                return Valued(a + b, defined)
            case "-":
                are_days = expression.left.type.kind == expression.right.type.kind == "date"
                return Valued((a - b) * _SECONDS_A_DAY if are_days else a - b, defined)
            case "*":
                return Valued(a * b, defined)
            case "/":
                return Valued(a / b, (*defined, b != 0))

    def _call(self, call: Call) -> Valued:
        if call.function == "count":
            return self._count(call)
        z3 = self.z3
        parts = [self.expression(argument) for argument in call.arguments]
        defined = tuple(term for part in parts for term in part.defined)
        terms = [self._as_number(part.term) for part in parts]
        match call.function:
            case "abs":
                return Valued(z3.If(terms[0] >= 0, terms[0], -terms[0]), defined)
            case "days_since":
                self.asks_the_day = True
                return Valued(z3.ToReal(self.today) - terms[0], defined)
            case _:
                found = terms[0]
                for term in terms[1:]:
                    found = z3.If(term < found if call.function == "min" else term > found, term, found)
                return Valued(found, defined)

    def _count(self, call: Call) -> Valued:
        (of,) = call.arguments
        if not isinstance(of, FactRef):
            self.opened.append(call)
            return Valued(self.z3.Real(f"open: {call!r}"))
        fact, size = self.tree.facts[of.name], self.z3.ToReal(self.size(of.name))
        if of.name in self.optional and isinstance(fact.assume, tuple):
            size = self.z3.If(self.known(of.name), size, len(fact.assume))
        return Valued(size)

    # -- forms

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

    def all_of(self, terms: list[Term]) -> Term:
        """Return the conjunction of some terms."""
        return terms[0] if len(terms) == 1 else self.z3.And(terms) if terms else self.yes

    def any_of(self, terms: list[Term]) -> Term:
        """Return the disjunction of some terms."""
        return terms[0] if len(terms) == 1 else self.z3.Or(terms) if terms else self.no


def when_missing(test: FactTest, fact: Fact) -> tuple[bool, bool]:
    """Return whether a test on one fact certainly, and whether it possibly, holds where the fact is missing."""
    if fact.assume is not None:
        holds = contains(test.missing, fact.assume)
        return holds, holds
    if is_empty(test.missing):
        return False, False
    return test.missing == universe_of(fact), True


def calendar(type_: Type) -> Region:
    """Return the values that a type has in practice: days and moments of the years 1 to 9999, all values of others."""
    first, last = dt.date.min.toordinal(), dt.date.max.toordinal()
    if type_.kind == "date":
        return universe(type_, low=first, high=last)
    if type_.kind == "datetime":
        start = dt.date(1970, 1, 1).toordinal()
        a_day = _SECONDS_A_DAY * _MICROSECONDS
        return universe(type_, low=(first - start) * a_day, high=(last - start) * a_day)
    return universe(type_)


def is_whole(type_: Type) -> bool:
    """Whether values of a type are whole numbers."""
    return type_.kind in DISCRETE
