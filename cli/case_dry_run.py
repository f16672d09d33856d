"""Event files: what would have happened, event by event."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from ..engine.cases.case import Case
from ..engine.cases.event import Event, EventError
from ..engine.cases.intake import problems_of
from ..engine.cases.passing import EndlessCaseError, in_order, run_through
from ..engine.cases.plain import Plain
from ..engine.cases.progress import Moment, Progress
from ..engine.policy import Policy
from ..rules.diagnostics import Diagnostic, Place
from ..rules.text_files import bounded_lines
from .findings import at_location
from .incidents import line_location

#: The longest line of an event file, in bytes.
LONGEST_LINE = 1_000_000


@attrs.frozen
class EventLine:
    """One line of an event file: its event, or why it is none."""

    line: int
    event: Event | None
    problems: tuple[Diagnostic, ...] = ()


def is_event_file(path: Path) -> bool:
    """Whether a file of JSON lines holds events: its first line that is not too long says what happened, and when."""
    try:
        with path.open("rb") as stream:
            for line in bounded_lines(stream, LONGEST_LINE):
                if line.strip() and len(line) <= LONGEST_LINE:
                    table = json.loads(line)
                    return isinstance(table, dict) and {"at", "kind"} <= table.keys()
    except (OSError, ValueError, RecursionError):
        pass
    return False


def read_events(file: str, policy: Policy) -> Iterator[EventLine]:
    """Yield the events of a file, each checked against a policy; the case begins once."""
    began: EventLine | None = None
    try:
        with Path(file).open("rb") as stream:
            for number, line in enumerate(bounded_lines(stream, LONGEST_LINE), start=1):
                if line.strip():
                    found = _read(file, number, line, policy)
                    if found.event is not None and found.event.kind == "case_opened":
                        found = found if began is None else _opened_twice(file, found, began, line)
                        began = began or found
                    yield found
    except OSError as error:
        yield EventLine(0, None, (_unreadable(file, 0, (error.strerror or "it cannot be read").lower()),))


def _opened_twice(file: str, found: EventLine, began: EventLine, line: bytes) -> EventLine:
    """Refuse that a case begins again; the same event, by its key, is no other."""
    assert found.event is not None and began.event is not None
    if found.event.key and found.event.key == began.event.key:
        return found
    problem = Diagnostic("opened-twice", {"began": f"on line {began.line}"}, Place(file))
    return EventLine(found.line, None, (at_location(problem, file, location=line_location(found.line, _text(line))),))


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r\n")


def _read(file: str, number: int, line: bytes, policy: Policy) -> EventLine:
    if len(line) > LONGEST_LINE:
        return EventLine(number, None, (_unreadable(file, number, f"its line is longer than {LONGEST_LINE:_} bytes"),))
    try:
        event = Event.from_json(line)
    except EventError as error:
        return EventLine(number, None, (_unreadable(file, number, str(error)),))
    found = problems_of(policy, event)
    placed = tuple(at_location(d, file, d.place.path, line_location(number, _text(line))) for d in found)
    return EventLine(number, None if placed else event, placed)


def _unreadable(file: str, line: int, why: str) -> Diagnostic:
    found = Diagnostic("unreadable-event", {"why": why}, Place(file))
    return at_location(found, file, location=line_location(line))


@attrs.frozen
class DryCase:
    """What would have happened in a case."""

    file: str
    policy: Policy
    moments: tuple[Moment, ...]
    progress: Progress
    problems: tuple[Diagnostic, ...]


def dry_run(file: str, policy: Policy, now: int | None = None) -> DryCase:
    """Run through the events of a file, what follows by itself included; lines with mistakes are left out."""
    lines = list(read_events(file, policy))
    problems = [problem for line in lines for problem in line.problems]
    events = in_order(_once(attrs.evolve(line.event, seq=line.line) for line in lines if line.event is not None))
    progress = Progress(policy, Plain(policy.tree.case.patterns), case=file)
    moments: list[Moment] = []
    try:
        moments.extend(run_through(progress, events, now=now))
    except EndlessCaseError as error:
        problems.append(_unreadable(file, 0, str(error)))
    if progress.trouble is not None:
        problems.append(_unreadable(file, progress.trouble.seq or 0, progress.trouble.message))
    return DryCase(file, policy, tuple(moments), progress, tuple(problems))


def _once(events: Iterable[Event]) -> Iterator[Event]:
    """Yield events, those left out that come again under a key that was there."""
    keys: set[str] = set()
    for event in events:
        if not event.key or event.key not in keys:
            yield event
        keys.add(event.key)


def print_dry_cases(found: Sequence[DryCase]) -> None:
    """Write what would have happened, event by event, and how each case stands at its end."""
    from .case_timeline import print_moments
    from .case_views import print_state
    from .findings import print_findings

    for dry in found:
        print_findings(dry.problems)
        print_moments(Path(dry.file).name, dry.moments, dry.policy)
        if dry.moments:
            print_state(_case_of(dry))


def _case_of(dry: DryCase) -> Case:
    from ..rules.moments import moment_of

    end = moment_of(dry.moments[-1].at)
    return Case.after(dry.policy, dry.progress, id=Path(dry.file).stem, clock=lambda: end)


def dry_cases_json(found: Iterable[DryCase]) -> dict[str, Any]:
    """Return what would have happened as data."""
    from .as_json import VERSION, findings_json
    from .case_data import case_json

    cases = [
        {"file": dry.file, "findings": findings_json(dry.problems), **(case_json(_case_of(dry)) if dry.moments else {})}
        for dry in found
    ]
    for case in cases:
        case.pop("format_version", None)
    return {"format_version": VERSION, "cases": cases}
