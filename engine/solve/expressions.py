"""Expressions, and the tests that ask for more than where one fact lies, as terms."""

from __future__ import annotations

from collections.abc import Collection
from typing import assert_never

import attrs

from ...rules.evaluate import text_holds
from ...rules.regions import Words
from ...rules.tree import Arithmetic, Call, Compare, Constant, Expression, FactRef, PolicyTree, TextTest
from .facts import Facts
from .regions import MICROSECONDS, SECONDS_A_DAY
from .terms import Term


@attrs.frozen(eq=False)
class Valued:
    """An expression's term, and the conditions on which it has a value at all: no fact missing, no division by zero."""

    term: Term
    defined: tuple[Term, ...] = ()


class Expressions(Facts):
    """Says what an expression is worth. `opened` are the tests of which nothing is known to the solver."""

    def __init__(self, tree: PolicyTree, optional: Collection[str] = ()) -> None:
        super().__init__(tree, optional)
        self.opened: list[Compare | TextTest | Call] = []

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
        return Valued(self.pattern(test))

    def expression(self, expression: Expression) -> Valued:
        """Return the value of an expression."""
        match expression:
            case Constant(value, type_):
                return Valued(self.constant(value, type_))
            case FactRef(name):
                return Valued(self._as_number(self.value(name)), self._given(name))
            case Arithmetic():
                return self._arithmetic(expression)
            case Call():
                return self._call(expression)
            case _:
                assert_never(expression)

    def _given(self, name: str) -> tuple[Term, ...]:
        """Return the condition on which a fact has a value, if there is one."""
        return (self.settled(name),) if name in self.optional else ()

    def _as_number(self, term: Term) -> Term:
        """Return whole numbers as rationals, so that dividing them is exact."""
        return self.z3.ToReal(term) if term.sort() == self.z3.IntSort() else term

    def _arithmetic(self, expression: Arithmetic) -> Valued:
        left, right = self.expression(expression.left), self.expression(expression.right)
        a, b = self._as_number(left.term), self._as_number(right.term)
        defined = (*left.defined, *right.defined)
        if expression.left.type.kind == "datetime":
            b = b * MICROSECONDS
        match expression.operator:
            case "+":
                return Valued(a + b, defined)
            case "-":
                are_days = expression.left.type.kind == expression.right.type.kind == "date"
                return Valued((a - b) * SECONDS_A_DAY if are_days else a - b, defined)
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
        return Valued(size, self._given(of.name))
