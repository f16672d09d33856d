"""Whatever becomes of the worker, the cases go on and come to the same; and what the engine is never asked."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from chooser import Chooser
from following import follow, schedule
from random_patterns import FACTS, Made, Patterns, Piece, Test, pattern_of

from evenhand.engine.cases.correlate import Correlation, Happened, Learned, Match
from evenhand.engine.cases.durable import Durable, Worker, process
from evenhand.engine.cases.durable.compile import compile_patterns, fnv
from evenhand.engine.cases.outline import outlines
from evenhand.engine.cases.plain import Plain

#: How often the worker is hurt, in each of three ways together.
FAULTS = max(int(os.environ.get("EVENHAND_CASES", "20000")) // 100, 6)
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))

needs_the_engine = pytest.mark.skipif(bool(process.missing()), reason=f"no worker: {process.missing()}")

#: A worker that writes nonsense whenever it gets a signal.
BABBLING = """
import json, os, signal, socket, sys
sys.path[:] = json.loads(sys.argv.pop())
fd = int(sys.argv[1])
signal.signal(signal.SIGUSR1, lambda *_: os.write(fd, os.urandom(40)))
from evenhand.engine.cases.durable.worker import main
main()
"""
#: A worker that finds no engine.
BARE = """
import json, sys
sys.path[:] = json.loads(sys.argv.pop())
sys.modules["durable_rules_engine"] = None
from evenhand.engine.cases.durable.worker import main
main()
"""


def babbling(**options: float) -> Worker:
    return Worker(command=[sys.executable, "-c", BABBLING], **options)


def post(seq: int, at: int | None = None, **fields: object) -> Happened:
    return Happened(seq, seq if at is None else at, "post", fields)  # type: ignore[arg-type]


PAIR = Made(
    "pair", (Piece("one", "post", ()), Piece("two", "post", ((Test("author", "=", "one.author"),),))), None, (), {}
)


def matches_of(joiner: Plain | Durable, events: Sequence[Happened], *made: Made) -> list[list[Match]]:
    correlation, fold = Correlation([pattern_of(one) for one in made], joiner, FACTS, case="c"), Learned()
    return [correlation.advance(event, fold) for event in events]


# --- a worker that is hurt -------------------------------------------------------------------------------------------


class Tormentor(threading.Thread):
    """Kills, stops, or makes talk nonsense whatever worker there is, at random moments."""

    def __init__(self, worker: Worker, faults: int) -> None:
        super().__init__(daemon=True)
        self.worker, self.left, self.done = worker, faults, Counter[str]()
        self.choose = random.Random(SEED)

    def run(self) -> None:
        while self.left:
            time.sleep(self.choose.random() * 0.08)
            pid, is_ready = self.worker.pid, self.worker._is_ready
            if pid is None or (not is_ready and self.choose.random() < 0.9):
                continue
            fault = self.choose.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP, signal.SIGUSR1))
            try:
                os.kill(pid, fault)
            except ProcessLookupError:
                continue
            self.done[fault.name] += 1
            self.left -= 1


@pytest.mark.once
@needs_the_engine
def test_a_worker_that_is_killed_stopped_or_babbles_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer on the way is compared, not only the last ones."""
    monkeypatch.setattr(process, "LONGEST_PAUSE", 0.02)
    worker = babbling(patience=0.1)
    assert worker.is_ready(20), worker.failures
    tormentor = Tormentor(worker, FAULTS)
    tormentor.start()
    answered: Counter[str] = Counter()
    number = 0
    # A busy machine starts workers slowly: it goes on until the engine has had its say.
    while tormentor.left or (answered["engine"] <= 5 * FAULTS and number < 5_000):
        number += 1
        choose = Chooser.seeded(SEED * 9_000_011 + number)
        patterns = [pattern_of(made) for made in Patterns(choose, plain_share=5).several()]
        recorded = schedule(choose, 3, 40)
        durable = Durable(patterns, worker=worker)
        if choose.chance(80):
            worker.is_ready(1)
        assert follow(patterns, durable, recorded) == follow(patterns, Plain(patterns), recorded), number
        answered += durable.answered
    worker.close()
    print(
        dict(tormentor.done), dict(answered), worker.generation, Counter(why.split(":")[0] for why in worker.failures)
    )
    assert sum(tormentor.done.values()) == FAULTS
    assert answered["engine"] > 5 * FAULTS
    assert len(worker.failures) > FAULTS // 4


@needs_the_engine
@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP, signal.SIGUSR1])
def test_a_case_goes_on_on_a_new_worker(fault: signal.Signals) -> None:
    """Its session is rebuilt from what was kept: the new worker knows the first event, which the old one had seen."""
    worker = babbling(patience=0.3)
    assert worker.is_ready(20)
    durable = Durable([pattern_of(PAIR)], worker=worker)
    correlation, fold = Correlation([pattern_of(PAIR)], durable, FACTS), Learned()
    assert correlation.advance(post(1, author="ann"), fold) == []
    assert durable.answered == {"engine": 1}
    assert worker.pid is not None
    os.kill(worker.pid, fault)
    time.sleep(0.05)
    (match,) = correlation.advance(post(2, author="ann"), fold)
    assert match.events == (1, 2)
    assert durable.answered == {"engine": 1, "plain": 1}
    assert len(worker.failures) == 1
    assert worker.is_ready(20)
    (match,) = correlation.advance(post(3, author="ann"), fold)
    assert match.events == (1, 3)
    assert durable.answered == {"engine": 2, "plain": 1}
    worker.close()


@needs_the_engine
def test_a_match_that_is_none_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker()
    assert worker.is_ready(20)
    durable = Durable([pattern_of(PAIR)], worker=worker)
    ask = worker.ask
    for wrong in ({"r0": [1, 2]}, {"r0": [2]}, {"r0": [None, 2]}, {"r0": [2, 2]}):
        monkeypatch.setattr(worker, "ask", lambda request, wrong=wrong, **options: (ask(request, **options), wrong)[1])
        assert matches_of(durable, [post(1, author="ann"), post(2, author="bob")], PAIR) == [[], []]
        assert worker.failures.pop() == "garbled: a match that is none"
        monkeypatch.setattr(worker, "ask", ask)
        assert worker.is_ready(20)
    worker.close()


@needs_the_engine
def test_a_case_over_which_the_worker_keeps_failing_is_left_to_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LONGEST_PAUSE", 0.01)
    worker = babbling(patience=0.2)
    durable = Durable([pattern_of(PAIR)], worker=worker)
    correlation, fold = Correlation([pattern_of(PAIR)], durable, FACTS), Learned()
    for seq in range(1, 6):
        assert worker.is_ready(20)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        assert len(correlation.advance(post(seq, author="ann"), fold)) == (seq > 1)
    assert len(worker.failures) == 3
    other = Correlation([pattern_of(PAIR)], durable, FACTS, case="another")
    worker.close()
    assert worker.is_ready(20)
    assert other.advance(post(1, author="ann"), Learned()) == []
    assert durable.answered["engine"] == 1
    worker.close()


@needs_the_engine
def test_a_failed_worker_is_given_longer_and_longer_pauses() -> None:
    worker = babbling()
    pauses = []
    for _ in range(4):
        worker.failed("on purpose")
        pauses.append(worker._not_before - time.monotonic())
        worker._not_before = 0.0
    assert [round(pause, 2) for pause in pauses] == [0.05, 0.1, 0.2, 0.4]


# --- no engine at all ------------------------------------------------------------------------------------------------


def test_without_the_library_the_plain_correlator_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    assert process.missing() == "durable_rules is not installed: install `evenhand[cases]`"
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    assert "on this Python it takes CPPFLAGS=" in process.missing()
    with Durable([pattern_of(PAIR)]) as durable:
        assert matches_of(durable, [post(1, author="ann"), post(2, author="ann")], PAIR)[1][0].events == (1, 2)
        assert durable.why_not("pair") == process.missing()
        assert durable.answered == {"plain": 2}
        assert durable.worker.pid is None


def test_a_library_that_cannot_be_imported_is_said_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(command=[sys.executable, "-c", BARE])
    assert not worker.is_ready(20)
    durable = Durable([pattern_of(PAIR)], worker=worker)
    assert "durable_rules cannot be imported (" in durable.why_not("pair")
    assert matches_of(durable, [post(1, author="ann"), post(2, author="ann")], PAIR)[1][0].events == (1, 2)
    assert worker.generation == 1
    assert worker.pid is None


def test_a_worker_that_ends_at_once_is_not_waited_for() -> None:
    worker = Worker(command=[sys.executable, "-c", "pass"])
    durable = Durable([pattern_of(PAIR)], worker=worker)
    until = time.monotonic() + 20
    while not worker.failures and time.monotonic() < until:
        assert matches_of(durable, [post(1, author="ann"), post(2, author="ann")], PAIR)[1][0].events == (1, 2)
    assert worker.failures[0] == "closed: it ended before it was ready"


def test_a_worker_that_cannot_be_started_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    durable = Durable([pattern_of(PAIR)], worker=babbling())
    assert matches_of(durable, [post(1, author="ann"), post(2, author="ann")], PAIR)[1][0].events == (1, 2)
    assert durable.worker.failures == ["not started: no more processes"]


# --- sessions --------------------------------------------------------------------------------------------------------


@needs_the_engine
def test_sessions_are_few_and_come_back() -> None:
    with Durable([pattern_of(PAIR)], most_sessions=2) as durable:
        assert durable.worker.is_ready(20)
        cases = {f"case-{n}": Correlation([pattern_of(PAIR)], durable, FACTS, case=f"case-{n}") for n in range(5)}
        for round_ in range(1, 4):
            for case in cases.values():
                assert len(case.advance(post(round_, author="ann"), Learned())) == (round_ > 1)
                assert len(durable._sessions) <= 2
        assert durable.answered == {"engine": 15}
        assert not durable.worker.failures


@needs_the_engine
def test_a_session_is_made_anew_when_most_of_it_is_past() -> None:
    windowed = Made("pair", PAIR.pieces, Fraction(1), (), {})
    with Durable([pattern_of(windowed)]) as durable:
        assert durable.worker.is_ready(20)
        events = [post(seq, at=seq * 400, author=f"a{seq // 2 if seq % 5 else 0}") for seq in range(1, 2_000)]
        assert matches_of(durable, events, windowed) == matches_of(Plain([pattern_of(windowed)]), events, windowed)
        assert durable.answered == {"engine": 1_999}
        assert durable._sessions["c"].count <= durable._sessions["c"].limit < 300


@needs_the_engine
def test_more_partial_matches_than_the_engine_takes_are_left_to_the_plain_one() -> None:
    crowd = Made("crowd", (Piece("one", "post", (), 3, "author"),), None, (), {})
    with Durable([pattern_of(crowd)]) as durable:
        assert durable.worker.is_ready(20)
        events = [post(seq, author=f"a{seq % 7}") for seq in range(1, 60)]
        assert matches_of(durable, events, crowd) == matches_of(Plain([pattern_of(crowd)]), events, crowd)
        assert durable.answered["engine"] > 10
        assert durable.answered["plain"] > 10
        assert durable._sessions["c"].off == {0: "there may be more than 1,000 partial matches"}
        assert not durable.worker.failures


@needs_the_engine
def test_values_that_the_engine_cannot_take_are_left_to_the_plain_one() -> None:
    more = Made(
        "more", (Piece("one", "post", ()), Piece("two", "post", ((Test("score", ">", "one.score"),),))), None, (), {}
    )
    events = [
        post(1, score=1),
        post(2, score=2),
        post(3, score=Fraction(7, 3)),
        post(4, score=10**25),
        post(5, score=1),
    ]
    with Durable([pattern_of(more)]) as durable:
        assert durable.worker.is_ready(20)
        assert matches_of(durable, events, more) == matches_of(Plain([pattern_of(more)]), events, more)
        assert durable.answered == {"engine": 2, "plain": 3}


@needs_the_engine
def test_a_fork_has_a_worker_of_its_own(tmp_path: Path) -> None:
    """Two processes on one pipe would read each other's answers."""
    script = tmp_path / "forking.py"
    script.write_text(
        """
import os, sys
sys.path[:0] = sys.argv[1].split(os.pathsep)
from test_durable_faults import *
with Durable([pattern_of(PAIR)]) as durable:
    assert durable.worker.is_ready(20)
    assert matches_of(durable, [post(1, author="ann"), post(2, author="ann")], PAIR)[1]
    ours = durable.worker.pid
    child = os.fork()
    assert durable.worker.is_ready(20)
    assert (durable.worker.pid == ours) == bool(child)
    assert matches_of(durable, [post(1, author="ann"), post(2, author="ann")], PAIR)[1]
    assert durable.answered == {"engine": 4}
    if child:
        assert os.waitpid(child, 0)[1] == 0
        assert matches_of(durable, [post(1, author="ann"), post(2, author="ann")], PAIR)[1]
        assert not durable.worker.failures
        print("well")
"""
    )
    command = [sys.executable, str(script), os.pathsep.join([str(Path(__file__).parent), *sys.path])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "well\n", done.stderr


# --- what the engine is never asked ----------------------------------------------------------------------------------


def reason(*pieces: Piece) -> str:
    compiled = compile_patterns(outlines([pattern_of(Made("p", pieces, None, (), {}))]))
    return compiled.reasons.get(0, "")


ONE = Piece("one", "post", ())
TWO = Piece("two", "reply", ())
MANY = tuple((Test("views", ">", f"one.views + {n}"),) for n in range(30))


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ((ONE, TWO), ""),
        ((ONE,), "it asks for one event, which takes no join"),
        ((ONE, Piece("two", "post", (), 6)), "it joins 7 events, and the engine's partial matches"),
        (
            (ONE, Piece("two", "post", ((Test("author", "=", "one.author"), Test("note", "=", "one.note")),))),
            "event 2 has an `or` that speaks of several events",
        ),
        (
            (ONE, Piece("two", "post", ((Test("author", "=", "'ann'", "ann"), Test("note", "=", "'beta'", "beta")),))),
            "",
        ),
        (
            (ONE, Piece("two", "post", ((Test("note", "contains", "one.author"),),))),
            "looks for a text in a text of another event",
        ),
        (
            (ONE, TWO, Piece("three", "post", ((Test("one.views", "<", "two.views"),),))),
            "it compares earlier events with one another",
        ),
        (
            (ONE, Piece("two", "post", ((Test("views * one.views", ">", "3", 3),),))),
            "in a way that cannot be taken apart",
        ),
        ((ONE, Piece("two", "post", ((Test("views / 3", ">", "2 * one.views"),),))), ""),
        ((ONE, Piece("two", "post", ((Test("max(views, 2)", ">", "one.views"),),))), ""),
        ((ONE, Piece("two", "post", ((Test("one.note", "contains", "'bet'", "bet"),),))), ""),
        (
            (ONE, Piece("two", "post", tuple((Test("views", ">", f"one.views + {n}"),) for n in range(30)))),
            "is compared in more than 24 ways",
        ),
    ],
)
def test_what_is_not_sound_stays_with_the_plain_correlator(pieces: tuple[Piece, ...], why: str) -> None:
    found = reason(*pieces)
    assert why in found
    assert bool(why) == bool(found)


def test_patterns_beyond_the_engines_limits_stay_with_the_plain_correlator() -> None:
    many = [pattern_of(Made(f"p{number}", (ONE, TWO), Fraction(number), (), {})) for number in range(120)]
    compiled = compile_patterns(outlines(many))
    assert len(compiled.ruled) == 50
    assert set(compiled.reasons.values()) == {"the patterns before it ask 50 things of events of one kind already"}


def test_no_two_names_and_no_two_ids_share_a_hash() -> None:
    """The engine tells them apart by 32 bits only: `costarring` and `liquid` are one to it."""
    assert fnv("costarring") == fnv("liquid")
    assert len({fnv(str(number)) for number in range(100_000)}) == 100_000
    many = [pattern_of(made) for made in (Patterns(Chooser.seeded(3), plain_share=0).several())]
    names = {
        name
        for ruled in compile_patterns(outlines(many)).ruled.values()
        for seat in ruled.seats
        for name in (seat.flag, *seat.brings, *seat.windows)
    }
    assert len({fnv(name) for name in names}) == len(names) > 0


def rows_of(rule: object) -> Iterator[object]:
    if isinstance(rule, dict):
        yield from rule
        for inner in rule.values():
            yield from rows_of(inner)
    elif isinstance(rule, list):
        for inner in rule:
            yield from rows_of(inner)
    else:
        yield rule


def test_only_the_sound_subset_is_ever_compiled() -> None:
    """Flat joins of whole numbers that end with a term that is always true; no arithmetic, no `or`, no text, no negation."""
    seen = 0
    for number in range(300):
        patterns = [pattern_of(made) for made in Patterns(Chooser.seeded(number)).several()]
        for ruled in compile_patterns(outlines(patterns)).ruled.values():
            (rows,) = ruled.rule.values()
            for place, row in enumerate(rows):
                ((alias, condition),) = row.items()
                ((operator, terms),) = condition.items()
                assert (alias, operator) == (f"a{place}", "$and")
                assert len(terms) == 1 if place == 0 else terms[-1] == {"_": {"a0": "_"}}
                for word in rows_of(terms):
                    assert (
                        word == 1
                        or str(word) in {"$gt", "$gte", "$lt", "$lte", "$neq", "_", "o", "t"}
                        or str(word)[1:].isdigit()
                    )
                seen += 1
    assert seen > 300
