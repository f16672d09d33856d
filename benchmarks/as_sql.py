"""Random policies as an expert would write them by hand in SQL: for a table that can be relied upon, and for one that cannot."""

from typing import assert_never

from .facts import USED, Fact
from .rules import DECISIONS, DEFAULTS, All, Any, Condition, Not, RandomPolicy, Test


def outcomes_inline(policy: RandomPolicy, table: str) -> str:
    """Write a CASE for each decision, with the conditions in it."""
    return f"SELECT {_cases(policy, [f'({condition(rule.when)})' for rule in policy.rules])} FROM {table}"


def outcomes_over_columns(policy: RandomPolicy, table: str) -> str:
    """Write each condition once, as a column, and a CASE for each decision over them."""
    columns = ", ".join(f"({condition(rule.when)}) AS r{number}" for number, rule in enumerate(policy.rules))
    names = [f"r{number}" for number in range(len(policy.rules))]
    return f"SELECT {_cases(policy, names)} FROM (SELECT {columns} FROM {table})"


def _cases(policy: RandomPolicy, conditions: list[str]) -> str:
    found: list[str] = []
    for decision in DECISIONS:
        whens = [
            f"WHEN {holds} THEN '{rule.then[decision]}'"
            for rule, holds in zip(policy.rules, conditions, strict=True)
            if decision in rule.then
        ]
        case = f"CASE {' '.join(whens)} ELSE '{DEFAULTS[decision]}' END" if whens else f"'{DEFAULTS[decision]}'"
        found.append(f"{case} AS {decision}")
    return ", ".join(found)


def checked_outcomes(policy: RandomPolicy, table: str) -> str:
    """
    Write the same for a table whose rows have to be checked: where a fact is missing or wrong, there is no answer.

    The columns have types, so a number is right if it is not negative. An `IN` of more than four words would become a join.
    """
    known = " AND ".join(f'"{fact.name}" IS NOT NULL' for fact in USED)
    right = f"{' AND '.join(filter(None, map(_right, USED)))} AND {known}"
    shown = ", ".join(f"CASE WHEN fine THEN {name} END AS {name}" for name in DECISIONS)
    return f"SELECT {shown} FROM ({_decided(policy, table, f'{right} AS fine')})"


def careful_outcomes(policy: RandomPolicy, table: str) -> str:
    """
    Write the same where rows have to be checked and facts may be missing.

    Where all is known, the outcome stands. Else, going down the rules: one that holds decides; one that may hold, and gives
    something else than the first that does, leaves the decision to a human.
    """
    known = " AND ".join(f'"{fact.name}" IS NOT NULL' for fact in USED)
    right = " AND ".join(filter(None, map(_right, USED)))
    shown: list[str] = []
    for name in DECISIONS:
        steps = " ".join(
            f"WHEN r{at} THEN {name} WHEN r{at} IS NULL AND {name} <> '{rule.then[name]}' THEN 'refer'"
            for at, rule in enumerate(policy.rules)
            if name in rule.then
        )
        shown.append(f"CASE WHEN wrong THEN NULL WHEN known THEN {name} {steps} ELSE {name} END AS {name}")
    kept = f"NOT COALESCE({right}, TRUE) AS wrong, {known} AS known"
    return f"SELECT {', '.join(shown)} FROM ({_decided(policy, table, kept)})"


def _decided(policy: RandomPolicy, table: str, kept: str) -> str:
    columns = ", ".join(f"({condition(rule.when)}) AS r{number}" for number, rule in enumerate(policy.rules))
    names = [f"r{number}" for number in range(len(policy.rules))]
    return f"SELECT *, {_cases(policy, names)} FROM (SELECT {columns}, {kept} FROM {table})"


def _right(fact: Fact) -> str:
    column = f'"{fact.name}"'
    if fact.kind == "boolean":
        return ""
    if fact.is_numeric:
        return f"{column} >= 0"
    words = [f"'{word}'" for word in fact.words]
    parts = [", ".join(words[at : at + 4]) for at in range(0, len(words), 4)]
    return f"({' OR '.join(f'{column} IN ({part})' for part in parts)})"


def condition(one: Condition) -> str:
    """Write a condition."""
    match one:
        case All(parts):
            return " AND ".join(f"({condition(part)})" if isinstance(part, Any) else condition(part) for part in parts)
        case Any(parts):
            return " OR ".join(f"({condition(part)})" if isinstance(part, All) else condition(part) for part in parts)
        case Not(part):
            return f"NOT ({condition(part)})"
        case Test():
            return _test(one)
        case _:
            assert_never(one)


def _test(test: Test) -> str:
    fact, operator = test.fact, test.operator
    column = f'"{fact.name}"'
    if fact.kind == "boolean":
        return column if test.values[0] else f"NOT {column}"
    if fact.is_numeric:
        values = [
            f"{int(value) / 3600:.6f}".rstrip("0").rstrip(".") if fact.kind == "duration" else str(value)
            for value in test.values
        ]
        return (
            f"{column} BETWEEN {values[0]} AND {values[1]}"
            if operator == "between"
            else f"{column} {operator} {values[0]}"
        )
    words = [f"'{value}'" for value in test.values]
    if fact.kind == "scale" and operator in ("<=", ">="):
        at = fact.words.index(str(test.values[0]))
        words = [f"'{word}'" for word in (fact.words[at:] if operator == ">=" else fact.words[: at + 1])]
        operator = "in"
    if operator in ("in", "not in"):
        return f"{column} {operator.upper()} ({', '.join(words)})"
    return f"{column} {'<>' if operator == '!=' else operator} {words[0]}"
