"""The facts of a case, folded from its log: what was said, what patterns taught, and what is counted from the events."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import attrs

from ...rules.given import Knowledge
from ...rules.incident import ABUSE
from ...rules.regions import Words
from ...rules.types import LARGEST, Fact, Value, ratio
from .correlate import Happened, Match
from .promises import Promises

_HOUR: Final = 3_600_000


@attrs.define
class _Post:
    """A public post as it was last seen."""

    views: int = 0
    shares: int = 0


@attrs.define
class Folding:
    """
    What a case knows while its log is read; *vocabulary* are the facts of the policy.

    A fact that is counted from events starts from what was stated about it. Everything else is as it was said last.
    """

    vocabulary: Mapping[str, Fact]
    opened_at: int = 0
    _stated: dict[str, tuple[Knowledge, int]] = attrs.field(factory=dict)
    _replies: int = 0
    _declined: int = 0
    _steps: dict[str, None] = attrs.field(factory=dict)
    _posts: dict[str, _Post] = attrs.field(factory=dict)
    #: Over all posts, each as it was last seen.
    _all_posts: _Post = attrs.field(factory=_Post)
    #: The views of all posts together as they were seen the last two times, with the moments.
    _sightings: list[tuple[int, int]] = attrs.field(factory=list)
    _press: bool = False
    promises: Promises = attrs.field(factory=Promises)
    _heard_at: int | None = None
    _sent_at: int | None = None
    _worst: int = -1
    #: What is known, but for the lengths of time that grow by themselves; None where it is to be made anew.
    _kept: dict[str, Knowledge] | None = None
    _done: tuple[str, ...] | None = None

    @property
    def steps_done(self) -> tuple[str, ...]:
        """The steps taken so far, those stated at the beginning included."""
        if self._done is None:
            stated = self._value("exchange.steps_done")
            self._done = tuple(dict.fromkeys([*(stated if isinstance(stated, tuple) else ()), *self._steps]))
        return self._done

    @property
    def replies_sent(self) -> int:
        """How many replies we sent."""
        return self._replies + self._number("exchange.replies_sent")

    @property
    def last_reply_at(self) -> int | None:
        """When we last wrote, in milliseconds since 1970."""
        return self._sent_at

    def learn(self, facts: Mapping[str, Knowledge], at: int) -> None:
        """Take in facts as they were stated at a moment."""
        self._stated.update((name, (value, at)) for name, value in facts.items())
        self._kept = self._done = None

    def matched(self, match: Match) -> None:
        """Take in what a pattern teaches."""
        self.learn(match.facts, match.at)

    def happened(self, event: Happened) -> None:
        """Take in an event."""
        self._kept = None
        match event.kind:
            case "message_received":
                self._message_received(event)
            case "message_sent":
                self._replies += 1
                self._sent_at = event.at
            case "post_seen":
                self._post_seen(event)
            case "step_done":
                self._steps.setdefault(str(event.fields.get("step", "")))
                self._done = None
            case "offer_declined":
                self._declined += 1
            case _:
                self.promises.happened(event)

    def forget_promises(self) -> None:
        """Forget every promise, where nobody knows any more what was promised."""
        self.promises, self._kept = Promises(), None

    def known(self, at: int) -> dict[str, Knowledge]:
        """Return the facts of the case at a moment, those that the policy does not know left out."""
        if self._kept is None:
            found: dict[str, Knowledge] = {name: value for name, (value, _) in self._stated.items()}
            found.update(self._counted())
            self._kept = {name: value for name, value in found.items() if name in self.vocabulary}
        known = dict(self._kept)
        for name, start in (
            ("exchange.hours_open", self.opened_at),
            ("exchange.hours_since_contact", self._heard_at or self.opened_at),
        ):
            if name in known:
                known[name] = self._since(name, start, at)
        return known

    # -- from single kinds of events

    def _message_received(self, event: Happened) -> None:
        self._heard_at = event.at
        abuse = event.fields.get("abuse")
        if isinstance(abuse, str):
            self._worst = max(self._worst, ABUSE.words.index(abuse))

    def _post_seen(self, event: Happened) -> None:
        name = str(event.fields.get("post", event.fields.get("author", "")))
        post = self._posts.setdefault(name, _Post())
        views, shares = (event.fields.get(field) for field in ("views", "shares"))
        if isinstance(views, int):
            self._all_posts.views += views - post.views
            post.views = views
        if isinstance(shares, int):
            self._all_posts.shares += shares - post.shares
            post.shares = shares
        self._press = self._press or bool(event.fields.get("press", False))
        if "views" in event.fields:
            if self._sightings and self._sightings[-1][0] == event.at:
                self._sightings.pop()
            self._sightings = [*self._sightings[-1:], (event.at, self._all_posts.views)]

    # -- counted

    def _counted(self) -> dict[str, Knowledge]:
        found: dict[str, Knowledge] = {
            "exchange.replies_sent": self.replies_sent,
            "exchange.offers_declined": self._declined + self._number("exchange.offers_declined"),
            "exchange.hours_open": 0,  # these two grow by themselves
            "exchange.hours_since_contact": 0,
            "exchange.promises_open": self._number("exchange.promises_open") + self.promises.open,
            "exchange.promises_broken": self._number("exchange.promises_broken") + self.promises.broken,
            "exchange.steps_done": self.steps_done,
        }
        if self._posts:
            found["virality.views"] = min(max(self._all_posts.views, self._number("virality.views")), LARGEST)
            found["virality.shares"] = min(max(self._all_posts.shares, self._number("virality.shares")), LARGEST)
        if self._press:
            found["virality.press"] = True
        if len(self._sightings) == 2:
            (before, fewer), (then, more) = self._sightings
            found["virality.views_per_hour"] = min(max(more - fewer, 0) * _HOUR // (then - before), LARGEST)
        if self._worst >= 0:
            found["abuse"] = self._worst_abuse()
        return found

    def _value(self, name: str) -> Knowledge | None:
        return self._stated[name][0] if name in self._stated else None

    def _number(self, name: str) -> int:
        if name not in self._stated:
            return 0
        value, _ = self._stated[name]
        return value if isinstance(value, int) else 0

    def _since(self, name: str, start: int, at: int) -> Value:
        """Return the seconds since a moment; what was stated goes on from when it was, until an event says better."""
        if name in self._stated and not (name.endswith("contact") and self._heard_at is not None):
            value, then = self._stated[name]
            if isinstance(value, int | Fraction):
                return value + ratio(max(at - then, 0), 1000)
        return ratio(max(at - start, 0), 1000)

    def _worst_abuse(self) -> Knowledge:
        """Return the worst of what was stated and of what was written to us."""
        stated = self._value("abuse")
        if isinstance(stated, str):
            return ABUSE.words[max(self._worst, ABUSE.words.index(stated))]
        if isinstance(stated, Words):
            places = {max(self._worst, ABUSE.words.index(str(word))) for word in stated.words}
            words = frozenset(ABUSE.words[place] for place in places)
            return next(iter(words)) if len(words) == 1 else Words(words)
        return ABUSE.words[self._worst]
