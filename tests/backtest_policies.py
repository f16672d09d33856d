"""Policies and histories for the tests of backtests: every hit policy, money of every shape, red lines, gaps, missing facts."""

from __future__ import annotations

import random
from typing import Any

from evenhand import DecisionSpec, Policy
from evenhand.rules.incident import DECISIONS as BUILT_IN
from evenhand.rules.types import BOOLEAN, MONEY

#: Decisions with open outcomes: money that is worked out, and yes or no.
OPEN = {"fee": DecisionSpec("fee", MONEY), "calls": DecisionSpec("calls", BOOLEAN)}

FACTS = """
[facts.tier]
scale = ["none", "silver", "gold"]
[facts.hurt]
type = "boolean"
"""

DECISIONS = """
[decisions.gifts]
outcomes = ["card", "cake", "wine"]
hit_policy = "collect"
values = { cost = "money" }
[decisions.route]
outcomes = ["shop", "office"]
hit_policy = "unique"
"""

RULES = """
[[rule]]
id = "small"
title = "Small <b>losses</b>"
when = "loss <= {small} and fault != customer"
then.refund = "full"
then.refund_amount = "loss"
[[rule]]
id = "large"
when = "loss > {small} and fault = business"
then.refund = "partial"
then.refund_amount = "loss * {share}"
[[rule]]
id = "theirs"
when = "fault = customer"
then.refund = "deny"
[[rule]]
id = "fee-by-loss"
when = "loss > 10 USD"
then.fee = "{fee} * loss"
[[rule]]
id = "flat-fee"
when = "loss <= 10 USD"
then.fee = "1 USD"
[[rule]]
id = "ring-up"
when = "tier >= {ring}"
then.calls = true
oblige = ["ring"]
[[rule]]
id = "card-for-all"
when = "tier >= none"
then.gifts = "card"
then.cost = "2 USD"
[[rule]]
id = "cake-for-some"
when = "tier >= silver"
then.gifts = "cake"
then.cost = "{cake} USD"
[[rule]]
id = "by-shop"
when = "loss < 60 USD"
then.route = "shop"
[[rule]]
id = "by-office"
when = "loss > 50 USD"
then.route = "office"
[[guard]]
id = "hurt-first"
never = "refund >= partial and hurt"
[obligations.ring]
title = "Ring them up"
within = "1 day"
"""


def policy(
    *,
    name: str = "shop",
    small: str = "25 USD",
    share: str = "0.5",
    fee: str = "0.01",
    ring: str = "gold",
    cake: str = "12",
) -> Policy:
    """Return a policy of which some figures are as wanted."""
    head = f'[policy]\nid = "{name}"\ncurrency = "USD"\n'
    rules = RULES.format(small=small, share=share, fee=fee, ring=ring, cake=cake)
    return Policy.loads(head + FACTS + DECISIONS + rules, decisions={**BUILT_IN, **OPEN})


def rows(count: int, *, seed: int = 0, bad: float = 0.02) -> list[dict[str, Any]]:
    """Return rows of a history; about one in fifty cannot be decided."""
    choose = random.Random(seed)

    def maybe(value: Any) -> Any:
        return value if choose.random() < 0.9 else None

    found = []
    for number in range(count):
        tier = "platinum" if choose.random() < bad else choose.choice(["none", "silver", "gold"])
        found.append(
            {
                "case": f"C{number}",
                "loss": maybe(round(choose.expovariate(1 / 40), 2)),
                "fault": maybe(choose.choice(["business", "customer", "shared"])),
                "tier": maybe(tier),
                "hurt": maybe(choose.random() < 0.1),
                "shop": choose.choice(["North", "South", "", None, "East <&> West"]),
                "till": choose.choice(["1", "2"]),
                "recorded": choose.choice(["deny", "full", "partial", None, "Refunded?"]),
                "day": choose.choice(["2026-01-05", "2026-06-01", "", "2025-12-31"]),
            }
        )
    return found
