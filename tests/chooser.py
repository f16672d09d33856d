"""Random choices behind one small door: drawn by Hypothesis, which shrinks them, or by `random`, which is fast."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

import attrs
from hypothesis import strategies as st

T = TypeVar("T")


@attrs.frozen
class Chooser:
    """
    Makes every choice out of whole numbers; *number* returns one between two bounds, both included.

    Low numbers stand for simple things, so that Hypothesis shrinks towards them.
    """

    number: Callable[[int, int], int]

    @classmethod
    def drawing(cls, draw: Callable[[st.SearchStrategy[int]], int]) -> Chooser:
        return cls(lambda low, high: draw(_numbers(low, high)))

    @classmethod
    def seeded(cls, seed: int) -> Chooser:
        return cls(random.Random(seed).randint)

    def pick(self, options: Sequence[T]) -> T:
        return options[self.number(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        return self.number(0, 99) >= 100 - percent

    def some(self, options: Sequence[T], low: int, high: int) -> list[T]:
        """Return *low* to *high* different options, in the order in which they stand."""
        left = list(range(len(options)))
        chosen = [left.pop(self.number(0, len(left) - 1)) for _ in range(min(self.number(low, high), len(options)))]
        return [options[index] for index in sorted(chosen)]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        left = list(options)
        return [left.pop(self.number(0, len(left) - 1)) for _ in range(len(left))]


@cache
def _numbers(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)
