"""The kinds of events that every case knows, with the fields that an event of each may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .case_tree import EventKind
from .incident import ABUSE, CHANNEL
from .types import BOOLEAN, DURATION, INTEGER, LIST, MONEY, TEXT, Fact, Type


def _field(name: str, type_: Type, about: str) -> Fact:
    low = 0 if type_.is_ordered else None
    return Fact(name, type_, about, low=low, unit="hours" if type_ == DURATION else "", built_in=True)


def _kind(id_: str, about: str, *fields: Fact, by_engine: bool = False) -> EventKind:
    title = id_.replace("_", " ").capitalize()
    return EventKind(id_, title, about, {field.name: field for field in fields}, built_in=True, by_engine=by_engine)


_AUTHOR = _field("author", TEXT, "who wrote it")
_TEXT = _field("text", TEXT, "what it says")
_CHANNEL = _field("channel", CHANNEL, "where it was written or said")
_OFFER = _field("offer", TEXT, "a name for the offer")
_PROMISE = _field("promise", TEXT, "a name for the promise")
_STEP = _field("step", TEXT, "what was done, by the name that the plan gives it")
_DUTY = _field("duty", TEXT, "the obligation, by its id")
_REASON = _field("reason", TEXT, "why")

#: Every built-in kind by its id. An event of the kind `fact_learned` or `case_opened` also has `facts`.
EVENT_KINDS: Final[Mapping[str, EventKind]] = {
    kind.id: kind
    for kind in (
        _kind(
            "message_received",
            "the customer wrote or said something to us",
            _AUTHOR,
            _CHANNEL,
            _TEXT,
            _field("abuse", ABUSE, "how it treats our people"),
        ),
        _kind("message_sent", "we wrote or said something to the customer", _AUTHOR, _CHANNEL, _TEXT),
        _kind(
            "post_seen",
            "a public post was seen, for the first time or again",
            _field("post", TEXT, "the post, by its address or a name"),
            _AUTHOR,
            _TEXT,
            _field("views", INTEGER, "times it was seen so far"),
            _field("shares", INTEGER, "times it was passed on so far"),
            _field("press", BOOLEAN, "whether it is a journalist's"),
        ),
        _kind("step_done", "a step of a plan was taken", _STEP, _field("by", TEXT, "who took it")),
        _kind(
            "promise_made",
            "we promised the customer something",
            _PROMISE,
            _TEXT,
            _field("within", DURATION, "by when it is to be kept"),
        ),
        _kind("promise_kept", "a promise was kept", _PROMISE),
        _kind("promise_broken", "a promise was not kept in time", _PROMISE, by_engine=True),
        _kind(
            "offer_made",
            "we offered the customer something",
            _OFFER,
            _TEXT,
            _field("worth", MONEY, "what it is worth"),
        ),
        _kind("offer_accepted", "the customer took an offer", _OFFER),
        _kind("offer_declined", "the customer turned an offer down", _OFFER),
        _kind("fact_learned", "facts of the incident became known, or changed"),
        _kind(
            "evidence_added",
            "evidence was put on file",
            _field("evidence", TEXT, "what it is, or where it is kept"),
            _TEXT,
        ),
        _kind(
            "insurer_notified",
            "the insurer was told",
            _field("insurer", TEXT, "which insurer"),
            _field("reference", TEXT, "the insurer's reference"),
            _field("lines", LIST, "the lines of insurance concerned"),
        ),
        _kind("payment_made", "money was paid to the customer", _field("amount", MONEY, "how much"), _TEXT),
        _kind("statement_published", "we said something in public", _CHANNEL, _TEXT),
        _kind("duty_done", "a duty was discharged", _DUTY, _field("by", TEXT, "who did it")),
        _kind("duty_breached", "a duty was not discharged in time", _DUTY, by_engine=True),
        _kind("step_missed", "a step of a plan was not taken in time", _STEP, by_engine=True),
        _kind("case_opened", "the case began"),
        _kind("case_closed", "the case was closed", _REASON),
        _kind("case_reopened", "the case was opened again", _REASON),
        _kind(
            "data_erased",
            "personal data were erased from the case on request",
            _field("events", LIST, "the events whose fields were removed, by their numbers, such as 1-3 and 5"),
            _field("whole", BOOLEAN, "whether it was the whole case, which then owes nothing and is closed"),
            _REASON,
            by_engine=True,
        ),
    )
}
#: What a pattern's match is to the patterns that ask for it: an event of this kind, never recorded.
MATCHED: Final = _kind(
    "pattern_matched",
    "a pattern found what it looks for",
    _field("pattern", TEXT, "the pattern, by its id"),
    by_engine=True,
)
