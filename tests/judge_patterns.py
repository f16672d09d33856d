"""
What patterns find, by trying every tuple of events: a judge for the correlators that shares no code with them.

It reads patterns as the plain data of `random_patterns`, and takes the whole log at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

import attrs
from random_patterns import Clauses, Made, Piece, Test

COMPARE: Final[dict[str, Any]] = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
MOODS: Final = ("calm", "cross", "furious")
#: A match, as plain data: pattern, number, moment, events, facts.
Found = tuple[str, int, int, tuple[Any, ...], dict[str, Any]]


class Endless(Exception):
    """More matches than a case may have."""


@attrs.frozen
class Here:
    """An event or a match, with its place among all."""

    order: int
    at: int
    kind: str
    fields: Mapping[str, Any]
    ref: Any
    depth: int


def truth(clauses: Clauses, names: Mapping[str, Any]) -> bool:
    """Whether a condition certainly holds, where a name that has no value makes a test unknown."""
    return all(any(passes(test, names) is True for test in clause) for clause in clauses)


def passes(test: Test, names: Mapping[str, Any]) -> bool | None:
    found = plainly(test, names)
    return found if found is None or not test.negated else not found


def plainly(test: Test, names: Mapping[str, Any]) -> bool | None:
    left = names.get(test.left)
    if test.operator == "missing":
        return left is None
    if test.operator == "known":
        return left is not None
    right = test.value if test.value is not None else names.get(test.right)
    if left is None or right is None:
        return None
    match test.operator:
        case "contains":
            return str(right) in str(left)
        case "starts with":
            return str(left).startswith(str(right))
        case "ends with":
            return str(left).endswith(str(right))
    if left in MOODS and right in MOODS:
        left, right = MOODS.index(left), MOODS.index(right)
    return bool(COMPARE[test.operator](left, right + test.plus if test.plus else right))


def is_piece(piece: Piece, here: Here) -> bool:
    if piece.kind.startswith("p-"):
        return here.kind == "pattern_matched" and here.fields["pattern"] == piece.kind
    return here.kind == piece.kind


def names_for(pieces: Sequence[Piece], events: Sequence[Here], upto: int) -> dict[str, Any]:
    """Return the fields of the first event of each of the first *upto* pieces."""
    names: dict[str, Any] = {}
    at = 0
    for piece in pieces[:upto]:
        names.update((f"{piece.alias}.{name}", value) for name, value in events[at].fields.items())
        at += piece.count
    return names


def meets(made: Made, events: Sequence[Here]) -> bool:
    """Whether a tuple of events, in order, is what a pattern asks for."""
    pieces = [piece for piece in made.pieces if piece.absent_for is None]
    if made.within is not None and events[-1].at - events[0].at > made.within * 1000:
        return False
    at = 0
    for index, piece in enumerate(pieces):
        names = names_for(pieces, events, index)
        run = events[at : at + piece.count]
        at += piece.count
        for here in run:
            if not is_piece(piece, here) or not truth(piece.where, {**names, **here.fields}):
                return False
        if piece.distinct:
            values = [here.fields.get(piece.distinct) for here in run]
            if None in values or len(set(values)) < len(values):
                return False
    return True


@attrs.define
class Judge:
    """Reads a log from its beginning to a moment."""

    patterns: tuple[Made, ...]
    most_matches: int = 1_000
    past: list[Here] = attrs.field(factory=list)
    found: list[Found] = attrs.field(factory=list)
    facts: dict[str, Any] = attrs.field(factory=dict)
    waiting: list[tuple[int, Made, tuple[Here, ...]]] = attrs.field(factory=list)
    numbers: Counter[str] = attrs.field(factory=Counter)

    def read(self, events: Iterable[Any], now: int) -> list[Found]:
        for event in sorted({e.seq: e for e in events}.values(), key=lambda e: (e.at, e.seq)):
            self.wait(event.at - 1)
            self.look(event.at, event.kind, event.fields, event.seq, 0)
        self.wait(now)
        return self.found

    def wait(self, now: int) -> None:
        while self.waiting:
            due = min(due for due, _, _ in self.waiting)
            if due > now:
                return
            index = next(index for index, (moment, _, _) in enumerate(self.waiting) if moment == due)
            _, made, events = self.waiting.pop(index)
            depth = events[-1].depth if events[-1].at == due else 0
            if self.match(made, events, due):
                self.follow(made, due, depth + 1)

    def follow(self, made: Made, at: int, depth: int) -> None:
        if depth > 50:
            raise Endless
        self.look(at, "pattern_matched", {"pattern": made.id}, (made.id, self.numbers[made.id]), depth)

    def look(self, at: int, *first: Any) -> None:
        queue = [first]
        for kind, fields, ref, depth in queue:  # grows while it is walked
            here = Here(len(self.past) + 1, at, kind, fields, ref, depth)
            self.past.append(here)
            self.waiting = [wait for wait in self.waiting if not self.spoils(wait, here)]
            for made in self.patterns:
                events = self.smallest(made, here)
                if events is None:
                    continue
                if made.pieces[-1].absent_for is not None:
                    self.waiting.append((at + int(made.pieces[-1].absent_for * 1000), made, events))
                elif self.match(made, events, at):
                    if depth + 1 > 50:
                        raise Endless
                    queue.append(("pattern_matched", {"pattern": made.id}, (made.id, self.numbers[made.id]), depth + 1))

    def spoils(self, wait: tuple[int, Made, tuple[Here, ...]], here: Here) -> bool:
        due, made, events = wait
        absent = made.pieces[-1]
        names = names_for(made.pieces, events, len(made.pieces) - 1)
        return here.at <= due and is_piece(absent, here) and truth(absent.where, {**names, **here.fields})

    def smallest(self, made: Made, last: Here) -> tuple[Here, ...] | None:
        pieces = [piece for piece in made.pieces if piece.absent_for is None for _ in range(piece.count)]
        if not is_piece(pieces[-1], last):
            return None
        return next((events for events in self.tuples(pieces[:-1], (last,)) if meets(made, events)), None)

    def tuples(self, pieces: Sequence[Piece], ending: tuple[Here, ...]) -> Iterator[tuple[Here, ...]]:
        """Yield every tuple of events of the right kinds, in order, the smallest first."""
        rows = [[here for here in self.past if is_piece(piece, here)] for piece in pieces]

        def rest(at: int, after: int) -> Iterator[tuple[Here, ...]]:
            if at == len(rows):
                yield ending
                return
            for here in rows[at]:
                if after < here.order < ending[0].order:
                    yield from ((here, *others) for others in rest(at + 1, here.order))

        return rest(0, 0)

    def match(self, made: Made, events: tuple[Here, ...], at: int) -> bool:
        if not truth(made.when, self.facts):
            return False
        if len(self.found) == self.most_matches:
            raise Endless
        names = names_for(made.pieces, events, sum(piece.absent_for is None for piece in made.pieces))
        facts = {
            fact: value if how == "literal" else names.get(text) for fact, (how, text, value) in made.learn.items()
        }
        facts = {fact: value for fact, value in facts.items() if value is not None}
        self.facts.update(facts)
        self.numbers[made.id] += 1
        self.found.append((made.id, self.numbers[made.id], at, tuple(here.ref for here in events), facts))
        return True
