"""Events as they are handed in: checked, and brought to the one form in which a log keeps them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from ...rules.case_tree import EventKind
from ...rules.describe import described, shown
from ...rules.diagnostics import Diagnostic, FactError, Findings, Place, nearest
from ...rules.event_reading import WITH_FACTS, read_event
from ...rules.given import flatten, read_given
from ...rules.moments import moment_text, read_moment
from ..policy import Policy
from .event import Event
from .keeping import as_kept, copied

_PLACE: Final = Place("event")
_A_MOMENT: Final = "a date and time like 2026-11-21T10:00:00Z"


class EventProblems(FactError):
    """An event that cannot be recorded, with all that is wrong with it."""


def taken_in(
    policy: Policy, kind: str, fields: Mapping[str, Any], at: object, *, key: str = "", began: int | None = None
) -> Event:
    """
    Return what somebody says has happened as an event that can be recorded; *began* is when the case did, if it has.

    Raises:
        EventProblems: If the kind is unknown, a field is unknown or wrong, the moment is none, or a case begins again; all at once.
    """
    findings = Findings()
    if kind == "case_opened" and began is not None:
        findings.report("opened-twice", _PLACE, began=f"at {moment_text(began)}")
    moment = _moment(at, findings)
    raw = _checked(policy, kind, fields, findings)
    if len(findings):
        raise EventProblems(findings)
    return Event(0, moment, kind, raw, key)


def opening(at: int, facts: Mapping[str, Any], *, key: str = "") -> Event:
    """Return the event with which a case begins."""
    return Event(0, at, "case_opened", {"facts": as_kept(dict(facts))} if facts else {}, key)


def moment_in(at: object) -> int:
    """
    Return a moment that is handed in as milliseconds since 1970.

    Raises:
        EventProblems: If it is none.
    """
    findings = Findings()
    moment = _moment(at, findings)
    if len(findings):
        raise EventProblems(findings)
    return moment


def problems_of(policy: Policy, event: Event) -> tuple[Diagnostic, ...]:
    """Return what is wrong with an event, without recording it."""
    findings = Findings()
    _checked(policy, event.kind, event.raw, findings)
    return EventProblems(findings).diagnostics if len(findings) else ()


def _moment(at: object, findings: Findings) -> int:
    place = _PLACE.inside("at")
    try:
        return read_moment(at)
    except ValueError as error:
        why = str(error) if isinstance(at, dt.date) else "this is not a date and time"
        findings.report("bad-value", place, fact="at", text=shown(at), why=why, expected=_A_MOMENT)
    except TypeError:
        findings.report("wrong-type", place, fact="at", expected=_A_MOMENT, found=described(at))
    return 0


def _checked(policy: Policy, kind: str, raw: Mapping[str, Any], findings: Findings) -> Mapping[str, Any]:
    """Check what an event says, and return it as a log keeps it."""
    found = policy.tree.case.events.get(kind)
    if found is None:
        known = [id_ for id_, one in policy.tree.case.events.items() if not one.by_engine]
        findings.report("unknown-event", _PLACE, suggestion=nearest(kind, known), kind=kind[:80])
    elif found.by_engine:
        findings.report("event-by-engine", _PLACE, kind=kind)
    else:
        fields = raw if kind in WITH_FACTS else {name: value for name, value in raw.items() if value is not None}
        before = len(findings)
        read = read_event(found, fields, policy.tree.facts, policy.currencies, findings, _PLACE)
        if len(findings) == before:
            kept = as_kept(raw)
            if kept is not raw:
                _check_kept(policy, found, raw, kept, read, findings)
            own: dict[str, Any] = copied(kept)
            return own
    return raw


def _check_kept(
    policy: Policy,
    kind: EventKind,
    raw: Mapping[str, Any],
    kept: Mapping[str, Any],
    read: Mapping[str, object],
    findings: Findings,
) -> None:
    """Report what would mean something else when it is read from a log: numbers that no decimal writes exactly."""
    facts, currencies, before = policy.tree.facts, policy.currencies, len(findings)
    again = read_event(kind, kept, facts, currencies, findings, _PLACE)
    if len(findings) > before:
        return
    _report_changed(raw, read, again, _PLACE, findings)
    if kind.id in WITH_FACTS and raw.get("facts"):
        said, kept_facts = read_given(raw["facts"], facts, currencies), read_given(kept["facts"], facts, currencies)
        _report_changed(dict(flatten(raw["facts"], facts)), said, kept_facts, _PLACE.inside("facts"), findings)


def _report_changed(
    raw: Mapping[str, Any],
    read: Mapping[str, object],
    again: Mapping[str, object],
    place: Place,
    findings: Findings,
) -> None:
    why = "no decimal number says it exactly, so it could not be kept"
    for name, value in read.items():
        if value != again.get(name):
            text = shown(str(raw[name]))
            findings.report("bad-value", place.inside(name), fact=name, text=text, why=why, expected="a decimal number")
