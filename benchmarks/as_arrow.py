"""The same kind of incidents as Arrow columns: words as dictionaries, money and counts as whole numbers, durations as such."""

from typing import Any

import numpy as np
import pyarrow as pa

from .facts import Fact


def batch(facts: tuple[Fact, ...], rows: int, seed: int, *, nulls: float = 0.0, texts: bool = False) -> Any:
    """Draw a batch; *nulls* is the share of values that are missing, with *texts* words are plain strings."""
    rng = np.random.default_rng(seed)
    columns = {fact.name: _column(fact, rows, rng, nulls, texts=texts) for fact in facts}
    return pa.record_batch(columns)


def _column(fact: Fact, rows: int, rng: Any, nulls: float, *, texts: bool) -> Any:
    missing = rng.random(rows) < nulls if nulls else None
    if fact.is_numeric:
        # Quantiles of a fine grid, with a fraction of a step added, so that all thresholds are met and crossed.
        grid = np.array([fact.quantile(q) for q in np.linspace(0, 1, 20_001)], np.int64)
        drawn = grid[rng.integers(0, len(grid), rows)]
        if fact.kind == "duration":
            return pa.array(drawn * 1_000_000, pa.int64(), mask=missing).cast(pa.duration("us"))
        return pa.array(drawn, mask=missing)
    at = rng.choice(len(fact.words), rows, p=np.array(fact.weights) / sum(fact.weights))
    if fact.kind == "boolean":
        return pa.array(at == fact.words.index("true"), mask=missing)
    words = pa.DictionaryArray.from_arrays(pa.array(at.astype(np.int8), mask=missing), pa.array(fact.words))
    return words.cast(pa.string()) if texts else words
