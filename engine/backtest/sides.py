"""One policy on one stretch of history: kinds of verdicts, amounts of money, red lines and duties of each row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from ...rules.currencies import MINOR_DIGITS
from ..columns import Columns
from ..columns.library import pa
from .kinds import Register
from .pages import AS_OF, dated

if TYPE_CHECKING:
    from ..columns import Answers
    from ..policy import Policy
    from .pages import Page

#: How many threads decide a page.
THREADS: Final = 2
#: How an amount of a row stands: it has none, it is settled, or it is open.
NONE, SETTLED, OPEN = 0, 1, 2


@attrs.frozen
class MoneyValue:
    """A value that is money: of which decision, and its name; empty where the outcome itself is the money."""

    decision: str
    value: str

    @property
    def column(self) -> str:
        """The column of answers that has it."""
        return f"{self.decision}.{self.value}" if self.value else self.decision


def money_values(policy: Policy) -> tuple[MoneyValue, ...]:
    """Return every value of a policy that is money."""
    return tuple(_money_values(policy))


def _money_values(policy: Policy) -> Iterator[MoneyValue]:
    for spec in policy.tree.decisions.values():
        if spec.type.kind == "money" and spec.aggregate != "count":
            yield MoneyValue(spec.id, "")
        yield from (MoneyValue(spec.id, name) for name, type_ in spec.values.items() if type_.kind == "money")


def spoken_of(*policies: Policy | None) -> tuple[str, ...]:
    """
    Return the decisions that any of the policies has a rule or a default for; all of them where there is none.

    Every policy has the built-in decisions, and one that is not about refunds would leave each row's refund to a human.
    """
    held = [policy for policy in policies if policy is not None]
    every = dict.fromkeys(name for policy in held for name in policy.tree.decisions)
    found = [name for name in every if any(_speaks_of(policy, name) for policy in held)]
    return tuple(found or every)


def _speaks_of(policy: Policy, decision: str) -> bool:
    spec = policy.tree.decisions.get(decision)
    if spec is None:
        return False
    return spec.default is not None or any(decision in rule.outcomes for rule in policy.tree.rules)


class Side:
    """A policy that decides pages of a history, and the kinds of verdicts that it has come to so far."""

    def __init__(self, policy: Policy, decisions: Collection[str]) -> None:
        self.policy = policy
        self.columns = Columns(policy, threads=THREADS)
        self.registers = {name: Register() for name in policy.tree.decisions if name in decisions}
        self.money = tuple(money for money in money_values(policy) if money.decision in decisions)

    def decide(self, page: Page, as_of: dt.date | str | None) -> Judged:
        """Decide a page on the facts that the policy knows, as of one day, or as of the days in a column."""
        if isinstance(as_of, str):
            page, as_of = dated(page, as_of), AS_OF
        return Judged(self, self.columns.decide(page.facts, as_of=as_of, ignore=page.facts.schema.names))


class Judged:
    """What one policy makes of a page."""

    def __init__(self, side: Side, answers: Answers) -> None:
        self.side = side
        self.bad = answers.bad
        self.kinds = {name: register.numbers(answers, name) for name, register in side.registers.items()}
        self._answers = answers

    def column(self, title: str) -> Any:
        """Return a column of the answers in one piece, such as `refund.refund_amount` or `breaches`."""
        found = self._answers.column(title)
        return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found

    def amounts(self, money: MoneyValue) -> tuple[Any, Any]:
        """Return an amount of each row in minor units, 0 where there is none, and how it stands."""
        kinds = self.side.registers[money.decision].kinds
        is_open = np.array([kind.refers or money.value in kind.unsettled for kind in kinds] + [False])
        amounts, has = minor_units(self.column(money.column), self.side.policy.tree.currency)
        states = np.where(has, SETTLED, NONE)
        opens = is_open[self.kinds[money.decision]]
        states[opens] = OPEN
        amounts[opens] = 0
        return amounts, states


def minor_units(column: Any, currency: str) -> tuple[Any, Any]:
    """Return a column of amounts as minor units, 0 where it has none, and whether it has one; a list counts as its sum."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return _sums_of(column, currency)
    has = np.asarray(column.is_valid())
    digits = MINOR_DIGITS[currency]
    if pa.types.is_decimal128(column.type) and column.type.scale == digits:
        words = np.frombuffer(column.buffers()[1], dtype=np.int64).reshape(-1, 2)
        low, high = words[column.offset : column.offset + len(column)].T
        if (high[has] == low[has] >> 63).all():  # the upper word only carries the sign
            return np.where(has, low, 0), has
    units = [0 if value is None else int(value.scaleb(digits)) for value in column.to_pylist()]
    return np.array(units, dtype=object), has


def _sums_of(lists: Any, currency: str) -> tuple[Any, Any]:
    amounts, _ = minor_units(lists.flatten(), currency)
    ends = np.cumsum(np.append(0, amounts))
    lengths = np.asarray(lists.value_lengths().fill_null(0))
    upto = np.cumsum(lengths)
    return ends[upto] - ends[upto - lengths], np.asarray(lists.is_valid()) & (lengths > 0)


@attrs.frozen(eq=False)
class Both:
    """A page decided by both policies, the rows that neither can decide left out; *old* is None where there is one policy only."""

    page: Page
    old: Judged | None
    new: Judged
    good: Any

    def kinds(self, decision: str) -> tuple[Any, Any]:
        """Return the kinds of verdicts of all good rows on both sides; 0 on the old one where there is no old policy."""
        new = self.new.kinds[decision][self.good] if decision in self.new.kinds else None
        old = self.old.kinds[decision][self.good] if self.old is not None and decision in self.old.kinds else None
        rows = int(self.good.sum())
        empty = np.zeros(rows, dtype=np.int64)
        return (empty if old is None else old), (empty if new is None else new)

    def amounts(self, money: MoneyValue) -> tuple[Any, ...]:
        """Return the amounts of all good rows: old, its state, new, its state."""
        found: list[Any] = []
        for judged in (self.old, self.new):
            if judged is None or money not in judged.side.money:
                rows = int(self.good.sum())
                found += [np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)]
            else:
                found += [array[self.good] for array in judged.amounts(money)]
        return tuple(found)
