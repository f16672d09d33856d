"""Evenhand in the race: the same incidents as validated facts, as a plain mapping, and as text from a form."""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from evenhand import Exchange, History, Incident, Policy, Virality

from .as_toml import as_toml, literal
from .facts import Fact, Facts, Stream, Value
from .rules import RandomPolicy
from .timing import Answers, Entry

OURS = "Evenhand"
OURS_MAPPING = "Evenhand, mapping in"
OURS_TEXT = "Evenhand, text in"
GROUPS: Mapping[str, type] = {"virality": Virality, "exchange": Exchange, "history": History}


def load(policy: RandomPolicy) -> Policy:
    """Load *policy* from its TOML."""
    return Policy.loads(as_toml(policy))


def python_value(fact: Fact, value: Value) -> object:
    """Give *value* as a service has it at hand: a number for money, a `timedelta` for a duration."""
    return dt.timedelta(seconds=int(value)) if fact.kind == "duration" else value


def text_value(fact: Fact, value: Value) -> object:
    """Give *value* as JSON or a form has it: money and durations are text."""
    return literal(fact, value) if fact.kind in ("money", "duration") else value


def mapping(facts: tuple[Fact, ...], incident: Facts, *, text: bool = False) -> dict[str, object]:
    """Give an incident as a mapping with dotted names."""
    convert = text_value if text else python_value
    return {fact.name: convert(fact, incident[fact.name]) for fact in facts if fact.name in incident}


def validated(facts: tuple[Fact, ...], incident: Facts) -> Incident:
    """Give an incident as an `Incident`, which validates the facts."""
    top: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for name, value in mapping(facts, incident).items():
        group, _, rest = name.partition(".")
        if rest:
            groups.setdefault(group, {})[rest] = value
        else:
            top[name] = value
    top.update((name, GROUPS[name](**values)) for name, values in groups.items())
    return Incident(**top)


def run(policy: Policy, inputs: list[Any]) -> Answers:
    """Decide each input and read the four outcomes."""
    return [
        (d.refund.outcome, d.defend.outcome, d.walk_away.outcome, d.insurance.outcome)
        for d in map(policy.decide, inputs)
    ]


def entry(policy: Policy, stream: Stream) -> Entry:
    """Validated facts in."""
    return Entry(
        lambda number: [validated(stream.facts, i) for i in stream.batch(number)], partial(run, policy), stream.size
    )


def entry_mapping(policy: Policy, stream: Stream, *, text: bool = False) -> Entry:
    """A mapping in: validating is part of the time."""

    def fresh(number: int) -> list[dict[str, object]]:
        return [mapping(stream.facts, incident, text=text) for incident in stream.batch(number)]

    return Entry(fresh, partial(run, policy), stream.size)


FORMS: Mapping[str, Callable[[Policy, Stream], Entry]] = {
    OURS: entry,
    OURS_MAPPING: entry_mapping,
    OURS_TEXT: partial(entry_mapping, text=True),
}
