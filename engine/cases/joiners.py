"""Which correlator follows the patterns of a policy: durable_rules where it is installed and has something to do."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from ..policy import Policy
from .joining import Joiner
from .plain import Plain

if TYPE_CHECKING:
    from .durable import Durable, Worker

#: How many policies have a correlator on durable_rules at a time; all share one worker.
MOST_POLICIES: Final = 32
_sessions: Final = itertools.count(1)


def session_name(case: str) -> str:
    """Return a name under which a correlator knows one case in memory, and no other, whatever the case is called."""
    return f"{next(_sessions)} {case}"


def joiner_for(policy: Policy) -> Joiner:
    """
    Return a correlator for the patterns of a policy, which may serve many cases.

    It is the one on durable_rules where that is installed and takes at least one of the patterns; plain Python otherwise.
    """
    patterns = policy.tree.case.patterns
    return Plain(patterns) if len(reasons(policy)) == len(patterns) else _durable(policy)


def reasons(policy: Policy) -> Mapping[str, str]:
    """Return why the correlator in plain Python does a pattern, for each that it does, by the pattern's id."""
    return _durable(policy).reasons if policy.tree.case.patterns else {}


@lru_cache(maxsize=MOST_POLICIES)
def _durable(policy: Policy) -> Durable:
    from .durable import Durable

    return Durable(policy.tree.case.patterns, worker=_worker())


@cache
def _worker() -> Worker:
    """Return the worker that all policies of this process share; it is started when it is first asked."""
    from .durable import Worker

    return Worker()
