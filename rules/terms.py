"""The pass over terms: each checked after those that it rests on; and how any condition is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from .check import Mistyped, Scope
from .compose import Part, cycle_text
from .conditions import DEEPEST, LARGEST, extent, names_in, read_condition
from .declare import Work
from .diagnostics import Place
from .normal import Normalizer
from .tree import (
    Condition,
    Named,
    Term,
)
from .words import condition_text

#: The most tests that all conditions of a policy may have together, terms written out.
LARGEST_POLICY: Final = 2_000_000


def check_terms(work: Work) -> None:
    """Check every term, those that it rests on first; terms that rest on each other are reported."""
    work.normalizer = Normalizer(work.scope.universe)
    drafts = {name: part for name, part in work.draft.terms.items() if _is_free(work, name, part)}
    work.conditions.update(dict.fromkeys(drafts))
    for name in _in_order(work, drafts):
        part = drafts[name]
        raw = part.raw.get("", part.raw)
        condition = checked(raw, part.place, work.scope, work)
        work.conditions[name] = condition
        if condition is not None:
            work.terms[name] = _term(work, name, part, raw, condition)


def _term(work: Work, name: str, part: Part, raw: object, condition: Condition) -> Term:
    assert work.normalizer is not None
    form = work.normalizer.normal_form(Named(name, condition))
    text = raw if isinstance(raw, str) else condition_text(condition, work.currencies.home)
    return Term(name, text, condition, form, part.origin)


def _is_free(work: Work, name: str, part: Part) -> bool:
    other = "fact" if name in work.facts else "parameter" if name in work.parameters else ""
    if other:
        place = attrs.evolve(part.place, key=True)
        work.findings.report("name-clash", place, name=name, kind="term", other=other)
    return not other


def _in_order(work: Work, drafts: Mapping[str, Part]) -> list[str]:
    """Return the terms so that each comes after those that it rests on, leaving out those in a cycle."""
    scope, names = work.scope, drafts.keys()
    rests_on = {name: names_in(part.raw.get("", part.raw), scope, part.place) & names for name, part in drafts.items()}
    ordered = by_need(rests_on)
    waiting = {name: needs for name, needs in rests_on.items() if name not in ordered}
    for cycle in cycles(waiting):
        work.findings.report("cycle-in-terms", drafts[cycle[0]].place, cycle=cycle_text(cycle))
    return list(ordered)


def by_need(rests_on: Mapping[str, set[str]]) -> dict[str, None]:
    """Return the names so that each comes after those that it needs, without those that wait for a cycle."""
    missing = {name: len(needs) for name, needs in rests_on.items()}
    wanted_by: dict[str, list[str]] = {name: [] for name in rests_on}
    for name, needs in rests_on.items():
        for needed in needs:
            wanted_by[needed].append(name)
    ordered = dict.fromkeys(name for name, count in missing.items() if not count)
    pending = list(ordered)
    for name in pending:  # grows while it is walked
        for waiting in wanted_by[name]:
            missing[waiting] -= 1
            if not missing[waiting]:
                ordered[waiting] = None
                pending.append(waiting)
    return ordered


def cycles(waiting: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """
    Yield cycles among names each of which needs another one of them: follow one need from each name, and a way must close.

    >>> list(cycles({"a": {"b"}, "b": {"a"}, "c": {"a"}}))
    [['a', 'b']]
    """
    walked: dict[str, str] = {}
    for start in waiting:
        way: list[str] = []
        name = start
        while name not in walked:
            walked[name] = start
            way.append(name)
            name = min(waiting[name] & waiting.keys())
        if walked[name] == start:
            yield way[way.index(name) :]


def checked(raw: object, place: Place, scope: Scope, work: Work) -> Condition | None:
    """Check a condition and its size, its mistakes reported."""
    try:
        condition = read_condition(raw, place, scope, work.findings)
    except Mistyped:
        return None
    count, levels = extent(condition, work.extents)
    work.total_size += count
    if levels > DEEPEST:
        work.findings.report("terms-too-deep", place, limit=str(DEEPEST))
        return None
    if count > LARGEST:
        work.findings.report("condition-too-large", place, count=f"{count:_}", limit=f"{LARGEST:_}")
        return None
    if work.total_size > LARGEST_POLICY:
        work.findings.report("policy-too-large", Place(place.document), limit=f"{LARGEST_POLICY:_}")
        return None
    return condition
