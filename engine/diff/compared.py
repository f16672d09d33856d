"""Two policies held against each other: every question asked, and what is left to say."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ...rules.tree import PolicyTree
from ..proofs.compare import Search
from ..proofs.fabric import fabric
from ..proofs.ground import Answer
from ..proofs.pair import Pair
from ..solve import Point
from .change import Change, Difference, Told
from .notes import not_compared, notes
from .questions import questions
from .regions import Asking
from .showing import Showing


def compared(old: PolicyTree, new: PolicyTree, *, budget: float | None = None) -> Difference:
    """Return all that two policies decide differently."""
    pair = Pair(old, new, budget=budget, missing=False)
    said = tuple(notes(old, new))
    if fabric(old) == fabric(new):
        return Difference(old, new, pair.joint, notes=said)
    showing = Showing(pair)
    changes = [*_dates(old, new, showing)]
    unproved = list(not_compared(pair))
    for question in questions(pair):
        for found in Asking(pair, question, showing).changes():
            if isinstance(found, str):
                unproved.append(found)
            else:
                changes.append(found)
    if not changes and not unproved:
        _where_missing(old, new, pair, showing, changes, unproved)
    return Difference(old, new, pair.joint, tuple(together(changes)), tuple(unproved), said)


def together(changes: list[Change]) -> Iterator[Change]:
    """Yield changes, those of duties in the same incidents as one: due before and not now, or the other way round."""
    groups: dict[object, list[Change]] = {}
    for place, change in enumerate(changes):
        turned = {change.was.words == "not due", change.now.words == "not due"}
        alike = change.kind == "duty" and len(turned) == 2 and change.region
        key = (change.words, change.is_exact, change.now.words == "not due") if alike else place
        groups.setdefault(key, []).append(change)
    for first, *others in groups.values():
        names = tuple(name for change in (first, *others) for name in change.names)
        was, now = (Told(told.words if told.words == "not due" else "due") for told in (first.was, first.now))
        yield attrs.evolve(first, names=names, was=was, now=now) if others else first


def _dates(old: PolicyTree, new: PolicyTree, showing: Showing) -> list[Change]:
    """Return the change of the days on which the policies are in force, where it makes a difference."""
    point = Search(old, new).day()
    if point is None:
        return []
    was, now = (Told(_force_text(tree)) for tree in (old, new))
    return [Change("dates", (), was, now, showing.of(point), words=("the days on which only one of them is in force",))]


def _force_text(tree: PolicyTree) -> str:
    said = [f"from {tree.effective}" if tree.effective else "", f"until {tree.expires}" if tree.expires else ""]
    return f"in force {' '.join(part for part in said if part) or 'on all days'}"


def _where_missing(
    old: PolicyTree, new: PolicyTree, pair: Pair, showing: Showing, changes: list[Change], unproved: list[str]
) -> None:
    """Look for incidents that are decided differently only because a fact is missing."""
    found = Search(old, new, budget=pair.time_left).incident(missing=True)
    if isinstance(found, Point):
        shown = showing.missing(found)
        named = [name for name in shown.old if shown.old.get(name) != shown.new.get(name)]
        was, now = (Told(str(side.get(named[0], "other")) if named else "other") for side in (shown.old, shown.new))
        words = ("only where facts are missing; with all facts given both decide alike",)
        changes.append(
            Change(
                "decision",
                tuple(named[:1]) or ("duties",),
                was,
                now,
                shown,
                words=words,
                is_exact=False,
                only_missing=True,
            )
        )
    elif found is Answer.UNKNOWN:
        unproved.append(
            "incidents in which facts are missing: the solver cannot tell; with all facts given both decide alike"
        )
