"""A mend: edits of a policy's file that do away with a finding, and whether they are meant to keep every decision."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from functools import cached_property
from typing import Any

import attrs

from ...rules.check import Scope
from ...rules.document import Document
from ...rules.edits import Edit, Outline, applied
from ...rules.given import Currencies
from ...rules.tree import Guard, PolicyTree, Rule


@attrs.frozen
class Mend:
    """
    One way to mend a finding.

    *keeps* says that it is meant to change no decision: then `--fix` may make it, once that has been proved.
    """

    title: str
    document: str
    edits: tuple[Edit, ...]
    keeps: bool = False

    def diff(self, document: Document, *, around: int = 1) -> list[str]:
        """Return the lines that change, with a mark before each, and *around* lines beside them."""
        old, new = document.text.splitlines(), applied(document.text, self.edits).splitlines()
        lines = unified_diff(old, new, n=around, lineterm="")
        return [line for line in lines if not line.startswith(("---", "+++"))]


class Desk:
    """A policy as those who mend it see it: the tree, and the documents as they are written."""

    def __init__(self, tree: PolicyTree, documents: Mapping[str, Document]) -> None:
        self.tree = tree
        self.documents = documents
        self._outlines: dict[str, Outline] = {}

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Every rule by its id."""
        return {rule.id: rule for rule in self.tree.rules}

    @cached_property
    def guards(self) -> dict[str, Guard]:
        """Every red line by its id."""
        return {guard.id: guard for guard in self.tree.guards}

    @cached_property
    def scope(self) -> Scope:
        """The names that conditions of the policy use."""
        tree = self.tree
        terms = {name: term.condition for name, term in tree.terms.items()}
        return Scope(tree.facts, tree.parameters, terms, {}, Currencies(tree.currency, tree.rates), tree.decisions)

    def outline(self, document: str) -> Outline:
        """Return which rows of a document are whose."""
        if document not in self._outlines:
            self._outlines[document] = Outline(self.documents[document])
        return self._outlines[document]

    def raw(self, document: str, path: tuple[str | int, ...]) -> Any:
        """Return the value that was written at a path; None where there is none."""
        value: Any = self.documents[document].values
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value
