"""What happened in a case, and what it led to, on the terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..engine.cases.event import Event
from ..engine.cases.progress import Moment
from ..engine.policy import Policy
from ..engine.wording import canonical_text
from ..rules.describe import shortened
from ..rules.moments import moment_of
from .english import spaced, title_of
from .terminal import Output, Piece, Words, cells, out

if TYPE_CHECKING:
    from ..engine.cases.case import Recorded
    from ..rules.types import Type

_CLOSED = {"done": ("done", "good"), "breached": ("not done in time", "bad"), "withdrawn": ("not owed any more", "dim")}
#: How many characters of a text are shown on a timeline.
_LONGEST = 60
#: A text that needs no quotes: a name, or an id.
_WORD = re.compile(r"[\w.-]+")


def clock(at: int) -> str:
    """
    Return a moment as people read it, in UTC.

    >>> clock(1795168800000)
    '2026-11-20 10:00'
    """
    return f"{moment_of(at):%Y-%m-%d %H:%M}"


def print_changes(recorded: Recorded, policy: Policy) -> None:
    """Write what recording has led to."""
    output = out()
    if recorded.repeated:
        output.line("it was recorded before, under the same key")
    for moment in recorded.moments:
        print_moment(output, moment, policy)


def print_moments(id_: str, moments: Sequence[Moment], policy: Policy) -> None:
    """Write what happened in a case, moment by moment."""
    output = out()
    output.line(Piece(id_, "title"))
    for moment in moments:
        print_moment(output, moment, policy)


def print_moment(output: Output, moment: Moment, policy: Policy, *, numbered: bool = False) -> None:
    """Write what happened at a moment, and what it led to; *numbered* with the number of the event."""
    head = f"  {clock(moment.at)}  "
    words: list[Words] = [Piece(event_text(moment.event, policy), "strong")] if moment.event else []
    if numbered and moment.event is not None:
        words.append(Piece(f"  #{moment.event.seq}", "dim"))
    output.line(head, *(words or [Piece("time passed", "strong")]), hang=cells(head))
    gap = " " * cells(head)
    for line in _led_to(moment, policy):
        output.line(gap, *line, hang=cells(head) + 2)


def event_text(event: Event, policy: Policy) -> str:
    """Return what happened in words, with what was said of it."""
    kind = policy.tree.case.events.get(event.kind)
    title = kind.title if kind is not None else spaced(event.kind)
    stated = event.raw.get("facts") or {}
    types = {name: field.type for name, field in ({} if kind is None else kind.fields).items()}
    said = [_said_of(name, value, types.get(name)) for name, value in event.raw.items() if name != "facts"]
    said += [_said_of(name, value, _type_of(policy, name)) for name, value in stated.items()]
    told = ", ".join(phrase for phrase in said if phrase)
    return f"{title}{': ' if told else ''}{told}" + (" (erased)" if event.erased else "")


def _value_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "nothing"
    return str(value)


def _type_of(policy: Policy, fact: str) -> Type | None:
    return policy.tree.facts[fact].type if fact in policy.tree.facts else None


def _said_of(name: str, value: object, type_: Type | None) -> str:
    """Return a field with its value; what people wrote in words of their own stands between quotes."""
    if value == "":
        return ""
    text = shortened(_value_text(value), _LONGEST)
    is_free = isinstance(value, str) and type_ is not None and type_.kind == "text" and not type_.words
    return f"{name} “{text}”" if is_free and not _WORD.fullmatch(text) else f"{name} {text}"


def _led_to(moment: Moment, policy: Policy) -> list[list[Words]]:
    """Return what a moment led to, a line each."""
    tree, found = policy.tree, list[list[Words]]()
    patterns = {pattern.id: pattern for pattern in tree.case.patterns}
    for match in moment.matches:
        pattern = patterns[match.pattern]
        said = f"{pattern.title or pattern.id} ({pattern.id})"
        found.append(
            ["→ ", Piece(f"forbidden: {said}" if pattern.forbidden else said, "bad" if pattern.forbidden else "name")]
        )
    if moment.event is not None and moment.event.kind == "case_closed" and moment.status == "monitored":
        found.append(["→ watched again, because we still walk away from it; ", "close it once more to end that"])
    for name, (was, now) in moment.changed.items():
        if was is None and moment.event is not None and moment.event.kind == "case_opened":
            continue
        spec = tree.decisions[name]
        shown = [canonical_text(it, spec.type, tree.currency) if it is not None else "open" for it in (was, now)]
        found.append([f"→ {title_of(spec).lower()}: {shown[0]} → ", Piece(shown[1], "outcome")])
    for entry in moment.opened:
        due = f", due {clock(entry.due_at)}" if entry.due_at is not None else ""
        found.append([f"→ owed: {entry.title or entry.id}{due}"])
    for entry in moment.closed:
        # What was not done in time, and is done after all, is done.
        word, style = _CLOSED["done" if entry.state == "breached" and entry.closed_at is not None else entry.state]
        found.append([f"→ {entry.title or entry.id}: ", Piece(word, style)])
    return found
