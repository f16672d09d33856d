"""The rules of one decision in the order in which they decide, as boxes: who stands before whom, and how a rule comes to win."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from ...rules.given import Knowledge
from ...rules.tree import Rule
from ...rules.types import Value
from ..solve import Point
from ..truth import is_value
from .boxes import Key, Parts, is_nothing, without
from .finding import Part
from .ground import Ground
from .meeting import Meetings, places_of
from .witness import from_parts, natural_value

#: How many changes to an incident are tried to lead it to a rule, and how many of the rule's boxes.
STEPS: Final = 40
BOXES: Final = 3


class Ladder:
    """The boxes of a decision's rules, those of the rule that decides first with the lowest places."""

    def __init__(self, ground: Ground, order: Sequence[Rule]) -> None:
        self.ground = ground
        self.owners = [rule for rule in order for _ in ground.boxes(rule)]
        self.starts: dict[str, int] = {}
        for place, rule in enumerate(self.owners):
            self.starts.setdefault(rule.id, place)
        self.meetings = Meetings([box for rule in order for box in ground.boxes(rule)])

    def _above(self, rule: Rule) -> int:
        """Return the bits of the boxes that come before those of a rule."""
        return (1 << self.starts[rule.id]) - 1 if rule.id in self.starts else 0

    def before(self, rule: Rule) -> list[Rule]:
        """Return the rules that are tried before one, or are stronger, and that it may meet at all."""
        met = 0
        for box in self.ground.boxes(rule):
            met |= self.meetings.meeting(box)
        places = places_of(met & self._above(rule))
        return list({self.owners[place].id: self.owners[place] for place in places}.values())

    def containers(self, rule: Rule) -> tuple[str, ...]:
        """Return rules before one that contain it, box by box; none where no single rule contains some box."""
        found: list[str] = []
        for box in self.ground.boxes(rule):
            bits = self.meetings.containing(box) & self._above(rule)
            if not bits:
                return ()
            found.append(self.owners[next(places_of(bits))].id)
        return tuple(dict.fromkeys(found))

    def led_to(self, rule: Rule) -> Point | None:
        """Return an incident that a rule decides, found by leading one in its box out of the boxes before it; None where none is."""
        above = self._above(rule)
        for box in self.ground.boxes(rule)[:BOXES]:
            point = from_parts(self.ground, box)
            if point is not None:
                known = self._led_out(box, {**self.ground.ordinary_values, **point.known}, above)
                if known is not None:
                    return attrs.evolve(point, known=known)
        return None

    def _led_out(self, mine: Parts, known: dict[str, Knowledge], above: int) -> dict[str, Knowledge] | None:
        left = self.meetings.holding(_values(known)) & above
        seen = {left}
        for _ in range(STEPS):
            if not left:
                return known
            place = next(places_of(left))
            best: tuple[int, dict[str, Knowledge]] | None = None
            for name, value in self._exits(mine, self.meetings.boxes[place]):
                other = {key: kept for key, kept in known.items() if key != name}
                if value is not None:
                    other[name] = value
                still = self.meetings.holding(_values(other)) & above
                if still not in seen and (best is None or still.bit_count() < best[0].bit_count()):
                    best = still, other
            if best is None:
                return None
            left, known = best
            seen.add(left)
        return None

    def _exits(self, mine: Parts, box: Parts) -> list[tuple[str, Value | None]]:
        """Return values of single facts that lie in one box and not in another; None for a missing fact."""
        found: list[tuple[str, Value | None]] = []
        for key, part in box.items():
            if not isinstance(key, str) or self.ground.tree.facts[key].type.kind == "list":
                continue
            room: Part = without(mine.get(key) or self.ground.space.whole(key), [part])
            if not is_nothing(room):
                found.append((key, natural_value(self.ground, key, room.values)))
        return found


def _values(known: Mapping[str, Knowledge]) -> dict[Key, Value | None]:
    return {name: value if is_value(value) else None for name, value in known.items()}
