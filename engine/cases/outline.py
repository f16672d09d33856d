"""A pattern made ready for matching: which events an element asks for, and what it asks of each.

A `where` is split once. What it asks of the event alone is its *local* part, a condition that the whole implies: an event
that fails it need never be kept. The whole is asked when the events that it speaks of are there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import attrs

from ...rules.case_tree import Element, Pattern
from ...rules.evaluate import Settled
from ...rules.event_kinds import MATCHED
from ...rules.moments import EPOCH
from ...rules.normal import facts_of
from ...rules.tree import Conjunct, NormalForm
from ...rules.types import Fact, Value
from ..truth import State, form_truth
from .joining import Seen

_DAY = 86_400_000


def day_of(at: int) -> int:
    """
    Return the day of a moment, in UTC, as an ordinal.

    >>> import datetime
    >>> datetime.date.fromordinal(day_of(0)).isoformat()
    '1970-01-01'
    """
    return at // _DAY + EPOCH.toordinal()


@attrs.frozen
class Part:
    """
    One element of a pattern, ready to be asked.

    *scope* has the facts that its `where` may speak of, *local* is what it asks of the event alone; *asks* are the names of
    earlier events' fields in it.
    """

    element: Element
    scope: Mapping[str, Fact]
    local: NormalForm
    asks: tuple[str, ...]

    def admits(self, event: Seen) -> bool:
        """Whether an event may be this element as far as the event alone can tell."""
        element = self.element
        if element.pattern:
            if event.kind != MATCHED.id or event.fields.get("pattern") != element.pattern:
                return False
        elif event.kind != element.kind:
            return False
        if element.distinct and element.distinct not in event.fields:
            return False
        return holds(self.local, self.scope, event, event.fields)

    def meets(self, event: Seen, bound: Mapping[str, Value]) -> bool:
        """Whether an event that is admitted certainly meets the whole `where`, beside the earlier events' fields."""
        return not self.asks or holds(self.element.where, self.scope, event, {**bound, **event.fields})


@attrs.frozen
class Outline:
    """
    A pattern, ready for matching.

    *parts* are the elements that must come, *absent* is the one that must not; *within* is in milliseconds, *used* has for each
    part the fields that later ones ask of it, each with its name there.
    """

    pattern: Pattern
    parts: tuple[Part, ...]
    absent: Part | None
    within: int | None
    used: tuple[tuple[tuple[str, str], ...], ...]

    @classmethod
    def of(cls, pattern: Pattern) -> Outline:
        """
        Make a pattern ready.

        Raises:
            ValueError: If it has no element that must come, or an absent one that is not the last.
        """
        scope: dict[str, Fact] = {}
        parts: list[Part] = []
        for element in pattern.elements:
            parts.append(_part(element, {**scope, **element.fields}))
            scope.update((f"{element.alias}.{name}", fact) for name, fact in element.fields.items())
        absent = parts.pop() if parts and parts[-1].element.absent_for is not None else None
        if not parts or any(part.element.absent_for is not None for part in parts):
            raise ValueError(f"pattern `{pattern.id}` needs an event that comes, and only the last may be absent")
        asked = {name for part in (*parts, *([absent] if absent else [])) for name in part.asks}
        used = tuple(tuple(_used(part.element, asked)) for part in parts)
        within = None if pattern.within is None else math.floor(pattern.within * 1000)
        return cls(pattern, tuple(parts), absent, within, used)

    def bound(self, index: int, event: Seen) -> dict[str, Value]:
        """Return the fields of the event of a part that later parts ask for, by the names that they have there."""
        fields = event.fields
        return {name: fields[field] for field, name in self.used[index] if field in fields}

    def is_met(self, events: Sequence[Seen]) -> bool:
        """Whether events are a match, each admitted by its part already."""
        if any(one.order >= other.order for one, other in pairwise(events)):
            return False
        if self.within is not None and events[-1].at - events[0].at > self.within:
            return False
        bound: dict[str, Value] = {}
        at = 0
        for index, part in enumerate(self.parts):
            run = events[at : at + part.element.count]
            at += part.element.count
            values = {event.fields.get(part.element.distinct) for event in run}
            if (part.element.distinct and len(values) < len(run)) or not all(part.meets(event, bound) for event in run):
                return False
            bound.update(self.bound(index, run[0]))
        return True

    def firsts(self, events: Sequence[Seen]) -> Iterator[tuple[int, Seen]]:
        """Yield each part's number with the event that its alias stands for."""
        at = 0
        for index, part in enumerate(self.parts):
            yield index, events[at]
            at += part.element.count

    def all_bound(self, events: Sequence[Seen]) -> dict[str, Value]:
        """Return what the absent element may ask of a tuple of events."""
        return {name: value for index, event in self.firsts(events) for name, value in self.bound(index, event).items()}

    def every_field(self, events: Sequence[Seen]) -> dict[str, Value]:
        """Return every field of a tuple of events, as `alias.field`."""
        aliases = [part.element.alias for part in self.parts]
        return {
            f"{aliases[index]}.{name}": value
            for index, event in self.firsts(events)
            for name, value in event.fields.items()
        }


def outlines(patterns: Iterable[Pattern]) -> tuple[Outline, ...]:
    """Make patterns ready for matching, in their order."""
    return tuple(map(Outline.of, patterns))


def holds(form: NormalForm, scope: Mapping[str, Fact], event: Seen, values: Mapping[str, Value]) -> bool:
    """Whether a condition certainly holds on an event's day, over some names with their values."""
    state = State(scope, values, Settled(values, day_of(event.at)))
    return form_truth(form, state) is True


def _part(element: Element, scope: Mapping[str, Fact]) -> Part:
    own = element.fields.keys() - {name for name in element.fields if "." in name}
    asks = tuple(sorted(facts_of(element.where) - own))
    return Part(element, scope, _local(element.where, own) if asks else element.where, asks)


def _local(form: NormalForm, own: Iterable[str]) -> NormalForm:
    """Return what a condition asks of some names only; where it holds for certain, this does too."""
    names = frozenset(own)
    return NormalForm(tuple(tuple(part for part in parts if _names(part) <= names) for parts in form.disjuncts))


def _names(conjunct: Conjunct) -> frozenset[str]:
    return facts_of(NormalForm(((conjunct,),)))


def _used(element: Element, asked: Iterable[str]) -> Iterator[tuple[str, str]]:
    start = f"{element.alias}."
    for name in sorted(asked):
        if name.startswith(start):
            yield name.removeprefix(start), name
