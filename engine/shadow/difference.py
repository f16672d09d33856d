"""One incident on which a live policy and its candidate part, as it goes to a sink: plain, exact, without the facts unless asked."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

import attrs

from ..notation import Json, moment_notation

#: What two answers are compared in.
Aspect: TypeAlias = Literal["outcome", "status", "rule", "values", "duties"]
ASPECTS: Final[tuple[Aspect, ...]] = get_args(Aspect)

#: Whether a duty is owed for certain, may be for want of a fact, or is not.
Owed: TypeAlias = Literal["due", "possible"] | None


@attrs.frozen
class Answered:
    """What one policy said to one question, in the notation of `evenhand.engine.notation`; *rule* is None where none decided."""

    outcome: Json
    status: str
    rule: str | None
    values: Mapping[str, Json]


@attrs.frozen
class Change:
    """One decision that came out differently: *what* of it did, and what each policy said."""

    decision: str
    what: tuple[Aspect, ...]
    live: Answered
    candidate: Answered


@attrs.frozen
class DutyChange:
    """A duty that one policy brings and the other does not, or not for certain."""

    duty: str
    live: Owed
    candidate: Owed


@attrs.frozen
class Difference:
    """
    One incident that two policies decide differently.

    *live* and *candidate* are the content hashes of the policies, *as_of* the day or the moment of the decision. *facts* are
    those that the shadow was asked to keep, None where it was asked for none.
    """

    live: str
    candidate: str
    as_of: dt.date
    changes: tuple[Change, ...]
    duties: tuple[DutyChange, ...] = ()
    facts: Mapping[str, Json] | None = None

    @property
    def kind(self) -> tuple[tuple[str, ...], ...]:
        """What differs, without the amounts: equal for differences of one kind."""
        changed = [(change.decision, *change.what, *_words(change)) for change in self.changes]
        return (*changed, *((duty.duty, str(duty.live), str(duty.candidate)) for duty in self.duties))

    def to_json(self) -> str:
        """Return the difference as one line of JSON, without a line break."""
        table = attrs.asdict(self)
        table["as_of"] = moment_notation(self.as_of)
        if self.facts is None:
            del table["facts"]
        return json.dumps(table, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _words(change: Change) -> tuple[str, ...]:
    """Return the outcomes and rules of a change as far as there are few of them: not amounts, not lists."""
    sides = (change.live, change.candidate)
    return (
        *(str(side.outcome) for side in sides if isinstance(side.outcome, str)),
        *(str(side.rule) for side in sides),
    )
