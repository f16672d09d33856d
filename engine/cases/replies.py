"""Drafts of replies, held against the policy: how long, how many, how soon, and what they must not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import attrs

from ...rules.case_tree import Ban, Replies
from ...rules.describe import counted
from ...rules.moments import moment_of
from ...rules.patterns import Pattern, compiled
from ...rules.quantities import duration_text
from .business_time import deadline
from .drafts import Draft, plain_phrase
from .event import Event
from .foresight import forbidden_by
from .progress import Progress

Problem: TypeAlias = Literal["too-long", "too-many", "too-soon", "forbidden", "closed", "walked-away", "never-now"]

#: The longest draft that is looked at, in characters.
LONGEST: Final = 100_000


@attrs.frozen
class Objection:
    """
    Why a draft should not be sent as it is.

    *start* and *end* are the characters that it is about, None where it is about the whole; *instead* is what may be written.
    """

    problem: Problem
    message: str
    because: str = ""
    instead: str = ""
    start: int | None = None
    end: int | None = None
    ban: str = ""


def check_reply(progress: Progress, text: str, at: int) -> tuple[Objection, ...]:
    """Return everything that speaks against sending *text* at a moment, what is about the whole first, then by place."""
    rules = progress.tree.case.replies
    sending = Event(0, at, "message_sent", {"text": text})
    found = [
        *_on_the_case(progress),
        *_never_now(progress, sending),
        *(_limits(progress, rules, text, at) if rules is not None else ()),
    ]
    drafts = (Draft.written(text[:LONGEST]), Draft.plain(text[:LONGEST]))
    spans = [objection for ban in (rules.bans if rules is not None else ()) for objection in _spans(ban, text, *drafts)]
    return (*found, *sorted(spans, key=lambda objection: (objection.start or 0, objection.end or 0)))


def _on_the_case(progress: Progress) -> Iterator[Objection]:
    if progress.status == "closed":
        yield Objection("closed", "the case is closed", instead="reopen it first, or leave it at that")
    elif progress.status == "monitored":
        yield Objection("walked-away", "we have walked away, and only watch", instead="say nothing")


def _never_now(progress: Progress, sending: Event) -> Iterator[Objection]:
    for pattern in forbidden_by(progress, sending):
        yield Objection(
            "never-now",
            f"sending it now must not happen: {pattern.title or pattern.id}",
            pattern.because,
            ban=pattern.id,
        )


def _limits(progress: Progress, rules: Replies, text: str, at: int) -> Iterator[Objection]:
    if rules.longest is not None and len(text) > rules.longest:
        over = counted(len(text) - rules.longest, "character")
        yield Objection(
            "too-long",
            f"it is {over} too long: {len(text):,} of at most {rules.longest:,}",
            instead="say one thing, and stop",
            start=rules.longest,
            end=len(text),
        )
    elif len(text) > LONGEST:
        message = f"only its first {LONGEST:,} characters were read"
        yield Objection("too-long", message, instead="say one thing, and stop", start=LONGEST, end=len(text))
    sent = progress.facts.replies_sent
    if rules.most is not None and sent >= rules.most:
        yield Objection("too-many", f"we have replied {sent} times already, and stop at {rules.most}")
    last = progress.facts.last_reply_at
    if rules.cool_off is not None and last is not None:
        free = deadline(last, rules.cool_off)
        if free is not None and at < free:
            wait = duration_text(rules.cool_off)
            yield Objection(
                "too-soon", f"we wait {wait} between two replies: until {moment_of(free):%Y-%m-%d %H:%M} UTC"
            )


def _spans(ban: Ban, text: str, written: Draft, plain: Draft) -> Iterator[Objection]:
    """Yield each place where a draft says what it must not, places of one ban that overlap as one."""
    found = {span for phrase in ban.phrases for span in plain.found(_phrase(phrase), 1)}
    for draft in (written,) if written.text == plain.text else (written, plain):
        found |= {span for pattern in ban.patterns for span in draft.found(compiled(pattern))}
    end = -1
    for start, stop in sorted(found):
        if start < end:
            continue
        end = stop
        said = " ".join(text[start:stop].split())
        message = f"“{said}” is not for us to say"
        yield Objection("forbidden", message, ban.because, ban.instead, start, stop, ban.id)


@lru_cache(maxsize=1_024)
def _phrase(phrase: str) -> Pattern:
    """Return a pattern for words in a row: any case, any blanks between them, no letters around them."""
    words = r"\s+".join(map(re.escape, plain_phrase(phrase).split()))
    return compiled(rf"(?i)(?:^|[^\pL\pN])({words})(?:$|[^\pL\pM\pN])")
