"""What a test can show, one thing each: a rule wins, a leaf holds, a threshold is met, a leaf decides alone."""

from __future__ import annotations

from typing import TypeAlias, assert_never

import attrs

from ...rules.tree import Guard, Rule
from .. import truth as kleene
from ..truth import State, form_truth
from .edges import Balance, Edge, Side
from .leaves import Leaf, Leaves


@attrs.frozen
class Wins:
    """A rule wins a decision; one that brings duties only, holds."""

    rule: Rule = attrs.field(eq=lambda rule: rule.id)


@attrs.frozen
class Crossed:
    """A red line is broken."""

    guard: Guard = attrs.field(eq=lambda guard: guard.id)


@attrs.frozen
class Holds:
    """A leaf certainly holds, or certainly does not."""

    leaf: Leaf
    holds: bool


@attrs.frozen
class Meets:
    """A value lies next to a threshold, on one side."""

    edge: Edge


@attrs.frozen
class Turns:
    """A leaf holds (or does not), and it alone makes the rule's condition *come out* so, the others being as they are."""

    rule: Rule = attrs.field(eq=lambda rule: rule.id)
    leaf: Leaf
    holds: bool
    comes_out: bool


Need: TypeAlias = Wins | Crossed | Holds | Meets | Turns


class Moment:
    """One incident, decided: which rules won, which red lines were broken, and what each leaf comes to."""

    def __init__(
        self, leaves: Leaves, state: State | None, winners: frozenset[str], broken: frozenset[str], name: str = ""
    ) -> None:
        self.leaves, self.state, self.winners, self.broken, self.name = leaves, state, winners, broken, name
        self._truths: dict[Leaf, kleene.Truth] = {}
        self._turned: dict[tuple[str, Leaf], bool | None] = {}

    def truth(self, leaf: Leaf) -> kleene.Truth:
        """Return whether a leaf certainly holds, certainly does not, or neither; None as well where the policy is not in force."""
        if self.state is None:
            return None
        if leaf not in self._truths:
            self._truths[leaf] = form_truth(leaf.form, self.state)
        return self._truths[leaf]

    def turned(self, rule: Rule, leaf: Leaf) -> bool | None:
        """Return what a rule's condition comes to where a leaf alone decides it, else None."""
        key = (rule.id, leaf)
        if key not in self._turned:
            self._turned[key] = self.leaves.turned_by(rule, leaf, self.truth)
        return self._turned[key]

    def meets(self, need: Need) -> bool:
        """Whether the incident shows what is needed."""
        match need:
            case Wins(rule):
                return rule.id in self.winners
            case Crossed(guard):
                return guard.id in self.broken
            case Holds(leaf, holds):
                return self.truth(leaf) is holds
            case Meets(Side() | Balance() as edge):
                return self.state is not None and edge.is_met(self.state.settled)
            case Turns(rule, leaf, holds, comes_out):
                return self.truth(leaf) is holds and self.turned(rule, leaf) is comes_out
            case _:
                assert_never(need)
