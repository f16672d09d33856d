"""The intervals of backtests: how often they cover the truth, counted; and that what is folded together changes no sum."""

from __future__ import annotations

import random

import numpy as np
import pytest

from evenhand.engine.backtest.bootstrap import Crowd, Kind, clopper_pearson, rate, sums
from evenhand.engine.backtest.tallies import Heap


def test_a_rate_covers_the_truth_about_as_often_as_it_says() -> None:
    """Of 400 histories of 2,000 rows with a true rate of 3 %; 95 % asked, 92 to 98 taken for well (three standard errors)."""
    random_ = np.random.default_rng(1)
    covered = 0
    for trial, count in enumerate(random_.binomial(2_000, 0.03, size=400).tolist()):
        found = rate(count, 2_000, trial, "changed")
        covered += found.low <= 0.03 <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_where_few_rows_change_the_interval_is_the_exact_one_and_covers_at_least_as_often() -> None:
    random_ = np.random.default_rng(2)
    found = [rate(count, 1_000, 0, "x") for count in random_.binomial(1_000, 0.003, size=400).tolist()]
    assert sum(one.low <= 0.003 <= one.high for one in found) / 400 >= 0.94


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(0, 10, 0.0, 0.3085), (1, 10, 0.0025, 0.4450), (5, 10, 0.1871, 0.8129), (10, 10, 0.6915, 1.0)],
)
def test_the_exact_interval_is_that_of_the_tables(count: int, of: int, low: float, high: float) -> None:
    assert clopper_pearson(count, of) == pytest.approx((low, high), abs=1e-4)


def test_the_difference_of_money_covers_the_truth_about_as_often_as_it_says() -> None:
    """A skewed loss, of which one row in five is paid half as much; 200 histories of 300 rows."""
    truth = 300 * -0.2 * 0.5 * 40_00
    covered = 0
    for trial in range(200):
        random_ = random.Random(trial)
        heap = Heap(20_000)
        for _ in range(300):
            loss = round(random_.expovariate(1 / 40_00))
            heap.add(loss, loss - (loss // 2 if random_.random() < 0.2 else 0), 1)
        change = heap.sums(trial, "money")[2]
        covered += change.low <= truth <= change.high
    assert 0.90 <= covered / 200 <= 0.985


def test_what_is_folded_into_a_crowd_keeps_the_sums_and_hardly_moves_the_interval() -> None:
    random_ = random.Random(5)
    amounts = [(round(random_.lognormvariate(8, 1)), round(random_.lognormvariate(8, 1))) for _ in range(5_000)]
    exact, folded = Heap(20_000), Heap(400)
    for old, new in amounts:
        exact.add(old, new, 1)
        folded.add(old, new, 1)
    for one, other in zip(exact.sums(0, "x"), folded.sums(0, "x"), strict=True):
        assert one.amount == other.amount
        width = one.high - one.low
        assert other.low == pytest.approx(one.low, abs=0.1 * width)
        assert other.high == pytest.approx(one.high, abs=0.1 * width)
    assert len(folded._entries) <= 400


def test_an_interval_is_the_same_for_the_same_seed_and_not_for_another() -> None:
    assert rate(500, 2_000, 3, "a") == rate(500, 2_000, 3, "a")
    assert rate(500, 2_000, 3, "a") != rate(500, 2_000, 4, "a")


def test_amounts_of_which_one_is_a_multiple_of_the_other_are_drawn_without_a_warning() -> None:
    """A policy that pays six tenths where the other pays half: but for rounding, one of the variances is nothing."""
    crowd = Crowd(2)
    crowd.take(Kind(1, (float(cents * 5), float(cents * 6))) for cents in range(100_000, 130_000))
    before, now = sums([], crowd, 0, "multiple")
    assert abs(now / before - 1.2).max() < 1e-6
