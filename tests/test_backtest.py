"""Backtests against a count of our own: row by row with `policy.decide`, sharing no code with what is tested."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from backtest_policies import policy, rows

from evenhand import FactError, Money, Policy
from evenhand.engine.backtest import Options, Report, backtest
from evenhand.engine.backtest.pages import Page, Since, sampled

#: The decisions that the policies of these tests have rules for.
TOLD = ("refund", "fee", "calls", "gifts", "route")
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
FACTS = ("loss", "fault", "tier", "hurt")
ASIDE = ("case", "shop", "till", "recorded", "day")


def pages(history: Sequence[dict[str, Any]], size: int = 100) -> list[Page]:
    kinds = {"loss": pa.float64(), "fault": pa.string(), "tier": pa.string(), "hurt": pa.bool_()}
    found = []
    for start in range(0, len(history), size):
        some = history[start : start + size]
        facts, columns = (
            pa.RecordBatch.from_pydict(
                {name: pa.array([row[name] for row in some], kind) for name, kind in part.items()}
            )
            for part in (kinds, dict.fromkeys(ASIDE, pa.string()))
        )
        found.append(Page(facts, columns, np.arange(start + 1, start + 1 + len(some))))
    return found


def run(
    history: Sequence[dict[str, Any]], new: Policy, old: Policy | None = None, *, size: int = 100, **options: Any
) -> Report:
    asked: dict[str, Any] = {
        "as_of": NOW,
        "by": (("shop",), ("shop", "till")),
        "outcomes": {"refund": "recorded"},
    } | options
    return backtest(pages(history, size), new, old, options=Options(**asked))


class Brute:
    """Every row decided by itself, and what a careful clerk would write down."""

    def __init__(self, history: Sequence[dict[str, Any]], new: Policy, old: Policy | None) -> None:
        self.bad = 0
        self.decided: list[tuple[dict[str, Any], list[Any]]] = []
        for row in history:
            facts = {name: row[name] for name in FACTS if row[name] is not None}
            try:
                self.decided.append((row, [None if p is None else p.decide(facts, as_of=NOW) for p in (old, new)]))
            except FactError:
                self.bad += 1

    @staticmethod
    def outcome(verdict: Any) -> str:
        if verdict.status != "decided":
            return "refer"
        if isinstance(verdict.outcome, bool):
            return str(verdict.outcome).lower()
        if isinstance(verdict.outcome, Money):
            return "decided"
        return ", ".join(verdict.outcome) if isinstance(verdict.outcome, tuple) else verdict.outcome

    def matrix(self, name: str) -> Counter[tuple[str, str]]:
        return Counter(
            ("" if old is None else self.outcome(old[name]), self.outcome(new[name])) for _, (old, new) in self.decided
        )

    def differs(self, name: str, old: Any, new: Any) -> bool:
        return bool(old[name].outcome != new[name].outcome) or (old[name].status == "decided") != (
            new[name].status == "decided"
        )

    def changed(self, name: str) -> int:
        return sum(self.differs(name, old, new) for _, (old, new) in self.decided)

    @staticmethod
    def amount(decision: Any, name: str, value: str) -> Decimal | None:
        """The amount of a decision, 0 where it has none, None where it is open."""
        verdict = decision[name]
        if verdict.status != "decided" or value in verdict.unsettled:
            return None
        found = verdict.values.get(value, Money(0, "USD")) if value else verdict.outcome
        found = found if isinstance(found, tuple) else (found,)
        return sum((one.amount for one in found), Decimal(0))


PAIRS = [
    (policy(name="new", small="40 USD", share="0.25", fee="0.02", ring="silver", cake="15"), policy(name="old")),
    (policy(name="new", small="25 USD"), policy(name="old", small="25 USD", cake="13")),
    (policy(name="alone"), None),
]


@pytest.mark.parametrize(("new", "old"), PAIRS, ids=["all-different", "one-value", "alone"])
@pytest.mark.parametrize("size", [29, 1000])
def test_every_figure_is_what_a_loop_over_rows_counts(new: Policy, old: Policy | None, size: int) -> None:
    history = rows(400, seed=3)
    report, brute = run(history, new, old, size=size), Brute(history, new, old)
    assert (report.read, report.rows, report.bad) == (400, len(brute.decided), brute.bad)
    assert brute.bad > 0
    assert sorted(decided.decision for decided in report.decisions) == sorted(TOLD)
    for decided in report.decisions:
        check_decision(decided, brute, old is None)
    check_money(report, brute)
    if old is not None:
        assert report.changed.count == sum(
            any(brute.differs(name, before, now) for name in TOLD) for _, (before, now) in brute.decided
        )


def check_decision(decided: Any, brute: Brute, alone: bool) -> None:
    name = decided.decision
    assert dict(decided.matrix) == brute.matrix(name)
    assert decided.changed.count == (0 if alone else brute.changed(name))
    ids = [
        tuple("" if d is None or d[name].rule is None or d[name].status != "decided" else d[name].rule.id for d in pair)
        for _, pair in brute.decided
    ]
    for rule in decided.rules:
        assert rule.old == sum(old == rule.rule for old, _ in ids)
        assert rule.new == sum(new == rule.rule for _, new in ids)
        assert rule.gained == sum(new == rule.rule != old for old, new in ids)
        assert rule.lost == sum(old == rule.rule != new for old, new in ids)
    assert {rule.rule for rule in decided.rules} == {one for pair in ids for one in pair if one}
    for side, referred in enumerate((decided.old, decided.new)):
        open_ = [
            pair[side][name]
            for _, pair in brute.decided
            if pair[side] is not None and pair[side][name].status != "decided"
        ]
        if referred is not None:
            assert referred.rows == len(open_)
            assert referred.why == Counter(verdict.status for verdict in open_)
            assert referred.missing == Counter(fact for verdict in open_ for fact in verdict.missing)


def check_money(report: Report, brute: Brute) -> None:
    assert {(money.decision, money.value) for money in report.money} == {
        ("refund", "refund_amount"),
        ("fee", ""),
        ("gifts", "cost"),
    }
    for money in report.money:
        pairs = [
            [Decimal(0) if d is None else brute.amount(d, money.decision, money.value) for d in pair]
            for _, pair in brute.decided
        ]
        total = [sum((amount or Decimal(0) for amount in side), Decimal(0)) * 100 for side in zip(*pairs, strict=True)]
        assert [money.old.amount, money.new.amount] == total
        assert money.difference.amount == total[1] - total[0] == money.both + money.lost + money.won
        assert money.old_open == sum(old is None for old, _ in pairs)
        assert money.new_open == sum(new is None for _, new in pairs)
        assert money.lost == -100 * sum(old for old, new in pairs if old is not None and new is None)
        assert money.won == 100 * sum(new for old, new in pairs if old is None and new is not None)
        assert money.new.low <= money.new.amount <= money.new.high
        if report.old is not None:
            assert money.rows_moved == sum(None not in pair and pair[0] != pair[1] for pair in pairs)


def test_red_lines_and_duties_are_counted_on_both_sides() -> None:
    new, old = PAIRS[0]
    assert old is not None
    history = rows(600, seed=4)
    report, brute = run(history, new, old), Brute(history, new, old)
    (guard,) = report.guards
    found = [[[b.certain for b in d.breaches] for d in pair] for _, pair in brute.decided]
    assert [guard.old, guard.new] == [sum(True in pair[side] for pair in found) for side in (0, 1)]
    assert [guard.old_possible, guard.new_possible] == [sum(False in pair[side] for pair in found) for side in (0, 1)]
    assert guard.new
    assert guard.new_possible
    (duty,) = report.duties
    assert [duty.old, duty.new] == [sum(bool(pair[side].obligations) for _, pair in brute.decided) for side in (0, 1)]


def test_splits_add_up_and_each_part_is_what_a_loop_counts() -> None:
    new, old = PAIRS[0]
    assert old is not None
    history = rows(600, seed=5)
    report, brute = run(history, new, old), Brute(history, new, old)
    by_shop, by_both = report.splits
    assert by_both.columns == ("shop", "till")
    for split in report.splits:
        assert sum(part.rows for part in split.parts) == report.rows
        assert sum(part.changed.count for part in split.parts) == report.changed.count
    for part in by_shop.parts:
        some = [pair for row, pair in brute.decided if (row["shop"] or "(blank)") == part.values[0]]
        assert part.rows == len(some)
        assert part.changed.count == sum(any(brute.differs(n, *pair) for n in TOLD) for pair in some)
        assert part.referred.count == sum(not all(pair[1][name].is_settled for name in TOLD) for pair in some)
        moved = next(moved for moved in part.money if moved.name == "refund_amount")
        amounts = [[brute.amount(d, "refund", "refund_amount") or 0 for d in pair] for pair in some]
        assert moved.difference.amount == 100 * sum(now - before for before, now in amounts)
        assert moved.new == 100 * sum(now for _, now in amounts)


def test_agreement_with_what_was_recorded() -> None:
    new, old = PAIRS[0]
    history = rows(600, seed=6)
    (agreement,) = run(history, new, old).agreement
    brute = Brute(history, new, old)
    assert agreement.blank == sum(row["recorded"] is None for row, _ in brute.decided)
    assert agreement.unknown == {"Refunded?": sum(row["recorded"] == "Refunded?" for row, _ in brute.decided)}
    for side, sided in enumerate((agreement.old, agreement.new)):
        assert sided is not None
        known = [
            (row["recorded"], pair[side])
            for row, pair in brute.decided
            if row["recorded"] in ("deny", "full", "partial")
        ]
        assert sided.matrix == Counter((word, brute.outcome(d["refund"])) for word, d in known)
        assert (sided.agrees.count, sided.agrees.of) == (
            sum(word == brute.outcome(d["refund"]) for word, d in known),
            len(known),
        )
        for rule in sided.rules:
            own = [
                (word, brute.outcome(d["refund"]))
                for word, d in known
                if (d["refund"].rule.id if d["refund"].rule and d["refund"].is_settled else "") == rule.rule
            ]
            wrong = Counter(pair for pair in own if pair[0] != pair[1])
            assert (rule.rows, rule.otherwise) == (len(own), wrong.total())
            if rule.otherwise:
                assert wrong[rule.recorded, rule.outcome] == max(wrong.values())


def test_a_row_that_only_comes_to_another_amount_is_told_apart() -> None:
    new, old = PAIRS[1]
    report = run(rows(300, seed=7), new, old)
    assert report.changed.count == 0
    money = next(money for money in report.money if money.value == "cost")
    assert report.revalued == money.rows_moved > 0
    assert money.difference.amount == -100 * money.rows_moved


def test_bad_rows_are_counted_by_reason_with_the_first_of_each() -> None:
    history = rows(400, seed=8)
    report = run(history, policy())
    (kind,) = report.bad_kinds
    assert kind.code == "off-scale"
    assert "platinum" in kind.message
    assert kind.rows == report.bad == sum(row["tier"] == "platinum" for row in history)
    assert kind.first == 1 + next(at for at, row in enumerate(history) if row["tier"] == "platinum")


# --- examples --------------------------------------------------------------------------------------------------------


def test_examples_are_the_rows_nearest_to_the_threshold_that_moved() -> None:
    new, old = policy(name="new", small="40 USD"), policy(name="old", small="25 USD")
    history = rows(800, seed=9)
    report = run(history, new, old, name_column="case")
    brute = Brute(history, new, old)
    for change in {(e.old, e.new) for e in report.examples if e.decision == "refund"}:
        found = [e for e in report.examples if (e.decision, e.old, e.new) == ("refund", *change)]
        rows_ = [row for row, pair in brute.decided if tuple(brute.outcome(d["refund"]) for d in pair) == change]
        for example in found:
            row = history[example.row - 1]
            assert row["case"] == example.name
            assert row in rows_
        near = [e for e in found if e.distance]
        if near and change == ("partial", "full"):
            losses = sorted((row["loss"] for row in rows_), key=lambda loss: min(abs(loss - 25), abs(loss - 40)))
            best = {min(abs(history[e.row - 1]["loss"] - edge) for edge in (25, 40)) for e in near}
            assert min(best) == min(abs(losses[0] - edge) for edge in (25, 40))
            assert all("40 USD" in e.back for e in near)
    assert any(e.distance for e in report.examples)


def test_an_example_names_the_rules_and_what_would_change_it_back() -> None:
    new, old = policy(name="new", small="40 USD"), policy(name="old", small="25 USD")
    history = [
        {**rows(1)[0], "loss": 39.5, "fault": "business", "tier": "none", "hurt": False, "case": "A <b>name</b>"}
    ]
    (example, *_) = [e for e in run(history, new, old, name_column="case").examples if e.decision == "refund"]
    assert (example.old, example.old_rule, example.new, example.new_rule) == ("partial", "large", "full", "small")
    assert example.facts["loss"] == "39.50 USD"
    assert example.distance == "0.50 USD below 40 USD"
    assert example.back.startswith("if loss were above 40 USD (it is 39.50 USD): partial")
    assert "row 1 (A <b>name</b>)" in example.sentence


@pytest.mark.once
def test_what_is_kept_for_examples_is_bounded() -> None:
    from evenhand.engine.backtest import Backtest

    sizes = []
    for count in (400, 1_200):
        job = Backtest(PAIRS[0][0], PAIRS[0][1], options=Options(as_of=NOW))
        for page in pages(rows(count, seed=10)):
            job.take(page)
        sizes.append(max(len(kept) for kept in job.shelf._kept.values()))
    assert sizes == [6, 6]


# --- which rows ------------------------------------------------------------------------------------------------------


def test_rows_before_a_day_and_without_one_are_left_out() -> None:
    history = rows(300, seed=11)
    since = Since(dt.date(2026, 1, 5), "day")
    report = backtest(pages(history), policy(), since=since, options=Options(as_of=NOW))
    kept = sum(row["day"] >= "2026-01-05" for row in history)
    assert report.read == 300
    assert report.left_out == 300 - kept
    assert report.rows + report.bad == kept


def nobody(_row: int, _problems: object) -> None:
    raise AssertionError("no row of these cannot be read")


def test_a_sample_has_its_size_is_the_same_for_a_seed_and_any_row_is_as_likely() -> None:
    history = pages(rows(500, seed=12), size=50)
    met: Counter[int] = Counter()
    for seed in range(200):
        kept, read = sampled(history, 40, seed, nobody)
        numbers = [int(number) for page in kept for number in page.numbers]
        assert (len(numbers), len(set(numbers)), read) == (40, 40, 500)
        met.update(numbers)
    again, _ = sampled(history, 40, 0, nobody)
    assert [list(page.numbers) for page in again] == [list(page.numbers) for page in sampled(history, 40, 0, nobody)[0]]
    # Each row is taken 16 times of 200 on average; that one strays five standard deviations is one chance in a million.
    assert max(met.values()) < 16 + 5 * 4
    assert len(met) == 500
    first, last = (sum(met[number] for number in part) for part in (range(1, 251), range(251, 501)))
    assert abs(first - last) < 5 * (8_000**0.5)


def test_a_sample_larger_than_the_history_is_the_history() -> None:
    report = backtest(pages(rows(90, seed=13)), policy(), sample=100, options=Options(as_of=NOW))
    assert report.rows + report.bad == 90


def test_a_history_without_rows_says_so() -> None:
    from evenhand.engine.backtest.headline import headline

    assert headline(run([], policy())).startswith("There is no incident")
