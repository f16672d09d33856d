"""One parameter or two swept over a range: what a history comes to under each value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import product
from typing import Final

import attrs

from ...rules.types import Number
from ..policy import Policy
from .aside import Aside
from .bad import Bad
from .bootstrap import Rate, rate
from .history import Pages
from .pages import Page, Since, dated, sampled
from .records import BadKind, Sum
from .running import Backtest, Counted, Options
from .sides import Side, spoken_of
from .standing import standing
from .variants import MOST_TOGETHER, Knob, RangeError, variant

#: How many settings decide while the history is read once: each keeps the verdicts that it has come to, some 26 MiB for twelve rules.
AT_ONCE: Final = 24


@attrs.frozen
class Cost:
    """What one kind of money comes to, in minor units."""

    name: str
    decision: str
    currency: str
    sum: Sum


@attrs.frozen
class Setting:
    """
    What a history comes to under one setting of the parameters.

    *outcomes* counts rows by decision and outcome, *referred* are rows on which some decision is left to a human, *changed* those
    that are decided otherwise than now; *agrees* has the agreement with each recorded outcome.
    """

    values: tuple[Number, ...]
    is_present: bool
    outcomes: Mapping[str, Mapping[str, int]]
    referred: Rate
    changed: Rate
    money: tuple[Cost, ...]
    agrees: Mapping[str, Rate]


@attrs.frozen
class Sweep:
    """
    What a sweep found: the settings in order, the first parameter outermost.

    *bad* rows are those that the policy cannot decide, *bad_kinds* why not.
    """

    policy: Policy
    knobs: tuple[Knob, ...]
    settings: tuple[Setting, ...]
    read: int
    left_out: int
    rows: int
    bad: int
    bad_kinds: tuple[BadKind, ...]
    seed: int

    def texts(self, setting: Setting) -> tuple[str, ...]:
        """Return the values of a setting as people read them."""
        return tuple(knob.text(value) for knob, value in zip(self.knobs, setting.values, strict=True))


def tune(
    pages: Iterable[Page],
    policy: Policy,
    knobs: Sequence[Knob],
    *,
    options: Options | None = None,
    since: Since | None = None,
    sample: int | None = None,
) -> Sweep:
    """
    Decide a history under every setting of one parameter, or of two together.

    Each setting is compiled once, and every page that is read is decided under up to `AT_ONCE` of them; where there are more, the
    history is read again, so that memory does not grow with the settings. What comes only once is put aside on the disk for that.

    Raises:
        RangeError: If there are too many settings.
        HistoryError: If the history cannot be read, or put aside.
        PolicyError: If the policy cannot have one of the values.
    """
    options = attrs.evolve(options or Options(), in_full=False, by=())
    options = attrs.evolve(options, as_of=options.as_of or dt.datetime.now(dt.UTC))
    chosen = list(product(*(knob.values for knob in knobs)))
    if len(chosen) > MOST_TOGETHER:
        raise RangeError(f"those are {len(chosen):,} settings, and {MOST_TOGETHER} are the most: take longer steps")
    policies = [variant(policy, list(zip(knobs, values, strict=True))) for values in chosen]
    plain = standing(policy)[0]
    present = Side(plain, spoken_of(plain))
    groups = [slice(start, start + AT_ONCE) for start in range(0, len(chosen), AT_ONCE)]
    settings: list[Setting] = []
    firsts: list[Backtest] = []
    with closing(_Reading(pages, since, sample, options.seed, times=len(groups))) as reading:
        for some in groups:
            jobs = [Backtest(one, present, options=options) for one in policies[some]]
            _decide(reading.pages(jobs[0].bad), jobs, present)
            firsts = firsts or jobs[:1]
            settings += [
                _setting(job, values, is_present=values == tuple(knob.present for knob in knobs))
                for job, values in zip(jobs, chosen[some], strict=True)
            ]
    bad = firsts[0].bad
    told = (reading.read, reading.left_out, firsts[0].rows, bad.rows, bad.kinds(), options.seed)
    return Sweep(policy, tuple(knobs), tuple(settings), *told)


def _decide(pages: Iterable[Page], jobs: Sequence[Backtest], present: Side) -> None:
    """Have every page decided as things are, and then under each setting."""
    as_of = jobs[0].as_of
    for page in pages:
        page = page if not isinstance(as_of, str) else dated(page, as_of)
        judged = present.decide(page, as_of) if page.facts.num_rows else None
        for job in jobs:
            job.take(page, judged)
            page = attrs.evolve(page, bad=())  # which the first has counted for all


class _Reading:
    """A history that is read so many *times*, each for a group of settings; what it has is counted the first time."""

    def __init__(
        self, pages: Iterable[Page], since: Since | None, sample: int | None, seed: int, *, times: int
    ) -> None:
        self._pages, self._since, self._sample, self._seed = pages, since, sample, seed
        comes_once = isinstance(pages, Iterator) or (isinstance(pages, Pages) and pages.is_stream)
        self._aside = Aside() if comes_once and times > 1 and sample is None else None
        if isinstance(pages, Pages):
            pages.times = 1 if comes_once or sample is not None else times
        self._again: Iterable[Page] | None = None
        self.read = self.left_out = 0

    def pages(self, bad: Bad) -> Iterable[Page]:
        """Yield the pages that count; *bad* takes rows that are not drawn from."""
        if self._again is not None:
            return self._again
        if self._sample is not None:
            self._again, _ = sampled(self._chosen(), self._sample, self._seed, bad.take)
            return self._again
        if self._aside is not None:
            self._again = self._aside
            return self._aside.filled(self._chosen())
        return self._chosen()

    def _chosen(self) -> Iterator[Page]:
        counted = Counted(self._pages)
        since = None if self._since is None else attrs.evolve(self._since, left_out=0)
        yield from counted if since is None else since(counted)
        self.read, self.left_out = counted.rows, 0 if since is None else since.left_out

    def close(self) -> None:
        """Let go of what was put aside."""
        if self._aside is not None:
            self._aside.close()


def _setting(job: Backtest, values: tuple[Number, ...], *, is_present: bool) -> Setting:
    seed = job.options.seed
    outcomes: dict[str, dict[str, int]] = {}
    for decision in job.decisions:
        counts = outcomes.setdefault(decision, {})
        kinds = job.kinds(decision, 1)
        for (_, now), rows in job.pairs[decision].counts.items():
            counts[kinds[now].outcome] = counts.get(kinds[now].outcome, 0) + rows
    money = tuple(
        Cost(
            value.value or value.decision,
            value.decision,
            job.new.policy.tree.currency,
            ledger.all.sums(seed, value.column)[1],
        )
        for value, ledger in job.ledgers.items()
    )
    policies = (None, job.new.policy)
    agrees = {
        recorded.decision: recorded.report(([], list(job.kinds(recorded.decision, 1))), policies, seed).new.agrees
        for recorded in job.recorded
    }
    changed = rate(job.changed + job.revalued, job.rows, seed, "changed")
    return Setting(
        values, is_present, outcomes, rate(job.referring, job.rows, seed, "referred"), changed, money, agrees
    )
