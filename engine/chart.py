"""What explanations need of a compiled policy: its clauses by rule, and for each fact the classes that its thresholds make.

Made once a policy, from its index, when somebody first asks for an explanation; each part when it is first needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

import attrs

from ..rules.currencies import MINOR_DIGITS
from ..rules.quantities import TIME_UNITS
from ..rules.regions import Spans, Texts
from ..rules.tree import Atom, Conjunct, Constant, DecisionSpec, FactTest, Guard, Rule, TextTest
from ..rules.types import Value
from ..rules.words import expression_text
from .decision import REFER, Outcome
from .index import Index
from .layout import Layout, mask
from .pieces import Pieces, of_column
from .thresholds import hidden_in


@attrs.frozen(eq=False)
class Clause:
    """One `and` of a rule; *at* is the place of its bit."""

    at: int
    parts: tuple[Conjunct, ...]


@attrs.frozen(eq=False)
class Question:
    """
    How one decision is read off the clauses that hold.

    It is *plain* where the first rule decides and every outcome is a constant: then *outcome_at* has the outcome of each clause
    and *rule_at* the highest bit of its rule, both by the place of its bit (rules above have higher bits), and *giving* the
    clauses of each outcome.
    """

    spec: DecisionSpec
    mask: int
    plain: bool
    default: Outcome | None
    outcome_at: Mapping[int, Outcome]
    rule_at: Mapping[int, int]
    giving: Mapping[Outcome, int]

    def outcome(self, certain: int, possible: int) -> Outcome:
        """Return a plain decision's outcome: of the first certain clause, if all possible ones of rules above it agree."""
        certain &= self.mask
        above = possible & self.mask
        if certain:
            at = certain.bit_length() - 1
            outcome: Outcome | None = self.outcome_at[at]
            top = self.rule_at[at] + 1
            above = above >> top << top
        else:
            outcome = self.default
        if outcome is None:
            return REFER
        return outcome if not above or not above & ~self.giving.get(outcome, 0) else REFER

    def relevant(self, certain: int) -> int:
        """Return the clauses on which the outcome rests: the first certain one and all above it."""
        certain &= self.mask
        if not self.plain or not certain:
            return self.mask
        at = certain.bit_length() - 1
        return self.mask >> at << at


@attrs.frozen(eq=False)
class Other:
    """An outcome that a decision may have, and the rules that give it; an *open* one is an expression as text."""

    outcome: Outcome
    rules: tuple[Rule, ...]
    is_default: bool
    is_open: bool


class Chart:
    """The clauses and the classes of one policy."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.tree = layout.tree
        self.full = layout.full & ~layout.flags
        self._pieces: dict[str, Pieces] = {}

    @cached_property
    def clauses(self) -> Mapping[str, tuple[Clause, ...]]:
        """The clauses of each rule, by its id."""
        found: dict[str, list[Clause]] = {rule.id: [] for rule in self.tree.rules}
        top = self.layout.shift + len(self.layout.owners) - 1
        for place, owner in enumerate(self.layout.owners):
            if isinstance(owner, Rule):
                listed = found[owner.id]
                listed.append(Clause(top - place, owner.form.disjuncts[len(listed)]))
        return {id_: tuple(listed) for id_, listed in found.items()}

    @cached_property
    def questions(self) -> Mapping[str, Question]:
        """How each decision is read off the clauses."""
        return {name: self._question(spec) for name, spec in self.tree.decisions.items()}

    @cached_property
    def all_plain(self) -> bool:
        """Whether every decision is plain."""
        return all(question.plain for question in self.questions.values())

    @cached_property
    def is_static(self) -> bool:
        """Whether every outcome is a constant, so that the clauses that hold say all."""
        return not self.layout.dynamic and all(
            isinstance(spec.default, Constant | None) for spec in self.tree.decisions.values()
        )

    def _question(self, spec: DecisionSpec) -> Question:
        outcome_at: dict[int, Outcome] = {}
        rule_at: dict[int, int] = {}
        giving: dict[Outcome, list[int]] = {}
        plain = spec.hit_policy == "first" and isinstance(spec.default, Constant | None)
        for rule in self.givers[spec.id]:
            outcome = rule.outcomes[spec.id]
            if not isinstance(outcome, Constant):
                plain = False
                continue
            places = [clause.at for clause in self.clauses[rule.id]]
            giving.setdefault(outcome.value, []).extend(places)
            outcome_at.update(dict.fromkeys(places, outcome.value))
            rule_at.update(dict.fromkeys(places, max(places, default=0)))
        default = spec.default.value if isinstance(spec.default, Constant) else None
        masks = {outcome: mask(places) for outcome, places in giving.items()}
        return Question(spec, self.layout.deciding[spec.id], plain, default, outcome_at, rule_at, masks)

    @cached_property
    def givers(self) -> Mapping[str, tuple[Rule, ...]]:
        """The rules that take each decision, in file order."""
        return {name: tuple(r for r in self.tree.rules if name in r.outcomes) for name in self.tree.decisions}

    @cached_property
    def others(self) -> Mapping[str, tuple[Other, ...]]:
        """For each decision, every outcome that it may have with the rules that give it."""
        return {name: tuple(self._others(spec)) for name, spec in self.tree.decisions.items()}

    def _others(self, spec: DecisionSpec) -> Iterator[Other]:
        giving: dict[tuple[Outcome, bool], list[Rule]] = {(outcome, False): [] for outcome in spec.outcomes}
        for rule in self.givers[spec.id]:
            expression = rule.outcomes[spec.id]
            is_open = not isinstance(expression, Constant)
            outcome: Outcome = expression_text(expression, self.tree.currency)
            if isinstance(expression, Constant):
                outcome = expression.value
            giving.setdefault((outcome, is_open), []).append(rule)
        usual = spec.default.value if isinstance(spec.default, Constant) else None
        for (outcome, is_open), rules in giving.items():
            yield Other(outcome, tuple(rules), is_default=outcome == usual and not is_open, is_open=is_open)

    @cached_property
    def assumed(self) -> Mapping[str, Value]:
        """What the policy assumes of its facts."""
        return {name: fact.assume for name, fact in self.tree.facts.items() if fact.assume is not None}

    @cached_property
    def absent(self) -> Mapping[str, tuple[int, int, int | None]]:
        """What each fact that is asked for leaves certain and possible where it is missing, and the class that is assumed."""
        found: dict[str, tuple[int, int, int | None]] = {}
        for name in self.layout.asked:
            column, assumed = self.layout.columns[name], self.assumed.get(name)
            place = None if assumed is None or isinstance(assumed, tuple) else self.pieces(name).place(assumed)
            found[name] = column.certain, column.possible, place
        return found

    @cached_property
    def touched(self) -> Mapping[str, int]:
        """The clauses that have a test on each fact that is asked for."""
        found: dict[str, int] = {}
        for name in self.layout.asked:
            column = self.layout.columns[name]
            some, all_ = column.possible, column.certain
            for vector in self.pieces(name).vectors if column.fact.type.kind != "list" else ():
                some, all_ = some | vector, all_ & vector
            found[name] = (some ^ all_) & self.full
        return found

    @cached_property
    def words(self) -> Mapping[str, Mapping[object, int]]:
        """For each fact of words that is asked for, the class of each."""
        pieces = {
            name: self.pieces(name) for name in self.layout.asked if self.layout.columns[name].fact.type.kind != "list"
        }
        return {name: {word: at for at, word in enumerate(found.words)} for name, found in pieces.items()}

    @cached_property
    def units(self) -> Mapping[str, int]:
        """How many canonical units one unit of a bare number is, for each fact that is asked for."""
        minor = 10 ** MINOR_DIGITS[self.tree.currency]
        facts = ((name, self.tree.facts[name]) for name in self.layout.asked)
        return {name: minor if f.type.kind == "money" else TIME_UNITS.get(f.unit, 1) for name, f in facts}

    @cached_property
    def hidden(self) -> Mapping[str, tuple[Atom | FactTest, ...]]:
        """The tests that no column shows, by each fact in them: over several facts, with patterns, in parts kept whole."""
        found: dict[str, dict[Atom | FactTest, None]] = {}
        owners: tuple[Rule | Guard, ...] = (*self.tree.rules, *self.tree.guards)
        for test in (test for owner in owners for test in hidden_in(owner.form)):
            for name in test.facts if isinstance(test, Atom) else (test.fact,):
                found.setdefault(name, {})[test] = None
        return {name: tuple(tests) for name, tests in found.items()}

    def atoms(self, name: str) -> tuple[Atom, ...]:
        """Return the tests over several facts, and those with patterns and functions, that a fact is in."""
        return tuple(test for test in self.hidden.get(name, ()) if isinstance(test, Atom))

    def words_sought(self, name: str) -> tuple[str, ...]:
        """Return the texts that tests look for in a fact, RE2 patterns left out."""
        tests = [atom.test for atom in self.atoms(name) if isinstance(atom.test, TextTest)]
        patterns = [test.pattern for test in tests if test.operator != "matches"]
        named = [test.known.words for test in self._whole_tests(name) if isinstance(test.known, Texts)]
        found = [str(pattern.value) for pattern in patterns if isinstance(pattern, Constant)]
        return tuple(dict.fromkeys((*found, *(word for words in named for word in sorted(words)))))

    def _whole_tests(self, name: str) -> Iterator[FactTest]:
        return (test for test in self.hidden.get(name, ()) if isinstance(test, FactTest))

    def pieces(self, name: str) -> Pieces:
        """Return the classes of a fact, as far as tests on it alone make them."""
        found = self._pieces.get(name)
        if found is None:
            found = of_column(self.layout.columns[name], self.full, self.words_sought(name))
            spans = [test.known for test in self._whole_tests(name) if isinstance(test.known, Spans)]
            cuts = sorted({cut for region in spans for cut in region.cuts})
            found = self._pieces[name] = found.split(cuts) if cuts else found
        return found


_CHARTS: Final[WeakKeyDictionary[Index, Chart]] = WeakKeyDictionary()


def chart_of(index: Index) -> Chart:
    """Return the chart of a compiled policy, made once."""
    found = _CHARTS.get(index)
    return found if found is not None else _CHARTS.setdefault(index, Chart(index._layout))  # noqa: SLF001 because explanations read the very tables that decide
