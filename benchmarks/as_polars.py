"""Random policies as somebody who knows Polars would write them by hand: one expression a rule, one chain a decision."""

import datetime as dt
import os
from typing import Any as Anything, assert_never

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # read when Polars is imported
import polars as pl

from .facts import Fact, Value
from .rules import DECISIONS, DEFAULTS, All, Any, Condition, Not, RandomPolicy, Test


def expressions(policy: RandomPolicy) -> list[pl.Expr]:
    """Write one expression for each decision; what they have in common is worked out once."""
    rules = {rule.id: _expression(rule.when) for rule in policy.rules}
    found = []
    for name, outcomes in DECISIONS.items():
        chain: Anything = pl
        for rule in policy.rules:
            if name in rule.then:
                chain = chain.when(rules[rule.id]).then(pl.lit(outcomes.index(rule.then[name]), pl.Int32))
        default = pl.lit(outcomes.index(DEFAULTS[name]), pl.Int32)
        found.append((default if chain is pl else chain.otherwise(default)).alias(name))
    return found


def frame(batch: Anything, facts: tuple[Fact, ...]) -> pl.DataFrame:
    """Hand a batch to Polars, its words as enumerations, which Polars compares as numbers."""
    made = pl.DataFrame(pl.from_arrow(batch))
    words = [fact for fact in facts if fact.words and fact.kind != "boolean"]
    return made.with_columns([pl.col(fact.name).cast(pl.String).cast(pl.Enum(list(fact.words))) for fact in words])


def decide(frame_: pl.DataFrame, chains: list[pl.Expr]) -> pl.DataFrame:
    """Decide every row."""
    return frame_.lazy().select(chains).collect()


def _expression(condition: Condition) -> Anything:
    match condition:
        case Test():
            return _test(condition)
        case All(parts):
            return pl.all_horizontal([_expression(part) for part in parts])
        case Any(parts):
            return pl.any_horizontal([_expression(part) for part in parts])
        case Not(part):
            return ~_expression(part)
        case _:
            assert_never(condition)


def _test(test: Test) -> Anything:
    column: Anything = pl.col(test.fact.name)
    values = [_literal(test.fact, value) for value in test.values]
    match test.operator:
        case "=":
            return column == values[0]
        case "!=":
            return column != values[0]
        case "<":
            return column < values[0]
        case "<=":
            return column <= values[0]
        case ">":
            return column > values[0]
        case ">=":
            return column >= values[0]
        case "in":
            return pl.any_horizontal([column == value for value in values])
        case "not in":
            return ~pl.any_horizontal([column == value for value in values])
        case "between":
            return (column >= values[0]) & (column <= values[1])
        case _:
            assert_never(test.operator)


def _literal(fact: Fact, value: Value) -> Anything:
    if fact.kind == "duration":
        return pl.lit(dt.timedelta(seconds=int(value)))
    if fact.words and fact.kind != "boolean":
        return pl.lit(value, dtype=pl.Enum(list(fact.words)))
    return pl.lit(value)
