"""Leaving out a part of a condition: from the part of the checked tree to the characters of the file that say it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

import attrs

from ...rules.conditions import cells
from ...rules.edits import Edit
from ...rules.syntax import Name, Operation, SyntaxProblem, Token, Written, parse_condition, parse_unary, tokens
from ...rules.tree import Rule
from .mend import Desk

Path = tuple[str | int, ...]
Edits = tuple[Edit, ...] | None


def without_part(desk: Desk, rule: Rule, at: Sequence[int]) -> Edits:
    """
    Return the edits that leave out the part at *at* of a rule's condition, each number the place of a part in an `and` or `or`.

    None where the part is not written in the rule alone.
    """
    origin = rule.origin
    if origin.path[0] == "table":
        return _without_cell(desk, rule, at)
    raw = desk.raw(origin.document, origin.path)
    there = [key for key in ("when", "unless") if key in raw]
    if there == ["when", "unless"] and at:
        key, at = there[at[0]], at[1:]
    elif len(there) == 1:
        key = there[0]
    else:
        return None
    place = _Place(desk, origin.document, (*origin.path, key))
    return place.within(raw[key], at) if key == "when" or not at else None


def _without_cell(desk: Desk, rule: Rule, at: Sequence[int]) -> Edits:
    table = desk.raw(rule.origin.document, rule.origin.path[:2])
    row = desk.raw(rule.origin.document, rule.origin.path)
    heads = [(n, head) for n, head in enumerate(table["columns"]) if not head.startswith("=>")]
    kept = [n for n, head in heads if head not in ("because", "title") and str(row[n]).strip() != "-"]
    if len(kept) + ("unless" in table) > 1:
        if not at or at[0] >= len(kept):
            return None
        number, at = kept[at[0]], at[1:]
    elif kept:
        number = kept[0]
    else:
        return None
    place = _Place(desk, rule.origin.document, (*rule.origin.path, number))
    if not at:
        return (desk.outline(rule.origin.document).value_replaced(place.path, '"-"'),)
    return place.within(row[number], at, subject=table["columns"][number])


@attrs.frozen
class _Place:
    """A written condition and where it stands."""

    desk: Desk
    document: str
    path: Path

    def inside(self, *path: str | int) -> _Place:
        return attrs.evolve(self, path=(*self.path, *path))

    def within(self, raw: Any, at: Sequence[int], *, subject: str = "") -> Edits:
        """Return the edits that leave out a part; the whole, where *at* says nothing more."""
        if not at:
            return self.whole()
        match raw:
            case str():
                edit = self._in_text(raw, at, subject)
                return None if edit is None else (edit,)
            case list() if len(raw) == 1:
                return self.inside(0).within(raw[0], at, subject=subject)
            case list() if len(at) == 1:
                return (self.desk.outline(self.document).element_removed(self.path, at[0]),)
            case list():
                return self.inside(at[0]).within(raw[at[0]], at[1:], subject=subject)
            case dict() if not subject:
                tests = list(cells(raw, self.desk.scope))
                number, at = (at[0], at[1:]) if len(tests) > 1 else (0, at)
                name, way, cell = tests[number]
                return self.inside(*way).within(cell, at, subject=name)
        return None

    def whole(self) -> Edits:
        """Return the edits that take out all that stands here."""
        outline = self.desk.outline(self.document)
        if outline.has(self.path):
            return outline.removed(self.path)
        return (outline.pair_removed(self.path),) if isinstance(self.path[-1], str) else None

    def _in_text(self, text: str, at: Sequence[int], subject: str) -> Edit | None:
        try:
            written = parse_unary(text, Name(subject, -1, -1)) if subject else parse_condition(text)
        except SyntaxProblem:
            return None
        for step in at[:-1]:
            if not isinstance(written, Operation) or written.operator not in ("and", "or"):
                return None
            written = written.operands[step]
        found = shortened_text(text, written, at[-1], self.desk.tree.parameters.keys()) if written else None
        if found is None:
            return None
        return self.desk.outline(self.document).replaced(self.path, *found)


def shortened_text(
    text: str, written: Written, number: int, lists: Collection[str] = ()
) -> tuple[int, int, str] | None:
    """
    Return which characters of a text go, and what comes in their place, for an operation to lose one of its parts.

    >>> text = "(a or b) and c"
    >>> shortened_text(text, parse_condition(text), 1)
    (8, 14, '')
    """
    if not isinstance(written, Operation):
        return None
    operands = written.operands
    if written.operator == "between":
        subject, low, high = operands
        sign, bound = ("<=", high) if number == 0 else (">=", low)
        said = text[subject.start : subject.end]
        return written.start, written.end, f"{said} {sign} {text[bound.start : bound.end]}".strip()
    found = tokens(text)
    if written.operator == "in":
        if any(isinstance(option, Name) and option.text in lists for option in operands[1:]):
            return None
        return _dropped(found, operands[1:], number, {","})
    if written.operator == "and" and text[written.start] in "[](" and _is_interval(found, written):
        kept = operands[1 - number]
        assert isinstance(kept, Operation)
        bound = kept.operands[1]
        return written.start, written.end, f"{kept.operator} {text[bound.start : bound.end]}"
    if written.operator not in ("and", "or"):
        return None
    return _dropped(found, operands, number, {written.operator, ","})


def _is_interval(found: Sequence[Token], written: Operation) -> bool:
    low, high = written.operands
    return any(token.kind == ".." and low.end <= token.start <= high.start for token in found)


def _dropped(
    found: Sequence[Token], operands: Sequence[Written], number: int, signs: set[str]
) -> tuple[int, int, str] | None:
    """Return the characters of one of several parts, with the sign or word that joins it to its neighbour."""
    if len(operands) < 2:
        return None
    joins = [
        next(t for t in found if one.end <= t.start < other.start and t.kind in signs)
        for one, other in pairwise(operands)
    ]
    if number == len(operands) - 1:
        between = [t for t in found if joins[-1].end <= t.start < operands[-1].end]
        depth = sum((t.kind == "(") - (t.kind == ")") for t in between)
        end = operands[-1].end
        for token in (t for t in found if t.start >= end):
            if token.kind != ")" or depth <= 0:
                break
            depth -= 1
            end = token.end
        before = max(t.end for t in found if t.end <= joins[-1].start)
        return before, end, ""
    if number:
        start = joins[number - 1].end
        after = joins[number].end
        return start, after, ""
    start = operands[0].start
    inside = [t for t in found if start <= t.start < joins[0].start]
    depth = sum((t.kind == ")") - (t.kind == "(") for t in inside)
    for token in reversed([t for t in found if t.end <= start]):
        if token.kind != "(" or depth <= 0:
            break
        depth -= 1
        start = token.start
    following = next(t for t in found if t.start >= joins[0].end)
    return start, following.start, ""
