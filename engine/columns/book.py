"""Distinct verdicts and what goes with them, each kept once and known by a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from ...rules.tree import Constant, PolicyTree, Rule
from ..decision import Judgement, Outcome, Verdict
from ..guards import Bringing
from .duties import Brought, Duties
from .shown import Shown

#: The values of one verdict that were computed from the facts, by name.
Computed = dict[str, Outcome]


@attrs.frozen
class Side:
    """What goes with the verdicts of a row: duties and red lines, by id."""

    obligations: tuple[str, ...] = ()
    possible_obligations: tuple[str, ...] = ()
    breaches: tuple[str, ...] = ()
    possible_breaches: tuple[str, ...] = ()

    @classmethod
    def of(cls, judgement: Judgement) -> Side:
        """Return what goes with the verdicts of a judgement."""
        return cls(
            judgement.obligations,
            judgement.possible_obligations,
            tuple(breach.guard.id for breach in judgement.breaches if breach.certain),
            tuple(breach.guard.id for breach in judgement.breaches if not breach.certain),
        )


class Book:
    """
    The distinct verdicts of a policy met so far, by decision, and what goes with them.

    Numbers are given out in the order of meeting and never taken back. *free* is what rules that decide nothing bring together.
    """

    def __init__(self, tree: PolicyTree) -> None:
        self.tree: Final = tree
        self.verdicts: Final[dict[str, list[Verdict]]] = {name: [] for name in tree.decisions}
        self.sides: Final[list[Side]] = []
        self.free: Final[list[Brought]] = []
        self._codes: dict[str, dict[object, int]] = {name: {} for name in tree.decisions}
        self._side_codes: dict[Side, int] = {}
        self._free_codes: dict[Brought, int] = {}
        self.duties: Final = Duties(tree)
        self.shown: Final = Shown()
        self.computing: Final = {rule.id: _computing(rule) for rule in tree.rules}

    def enter(self, verdict: Verdict) -> tuple[int, Computed]:
        """Return the number of a verdict, without the values that were computed from the facts, and those values."""
        computed = {
            name: value
            for name, value in verdict.canonical_values.items()
            if any(name in self.computing[rule.id] for rule in (*verdict.rules, *verdict.rivals))
        }
        kept = {name: value for name, value in verdict.canonical_values.items() if name not in computed}
        codes, verdicts = self._codes[verdict.decision], self.verdicts[verdict.decision]
        key = _key(verdict, kept)
        code = codes.get(key)
        if code is None:
            verdicts.append(attrs.evolve(verdict, canonical_values=kept) if computed else verdict)
            code = codes[key] = len(verdicts) - 1
        return code, computed

    def enter_side(self, side: Side) -> int:
        """Return the number of what goes with the verdicts."""
        code = self._side_codes.get(side)
        if code is None:
            self.sides.append(side)
            code = self._side_codes[side] = len(self.sides) - 1
        return code

    def enter_free(self, by: Bringing) -> int:
        """Return the number of what some rules bring that bring duties alone."""
        brought = self.duties.brought(by)
        code = self._free_codes.get(brought)
        if code is None:
            self.free.append(brought)
            code = self._free_codes[brought] = len(self.free) - 1
        return code


def _computing(rule: Rule) -> frozenset[str]:
    """Return the values of a rule that depend on the facts."""
    return frozenset(name for name, value in rule.values.items() if not isinstance(value, Constant))


def _key(verdict: Verdict, values: Mapping[str, Outcome]) -> object:
    return (
        verdict.canonical,
        verdict.status,
        verdict.rule.id if verdict.rule is not None else None,
        tuple(rule.id for rule in verdict.rules),
        tuple(values.items()),
        verdict.unsettled,
        verdict.possible,
        verdict.missing,
        tuple(rule.id for rule in verdict.rivals),
        verdict.may_refer,
    )
