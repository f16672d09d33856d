"""One pass over a history, with both policies beside each other."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np

from ..columns.library import pa
from ..policy import Policy
from ..sentences import joined
from .agreement import Recorded
from .bad import Bad
from .kinds import Kind
from .pages import Page, Since, dated, sampled
from .parts import Columns as Parts
from .sides import Both, Judged, MoneyValue, Side, spoken_of
from .tallies import Ledger, Pairs, words_counted

if TYPE_CHECKING:
    from .records import Report

#: What stands for the verdict of a policy that has no such decision, or for an old policy that is not there.
ABSENT: Final = (Kind("", "decided", "", (), ()),)


@attrs.frozen
class Options:
    """
    How a backtest is run.

    *by* are splits, each by one or more columns; *outcomes* name, for a decision, the column in which its outcome was recorded.
    *as_of* is the day as of which is decided, or a column of days; now unless said.
    """

    by: tuple[tuple[str, ...], ...] = ()
    outcomes: Mapping[str, str] = attrs.field(factory=dict)
    as_of: dt.date | str | None = None
    name_column: str = ""
    seed: int = 0
    #: Whether red lines, duties and examples are wanted; a sweep does without.
    in_full: bool = True


class Backtest:
    """
    One or two policies over a history, page by page; `report` may be asked for at any time.

    Safe for histories of any length: what it keeps does not grow with the rows.
    """

    def __init__(self, new: Policy, old: Policy | Side | None = None, *, options: Options | None = None) -> None:
        self.options = options or Options()
        self.as_of = self.options.as_of or dt.datetime.now(dt.UTC)
        earlier = old.policy if isinstance(old, Side) else old
        self.decisions = spoken_of(earlier, new)
        self.new = Side(new, self.decisions)
        self.old = Side(old, self.decisions) if isinstance(old, Policy) else old
        self.money: tuple[MoneyValue, ...] = tuple(
            dict.fromkeys((*(self.old.money if self.old else ()), *self.new.money))
        )
        self.splits = [Parts(columns) for columns in self.options.by]
        self.pairs = {decision: Pairs() for decision in self.decisions}
        self.ledgers = {money: Ledger(len(self.splits)) for money in self.money}
        #: Rows of each part of each split, by whether some outcome changed and whether a human must decide something.
        self.parts = [Pairs() for _ in self.splits]
        self.words: dict[tuple[str, int], Counter[str]] = {}
        self.recorded = [
            Recorded(decision, column, _words(new, earlier, decision))
            for decision, column in self.options.outcomes.items()
        ]
        self.bad = Bad()
        self.rows = self.changed = self.revalued = self.referring = 0
        #: Rows on which each decision has another outcome.
        self.differing: Counter[str] = Counter()
        from .shelf import Shelf

        self.shelf = Shelf(self)

    def sides(self) -> tuple[Side | None, Side]:
        """Return the old side, if there is one, and the new one."""
        return self.old, self.new

    def kinds(self, decision: str, side: int) -> Sequence[Kind]:
        """Return the kinds of verdicts on a decision, by number, on the old side (0) or the new (1)."""
        policy = self.sides()[side]
        return ABSENT if policy is None or decision not in policy.registers else policy.registers[decision].kinds

    def take(self, page: Page, old: Judged | None = None) -> None:
        """Decide a page and count; *old* is what the old side makes of it, where somebody has asked it already."""
        if isinstance(self.as_of, str):
            page = dated(page, self.as_of)
        for lost in page.bad:
            self.bad.take(lost.row, lost.problems)
        if not page.facts.num_rows:
            return
        both = self._decided(page, old)
        if not both.good.any():
            return
        parts = [columns.numbers(page)[both.good] for columns in self.splits]
        changed, refers = self._count_outcomes(both)
        moved = self._count_money(both, parts)
        self.rows += len(changed)
        self.changed += int(changed.sum())
        self.referring += int(refers.sum())
        self.revalued += int((moved & ~changed).sum())
        for pairs, part in zip(self.parts, parts, strict=True):
            pairs.take(part, changed.astype("int64"), refers.astype("int64"))
        if self.options.in_full:
            self._count_words(both)

    def _decided(self, page: Page, old: Judged | None) -> Both:
        new = self.new.decide(page, self.as_of)
        if old is None and self.old is not None:
            old = self.old.decide(page, self.as_of)
        good = np.ones(page.facts.num_rows, dtype=bool)
        for judged in (new, old):
            for bad in () if judged is None else judged.bad:
                if good[bad.row]:
                    self.bad.take(int(page.numbers[bad.row]), bad.diagnostics)
                good[bad.row] = False
        return Both(page, old, new, good)

    def _count_outcomes(self, both: Both) -> tuple[Any, Any]:
        """Count pairs of verdicts; return which rows have another outcome somewhere, and which a human must decide now."""
        rows = int(both.good.sum())
        changed, refers = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
        for decision, pairs in self.pairs.items():
            old, new = both.kinds(decision)
            pairs.take(old, new)
            if self.new.registers.get(decision):
                refers |= np.array([kind.refers for kind in self.kinds(decision, 1)])[new]
            if self.old is not None:
                differs = self._differs(both, decision, old, new)
                changed |= differs
                self.differing[decision] += int(differs.sum())
                if self.options.in_full:
                    self.shelf.take(both, decision, differs)
            for recorded in self.recorded:
                if recorded.decision == decision:
                    recorded.take(both.page, both.good, old, new)
        return changed, refers

    def _differs(self, both: Both, decision: str, old: Any, new: Any) -> Any:
        """Return on which rows the outcomes are not the same; a decision that only one policy has is no change."""
        if self.old is None or any(decision not in side.registers for side in (self.old, self.new)):
            return np.zeros(len(new), dtype=bool)
        labels = {
            name: at
            for at, name in enumerate(
                dict.fromkeys(kind.outcome for side in (0, 1) for kind in self.kinds(decision, side))
            )
        }
        before, now = (
            np.array([labels[kind.outcome] for kind in self.kinds(decision, side)])[kinds]
            for side, kinds in ((0, old), (1, new))
        )
        differs = before != now
        return differs | self._other_values(both, decision)

    def _other_values(self, both: Both, decision: str) -> Any:
        """Return on which rows an open outcome is another one; worded ones have been compared."""
        assert both.old is not None
        spec = self.new.policy.tree.decisions[decision]
        if spec.outcomes or spec.type.kind == "boolean":
            return np.zeros(int(both.good.sum()), dtype=bool)
        old, new = (judged.column(decision).to_pylist() for judged in (both.old, both.new))
        other = np.fromiter((a != b for a, b in zip(old, new, strict=True)), dtype=bool, count=len(old))
        return other[both.good]

    def _count_money(self, both: Both, parts: Sequence[Any]) -> Any:
        moved = np.zeros(int(both.good.sum()), dtype=bool)
        for money, ledger in self.ledgers.items():
            found = ledger.take(both.amounts(money), parts)
            if self.old is not None:
                moved |= found
        return moved

    def _count_words(self, both: Both) -> None:
        """Count red lines and duties."""
        for side, judged in enumerate((both.old, both.new)):
            if judged is None:
                continue
            for column in ("breaches", "possible_breaches", "obligations"):
                lists = judged.column(column).filter(pa.array(both.good))
                self.words.setdefault((column, side), Counter()).update(words_counted(lists))

    def report(self, *, read: int | None = None, left_out: int = 0, notes: Iterable[str] = ()) -> Report:
        """Return what has been found so far; *read* and *left_out* rows are told as they are."""
        from .assembling import assembled

        total = self.rows + self.bad.rows
        return assembled(
            self, read=total if read is None else read, left_out=left_out, sampled=total, notes=tuple(notes)
        )


def _words(new: Policy, old: Policy | None, decision: str) -> tuple[str, ...]:
    words: dict[str, None] = {}
    for policy in (new, old):
        spec = policy.tree.decisions.get(decision) if policy is not None else None
        if spec is not None:
            words.update(dict.fromkeys(("true", "false") if spec.type.kind == "boolean" else spec.outcomes))
    return tuple(words)


def backtest(
    pages: Iterable[Page],
    new: Policy,
    old: Policy | None = None,
    *,
    options: Options | None = None,
    since: Since | None = None,
    sample: int | None = None,
    notes: Iterable[str] = (),
) -> Report:
    """
    Decide a history by a policy, or by two, and return what came of it.

    One pass, and little memory, whatever the length of *pages*. With *sample*, on so many rows taken at random.
    """
    job = Backtest(new, old, options=options)
    counted = Counted(pages)
    stream: Iterable[Page] = counted if since is None else since(counted)
    if sample is not None:
        stream, _ = sampled(stream, sample, job.options.seed, job.bad.take)
    for page in stream:
        job.take(page)
    left_out = since.left_out if since else 0
    return job.report(read=counted.rows, left_out=left_out, notes=[*notes, *_silent(job)])


def _silent(job: Backtest) -> list[str]:
    """Say which decisions are not told of, because no rule is about them."""
    policies = [side.policy for side in job.sides() if side is not None]
    silent = dict.fromkeys(name for policy in policies for name in policy.tree.decisions if name not in job.decisions)
    return [f"no rule is about {joined([f'`{name}`' for name in silent], 'or')}: not told of here"] if silent else []


@attrs.define
class Counted:
    """Pages, and how many rows they had."""

    pages: Iterable[Page]
    rows: int = 0

    def __iter__(self) -> Iterator[Page]:
        """Count on, page by page."""
        for page in self.pages:
            self.rows += page.facts.num_rows + len(page.bad)
            yield page
