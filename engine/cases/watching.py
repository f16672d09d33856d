"""Whether a case is open, watched or closed: walking away means watching."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from ...rules.case_tree import Monitoring
from .business_time import deadline
from .event import Event
from .views import View

Status: TypeAlias = Literal["open", "monitored", "closed"]


class Watch:
    """
    Where a case stands, and what follows from that by itself: `happened` and then `settled` for each moment.

    A case is watched from the moment at which we walk away, and again when it is closed after it was opened again, as long as what
    is decided asks for it. A flare-up of a watched case reopens it, however late it is told. *until* is when watching ends.
    """

    def __init__(self, monitoring: Monitoring | None) -> None:
        self.status: Status = "open"
        self.until: int | None = None
        self._monitoring = monitoring
        self._walked_away = False
        #: The status after the last moment that was settled.
        self._before: Status = "open"
        #: When the case flared up while it was watched, where it was not opened again since.
        self._flared_at: int | None = None

    def happened(self, event: Event) -> None:
        """Take in an event that may close the case, or open it again."""
        if event.kind == "case_closed":
            self.status, self.until = "closed", None
        elif event.kind == "case_reopened":
            self.status, self.until, self._flared_at = "open", None, None

    def forget(self) -> None:
        """Close the case for good, because nobody knows any more what it was about."""
        self.status, self.until, self._flared_at = "closed", None, None

    def settled(self, view: View, at: int, event: Event | None) -> None:
        """Begin to watch the case where we walk away from it, or see that it flares up; what was so when watching began does not."""
        if self._monitoring is None:
            return
        walks_away = self.status == "open" and not self._walked_away
        is_left = event is not None and event.kind == "case_closed" and self._before == "open"
        if view.walks_away and (walks_away or is_left):
            self.status, self.until = "monitored", deadline(at, self._monitoring.length)
        elif view.flares_up and self.status == self._before == "monitored":
            self._flared_at = at
        self._walked_away, self._before = view.walks_away, self.status

    def following(self, last: int, now: int) -> Iterator[Event]:
        """Yield what follows by a moment: that the case is opened again, not before *last*, or the end of watching."""
        if self._flared_at is not None:
            if last <= now:
                yield Event(0, last, "case_reopened", {"reason": self._reason(last)})
        elif self.until is not None and self.until <= now:
            yield Event(0, self.until, "case_closed", {"reason": "nothing came while it was watched"})

    def alarms(self, last: int) -> list[int]:
        """Return the moments at which something may follow."""
        return [*([last] if self._flared_at is not None else []), *([self.until] if self.until is not None else [])]

    def _reason(self, last: int) -> str:
        assert self._monitoring is not None and self._flared_at is not None
        # Just after what time alone led to is no later than that.
        flares = (
            "it flares up"
            if self.status == "monitored" and last - self._flared_at <= 1
            else "it flared up while it was watched"
        )
        return f"{flares}: {self._monitoring.reopen_text}"
