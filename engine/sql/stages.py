"""The stages of a query: each a CTE that adds columns to the one before it, so that it reads from top to bottom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import attrs
from sqlglot import exp

from . import nodes
from .nodes import Node

#: The stages, in their order, and what a reader is told of each.
STAGES: Final = {
    "facts": "facts in the form in which they are reckoned with",
    "rules": "whether each rule holds: TRUE, FALSE, or NULL for want of a fact; and whether the row is sound",
    "winners": "by decision: which rule comes first, and what it gives",
    "verdicts": "by decision: whether rules that may hold agree with it",
    "waiting": "by decision: how much waits for each missing fact",
    "guards": "whether red lines are, or may be, broken",
    "duties": "which rules bring their obligations",
}


@attrs.define
class Stages:
    """
    The columns of each stage as they are defined.

    A stage has steps: a column that needs another of its own stage stands a step after it, as SQL wants it.
    """

    steps: dict[str, list[dict[str, tuple[Node, str]]]] = attrs.field(factory=lambda: {stage: [] for stage in STAGES})
    _places: dict[str, tuple[int, int]] = attrs.field(factory=dict)
    _shared: dict[tuple[str, Node], str] = attrs.field(factory=dict)
    _numbers: Counter[str] = attrs.field(factory=Counter)

    def define(self, stage: str, name: str, node: Node, comment: str = "") -> Node:
        """Define a column, and return it; what needs no column is returned as it is."""
        if isinstance(node, exp.Boolean | exp.Null | exp.Literal | exp.Column):
            return nodes.own(node)
        assert name not in self._places, name
        at = list(STAGES).index(stage)
        needed = [self._places[one.name] for one in node.find_all(exp.Column) if one.name in self._places]
        assert all(place[0] <= at for place in needed), (name, needed)
        step = max((step + 1 for stood, step in needed if stood == at), default=0)
        while len(self.steps[stage]) <= step:
            self.steps[stage].append({})
        self.steps[stage][step][name] = (nodes.own(node), comment)
        self._places[name] = (at, step)
        return nodes.column(name)

    def share(self, stage: str, letters: str, node: Node, comment: str) -> Node:
        """Define a column for what several others need, once for all that is equal; what is as short as a column is returned as it is."""
        if is_short(node):
            return nodes.own(node)
        name = self._shared.get((stage, node))
        if name is None:
            self._numbers[letters] += 1
            name = self._shared[stage, node.copy()] = f"{letters}{self._numbers[letters]}"
            self.define(stage, name, node, comment)
        return nodes.column(name)

    def ctes(self) -> Iterator[tuple[str, str, dict[str, tuple[Node, str]]]]:
        """Yield the name of each CTE, what a reader is told of it, and its columns; of the rules there always is one."""
        for stage, steps in self.steps.items():
            listed = steps or ([{}] if stage == "rules" else [])
            for at, columns in enumerate(listed, 1):
                yield (f"_{stage}" if at == 1 else f"_{stage}_{at}"), STAGES[stage] if at == 1 else "", columns

    @property
    def names(self) -> list[str]:
        """The names of all columns that were defined."""
        return list(self._places)


def is_short(node: Node) -> bool:
    """Whether a name would be no shorter: a column, a constant, or one of them negated."""
    if isinstance(node, exp.Not):
        return is_short(node.this)
    return isinstance(node, exp.Boolean | exp.Null | exp.Literal | exp.Column)
