"""The part of the checked policy that speaks of cases: event kinds, plans, patterns, replies, business hours, stories.

A `where` is a condition over the fields of one event, by their own names, and of the events named before it in the same
pattern, as `alias.field`; it is kept in normal form like every other condition, and a reading evaluates it over a mapping of
those names to canonical values. Beside each form stands the *condition* that it was made of, for those who tell it in words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal

import attrs

from .tree import ALWAYS_HOLDS, Condition, Expression, NormalForm, Origin
from .types import Fact, Number


@attrs.frozen
class EventKind:
    """
    A kind of event and its fields, each described like a fact.

    *by_engine* marks the kinds that only the engine records, such as a duty that was breached.
    """

    id: str
    title: str
    about: str
    fields: Mapping[str, Fact]
    built_in: bool = False
    by_engine: bool = False
    origin: Origin | None = None


@attrs.frozen
class Element:
    """
    One event of a pattern, or several alike.

    It matches *count* events of *kind* for which *where* holds, different in the field *distinct* if that is set. With
    *absent_for*, in seconds, it is the last element and means that no such event comes for so long after the one before.
    *pattern* names another pattern: then the event is that pattern's match. *refers* are the aliases that *where* speaks of.
    """

    alias: str
    kind: str
    where: NormalForm
    fields: Mapping[str, Fact]
    refers: tuple[str, ...] = ()
    count: int = 1
    distinct: str = ""
    absent_for: Number | None = None
    pattern: str = ""
    text: str = ""
    condition: Condition = ALWAYS_HOLDS


@attrs.frozen
class Pattern:
    """
    A correlation over the events of one case, and the facts that it teaches.

    *within* is the most seconds between the first and the last event; *when* is a condition over the facts of the case, asked
    when the last event comes. *learn* maps facts to expressions over `alias.field`. A *forbidden* pattern must never match.
    """

    id: str
    title: str
    elements: tuple[Element, ...]
    within: Number | None
    when: NormalForm
    learn: Mapping[str, Expression]
    because: str
    source: str
    origin: Origin
    condition: Condition = ALWAYS_HOLDS
    forbidden: bool = False


@attrs.frozen
class Step:
    """
    One step of a plan; *within* is seconds from when it became the next, *needs* are steps that must be done before.

    *brings* are the kinds of events that taking the step brings about, such as a payment.
    """

    do: str
    title: str
    within: Number | None
    condition: Condition
    form: NormalForm
    needs: tuple[str, ...]
    origin: Origin
    brings: tuple[str, ...] = ()


@attrs.frozen
class Plan:
    """Steps to be taken one after another, where the plan's own condition holds."""

    id: str
    title: str
    about: str
    form: NormalForm
    steps: tuple[Step, ...]
    origin: Origin
    condition: Condition = ALWAYS_HOLDS


@attrs.frozen
class Ban:
    """Words that a reply must not have, why, and what may be written instead."""

    id: str
    phrases: tuple[str, ...]
    patterns: tuple[str, ...]
    because: str
    instead: str
    origin: Origin
    source: str = ""


@attrs.frozen
class Replies:
    """How we may write: *longest* in characters, *most* replies before we stop, *cool_off* seconds between two."""

    longest: int | None
    most: int | None
    cool_off: Number | None
    bans: tuple[Ban, ...]
    origin: Origin


@attrs.frozen
class Calendar:
    """
    Business hours.

    *hours* has, for each weekday from Monday (0), the spans in which the business is open, in minutes after midnight of
    *time_zone*; *holidays* are days on which it is closed.
    """

    time_zone: str
    hours: Mapping[int, tuple[tuple[int, int], ...]]
    holidays: frozenset[dt.date]
    origin: Origin | None = None


@attrs.frozen
class Monitoring:
    """How a case is watched after we walked away: from when on (over outcomes), for how long, and what reopens it (over facts)."""

    when: NormalForm
    decisions: tuple[str, ...]
    length: Number
    reopen: NormalForm
    text: str
    reopen_text: str
    origin: Origin
    condition: Condition = ALWAYS_HOLDS
    reopen_condition: Condition = ALWAYS_HOLDS


@attrs.frozen
class Entry:
    """One line of a story: an event as written, when it happens after the story began, and what must hold then."""

    after: Number
    raw: Mapping[str, object]
    expect: Mapping[str, object]
    origin: Origin


@attrs.frozen
class Story:
    """A case as the owner tells it: the facts that it opens with, its events, and what must hold after each."""

    name: str
    opened: dt.datetime
    given: Mapping[str, object]
    entries: tuple[Entry, ...]
    expect: Mapping[str, object]
    origin: Origin


Hours = Literal["all", "business"]


@attrs.frozen
class Duty:
    """
    What cases need of an obligation besides its deadline.

    *hours* are those in which it runs; *discharged_by* are kinds of events, and steps of plans. One that is *lasting* is owed until
    it is done, even when the decision that brought it does not hold any more.
    """

    hours: Hours = "all"
    discharged_by: tuple[str, ...] = ()
    lasting: bool = False


@attrs.frozen
class CaseTree:
    """Everything that a policy says of cases. *duties* is by obligation id; *events* has the built-in kinds too."""

    events: Mapping[str, EventKind]
    plans: Mapping[str, Plan] = attrs.field(factory=dict)
    patterns: tuple[Pattern, ...] = ()
    replies: Replies | None = None
    calendar: Calendar | None = None
    monitoring: Monitoring | None = None
    duties: Mapping[str, Duty] = attrs.field(factory=dict)
    stories: tuple[Story, ...] = ()
    #: The facts, parameters and terms that patterns, plans, and watching speak of.
    spoken_of: frozenset[str] = frozenset()
