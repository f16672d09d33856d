"""A mutant: a policy with one thing in it changed as by a slip, which knows where and what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import attrs

from ...rules.load import asked_facts
from ...rules.tree import NEVER, DecisionSpec, Guard, Origin, Parameter, PolicyTree, Rule, Term

#: What a mutant changes something of.
Kind: TypeAlias = Literal["rule", "red line", "term", "parameter", "decision"]


@attrs.frozen
class Edit:
    """
    What is different in a mutant: parts of the tree by their places, None where one is gone.

    *order* has the places of the rules in the order in which they are tried, None where that stays as it is.
    """

    rules: Mapping[int, Rule | None] = attrs.field(factory=dict)
    guards: Mapping[int, Guard | None] = attrs.field(factory=dict)
    terms: Mapping[str, Term] = attrs.field(factory=dict)
    parameters: Mapping[str, Parameter] = attrs.field(factory=dict)
    decisions: Mapping[str, DecisionSpec] = attrs.field(factory=dict)
    order: tuple[int, ...] | None = None

    def places(self, tree: PolicyTree) -> list[int]:
        """Return the places of the rules that are left, in the order in which they are tried."""
        order = range(len(tree.rules)) if self.order is None else self.order
        return [place for place in order if self.rules.get(place, tree.rules[place]) is not None]

    def applied(self, tree: PolicyTree) -> PolicyTree:
        """Return the tree with the change made."""
        rules = [self.rules.get(place) or tree.rules[place] for place in self.places(tree)]
        guards = [self.guards.get(place, guard) for place, guard in enumerate(tree.guards)]
        kept = tuple(guard for guard in guards if guard is not None)
        decisions = {**tree.decisions, **self.decisions}
        return attrs.evolve(
            tree,
            rules=tuple(rules),
            guards=kept,
            terms={**tree.terms, **self.terms},
            parameters={**tree.parameters, **self.parameters},
            decisions=decisions,
            asked=asked_facts(tree.facts, rules, kept, decisions.values()),
        )

    @property
    def meaning(self) -> object:
        """What two edits have in common that make the same of a policy, however they are written."""
        rules = frozenset((place, rule_meaning(rule)) for place, rule in self.rules.items())
        guards = frozenset((place, guard and (guard.form, guard.decisions)) for place, guard in self.guards.items())
        decisions = frozenset((name, spec.default) for name, spec in self.decisions.items())
        return rules, guards, decisions, self.order

    def changes_nothing(self, tree: PolicyTree) -> bool:
        """Whether what is left in normal form is just what there was."""
        return (
            self.meaning
            == Edit(
                rules={place: tree.rules[place] for place in self.rules},
                guards={place: tree.guards[place] for place in self.guards},
                decisions={name: tree.decisions[name] for name in self.decisions},
            ).meaning
        )


def rule_meaning(rule: Rule | None) -> object:
    """Return what a rule comes to: nothing where it never holds."""
    if rule is None or rule.form == NEVER:
        return None
    return rule.form, consequences(rule)


def consequences(rule: Rule) -> object:
    """Return what follows from a rule where it holds, as something to compare."""
    return tuple(rule.outcomes.items()), tuple(rule.values.items()), rule.oblige


@attrs.frozen
class Mutant:
    """
    One thing changed in a policy.

    *operator* is the name of the mutation operator, *kind* and *id* say what was changed; *before* and *after* are what was
    written and what then would be, in the words of the language, *after* empty where something is gone. *change* says it in words.
    """

    operator: str
    kind: Kind
    id: str
    origin: Origin
    before: str
    after: str
    change: str
    edit: Edit

    @property
    def subject(self) -> str:
        """What was changed, in words: a rule, a row of a table, a red line."""
        table, sign, row = self.id.rpartition("/")
        return f"table `{table}`, row {row}" if sign and self.kind == "rule" else f"{self.kind} `{self.id}`"

    def tree(self, tree: PolicyTree) -> PolicyTree:
        """Return the mutated tree."""
        return self.edit.applied(tree)


@attrs.frozen
class Subject:
    """What a mutant changes something of."""

    kind: Kind
    id: str
    origin: Origin


@attrs.frozen
class Draft:
    """A mutant that is not made yet; *make* returns what is different in it, None where no policy could be written so."""

    operator: str
    subject: Subject
    before: str
    after: str
    make: Callable[[], Edit | None]
    change: str = ""

    def made(self) -> Mutant | None:
        """Return the mutant."""
        edit = self.make()
        if edit is None:
            return None
        subject, change = self.subject, self.change or f"`{self.before}` became `{self.after}`"
        return Mutant(self.operator, subject.kind, subject.id, subject.origin, self.before, self.after, change, edit)
