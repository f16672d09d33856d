"""`policy show`: what a policy says of cases, as English."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, Final, TypeAlias

import attrs

from ..rules.case_events import WEEKDAYS
from ..rules.case_tree import Ban, Calendar, CaseTree, Element, Pattern, Plan, Step
from ..rules.quantities import duration_text
from ..rules.tree import ALWAYS_HOLDS, Constant, FactRef, Known
from ..rules.types import Fact, Type
from .decided import listed
from .english import condition_english, condition_lines, expression_english, spaced
from .show_sheet import Sheet
from .terminal import Piece, cells

Section: TypeAlias = tuple[str, Callable[[], None]]


def case_sections(sheet: Sheet) -> Iterator[Section]:
    """Yield each part of what a policy says of cases: its heading, and what writes it."""
    case = sheet.tree.case
    writer = _Cases(sheet, case)
    if case.calendar is not None:
        yield "Business hours", writer.calendar
    if any(kind.origin for kind in case.events.values()):
        yield "Kinds of events of its own", writer.events
    if case.plans:
        yield "The plans, step by step", writer.plans
    if case.patterns:
        yield "What several events mean together", writer.patterns
    if case.replies is not None:
        yield "How we write to customers", writer.replies
    if case.monitoring is not None:
        yield "Once we have walked away", writer.monitoring
    if case.stories:
        yield "Stories that `policy test` runs", writer.stories


class _Cases:
    """Writes the parts of a policy that speak of cases."""

    def __init__(self, sheet: Sheet, case: CaseTree) -> None:
        self.sheet = sheet
        self.case = case
        self.currency = sheet.tree.currency

    # -- business hours and events

    def calendar(self) -> None:
        calendar = self.case.calendar
        assert calendar is not None
        rows = [("Time zone", calendar.time_zone), *opening_hours(calendar)]
        if calendar.holidays:
            rows.append(("Closed on", listed([str(day) for day in sorted(calendar.holidays)], "and")))
        width = max(cells(name) for name, _ in rows)
        for name, text in rows:
            self.sheet.row(name, width, text, calendar.origin if name == "Time zone" else None)

    def events(self) -> None:
        own = [kind for kind in self.case.events.values() if kind.origin is not None]
        width = max(cells(spaced(kind.id)) for kind in own)
        for kind in own:
            told = [f"{spaced(name)} ({type_english(field)})" for name, field in kind.fields.items()]
            said = f"it may say: {listed(told, 'and')}" if told else ""
            text = "; ".join(filter(None, [kind.about or kind.title, said]))
            self.sheet.row(spaced(kind.id), width, text, kind.origin)

    # -- plans

    def plans(self) -> None:
        for plan in self.case.plans.values():
            self.sheet.heading(plan.title or spaced(plan.id), plan.id, plan.origin)
            self._conditions(plan)
            for number, step in enumerate(plan.steps, 1):
                head = f"     {number}. {step.do}"
                told = step_english(step, self.currency)
                self.sheet.output.line(
                    Piece(head, "strong", whole=True), f": {told}" if told else "", hang=5 + len(f"{number}. ")
                )
            self.sheet.line("About", plan.about)

    def _conditions(self, part: Plan | Pattern) -> None:
        if part.condition != ALWAYS_HOLDS:
            for label, text in condition_lines(part.condition, self.currency):
                self.sheet.line(label, text)

    # -- patterns

    def patterns(self) -> None:
        for pattern in self.case.patterns:
            self.sheet.heading(pattern.title or spaced(pattern.id), pattern.id, pattern.origin)
            for number, element in enumerate(pattern.elements):
                label = "Event" if len(pattern.elements) == 1 else "Then" if number else "First"
                self.sheet.line(label, element_english(element, self.currency))
            if pattern.within is not None:
                self.sheet.line("Within", f"{duration_text(pattern.within)} from the first event to the last")
            self._conditions(pattern)
            self.sheet.line("So", "; ".join(self._learned(pattern)))
            self.sheet.line("Because", pattern.because)
            self.sheet.line("Source", pattern.source)

    def _learned(self, pattern: Pattern) -> Iterator[str]:
        for name, expression in pattern.learn.items():
            text = expression_english(of_aliases(expression), self.currency)
            if isinstance(expression, Constant) and isinstance(expression.value, bool):
                text = "yes" if expression.value else "no"
            yield f"{spaced(name)}: {text}"

    # -- replies, watching, stories

    def replies(self) -> None:
        replies = self.case.replies
        assert replies is not None
        limits = {
            "longest": f"{replies.longest:,} characters at most in one reply" if replies.longest else "",
            "most": f"{counted_replies(replies.most)} at most; then we stop" if replies.most else "",
            "cool_off": f"{duration_text(replies.cool_off)} at least between two" if replies.cool_off else "",
        }
        for key, text in limits.items():
            if text:
                self.sheet.row("-", 1, text, self.sheet.written_at(("replies", key)))
        for ban in replies.bans:
            self._ban(ban)

    def _ban(self, ban: Ban) -> None:
        self.sheet.heading(f"Never: {spaced(ban.id).replace('-', ' ')}", ban.id, ban.origin)
        self.sheet.line("Words", ", ".join(f'"{phrase}"' for phrase in ban.phrases))
        self.sheet.line("Matching", ", ".join(ban.patterns))
        self.sheet.line("Because", ban.because)
        self.sheet.line("Rather", ban.instead)

    def monitoring(self) -> None:
        watched = self.case.monitoring
        assert watched is not None
        rows = (
            ("Watched when", "when", condition_english(watched.condition, self.currency)),
            ("For", "length", duration_text(watched.length)),
            ("Opened again when", "reopen", condition_english(watched.reopen_condition, self.currency)),
        )
        width = max(cells(name) for name, _, _ in rows)
        for name, key, text in rows:
            self.sheet.row(name, width, text, attrs.evolve(watched.origin, path=(*watched.origin.path, key)))

    def stories(self) -> None:
        for story in self.case.stories:
            self.sheet.row("-", 1, story.name, story.origin)


def opening_hours(calendar: Calendar) -> list[tuple[str, str]]:
    """
    Return the business hours, days alike together.

    >>> opening_hours(Calendar("UTC", {0: ((540, 1020),), 1: ((540, 1020),), 5: ((600, 720),)}, frozenset()))
    [('Monday and Tuesday', '09:00-17:00'), ('Saturday', '10:00-12:00')]
    """
    found: list[tuple[str, str]] = []
    spans = [calendar.hours.get(day, ()) for day in range(7)]
    for hours, group in groupby(range(7), key=lambda day: spans[day]):
        days = [WEEKDAYS[day].capitalize() for day in group]
        if hours:
            name = listed(days, "and") if len(days) < 3 else f"{days[0]} to {days[-1]}"
            found.append((name, ", ".join(f"{_time(start)}-{_time(end)}" for start, end in hours)))
    return found


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def type_english(field: Fact) -> str:
    """Return what a field of an event may be."""
    type_: Type = field.type
    return listed([spaced(word) for word in type_.words], "or") if type_.words else _TYPES.get(type_.kind, type_.kind)


_TYPES: Final = {"boolean": "yes or no", "number": "a number", "integer": "a whole number", "list": "texts"}


def counted_replies(most: int) -> str:
    """Return a number of replies."""
    return "one reply" if most == 1 else f"{most:,} replies"


def step_english(step: Step, currency: str) -> str:
    """Return what a step of a plan is, by when, and on which conditions."""
    told = [step.title] if step.title else []
    told += [f"within {duration_text(step.within)}"] if step.within is not None else []
    if step.condition != ALWAYS_HOLDS:
        told += [f"{label.lower()} {text}" for label, text in condition_lines(step.condition, currency)]
    are = "is" if len(step.needs) == 1 else "are"
    told += [f"once {listed(step.needs, 'and')} {are} done"] if step.needs else []
    return "; ".join(told)


def element_english(element: Element, currency: str) -> str:
    """Return one event of a pattern in words."""
    kind = f"the pattern {spaced(element.pattern)}" if element.pattern else spaced(element.kind)
    parts = [f"no {kind} for {duration_text(element.absent_for)}" if element.absent_for is not None else kind]
    if element.alias:
        parts[0] += f" (called `{element.alias}`)"
    if element.count > 1:
        parts.append(f"{element.count:,} times")
    if element.distinct:
        parts.append(f"each with another {spaced(element.distinct)}")
    if element.condition != ALWAYS_HOLDS:
        parts.append(f"where {condition_english(of_aliases(element.condition), currency)}")
    return ", ".join(parts)


def of_aliases(part: Any) -> Any:
    """
    Return a condition or an expression over events, `first.author` called the author of `first`.

    >>> of_aliases(Known("first.author")).fact
    'the author of `first`'
    """
    match part:
        case FactRef(name):
            return attrs.evolve(part, name=_of_alias(name))
        case Known(name):
            return Known(_of_alias(name))
        case tuple():
            return tuple(of_aliases(item) for item in part)
        case _ if attrs.has(type(part)) and not isinstance(part, Type):
            fields = {field.name: of_aliases(getattr(part, field.name)) for field in attrs.fields(type(part))}
            return attrs.evolve(part, **fields)
        case _:
            return part


def _of_alias(name: str) -> str:
    alias, _, field = name.rpartition(".")
    return f"the {spaced(field)} of `{alias}`" if alias else name
