"""Boxes: a set of incidents as one part of each fact's values; how a point grows into the largest box around it.

A condition in normal form is a union of boxes, so what it leaves over is one as well. A point that no box of some conditions
holds grows, fact by fact, to the largest part of the fact's values that still meets none of them (a prime implicant): every fact
that need not be asked drops out, and what is left is exact, open and closed ends included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from ...rules.given import Knowledge
from ...rules.regions import (
    Words,
    complement,
    contains,
    intersection,
    is_empty,
    union_of,
    universe,
    universe_of,
)
from ...rules.tree import Atom, Conjunct, FactTest, PolicyTree, Whole
from ...rules.types import Value
from ..solve.encoder import Encoder, Term, when_missing
from ..truth import State, conjunct_truth, is_value
from .finding import Box, Part

#: What a box has a part for: a fact by its name, or a test that is a boolean of its own.
Key: TypeAlias = str | Atom | Whole
Parts: TypeAlias = Mapping[Key, Part]
Where: TypeAlias = Mapping[Key, Value | None]
_BOTH: Final = Part(Words(frozenset([False, True])), missing=True)


@attrs.frozen
class Space:
    """The incidents of a policy: all facts given but *optional* ones, which may be missing."""

    tree: PolicyTree
    optional: frozenset[str]

    def whole(self, key: Key) -> Part:
        """Return all that a fact, or a boolean of its own, may be."""
        if not isinstance(key, str):
            return _BOTH
        fact = self.tree.facts.get(key)
        region = universe_of(fact) if fact is not None else universe(self.tree.decisions[key].type)
        return Part(region, key in self.optional)

    def parts(self, disjunct: Iterable[Conjunct], *, possible: bool) -> dict[Key, Part]:
        """Return where an `and` certainly, or where it possibly, holds."""
        return dict(self._part(conjunct, possible=possible) for conjunct in disjunct)

    def _part(self, conjunct: Conjunct, *, possible: bool) -> tuple[Key, Part]:
        match conjunct:
            case FactTest(fact):
                missing = fact in self.optional and when_missing(conjunct, self.tree.facts[fact])[possible]
                return fact, Part(conjunct.known, missing)
            case Atom(test, facts, holds):
                return Atom(test, facts), Part(Words(frozenset([holds])), possible)
            case Whole():
                return conjunct, Part(Words(frozenset([True])), possible)

    def values(self, keys: Iterable[Key], state: State) -> dict[Key, Value | None]:
        """Return what each fact, or boolean of its own, is in an incident; None where it is missing or unknown."""
        return {
            key: _value(state.known.get(key)) if isinstance(key, str) else conjunct_truth(key, state) for key in keys
        }


def _value(what: Knowledge | None) -> Value | None:
    return what if is_value(what) else None


def lies_in(part: Part, value: Value | None) -> bool:
    """Whether a value, None where it is missing, lies in a part."""
    return part.missing if value is None else contains(part.values, value)


def meets(one: Part, other: Part) -> Part:
    """Return what lies in both."""
    return Part(intersection(one.values, other.values), one.missing and other.missing)


def is_nothing(part: Part) -> bool:
    """Whether nothing lies in a part."""
    return not part.missing and is_empty(part.values)


def without(whole: Part, parts: Sequence[Part]) -> Part:
    """Return what lies in a part and in none of others."""
    taken = union_of([part.values for part in parts])
    left = (
        complement(taken, whole.values) if isinstance(taken, Words) else intersection(complement(taken), whole.values)
    )
    return Part(left, whole.missing and not any(part.missing for part in parts))


def both(one: Parts, other: Parts) -> dict[Key, Part] | None:
    """Return what lies in both of two boxes, None where nothing does."""
    found = dict(one)
    for key, part in other.items():
        mine = found.get(key)
        if mine is not None:
            part = meets(mine, part)
            if is_nothing(part):
                return None
        found[key] = part
    return found


def grown(space: Space, barred: Sequence[Parts], where: Where) -> dict[Key, Part] | None:
    """Return the largest box around a point that meets none of the *barred* ones; None where the point lies in one of them."""
    keeps_out: list[set[Key]] = [
        {key for key, part in parts.items() if not lies_in(part, where[key])} for parts in barred
    ]
    if not all(keeps_out):
        return None
    users: dict[Key, list[int]] = {}
    for place, keys in enumerate(keeps_out):
        for key in keys:
            users.setdefault(key, []).append(place)
    box: dict[Key, Part] = {}
    for key in sorted(users, key=lambda key: (isinstance(key, str), len(users[key]), str(key))):
        alone = [place for place in users[key] if len(keeps_out[place]) == 1]
        if alone:
            box[key] = without(space.whole(key), [barred[place][key] for place in alone])
        for place in users[key]:
            if len(keeps_out[place]) > 1 and not (alone and is_nothing(meets(box[key], barred[place][key]))):
                keeps_out[place].discard(key)
    return box


def box_of(parts: Parts) -> Box:
    """Return a box as findings carry it."""
    facts = {key: part for key, part in parts.items() if isinstance(key, str)}
    holds = {
        key: True in part.values.words
        for key, part in parts.items()
        if not isinstance(key, str) and isinstance(part.values, Words) and len(part.values.words) == 1
    }
    return Box(facts, holds)


def term_of(encoder: Encoder, parts: Parts) -> Term:
    """Return whether an incident lies in a box."""
    return encoder.all_of([_part_term(encoder, key, part) for key, part in parts.items()])


def _part_term(encoder: Encoder, key: Key, part: Part) -> Term:
    z3 = encoder.z3
    if isinstance(key, str):
        inside = encoder.lies_in(key, part.values)
        if key not in encoder.optional:
            return inside
        return z3.If(encoder.known(key), inside, z3.BoolVal(part.missing))
    truth = encoder.conjunct(key)
    assert isinstance(part.values, Words)
    options = []
    if True in part.values.words:
        options.append(truth.certain)
    if False in part.values.words:
        options.append(z3.Not(truth.possible))
    if part.missing:
        options.append(z3.And(truth.possible, z3.Not(truth.certain)))
    return encoder.any_of(options)
