"""An exception added to a rule: `unless`, beside what it says already."""

from __future__ import annotations

from ...rules.edits import Edit, quoted
from ...rules.tree import Rule
from .mend import Desk


def unless_line(desk: Desk, rule: Rule, text: str) -> Edit | None:
    """Return the edit that lets a rule not hold where a condition does; None where it has no such place."""
    document, path = rule.origin.document, rule.origin.path
    if path[0] != "rule":
        return None
    outline = desk.outline(document)
    raw = desk.raw(document, path)
    unless = raw.get("unless")
    if isinstance(unless, str):
        return outline.value_replaced((*path, "unless"), quoted(f"{_joined(unless)} or {_joined(text)}"))
    if unless is not None:
        return None
    anchors = [key for key in outline.pairs_in(path) if key[len(path)] == "when"]
    anchor = anchors[-1] if anchors else (*path, "id")
    name = "unless".ljust(outline.name_width((*path, "id")))
    return outline.beside(anchor, f"{name} = {quoted(text)}")


def _joined(text: str) -> str:
    """Return a condition as a part of an `or`."""
    return text if " or " not in text else f"({text})"
