"""What explanations need of a compiled policy: its clauses by rule, and for each fact the classes that its thresholds make.

Made once a policy, from its index, when somebody first asks for an explanation; each part when it is first needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

import attrs

from ..rules.tree import Atom, Conjunct, Constant, DecisionSpec, Guard, Rule, TextTest
from ..rules.types import Value
from .decision import REFER, Outcome
from .index import Index
from .layout import Layout, mask
from .pieces import Pieces, of_column
from .thresholds import atoms_in


@attrs.frozen(eq=False)
class Clause:
    """One `and` of a rule; *at* is the place of its bit."""

    at: int
    parts: tuple[Conjunct, ...]


@attrs.frozen(eq=False)
class Question:
    """
    How one decision is read off the clauses that hold.

    It is *plain* where the first rule decides and every outcome is a constant: then *outcome_at* has the outcome of each clause and
    *rule_at* the highest bit of its rule, both by the place of its bit (rules above have higher bits), and *giving* the clauses of each outcome.
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
    def assumed(self) -> Mapping[str, Value]:
        """What the policy assumes of its facts."""
        return {name: fact.assume for name, fact in self.tree.facts.items() if fact.assume is not None}

    @cached_property
    def atoms(self) -> Mapping[str, tuple[Atom, ...]]:
        """The tests over several facts, and those with patterns and functions, by each fact in them."""
        found: dict[str, dict[Atom, None]] = {}
        owners: tuple[Rule | Guard, ...] = (*self.tree.rules, *self.tree.guards)
        for atom in (atom for owner in owners for atom in atoms_in(owner.form)):
            for name in atom.facts:
                found.setdefault(name, {})[atom] = None
        return {name: tuple(atoms) for name, atoms in found.items()}

    def words_sought(self, name: str) -> tuple[str, ...]:
        """Return the texts that tests look for in a fact, RE2 patterns left out."""
        tests = [atom.test for atom in self.atoms.get(name, ()) if isinstance(atom.test, TextTest)]
        patterns = [test.pattern for test in tests if test.operator != "matches"]
        return tuple(dict.fromkeys(str(pattern.value) for pattern in patterns if isinstance(pattern, Constant)))

    def pieces(self, name: str) -> Pieces:
        """Return the classes of a fact, as far as tests on it alone make them."""
        found = self._pieces.get(name)
        if found is None:
            found = self._pieces[name] = of_column(self.layout.columns[name], self.full, self.words_sought(name))
        return found


_CHARTS: Final[WeakKeyDictionary[Index, Chart]] = WeakKeyDictionary()


def chart_of(index: Index) -> Chart:
    """Return the chart of a compiled policy, made once."""
    found = _CHARTS.get(index)
    return found if found is not None else _CHARTS.setdefault(index, Chart(index._layout))  # noqa: SLF001 because explanations read the very tables that decide
