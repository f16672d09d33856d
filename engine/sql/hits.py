"""Hit policies: how the rules that hold, or may hold, become one verdict.

The rules of a decision are tried in an order: that of the file, or for `priority` the strongest outcome first. With the rules in
their order, `_w` is the place of the first that holds for certain, and everything else is said of places before and after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
from sqlglot import exp

from ...rules.decisions import DecisionSpec
from ...rules.tree import Constant, Expression, Rule
from ...rules.types import INTEGER, Value
from ..combine import strength
from . import nodes
from .nodes import Node, number, text
from .refusals import Refused
from .slots import Slot
from .stages import Stages

REFER: Final = "refer"


@attrs.frozen
class Candidate:
    """A rule in its place; *holds* is its truth, *outcome* what it gives."""

    place: int
    rule: Rule
    holds: Node
    is_open: bool
    expression: Expression
    outcome: Node
    may_be_null: bool

    @property
    def unknown(self) -> Node:
        """Whether the rule may hold."""
        return nodes.is_null(self.holds) if self.is_open else nodes.false()

    @property
    def possible(self) -> Node:
        """Whether the rule holds or may hold."""
        return nodes.possible(self.holds) if self.is_open else self.holds

    @property
    def certain(self) -> Node:
        """Whether the rule holds, where NULL will not do."""
        return nodes.all_of([nodes.is_known(self.holds), self.holds]) if self.is_open else self.holds


@attrs.frozen
class Hit:
    """
    A verdict in the making, before red lines.

    *winner* is the place of the rule that decides, one past the last where none does. *unsettled* and *conflict* say that the
    verdict refers, *nobody* that no rule holds and nothing is the default. *outcome* is what is decided, where it is.
    *comes_out* says of what is unsettled that somebody is sure to decide.
    """

    number: int
    spec: DecisionSpec
    slot: Slot
    candidates: tuple[Candidate, ...]
    default: Node | None
    winner: Node
    outcome: Node
    unsettled: Node
    conflict: Node
    nobody: Node
    comes_out: Node
    stages: Stages

    @property
    def none(self) -> int:
        """The place that stands for no rule."""
        return len(self.candidates) + 1

    @property
    def decided(self) -> Node:
        """Whether the verdict is settled."""
        return nodes.all_of(map(nodes.negated, (self.unsettled, self.conflict, self.nobody)))

    @property
    def by_default(self) -> Node:
        """Whether no rule holds for certain."""
        return nodes.compared("=", self.winner, number(self.none))

    def uncertain(self, one: Candidate) -> Node:
        """Whether a rule takes part that only may hold."""
        if not one.is_open:
            return nodes.false()
        found = self._uncertain(one)
        return self.stages.share("verdicts", "_may_", found, f"{self.spec.id}: {one.rule.id} may have a say")

    def _uncertain(self, one: Candidate) -> Node:
        hit_policy = self.spec.hit_policy
        if self.spec.collects or hit_policy in ("unique", "any"):
            return nodes.all_of([nodes.is_null(one.holds), nodes.negated(self.conflict)])
        before = [nodes.is_null(one.holds), nodes.compared(">", self.winner, number(one.place))]
        if hit_policy == "priority":
            # An equal outcome is no rival of what is unsettled for want of a stronger one.
            bears = [nodes.negated(self.unsettled), self.by_default, differs(self.outcome, one)]
            before.append(nodes.any_of(bears))
        return nodes.all_of(before)

    def takes_part(self, one: Candidate) -> Node:
        """Whether a rule is among those that decide, or may."""
        if self.spec.collects or self.spec.hit_policy in ("unique", "any"):
            return nodes.any_of([one.certain, self.uncertain(one)])
        return nodes.any_of([nodes.compared("=", self.winner, number(one.place)), self.uncertain(one)])

    def one_takes_part(self, some: Sequence[Candidate]) -> Node:
        """Whether any of some rules is among those that decide, or may."""
        by_winner = not self.spec.collects and self.spec.hit_policy not in ("unique", "any")
        if not by_winner or len(some) < 2 or not isinstance(self.winner, exp.Column):
            return nodes.any_of(map(self.takes_part, some))
        first = nodes.among(self.winner, [number(one.place) for one in some])
        return nodes.any_of([first, *map(self.uncertain, some)])

    @property
    def has_rivals(self) -> Node:
        """Whether any rule takes part that only may hold."""
        found = nodes.any_of(map(self.uncertain, self.candidates))
        return self.stages.share("waiting", "_rivals_", found, f"{self.spec.id}: rules that may hold have a say")


def differs(outcome: Node, one: Candidate) -> Node:
    """Whether a candidate's outcome is another than *outcome*; what is not known is."""
    if isinstance(outcome, exp.Literal | exp.Boolean) and isinstance(one.outcome, type(outcome)):
        return nodes.truth(outcome != one.outcome)
    return nodes.compared("!=", outcome, one.outcome)


@attrs.frozen
class Maker:
    """Makes the verdict on one decision out of the truths of its rules; where *known* holds, all of these are settled."""

    number: int
    spec: DecisionSpec
    slot: Slot
    candidates: tuple[Candidate, ...]
    default: Expression | None
    stages: Stages
    known: Node

    @property
    def none(self) -> int:
        """The place that stands for no rule."""
        return len(self.candidates) + 1

    def make(self) -> Hit:
        """
        Return the verdict.

        Raises:
            Refused: If the hit policy cannot be said.
        """
        if self.spec.collects:
            return self.collected()
        match self.spec.hit_policy:
            case "unique":
                return self.unique()
            case "any":
                return self.any()
            case _:
                return self.first()

    # -- what they share

    def define(self, stage: str, letter: str, node: Node, comment: str = "") -> Node:
        """Define a column of this decision."""
        return self.stages.define(stage, f"_{letter}{self.number}", node, f"{self.spec.id}: {comment}")

    def default_node(self) -> Node | None:
        """Return what is decided where no rule does."""
        if self.default is None:
            return None
        # The default of a count is a number, whatever it is that is counted.
        counts = self.spec.aggregate == "count"
        slot = Slot.of(INTEGER, [self.default], self.slot.conditions) if counts else self.slot
        return slot.node(self.default)

    @property
    def words(self) -> bool:
        """Whether outcomes are words, of which none is NULL: nobody deciding is then the word `refer`."""
        return bool(self.spec.type.words)

    def winner(self) -> Node:
        """Return the place of the first rule that holds for certain."""
        whens = [(one.holds, number(one.place)) for one in self.candidates]
        return self.define(
            "winners", "w", nodes.chosen(whens, number(self.none)), "the place of the first rule that holds"
        )

    def outcome(self) -> Node:
        """Return what the first rule that holds gives, else the default."""
        default = self.default_node()
        otherwise = default if default is not None else text(REFER) if self.words else nodes.null()
        whens = [(one.holds, one.outcome) for one in self.candidates]
        return self.define("winners", "o", nodes.chosen(whens, otherwise, shortened=True), "what it gives")

    @property
    def outcome_may_be_null(self) -> bool:
        """Whether what the winner gives may be NULL."""
        default_null = not self.words if self.default is None else self.slot.may_be_null(self.default)
        return default_null or any(one.may_be_null for one in self.candidates)

    def disagrees(self, outcome: Node, one: Candidate) -> Node:
        """Whether a candidate gives something else than the outcome; what has no value always does."""
        found = differs(outcome, one)
        return nodes.possible(found) if self.outcome_may_be_null or one.may_be_null else found

    def without_value(self, winner: Node, outcome: Node) -> Node:
        """Whether whoever is to decide has no value."""
        computed = [one for one in self.candidates if one.may_be_null]
        default_computed = self.default is not None and self.slot.may_be_null(self.default)
        if not computed and not default_computed:
            return nodes.false()
        somebody = nodes.true() if self.default is not None else nodes.compared("<", winner, number(self.none))
        return nodes.all_of([nodes.is_null(outcome), somebody])

    def nobody(self, winner: Node) -> Node:
        """Whether nobody decides, where nothing is unsettled."""
        if self.default is not None:
            return nodes.false()
        return nodes.compared("=", winner, number(self.none)) if self.candidates else nodes.true()

    # -- the hit policies

    def first(self) -> Hit:
        """The first rule that holds, if every rule before it that may hold agrees; `priority` is this in another order."""
        winner, outcome = self.winner(), self.outcome()
        undecided = nodes.any_of([self.overtaken(outcome), self.without_value(winner, outcome)])
        unsettled = self.define("verdicts", "u", undecided, "a rule before it may hold and disagrees")
        comes_out: list[Node] = [self.valued(winner)]
        if self.default is None:
            comes_out.append(nodes.compared("<", winner, number(self.none)))
        return self.hit(winner, outcome, unsettled=unsettled, comes_out=nodes.all_of(comes_out))

    def overtaken(self, outcome: Node) -> Node:
        """Whether a rule that may hold stands before the first that does, and gives something else: down the rules, as one reads."""
        last = max((one.place for one in self.candidates if one.is_open), default=0)
        whens: list[nodes.When] = [(self.known, nodes.false())]
        for one in self.candidates[:last]:
            whens.append((one.holds, nodes.false()))
            if one.is_open:
                whens.append((nodes.all_of([one.unknown, self.disagrees(outcome, one)]), nodes.true()))
        return nodes.chosen(whens, nodes.false()) if last else nodes.false()

    def valued(self, winner: Node) -> Node:
        """Whether each candidate has an outcome, or waits for a fact to have one."""
        beyond: list[Node] = []
        for one in self.candidates:
            if self.slot.may_be_beyond(one.expression):
                within = nodes.all_of([one.possible, nodes.compared(">=", winner, number(one.place))])
                beyond.append(nodes.all_of([within, self.is_beyond(one.expression, one.outcome)]))
        if self.default is not None and self.slot.may_be_beyond(self.default):
            default = self.default_node()
            assert default is not None
            used = nodes.compared("=", winner, number(self.none))
            beyond.append(nodes.all_of([used, self.is_beyond(self.default, default)]))
        return nodes.negated(nodes.any_of(beyond))

    def is_beyond(self, expression: Expression, node: Node) -> Node:
        """Whether an expression has no value though its facts are known."""
        facts = self.slot.conditions.facts
        known = [nodes.is_known(facts.raw(name)) for name in self.slot.waits_for(expression)]
        return nodes.all_of([nodes.is_null(node), *known])

    def hit(
        self,
        winner: Node,
        outcome: Node,
        *,
        unsettled: Node,
        conflict: Node | None = None,
        nobody: Node | None = None,
        comes_out: Node | None = None,
    ) -> Hit:
        """Put the parts together."""
        return Hit(
            self.number,
            self.spec,
            self.slot,
            self.candidates,
            self.default_node(),
            winner,
            outcome,
            unsettled,
            nodes.false() if conflict is None else conflict,
            nobody if nobody is not None else self.nobody(winner),
            nodes.false() if comes_out is None else comes_out,
            self.stages,
        )

    def counts(self) -> tuple[Node, Node]:
        """Return how many rules hold for certain, and how many may."""
        certain = self.define(
            "winners", "c", nodes.total(nodes.counted(one.holds) for one in self.candidates), "rules that hold"
        )
        if not any(one.is_open for one in self.candidates):
            return certain, certain
        listed = nodes.total(nodes.counted(one.possible) for one in self.candidates)
        return certain, self.define("winners", "p", listed, "rules that hold or may hold")

    def unique(self) -> Hit:
        """The only rule that holds; two are a conflict."""
        winner, outcome = self.winner(), self.outcome()
        certain, possible = self.counts()
        conflict = nodes.compared(">", certain, number(1)) if len(self.candidates) > 1 else nodes.false()
        conflict = self.define("verdicts", "k", conflict, "rules contradict each other")
        several = nodes.compared(">", possible, number(1)) if len(self.candidates) > 1 else nodes.false()
        alone = [
            nodes.all_of([one.unknown, nodes.compared("=", winner, number(self.none)), self.disagrees(outcome, one)])
            for one in self.candidates
            if one.is_open
        ]
        open_ = [several, *alone] if any(one.is_open for one in self.candidates) else []
        undecided = nodes.any_of([*open_, self.without_value(winner, outcome)])
        unsettled = nodes.all_of([nodes.negated(conflict), undecided])
        return self.hit(
            winner, outcome, unsettled=self.define("verdicts", "u", unsettled, "unsettled"), conflict=conflict
        )

    def any(self) -> Hit:
        """What all rules that hold agree on; rules that disagree are a conflict."""
        winner = self.winner()
        default = self.default_node()
        otherwise = default if default is not None else text(REFER) if self.words else nodes.null()
        whens = [
            (nodes.all_of([one.holds, nodes.is_known(one.outcome)]) if one.may_be_null else one.holds, one.outcome)
            for one in self.candidates
        ]
        if any(one.may_be_null for one in self.candidates):
            some = nodes.compared("<", winner, number(self.none))
            whens.append((some, nodes.null()))
        outcome = self.define("winners", "o", nodes.chosen(whens, otherwise), "what the rules that hold give")
        contrary = [nodes.all_of([one.certain, differs(outcome, one)]) for one in self.candidates]
        conflict = nodes.any_of(contrary)
        if any(one.may_be_null for one in self.candidates):
            conflict = nodes.coalesced(conflict, nodes.false())
        conflict = (
            nodes.all_of([nodes.compared("<", winner, number(self.none)), conflict]) if self.candidates else conflict
        )
        conflict = self.define("verdicts", "k", conflict, "rules contradict each other")
        disagreeing = [
            nodes.all_of([one.possible, self.disagrees(outcome, one)])
            for one in self.candidates
            if one.is_open or one.may_be_null
        ]
        undecided = nodes.any_of([*disagreeing, self.without_value(winner, outcome)])
        unsettled = nodes.all_of([nodes.negated(conflict), undecided])
        return self.hit(
            winner, outcome, unsettled=self.define("verdicts", "u", unsettled, "unsettled"), conflict=conflict
        )

    def collected(self) -> Hit:
        """All rules that hold; every rule must be settled."""
        if self.spec.hit_policy == "output order" and not all(
            isinstance(c.expression, Constant) for c in self.candidates
        ):
            raise Refused("computed outcomes cannot be put in order there", "use `collect` or `rule order`")
        winner = self.winner()
        undecided = [
            nodes.any_of(
                [one.unknown, *([nodes.all_of([one.certain, nodes.is_null(one.outcome)])] if one.may_be_null else [])]
            )
            for one in self.candidates
        ]
        default = self.default_node()
        if default is not None and self.default is not None and self.slot.may_be_null(self.default):
            undecided.append(nodes.all_of([nodes.compared("=", winner, number(self.none)), nodes.is_null(default)]))
        unsettled = self.define("verdicts", "u", nodes.any_of(undecided), "not every rule is settled")
        return self.hit(winner, nodes.null(), unsettled=unsettled)


def in_order(spec: DecisionSpec, rules: Sequence[Rule]) -> list[Rule]:
    """
    Return the rules of a decision in the order in which they are tried.

    Raises:
        Refused: If that depends on what they come to.
    """
    if spec.hit_policy in ("output order", "priority"):
        if not all(isinstance(rule.outcomes[spec.id], Constant) for rule in rules):
            way = "write the outcomes as constants"
            raise Refused(f"`{spec.hit_policy}` over computed outcomes has no form there", way)
        return sorted(rules, key=lambda rule: strength(spec, _constant(rule.outcomes[spec.id])), reverse=True)
    return list(rules)


def _constant(expression: Expression) -> Value:
    assert isinstance(expression, Constant)
    return expression.value
