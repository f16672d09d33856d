"""
Intervals of 95 % for rates and sums, by the Poisson bootstrap: each row is counted Poisson(1) times in each of many draws.

The multinomial bootstrap needs to know how many rows there are; this one does not, so that it works in one pass (Hanley and
MacGibbon, 2006; Chamandy, Muralidharan, Najmi and Naidu, "Estimating Uncertainty for Massive Data Streams", Google, 2012).
Rows that are alike are drawn together, since a sum of n Poisson(1) draws is one Poisson(n) draw: counts are all that has to
be kept. It takes rows for independent; where one customer stands behind many of them, the truth is wider.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import attrs
import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator

#: Draws of the bootstrap.
DRAWS: Final = 1_000
_TAIL: Final = 0.025
#: Fewer rows than this on one side of a rate are too few to draw from: the exact binomial interval stands in.
_FEW: Final = 10
#: How many kinds of rows are drawn at once.
_AT_ONCE: Final = 512


@attrs.frozen
class Rate:
    """
    A share of rows: *count* *of* how many, and between which shares it lies at 95 % confidence.

    >>> Rate(0, 100).share
    0.0
    """

    count: int
    of: int
    low: float = math.nan
    high: float = math.nan

    @property
    def share(self) -> float:
        """The share itself, 0 where there are no rows."""
        return self.count / self.of if self.of else 0.0


def generator(seed: int, name: str) -> Generator:
    """Return random numbers of their own for each figure, so that none depends on which others were asked for."""
    return np.random.default_rng([seed, crc32(name.encode())])


def rate(count: int, of: int, seed: int, name: str) -> Rate:
    """
    Return a rate with its interval.

    Where hardly any rows, or hardly any other rows, are counted it is that of Clopper and Pearson (1934).
    """
    if not of:
        return Rate(count, of, 0.0, 1.0)
    if min(count, of - count) < _FEW:
        return Rate(count, of, *clopper_pearson(count, of))

    random = generator(seed, name)
    inside, outside = random.poisson(count, DRAWS), random.poisson(of - count, DRAWS)
    low, high = np.quantile(inside / np.maximum(inside + outside, 1), (_TAIL, 1 - _TAIL))
    return Rate(count, of, float(low), float(high))


def clopper_pearson(count: int, of: int) -> tuple[float, float]:
    """
    Return the exact binomial interval, by bisection.

    >>> tuple(round(end, 4) for end in clopper_pearson(0, 100))
    (0.0, 0.0362)
    """
    if count > of - count:
        low, high = clopper_pearson(of - count, of)
        return 1 - high, 1 - low
    low = 0.0 if count == 0 else _solved(lambda share: 1 - _at_most(count - 1, of, share) >= _TAIL)
    return low, 1.0 if count == of else _solved(lambda share: _at_most(count, of, share) <= _TAIL)


def _solved(is_past: Any) -> float:
    """Return the share at which a test that turns true with rising shares turns true."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if is_past(middle) else (middle, high)
    return (low + high) / 2


def _at_most(count: int, of: int, share: float) -> float:
    """Return the chance of at most *count* among *of*, each with a chance of *share*."""
    if share <= 0.0 or share >= 1.0:
        return 1.0 if share <= 0.0 or count >= of else 0.0
    total = 0.0
    for k in range(count + 1):
        choices = math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1)
        total += math.exp(choices + k * math.log(share) + (of - k) * math.log1p(-share))
    return min(total, 1.0)


@attrs.frozen
class Kind:
    """Rows that are alike: how many, and the vector of amounts that each of them adds."""

    rows: int
    adds: tuple[float, ...]


@attrs.define
class Crowd:
    """
    Kinds of rows past counting one by one, by their moments: so many small parts that their sum is normal.

    *first* and *second* are the sums of v and of v vᵀ over rows, v being 1 and what the row adds.
    """

    size: int
    first: Any = None
    second: Any = None

    def take(self, kinds: Iterable[Kind]) -> None:
        """Fold kinds of rows into the moments."""
        listed = list(kinds)
        vectors = np.array([(1.0, *kind.adds) for kind in listed]).reshape(len(listed), self.size + 1)
        rows = np.array([kind.rows for kind in listed], dtype=float)
        first, second = rows @ vectors, (vectors * rows[:, None]).T @ vectors
        self.first = first if self.first is None else self.first + first
        self.second = second if self.second is None else self.second + second

    def drawn(self, random: Generator) -> Any:
        """Return their sums in each draw: compound Poisson has the mean Σ v and the covariance Σ v vᵀ."""
        # Where one amount is a multiple of the other, an eigenvalue is 0 but for rounding, which goes with the size of the largest.
        slack = 1e-9 * float(np.trace(self.second))
        return random.multivariate_normal(self.first, self.second, DRAWS, method="eigh", tol=slack).T


def sums(kinds: Iterable[Kind], crowd: Crowd, seed: int, name: str) -> Any:
    """
    Return the sums of what rows add in each draw, an array of amounts by draws.

    Every draw is brought back to the size of the history: what is asked is what such a history costs, not how long it is.
    """
    random = generator(seed, name)
    listed = list(kinds)
    drawn = np.zeros((crowd.size + 1, DRAWS)) if crowd.first is None else crowd.drawn(random)
    rows = sum(kind.rows for kind in listed) + (0.0 if crowd.first is None else float(crowd.first[0]))
    for start in range(0, len(listed), _AT_ONCE):
        some = listed[start : start + _AT_ONCE]
        vectors = np.array([(1.0, *kind.adds) for kind in some])
        drawn += vectors.T @ _weights(np.array([kind.rows for kind in some]), random)
    return drawn[1:] * (rows / np.maximum(drawn[0], 1.0))


def _weights(rows: Any, random: Generator) -> Any:
    """Return how often each kind of rows is counted in each draw."""
    weights = np.empty((len(rows), DRAWS))
    alone = rows == 1
    weights[alone] = _ones()[random.integers(0, 65_536, (int(alone.sum()), DRAWS), dtype=np.uint16)]
    weights[~alone] = random.poisson(rows[~alone][:, None].astype(float), (int((~alone).sum()), DRAWS))
    return weights


@cache
def _ones() -> Any:
    """Return Poisson(1) by sixteen random bits, which is four times as fast: its mean is 1 exactly, its variance 0.99997."""
    steps = np.cumsum([math.exp(-1) / math.factorial(count) for count in range(12)])
    return np.searchsorted(steps, (np.arange(65_536) + 0.5) / 65_536).astype(float)


def interval(draws: Any) -> tuple[float, float]:
    """Return between which values the middle 95 % of draws lie."""
    low, high = np.quantile(draws, (_TAIL, 1 - _TAIL))
    return float(low), float(high)
