"""Random policies as an engineer would write them by hand: if-chains over a dict of plain values."""

from collections.abc import Callable, Iterator
from typing import assert_never

from .rules import DECISIONS, DEFAULTS, All, Any, Condition, Not, RandomPolicy, Rule, Test

Outcomes = tuple[str, ...]
CHUNK = 1_000  # rules in one function: beyond it, the compiler takes long and nobody finds anything


def one_pass(policy: RandomPolicy) -> Callable[[dict[str, object]], Outcomes]:
    """Go down the rules once, fill in what each decides, and stop when all four decisions are filled in."""
    chunks = [policy.rules[i : i + CHUNK] for i in range(0, len(policy.rules), CHUNK)] or [()]
    source: list[str] = []
    for number, rules in enumerate(chunks):
        source += _pass_source(number, rules, last=number + 1 == len(chunks))
    namespace = _compiled(source)
    parts = [namespace[f"part_{number}"] for number in range(len(chunks))]
    if len(parts) == 1:
        return parts[0]

    def decide(facts: dict[str, object]) -> Outcomes:
        outcomes: Outcomes = (None,) * len(DECISIONS)  # type: ignore[assignment]
        for part in parts:
            outcomes = part(facts, *outcomes)
            if None not in outcomes:
                break
        return outcomes

    return decide


def one_chain_each(policy: RandomPolicy) -> Callable[[dict[str, object]], Outcomes]:
    """Write a chain of early returns for each decision, and ask the four in turn."""
    source: list[str] = []
    for decision in DECISIONS:
        chosen = [rule for rule in policy.rules if decision in rule.then]
        chunks = [chosen[i : i + CHUNK] for i in range(0, len(chosen), CHUNK)] or [[]]
        for number, chunk in enumerate(chunks):
            source += [f"def {decision}_{number}(facts):", *_unpacked(chunk)]
            source += [f"    if {expression(rule.when)}:\n        return {rule.then[decision]!r}" for rule in chunk]
            last = number + 1 == len(chunks)
            source += [f"    return {DEFAULTS[decision]!r}" if last else f"    return {decision}_{number + 1}(facts)"]
    source += ["def decide(facts):", f"    return {', '.join(f'{decision}_0(facts)' for decision in DECISIONS)}"]
    return _compiled(source)["decide"]


def _compiled(source: list[str]) -> dict[str, Callable[..., Outcomes]]:
    namespace: dict[str, Callable[..., Outcomes]] = {}
    exec(compile("\n".join(source), "<hand-written>", "exec"), namespace)
    return namespace


def _pass_source(number: int, rules: tuple[Rule, ...], *, last: bool) -> Iterator[str]:
    names = ", ".join(DECISIONS)
    yield f"def part_{number}(facts, {'=None, '.join(DECISIONS)}=None):"
    yield from _unpacked(rules)
    for rule in rules:
        open_still = " or ".join(f"{decision} is None" for decision in rule.then)
        yield f"    if {f'({open_still})' if len(rule.then) > 1 else open_still} and {expression(rule.when, inside=True)}:"
        for decision, outcome in rule.then.items():
            if len(rule.then) == 1:
                yield f"        {decision} = {outcome!r}"
            else:
                yield f"        if {decision} is None: {decision} = {outcome!r}"
        filled = " and ".join(f"{decision} is not None" for decision in DECISIONS)
        yield f"        if {filled}: return {names}"
    if last:
        yield from (f"    if {decision} is None: {decision} = {default!r}" for decision, default in DEFAULTS.items())
    yield f"    return {names}"


def _unpacked(rules: tuple[Rule, ...] | list[Rule]) -> list[str]:
    keys = sorted({key for rule in rules for key in _keys(rule.when)})
    return [f"    {key} = facts[{key!r}]" for key in keys]


def _keys(condition: Condition) -> set[str]:
    match condition:
        case All(parts) | Any(parts):
            return set[str]().union(*map(_keys, parts))
        case Not(part):
            return _keys(part)
        case Test(fact):
            return {fact.key}
        case _:
            assert_never(condition)


def expression(condition: Condition, *, inside: bool = False) -> str:
    """Write *condition* as a Python expression; an `or` *inside* another condition gets parentheses."""
    match condition:
        case All(parts):
            return " and ".join(expression(part, inside=True) for part in parts)
        case Any(parts):
            text = " or ".join(expression(part) for part in parts)
            return f"({text})" if inside else text
        case Not(part):
            return f"not ({expression(part)})"
        case Test():
            return _test(condition)
        case _:
            assert_never(condition)


def _test(test: Test) -> str:
    key, values, operator = test.fact.key, test.values, test.operator
    if test.fact.kind == "boolean":
        return key if values[0] else f"not {key}"
    if operator == "between":
        return f"{values[0]} <= {key} <= {values[1]}"
    if test.fact.kind == "scale" and operator in ("<=", ">="):
        values, operator = words_within(test), "in"
        if len(values) == 1:
            operator = "="
    if operator in ("in", "not in"):
        return f"{key} {operator} {{{', '.join(map(repr, values))}}}"
    return f"{key} {'==' if operator == '=' else operator} {values[0]!r}"


def words_within(test: Test) -> tuple[str, ...]:
    """Spell out the words of a scale that `<=` or `>=` a word takes in, for those who have no scales."""
    words = test.fact.words
    at = words.index(str(test.values[0]))
    return words[at:] if test.operator == ">=" else words[: at + 1]
