"""A policy with a candidate in its shadow: the live answer as ever, and beside it what the candidate would have said."""

from __future__ import annotations

import datetime as dt
import os
import random
import weakref
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ..policy import Decision, Policy
from .comparer import Comparer, Source, policy_of
from .counts import Counts, Tally
from .difference import ASPECTS, Aspect
from .pump import Pump
from .sinks import JsonLines, Sink

#: Seconds for which a program that ends without closing its shadows waits for them.
_AT_EXIT: Final = 1.0


class Shadow:
    """
    Decides by *live* and lets *candidate* decide the same beside it, to see where they part before anybody is treated otherwise.

    `decide` is the live policy's: the same answer, the same errors, at once. The candidate and the sink run in a thread behind a
    queue of *capacity* decisions; what finds it full is dropped and counted. With `inline` the candidate decides in the caller's
    thread, which is cheaper in all but adds its time to the answer; the sink still has the thread. Nothing that either of them
    raises, and no time that they take in the thread, reaches the caller.

    *sink* is called with each `Difference`, or is the path of a file of JSON lines. *rate* is the share of decisions that are
    compared, *aspects* what they are compared in, *examples* of how many kinds of differences the counts keep one. Facts go into
    differences only where *keep_facts* says so, all or by name: they may be about people. The candidate decides as if it were
    in force; facts that it does not know are left out and counted.

    Safe to share among threads; after a fork, the child begins with counts of its own. `close` it, or use it in `with`.

    >>> with Shadow(Policy.load("house"), Policy.load("de-escalation")) as shadow:
    ...     shadow.decide({"abuse": "violent", "fault": "customer", "verified": True}).walk_away.outcome
    'ban'
    >>> print(shadow.counts)
    1 asked, 0 same, 1 different
    """

    def __init__(
        self,
        live: Source,
        candidate: Source,
        *,
        sink: Sink | str | Path | None = None,
        rate: float = 1.0,
        inline: bool = False,
        capacity: int = 10_000,
        aspects: Iterable[Aspect] = ASPECTS,
        keep_facts: bool | Collection[str] = False,
        examples: int = 20,
    ) -> None:
        asked = _checked(rate, capacity, tuple(aspects))
        self.live, self.candidate, self.rate = live, candidate, rate
        self._tally = Tally(examples)
        kept = () if keep_facts is False else None if keep_facts is True else frozenset(keep_facts)
        tell = JsonLines(sink) if isinstance(sink, str | Path) else sink
        self._comparer = comparer = Comparer(candidate, self._tally, asked, kept, tell)
        self._inline = inline
        handle: Callable[[Any], None] = comparer.tell if inline else comparer.observe
        self._pump: Pump[Any] = Pump(handle, capacity, f"evenhand shadow {self.policy.id}")
        self._is_open = True
        # not the global one, whose numbers may be somebody's who has seeded it
        self._draw = random.Random().random  # noqa: S311 because it only picks samples
        self._at_exit = weakref.finalize(self, _give_up, self._pump, self._tally, inline)
        _shadows.add(self)

    @property
    def policy(self) -> Policy:
        """The live policy."""
        return policy_of(self.live)

    @property
    def counts(self) -> Counts:
        """What was seen so far."""
        return self._tally.counts()

    def decide(self, facts: object, *, as_of: dt.date | None = None) -> Decision:
        """
        Decide what an incident calls for, by the live policy.

        Raises:
            FactError: If a fact is unknown, of the wrong type or out of its range; all of them at once. Nothing is compared then.
        """
        decision = self.live.decide(facts, as_of=as_of)
        count = self._tally.count
        if self.rate < 1 and self._draw() >= self.rate:
            count("asked", "skipped")
            return decision
        count("asked")
        if not self._is_open:
            count("dropped")
        elif self._inline:
            difference = self._comparer.compared(decision)
            if difference is not None and self._comparer.sink is not None and not self._pump.put(difference):
                count("sink_dropped")
        elif not self._pump.put(decision):
            count("dropped")
        return decision

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all that was decided so far is compared and told, and say whether that was within *timeout* seconds."""
        return self._pump.flush(timeout)

    def close(self, timeout: float = 5.0) -> bool:
        """
        Compare what waits, and end the thread; `decide` goes on answering, and compares nothing more.

        Returns whether all was done within *timeout* seconds; what was not is dropped and counted.
        """
        self._is_open = False
        self._at_exit.detach()
        return _give_up(self._pump, self._tally, self._inline, timeout=timeout)

    def _renew(self) -> None:
        """Begin anew in the child of a fork, which has none of the parent's threads."""
        self._tally.renew()
        self._pump.renew()
        self._draw = random.Random().random  # noqa: S311 because it only picks samples

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Shadow({self.live!r}, {self.candidate!r}, rate={self.rate})"


def _give_up(pump: Pump[Any], tally: Tally, inline: bool, *, timeout: float = _AT_EXIT) -> bool:  # noqa: FBT001 because finalizers take no keywords
    left = pump.close(timeout)
    if left:
        tally.count("sink_dropped" if inline else "dropped", by=left)
    return not left


def _checked(rate: float, capacity: int, aspects: tuple[Aspect, ...]) -> frozenset[Aspect]:
    """
    Return what is compared.

    Raises:
        ValueError: If nothing is, or the rate is no share, or nothing may wait.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"a rate is between 0 and 1, not {rate}")
    if capacity < 1:
        raise ValueError(f"a queue has room for at least one decision, not for {capacity}")
    unknown = [aspect for aspect in aspects if aspect not in ASPECTS]
    if unknown or not aspects:
        raise ValueError(f"aspects are some of {', '.join(ASPECTS)}, not {', '.join(unknown) or 'none'}")
    return frozenset(aspects)


_shadows: weakref.WeakSet[Shadow] = weakref.WeakSet()


def _renew_all() -> None:
    for shadow in list(_shadows):
        shadow._renew()  # noqa: SLF001 because nobody else is to call it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
