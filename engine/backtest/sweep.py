"""One parameter or two swept over a range: what a history comes to under each value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

import attrs

from ...rules.types import Number
from ..policy import Policy
from .bootstrap import Rate, rate
from .pages import Page, Since, dated, sampled
from .records import BadKind, Sum
from .running import Backtest, Options
from .sides import Side, spoken_of
from .standing import standing
from .variants import MOST_TOGETHER, Knob, RangeError, variant


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
    on_setting: Callable[[int, int], None] = lambda _done, _of: None,
) -> Sweep:
    """
    Decide a history under every setting of one parameter, or of two together.

    Each setting is compiled once and every page is read once; the settings then decide it one after the other.

    Raises:
        RangeError: If there are too many settings.
        PolicyError: If the policy cannot have one of the values.
    """
    options = attrs.evolve(options or Options(), in_full=False, by=())
    options = attrs.evolve(options, as_of=options.as_of or dt.datetime.now(dt.UTC))
    chosen = list(product(*(knob.values for knob in knobs)))
    if len(chosen) > MOST_TOGETHER:
        raise RangeError(f"that are {len(chosen):,} settings, and {MOST_TOGETHER} are the most: take longer steps")
    plain = standing(policy)[0]
    present = Side(plain, spoken_of(plain))
    jobs = []
    for number, values in enumerate(chosen):
        jobs.append(Backtest(variant(policy, list(zip(knobs, values, strict=True))), present, options=options))
        on_setting(number + 1, len(chosen))
    read = 0

    def counted() -> Iterable[Page]:
        nonlocal read
        for page in pages:
            read += page.facts.num_rows + len(page.bad)
            yield page

    stream = counted() if since is None else since(counted())
    if sample is not None:
        stream, _ = sampled(stream, sample, options.seed, jobs[0].bad.take)
    for page in stream:
        page = page if not isinstance(options.as_of, str) else dated(page, options.as_of)
        judged = present.decide(page, options.as_of) if page.facts.num_rows else None
        for job in jobs:
            job.take(page, judged)
            page = attrs.evolve(page, bad=())  # which the first has counted for all
    settings = [
        _setting(job, values, is_present=values == tuple(knob.present for knob in knobs))
        for job, values in zip(jobs, chosen, strict=True)
    ]
    first = jobs[0]
    left_out = since.left_out if since is not None else 0
    bad = first.bad
    return Sweep(policy, tuple(knobs), tuple(settings), read, left_out, first.rows, bad.rows, bad.kinds(), options.seed)


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
