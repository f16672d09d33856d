"""Incidents that may tell a mutant from its policy, found without the solver: those of the tests, with a few facts changed.

Most survivors are told apart by an incident close to one that a test has already: the same, but for facts of the changed rule. Each
such incident costs microseconds to try, and the solver is left with the mutants that are equivalent, or nearly so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import attrs

from ...rules.regions import Region, complement, intersection, is_empty
from ...rules.tree import NEVER, FactTest, NormalForm, PolicyTree
from ...rules.types import Value
from ..force import ordinal
from ..proofs.witness import natural
from ..solve import Point
from ..truth import State, form_truth, is_value
from .bench import Bench
from .mutants import Edit, consequences

#: The most rules of one mutant, disjuncts of a rule and changed facts that are looked at, and incidents that are handed out.
MOST_RULES: Final = 3
MOST_DISJUNCTS: Final = 16
MOST_POINTS: Final = 60


class Hunter:
    """Tries the incidents of tests, with facts changed."""

    def __init__(self, tree: PolicyTree, incidents: Iterable[Point]) -> None:
        self.tree = tree
        self.universe = Bench(tree, None).universe
        points = list(incidents)
        self.incidents = [
            attrs.evolve(point, known={name: value for name, value in point.known.items() if is_value(value)})
            for point in [*points, *(Point({}, point.as_of) for point in points[:1])]
        ]

    def points(self, edit: Edit) -> Iterator[Point]:
        """Yield incidents in which a changed rule holds otherwise than before, or holds and brings something else."""
        return islice(self._points(edit), MOST_POINTS)

    def _points(self, edit: Edit) -> Iterator[Point]:
        for place, rule in islice(edit.rules.items(), MOST_RULES):
            old = self.tree.rules[place]
            form = NEVER if rule is None else rule.form
            brings_otherwise = rule is None or consequences(rule) != consequences(old)
            for overlay in self._overlays(old.form, form):
                for point in self.incidents:
                    found = attrs.evolve(point, known={**point.known, **overlay})
                    state = State.of(self.tree.facts, found.known, ordinal(found.as_of))
                    was = form_truth(old.form, state)
                    if was is not form_truth(form, state) or (was is True and brings_otherwise):
                        yield found

    def _overlays(self, old: NormalForm, new: NormalForm) -> Iterator[dict[str, Value]]:
        """Yield facts for which either form may hold, and the same with a value at which they may part."""
        parts = [_tests(disjunct) for form in (old, new) for disjunct in form.disjuncts[:MOST_DISJUNCTS]]
        mine, yours = ({(f, t) for form in forms for f, t in _regions(form)} for forms in ([old], [new]))
        parting = {name: self._parting(name, mine, yours) for name in sorted({name for name, _ in mine ^ yours})}
        for tests in parts:
            values = {
                name: value for name, region in tests.items() if (value := self._natural(name, region)) is not None
            }
            yield values
            for name, others in parting.items():
                yield from ({**values, name: other} for other in others)

    def _parting(self, name: str, mine: set[tuple[str, Region]], yours: set[tuple[str, Region]]) -> list[Value]:
        """Return values of a fact that lie in a test of one form and outside one of the other."""
        here, there = ([region for fact, region in side if fact == name] for side in (mine, yours))
        whole = self.universe.whole(name)
        found: dict[Value, None] = {}
        for one, others in ((here, there), (there, here)):
            for region in one:
                for outside in [complement(other, whole) for other in others] or [complement(region, whole)]:
                    both = intersection(region, outside) if others else outside
                    value = None if is_empty(both) else self._natural(name, both)
                    if value is not None:
                        found[value] = None
        return sorted(found, key=repr)

    def _natural(self, name: str, region: Region) -> Value | None:
        type_ = self.tree.facts[name].type
        return None if type_.kind == "list" or is_empty(region) else natural(region, type_, self.tree.currency)


def _tests(disjunct: Sequence[object]) -> dict[str, Region]:
    return {part.fact: part.known for part in disjunct if isinstance(part, FactTest)}


def _regions(form: NormalForm) -> Iterator[tuple[str, Region]]:
    for disjunct in form.disjuncts[:MOST_DISJUNCTS]:
        yield from _tests(disjunct).items()
