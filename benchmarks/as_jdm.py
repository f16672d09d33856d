"""Random policies as JSON Decision Model graphs, for zen-engine: one decision table for each decision."""

import json
from collections.abc import Iterator
from typing import assert_never

from .as_python import words_within
from .rules import DEFAULTS, All, Any, Condition, Not, Operator, RandomPolicy, Rule, Test

OPPOSITE: dict[Operator, Operator] = {
    "=": "!=",
    "!=": "=",
    "in": "not in",
    "not in": "in",
    "<": ">=",
    ">=": "<",
    "<=": ">",
    ">": "<=",
}


def as_jdm(policy: RandomPolicy, *, one_cell: bool = False) -> dict[str, object]:
    """
    Write *policy* as a graph of four tables with the hit policy `first`.

    A column is a fact, so a rule with an `or` becomes several rows; with *one_cell*, the whole condition of a rule
    stands as one expression in one cell instead.
    """
    nodes: list[dict[str, object]] = [_node("in", "inputNode"), _node("out", "outputNode")]
    edges: list[dict[str, str]] = []
    columns = ["when"] if one_cell else [fact.key for fact in policy.facts]
    inputs = [{"id": name, "name": name} | ({} if one_cell else {"field": name}) for name in columns]
    for decision, default in DEFAULTS.items():
        rows: list[dict[str, str]] = []
        for rule in policy.rules:
            if decision in rule.then:
                given = {"_id": f"{rule.id}/{len(rows)}", "then": json.dumps(rule.then[decision])}
                rows += [given | cells for cells in _rows(rule, one_cell=one_cell)]
        rows.append({"_id": "default", "then": json.dumps(default)})
        outputs = [{"id": "then", "name": decision, "field": decision}]
        content = {"hitPolicy": "first", "inputs": inputs, "outputs": outputs, "rules": rows}
        nodes.append(_node(decision, "decisionTableNode") | {"content": content})
        edges += [_edge("in", decision), _edge(decision, "out")]
    return {"nodes": nodes, "edges": edges}


def _node(name: str, kind: str) -> dict[str, object]:
    return {"id": name, "name": name, "type": kind, "position": {"x": 0, "y": 0}}


def _edge(source: str, target: str) -> dict[str, str]:
    return {"id": f"{source}-{target}", "type": "edge", "sourceId": source, "targetId": target}


def _rows(rule: Rule, *, one_cell: bool) -> Iterator[dict[str, str]]:
    if one_cell:
        yield {"when": expression(rule.when)}
        return
    for tests in disjuncts(rule.when):
        yield {test.fact.key: _cell(test) for test in tests}


def disjuncts(condition: Condition) -> list[tuple[Test, ...]]:
    """Spell *condition* out as an `or` of `and`s."""
    match condition:
        case All(parts):
            rows: list[tuple[Test, ...]] = [()]
            for part in parts:
                rows = [row + more for row in rows for more in disjuncts(part)]
            return rows
        case Any(parts):
            return [row for part in parts for row in disjuncts(part)]
        case Not(part):
            return disjuncts(_negated(part))
        case Test():
            return [(condition,)]
        case _:
            assert_never(condition)


def _negated(condition: Condition) -> Condition:
    match condition:
        case All(parts):
            return Any(tuple(map(_negated, parts)))
        case Any(parts):
            return All(tuple(map(_negated, parts)))
        case Not(part):
            return part
        case Test(fact, operator, values):
            if fact.kind == "boolean":
                return Test(fact, "=", (not values[0],))
            if operator == "between":
                return Any((Test(fact, "<", values[:1]), Test(fact, ">", values[1:])))
            if fact.kind == "scale" and operator in ("<=", ">="):
                return Test(fact, "not in", words_within(condition))
            return Test(fact, OPPOSITE[operator], values)
        case _:
            assert_never(condition)


def _cell(test: Test) -> str:
    words = [json.dumps(value) for value in test.values]
    if test.fact.kind == "scale" and test.operator in ("<=", ">="):
        return ", ".join(map(json.dumps, words_within(test)))
    match test.operator:
        case "=" | "in":
            return ", ".join(words)
        case "not in":
            return f"not in [{', '.join(words)}]"
        case "between":
            return f"[{words[0]}..{words[1]}]"
        case _:
            return f"{test.operator} {words[0]}"


def expression(condition: Condition) -> str:
    """Write *condition* in the ZEN expression language."""
    match condition:
        case All(parts):
            return f"({' and '.join(map(expression, parts))})"
        case Any(parts):
            return f"({' or '.join(map(expression, parts))})"
        case Not(part):
            return f"not {expression(All((part,)))}"
        case Test():
            return _test(condition)
        case _:
            assert_never(condition)


def _test(test: Test) -> str:
    key, words = test.fact.key, [json.dumps(value) for value in test.values]
    if test.fact.kind == "scale" and test.operator in ("<=", ">="):
        return f"{key} in {json.dumps(words_within(test))}"
    match test.operator:
        case "=":
            return f"{key} == {words[0]}"
        case "in" | "not in":
            return f"{key} {test.operator} [{', '.join(words)}]"
        case "between":
            return f"{key} in [{words[0]}..{words[1]}]"
        case _:
            return f"{key} {test.operator} {words[0]}"
