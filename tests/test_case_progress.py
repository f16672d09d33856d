"""Cases as they go: facts folded from events, the ledger, plans, watching, and stories that hold them to what is expected."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Mapping
from typing import TypeAlias

import pytest

from evenhand import Policy, PolicyError
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.joining import LateEventError
from evenhand.engine.cases.ledger import Owed
from evenhand.engine.cases.passing import in_order, replayed, run_through
from evenhand.engine.cases.plain import Plain
from evenhand.engine.cases.progress import Progress
from evenhand.engine.cases.stories import tell_stories
from evenhand.rules.moments import milliseconds
from evenhand.rules.types import DURATION

OPENED = milliseconds(dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC))
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
#: An event: how many milliseconds after the case was opened, its kind, its fields.
Told: TypeAlias = tuple[int, str, Mapping[str, object]]
STREAMS = max(int(os.environ.get("EVENHAND_CASES", "20000")) // 100, 10)

TALE = """
[policy]
id = "tale"

[calendar]
time_zone = "America/New_York"
open = { weekdays = "09:00-17:00" }
holidays = [2026-11-26]

[facts.pile_on]
type = "boolean"
assume = false

[facts.silent]
type = "boolean"

[decisions.refund]
default = "deny"
[decisions.defend]
default = "no"
[decisions.walk_away]
default = "stay"
[decisions.insurance]
default = "no"

[[rule]]
id = "pile"
when = "pile_on"
then.walk_away = "end"
oblige = ["call-owner"]

[[rule]]
id = "hurt"
when = "injury"
then.insurance = "notify"
oblige = ["tell-insurer"]

[[rule]]
id = "hostile"
when = "abuse >= hostile"
then.defend = "privately"

[[rule]]
id = "broken"
when = "exchange.promises_broken > 0"
then.refund = "full"

[obligations.call-owner]
title = "Call the owner"
within = "2h"
hours = "business"

[obligations.tell-insurer]
title = "Tell the insurer"
within = "24h"
discharged_by = ["insurer_notified"]

[[pattern]]
id = "pile-on"
within = "24h"
learn.pile_on = true
[[pattern.events]]
kind = "post_seen"
where = "views > 1_000"
count = 3
distinct = "author"

[[pattern]]
id = "silence"
learn.silent = true
[[pattern.events]]
kind = "message_received"
[[pattern.events]]
kind = "message_sent"
absent_for = "2h"

[monitoring]
when = "walk_away >= end"
length = "14 days"
reopen = "virality.views_per_hour >= 10_000"

[plans.calm]
unless = "injury"
[[plans.calm.steps]]
do = "listen"
title = "Hear them out"
within = "30 min"
[[plans.calm.steps]]
do = "thank"
when = "abuse < hostile"
[[plans.calm.steps]]
do = "propose"
needs = ["check-stock"]
[plans.stock]
[[plans.stock.steps]]
do = "check-stock"
"""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.loads(TALE)


def begun(policy: Policy, *events: Told, now: int = 0, **facts: object) -> Progress:
    """Return a case after some events, each so many milliseconds after it was opened, and after *now*."""
    progress = Progress(policy, Plain(policy.tree.case.patterns))
    opening = Event(0, OPENED, "case_opened", {"facts": facts})
    told = [Event(0, OPENED + after, kind, fields) for after, kind, fields in events]
    list(run_through(progress, [opening, *told], now=OPENED + max(now, *(after for after, *_ in events or [(0,)]))))
    return progress


def states(progress: Progress) -> dict[str, str]:
    return {entry.id: entry.state for entry in progress.ledger}


def outcome(progress: Progress, name: str) -> object:
    assert progress.judgement is not None
    return progress.judgement.verdicts[name].canonical


# --- facts -----------------------------------------------------------------------------------------------------------


def test_the_conversation_is_counted(policy: Policy) -> None:
    progress = begun(
        policy,
        (1 * HOUR, "message_received", {"abuse": "rude"}),
        (2 * HOUR, "message_sent", {}),
        (3 * HOUR, "offer_declined", {"offer": "voucher"}),
        (4 * HOUR, "step_done", {"step": "listen"}),
        (5 * HOUR, "message_sent", {}),
        exchange={"replies_sent": 2},
    )
    known = progress.known(OPENED + 6 * HOUR)
    assert known["exchange.replies_sent"] == 4
    assert known["exchange.offers_declined"] == 1
    assert known["exchange.steps_done"] == ("listen",)
    assert known["exchange.hours_open"] == 6 * 3600
    assert known["exchange.hours_since_contact"] == 5 * 3600
    assert known["abuse"] == "rude"
    assert progress.policy.tree.facts["exchange.hours_open"].type == DURATION


def test_views_are_those_last_seen_of_every_post_and_how_fast_they_grow(policy: Policy) -> None:
    progress = begun(
        policy,
        (1 * HOUR, "post_seen", {"post": "a", "views": 1_000}),
        (2 * HOUR, "post_seen", {"post": "b", "views": 500, "press": True}),
        (4 * HOUR, "post_seen", {"post": "a", "views": 9_000}),
        virality={"views": 200},
    )
    known = progress.known(OPENED + 5 * HOUR)
    assert known["virality.views"] == 9_500
    assert known["virality.views_per_hour"] == 4_000
    assert known["virality.press"] is True


def test_what_is_written_otherwise_than_it_is_read_counts_as_it_is_read(policy: Policy) -> None:
    """`9000.0` is a whole number, though not one to Python."""
    posts: list[Told] = [
        (hour, "post_seen", {"author": a, "post": a, "views": 9_000.0}) for hour, a in enumerate("abc")
    ]
    progress = begun(policy, *posts)
    assert progress.known(OPENED + HOUR)["virality.views"] == 27_000
    assert [match.pattern for match in progress.matches] == ["pile-on"]


def test_the_worst_treatment_stands(policy: Policy) -> None:
    """A milder message does not take back what was stated, and what is uncertain is at least as bad as what was written."""
    milder = begun(policy, (HOUR, "message_received", {"abuse": "rude"}), abuse="hostile")
    assert milder.known(OPENED + HOUR)["abuse"] == "hostile"
    uncertain = begun(policy, (HOUR, "message_received", {"abuse": "hostile"}), abuse="any of rude, hostile")
    assert uncertain.known(OPENED + HOUR)["abuse"] == "hostile"
    assert outcome(uncertain, "defend") == "privately"


def test_what_was_stated_about_time_goes_on(policy: Policy) -> None:
    progress = begun(policy, now=HOUR, exchange={"hours_open": "10h"})
    assert progress.known(OPENED + 2 * HOUR)["exchange.hours_open"] == 12 * 3600


def test_facts_learned_later_count(policy: Policy) -> None:
    progress = begun(policy, (HOUR, "fact_learned", {"facts": {"injury": True}}), injury=False)
    assert outcome(progress, "insurance") == "notify"


# --- the ledger ------------------------------------------------------------------------------------------------------


def test_a_duty_is_discharged_by_the_event_that_its_owner_names(policy: Policy) -> None:
    progress = begun(policy, (HOUR, "insurer_notified", {"insurer": "Acme"}), injury=True)
    assert states(progress)["tell-insurer"] == "done"


def test_a_duty_that_was_not_discharged_in_time_is_breached_at_that_moment(policy: Policy) -> None:
    progress = begun(policy, now=30 * HOUR, injury=True)
    assert states(progress)["tell-insurer"] == "breached"
    (breach,) = (m.event for m in progress.moments if m.event and m.event.kind == "duty_breached")
    assert breach.at == OPENED + 24 * HOUR
    late = begun(policy, (30 * HOUR, "duty_done", {"duty": "tell-insurer"}), injury=True)
    (entry,) = (entry for entry in late.ledger if entry.id == "tell-insurer")
    assert (entry.state, entry.closed_at) == ("breached", OPENED + 30 * HOUR)


def test_a_promise_is_owed_kept_and_broken(policy: Policy) -> None:
    made: Told = (0, "promise_made", {"promise": "call-back", "within": "48h"})
    kept = begun(policy, made, (47 * HOUR, "promise_kept", {"promise": "call-back"}), now=72 * HOUR)
    assert states(kept)["call-back"] == "done"
    assert kept.known(OPENED + 72 * HOUR)["exchange.promises_open"] == 0
    broken = begun(policy, made, now=49 * HOUR)
    assert states(broken)["call-back"] == "breached"
    assert broken.known(OPENED + 49 * HOUR)["exchange.promises_broken"] == 1
    assert outcome(broken, "refund") == "full"


def test_a_deadline_in_business_hours_skips_night_weekend_and_holiday(policy: Policy) -> None:
    """Opened on a Friday at three in New York: an hour is left, and the next counts on Monday."""
    posts: list[Told] = [(HOUR, "post_seen", {"author": name, "views": 2_000}) for name in ("ann", "bob", "cy")]
    progress = begun(policy, *posts)
    (entry,) = (entry for entry in progress.ledger if entry.id == "call-owner")
    assert entry.due_at == milliseconds(dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC))


def learned(after: int, **facts: object) -> Told:
    return (after, "fact_learned", {"facts": facts})


def entry_of(progress: Progress, id_: str) -> Owed:
    return next(entry for entry in progress.ledger if entry.id == id_)


def test_a_duty_that_is_certainly_not_asked_for_any_more_is_withdrawn_and_never_breached(policy: Policy) -> None:
    """The timeline names the event that withdrew it, and no deadline of it is left."""
    progress = begun(policy, learned(HOUR, injury=False), now=40 * HOUR, injury=True)
    entry = entry_of(progress, "tell-insurer")
    assert (entry.state, entry.closed_at, entry.closed_by) == ("withdrawn", OPENED + HOUR, 2)
    (moment,) = (moment for moment in progress.moments if entry in moment.closed)
    assert moment.event is not None
    assert moment.event.kind == "fact_learned"
    assert not any(moment.event and moment.event.kind == "duty_breached" for moment in progress.moments)
    assert all(alarm != OPENED + DAY for alarm in progress.alarms)


def test_a_duty_that_may_still_be_asked_for_stays_open(policy: Policy) -> None:
    """Where a fact becomes uncertain, nobody knows that the duty is gone."""
    progress = begun(policy, learned(HOUR, injury=None), learned(2 * HOUR, injury="any of true, false"), injury=True)
    assert entry_of(progress, "tell-insurer").state == "open"


def test_a_withdrawn_duty_that_is_asked_for_again_comes_up_anew_with_a_new_deadline(policy: Policy) -> None:
    facts = [learned(HOUR, injury=False), learned(30 * HOUR, injury=True)]
    progress = begun(policy, *facts, now=40 * HOUR, injury=True)
    entry = entry_of(progress, "tell-insurer")
    assert (entry.state, entry.times, entry.opened_at) == ("open", 2, OPENED + 30 * HOUR)
    assert entry.due_at == OPENED + 54 * HOUR
    assert entry.closed_at is None
    assert entry in progress.moments[-1].opened
    assert entry_of(begun(policy, *facts, now=60 * HOUR, injury=True), "tell-insurer").state == "breached"


def test_what_was_done_or_breached_is_not_withdrawn(policy: Policy) -> None:
    done = begun(policy, (HOUR, "insurer_notified", {}), learned(2 * HOUR, injury=False), injury=True)
    assert entry_of(done, "tell-insurer").state == "done"
    breached = begun(policy, learned(30 * HOUR, injury=False), injury=True)
    assert entry_of(breached, "tell-insurer").state == "breached"


def test_a_lasting_duty_is_owed_until_it_is_done() -> None:
    text = TALE.replace("[obligations.tell-insurer]\n", "[obligations.tell-insurer]\nlasting = true\n")
    progress = begun(Policy.loads(text), learned(HOUR, injury=False), now=40 * HOUR, injury=True)
    assert entry_of(progress, "tell-insurer").state == "breached"


def test_a_step_whose_plan_does_not_apply_any_more_is_withdrawn_and_comes_back_with_it(policy: Policy) -> None:
    hurt = learned(10 * MINUTE, injury=True)
    progress = begun(policy, hurt, now=HOUR, injury=False)
    assert entry_of(progress, "listen").state == "withdrawn"
    again = begun(policy, hurt, learned(2 * HOUR, injury=False), injury=False)
    entry = entry_of(again, "listen")
    assert (entry.state, entry.times, entry.due_at) == ("open", 2, OPENED + 2 * HOUR + 30 * MINUTE)


def test_a_closed_case_asks_for_no_step_but_owes_its_duties(policy: Policy) -> None:
    closed: Told = (10 * MINUTE, "case_closed", {})
    assert entry_of(begun(policy, closed, now=HOUR, injury=False), "listen").state == "withdrawn"
    assert entry_of(begun(policy, closed, now=30 * HOUR, injury=True), "tell-insurer").state == "breached"


def test_a_promise_that_is_made_again_runs_anew(policy: Policy) -> None:
    made: Told = (0, "promise_made", {"promise": "call-back", "within": "1h"})
    again: Told = (30 * MINUTE, "promise_made", {"promise": "call-back", "within": "5h"})
    progress = begun(policy, made, again)
    assert (entry_of(progress, "call-back").times, entry_of(progress, "call-back").due_at) == (2, OPENED + 330 * MINUTE)
    assert progress.moments[-1].opened == (entry_of(progress, "call-back"),)


# --- plans -----------------------------------------------------------------------------------------------------------


def test_a_plan_has_one_next_step_which_may_wait_for_another(policy: Policy) -> None:
    start = begun(policy, abuse="none", injury=False)
    assert [found.step.do for found in start.next_steps(OPENED)] == ["listen", "check-stock"]
    hostile = begun(policy, (1, "step_done", {"step": "listen"}), abuse="hostile", injury=False)
    (first, _) = hostile.next_steps(OPENED + 1)
    assert (first.step.do, first.waits_for) == ("propose", ("check-stock",))
    hurt = begun(policy, injury=True)
    assert [found.step.do for found in hurt.next_steps(OPENED)] == ["check-stock"]
    unknown = begun(policy)
    assert [found.step.do for found in unknown.next_steps(OPENED)] == ["check-stock"]


def test_a_step_that_is_not_taken_in_time_is_missed(policy: Policy) -> None:
    progress = begun(policy, now=HOUR, injury=False)
    assert states(progress)["listen"] == "breached"
    taken = begun(policy, (20 * MINUTE, "step_done", {"step": "listen"}), now=HOUR, injury=False)
    assert states(taken)["listen"] == "done"


# --- watching --------------------------------------------------------------------------------------------------------

WALKED_AWAY: list[Told] = [(0, "fact_learned", {"facts": {"pile_on": True}})]


def test_walking_away_means_watching_until_nothing_came(policy: Policy) -> None:
    watched = begun(policy, *WALKED_AWAY)
    assert (watched.status, watched.watch.until) == ("monitored", OPENED + 14 * DAY)
    assert begun(policy, *WALKED_AWAY, now=15 * DAY).status == "closed"


def test_what_is_due_when_1970_begins_is_due_then(policy: Policy) -> None:
    """A moment of 0 is a moment like any other."""
    progress = Progress(policy, Plain(policy.tree.case.patterns))
    made = Event(0, -HOUR, "promise_made", {"promise": "call", "within": "1h"})
    asked = Event(0, -HOUR, "message_received", {})  # and nobody answers: at the first hour of 1970 that shows
    list(run_through(progress, [Event(0, -2 * HOUR, "case_opened", {}), asked, made], now=2 * HOUR))
    (late,) = [m.event for m in progress.moments if m.event is not None and m.event.kind == "promise_broken"]
    assert late.at == 0
    assert [moment.at for moment in progress.moments] == sorted(moment.at for moment in progress.moments)


def test_a_watched_case_that_flares_up_is_opened_again_and_stays_open(policy: Policy) -> None:
    growing: list[Told] = [(day * DAY, "post_seen", {"post": "a", "views": 10**7 * day}) for day in (1, 2, 3)]
    progress = begun(policy, *WALKED_AWAY, *growing, now=20 * DAY)
    assert progress.status == "open"
    assert [m.event.kind for m in progress.moments if m.event].count("case_reopened") == 1


# --- patterns --------------------------------------------------------------------------------------------------------


def test_patterns_teach_facts_that_rules_ask_for(policy: Policy) -> None:
    posts: list[Told] = [
        (hour * HOUR, "post_seen", {"author": name, "views": 2_000}) for hour, name in enumerate(("a", "b", "c"))
    ]
    assert outcome(begun(policy, *posts), "walk_away") == "end"
    assert outcome(begun(policy, *posts[:2], posts[1]), "walk_away") == "stay"


def test_silence_is_noticed_when_its_time_is_up(policy: Policy) -> None:
    heard: Told = (HOUR, "message_received", {})
    assert begun(policy, heard, now=3 * HOUR - 1).matches == []
    assert [match.at for match in begun(policy, heard, now=3 * HOUR).matches] == [OPENED + 3 * HOUR]
    assert begun(policy, heard, (2 * HOUR, "message_sent", {}), now=9 * HOUR).matches == []


# --- order -----------------------------------------------------------------------------------------------------------

KINDS: list[tuple[str, list[Mapping[str, object]]]] = [
    ("post_seen", [{"author": a, "post": a, "views": v} for a in "abc" for v in (500, 2_000, 10**7)]),
    ("message_received", [{}, {"abuse": "hostile"}]),
    ("message_sent", [{}]),
    ("promise_made", [{"within": "1h"}, {"promise": "p", "within": "5h"}, {}]),
    ("promise_kept", [{}, {"promise": "p"}]),
    ("fact_learned", [{"facts": {"injury": True}}, {"facts": {"pile_on": True}}, {"facts": {"injury": None}}]),
    ("fact_learned", [{"facts": {"injury": False}}, {"facts": {"pile_on": False}}]),
    ("insurer_notified", [{}]),
    ("step_done", [{"step": "listen"}, {"step": "check-stock"}]),
    ("duty_done", [{"duty": "call-owner"}]),
    ("case_closed", [{"reason": "settled"}]),
    ("case_reopened", [{}]),
]


def gone_and_rebuilt(policy: Policy, events: list[Event], choose: random.Random) -> tuple[Progress, Progress]:
    """Return the state that events lead to one by one, and the one that is made of a log that has them in any order."""
    going = Progress(policy, Plain(policy.tree.case.patterns))
    for event in in_order(events):
        going.take(event)
    choose.shuffle(events)
    return going, replayed(policy, Plain(policy.tree.case.patterns), events)


def test_a_case_is_the_same_event_by_event_and_rebuilt_from_its_log(policy: Policy) -> None:
    """In whatever order the log was recorded; and a late event is refused by what has gone on."""
    for number in range(STREAMS):
        choose = random.Random(number)
        events = [Event(1, OPENED, "case_opened", {"facts": {"injury": False}})]
        for seq in range(2, choose.randint(3, 30)):
            kind, fields = choose.choice(KINDS)
            events.append(Event(seq, OPENED + choose.randint(0, 40) * HOUR // 2, kind, choose.choice(fields)))
        going, again = gone_and_rebuilt(policy, events, choose)
        assert going.moments == again.moments
        assert list(going.ledger) == list(again.ledger)
        assert (going.status, going.matches) == (again.status, again.matches)
        with pytest.raises(LateEventError):
            going.take(Event(99, OPENED - 1, "message_sent", {}))


# --- stories ---------------------------------------------------------------------------------------------------------

STORY = """
[[story]]
name = "Three posts"
opened = 2026-11-20T20:00:00Z
given = {{ loss = "20 USD", injury = false }}
[[story.events]]
after = "1h"
kind = "post_seen"
author = "ann"
views = 2_000
expect = {{ walk_away = "stay", facts = {{ virality.views = 2_000 }}, breached = ["listen"] }}
[[story.events]]
after = "2h"
kind = "post_seen"
author = "bob"
views = 2_000
[[story.events]]
after = "3h"
kind = "post_seen"
author = "cy"
views = 2_000
expect = {{ walk_away = "end", patterns = ["pile-on"], open = ["call-owner"], status = "{status}" }}
[[story.events]]
after = "{length}"
expect = {{ status = "closed" }}
"""


def test_a_story_holds_what_it_expects_after_each_event() -> None:
    (told,) = tell_stories(Policy.loads(TALE + STORY.format(status="monitored", length="15 days")))
    assert told.passed, [chapter.mismatches for chapter in told.chapters]


def test_a_story_says_where_it_came_out_otherwise() -> None:
    (told,) = tell_stories(Policy.loads(TALE + STORY.format(status="open", length="10 days")))
    wrong = [
        (chapter.entry.origin.path, m.name, m.expected, m.got)
        for chapter in told.chapters
        if chapter.entry
        for m in chapter.mismatches
    ]
    assert wrong == [
        (("story", 0, "events", 2), "status", "open", "monitored"),
        (("story", 0, "events", 3), "status", "closed", "monitored"),
    ]


def test_a_story_that_expects_nothing_fails() -> None:
    text = TALE + '[[story]]\nname = "Nothing"\n[[story.events]]\nkind = "message_sent"\n'
    (told,) = tell_stories(Policy.loads(text))
    assert not told.passed


# --- one moment for several things -------------------------------------------------------------------------------------

AT_ONCE = """
[policy]
id = "at-once"
[facts.silent]
type = "boolean"
assume = false
[decisions.refund]
default = "deny"
[[rule]]
id = "hurt"
when = "injury"
then.walk_away = "end"
oblige = ["answer"]
[obligations.answer]
title = "Answer"
within = "2h"
[[pattern]]
id = "silence"
learn.silent = true
[[pattern.events]]
kind = "message_received"
[[pattern.events]]
kind = "message_sent"
absent_for = "2h"
[monitoring]
when = "walk_away >= end"
length = "14 days"
reopen = "silent"
"""


def test_a_breach_and_an_absence_at_one_moment_both_come_and_a_rebuilt_case_has_them_too() -> None:
    """The breach is an event of that moment, the absence comes after it, and what it opens again a moment later."""
    policy = Policy.loads(AT_ONCE)
    progress = begun(policy, (0, "message_received", {}), now=3 * HOUR, injury=True)
    assert states(progress) == {"answer": "breached"}
    assert [(match.pattern, match.at) for match in progress.matches] == [("silence", OPENED + 2 * HOUR)]
    log = [moment.event for moment in progress.moments if moment.event]
    assert [(event.kind, event.at - OPENED - 2 * HOUR) for event in log[2:]] == [
        ("duty_breached", 0),
        ("case_reopened", 1),
    ]
    assert progress.status == "open"
    again = replayed(policy, Plain(policy.tree.case.patterns), log)
    assert again.moments == progress.moments
    waiting = begun(policy, (0, "message_received", {}), now=2 * HOUR, injury=True)
    assert (waiting.status, OPENED + 2 * HOUR + 1 in waiting.alarms) == ("monitored", True)


def test_a_story_that_lets_a_moment_pass_before_its_event_says_so() -> None:
    story = """
    [[story]]
    name = "Too late"
    given = { injury = true }
    [[story.events]]
    kind = "message_received"
    [[story.events]]
    after = "2h"
    expect = { facts = { silent = true } }
    [[story.events]]
    after = "2h"
    kind = "message_sent"
    """
    (told,) = tell_stories(Policy.loads(AT_ONCE + story))
    assert [m.name for chapter in told.chapters for m in chapter.mismatches] == ["after"]


NAMED = """
[[story]]
name = "What was promised, taken and left"
opened = 2026-11-20T20:00:00Z
given = { injury = false, abuse = "none" }
[[story.events]]
kind = "promise_made"
promise = "call-back"
within = "1h"
expect = { open = ["call-back", "listen"], facts = { pile_on = false } }
[[story.events]]
after = "10 min"
kind = "step_done"
step = "check-stock"
expect = { done = ["check-stock"], open = ["not check-stock"] }
[[story.events]]
after = "2h"
expect = { breached = ["call-back", "listen"], open = [], patterns = ["not pile-on"] }
"""


def test_a_story_names_promises_and_steps_and_what_is_only_assumed() -> None:
    (told,) = tell_stories(Policy.loads(TALE + NAMED))
    assert [found for chapter in told.chapters for found in chapter.mismatches] == []


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ('done = ["check-stock"]', 'done = ["not check-stock"]'),
        ('open = ["not check-stock"]', 'open = ["check-stock"]'),
        ('breached = ["call-back", "listen"]', 'breached = ["not call-back"]'),
        ("pile_on = false", "pile_on = true"),
        ('patterns = ["not pile-on"]', 'patterns = ["pile-on"]'),
    ],
)
def test_what_came_out_otherwise_is_told_of_each(said: str, instead: str) -> None:
    assert said in NAMED
    (told,) = tell_stories(Policy.loads(TALE + NAMED.replace(said, instead)))
    assert len([found for chapter in told.chapters for found in chapter.mismatches]) == 1


def test_a_promise_that_the_story_does_not_make_is_unknown_to_it() -> None:
    with pytest.raises(PolicyError) as problem:
        Policy.loads(TALE + NAMED.replace('promise = "call-back"', 'promise = "call-again"'))
    assert {found.code for found in problem.value.diagnostics} == {"unknown-expectation"}


def test_however_much_waits_time_passes(policy: Policy) -> None:
    """More deadlines than there may be events at one moment, each at a moment of its own, or all at one."""
    for gap in (0, 1_000):
        made = [Event(seq, OPENED + gap * seq, "promise_made", {"within": "1h"}) for seq in range(2, 1_102)]
        progress = Progress(policy, Plain(policy.tree.case.patterns))
        moments = list(run_through(progress, [Event(1, OPENED, "case_opened", {}), *made], now=OPENED + 36_000_000))
        broken = [moment for moment in moments if moment.event and moment.event.kind == "promise_broken"]
        assert len(broken) == 1_100
