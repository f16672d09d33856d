"""Sweeps: each setting is the policy with that parameter and nothing else, counted by a loop over rows."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backtest_policies import rows
from test_backtest import FACTS, NOW, pages

from evenhand import FactError, Policy
from evenhand.engine.backtest import Knob, Options, RangeError, knob, sweep, tune
from evenhand.engine.backtest.aside import Aside
from evenhand.engine.backtest.history import open_history
from evenhand.engine.backtest.pages import Page, Since, Unreadable
from evenhand.engine.backtest.variants import variant
from evenhand.engine.bulk.chunks import batch_of

TEXT = """
[policy]
id = "knobs"
currency = "USD"
effective = 2030-01-01
[parameters]
small = "25 USD"      # what we pay at once
share = "50%"
wait  = "48h"
many  = 3
ratio = 0.5
since = 2026-01-01
word  = "gold"
[facts.tier]
scale = ["none", "silver", "gold"]
[facts.hurt]
type = "boolean"
[[rule]]
id = "small"
when = "loss <= small and fault != customer"
then.refund = "full"
then.refund_amount = "loss"
[[rule]]
id = "large"
when = "loss > small"
then.refund = "partial"
then.refund_amount = "loss * share * ratio"
[[rule]]
id = "others"
when = "exchange.hours_open > wait and history.refunds_90d < many and tier = word and days_since(bought) < 3"
then.refund = "deny"
[facts.bought]
type = "date"
"""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return Policy.loads(TEXT.replace(" and days_since(bought) < 3", " and bought > since"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("small=25..100:25", ["25 USD", "50 USD", "75 USD", "100 USD"]),
        ("small=10 USD, 12.50", ["10 USD", "12.50 USD", "25 USD"]),
        ("small=30..31 USD:0.50 USD", ["25 USD", "30 USD", "30.50 USD", "31 USD"]),
        ("share=10%..90%:40%", ["10%", "50%", "90%"]),
        ("share=10..90:40", ["10%", "50%", "90%"]),
        ("wait=24..72h:24h", ["24h", "48h", "72h"]),
        ("wait=1 day,3 days", ["1 day", "2 days", "3 days"]),
        ("many=1..4:1", ["1", "2", "3", "4"]),
        ("ratio=0.1..0.3:0.1", ["0.1", "0.2", "0.3", "0.5"]),
        ("since=2026-02-01", ["2026-01-01", "2026-02-01"]),
    ],
)
def test_a_range_is_read_in_the_units_of_its_parameter(policy: Policy, text: str, shown: list[str]) -> None:
    found = knob(policy, text)
    expected = [value.replace("24h", "1 day").replace("48h", "2 days").replace("72h", "3 days") for value in shown]
    assert [found.text(value) for value in found.values] == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("smal=1..2:1", "did you mean `small`"),
        ("small", "names no values"),
        ("small=1..2", "has no step"),
        ("small=2..1:1", "goes nowhere"),
        ("small=1..2:0", "goes nowhere"),
        ("small=1..1000:1", "200 are the most"),
        ("small=48h", "`48h` is no value of `small`"),
        ("word=silver", "has no range"),
        ("since=2026-01-01..2026-02-01:3", "list the values"),
    ],
)
def test_a_range_that_makes_no_sense_is_told_with_a_way_out(policy: Policy, text: str, why: str) -> None:
    with pytest.raises(RangeError, match=why):
        knob(policy, text)


@pytest.mark.parametrize("text", ["small=40", "share=75%", "wait=24h", "many=5", "ratio=0.125", "since=2026-03-01"])
def test_a_variant_has_that_value_and_is_otherwise_the_policy(policy: Policy, text: str) -> None:
    found = knob(policy, text)
    (value,) = (value for value in found.values if value != found.present)
    made = variant(policy, [(found, value)])
    for name, parameter in policy.tree.parameters.items():
        assert made.tree.parameters[name].value == (value if name == found.name else parameter.value)
    assert [rule.text for rule in made.tree.rules] == [rule.text for rule in policy.tree.rules]
    assert made.tree.effective is None


def test_a_parameter_of_an_extended_policy_is_set_over_it(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(TEXT)
    (tmp_path / "own.toml").write_text('[policy]\nid = "own"\nextends = ["./base.toml"]\n')
    own = Policy.load(tmp_path / "own.toml")
    found = knob(own, "small=40")
    assert variant(own, [(found, 4_000)]).tree.parameters["small"].value == 4_000
    cafe = Policy.load("docs/examples/corner-cafe.toml")
    desk = knob(cafe, "desk_limit=1 USD")
    assert variant(cafe, [(desk, 100)]).tree.parameters["desk_limit"].value == 100


def brute(policy: Policy, history: list[dict[str, Any]], text: str) -> list[tuple[int, int, int]]:
    """Return for each value of `small`: what is paid, how many rows are left to a human, and how many are decided otherwise."""
    plain = Policy.loads(text.replace("effective = 2030-01-01\n", ""))
    found = []
    for row in history:
        facts = {name: row[name] for name in FACTS if row[name] is not None}
        try:
            found.append((policy.decide(facts, as_of=NOW), plain.decide(facts, as_of=NOW)))
        except FactError:
            continue
    paid = sum(d.refund.values["refund_amount"].minor for d, _ in found if "refund_amount" in d.refund.values)
    open_ = sum(not d.refund.is_settled for d, _ in found)
    changed = sum(
        d.outcomes != now.outcomes or d.values.get("refund_amount") != now.values.get("refund_amount")
        for d, now in found
    )
    return [(paid, open_, changed)]


def test_each_setting_comes_to_what_a_loop_over_rows_does() -> None:
    text = TEXT.split('[[rule]]\nid = "others"', maxsplit=1)[0]
    history = rows(150, seed=41)
    policy = Policy.loads(text)
    found = tune(pages(history), policy, [knob(policy, "small=5..65:20")], options=Options(as_of=NOW))
    assert [setting.is_present for setting in found.settings] == [False, True, False, False]
    for amount, setting in zip((5, 25, 45, 65), found.settings, strict=True):
        other = Policy.loads(text.replace("25 USD", f"{amount} USD").replace("effective = 2030-01-01\n", ""))
        ((paid, open_, changed),) = brute(other, history, text)
        (money,) = setting.money
        assert (money.sum.amount, setting.referred.count) == (paid, open_)
        assert setting.changed.count == changed
        assert sum(setting.outcomes["refund"].values()) == found.rows
    assert found.settings[1].changed.count == 0


def test_two_parameters_are_tried_in_every_pair(policy: Policy) -> None:
    history = pages(rows(40, seed=42))
    knobs: list[Knob] = [knob(policy, "small=10,40"), knob(policy, "share=25%")]
    found = tune(history, policy, knobs, options=Options(as_of=dt.date(2026, 1, 1)))
    assert [found.texts(setting) for setting in found.settings] == [
        (small, share) for small in ("10 USD", "25 USD", "40 USD") for share in ("25%", "50%")
    ]
    assert sum(setting.is_present for setting in found.settings) == 1


def test_too_many_settings_are_refused_before_anything_is_decided(policy: Policy) -> None:
    with pytest.raises(RangeError, match="400 are the most"):
        tune([], policy, [knob(policy, "small=1..50:1"), knob(policy, "many=1..40:1")])


@pytest.mark.parametrize("sample", [None, 60])
def test_a_history_that_is_read_several_times_gives_what_one_reading_gives(
    policy: Policy, sample: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only so many settings keep what they have come to at once; bad rows and rows left out count once all the same."""
    history = rows(200, seed=43, bad=0.1)
    knobs = [knob(policy, "small=10..50:10"), knob(policy, "share=25%,75%")]
    options = Options(as_of=NOW, outcomes={"refund": "recorded"})

    def swept(of: Any) -> Any:
        since = Since(dt.date(2026, 1, 1), "day")
        found = tune(of, policy, knobs, options=options, since=since, sample=sample)
        return attrs.asdict(found, recurse=False)

    at_once = swept(pages(history))
    monkeypatch.setattr(sweep, "AT_ONCE", 4)
    together = counted_together(monkeypatch)
    for times, of in ((1, iter(pages(history))), (2, pages(history))):
        assert swept(of) == at_once
        assert together == [4, 4, 4, 4, 2] * times, "what comes only once is no excuse for more"
    assert at_once["bad"]
    assert at_once["left_out"]


def counted_together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return where to read how many settings decide at once, for each reading of the history."""
    counts: list[int] = []
    decide = sweep._decide

    def counting(of: Any, jobs: Any, present: Any) -> None:
        counts.append(len(jobs))
        decide(of, jobs, present)

    monkeypatch.setattr(sweep, "_decide", counting)
    return counts


def test_pages_put_aside_are_the_same_again() -> None:
    """Columns may differ from page to page, or be none; what was bad has been told."""
    bad = (Unreadable(7, ()),)
    tables = [
        {"loss": pa.array([1.5, None]), "shop": pa.array(["a", "b"]).dictionary_encode()},
        {"virality": pa.array([{"views": 3}, None, {"views": None}])},
        {},
    ]
    given = [
        Page(batch_of(facts, 5 - n), batch_of(dict(facts), 5 - n), np.arange(5 - n) + 10 * n, bad)
        for n, facts in zip((3, 2, 1), tables, strict=True)
    ]
    with closing(Aside()) as aside:
        assert list(aside) == []
        assert list(aside.filled(given)) == given
        for _ in range(2):
            for page, again in zip(given, aside, strict=True):
                assert again.facts.equals(page.facts) and again.columns.equals(page.columns)
                assert again.numbers.tolist() == page.numbers.tolist()
                assert (again.facts.num_rows, again.bad) == (len(page.numbers), ())


def test_progress_is_told_of_all_readings_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = Policy.loads(
        '[policy]\nid = "p"\n[parameters]\nn = 1\n[[rule]]\nid = "r"\nwhen = "loss > 1 USD"\nthen.refund = "full"\n'
    )
    pq.write_table(pa.table({"loss": ["5 USD"] * 10}), tmp_path / "in.parquet")
    heard: list[tuple[int, int]] = []

    class Watcher:
        def expect(self, total: int, size: int) -> None:
            heard.append((total, size))

        def at(self, rows: int, read: int) -> None:
            heard.append((rows, read))

    monkeypatch.setattr(sweep, "AT_ONCE", 2)
    with closing(open_history(str(tmp_path / "in.parquet"), [policy])) as history:
        history.watcher = Watcher()
        tune(history, policy, [knob(policy, "n=1..5:1")])
    assert heard == [(30, 0), (10, 0), (30, 0), (20, 0), (30, 0), (30, 0)]
