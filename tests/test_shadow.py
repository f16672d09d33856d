"""A candidate in the shadow: the live answer stays as it is, whatever the candidate and the sink do, and nothing goes uncounted."""

from __future__ import annotations

import copy
import datetime as dt
import gc
import json
import os
import random
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from random_policies import loaded
from readings import answer, difference, index, reference, same
from strategies import Situations, policies, situations

from evenhand import Decision, Engine, FactError, Judgement, Policy, Shadow, Verdict
from evenhand.engine.shadow import Counts, Difference
from evenhand.engine.shadow.counts import MOST, OTHERS

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
DAY = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)

TEXT = """
[policy]
id = "cafe"
currency = "USD"
{window}
[facts.loyalty]
scale = ["none", "silver", "gold"]
assume = "none"
[facts.note]
type = "text"
[decisions.refund]
default = "deny"
[obligations.call-back]
title = "Call them back"
within = "2h"
[[rule]]
id = "small"
when = "loss <= {limit} USD"
then.refund = "full"
then.refund_amount = "{amount}"
{duty}
[[rule]]
id = "gold"
when = "loyalty = gold"
then.refund = "credit"
"""


def cafe(limit: int = 50, *, amount: str = "loss", duty: str = "", window: str = "") -> Policy:
    return Policy.loads(TEXT.format(limit=limit, amount=amount, duty=duty, window=window))


def acting(act: Callable[[], object]) -> Policy:
    """Return a candidate that does something of its own before it decides."""

    class Acting(Policy):
        def decide(self, facts: object, *, as_of: dt.date | None = None) -> Decision:
            act()
            return super().decide(facts, as_of=as_of)

    return Acting.loads(TEXT.format(limit=75, amount="loss", duty="", window=""))


def raising(error: BaseException) -> Callable[..., object]:
    def act(*_: object) -> object:
        raise error

    return act


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.005)


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("evenhand shadow")]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    until(lambda: not threads())


# --- the answer ------------------------------------------------------------------------------------------------------


@SLOW
@given(situations(), policies(), st.booleans())
def test_the_answer_is_the_one_without_a_shadow(found: Situations, candidate: Any, inline: bool) -> None:
    """On random policies and facts, mistakes in the facts included; and every incident is accounted for."""
    live = found.made.policy
    with Shadow(live, candidate.policy, inline=inline, keep_facts=True) as shadow:
        for facts, as_of in found.incidents:
            alone = answer(index, live, facts, as_of)
            shadowed = answer(lambda _, *given: shadow.decide(given[0], as_of=given[1]).judgement, live, facts, as_of)
            assert not difference(alone, shadowed)
    assert shadow.counts.waiting == 0
    asked = sum(not isinstance(answer(reference, live, facts, as_of), tuple) for facts, as_of in found.incidents)
    assert shadow.counts.asked == asked


@SLOW
@given(situations())
def test_a_policy_does_not_part_from_itself(found: Situations) -> None:
    """While it is in force: a candidate is decided as if it were."""
    live = found.made.policy
    if live.tree.effective is None and live.tree.expires is None:
        with Shadow(live, Policy.loads(found.made.text), inline=True) as shadow:
            for facts, as_of in found.incidents:
                answer(lambda _, *given: shadow.decide(given[0], as_of=given[1]).judgement, live, facts, as_of)
        assert (shadow.counts.different, shadow.counts.refused, shadow.counts.failed) == (0, 0, 0)


@SLOW
@given(situations())
def test_every_difference_is_found(found: Situations) -> None:
    """Each is one of the reference reading too, decision by decision, and of the duties."""
    live, candidate = found.made.policy, turned_round(found.made.table)
    seen: list[Difference] = []
    with Shadow(live, candidate, inline=True, sink=seen.append) as shadow:
        for facts, as_of in found.incidents:
            mine, theirs = answer(reference, live, facts, as_of), answer(reference, candidate, facts, as_of)
            if isinstance(mine, Judgement) and isinstance(theirs, Judgement):
                seen.clear()
                shadow.decide(facts, as_of=as_of)
                assert shadow.flush()
                assert {c.decision: c.what for one in seen for c in one.changes} == parted(mine, theirs)
                assert {d.duty: (d.live, d.candidate) for one in seen for d in one.duties} == duties_parted(
                    mine, theirs
                )
    assert (shadow.counts.failed, shadow.counts.refused) == (0, 0)


def turned_round(table: dict[str, Any]) -> Policy:
    """Return a policy with its rules in the opposite order, in force always."""
    header = {key: value for key, value in table["policy"].items() if key not in ("effective", "expires")}
    return loaded({**copy.deepcopy(table), "policy": header, "rule": copy.deepcopy(table.get("rule", []))[::-1]})


def parted(mine: Judgement, theirs: Judgement) -> dict[str, tuple[str, ...]]:
    found = {name: tuple(parts(one, theirs.verdicts[name])) for name, one in mine.verdicts.items()}
    return {name: what for name, what in found.items() if what}


def parts(one: Verdict, other: Verdict) -> Iterator[str]:
    if not same(one.canonical, other.canonical):
        yield "outcome"
    if one.status != other.status:
        yield "status"
    if getattr(one.rule, "id", None) != getattr(other.rule, "id", None):
        yield "rule"
    if dict(one.canonical_values) != dict(other.canonical_values):
        yield "values"


def duties_parted(mine: Judgement, theirs: Judgement) -> dict[str, tuple[str | None, str | None]]:
    names = {id_ for one in (mine, theirs) for id_ in (*one.obligations, *one.possible_obligations)}
    found = {name: (owed(mine, name), owed(theirs, name)) for name in names}
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def owed(judgement: Judgement, name: str) -> str | None:
    return "due" if name in judgement.obligations else "possible" if name in judgement.possible_obligations else None


# --- candidates and sinks that misbehave -----------------------------------------------------------------------------


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize(
    "error", [ValueError("loss of 12 USD"), RecursionError(), MemoryError(), FactError(())], ids=repr
)
def test_a_candidate_that_raises_is_counted(error: Exception, inline: bool) -> None:
    with Shadow(cafe(), acting(raising(error)), inline=inline) as shadow:
        assert shadow.decide({"loss": 60}).refund.outcome == "deny"
    counts = shadow.counts
    assert (counts.failed, counts.refused) == ((0, 1) if isinstance(error, FactError) else (1, 0))
    assert "12 USD" not in repr(counts)  # of an error nothing is kept but its kind


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("error", [ValueError(), SystemExit(), KeyboardInterrupt()], ids=repr)
def test_a_sink_that_raises_is_counted_and_called_again(error: BaseException, inline: bool) -> None:
    with Shadow(cafe(), cafe(75), inline=inline, sink=raising(error)) as shadow:
        for _ in range(3):
            assert shadow.decide({"loss": 60}).refund.outcome == "deny"
    assert (shadow.counts.different, shadow.counts.sink_failed, shadow.counts.told) == (3, 3, 0)


@pytest.mark.parametrize("inline", [True, False])
def test_a_slow_sink_slows_nobody(inline: bool) -> None:
    told: list[Difference] = []

    def slow(difference: Difference) -> None:
        time.sleep(0.02)
        told.append(difference)

    with Shadow(cafe(), cafe(75), inline=inline, sink=slow) as shadow:
        begun = time.monotonic()
        for _ in range(40):
            shadow.decide({"loss": 60})
        taken = time.monotonic() - begun
    assert taken < 0.4  # the sink alone takes 0.8 s
    assert len(told) == shadow.counts.told == 40  # `close` has waited


@pytest.mark.parametrize("inline", [True, False])
def test_a_sink_that_hangs_costs_differences_and_nothing_else(inline: bool) -> None:
    go_on, hangs = threading.Event(), threading.Event()

    def hang(_: Difference) -> None:
        hangs.set()
        go_on.wait(30)

    shadow = Shadow(cafe(), cafe(75), inline=inline, sink=hang, capacity=5)
    shadow.decide({"loss": 60})
    assert hangs.wait(15)
    for _ in range(20):
        assert shadow.decide({"loss": 60}).refund.outcome == "deny"
    lost = "sink_dropped" if inline else "dropped"
    assert getattr(shadow.counts, lost) == 15  # five wait
    assert not shadow.flush(0.01)
    assert not shadow.close(0.05)
    assert getattr(shadow.counts, lost) == 20
    assert shadow.counts.waiting == 0
    assert shadow.decide({"loss": 60}).refund.outcome == "deny"
    go_on.set()
    until(lambda: not threads())
    assert shadow.counts.told == 1


def test_a_candidate_that_hangs_costs_comparisons_and_nothing_else() -> None:
    go_on, hangs = threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        go_on.wait(30)

    shadow = Shadow(cafe(), acting(hang), capacity=2)
    shadow.decide({"loss": 60})
    assert hangs.wait(15)
    for _ in range(5):
        assert shadow.decide({"loss": 60}).refund.outcome == "deny"
    assert (shadow.counts.dropped, shadow.counts.waiting) == (3, 3)
    go_on.set()
    assert shadow.close()
    assert (shadow.counts.different, shadow.counts.waiting) == (3, 0)


def test_a_sink_may_close_and_flush_its_own_shadow() -> None:
    """Neither waits for the thread that it is called in."""
    said: list[bool] = []
    shadow = Shadow(cafe(), cafe(75), sink=lambda _: said.extend((shadow.flush(), shadow.close())))
    shadow.decide({"loss": 60})
    until(lambda: not threads())
    assert len(said) == 2


def test_a_closed_shadow_goes_on_deciding() -> None:
    shadow = Shadow(cafe(), cafe(75))
    assert shadow.decide({"loss": 60}).refund.outcome == "deny"
    assert shadow.close()
    assert shadow.close()
    assert shadow.decide({"loss": 60}).refund.outcome == "deny"
    assert (shadow.counts.asked, shadow.counts.different, shadow.counts.dropped) == (2, 1, 1)


def test_a_shadow_that_is_forgotten_takes_its_thread_along() -> None:
    told: list[Difference] = []
    shadow = Shadow(cafe(), cafe(75), sink=told.append)
    for _ in range(5):
        shadow.decide({"loss": 60})
    gone = weakref.ref(shadow)
    del shadow
    gc.collect()
    assert gone() is None
    until(lambda: not threads())
    assert len(told) == 5


# --- two policies that are not alike ---------------------------------------------------------------------------------


def test_facts_and_decisions_that_only_one_policy_has() -> None:
    plain = Policy.loads('[policy]\nid = "plain"\n[[rule]]\nid = "r"\nwhen = "loss <= 50 USD"\nthen.refund = "full"\n')
    own = Policy.loads(plain.documents["policy.toml"].text + '[decisions.gift]\noutcomes = ["no", "yes"]\n')
    with Shadow(cafe(), own) as shadow:
        shadow.decide({"loss": 20, "loyalty": "gold", "virality": {"views": 3}})
        shadow.decide({"loss": 20, "loyalty": None})
    assert dict(shadow.counts.unknown_facts) == {"loyalty": 1}
    assert shadow.counts.apart == ("gift",)
    assert shadow.counts.compared == 2


def test_a_fact_that_the_candidate_reads_otherwise_is_refused_and_named() -> None:
    other = Policy.loads(TEXT.format(limit=50, amount="loss", duty="", window="").replace('"silver", ', ""))
    with Shadow(cafe(), other) as shadow:
        shadow.decide({"loyalty": "silver"})
    assert (shadow.counts.refused, dict(shadow.counts.reasons)) == (1, {"off-scale loyalty": 1})


@pytest.mark.parametrize("window", ["effective = 2099-01-01", "expires = 2020-01-01"])
def test_a_candidate_is_decided_as_if_it_were_in_force(window: str) -> None:
    with Shadow(cafe(), cafe(75, window=window)) as shadow:
        shadow.decide({"loss": 20}, as_of=DAY)
        shadow.decide({"loss": 60}, as_of=DAY)
    assert dict(shadow.counts.outcomes) == {("refund", "deny", "full"): 1}
    assert shadow.counts.same == 1


def test_amounts_in_other_currencies_are_different() -> None:
    euros = Policy.loads(
        TEXT.format(limit=50, amount="loss", duty="", window="").replace("USD", "EUR") + "[rates]\nUSD = 1\n"
    )
    with Shadow(cafe(), euros, aspects=["values"]) as shadow:
        shadow.decide({"loss": "20 USD"})
    assert dict(shadow.counts.aspects) == {("refund", "values"): 1}


def test_duties_are_compared() -> None:
    seen: list[Difference] = []
    with Shadow(cafe(), cafe(duty='oblige = ["call-back"]'), sink=seen.append) as shadow:
        for loss in (20, 60, "20..60 USD"):
            shadow.decide({"loss": loss})
    assert [(d.duty, d.live, d.candidate) for one in seen for d in one.duties] == [
        ("call-back", None, "due"),
        ("call-back", None, "possible"),
    ]
    assert dict(shadow.counts.duties) == {"call-back": 2}


def test_only_the_aspects_asked_for_are_compared() -> None:
    candidate = cafe(75, amount="2 * loss", duty='oblige = ["call-back"]')
    for aspects, expected in (
        (["outcome"], {("refund", "outcome"): 1}),
        (["values"], {("refund", "values"): 2}),
        (["rule", "status"], {("refund", "rule"): 1}),
        (["duties"], {}),
    ):
        with Shadow(cafe(), candidate, aspects=aspects) as shadow:  # type: ignore[arg-type]  # because a list of texts will do
            shadow.decide({"loss": 20})
            shadow.decide({"loss": 60})
        assert dict(shadow.counts.aspects) == expected


def test_engines_are_followed_on_both_sides(tmp_path: Path) -> None:
    def write(path: Path, limit: int) -> None:
        path.write_text(
            TEXT.format(limit=limit, amount="loss", duty="", window="effective = 2099-01-01" * (path == new))
        )

    old, new = tmp_path / "old.toml", tmp_path / "new.toml"
    old.write_text(TEXT.format(limit=50, amount="loss", duty="", window=""))
    write(new, 75)
    with (
        Engine(old, watch=False) as live,
        Engine(new, watch=False) as candidate,
        Shadow(live, candidate, inline=True) as shadow,
    ):
        shadow.decide({"loss": 60})
        write(new, 50)
        assert candidate.reload()
        shadow.decide({"loss": 60})
        old.write_text(TEXT.format(limit=75, amount="loss", duty="", window=""))
        assert live.reload()
        assert shadow.decide({"loss": 60}).refund.outcome == "full"
        assert shadow.policy is live.policy
    assert dict(shadow.counts.outcomes) == {("refund", "deny", "full"): 1, ("refund", "full", "deny"): 1}


# --- what is written down --------------------------------------------------------------------------------------------


def secrets(file: Path, keep_facts: Any) -> list[dict[str, Any]]:
    with Shadow(cafe(), cafe(75, amount="1 USD"), sink=file, keep_facts=keep_facts) as shadow:
        shadow.decide({"loss": 60, "note": "Jane Roe, 12 Elm Street", "loyalty": None}, as_of=DAY)
        said = str(shadow.counts) + repr(shadow.counts)
    if not keep_facts:
        assert "Jane" not in said + file.read_text()
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_file_of_json_lines(tmp_path: Path) -> None:
    (line,) = secrets(tmp_path / "differences.jsonl", False)
    assert line == {
        "live": cafe().content_hash,
        "candidate": cafe(75, amount="1 USD").content_hash,
        "as_of": "2026-11-21T09:00:00+00:00",
        "changes": [
            {
                "decision": "refund",
                "what": ["outcome", "rule", "values"],
                "live": {"outcome": "deny", "status": "decided", "rule": None, "values": {}},
                "candidate": {
                    "outcome": "full",
                    "status": "decided",
                    "rule": "small",
                    "values": {"refund_amount": "1 USD"},
                },
            }
        ],
        "duties": [],
    }


@pytest.mark.parametrize(
    ("keep_facts", "kept"),
    [(True, {"loss": "60 USD", "note": "Jane Roe, 12 Elm Street"}), (["loss", "paid"], {"loss": "60 USD"})],
)
def test_facts_are_kept_where_asked_for(tmp_path: Path, keep_facts: Any, kept: dict[str, str]) -> None:
    (line,) = secrets(tmp_path / "differences.jsonl", keep_facts)
    assert line["facts"] == kept


def test_facts_are_those_of_the_moment_of_the_decision() -> None:
    """The caller may do with a mapping what it likes while the decision waits."""
    go_on = threading.Event()
    seen: list[Difference] = []
    with Shadow(cafe(), acting(lambda: go_on.wait(15)), sink=seen.append, keep_facts=True) as shadow:
        facts: dict[str, Any] = {"loss": 60, "exchange": {"steps_done": ["listen"]}}
        steps = facts["exchange"]["steps_done"]
        shadow.decide(facts, as_of=DAY)
        facts["loss"] = 10
        steps.append("shout")
        go_on.set()
    assert seen[0].facts == {"loss": "60 USD", "exchange.steps_done": ["listen"]}


def test_a_file_that_cannot_be_written_is_counted(tmp_path: Path) -> None:
    with Shadow(cafe(), cafe(75), sink=tmp_path) as shadow:
        assert shadow.decide({"loss": 60}).refund.outcome == "deny"
    assert shadow.counts.sink_failed == 1


def test_memory_is_bounded() -> None:
    """However many amounts there are, as outcomes or in examples."""
    text = '[policy]\nid = "p"\n[decisions.pay]\noutcomes = "money"\n[[rule]]\nid = "r"\nthen.pay = "loss * {}"\n'
    with Shadow(Policy.loads(text.format(1)), Policy.loads(text.format(2)), inline=True, examples=2) as shadow:
        for loss in range(1, MOST + 101):
            shadow.decide({"loss": loss})
    counts = shadow.counts
    assert len(counts.outcomes) == MOST + 1
    assert counts.outcomes["pay", OTHERS, OTHERS] == 100
    assert sum(counts.outcomes.values()) == counts.different == MOST + 100
    assert len(counts.examples) <= 2


def test_examples_are_the_first_of_each_kind() -> None:
    with Shadow(cafe(), cafe(40), keep_facts=["loss", "loyalty"]) as shadow:
        for facts in ({"loss": 45}, {"loss": 46}, {"loss": 47, "loyalty": "gold"}):
            shadow.decide(facts)
    assert [example.facts for example in shadow.counts.examples] == [
        {"loss": "45 USD"},
        {"loss": "47 USD", "loyalty": "gold"},
    ]


# --- sampling, threads, forks ----------------------------------------------------------------------------------------


def test_sampling_takes_its_share_and_leaves_the_random_numbers_of_others_alone() -> None:
    random.seed(7)
    expected = random.Random(7).random()
    with Shadow(cafe(), cafe(75), rate=0.25, inline=True) as shadow:
        for _ in range(2_000):
            shadow.decide({"loss": 60})
    counts = shadow.counts
    assert counts.skipped + counts.different == counts.asked == 2_000
    assert 380 < counts.different < 620
    assert random.random() == expected


@pytest.mark.parametrize(
    "options", [{"rate": 1.5}, {"rate": -0.1}, {"capacity": 0}, {"aspects": ["words"]}, {"aspects": []}]
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not"):
        Shadow(cafe(), cafe(), **options)


@pytest.mark.parametrize("inline", [True, False])
def test_nothing_is_lost_among_threads(inline: bool) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    told: list[Difference] = []
    try:
        with (
            Shadow(cafe(), cafe(75), inline=inline, sink=told.append, capacity=100_000) as shadow,
            ThreadPoolExecutor(8) as pool,
        ):
            work = [
                pool.submit(lambda: [shadow.decide({"loss": n % 90}).refund.outcome for n in range(500)])
                for _ in range(8)
            ]
            assert all(one.result() == work[0].result() for one in work)
    finally:
        sys.setswitchinterval(before)
    counts = shadow.counts
    assert (counts.asked, counts.compared, counts.waiting) == (4_000, 4_000, 0)
    assert counts.different == counts.told == len(told) == 8 * sum(51 <= n % 90 <= 75 for n in range(500))


FORKING = """
import os, threading
from evenhand import Policy, Shadow
live, candidate = Policy.load("house"), Policy.load("de-escalation")
parent, held = os.getpid(), threading.Event()
shadow = Shadow(live, candidate, sink=lambda _: held.wait(30) if os.getpid() == parent else None)
facts = {"abuse": "violent", "fault": "customer", "verified": True}
for _ in range(3):
    shadow.decide(facts)
child = os.fork()
if not child:
    assert shadow.counts.asked == 0
    shadow.decide(facts)
    os._exit(0 if shadow.flush(10) and (shadow.counts.told, shadow.counts.different) == (1, 1) else 1)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
held.set()
print(code, shadow.close(10), shadow.counts)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_begins_anew_and_the_parent_goes_on() -> None:
    """Though the parent's thread has things in hand when the child comes into being."""
    command = [sys.executable, "-W", "ignore", "-c", FORKING]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "0 True 3 asked, 0 same, 3 different\n", done.stderr


ENDING = """
import sys
from evenhand import Policy, Shadow
shadow = Shadow(Policy.load("house"), Policy.load("de-escalation"), sink=sys.argv[1])
for _ in range(100):
    shadow.decide({"abuse": "violent", "fault": "customer", "verified": True})
"""


def test_a_program_that_ends_without_closing_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "differences.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", ENDING, str(file)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(file.read_text().splitlines()) == 100


def test_counts_read_aloud() -> None:
    counts = Counts(asked=12_000, same=11_000, different=900, dropped=60, sink_failed=3)
    assert str(counts) == "12_000 asked, 11_000 same, 900 different, 40 waiting, 60 dropped, 3 sink failed"
