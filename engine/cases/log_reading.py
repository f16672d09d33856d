"""The events of a log, read as their policy has them now: what it does not know, or no longer takes, is left out."""

from __future__ import annotations

from collections.abc import Mapping
from operator import is_

from ...rules.diagnostics import FactError, Findings, Place
from ...rules.event_reading import WITH_FACTS, read_event
from ...rules.given import Knowledge, flatten, read_given
from ...rules.types import Value
from ..policy import Policy
from .correlate import Happened
from .event import Event


def happened(event: Event, policy: Policy) -> Happened:
    """Return an event with its fields read."""
    kind = policy.tree.case.events.get(event.kind)
    fields: dict[str, Value] = {}
    if kind is not None:
        fields = read_event(kind, event.raw, policy.tree.facts, policy.currencies, Findings(), Place("case"))
    # What is read as it was written is held once.
    is_same = len(fields) == len(event.raw) and all(map(is_, fields.values(), event.raw.values()))
    return Happened(event.seq, event.at, event.kind, event.raw if is_same else fields)


def learned(event: Event, policy: Policy) -> dict[str, Knowledge]:
    """Return the facts that an event brings, read one by one, so that a bad one does not hide the others."""
    raw = event.raw.get("facts") if event.kind in WITH_FACTS else None
    if not isinstance(raw, Mapping):
        return {}
    found: dict[str, Knowledge] = {}
    for name, value in flatten(raw, policy.tree.facts):
        try:
            found.update(read_given({name: value}, policy.tree.facts, policy.currencies))
        except FactError:
            continue
    return found
