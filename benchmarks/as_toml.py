"""Random policies as an owner would write them: in TOML."""

from collections.abc import Iterator
from typing import assert_never

from .facts import Fact, Value
from .rules import DEFAULTS, All, Any, Condition, Not, RandomPolicy, Rule, Test

UNITS = ((86_400, "days"), (3_600, "h"), (60, "min"), (1, "s"))


def as_toml(policy: RandomPolicy) -> str:
    """Write *policy* as one TOML document."""
    return "\n".join(_lines(policy)) + "\n"


def _lines(policy: RandomPolicy) -> Iterator[str]:
    yield from ("[policy]", 'id = "random"', 'title = "Random rules"', 'version = "1"', 'currency = "USD"')
    for fact in policy.facts:
        if fact.own:
            yield from _declaration(fact)
    for decision, outcome in DEFAULTS.items():
        yield from ("", f"[decisions.{decision}]", f'default = "{outcome}"')
    for number, rule in enumerate(policy.rules):
        yield from _rule(rule, tabular=number % 2 == 0)


def _declaration(fact: Fact) -> Iterator[str]:
    yield from ("", f"[facts.{fact.name}]")
    words = ", ".join(f'"{word}"' for word in fact.words)
    if fact.kind == "scale":
        yield f"scale = [{words}]"
        return
    yield f'type = "{fact.kind}"'
    if fact.kind == "text":
        yield f"one_of = [{words}]"


def _rule(rule: Rule, *, tabular: bool) -> Iterator[str]:
    """Write a rule; a *tabular* one with a key for each fact, or with `unless`, where its condition has that shape."""
    yield from ("", "[[rule]]", f'id = "{rule.id}"', f'title = "Random rule {rule.id}"')
    tests = _tests(rule.when)
    if tabular and tests:
        yield from (f'when.{_quoted(test.fact.name)} = "{_cell(test)}"' for test in tests)
    elif tabular and isinstance(rule.when, All) and isinstance(rule.when.parts[-1], Not):
        yield f'when = "{expression(All(rule.when.parts[:-1]))}"'
        yield f'unless = "{expression(rule.when.parts[-1].part)}"'
    else:
        yield f'when = "{expression(rule.when)}"'
    yield from (f'then.{decision} = "{outcome}"' for decision, outcome in rule.then.items())
    yield 'because = "Drawn at random."'


def _quoted(name: str) -> str:
    """Quote a dotted name, which as a bare key would open a table."""
    return f'"{name}"' if "." in name else name


def _tests(condition: Condition) -> tuple[Test, ...]:
    """Give the tests of a plain `and` over different facts, the only condition that has a table form."""
    parts = condition.parts if isinstance(condition, All) else (condition,)
    tests = tuple(part for part in parts if isinstance(part, Test))
    return tests if len(tests) == len(parts) else ()


def expression(condition: Condition) -> str:
    """Write *condition* in the expression form."""
    match condition:
        case All(parts):
            return " and ".join(f"({expression(p)})" if isinstance(p, Any) else expression(p) for p in parts)
        case Any(parts):
            return " or ".join(f"({expression(p)})" if isinstance(p, All) else expression(p) for p in parts)
        case Not(part):
            return f"not ({expression(part)})"
        case Test():
            return _test(condition)
        case _:
            assert_never(condition)


def _test(test: Test) -> str:
    name, words = test.fact.name, [literal(test.fact, value) for value in test.values]
    if test.fact.kind == "boolean":
        return name if test.values[0] else f"not {name}"
    if test.operator == "between":
        return f"{name} between {words[0]} and {words[1]}"
    if test.operator in ("in", "not in"):
        return f"{name} {test.operator} ({', '.join(words)})"
    return f"{name} {test.operator} {words[0]}"


def _cell(test: Test) -> str:
    words = [literal(test.fact, value) for value in test.values]
    match test.operator:
        case "=":
            return words[0]
        case "in":
            return ", ".join(words)
        case "!=" | "not in":
            return f"not({', '.join(words)})"
        case "between":
            return f"[{words[0]} .. {words[1]}]"
        case _:
            return f"{test.operator} {words[0]}"


def literal(fact: Fact, value: Value) -> str:
    """Write *value* as a literal of the policy language."""
    if fact.kind == "money":
        return f"{value} USD"
    if fact.kind == "duration":
        seconds = int(value)
        size, unit = next((size, unit) for size, unit in UNITS if seconds % size == 0)
        return f"{seconds // size} {unit}"
    return str(value).lower() if fact.kind == "boolean" else str(value)
