"""Random policies as JSONLogic, for datalogic-py."""

from typing import assert_never

from .as_python import words_within
from .rules import DEFAULTS, All, Any, Condition, Not, RandomPolicy, Test

Json = dict[str, "Json"] | list["Json"] | str | int | bool


def as_jsonlogic(policy: RandomPolicy) -> dict[str, Json]:
    """Write *policy* as one `if … then … else` for each decision, by the decision's name."""
    rules: dict[str, Json] = {}
    for decision, default in DEFAULTS.items():
        branches: list[Json] = []
        for rule in policy.rules:
            if decision in rule.then:
                branches += [logic(rule.when), rule.then[decision]]
        rules[decision] = {"if": [*branches, default]}
    return rules


def logic(condition: Condition) -> Json:
    """Write *condition* as JSONLogic."""
    match condition:
        case All(parts):
            return {"and": [logic(part) for part in parts]}
        case Any(parts):
            return {"or": [logic(part) for part in parts]}
        case Not(part):
            return {"!": [logic(part)]}
        case Test():
            return _test(condition)
        case _:
            assert_never(condition)


def _test(test: Test) -> Json:
    key: Json = {"var": test.fact.key}
    values: list[Json] = list(test.values)
    if test.fact.kind == "boolean":
        return key if test.values[0] else {"!": [key]}
    if test.fact.kind == "scale" and test.operator in ("<=", ">="):
        return {"in": [key, list(words_within(test))]}
    match test.operator:
        case "=":
            return {"==": [key, values[0]]}
        case "in":
            return {"in": [key, values]}
        case "not in":
            return {"!": [{"in": [key, values]}]}
        case "between":
            return {"<=": [values[0], key, values[1]]}
        case _:
            return {test.operator: [key, values[0]]}
