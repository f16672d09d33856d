"""The ledger of a case: what is owed, by when, and what became of it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Final, Literal, TypeAlias

import attrs

from ...rules.tree import PolicyTree
from .book import Book
from .business_time import deadline
from .correlate import Happened

Kind: TypeAlias = Literal["duty", "promise", "step"]
State: TypeAlias = Literal["open", "done", "breached", "withdrawn"]

#: The event that says that something was not done in time, and the field that names it, by what is owed.
BREACHES: Final[Mapping[Kind, tuple[str, str]]] = {
    "duty": ("duty_breached", "duty"),
    "promise": ("promise_broken", "promise"),
    "step": ("step_missed", "step"),
}


@attrs.frozen
class Owed:
    """
    One thing that is owed: a duty, a promise, or a step of a plan.

    Moments are milliseconds since 1970 in UTC; *due_at* is None where there is no deadline. What was breached may still be done:
    then *closed_at* says when, and it stays breached. What is *withdrawn* is owed no longer, because the policy certainly does not
    ask for it any more. *closed_by* is the number of the event that closed it, None where time alone did; *times* counts how often
    it came up.
    """

    kind: Kind
    id: str
    title: str
    by: str
    opened_at: int
    due_at: int | None
    state: State = "open"
    closed_at: int | None = None
    closed_by: int | None = None
    times: int = 1

    @property
    def waits_for(self) -> int | None:
        """When it has to be done, while it is open."""
        return self.due_at if self.state == "open" else None

    def is_overdue(self, now: int) -> bool:
        """Whether it is open and its time is up."""
        return self.waits_for is not None and self.waits_for < now


class Ledger:
    """
    What is owed in one case, in the order in which it came up.

    *book* has the entries by kind and id, and every change that was ever made to them.
    """

    def __init__(self, tree: PolicyTree) -> None:
        self._tree = tree
        self.book: Book[tuple[Kind, str], Owed] = Book()
        self._open: dict[Kind, dict[str, Owed]] = {"duty": {}, "promise": {}, "step": {}}
        #: What is open and has a deadline, with that and its place, the earliest first.
        self._due: list[tuple[int, int, Owed]] = []

    def __iter__(self) -> Iterator[Owed]:
        return iter(self.book.entries.values())

    def get(self, kind: Kind, id_: str) -> Owed | None:
        """Return an entry, None where there is none."""
        return self.book.entries.get((kind, id_))

    @property
    def first_due(self) -> int | None:
        """The first moment at which something is due that is open."""
        return self._due[0][0] if self._due else None

    @property
    def deadlines(self) -> tuple[int, ...]:
        """All such moments, in order."""
        return tuple(dict.fromkeys(due_at for due_at, _, _ in self._due))

    def due_at(self, moment: int) -> list[Owed]:
        """Return what is open and is due at a moment."""
        first, end = bisect_left(self._due, (moment,)), bisect_left(self._due, (moment + 1,))
        return [entry for _, _, entry in self._due[first:end]]

    def clear(self) -> None:
        """Forget everything that is or was owed."""
        self.book.clear()
        self._due.clear()
        for entries in self._open.values():
            entries.clear()

    def _put(self, entry: Owed) -> None:
        name = entry.kind, entry.id
        earlier, place = self.book.entries.get(name), self.book.place(name)
        if earlier is not None and earlier.waits_for is not None:
            del self._due[bisect_left(self._due, (earlier.waits_for, place))]
        self._open[entry.kind].pop(entry.id, None)
        if entry.state == "open":
            self._open[entry.kind][entry.id] = entry
            if entry.due_at is not None:
                insort(self._due, (entry.due_at, place, entry))
        self.book.put(name, entry)

    def owe(self, duties: Iterable[str], at: int) -> None:
        """Open the duties of a decision; each is opened once in a case, and again only after it was withdrawn."""
        for id_ in duties:
            if self._is_settled("duty", id_):
                continue
            obligation, duty = self._tree.obligations[id_], self._tree.case.duties.get(id_)
            calendar = self._tree.case.calendar if duty is not None and duty.hours == "business" else None
            due = None if obligation.within is None else deadline(at, obligation.within, calendar)
            self._begin(Owed("duty", id_, obligation.title, obligation.by, at, due))

    def expect(self, step: str, due_at: int, at: int) -> None:
        """Open a step of a plan that has to be taken by a moment."""
        if not self._is_settled("step", step):
            self._begin(Owed("step", step, self._title(step), "", at, due_at))

    def withdraw(self, kind: Kind, standing: Container[str], at: int, by: int | None) -> None:
        """Withdraw what is open of a kind and not *standing* any more, for the event of the number *by*; lasting duties stand."""
        for entry in list(self._open[kind].values()):
            duty = self._tree.case.duties.get(entry.id) if kind == "duty" else None
            if not (duty is not None and duty.lasting) and entry.id not in standing:
                self._put(attrs.evolve(entry, state="withdrawn", closed_at=at, closed_by=by))

    def _is_settled(self, kind: Kind, id_: str) -> bool:
        """Whether something came up before, and need not come up again."""
        entry = self.book.entries.get((kind, id_))
        return entry is not None and entry.state != "withdrawn"

    def _begin(self, entry: Owed) -> None:
        earlier = self.book.entries.get((entry.kind, entry.id))
        if earlier is not None:
            entry = attrs.evolve(entry, times=earlier.times + 1)
        self._put(entry)

    def _title(self, step: str) -> str:
        titles = [found.title for plan in self._tree.case.plans.values() for found in plan.steps if found.do == step]
        return titles[-1] if titles else ""

    def happened(self, event: Happened, promise: str) -> None:
        """Take in an event: what it makes, discharges or breaches; *promise* is the one that it speaks of, if it speaks of one."""
        match event.kind:
            case "promise_made":
                self._promise(promise, event)
            case "promise_kept":
                self._close("promise", promise, event)
            case "promise_broken":
                self._breach("promise", promise, event.at)
            case "step_done":
                self._close("step", str(event.fields.get("step", "")), event)
            case "step_missed":
                self._breach("step", str(event.fields.get("step", "")), event.at)
            case "duty_done":
                self._close("duty", str(event.fields.get("duty", "")), event)
            case "duty_breached":
                self._breach("duty", str(event.fields.get("duty", "")), event.at)
        step = event.fields.get("step") if event.kind == "step_done" else None
        for id_, duty in self._tree.case.duties.items():
            if event.kind in duty.discharged_by or (step is not None and step in duty.discharged_by):
                self._close("duty", id_, event)

    def _promise(self, name: str, event: Happened) -> None:
        within = event.fields.get("within")
        due = None if within is None or isinstance(within, str | tuple) else deadline(event.at, within)
        title = str(event.fields.get("text", ""))
        self._begin(Owed("promise", name, title, "", event.at, due))

    def _close(self, kind: Kind, id_: str, event: Happened) -> None:
        entry = self.book.entries.get((kind, id_))
        if entry is not None and entry.closed_at is None:
            state: State = "breached" if entry.state == "breached" else "done"
            self._put(attrs.evolve(entry, state=state, closed_at=event.at, closed_by=event.seq))

    def _breach(self, kind: Kind, id_: str, at: int) -> None:
        entry = self.book.entries.get((kind, id_))
        if entry is not None and entry.state == "open" and (entry.due_at is None or entry.due_at <= at):
            self._put(attrs.evolve(entry, state="breached"))
