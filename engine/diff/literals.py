"""The smallest cell around an incident: within it no test of either policy changes its mind.

It is said in literals: one bound of one fact, one word that a fact is not, whether a test over several facts holds. Fewer of them
make a larger box.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import attrs

from ...rules.regions import Cut, Region, Spans, Texts, Words, intersection
from ...rules.tree import Atom, FactTest, NormalForm
from ...rules.types import Value
from ..proofs.boxes import Key, Space
from ..proofs.finding import Part
from ..proofs.ground import parts_in
from ..solve import Encoder
from ..solve.terms import Term
from ..truth import State, conjunct_truth, is_value


@attrs.frozen(eq=False)
class Literal:
    """
    One thing that is so in a cell: a fact lies in a region (or is missing, or known), or a test over several facts holds or not.

    *side* says of a bound whether it is the lower (-1) or the upper one (1); *cut* is where it is.
    """

    key: Key
    term: Term
    region: Region | None = None
    holds: bool | None = None
    known: bool | None = None
    side: int = 0
    cut: Cut | None = None

    @property
    def is_told(self) -> bool:
        """Whether there are words for it: there are none for a test that comes to nothing, such as a division by zero."""
        return isinstance(self.key, str) or self.holds is not None


class Cells:
    """Cuts the incidents of two policies into cells."""

    def __init__(self, encoder: Encoder, space: Space, forms: Iterable[NormalForm]) -> None:
        self.encoder, self.space = encoder, space
        self.cuts: dict[str, list[Cut]] = {}
        self.named: dict[str, set[str]] = {}
        self.facts: dict[str, None] = {}
        self.atoms: dict[Atom, None] = {}
        cuts: dict[str, set[Cut]] = {}
        for form in forms:
            for part in parts_in(form):
                if isinstance(part, FactTest) and part.fact in space.tree.facts:
                    self.facts[part.fact] = None
                    for region in (part.known, part.missing):
                        if isinstance(region, Spans):
                            cuts.setdefault(part.fact, set()).update(region.cuts)
                        elif isinstance(region, Texts):
                            self.named.setdefault(part.fact, set()).update(region.words)
                elif isinstance(part, Atom) and all(name in space.tree.facts for name in part.facts):
                    self.atoms[Atom(part.test, part.facts)] = None
        self.cuts = {name: sorted(found) for name, found in cuts.items()}

    def around(self, state: State) -> list[Literal]:
        """Return the literals of the cell that an incident lies in."""
        found: list[Literal] = []
        for atom in self.atoms:
            found += self._atom(atom, state)
        for name in self.facts:
            what = state.known.get(name)
            found += self._fact(name, what if is_value(what) else None)
        return found

    def _atom(self, atom: Atom, state: State) -> Iterator[Literal]:
        holds = conjunct_truth(atom, state)
        truth = self.encoder.conjunct(atom)
        z3 = self.encoder.z3
        missing = [name for name in atom.facts if name in self.encoder.optional and name not in state.settled.values]
        if holds is None and missing:
            yield Literal(missing[0], z3.Not(self.encoder.known(missing[0])), known=False)
        elif holds is None:
            yield Literal(atom, z3.And(truth.possible, z3.Not(truth.certain)))
        else:
            yield Literal(atom, truth.certain if holds else z3.Not(truth.possible), holds=holds)

    def _fact(self, name: str, value: Value | None) -> Iterator[Literal]:
        encoder, z3 = self.encoder, self.encoder.z3
        if name in encoder.optional:
            known = encoder.known(name)
            yield Literal(name, known if value is not None else z3.Not(known), known=value is not None)
        if value is None:
            return
        for region, side, cut in self._regions(name, value):
            yield self.bound(name, region, side, cut)

    def bound(self, name: str, region: Region, side: int = 0, cut: Cut | None = None) -> Literal:
        """Return the literal that a fact, where it is known, lies in a region."""
        inside = self.encoder.lies_in(name, region)
        if name in self.encoder.optional:
            inside = self.encoder.z3.Implies(self.encoder.known(name), inside)
        return Literal(name, inside, region, side=side, cut=cut)

    def _regions(self, name: str, value: Value) -> Iterator[tuple[Region, int, Cut | None]]:
        type_ = self.space.tree.facts[name].type
        if type_.is_finite:
            domain = frozenset(type_.domain)
            for word in type_.domain:
                if word != value:
                    yield Words(domain - {word}), 0, None
        elif type_.is_ordered and isinstance(value, int | Fraction):
            cuts = self.cuts.get(name, [])
            place = bisect_right(cuts, (value, 0))
            if place:
                yield Spans(inside=False, cuts=(cuts[place - 1],)), -1, cuts[place - 1]
            if place < len(cuts):
                yield Spans(inside=True, cuts=(cuts[place],)), 1, cuts[place]
        elif isinstance(value, str):
            named = self.named.get(name, set())
            if value in named:
                yield Texts(frozenset([value])), 0, None
            else:
                for text in sorted(named):
                    yield Texts(frozenset([text]), inside=False), 0, None

    def looser(self, literal: Literal) -> list[Literal]:
        """Return the bounds beyond a bound, the loosest first."""
        assert isinstance(literal.key, str) and literal.cut is not None
        cuts = self.cuts[literal.key]
        place = cuts.index(literal.cut)
        if literal.side < 0:
            return [self.bound(literal.key, Spans(inside=False, cuts=(cut,)), -1, cut) for cut in cuts[:place]]
        return [self.bound(literal.key, Spans(inside=True, cuts=(cut,)), 1, cut) for cut in reversed(cuts[place + 1 :])]

    def box(self, literals: Sequence[Literal]) -> dict[Key, Part]:
        """Return the box of some literals."""
        found: dict[Key, Part] = {}
        for literal in literals:
            key = literal.key
            if not isinstance(key, str):
                words = frozenset([False, True] if literal.holds is None else [literal.holds])
                found[key] = Part(Words(words), missing=literal.holds is None)
                continue
            part = found.get(key) or self.space.whole(key)
            if literal.known is not None:
                part = Part(part.values if literal.known else _nothing(part.values), not literal.known)
            elif literal.region is not None:
                part = Part(intersection(part.values, literal.region), part.missing)
            found[key] = part
        return found


def _nothing(region: Region) -> Region:
    match region:
        case Words():
            return Words(frozenset())
        case Texts():
            return Texts(frozenset())
        case _:
            return Spans(inside=False)
