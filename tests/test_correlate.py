"""The plain correlator finds what trying every tuple finds, whatever the patterns and the stream."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import attrs
import pytest
from chooser import Chooser
from judge_patterns import Endless, Found, Judge
from random_patterns import FACTS, Made, Patterns, Piece, Test, pattern_of, stream

from evenhand import Policy
from evenhand.engine.cases import correlate
from evenhand.engine.cases.correlate import Correlation, Happened, Learned, Match, correlated
from evenhand.engine.cases.durable import Durable
from evenhand.engine.cases.joining import CorrelationError, LateEventError
from evenhand.engine.cases.plain import Plain
from evenhand.rules.event_kinds import MATCHED

CASES = int(os.environ.get("EVENHAND_CASES", "20000")) // 10
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))


def plainly(matches: list[Match]) -> list[Found]:
    return [(match.pattern, match.number, match.at, match.events, dict(match.facts)) for match in matches]


def judged(patterns: tuple[Made, ...], events: tuple[Happened, ...], now: int) -> list[Found] | str:
    try:
        return Judge(patterns, most_matches=25).read(events, now)
    except Endless:
        return "endless"


def found(patterns: tuple[Made, ...], events: tuple[Happened, ...], now: int) -> list[Found] | str:
    made = [pattern_of(pattern) for pattern in patterns]
    try:
        return plainly(correlated(Correlation(made, Plain(made), FACTS), events, Learned(), now=now))
    except CorrelationError:
        return "endless"


def test_the_plain_correlator_finds_what_trying_every_tuple_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A case may have 25 matches here, so that trying every tuple comes to an end."""
    monkeypatch.setattr(correlate, "MOST_MATCHES", 25)
    seen: Counter[str] = Counter()
    for number in range(CASES):
        choose = Chooser.seeded(SEED * 1_000_003 + number)
        patterns = Patterns(choose).several()
        events = stream(choose, choose.number(3, 11))
        now = choose.number(0, 24) * 500
        expected = judged(patterns, events, now)
        assert found(patterns, events, now) == expected, (number, patterns, events)
        seen["endless" if expected == "endless" else "some" if expected else "none"] += 1
    print(seen)
    assert seen["some"] > CASES // 4
    assert CASES < 500 or seen["endless"]


def test_a_state_grown_event_by_event_is_the_one_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes in steps of its own; a late event makes the state anew."""
    monkeypatch.setattr(correlate, "MOST_MATCHES", 60)
    for number in range(CASES // 2):
        choose = Chooser.seeded(SEED * 7_000_003 + number)
        made = [pattern_of(pattern) for pattern in Patterns(choose).several()]
        events = list(stream(choose, choose.number(3, 11)))
        joiner = Plain(made)
        correlation, fold = Correlation(made, joiner, FACTS), Learned()
        recorded: list[Happened] = []
        now = 0
        try:
            for event in events:
                recorded.append(event)
                now = max(now, event.at + choose.pick((0, 0, 500, 3_000)))
                try:
                    correlation.advance(event, fold)
                    correlation.advance_to(now, fold)
                except LateEventError:
                    correlation, fold = Correlation(made, joiner, FACTS), Learned()
                    correlated(correlation, recorded, fold, now=now)
                anew, other = Correlation(made, Plain(made), FACTS), Learned()
                assert correlated(anew, recorded, other, now=now) == correlation.matches
                assert (anew.deadlines, other) == (correlation.deadlines, fold)
                assert all(due > now for due in correlation.deadlines)
        except CorrelationError:
            with pytest.raises(CorrelationError):
                correlated(Correlation(made, Plain(made), FACTS), recorded, Learned(), now=now)


# --- what it must not cost -------------------------------------------------------------------------------------------


def made(*pieces: Piece, id_: str = "p-a", learn: dict[str, Any] | None = None) -> Made:
    return Made(id_, pieces, None, (), learn or {})


def same(field: str, alias: str, operator: str = "=") -> tuple[Test, ...]:
    return (Test(field, operator, f"{alias}.{field}"),)


def matches_of(events: Iterable[Happened], *patterns: Made, now: int = 10**9) -> list[Match]:
    ready = [pattern_of(pattern) for pattern in patterns]
    return correlated(Correlation(ready, Plain(ready), FACTS), events, Learned(), now=now)


@pytest.mark.parametrize("count", [3, 300])
def test_counting_does_not_try_combinations(count: int) -> None:
    """Nearly as many authors as it takes, each with many posts: every choice of posts would lead nowhere."""
    crowd = made(Piece("one", "post", (), count, "author"))
    events = [Happened(seq, seq, "post", {"author": f"a{seq % (count - 1)}"}) for seq in range(1, 2 * count)]
    assert matches_of(events, crowd) == []
    events.append(Happened(10_000, 10_000, "post", {"author": "new"}))
    (match,) = matches_of(events, crowd)
    assert match.events == (*range(1, count), 10_000)


def test_choices_that_lead_to_the_same_place_are_tried_once() -> None:
    """Eight elements, each by the same author as the one before, and none that could be the last."""
    pieces = [Piece("e0", "post", ())]
    pieces += [Piece(f"e{i}", "post", (same("author", f"e{i - 1}"),)) for i in range(1, 8)]
    pieces.append(Piece("last", "reply", (same("views", "e7", ">"),)))
    events = [Happened(seq, seq, "post", {"author": "ann", "views": 9}) for seq in range(1, 120)]
    began = time.perf_counter()
    assert matches_of([*events, Happened(999, 999, "reply", {"views": 1})], made(*pieces)) == []
    assert time.perf_counter() - began < 20


def test_a_pattern_that_is_too_costly_is_a_clear_error() -> None:
    """The sixth must have more views than each of five before it, and posts are seen less and less."""
    pieces = [Piece(f"e{i}", "post", ()) for i in range(5)]
    pieces.append(Piece("e5", "post", tuple(same("views", f"e{i}", ">") for i in range(5))))
    events = [Happened(seq, seq, "post", {"views": 10**6 - seq}) for seq in range(1, 100)]
    assert matches_of(events[:10], made(*pieces)) == []
    with pytest.raises(CorrelationError, match="pattern `p-a` is too costly to follow in this case: give it a shorter"):
        matches_of([*events, Happened(999, 999, "reply")], made(*pieces, Piece("last", "reply", ())))


def test_patterns_that_chase_one_another_are_named() -> None:
    start = made(Piece("one", "post", ()), id_="p-a")
    chase = [
        made(Piece("one", MATCHED.id, ((Test("pattern", "!=", f"'{id_}'", id_),),)), id_=id_) for id_ in ("p-b", "p-c")
    ]
    with pytest.raises(CorrelationError) as caught:
        matches_of(
            [Happened(1, 1, "post")], start, *chase[:1], attrs.evolve(chase[1], pieces=(Piece("one", "p-b", ()),))
        )
    assert caught.value.code == "endless-matches"
    assert set(caught.value.patterns) == {"p-b", "p-c"}
    assert "complete one another without end" in str(caught.value)
    assert "more than 50 matches in a chain" in str(caught.value)


def test_a_case_has_so_many_matches_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [Happened(seq, seq, "post") for seq in range(1, 2_001)]
    assert len(matches_of(events, made(Piece("one", "post", ())))) == 2_000
    monkeypatch.setattr(correlate, "MOST_MATCHES", 2_000)
    with pytest.raises(
        CorrelationError, match="more than 2,000 matches in one case, most of them of pattern `p-a`"
    ) as caught:
        matches_of([*events, Happened(2_001, 2_001, "post")], made(Piece("one", "post", ())))
    assert caught.value.code == "too-many-matches"


def test_an_event_leads_to_so_many_matches_at_most() -> None:
    many = [made(Piece("one", "post", ()), id_=f"p-{number}") for number in range(1_001)]
    posts = [Happened(seq, seq, "post") for seq in range(1, 4)]
    assert len(matches_of(posts, *many[:-1])) == 3_000
    with pytest.raises(CorrelationError, match="more than 1,000 matches at once, most of them of pattern `p-0`"):
        matches_of(posts, *many)


# --- absence ---------------------------------------------------------------------------------------------------------

UNANSWERED = made(
    Piece("asked", "post", ()), Piece("answer", "reply", (same("author", "asked"),), absent_for=Fraction(10))
)


@pytest.mark.parametrize(
    ("now", "answer", "complete"),
    [
        (9_999, None, False),
        (10_000, None, True),
        (10_000, Happened(2, 10_000, "reply", {"author": "ann"}), False),
        (10_001, Happened(2, 10_001, "reply", {"author": "ann"}), True),
        (10_000, Happened(2, 5_000, "reply", {"author": "bob"}), True),
        (10_000, Happened(2, 5_000, "reply", {}), True),
        (10_000, Happened(2, 0, "reply", {"author": "ann"}), False),
    ],
)
def test_absence_is_complete_when_its_moment_has_come(now: int, answer: Happened | None, complete: bool) -> None:
    """An answer at that very moment is in time; one of an unknown author is no answer to ann."""
    asked = Happened(1, 0, "post", {"author": "ann"})
    found = matches_of([asked, *([answer] if answer else [])], UNANSWERED, now=now)
    assert [(match.at, match.events) for match in found] == ([(10_000, (1,))] if complete else [])


def test_an_event_at_a_moment_that_was_acted_upon_is_late() -> None:
    ready = [pattern_of(UNANSWERED)]
    correlation, fold = Correlation(ready, Plain(ready), FACTS), Learned()
    correlation.advance(Happened(1, 0, "post", {"author": "ann"}), fold)
    assert list(correlation.deadlines) == [10_000]
    assert correlation.advance_to(9_999, fold) == []
    assert len(correlation.advance_to(10_000, fold)) == 1
    assert list(correlation.deadlines) == []
    with pytest.raises(LateEventError):
        correlation.advance(Happened(2, 10_000, "reply", {"author": "ann"}), fold)


def test_what_a_pattern_teaches_stays_within_the_fact() -> None:
    """Views may be any whole number from 0 on; a field that was not stated teaches nothing."""
    heat = made(Piece("one", "post", ()), learn={"heat": ("name", "one.views - 5", None)})
    events = [Happened(1, 1, "post", {"views": 7}), Happened(2, 2, "post", {"views": 3}), Happened(3, 3, "post")]
    assert [match.facts for match in matches_of(events, heat)] == [{"heat": 2}, {}, {}]


def test_a_pattern_needs_an_event_that_comes() -> None:
    with pytest.raises(ValueError, match="pattern `p-a` needs an event that comes"):
        matches_of([], made(Piece("one", "post", (), absent_for=Fraction(1))))


# --- patterns as owners write them -----------------------------------------------------------------------------------

WRITTEN = """
[policy]
id = "cafe"
title = "Café"
version = "1"
currency = "USD"

[parameters]
crowd = 1_000

[facts.pile_on]
type = "boolean"

[facts.loudest]
type = "integer"

[facts.unanswered]
type = "boolean"

[[pattern]]
id = "pile-on"
title = "Several authors within a day"
events = [{ kind = "post_seen", as = "loud", where = "views >= crowd", count = 3, distinct = "author" }]
within = "24h"
learn = { pile_on = true, loudest = "loud.views" }

[[pattern]]
id = "left-alone"
title = "Nobody answered after a pile-on"
events = [{ pattern = "pile-on" }, { kind = "message_sent", absent_for = "2h" }]
when = "loudest >= 2_000"
learn = { unanswered = true }
"""
HOUR = 3_600_000


def test_patterns_as_an_owner_writes_them() -> None:
    tree = Policy.loads(WRITTEN).tree
    patterns = tree.case.patterns
    seen = [
        (0, "ann", 2_500),
        (1, "bob", 900),
        (2, "bob", 1_200),
        (3, "ann", 9_000),
        (4, "cy", 1_500),
        (26, "dan", 3_000),
    ]
    events = [
        Happened(seq, hour * HOUR, "post_seen", {"author": author, "views": views})
        for seq, (hour, author, views) in enumerate(seen, start=1)
    ]
    durable = Durable(patterns)
    for joiner in (Plain(patterns), durable):
        correlation, fold = Correlation(patterns, joiner, tree.facts), Learned()
        assert plainly(correlated(correlation, events, fold, now=28 * HOUR)) == [
            ("pile-on", 1, 4 * HOUR, (1, 3, 5), {"pile_on": True, "loudest": 2_500}),
            ("left-alone", 1, 6 * HOUR, (("pile-on", 1),), {"unanswered": True}),
            ("pile-on", 2, 26 * HOUR, (3, 4, 6), {"pile_on": True, "loudest": 1_200}),
        ]
        assert fold.facts == {"pile_on": True, "loudest": 1_200, "unanswered": True}
        assert not correlation.deadlines
    durable.close()
