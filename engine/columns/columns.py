"""A policy made ready for many incidents at once."""

from __future__ import annotations

from collections.abc import Collection
from threading import Lock
from typing import TYPE_CHECKING

from .answers import Answers
from .library import Batch
from .moments import AsOf, moments_of
from .plain import answers_to, decide_plainly, decided_in_turn
from .readiness import LOOP
from .reading import facts_in

if TYPE_CHECKING:
    from ..policy import Policy
    from .kernel import Kernel


class Columns:
    """
    A policy that decides batches of Arrow columns.

    A batch means its rows, each decided by itself: a column is a fact by its name, a null a fact that is missing. Safe to share
    among threads, and for any number of batches; *threads* is how many work on one batch.

    >>> import pyarrow as pa
    >>> from evenhand import Policy
    >>> columns = Columns(Policy.load("house"))
    >>> batch = pa.table({"abuse": ["violent", "none"], "fault": ["customer", "business"], "verified": [True, True]})
    >>> columns.decide(batch).table()["walk_away"].to_pylist()
    ['ban', 'refer']
    """

    def __init__(self, policy: Policy, threads: int = 1) -> None:
        self.policy = policy
        self.threads = max(threads, 1)
        self._kernel: Kernel | None = None
        self._lock = Lock()

    def decide(self, batch: Batch, *, as_of: AsOf = None, ignore: Collection[str] = ()) -> Answers:
        """
        Decide every row of a record batch or a table.

        *as_of* is the day or the moment of all decisions (now unless said), or the name of a column that has it row by row.
        Columns that are no facts are an error, unless they are among those to *ignore*. Rows with something wrong about them are
        in `bad`, and the others are decided all the same.

        Raises:
            FactError: If a column is no fact, or two are the same.
            TableError: If there is no such column of moments.
        """
        moments = moments_of(batch, as_of)
        ignored = (*ignore, as_of) if isinstance(as_of, str) else ignore
        facts = facts_in(batch, self.policy.tree.facts, ignore=ignored)
        if not facts.rows:
            return decide_plainly(self.policy, facts, moments)
        if not LOOP.is_wanted:
            results = list(LOOP.while_cheap(decided_in_turn(self.policy, facts, moments), facts.rows))
            if len(results) == facts.rows:
                return answers_to(self.policy.tree, results)
        return self._compiled().decide(facts, moments)

    def _compiled(self) -> Kernel:
        from .kernel import Kernel  # because numba takes a while to import, and few rows do without

        with self._lock:
            if self._kernel is None:
                self._kernel = Kernel(self.policy, self.threads)
            return self._kernel
