"""Regions as conditions of the language, to be written into a policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...rules.regions import Operator, Region, Spans, Texts, Words, universe_of
from ...rules.tree import And, Compare, Condition, Constant, FactRef, Known, Not, Or, PolicyTree, Whole
from ...rules.types import DISCRETE, Fact, Number, Value, exact
from ...rules.words import condition_text

if TYPE_CHECKING:
    from ..proofs.finding import Box, Part


def region_text(tree: PolicyTree, boxes: tuple[Box, ...]) -> str | None:
    """Return a condition that holds in some boxes and nowhere else; None where there is none that can be written."""
    found: list[Condition] = []
    for box in boxes:
        parts = _box(tree, box)
        if not parts:
            return None
        found.append(parts[0] if len(parts) == 1 else And(tuple(parts)))
    return condition_text(found[0] if len(found) == 1 else Or(tuple(found)), tree.currency) if found else None


def _box(tree: PolicyTree, box: Box) -> list[Condition] | None:
    parts: list[Condition] = []
    for name, part in box.facts.items():
        found = _fact(tree.facts[name], part)
        if found is None:
            return None
        parts += found.parts if isinstance(found, And) else [found]
    for key, holds in box.holds.items():
        if isinstance(key, Whole):
            return None
        parts.append(key.test if holds == key.holds else Not(key.test))
    return parts


def _fact(fact: Fact, part: Part) -> Condition | None:
    if part.values == universe_of(fact):
        return None if part.missing else Known(fact.name)
    options = list(_options(fact, part.values))
    if part.missing:
        options.append(Not(Known(fact.name)))
    return options[0] if len(options) == 1 else Or(tuple(options)) if options else None


def _options(fact: Fact, values: Region) -> Iterator[Condition]:
    match values:
        case Words(words):
            kept = [word for word in fact.type.domain if word in words]
            yield from _words(fact, kept)
        case Texts(words, True):
            for word in sorted(words):
                yield _compare(fact, "=", word)
        case Texts(words, _):
            tests: list[Condition] = [_compare(fact, "!=", word) for word in sorted(words)]
            yield tests[0] if len(tests) == 1 else And(tuple(tests))
        case Spans():
            yield from _spans(fact, values)


def _words(fact: Fact, kept: list[Value]) -> Iterator[Condition]:
    """Yield tests for some words: on a scale, those side by side together."""
    domain = fact.type.domain
    places = [domain.index(word) for word in kept]
    together = fact.type.kind == "scale" and len(kept) > 1 and places[-1] - places[0] == len(kept) - 1
    if not together:
        yield from (_compare(fact, "=", word) for word in kept)
    elif places[0] == 0:
        yield _compare(fact, "<=", kept[-1])
    elif places[-1] == len(domain) - 1:
        yield _compare(fact, ">=", kept[0])
    else:
        yield And((_compare(fact, ">=", kept[0]), _compare(fact, "<=", kept[-1])))


def _spans(fact: Fact, values: Spans) -> Iterator[Condition]:
    whole = universe_of(fact)
    ends = next(iter(whole.pieces()), (None, None)) if isinstance(whole, Spans) else (None, None)
    for low, high in values.pieces():
        above = None if low is None or low == ends[0] else low
        below = None if high is None or high == ends[1] else high
        if low is not None and high is not None and _last(fact, high) == low[0] and not low[1]:
            yield _compare(fact, "=", exact(low[0]))
            continue
        tests: list[Condition] = []
        if above is not None and (fact.type.kind != "date" or above[0] > dt.date.min.toordinal()):
            tests.append(_compare(fact, ">" if above[1] else ">=", exact(above[0])))
        if below is not None and (last := _last(fact, below)) is not None:
            if fact.type.kind != "date" or last < dt.date.max.toordinal():
                tests.append(_compare(fact, "<=", exact(last)))
        elif below is not None:
            tests.append(_compare(fact, "<", exact(below[0])))
        if tests:
            yield tests[0] if len(tests) == 1 else And(tuple(tests))


def _last(fact: Fact, high: tuple[Number, int]) -> Number | None:
    """Return the greatest value below a cut, if there is one."""
    if high[1]:
        return high[0]
    return high[0] - 1 if fact.type.kind in DISCRETE else None


def _compare(fact: Fact, operator: Operator, value: Value) -> Compare:
    return Compare(operator, FactRef(fact.name, fact.type), Constant(value, fact.type))
