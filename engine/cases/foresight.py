"""What would come of an event that has not happened: above all, whether it would complete what must never happen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import attrs

from ...rules.case_tree import Pattern
from ..policy import Policy
from ..truth import form_truth
from .event import Event
from .joining import LateEventError
from .passing import in_order, let_pass, replayed
from .plain import Plain
from .planning import NextStep
from .progress import Moment, Progress

#: What we do, and could leave.
OURS: Final = ("payment_made", "statement_published", "message_sent", "offer_made", "promise_made")
#: The kinds of events that change no fact by being counted.
_UNCOUNTED: Final = frozenset({"payment_made", "statement_published", "offer_made", "evidence_added"})
#: Of how many policies it is kept which kinds of events matter.
_MOST_POLICIES: Final = 32


@attrs.frozen
class NotNow:
    """Something that we do, by its kind of event, and what must never happen and would, if we did it now."""

    kind: str
    patterns: tuple[Pattern, ...]


def foreseen(progress: Progress, event: Event) -> tuple[Moment, ...]:
    """Return what an event would lead to that is not recorded; the case stays as it is."""
    events = [moment.event for moment in progress.moments if moment.event is not None]
    later = _again(progress, events)
    seen = len(later.moments)
    coming = attrs.evolve(event, seq=max((one.seq for one in events), default=0) + 1)
    try:
        let_pass(later, event.at - 1)
        coming = attrs.evolve(event, seq=later.last_seq + 1)
        later.take(coming)
        let_pass(later, event.at)
    except LateEventError:
        return tuple(moment for moment in _again(progress, [*events, coming]).moments if moment.event is coming)
    return tuple(later.moments[seen:])


def forbidden_by(progress: Progress, event: Event) -> tuple[Pattern, ...]:
    """Return what must never happen and would, if an event came now; in the order of the policy."""
    policy = progress.policy
    if not _may_be_forbidden(progress, event):
        return ()
    found = {match.pattern for moment in foreseen(progress, event) for match in moment.matches}
    return tuple(pattern for pattern in policy.tree.case.patterns if pattern.forbidden and pattern.id in found)


def not_now(progress: Progress, at: int) -> Iterator[NotNow]:
    """Yield what we must not do at a moment, whatever we say of it."""
    for kind in OURS:
        patterns = forbidden_by(progress, Event(0, at, kind, {}))
        if patterns:
            yield NotNow(kind, patterns)


def warned(progress: Progress, steps: Sequence[NextStep], at: int) -> tuple[NextStep, ...]:
    """Return next steps with what must never happen and would, if they were taken now."""
    return tuple(attrs.evolve(found, forbidden=_of_step(progress, found, at)) for found in steps)


def _of_step(progress: Progress, found: NextStep, at: int) -> tuple[Pattern, ...]:
    events = [Event(0, at, kind, {}) for kind in found.step.brings]
    events.append(Event(0, at, "step_done", {"step": found.step.do}))
    patterns = {pattern.id: pattern for event in events for pattern in forbidden_by(progress, event)}
    return tuple(patterns.values())


def _again(progress: Progress, events: Sequence[Event]) -> Progress:
    return replayed(progress.policy, Plain(progress.tree.case.patterns), in_order(events))


# --- without a replay ------------------------------------------------------------------------------------------------


def _may_be_forbidden(progress: Progress, event: Event) -> bool:
    """Whether it is worth the replay: a forbidden pattern speaks of such events, and its condition may hold."""
    patterns = _concerned(progress.policy).get(event.kind, ())
    if not patterns or event.kind not in _UNCOUNTED or event.kind in _taught(progress.policy):
        return bool(patterns)
    state = progress.state(max(event.at, progress.moments[-1].at if progress.moments else event.at))
    return any(form_truth(pattern.when, state) is not False for pattern in patterns)


@lru_cache(maxsize=_MOST_POLICIES)
def _concerned(policy: Policy) -> dict[str, tuple[Pattern, ...]]:
    """Return, for each kind of event, the forbidden patterns that one may complete, by itself or by way of other patterns."""
    by_id = {pattern.id: pattern for pattern in policy.tree.case.patterns}
    found: dict[str, tuple[Pattern, ...]] = {}
    for pattern in policy.tree.case.patterns:
        if pattern.forbidden:
            for kind in _kinds(pattern, by_id, {pattern.id}):
                found[kind] = (*found.get(kind, ()), pattern)
    return found


def _kinds(pattern: Pattern, by_id: dict[str, Pattern], seen: set[str]) -> set[str]:
    kinds: set[str] = set()
    for element in pattern.elements:
        if element.pattern in by_id and element.pattern not in seen:
            kinds |= _kinds(by_id[element.pattern], by_id, {*seen, element.pattern})
        elif not element.pattern and element.absent_for is None:
            kinds.add(element.kind)
    return kinds


@lru_cache(maxsize=_MOST_POLICIES)
def _taught(policy: Policy) -> frozenset[str]:
    """Return the kinds of events of which a pattern learns something, so that one more may change the facts."""
    by_id = {pattern.id: pattern for pattern in policy.tree.case.patterns}
    learning = [pattern for pattern in policy.tree.case.patterns if pattern.learn]
    return frozenset(kind for pattern in learning for kind in _kinds(pattern, by_id, {pattern.id}))
