"""Whether two policies decide alike: one incident that they decide differently, or a proof that there is none.

Two policies are equal where, for every incident that both accept, they come to the same decisions: the same outcome and the same
values where they decide, both or neither leaving it to a human, the same duties due, the same red lines broken. Why a human is
asked, which rule decided and what else is possible make no difference. Any facts may be missing; facts that are known in part
(`any of`, ranges) are not looked at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from ...rules.tree import PolicyTree
from ..decision import Judgement
from ..force import is_in_force
from ..interpret import interpret
from ..solve import Point
from ..solve.terms import Term
from .fabric import fabric
from .ground import Answer
from .pair import Pair

#: How many incidents that turn out to be decided alike are set aside before giving up.
TRIES = 8


def difference(
    old: PolicyTree, new: PolicyTree, *, budget: float | None = None, missing: bool = True, warnings: bool = True
) -> Point | Answer:
    """
    Return an incident that two policies decide differently, `Answer.NONE` where they are proved equal, else `Answer.UNKNOWN`.

    *budget* is how many seconds it may take. Incidents with all facts given are looked for first; with *missing* false, only
    facts of which a condition asks whether they are known may be missing at all, and equality is proved of no other incidents.
    With *warnings* false, a red line that is named as one that may be broken makes no difference where it withholds nothing.

    Raises:
        SolverMissingError: If z3 is not installed.
    """
    if fabric(old) == fabric(new):
        return Answer.NONE
    search = Search(old, new, budget=budget, warnings=warnings)
    found = search.day()
    return found if found is not None else search.incident(missing=missing)


def decided_alike(old: PolicyTree, new: PolicyTree, point: Point) -> bool:
    """Whether two policies decide an incident alike, by the reference reading."""
    return told(old, point) == told(new, point)


def told(tree: PolicyTree, point: Point, *, warnings: bool = True) -> dict[str, object]:
    """Return what a policy makes of an incident, as far as it counts: decisions that are made, duties, red lines."""
    known = {name: value for name, value in point.known.items() if name in tree.facts}
    return summary(tree, interpret(tree, known, point.as_of), warnings=warnings)


def summary(tree: PolicyTree, judgement: Judgement, *, warnings: bool = True) -> dict[str, object]:
    """Return what counts of a judgement; without *warnings*, red lines only where they are certainly broken."""
    found: dict[str, object] = {
        name: (type(verdict.canonical), verdict.canonical, dict(verdict.canonical_values), set(verdict.unsettled))
        for name, verdict in judgement.verdicts.items()
        if verdict.is_settled
    }
    duties = [tree.obligations[id_] for id_ in judgement.obligations]
    found[" duties"] = {(duty.id, duty.within, duty.by) for duty in duties}
    found[" red lines"] = {breach.guard.id for breach in judgement.breaches if breach.certain or warnings}
    return found


class Search:
    """The questions that are asked, one after the other."""

    def __init__(self, old: PolicyTree, new: PolicyTree, *, budget: float | None = None, warnings: bool = True) -> None:
        self.old, self.new = old, new
        self.pair = Pair(old, new, budget=budget)
        self.warnings = warnings

    def day(self) -> Point | None:
        """Return an incident on a day on which one of the two is not in force, and the other decides."""
        if (self.old.effective, self.old.expires) == (self.new.effective, self.new.expires):
            return None
        for day in _days(self.old, self.new):
            mine = [tree for tree in (self.old, self.new) if is_in_force(tree, day)]
            if len(mine) == 1:
                found = self.pair.anything(mine[0], day)
                if found is not None and not decided_alike(self.old, self.new, found):
                    return found
        return None

    def incident(self, *, missing: bool) -> Point | Answer:
        """Return an incident that is decided differently while both are in force."""
        terms = self.pair.differences(warnings=self.warnings)
        found = self._replayed(terms, self.pair.given)
        if found is Answer.NONE and missing:
            found = self._replayed(terms, []) if self.pair.is_same_when_missing else Answer.UNKNOWN
        return Answer.UNKNOWN if found is Answer.NONE and self.pair.leaves_out else found

    def _replayed(self, terms: list[Term], given: list[Term]) -> Point | Answer:
        """Ask for incidents until one is decided differently by the reference reading as well."""
        if not terms:
            return Answer.NONE
        asked = [self.pair.encoder.any_of(terms), *given]
        for _ in range(TRIES):
            found = self.pair.ask(*asked)
            if isinstance(found, Answer) or not self._decided_alike(found):
                return found
            asked.append(self.pair.unlike(found))
        return Answer.UNKNOWN

    def _decided_alike(self, point: Point) -> bool:
        one, other = (told(tree, point, warnings=self.warnings) for tree in (self.old, self.new))
        return one == other


def _days(old: PolicyTree, new: PolicyTree) -> Iterator[dt.date]:
    """Yield the days at which a policy comes into force or goes out of it, and those beside them."""
    for edge in (old.effective, old.expires, new.effective, new.expires):
        if edge is not None:
            for step in (-1, 0, 1):
                moved = edge + dt.timedelta(days=step)
                yield moved
