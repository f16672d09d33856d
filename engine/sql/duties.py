"""Which obligations are due, and which may be, in the order of the rules that bring them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from ...rules.tree import PolicyTree, Rule
from . import nodes
from .hits import Candidate, Hit
from .nodes import Node, number
from .stages import Stages


@attrs.frozen
class Settling:
    """A decision with what became of it: whether it *stands* as decided once red lines have been looked at."""

    hit: Hit
    stands: Node


@attrs.frozen
class Bringing:
    """A rule with obligations: whether it brings them for certain, and whether it may."""

    rule: Rule
    place: int
    certain: Node
    active: Node


@attrs.frozen
class Duties:
    """The obligations of a policy over its verdicts."""

    tree: PolicyTree
    truths: Mapping[str, tuple[Node, bool]]
    settlings: Sequence[Settling]
    stages: Stages

    def lists(self) -> tuple[list[tuple[Node, str]], list[tuple[Node, str]]]:
        """Return the obligations that are due and those that may be, each by the place of the rule that brings it first."""
        bringing = [self.bringing(place, rule) for place, rule in enumerate(self.tree.rules) if rule.oblige]
        due: list[tuple[Node, str]] = []
        possible: list[tuple[Node, str]] = []
        for name in dict.fromkeys(id_ for one in bringing for id_ in one.rule.oblige):
            brought = [one for one in bringing if name in one.rule.oblige]
            rank = nodes.chosen((one.active, number(self._rank(one, name))) for one in brought)
            rank = self.stages.share("duties", "_rank_", rank, f"{name}: by the place of the rule that may bring it")
            is_due = nodes.any_of([*(one.certain for one in brought), *self.shared(name)])
            is_due = self.stages.define("duties", f"_e{len(due) + 1}", is_due, f"{name} is due")
            due.append((nodes.chosen([(is_due, rank)]), name))
            possible.append((nodes.chosen([(is_due, nodes.null())], rank), name))
        return due, possible

    def _rank(self, one: Bringing, name: str) -> int:
        return one.place * 100 + one.rule.oblige.index(name)

    def bringing(self, place: int, rule: Rule) -> Bringing:
        """Return whether a rule brings its obligations."""
        if not rule.outcomes:
            holds, is_open = self.truths[rule.id]
            certain = nodes.all_of([nodes.is_known(holds), holds]) if is_open else holds
            return Bringing(rule, place, certain, nodes.possible(holds) if is_open else holds)
        certain_by: list[Node] = []
        active_by: list[Node] = []
        for settling in self.settlings:
            one = next((one for one in settling.hit.candidates if one.rule is rule), None)
            if one is not None:
                certain_by.append(nodes.all_of([settling.stands, self._wins(settling.hit, one)]))
                active_by.append(settling.hit.takes_part(one))
        words = f"{rule.id} brings its duties"
        certain = self.stages.define("duties", f"_c_{place}", nodes.any_of(certain_by), words)
        return Bringing(rule, place, certain, nodes.any_of(active_by))

    def _wins(self, hit: Hit, one: Candidate) -> Node:
        """Whether a rule is sure to be one of those that decide."""
        if hit.spec.collects or hit.spec.hit_policy == "any":
            return one.certain
        wins = nodes.compared("=", hit.winner, number(one.place))
        return nodes.all_of([wins, nodes.negated(hit.has_rivals)])

    def shared(self, name: str) -> list[Node]:
        """Return where all rules that may win bring an obligation, whichever of them does."""
        found: list[Node] = []
        for settling in self.settlings:
            hit = settling.hit
            if hit.spec.collects or hit.spec.hit_policy == "any" or nodes.is_false(hit.has_rivals):
                continue
            others = [one for one in hit.candidates if name not in one.rule.oblige]
            if len(others) < len(hit.candidates):
                by_rule = nodes.compared("<", hit.winner, number(hit.none))
                found.append(
                    nodes.all_of([settling.stands, by_rule, hit.has_rivals, nodes.negated(hit.one_takes_part(others))])
                )
        return found
