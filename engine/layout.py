"""The layout of a compiled policy: which bit stands for which clause, and the vectors of every fact and boolean.

From the highest bit down: the clauses of the rules that decide, in file order, so that the first one that matches is told by
`bit_length`; those of rules that decide nothing; those of guards; then a flag for each boolean, and one for each fact asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import attrs

from ..rules.given import Currencies
from ..rules.normal import facts_of
from ..rules.tree import Atom, Constant, DecisionSpec, FactTest, Guard, PolicyTree, Rule, Whole
from ..rules.types import Fact
from .classes import Bit, Column, column
from .truth import State, Truth, conjunct_truth


@attrs.frozen
class Boolean:
    """
    A part that is evaluated once a decision as a boolean of its own, shared by all rules.

    *holds* and *fails* are the clauses in which it, or its negation, stands; *flag* is left set where it is unknown. *vectors*
    are the clauses that each truth value leaves possible.
    """

    part: Atom | Whole
    holds: int
    fails: int
    flag: int
    facts: tuple[str, ...]
    vectors: Mapping[Truth, int]

    @classmethod
    def of(cls, part: Atom | Whole, holds: int, fails: int, flag: int, full: int) -> Boolean:
        """Return the boolean with its vectors."""
        facts = part.facts if isinstance(part, Atom) else tuple(sorted(facts_of(part.form)))
        vectors = {None: full, True: full & ~flag & ~fails, False: full & ~flag & ~holds}
        return cls(part, holds, fails, flag, facts, vectors)

    def truth(self, state: State) -> Truth:
        """Say whether the part holds; without any of its facts nothing is known of an atom."""
        settled, known = state.settled.values, state.known
        if self.facts and isinstance(self.part, Atom) and not any(f in settled or f in known for f in self.facts):
            return None
        return conjunct_truth(self.part, state)


@attrs.frozen
class Layout:
    """
    What the bits of a policy's vectors mean.

    *deciding* are the clauses of the rules that take each decision, *free* those of rules that take none, *guarding* those of
    guards, *dynamic* those of rules whose outcomes or values are no constants. *clauses* are the bits of each rule by id.
    *owners* has the rule or guard of each clause, the highest bit first. *outcome_tests* are, for each clause of a guard by its
    place there, the tests on outcomes.
    """

    tree: PolicyTree
    asked: tuple[str, ...]
    shift: int
    full: int
    flags: int
    owners: tuple[Rule | Guard, ...]
    columns: Mapping[str, Column]
    booleans: tuple[Boolean, ...]
    boolean_facts: Mapping[str, Fact]
    deciding: Mapping[str, int]
    free: int
    guarding: int
    dynamic: int
    clauses: Mapping[str, int]
    outcome_tests: Mapping[int, tuple[FactTest, ...]]

    def places_in(self, bits: int) -> Iterator[int]:
        """Yield the place in `owners` of each clause in *bits*, in file order."""
        clauses = bits >> self.shift
        text = f"{clauses:b}" if clauses else ""
        offset = len(self.owners) - len(text)
        at = text.find("1")
        while at >= 0:
            yield offset + at
            at = text.find("1", at + 1)

    def rules_in(self, bits: int) -> list[Rule]:
        """Return the rules of the clauses in *bits*, each once, in file order."""
        found: list[Rule] = []
        bits &= ~(self.flags | self.guarding)
        while bits:
            rule = self.first_rule(bits.bit_length())
            found.append(rule)
            bits &= ~self.clauses[rule.id]
        return found

    def having_a_say(self, spec: DecisionSpec, certain: int) -> int:
        """Return the clauses that count in one decision: under `first`, none below the first certain one."""
        mask = self.deciding[spec.id]
        if spec.hit_policy == "first" and (sure := (certain & mask).bit_length()):
            return mask >> (sure - 1) << (sure - 1)
        return mask

    def guards_in(self, bits: int) -> list[Guard]:
        """Return the guards of the clauses in *bits*, each once, in file order."""
        owners = (self.owners[place] for place in self.places_in(bits & self.guarding))
        return list({id(owner): owner for owner in owners if isinstance(owner, Guard)}.values())

    def first_rule(self, length: int) -> Rule:
        """Return the rule whose clause is the highest of bits of that length."""
        owner = self.owners[len(self.owners) + self.shift - length]
        assert isinstance(owner, Rule)
        return owner


def lay_out(tree: PolicyTree, currencies: Currencies) -> Layout:
    """Return the layout of a policy."""
    deciding = [rule for rule in tree.rules if rule.outcomes]
    free = [rule for rule in tree.rules if not rule.outcomes]
    ordered: tuple[Rule | Guard, ...] = (*deciding, *free, *tree.guards)
    owners = tuple(owner for owner in ordered for _ in owner.form.disjuncts)
    tests: dict[str, list[Bit]] = {name: [] for name in tree.facts}
    parts: dict[Atom | Whole, list[int]] = {}
    disjuncts = [disjunct for owner in ordered for disjunct in owner.form.disjuncts]
    last = len(owners) - 1
    for place, disjunct in enumerate(disjuncts):
        for conjunct in disjunct:
            _note(conjunct, last - place, tests, parts)
    asked = tuple(name for name in tree.facts if name in tree.asked)
    shift = len(asked) + len(parts)
    full = (1 << (shift + len(owners))) - 1
    flags = {name: 1 << at for at, name in enumerate(asked)}
    columns = {
        name: column(fact, _shifted(tests[name], shift), full, flags.get(name, 0), currencies)
        for name, fact in tree.facts.items()
    }
    booleans = tuple(
        _boolean(part, bits, 1 << (len(asked) + at), shift, full) for at, (part, bits) in enumerate(parts.items())
    )
    asking = {name for boolean in booleans for name in boolean.facts}
    return Layout(
        tree,
        asked,
        shift,
        full,
        (1 << shift) - 1,
        owners,
        columns,
        booleans,
        {name: fact for name, fact in tree.facts.items() if name in asking},
        **cast("Any", _masks(tree, owners, shift)),  # because the masks are named after their fields
        outcome_tests={
            place: tuple(part for part in disjunct if isinstance(part, FactTest) and part.fact not in tests)
            for place, disjunct in enumerate(disjuncts)
            if isinstance(owners[place], Guard)
        },
    )


def _note(
    conjunct: FactTest | Atom | Whole, clause: int, tests: dict[str, list[Bit]], parts: dict[Atom | Whole, list[int]]
) -> None:
    """Note a conjunct under its fact, or as a boolean: its clause, inverted where the negation of an atom stands there."""
    if isinstance(conjunct, FactTest):
        if conjunct.fact in tests:  # in guards, tests on decisions are left open
            tests[conjunct.fact].append((conjunct, clause))
    elif isinstance(conjunct, Atom):
        if all(fact in tests for fact in conjunct.facts):
            parts.setdefault(attrs.evolve(conjunct, holds=True), []).append(clause if conjunct.holds else ~clause)
    elif all(fact in tests for fact in facts_of(conjunct.form)):
        parts.setdefault(conjunct, []).append(clause)


def _shifted(tests: Iterable[Bit], shift: int) -> list[Bit]:
    return [(test, 1 << (shift + clause)) for test, clause in tests]


def _boolean(part: Atom | Whole, clauses: list[int], flag: int, shift: int, full: int) -> Boolean:
    holds = fails = 0
    for clause in clauses:
        holds |= 0 if clause < 0 else 1 << (shift + clause)
        fails |= 1 << (shift + ~clause) if clause < 0 else 0
    return Boolean.of(part, holds, fails, flag, full)


def _masks(tree: PolicyTree, owners: Sequence[Rule | Guard], shift: int) -> dict[str, object]:
    deciding: dict[str, list[int]] = {name: [] for name in tree.decisions}
    clauses: dict[str, list[int]] = {}
    free: list[int] = []
    guarding: list[int] = []
    dynamic: list[int] = []
    for place, owner in enumerate(owners):
        at = shift + len(owners) - 1 - place
        if isinstance(owner, Guard):
            guarding.append(at)
            continue
        clauses.setdefault(owner.id, []).append(at)
        for decision in owner.outcomes:
            deciding[decision].append(at)
        if not owner.outcomes:
            free.append(at)
        if not all(isinstance(e, Constant) for e in (*owner.outcomes.values(), *owner.values.values())):
            dynamic.append(at)
    return {
        "deciding": {name: mask(bits) for name, bits in deciding.items()},
        "free": mask(free),
        "guarding": mask(guarding),
        "dynamic": mask(dynamic),
        "clauses": {id_: mask(bits) for id_, bits in clauses.items()},
    }


def mask(bits: Iterable[int]) -> int:
    """
    Return the int with these bits set.

    >>> mask([0, 3])
    9
    """
    listed = list(bits)
    found = bytearray(max(listed, default=0) // 8 + 1)
    for bit in listed:
        found[bit // 8] |= 1 << bit % 8
    return int.from_bytes(found, "little")
