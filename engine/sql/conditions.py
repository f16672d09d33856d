"""Conditions in SQL: a normal form as one expression that is TRUE, FALSE or NULL exactly where the reference says so.

SQL's NULL is Kleene's unknown, so `AND`, `OR` and comparisons need nothing added. What needs care is what is asked of a missing
fact: `is known`, `is missing`, an assumption; and a fact that the table does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs
from sqlglot import exp

from ...rules.regions import contains, is_empty, universe_of
from ...rules.tree import Atom, Compare, Conjunct, Constant, Expression, FactRef, FactTest, NormalForm, TextTest, Whole
from . import nodes
from .amounts import Reckoner
from .facts import Facts
from .nodes import Node
from .patterns import pattern_test
from .stages import Stages

#: What stands for a conjunct that speaks of decisions, in guards; None where it speaks of facts alone.
Outcomes = Callable[[Conjunct], Node | None]


@attrs.frozen
class Conditions:
    """Says conditions in the SQL of one dialect, over the facts of one table."""

    facts: Facts
    reckoner: Reckoner
    stages: Stages
    #: In guards, what each decision comes to, as a fact.
    outcomes: Mapping[str, Node] = attrs.field(factory=dict)

    def form(self, form: NormalForm, outcomes: Outcomes | None = None) -> Node:
        """Return a condition in normal form; what all its `and`s have in common stands before them, once."""
        if len(form.disjuncts) < 2:
            return nodes.any_of(self.disjunct(disjunct, outcomes) for disjunct in form.disjuncts)
        common, rest = in_common(form)
        return nodes.all_of(
            [self.disjunct(common, outcomes), nodes.any_of(self.disjunct(one, outcomes) for one in rest)]
        )

    def disjunct(self, disjunct: Iterable[Conjunct], outcomes: Outcomes | None = None) -> Node:
        """Return one `and` of a condition."""
        return nodes.all_of(self.conjunct(part, outcomes) for part in disjunct)

    def conjunct(self, part: Conjunct, outcomes: Outcomes | None = None) -> Node:
        """Return one part of an `and`."""
        if isinstance(part, Whole):
            return self.form(part.form, outcomes)
        found = outcomes(part) if outcomes is not None else None
        if found is not None:
            return found
        return self.fact_test(part) if isinstance(part, FactTest) else self.atom(part)

    # -- tests on one fact

    def fact_test(self, test: FactTest) -> Node:
        """Return a test on one fact."""
        name, facts = test.fact, self.facts
        if name in facts.given or test.known == test.missing:
            return facts.lies_in(name, test.known)
        known = facts.lies_in(name, test.known)
        return self._presence(known, facts.raw(name), missing=self.when_missing(test))

    def when_missing(self, test: FactTest) -> bool | None:
        """Say what a test comes to where its fact is missing."""
        fact = self.facts.fact(test.fact)
        if fact.assume is not None:
            return contains(test.missing, fact.assume)
        if is_empty(test.missing):
            return False
        return True if test.missing == universe_of(fact) else None

    def _presence(self, known: Node, raw: Node, *, missing: bool | None) -> Node:
        """Return what a test comes to that asks `is known` or `is missing`."""
        if isinstance(raw, exp.Null):
            return nodes.truth(missing)
        if missing is None:
            return nodes.chosen([(nodes.is_known(raw), known)])
        if nodes.is_true(known):
            return nodes.is_known(raw) if missing is False else nodes.true()
        if nodes.is_false(known):
            return nodes.is_null(raw) if missing is True else nodes.false()
        if missing:
            return nodes.any_of([nodes.is_null(raw), known])
        return nodes.all_of([nodes.is_known(raw), known])

    # -- tests over several facts, patterns, functions

    def atom(self, atom: Atom) -> Node:
        """
        Return an atomic test, or its negation.

        Raises:
            Refused: If the dialect has no exact form of it.
        """
        test = atom.test
        found = self.text_test(test) if isinstance(test, TextTest) else self.comparison(test)
        return found if atom.holds else nodes.negated(exp.Paren(this=nodes.own(found)))

    def text_test(self, test: TextTest) -> Node:
        """Return a test on text or on a list."""
        dialect = self.facts.dialect
        subject, pattern = self.value(test.subject), self.value(test.pattern)
        if test.subject.type.kind == "list":
            return dialect.has(subject, pattern)
        subject = dialect.binary(subject)
        match test.operator:
            case "contains":
                return dialect.contains(subject, pattern)
            case "starts with":
                return dialect.starts(subject, pattern)
            case "ends with":
                return dialect.ends(subject, pattern)
            case _:
                assert isinstance(test.pattern, Constant)
                return pattern_test(dialect, subject, str(test.pattern.value))

    def value(self, expression: Expression) -> Node:
        """Return a word, a text or a list."""
        if isinstance(expression, Constant):
            value = expression.value
            if isinstance(value, tuple):
                return self.facts.dialect.list_of(value)
            return nodes.truth(value) if isinstance(value, bool) else self.facts.literal(str(value))
        assert isinstance(expression, FactRef)
        if expression.name in self.outcomes:
            return nodes.own(self.outcomes[expression.name])
        return self.facts.subject(expression.name)

    def comparison(self, test: Compare) -> Node:
        """Return a comparison over several facts, or with a function."""
        type_ = test.left.type
        if type_.is_ordered:
            left, right = self.reckoner.amount(test.left), self.reckoner.amount(test.right)
            return self.reckoner.compared(test.operator, left, right)
        left_value, right_value = self.value(test.left), self.value(test.right)
        if type_.kind == "scale" and test.operator not in ("=", "!="):
            left_value, right_value = self._rank(left_value, type_.words), self._rank(right_value, type_.words)
        elif type_.kind in ("text", "scale"):
            left_value = self.facts.dialect.binary(left_value)
        return nodes.compared(test.operator, left_value, right_value)

    def _rank(self, word: Node, words: tuple[str, ...]) -> Node:
        """Return the place of a word on its scale."""
        word = self.facts.dialect.binary(word)
        return nodes.chosen(
            (nodes.compared("=", word, self.facts.literal(one)), nodes.number(place)) for place, one in enumerate(words)
        )

    # -- what is not settled

    def may_be_unknown(self, form: NormalForm) -> bool:
        """Whether a condition may be neither true nor false in some row."""
        return any(self._open(part) for disjunct in form.disjuncts for part in disjunct)

    def _open(self, part: Conjunct) -> bool:
        match part:
            case FactTest(fact) if fact not in self.facts.tree.facts:
                return True
            case FactTest(fact):
                return self.facts.may_be_missing(fact) and self.when_missing(part) is None
            case Atom(test, facts):
                return any(map(self._may_be_open, facts)) or divides(test)
            case Whole(form):
                return self.may_be_unknown(form)

    def may_divide(self, form: NormalForm) -> bool:
        """Whether a condition divides by what depends on facts, and so may be unknown although they are known."""
        return any(
            self.may_divide(part.form) if isinstance(part, Whole) else isinstance(part, Atom) and divides(part.test)
            for disjunct in form.disjuncts
            for part in disjunct
        )

    def _may_be_open(self, name: str) -> bool:
        """Whether a fact may be missing, or in a guard a decision open."""
        return name not in self.facts.tree.facts or self.facts.may_be_missing(name)

    def waiting(
        self, form: NormalForm, whose: str, outcomes: Outcomes | None = None, *, stage: str = "waiting"
    ) -> dict[str, list[Node]]:
        """
        Return, for each fact that a condition may wait for, what is to be counted where the fact is missing.

        Each is a condition that holds where one more undecided `and` waits for the fact; just TRUE stands for the only `and` of a
        condition, which is undecided where the condition is. In a guard, *outcomes* says the tests on decisions, which are
        waited for as well. What is undecided becomes columns of a *stage*; *whose* condition it is stands beside them.
        """
        found: dict[str, list[Node]] = {}
        single = len(form.disjuncts) == 1 and outcomes is None  # because a guard is not what its tests on decisions are
        common, rest = in_common(form) if len(form.disjuncts) > 1 else ([], form.disjuncts)
        for at, disjunct in enumerate(form.disjuncts, 1):
            undecided: Node | None = None
            for fact, condition in self._waiting_in(disjunct, whose, outcomes, stage):
                if undecided is None:
                    shared = self.disjunct(common, outcomes)
                    shared = self.stages.share(stage, "_common_", shared, f"{whose}: what its cases have in common")
                    case = nodes.is_null(nodes.all_of([shared, self.disjunct(rest[at - 1], outcomes)]))
                    told = f"{whose}: case {at} waits"
                    undecided = nodes.true() if single else self.stages.share(stage, "_open_", case, told)
                found.setdefault(fact, []).append(nodes.all_of([undecided, condition]))
        return found

    def _waiting_in(
        self, disjunct: Iterable[Conjunct], whose: str, outcomes: Outcomes | None, stage: str
    ) -> Iterator[tuple[str, Node]]:
        """Yield the facts that an undecided `and` waits for, where they are missing and a further condition holds."""
        plain: dict[str, None] = {}
        inside: dict[str, list[Node]] = {}
        for part in disjunct:
            match part:
                case FactTest(fact):
                    if fact not in self.facts.tree.facts:
                        open_ = nodes.is_null(self.conjunct(part, outcomes))
                        open_ = self.stages.share(stage, "_open_", open_, f"{whose}: what it says of {fact} is open")
                        inside.setdefault(fact, []).append(open_)
                    elif self._open(part):
                        plain[fact] = None
                case Atom(_, facts):
                    plain.update(dict.fromkeys(fact for fact in facts if self._may_be_open(fact)))
                case Whole(form):
                    undecided = nodes.is_null(self.form(form, outcomes))
                    undecided = self.stages.share(stage, "_open_", undecided, f"{whose}: a part of it waits")
                    for fact, conditions in self.waiting(form, whose, outcomes, stage=stage).items():
                        inside.setdefault(fact, []).append(nodes.all_of([undecided, nodes.any_of(conditions)]))
        yield from ((fact, nodes.true()) for fact in plain)
        yield from ((fact, nodes.any_of(conditions)) for fact, conditions in inside.items() if fact not in plain)


def in_common(form: NormalForm) -> tuple[list[Conjunct], list[list[Conjunct]]]:
    """Return what all `and`s of a condition have in common, and what is left of each."""
    first, *others = form.disjuncts
    common = [part for part in first if all(part in other for other in others)]
    return common, [[part for part in disjunct if part not in common] for disjunct in form.disjuncts]


def divides(test: Compare | TextTest | Expression) -> bool:
    """Whether something divides by an expression of facts, which may be 0."""
    pending: list[object] = [test]
    while pending:
        part = pending.pop()
        names = ("left", "right", "subject", "pattern")
        pending.extend(getattr(part, name) for name in names if hasattr(part, name))
        pending.extend(getattr(part, "arguments", ()))
        if getattr(part, "operator", "") == "/" and not isinstance(getattr(part, "right", None), Constant):
            return True
    return False
