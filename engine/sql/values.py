"""The values that go with an outcome, and whether they are settled."""

from __future__ import annotations

import attrs
from sqlglot import exp

from ...rules.tree import Expression
from . import nodes
from .hits import Candidate, Hit
from .nodes import Node, number
from .refusals import Refused
from .slots import Slot
from .stages import Stages


@attrs.frozen
class ValueColumn:
    """
    One value of a decision: *held* is what its winner gives, *unsettled* whether that is not certain once the outcome is.

    *entries* are what its rules give, by place.
    """

    name: str
    slot: Slot
    entries: dict[int, Expression]
    held: Node
    unsettled: Node
    #: Whether *held* is as the answer shows it already.
    is_ready: bool = False

    def shown(self, decided: Node) -> Node:
        """Return the value as the answer shows it, NULL where there is none."""
        if isinstance(self.held, exp.Null) and not self.is_ready:
            return nodes.cast(nodes.null(), self.slot.sql_type)
        settled = nodes.all_of([decided, nodes.negated(self.unsettled)])
        return nodes.chosen([(settled, self.held if self.is_ready else self.slot.shown(self.held))])


def value_column(name: str, hit: Hit, slot: Slot, entries: dict[int, Expression], stages: Stages) -> ValueColumn:
    """Return a value of a decision that takes one rule."""
    at = f"{hit.number}_{list(hit.spec.values).index(name) + 1}"
    given = {place: slot.node(expression) for place, expression in entries.items()}
    whens = [(nodes.compared("=", hit.winner, number(place)), node) for place, node in given.items()]
    held = stages.define("verdicts", f"_y{at}", nodes.chosen(whens), f"{hit.spec.id}: {name} of the rule that decides")
    has_one = _is_among(hit.winner, list(given))
    doubts: list[Node] = []
    if any(slot.may_be_null(expression) for expression in entries.values()):
        doubts.append(nodes.all_of([has_one, nodes.is_null(held)]))
    for one in hit.candidates:
        rival = _rival(hit, one)
        if nodes.is_false(rival):
            continue
        differs = nodes.possible(nodes.compared("!=", held, given[one.place])) if one.place in given else has_one
        doubts.append(nodes.all_of([rival, differs]))
    unsettled = stages.define("waiting", f"_x{at}", nodes.any_of(doubts), f"{hit.spec.id}: {name} is not certain")
    return ValueColumn(name, slot, entries, held, unsettled)


def _rival(hit: Hit, one: Candidate) -> Node:
    """Whether a rule beside the winner has a say in the values."""
    if hit.spec.hit_policy == "any":
        return nodes.all_of([one.possible, nodes.compared("!=", hit.winner, number(one.place))])
    return hit.uncertain(one)


def _is_among(winner: Node, places: list[int]) -> Node:
    if not places:
        return nodes.false()
    if len(places) == 1:
        return nodes.compared("=", winner, number(places[0]))
    return nodes.among(winner, [number(place) for place in places])


def value_list(name: str, hit: Hit, slot: Slot, entries: dict[int, Expression], stages: Stages) -> ValueColumn:
    """
    Return a value of a decision that collects: the list of what its rules give.

    Raises:
        Refused: If it would be a list of lists, and the dialect has none.
    """
    dialect = slot.conditions.facts.dialect
    if slot.type.kind == "list" and dialect.name in ("postgres", "bigquery"):
        raise Refused("it would be a list of lists, which there are none of there", "give the value as a text")
    at = f"{hit.number}_{list(hit.spec.values).index(name) + 1}"
    by_place = {one.place: one for one in hit.candidates}
    given = [(by_place[place], slot.node(expression)) for place, expression in sorted(entries.items())]
    doubts = [
        nodes.all_of([one.certain, nodes.is_null(node)]) for one, node in given if slot.may_be_null(entries[one.place])
    ]
    items = [nodes.chosen([(one.certain, slot.shown(node))]) for one, node in given]
    whens = [(nodes.any_of(one.certain for one, _ in given), dialect.kept(items, slot.sql_type))] if given else []
    unsettled = stages.define("waiting", f"_x{at}", nodes.any_of(doubts), f"{hit.spec.id}: {name} is not certain")
    return ValueColumn(name, slot, entries, nodes.chosen(whens), unsettled, is_ready=True)
