"""What a shadow has seen, in numbers: exact, bounded in memory, safe to count from any thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, TypeVar

import attrs

from ...rules.diagnostics import FactError
from ..notation import Json
from .difference import Aspect, Difference

#: How many different keys one table of counts has; what comes beyond is counted as one more, `OTHERS`.
MOST: Final = 1_000
OTHERS: Final = "others"

_Key = TypeVar("_Key")
#: What may become of a decision.
_Fate: TypeAlias = Literal["asked", "skipped", "dropped", "told", "sink_failed", "sink_dropped"]


@attrs.frozen
class Counts:
    """
    What a shadow has seen so far.

    Of the incidents *asked* for, *skipped* were left out by sampling, *dropped* found the queue full or the shadow closed,
    *refused* had facts that the candidate cannot read, on *failed* it raised something else, *same* and *different* were compared;
    those left are `waiting`. *reasons* says why some were refused or failed, *unknown_facts* which facts the candidate was not
    handed, since it does not know them.

    *aspects* counts what differs by decision, *outcomes* the pairs of outcomes, *duties* the duties that one policy brings and the
    other does not; *examples* has the first difference of each kind. *told* went to the sink, which raised on *sink_failed* and was
    too slow for *sink_dropped*. *apart* are the decisions that only one of the policies has.
    """

    asked: int = 0
    skipped: int = 0
    dropped: int = 0
    refused: int = 0
    failed: int = 0
    same: int = 0
    different: int = 0
    told: int = 0
    sink_failed: int = 0
    sink_dropped: int = 0
    reasons: Mapping[str, int] = attrs.field(factory=dict)
    unknown_facts: Mapping[str, int] = attrs.field(factory=dict)
    aspects: Mapping[tuple[str, Aspect], int] = attrs.field(factory=dict)
    outcomes: Mapping[tuple[str, str, str], int] = attrs.field(factory=dict)
    duties: Mapping[str, int] = attrs.field(factory=dict)
    examples: tuple[Difference, ...] = ()
    apart: tuple[str, ...] = ()

    @property
    def compared(self) -> int:
        """How many incidents both policies have decided."""
        return self.same + self.different

    @property
    def waiting(self) -> int:
        """How many incidents the candidate has still to decide."""
        return self.asked - self.skipped - self.dropped - self.refused - self.failed - self.compared

    def __str__(self) -> str:
        parts = [f"{self.asked:_} asked", f"{self.same:_} same", f"{self.different:_} different"]
        others = ("waiting", "skipped", "dropped", "refused", "failed", "sink_failed", "sink_dropped")
        parts += [f"{count:_} {name.replace('_', ' ')}" for name in others if (count := getattr(self, name))]
        return ", ".join(parts)


class Tally:
    """Counts in the making; keeps the first difference of up to *examples* kinds."""

    def __init__(self, examples: int) -> None:
        self._most = examples
        self.renew()

    def renew(self) -> None:
        """Begin anew, with a lock of its own: after a fork, since the thread that holds the old one is not there."""
        self._lock = threading.RLock()
        self._plain: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._aspects: Counter[tuple[str, Aspect]] = Counter()
        self._outcomes: Counter[tuple[str, str, str]] = Counter()
        self._duties: Counter[str] = Counter()
        self._examples: dict[object, Difference] = {}
        self._apart: tuple[str, ...] = ()

    def count(self, *fates: _Fate, by: int = 1) -> None:
        """Count what came about, at once."""
        with self._lock:
            for fate in fates:
                self._plain[fate] += by

    def compared(self, difference: Difference | None, unknown: tuple[str, ...], apart: tuple[str, ...]) -> None:
        """Count an incident that both have decided."""
        with self._lock:
            self._apart = apart
            for name in unknown:
                self._unknown[name] += 1
            if difference is None:
                self._plain["same"] += 1
                return
            self._plain["different"] += 1
            self._add(difference)

    def _add(self, difference: Difference) -> None:
        for change in difference.changes:
            for aspect in change.what:
                self._aspects[change.decision, aspect] += 1
            if "outcome" in change.what:
                pair = _told(change.live.outcome), _told(change.candidate.outcome)
                _bump(self._outcomes, (change.decision, *pair), (change.decision, OTHERS, OTHERS))
        for duty in difference.duties:
            self._duties[duty.duty] += 1
        if len(self._examples) < self._most:
            self._examples.setdefault(difference.kind, difference)

    def broke(self, error: BaseException) -> None:
        """Count an incident that the candidate could not decide; of the error only its kind, for its text may have facts in it."""
        with self._lock:
            if isinstance(error, FactError):
                self._plain["refused"] += 1
                for found in error.diagnostics:
                    fact = found.facts.get("fact", "")
                    _bump(self._reasons, f"{found.code} {fact}".rstrip(), OTHERS)
            else:
                self._plain["failed"] += 1
                _bump(self._reasons, type(error).__name__, OTHERS)

    def counts(self) -> Counts:
        """Return the counts as they stand."""
        with self._lock:
            return Counts(
                **self._plain,
                reasons=_copied(self._reasons),
                unknown_facts=_copied(self._unknown),
                aspects=_copied(self._aspects),
                outcomes=_copied(self._outcomes),
                duties=_copied(self._duties),
                examples=tuple(self._examples.values()),
                apart=self._apart,
            )


def _bump(counter: Counter[_Key], key: _Key, others: _Key) -> None:
    counter[key if key in counter or len(counter) < MOST else others] += 1


def _copied(counter: Counter[_Key]) -> Mapping[_Key, int]:
    return MappingProxyType(dict(counter.most_common()))


def _told(outcome: Json) -> str:
    return ", ".join(map(str, outcome)) if isinstance(outcome, list) else str(outcome)
