"""Records decided again: the same policy must answer bit for bit as it did, and another one shows where it differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from ..rules.diagnostics import Diagnostic, FactError
from .notation import Json, given_of
from .policy import Policy
from .records import Record

#: What two records of one decision are compared in.
_COMPARED = ("facts", "verdicts", "obligations", "possible_obligations", "breaches", "assumed")


@attrs.frozen
class Difference:
    """Where an answer parts from what was recorded: `verdicts.refund.outcome`, as it *was* and as it is *now*."""

    path: str
    was: Json
    now: Json

    def __str__(self) -> str:
        return f"{self.path} was {_shown(self.was)}, and is now {_shown(self.now)}"


def _shown(value: Json) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case list():
            return ", ".join(_shown(item) for item in value) or "nothing"
        case dict():
            return ", ".join(f"{name} {_shown(inner)}" for name, inner in value.items()) or "nothing"
        case _:
            return str(value)


@attrs.frozen
class Replayed:
    """
    One record decided again.

    *again* is what came out, None where the facts cannot be used any more: then *problems* says why. *same_policy* says whether
    the policy is the one that made the record, by its content hash.
    """

    record: Record
    again: Record | None
    differences: tuple[Difference, ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    same_policy: bool = True

    @property
    def is_same(self) -> bool:
        """Whether the answer is the recorded one, bit for bit, whatever the policy is called now."""
        return self.again is not None and not self.differences


def replay(records: Iterable[Record], policy: Policy) -> Iterator[Replayed]:
    """
    Decide each record again under a policy, on the day for which it was made, and compare.

    >>> record = Policy.load("house").decide({"abuse": "violent"}).record()
    >>> [replayed.is_same for replayed in replay([record], Policy.load("house"))]
    [True]
    """
    return (_replayed(record, policy) for record in records)


def _replayed(record: Record, policy: Policy) -> Replayed:
    same_policy = record.content_hash == policy.content_hash
    try:
        decision = policy.decide(given_of(record.facts, policy.tree.facts), as_of=record.as_of)
    except FactError as error:
        return Replayed(record, None, problems=error.diagnostics, same_policy=same_policy)
    again = decision.record(time=record.time, id=record.id)
    return Replayed(record, again, tuple(_differences(record, again)), same_policy=same_policy)


def _differences(record: Record, again: Record) -> Iterator[Difference]:
    named = attrs.evolve(again, policy=record.policy, version=record.version, content_hash=record.content_hash)
    if named.to_json() == record.to_json():
        return
    found = [
        difference
        for name in _COMPARED
        for difference in _parted(name, _plain(getattr(record, name)), _plain(getattr(again, name)))
    ]
    yield from found or [Difference("the record", "in another notation or order", "as it is written today")]


def _plain(value: Any) -> Json:
    return list(value) if isinstance(value, tuple) else value


def _parted(path: str, was: Json, now: Json) -> Iterator[Difference]:
    """Yield where two values part, as deep in them as can be said."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys((*was, *now)):
            yield from _parted(f"{path}.{name}", was.get(name), now.get(name))
    elif type(was) is not type(now) or was != now:
        yield Difference(path, was, now)
