"""Both correlators find the same, with the same provenance, whatever the patterns and the streams."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from chooser import Chooser
from following import follow, schedule
from random_patterns import Patterns, pattern_of

from evenhand.engine.cases.durable import Durable, Worker
from evenhand.engine.cases.durable.process import missing
from evenhand.engine.cases.plain import Plain

if missing():
    pytest.skip(f"the correlators are not compared: {missing()}", allow_module_level=True)

#: How many sets of patterns are compared.
CASES = int(os.environ.get("EVENHAND_CASES", "20000")) // 4
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker(patience=20)
    assert worker.is_ready(20), worker.failures
    yield worker
    worker.close()


def test_both_correlators_find_the_same(worker: Worker) -> None:
    seen: Counter[str] = Counter()
    for number in range(CASES):
        choose = Chooser.seeded(SEED * 5_000_011 + number)
        patterns = [pattern_of(made) for made in Patterns(choose, plain_share=5).several()]
        recorded = schedule(choose, choose.number(1, 3), 12)
        assert worker.is_ready(20)  # because a worker is replaced after some sets of rules
        durable = Durable(patterns, worker=worker, most_sessions=choose.pick((1, 2, 1_000)))
        expected = follow(patterns, Plain(patterns), recorded)
        assert follow(patterns, durable, recorded) == expected, (number, patterns, recorded)
        seen += durable.answered
        seen["matches"] += sum(isinstance(state, tuple) and bool(state) for state in expected[-1:])
    print(dict(seen), worker.generation)
    assert not worker.failures
    assert seen["engine"] > seen["plain"]
    assert seen["matches"] > CASES // 4


def test_they_agree_on_long_logs_and_windows_that_pass(worker: Worker) -> None:
    """Sessions are made anew as events grow old, and patterns with too many partial matches go to the plain one and back."""
    for number in range(max(CASES // 100, 2)):
        choose = Chooser.seeded(SEED * 6_000_011 + number)
        patterns = [pattern_of(made) for made in Patterns(choose, plain_share=0).several()]
        assert worker.is_ready(20)
        durable = Durable(patterns, worker=worker)
        recorded = sorted(schedule(choose, 2, 400, span=1_000), key=lambda row: (row[1].at, row[1].seq))
        expected = follow(patterns, Plain(patterns), recorded)
        assert follow(patterns, durable, recorded) == expected, (number, patterns)
    assert not worker.failures
