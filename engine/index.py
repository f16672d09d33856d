"""The index reading (being written): answers through the reference reading for the moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from ..rules.given import Knowledge
from ..rules.tree import PolicyTree
from .decision import Judgement
from .interpret import interpret


class Index:
    """Stands in for the index."""

    def __init__(self, tree: PolicyTree) -> None:
        self.tree = tree

    def decide(self, known: Mapping[str, Knowledge], as_of: dt.date) -> Judgement:
        """Decide."""
        return interpret(self.tree, known, as_of)
