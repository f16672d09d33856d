"""Two policies side by side: which facts and decisions they share, and where two answers of theirs part."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeAlias

from ...rules.given import flatten
from ...rules.types import Type
from ..decision import Outcome, Verdict
from ..notation import Json, outcome_notation
from ..policy import Decision, Policy
from .difference import Answered, Aspect, Change, DutyChange, Owed

_Test: TypeAlias = Callable[[Verdict, Verdict], bool]


class Pairing:
    """
    A live policy and a candidate, with what has to be known of both to compare what they decide in *aspects*.

    *foreign* are the facts of the live policy that the candidate does not know, *apart* the decisions that only one of them has.
    """

    def __init__(self, live: Policy, candidate: Policy, aspects: Collection[Aspect]) -> None:
        mine, theirs = live.tree, candidate.tree
        self.live, self.candidate = live, candidate
        self.foreign = frozenset(mine.facts.keys() - theirs.facts.keys())
        self.apart = tuple(sorted(mine.decisions.keys() ^ theirs.decisions.keys()))
        self._shared = tuple(name for name in mine.decisions if name in theirs.decisions)
        self._tests: tuple[tuple[Aspect, _Test], ...] = tuple(row for row in _TESTS.items() if row[0] in aspects)
        self._duties = "duties" in aspects and bool(mine.obligations or theirs.obligations)

    def known(self, given: Mapping[str, object]) -> tuple[Mapping[str, object], tuple[str, ...]]:
        """Return the facts that the candidate knows as well, and the names of the others that were stated."""
        if not self.foreign:
            return given, ()
        flat = dict(flatten(given, self.live.tree.facts))
        unknown = tuple(name for name in flat if name in self.foreign and flat[name] is not None)
        return {name: raw for name, raw in flat.items() if name not in self.foreign}, unknown

    def changes(self, live: Decision, candidate: Decision) -> tuple[Change, ...]:
        """Return the decisions that came out differently."""
        found: list[Change] = []
        for name in self._shared:
            mine, theirs = live[name], candidate[name]
            what: list[Aspect] = [aspect for aspect, is_apart in self._tests if is_apart(mine, theirs)]
            if what:
                found.append(Change(name, tuple(what), _answered(mine), _answered(theirs)))
        return tuple(found)

    def duties(self, live: Decision, candidate: Decision) -> tuple[DutyChange, ...]:
        """Return the duties that only one brings, or one for certain and the other not."""
        if not self._duties:
            return ()
        mine, theirs = _owed(live), _owed(candidate)
        names = dict.fromkeys([*mine, *theirs]) if mine != theirs else {}
        changes = (DutyChange(name, mine.get(name), theirs.get(name)) for name in names)
        return tuple(change for change in changes if change.live != change.candidate)


def _owed(decision: Decision) -> dict[str, Owed]:
    judgement = decision.judgement
    owed: dict[str, Owed] = dict.fromkeys(judgement.possible_obligations, "possible")
    owed.update(dict.fromkeys(judgement.obligations, "due"))
    return owed


# --- where two verdicts part -----------------------------------------------------------------------------------------


def _outcomes_part(mine: Verdict, theirs: Verdict) -> bool:
    one, other = mine.outcome, theirs.outcome
    if type(one) is str and type(other) is str:
        return one != other
    return _noted_outcome(mine) != _noted_outcome(theirs)


def _statuses_part(mine: Verdict, theirs: Verdict) -> bool:
    return mine.status != theirs.status


def _rules_part(mine: Verdict, theirs: Verdict) -> bool:
    one, other = mine.rule, theirs.rule
    return (one and one.id) != (other and other.id)


def _values_part(mine: Verdict, theirs: Verdict) -> bool:
    if not mine.canonical_values and not theirs.canonical_values:
        return False
    return _noted_values(mine) != _noted_values(theirs)


#: Duties belong to a decision as a whole, and are compared apart.
_TESTS: Final[Mapping[Aspect, _Test]] = {
    "outcome": _outcomes_part,
    "status": _statuses_part,
    "rule": _rules_part,
    "values": _values_part,
}


# --- verdicts as they are written down -------------------------------------------------------------------------------


def _answered(verdict: Verdict) -> Answered:
    rule = verdict.rule.id if verdict.rule is not None else None
    return Answered(_noted_outcome(verdict), verdict.status, rule, _noted_values(verdict))


def _noted_outcome(verdict: Verdict) -> Json:
    spec = verdict.spec
    return _noted(verdict.canonical, spec.type, verdict.currency, counts=spec.aggregate == "count")


def _noted_values(verdict: Verdict) -> dict[str, Json]:
    types = verdict.spec.values
    return {name: _noted(value, types[name], verdict.currency) for name, value in verdict.canonical_values.items()}


def _noted(value: Outcome, type_: Type, currency: str, *, counts: bool = False) -> Json:
    return outcome_notation(value, type_, currency, counts=counts)
