"""The passes over plans, the rules for replies, and how a case is watched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from .case_events import check_kind
from .case_tree import Ban, Monitoring, Plan, Replies, Step
from .compose import Part
from .consequences import check_id, when_unless, word_of
from .declare import Work
from .describe import shown
from .diagnostics import Place, nearest
from .lengths import read_length
from .normal import Normalizer
from .patterns import pattern_problem
from .rulebook import named_decisions
from .takes import fits, tables_in, texts_in
from .terms import checked
from .words import condition_text


def check_plans(work: Work) -> None:
    """Check every plan and its steps."""
    steps = {name for part in work.draft.plans.values() for name in _names_of_steps(part)}
    for name, part in work.draft.plans.items():
        check_id(work, attrs.evolve(part, raw={"id": name}), "plan")
        condition = when_unless(work, part.raw, part.place)
        read = list(_steps(work, part, steps))
        found = [step for step in read if step is not None]
        if condition is None or len(found) < len(read):
            continue
        assert work.normalizer is not None
        words = {key: word_of(part.raw, key) for key in ("title", "about")}
        form = work.normalizer.normal_form(condition)
        work.plans[name] = Plan(name, form=form, steps=tuple(found), origin=part.origin, condition=condition, **words)


def _names_of_steps(part: Part) -> Iterator[str]:
    for raw in tables_in(part.raw.get("steps")):
        if isinstance(raw.get("do"), str):
            yield raw["do"]


def _steps(work: Work, part: Part, known: set[str]) -> Iterator[Step | None]:
    seen: set[str] = set()
    for index, raw in enumerate(tables_in(part.raw.get("steps"))):
        place = part.place.inside("steps", index)
        do = str(raw.get("do", ""))
        if do in seen:
            work.findings.report("duplicate-id", place.inside("do"), kind="step", id=shown(do))
        seen.add(do)
        named = texts_in(raw.get("needs"))
        for at, need in enumerate(named):
            if need not in known or need == do:
                suggestion = nearest(need, known - {do})
                work.findings.report(
                    "unknown-step", place.inside("needs", at), suggestion=suggestion, step=shown(need), plan=part.id
                )
        brings = tuple(_brought(work, raw, place))
        condition = when_unless(work, raw, place)
        within = read_length(work, raw.get("within"), place.inside("within"))
        if condition is None:
            yield None
            continue
        assert work.normalizer is not None
        form = work.normalizer.normal_form(condition)
        origin = attrs.evolve(part.origin, path=place.path)
        yield Step(do, word_of(raw, "title"), within, condition, form, named, origin, brings)


def _brought(work: Work, raw: Mapping[str, Any], place: Place) -> Iterator[str]:
    """Yield the kinds of events that a step brings about; one that only the engine records is reported."""
    for index, kind in enumerate(texts_in(raw.get("brings"))):
        at = place.inside("brings", index)
        found = check_kind(work, kind, at)
        if found is not None and found.by_engine:
            work.findings.report("event-by-engine", at, kind=found.id)
        elif found is not None:
            yield found.id


# --- replies ---------------------------------------------------------------------------------------------------------


def check_replies(work: Work) -> None:
    """Read the rules for replies: each limit as the first policy that has it says, and every ban."""
    if not work.draft.replies:
        return
    limits: dict[str, Any] = {}
    bans: dict[str, Ban] = {}
    for part in work.draft.replies:
        for key in ("longest", "most"):
            if fits(part.raw.get(key), "number"):
                limits.setdefault(key, part.raw[key])
        if "cool_off" in part.raw and "cool_off" not in limits:
            limits["cool_off"] = read_length(work, part.raw["cool_off"], part.place.inside("cool_off"))
        for ban in _bans(work, part):
            bans.setdefault(ban.id, ban)
    work.replies = Replies(
        limits.get("longest"),
        limits.get("most"),
        limits.get("cool_off"),
        tuple(bans.values()),
        work.draft.replies[0].origin,
    )


def _bans(work: Work, part: Part) -> Iterator[Ban]:
    seen: set[str] = set()
    for index, raw in enumerate(tables_in(part.raw.get("never"))):
        place = part.place.inside("never", index)
        item = Part(str(raw.get("id", "")), raw, attrs.evolve(part.origin, path=place.path))
        check_id(work, item, "ban")
        if item.id in seen:
            work.findings.report("duplicate-id", place.inside("id"), kind="ban", id=shown(item.id))
        seen.add(item.id)
        phrases, patterns = (_texts(raw.get(key)) for key in ("phrases", "patterns"))
        if not phrases and not patterns:
            work.findings.report("ban-without-words", place, id=shown(item.id))
        for at, pattern in enumerate(patterns):
            problem = pattern_problem(pattern)
            if problem:
                work.findings.report("bad-pattern", place.inside("patterns", at), pattern=shown(pattern), why=problem)
        words = {key: word_of(raw, key) for key in ("because", "instead", "source")}
        yield Ban(item.id, phrases, patterns, origin=item.origin, **words)


def _texts(raw: object) -> tuple[str, ...]:
    return tuple(text for text in texts_in(raw) if text.strip())


# --- monitoring ------------------------------------------------------------------------------------------------------


def check_monitoring(work: Work) -> None:
    """Read how a case is watched: from which outcomes on, for how long, and what opens it again."""
    part = work.draft.monitoring
    if part is None:
        return
    single = {name: spec for name, spec in work.decisions.items() if not spec.collects and name not in work.facts}
    over_outcomes = attrs.evolve(work.scope, decisions=single)
    conditions = {
        key: checked(part.raw[key], part.place.inside(key), scope, work)
        for key, scope in (("when", over_outcomes), ("reopen", work.scope))
        if key in part.raw
    }
    when, reopen = conditions.get("when"), conditions.get("reopen")
    length = read_length(work, part.raw.get("length"), part.place.inside("length"))
    named = named_decisions(when, over_outcomes.decisions) if when is not None else ()
    if when is not None and not named:
        decisions = ", ".join(single)
        work.findings.report("guard-without-decision", part.place.inside("when"), id="monitoring", decisions=decisions)
    if when is None or reopen is None or length is None:
        return
    home = work.currencies.home
    assert work.normalizer is not None
    work.monitoring = Monitoring(
        Normalizer(over_outcomes.universe).normal_form(when),
        named,
        length,
        work.normalizer.normal_form(reopen),
        text=condition_text(when, home),
        reopen_text=condition_text(reopen, home),
        origin=part.origin,
        condition=when,
        reopen_condition=reopen,
    )
