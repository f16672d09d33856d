"""When a policy is in force."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from .decision import REFER, Judgement, Verdict

if TYPE_CHECKING:
    from ..rules.tree import PolicyTree


def ordinal(as_of: dt.date) -> int:
    """Return the day of a decision, in UTC, as an ordinal."""
    if isinstance(as_of, dt.datetime) and as_of.tzinfo is not None:
        as_of = as_of.astimezone(dt.UTC)
    return as_of.toordinal()


def moment(when: dt.date) -> dt.datetime:
    """Return a date as the midnight that begins it, a datetime as itself, both in UTC."""
    if isinstance(when, dt.datetime):
        return when.astimezone(dt.UTC) if when.tzinfo is not None else when.replace(tzinfo=dt.UTC)
    return dt.datetime(when.year, when.month, when.day, tzinfo=dt.UTC)


def is_in_force(tree: PolicyTree, as_of: dt.date) -> bool:
    """Whether the policy decides on that day: from `effective` on, until `expires`."""
    now = moment(as_of)
    if tree.effective is not None and now < moment(tree.effective):
        return False
    return tree.expires is None or now < moment(tree.expires)


def not_in_force(tree: PolicyTree, as_of: dt.date) -> Judgement | None:
    """Return the judgement of a policy that is not in force, None where it is."""
    if is_in_force(tree, as_of):
        return None
    return Judgement(
        {name: Verdict(spec, tree.currency, REFER, "not-in-force") for name, spec in tree.decisions.items()}
    )
