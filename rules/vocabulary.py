"""A vocabulary read off an attrs class: its fields are the facts, its nested classes the groups of facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_type_hints

import attrs

from .types import Fact, Number, Type

_KEY = "evenhand.fact"


def fact(
    type_: Type, about: str, *, ask: str, unit: str = "", low: Number | None = None, high: Number | None = None
) -> Any:
    """
    Declare an attrs field as a fact; it defaults to None, which means missing.

    *low* and *high* are inclusive bounds in canonical units (minor units for money, seconds for durations).
    """
    declared = Fact("", type_, about, ask, unit, low, high, built_in=True)
    return attrs.field(default=None, kw_only=True, metadata={_KEY: declared})


def group(class_: type) -> Any:
    """Declare an attrs field as a group of facts, itself a frozen attrs class: all that state nothing in it share one."""
    return attrs.field(default=class_(), kw_only=True)


@cache
def vocabulary(class_: type) -> Mapping[str, Fact]:
    """
    Return the facts of an attrs class by dotted name, in the order of its fields.

    >>> from evenhand.rules.incident import Incident
    >>> str(vocabulary(Incident)["virality.views"].type)
    'integer'
    """
    return {name: attrs.evolve(declared, name=name) for name, declared in _walk(class_, "")}


def _walk(class_: type, prefix: str) -> Iterator[tuple[str, Fact]]:
    hints = get_type_hints(class_)
    for field in attrs.fields(class_):
        if _KEY in field.metadata:
            yield prefix + field.name, field.metadata[_KEY]
        elif attrs.has(hints[field.name]):
            yield from _walk(hints[field.name], f"{prefix}{field.name}.")


def given_in(incident: object) -> dict[str, object]:
    """Return what an instance of a vocabulary's class states, by dotted name; missing facts are left out."""
    found: dict[str, object] = {}
    _gather(incident, "", found)
    return found


def _gather(instance: Any, prefix: str, found: dict[str, object]) -> None:
    class_: type = type(instance)
    for attribute, name, blank, is_fact in _fields(class_, prefix):
        value = getattr(instance, attribute)
        if value is None or value is blank:
            continue
        if is_fact:
            found[name] = value
        elif attrs.has(type(value)):
            _gather(value, f"{name}.", found)


@cache
def _fields(class_: Any, prefix: str) -> tuple[tuple[str, str, object, bool], ...]:
    """Return the fields that an incident is made with: plain and dotted name, a value that states nothing, whether it is a fact."""
    return tuple(
        (field.name, prefix + field.name, field.default if _is_blank(field.default) else None, _KEY in field.metadata)
        for field in attrs.fields(class_)
        if field.init
    )


def _is_blank(default: object) -> bool:
    return attrs.has(type(default)) and not given_in(default)
