"""The lines that `policy show` writes: rows of names and texts, headings with their origin, labels."""

from __future__ import annotations

from typing import Final

from ..engine.policy import Policy
from ..rules.tree import Origin
from .as_json import origin_text
from .terminal import Output, Piece, cells, padded

_LABEL: Final = 9


class Sheet:
    """Writes parts of a policy, each with the place where it was written."""

    def __init__(self, output: Output, policy: Policy) -> None:
        self.output = output
        self.policy = policy
        self.tree = policy.tree

    def row(self, name: str, width: int, text: str, origin: Origin | None) -> None:
        """Write a name, and a text beside it."""
        head = f"  {padded(name, width)}  "
        where = Piece(f"  [{origin_text(origin, self.policy.documents)}]", "dim", whole=True) if origin else ""
        self.output.line(Piece(head, "strong", whole=True), text, where, hang=cells(head))

    def heading(self, title: str, id_: str, origin: Origin) -> None:
        """Write what a part of the policy is called, below an empty line."""
        where = f"  [{', '.join(filter(None, [id_, origin_text(origin, self.policy.documents)]))}]"
        self.output.line()
        self.output.line(Piece(f"  {title}", "strong"), Piece(where, "dim", whole=True), hang=5)

    def line(self, label: str, text: str) -> None:
        """Write a text behind its label; nothing where there is none."""
        if text or label == "Always":
            style = "dim" if label in ("Because", "Source", "About") else ""
            head = f"     {padded(label, _LABEL)}"
            self.output.line(Piece(head, "name", whole=True), Piece(text, style), hang=cells(head))

    def written_at(self, path: tuple[str, ...]) -> Origin | None:
        """Return where something was written: in the first document that has it."""
        for document in self.policy.documents.values():
            value: object = document.values
            for step in path:
                value = value.get(step) if isinstance(value, dict) else None
            if value is not None:
                return Origin(document.name, path)
        return None
