"""Verdicts as terms, missing facts included: what a decision comes to, its values and its duties, before any red line.

Rules are tried from the last to the first. Where a rule holds for certain it decides; where it may hold, what it says must agree
with what is decided without it, or the decision is left to a human. That is what `engine.combine` does, read backwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from ...rules.normal import facts_in
from ...rules.tree import Constant, DecisionSpec, Expression, FactRef, Rule
from ...rules.types import Type
from .encoder import Encoder
from .expressions import Valued
from .outcomes import stronger_first, valued
from .terms import Term, Truth

#: What a value of a decision is: none is given, not the same for all that may win, or the term.
ABSENT: Final = 0
UNSETTLED: Final = 1
GIVEN: Final = 2


@attrs.frozen(eq=False)
class Value:
    """A value that goes with an outcome: what it is (`ABSENT`, `UNSETTLED` or `GIVEN`), and the term where it is given."""

    state: Term
    term: Term


@attrs.frozen(eq=False)
class Made:
    """
    One decision in one policy, before any red line is held against it.

    *outcome* has a meaning where *decided* holds; *nobody* where no rule may decide and no default does; *due* has the duties
    that winning brings. *open* says that only the rules themselves are known, not what becomes of them: two such decisions are
    the same where their *inputs* are.
    """

    spec: DecisionSpec
    decided: Term
    nobody: Term
    outcome: Term
    values: Mapping[str, Value]
    due: Mapping[str, Term]
    inputs: tuple[tuple[Rule, Truth], ...]
    open: bool = False


def verdict_of(encoder: Encoder, spec: DecisionSpec, rules: Iterable[Rule]) -> Made:
    """Return what a decision comes to in a policy with these rules."""
    return _Making(encoder, spec, [rule for rule in rules if spec.id in rule.outcomes]).made()


class _Making:
    """One decision, as it is put together."""

    def __init__(self, encoder: Encoder, spec: DecisionSpec, rules: Sequence[Rule]) -> None:
        self.encoder, self.spec, self.z3 = encoder, spec, encoder.z3
        self.truths = {rule.id: encoder.form(rule.form) for rule in rules}
        order = stronger_first(spec, rules)
        self.rules = list(rules if order is None else order)
        self.inputs = tuple((rule, self.truths[rule.id]) for rule in rules)
        self.is_open = spec.collects or (spec.hit_policy == "priority" and order is None)

    def made(self) -> Made:
        """Return the decision."""
        nobody = self.encoder.no
        if self.spec.default is None:
            nobody = self.z3.Not(self.encoder.any_of([truth.possible for _, truth in self.inputs]))
        build = self._open if self.is_open else self._any if self.spec.hit_policy == "any" else self._chain
        return build(nobody)

    def _open(self, nobody: Term) -> Made:
        """Leave open what becomes of the rules; the same name stands for the same in both of two policies."""
        id_ = self.spec.id
        due = {
            duty: self.encoder.any_of([truth.certain for rule, truth in self.inputs if duty in rule.oblige])
            for duty in self._duties
        }
        decided, outcome = self.z3.Bool(f"open: {id_} is decided"), self.z3.Const(f"open: {id_}", self._sort)
        if self.spec.collects:
            decided = self._is_collected()
        return Made(self.spec, decided, nobody, outcome, {}, due, self.inputs, open=True)

    def _is_collected(self) -> Term:
        """Return whether every rule is settled, and one holds or the default says something."""
        z3, default = self.z3, self._default()[0]
        settled = [
            z3.Implies(
                truth.possible, self.encoder.all_of([truth.certain, *self._said(rule.outcomes[self.spec.id]).defined])
            )
            for rule, truth in self.inputs
        ]
        return z3.And(*settled, z3.Or(default, *(truth.certain for _, truth in self.inputs)))

    def _chain(self, nobody: Term) -> Made:
        z3 = self.z3
        decided, outcome = self._default()
        values = {name: self._no_value(type_) for name, type_ in self.spec.values.items()}
        due = dict.fromkeys(self._duties, self.encoder.no)
        for rule in reversed(self.rules):
            truth = self.truths[rule.id]
            said = self._said(rule.outcomes[self.spec.id])
            has_value = self.encoder.all_of([*said.defined])
            agrees = self.encoder.all_of([*said.defined, decided, self._same(said.term, outcome)])
            decided = self._step(truth, has_value, agrees, decided)
            for name, type_ in self.spec.values.items():
                own, rest = self._value(rule, name), values[name]
                if own is None and rest.state is self._absent:
                    continue
                own = own or self._no_value(type_)
                state = self._step(truth, own.state, self._joined(own, rest), rest.state)
                values[name] = Value(state, z3.If(truth.possible, own.term, rest.term))
            for duty, rest_due in due.items():
                mine = self.encoder.yes if duty in rule.oblige else self.encoder.no
                due[duty] = self._step(truth, mine, z3.And(mine, rest_due), rest_due)
            outcome = z3.If(truth.possible, said.term, outcome)
        if self.spec.hit_policy == "unique":
            decided = z3.And(decided, z3.Not(self._several()))
        return Made(self.spec, decided, nobody, outcome, values, due, self.inputs)

    def _any(self, nobody: Term) -> Made:
        """Ask all rules that may hold to agree; the default takes part where none holds for certain."""
        z3, encoder = self.z3, self.encoder
        settled = encoder.any_of([truth.certain for _, truth in self.inputs])
        default, outcome = self._default()
        some, agrees = z3.And(z3.Not(settled), default), encoder.yes
        takes_part = z3.Not(settled)
        values = {name: self._no_value(type_) for name, type_ in self.spec.values.items()}
        decided_by_somebody = z3.Or(settled, some)
        for rule in reversed(self.rules):
            truth = self.truths[rule.id]
            said = self._said(rule.outcomes[self.spec.id])
            fits = encoder.all_of([*said.defined, z3.Or(z3.Not(some), self._same(said.term, outcome))])
            agrees = z3.And(agrees, z3.Implies(truth.possible, fits))
            for name, type_ in self.spec.values.items():
                own, rest = self._value(rule, name) or self._no_value(type_), values[name]
                joined = z3.If(takes_part, self._joined(own, rest), own.state)
                values[name] = Value(
                    z3.If(truth.possible, joined, rest.state), z3.If(truth.possible, own.term, rest.term)
                )
            outcome = z3.If(truth.possible, said.term, outcome)
            some, takes_part = z3.Or(truth.possible, some), z3.Or(truth.possible, takes_part)
        due = {
            duty: encoder.any_of([truth.certain for rule, truth in self.inputs if duty in rule.oblige])
            for duty in self._duties
        }
        return Made(self.spec, z3.And(agrees, decided_by_somebody), nobody, outcome, values, due, self.inputs)

    # -- one rule's part

    @property
    def _duties(self) -> dict[str, None]:
        return dict.fromkeys(duty for rule in self.rules for duty in rule.oblige)

    @property
    def _absent(self) -> Term:
        return _numbered(self.encoder, ABSENT)

    @property
    def _sort(self) -> Term:
        return sort_of(self.encoder, self.spec.type)

    def _step(self, truth: Truth, own: Term, joined: Term, rest: Term) -> Term:
        """Return *own* where a rule holds for certain, *joined* where it may, *rest* where it does not."""
        z3 = self.z3
        if truth.certain is truth.possible:
            return z3.If(truth.certain, own, rest)
        return z3.If(truth.certain, own, z3.If(truth.possible, joined, rest))

    def _several(self) -> Term:
        """Return whether two rules may hold."""
        found, before = [], self.encoder.no
        for _, truth in self.inputs:
            found.append(self.z3.And(truth.possible, before))
            before = self.z3.Or(before, truth.possible)
        return self.encoder.any_of(found)

    def _default(self) -> tuple[Term, Term]:
        if self.spec.default is None:
            return self.encoder.no, self.z3.Const(f"nobody's {self.spec.id}", self._sort)
        said = self._said(self.spec.default)
        return self.encoder.all_of([*said.defined]), said.term

    def _said(self, expression: Expression) -> Valued:
        return said(self.encoder, expression)

    def _same(self, one: Term, other: Term) -> Term:
        return self.encoder.yes if one.eq(other) else one == other

    def _no_value(self, type_: Type) -> Value:
        return Value(self._absent, self.z3.Const("no value", sort_of(self.encoder, type_)))

    def _value(self, rule: Rule, name: str) -> Value | None:
        expression = rule.values.get(name)
        if expression is None:
            return None
        found = self._said(expression)
        given, unsettled = _numbered(self.encoder, GIVEN), _numbered(self.encoder, UNSETTLED)
        state = self.z3.If(self.encoder.all_of([*found.defined]), given, unsettled) if found.defined else given
        return Value(state, found.term)

    def _joined(self, one: Value, other: Value) -> Term:
        """Return the state of a value that two rules give, either of which may win."""
        z3, unsettled = self.z3, _numbered(self.encoder, UNSETTLED)
        both_absent = z3.And(one.state == ABSENT, other.state == ABSENT)
        same = z3.And(one.state == GIVEN, other.state == GIVEN, self._same(one.term, other.term))
        return z3.If(z3.Or(both_absent, same), one.state, unsettled)


def _numbered(encoder: Encoder, number: int) -> Term:
    return encoder.z3.IntVal(number)


def sort_of(encoder: Encoder, type_: Type) -> Term:
    """Return the sort of what is said of a type: numbers for words and lists, rationals for everything that is counted."""
    z3 = encoder.z3
    if type_.kind == "boolean":
        return z3.BoolSort()
    return z3.RealSort() if type_.is_ordered else z3.IntSort()


def said(encoder: Encoder, expression: Expression) -> Valued:
    """
    Return what an outcome or a value says, and the conditions on which it says anything.

    Words have the same number whatever scale they stand on, so that two policies can be held against each other.
    """
    kind = expression.type.kind
    settled = tuple(encoder.settled(name) for name in facts_in(expression) if name in encoder.optional)
    if isinstance(expression, Constant) and isinstance(expression.value, str):
        return Valued(encoder.z3.IntVal(encoder.code(expression.value)))
    if kind == "list":  # a list has a name, and nothing is said of whether two of them are equal
        name = expression.value if isinstance(expression, Constant) else expression
        return Valued(encoder.z3.Int(f"list: {name!r}"), settled)
    if kind in ("text", "scale") and isinstance(expression, FactRef):
        return Valued(_word_of(encoder, expression), settled)
    found = valued(encoder, expression)
    term = encoder.z3.ToReal(found.term) if found.term.sort() == encoder.z3.IntSort() else found.term
    return Valued(term, (*settled, *found.defined))


def _word_of(encoder: Encoder, fact: FactRef) -> Term:
    """Return the number of the text that a fact has; words of a closed text by their place."""
    found = encoder.value(fact.name)
    words = encoder.type_of(fact.name).words
    if not words:
        return found
    term = encoder.z3.IntVal(encoder.code(words[-1]))
    for place, word in reversed(list(enumerate(words[:-1]))):
        term = encoder.z3.If(found == place, encoder.code(word), term)
    return term
