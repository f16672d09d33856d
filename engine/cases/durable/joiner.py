"""
The correlator on durable_rules.

The plain correlator keeps the events, decides what each may be, and answers whatever the engine is not asked: patterns that it does
not do soundly, cases with values or numbers of events beyond its limits, and all of them while the worker is away. What the engine
finds is checked before it is believed. So a worker that crashes, hangs or talks nonsense costs time, and changes no answer.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from types import TracebackType
from typing import Final, Self, TypeAlias

from ....rules.case_tree import Pattern
from ..joining import Join, Seen
from ..plain import Plain
from .compile import compile_patterns
from .process import Away, Failed, Worker
from .session import Session

#: The most sessions that the engine may hold at once, and how many it does unless told otherwise: each takes some 220 KB. The
#: least recently used makes room, and is rebuilt when it is needed.
MOST_SESSIONS: Final = 1_000
USUAL_SESSIONS: Final = 250
#: How often a worker may fail over a case, or refuse it, before the plain correlator has that case for good.
MOST_STRIKES: Final = 3

#: Rows that may wait in a session until something is asked.
MOST_PENDING: Final = 200
#: A session is made anew when it has this many messages more than twice those that it began with.
FEWEST: Final = 256
#: Seconds that compiling a set of rules may take.
DEFINING: Final = 10.0

Found: TypeAlias = dict[int, tuple[Seen, ...] | None]
_numbers = itertools.count(1)


class Durable:
    """
    A correlator that joins on durable_rules, in a worker process, what is sound there, and the rest in plain Python.

    Several may share a *worker*. One that makes its own is closed with `close`, or by leaving its `with` block.
    """

    def __init__(
        self, patterns: Iterable[Pattern], *, worker: Worker | None = None, most_sessions: int = USUAL_SESSIONS
    ) -> None:
        self.plain = Plain(patterns)
        self.worker = worker or Worker()
        self.answered: Counter[str] = Counter()
        self._owns = worker is None
        self._compiled = compile_patterns(self.plain.outlines)
        self._ids = {outline.pattern.id: index for index, outline in enumerate(self.plain.outlines)}
        self._ruleset = f"p{next(_numbers)}"
        self._defined = 0
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._most = min(most_sessions, MOST_SESSIONS)
        self._sids = itertools.count(1)
        self._free: list[str] = []
        self._closing: list[str] = []
        self._strikes: Counter[str] = Counter()

    @property
    def reasons(self) -> Mapping[str, str]:
        """Why the plain correlator does a pattern, for each that it does, by its id."""
        reasons = {pattern: self.why_not(pattern) for pattern in self._ids}
        return {pattern: reason for pattern, reason in reasons.items() if reason}

    def why_not(self, pattern: str) -> str:
        """Return why the plain correlator does a pattern, by its id; empty where the engine does."""
        return self._compiled.reasons.get(self._ids[pattern], "") or self.worker.missing

    def add(self, case: str, event: Seen) -> list[Join]:
        """Take the next event of a case and return what it completes."""
        admitted = self.plain.keep(case, event)
        found = self._asked(case, event, admitted) if admitted else {}
        joins: list[Join] = []
        for index, parts in admitted.items():
            outline = self.plain.outlines[index]
            if len(outline.parts) - 1 not in parts:
                continue
            self.answered["engine" if index in found else "plain"] += 1
            events = found[index] if index in found else self.plain.join(case, index, event)
            if events is not None:
                joins.append(Join(outline.pattern.id, events))
        return joins

    def drop(self, case: str) -> None:
        """Forget a case."""
        self.plain.drop(case)
        with self.worker.lock:
            self._strikes.pop(case, None)
            self._end(case)

    def close(self) -> None:
        """End the worker, if it is this correlator's own; asked again, it starts another one."""
        if self._owns:
            self.worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- the worker

    def _asked(self, case: str, event: Seen, admitted: Mapping[int, list[int]]) -> Found:
        """Return what the engine finds for each pattern that it does; nothing where it is away."""
        if self._strikes[case] >= MOST_STRIKES or not self._compiled.ruled.keys() & admitted.keys():
            return {}
        with self.worker.lock:
            try:
                found = self._found(case, event, admitted)
                self._strikes.pop(case, None)
            except Failed:
                self._strikes[case] += 1
            except Away:
                pass
            else:
                return found
        return {}

    def _found(self, case: str, event: Seen, admitted: Mapping[int, list[int]]) -> Found:
        self._define()
        session = self._sessions.get(case) or self._made(case, event)
        self._sessions.move_to_end(case)
        for index in filter(session.on, admitted):
            session.check_partial(index, map(len, self.plain.rows(case, index)))
        row = session.row(event, admitted)
        if row is not None:
            session.pending.append(row)
        wanted = [index for index in filter(session.on, admitted) if self._last(index) in admitted[index]]
        if not wanted and len(session.pending) < MOST_PENDING:
            return {}
        if row is None:
            return dict.fromkeys(wanted)  # because it may be part of nothing that the engine joins
        answer = self._sent(session)
        if session.count >= session.limit:
            self._end(case)
        return {index: self._tuple(case, index, event, answer.get(f"r{index}")) for index in wanted}

    def _sent(self, session: Session) -> Mapping[str, list[int]]:
        """Send what is pending, and return what the last of it completes."""
        closing, rows = self._closing, session.pending
        request = {"ruleset": self._ruleset, "sid": session.sid, "close": closing, "rows": rows}
        patience = self.worker.patience + len(rows) / 1_000
        answer = self.worker.ask({**request, "open": not session.is_open}, patience=patience)
        self._free += closing
        self._closing, session.pending, session.is_open = [], [], True
        return answer if isinstance(answer, dict) else {}

    def _define(self) -> None:
        """Have the rules defined in the worker's current process."""
        generation = self.worker.current()
        if self._defined != generation:
            self._sessions.clear()
            self._sids, self._free, self._closing = itertools.count(1), [], []
            self.worker.ask({"ruleset": self._ruleset, "rules": self._compiled.rules}, patience=DEFINING)
            self._defined = generation

    # -- sessions

    def _made(self, case: str, event: Seen) -> Session:
        """Make a session of a case from the events that are kept, those before *event*."""
        if len(self._sessions) >= self._most:
            self._end(next(iter(self._sessions)))
        before = self._kept(case, event)
        sid = self._free.pop() if self._free else str(next(self._sids))
        base = before[0][0].at if before else event.at
        session = self._sessions[case] = Session(self._compiled, sid, base, limit=2 * len(before) + FEWEST)
        for index in self._compiled.ruled:
            session.check_partial(index, map(len, self.plain.rows(case, index)))
        rows = (session.row(earlier, parts) for earlier, parts in before)
        session.pending = [row for row in rows if row is not None]
        return session

    def _kept(self, case: str, event: Seen) -> list[tuple[Seen, dict[int, list[int]]]]:
        """Return the events before *event* that any pattern of the engine still wants, with the parts that admit each."""
        found: dict[int, tuple[Seen, dict[int, list[int]]]] = {}
        for index in self._compiled.ruled:
            for part, row in enumerate(self.plain.rows(case, index)):
                for earlier in row:
                    if earlier.order < event.order:
                        found.setdefault(earlier.order, (earlier, {}))[1].setdefault(index, []).append(part)
        return [found[order] for order in sorted(found)]

    def _end(self, case: str) -> None:
        """End a session; the worker is told with the next question."""
        session = self._sessions.pop(case, None)
        if session is not None and session.is_open:
            self._closing.append(session.sid)
        elif session is not None:
            self._free.append(session.sid)

    # -- answers

    def _last(self, index: int) -> int:
        return len(self.plain.outlines[index].parts) - 1

    def _tuple(self, case: str, index: int, event: Seen, orders: object) -> tuple[Seen, ...] | None:
        """
        Return the events that the engine names, after checking that they are a match.

        Raises:
            Failed: If they are none.
        """
        if orders is None:
            return None
        outline = self.plain.outlines[index]
        seats = [part for part, ready in enumerate(outline.parts) for _ in range(ready.element.count)]
        named = orders if isinstance(orders, list) and len(orders) == len(seats) else []
        rows = self.plain.rows(case, index)
        events = [_at(rows[part], order) for part, order in zip(seats, named, strict=False)]
        found = tuple(event for event in events if event is not None)
        if len(found) < len(seats) or found[-1] != event or not outline.is_met(found):
            raise self.worker.failed("garbled: a match that is none")
        return found


def _at(row: Sequence[Seen], order: object) -> Seen | None:
    """Return the event of an order in a row."""
    if not isinstance(order, int):
        return None
    at = bisect_left(row, order, key=attrgetter("order"))
    return row[at] if at < len(row) and row[at].order == order else None
