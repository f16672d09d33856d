"""From a model of the solver back to an incident: canonical facts and the day of the decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import permutations

import attrs

from ...rules.evaluate import text_holds
from ...rules.given import Knowledge
from ...rules.tree import Constant, FactRef, PolicyTree, TextTest
from ...rules.types import Type, Value, exact
from ..force import ordinal
from .encoder import Encoder
from .regions import is_whole
from .terms import Term

#: The day on which an incident is decided where the day makes no difference.
TODAY = dt.date(2026, 1, 1)


@attrs.frozen
class Point:
    """One incident: canonical facts, and the day on which it is decided."""

    known: Mapping[str, Knowledge]
    as_of: dt.date


def equations(encoder: Encoder, point: Point) -> list[Term]:
    """Return the terms that say: this incident, and no other."""
    z3 = encoder.z3
    found = [encoder.today == ordinal(point.as_of)]
    for name in encoder.facts:
        value = point.known.get(name)
        if name in encoder.optional:
            found.append(encoder.known(name) == z3.BoolVal(value is not None))
        if isinstance(value, tuple):
            found += [term == z3.BoolVal(word in value) for (of, word), term in encoder.members.items() if of == name]
            found += [term == len(value) for of, term in encoder.sizes.items() if of == name]
        elif isinstance(value, int | str | Fraction):
            found.append(encoder.variable(name) == encoder.constant(value, encoder.type_of(name)))
    for test, holds in encoder.patterns:
        assert isinstance(test.subject, FactRef) and isinstance(test.pattern, Constant)
        text = point.known.get(test.subject.name)
        if isinstance(text, str):
            found.append(holds == z3.BoolVal(text_holds(test.operator, text, str(test.pattern.value))))
    return found


def point_of(encoder: Encoder, model: Term) -> Point:
    """Return the incident of a model."""
    known: dict[str, Knowledge] = {}
    texts: dict[int, str] = {code: text for text, code in encoder.codes.items()}
    for name in encoder.facts:
        if name in encoder.optional and not encoder.z3.is_true(model.eval(encoder.known(name), model_completion=True)):
            continue
        type_ = encoder.type_of(name)
        if type_.kind == "list":
            known[name] = _list_of(encoder, model, name)
        elif type_.kind == "text" and not type_.words:
            known[name] = _text_of(encoder, model, name, texts)
        else:
            known[name] = _value_of(model.eval(encoder.variable(name), model_completion=True), type_)
    today = (
        int(_number(model.eval(encoder.today, model_completion=True)))
        if encoder.asks_the_day
        else ordinary_day(encoder.tree)
    )
    return Point(known, dt.date.fromordinal(min(max(today, 1), dt.date.max.toordinal())))


def ordinary_day(tree: PolicyTree) -> int:
    """Return a day on which the policy is in force, for incidents of which the day decides nothing."""
    day = TODAY.toordinal()
    if tree.expires is not None:
        day = min(day, ordinal(tree.expires) - 1)
    return (
        day if tree.effective is None else max(day, ordinal(tree.effective) + isinstance(tree.effective, dt.datetime))
    )


def _value_of(term: Term, type_: Type) -> Value:
    if type_.kind == "boolean":
        return str(term) == "True"
    number = _number(term)
    if type_.words:
        return type_.words[int(number) % len(type_.words)]
    return int(number) if is_whole(type_) else exact(number)


def _number(term: Term) -> Fraction:
    if hasattr(term, "as_fraction"):
        return Fraction(term.as_fraction())
    if hasattr(term, "as_long"):
        return Fraction(term.as_long())
    return Fraction(
        str(term.approx(20).as_fraction())
    )  # a root: near enough to look, and replayed before anybody sees it


def _list_of(encoder: Encoder, model: Term, name: str) -> tuple[str, ...]:
    z3 = encoder.z3
    words = [
        word
        for (of, word), term in encoder.members.items()
        if of == name and z3.is_true(model.eval(term, model_completion=True))
    ]
    size = encoder.sizes.get(name)
    count = len(words) if size is None else int(_number(model.eval(size, model_completion=True)))
    filler = words[0] if words else "something"
    while filler in {word for (of, word) in encoder.members if of == name} and not words:
        filler += "!"
    return (*words, *[filler] * min(max(count - len(words), 0), 1_000))


def _text_of(encoder: Encoder, model: Term, name: str, texts: dict[int, str]) -> str:
    """Return the text that a model means: one that the policy names, or one that passes and fails the same patterns."""
    code = int(_number(model.eval(encoder.variable(name), model_completion=True)))
    if code not in texts:
        wanted = [
            (test, encoder.z3.is_true(model.eval(holds, model_completion=True)))
            for test, holds in encoder.patterns
            if isinstance(test.subject, FactRef) and test.subject.name == name
        ]
        taken = set(texts.values())
        texts[code] = next(
            (text for text in _candidates(wanted) if text not in taken and _passes(text, wanted)),
            f"another text {len(texts)}",
        )
    return texts[code]


def _passes(text: str, wanted: Sequence[tuple[TextTest, bool]]) -> bool:
    return all(
        isinstance(test.pattern, Constant) and text_holds(test.operator, text, str(test.pattern.value)) == holds
        for test, holds in wanted
    )


def _candidates(wanted: Sequence[tuple[TextTest, bool]]) -> Iterable[str]:
    """Yield texts that may pass some patterns: their own words, joined in every order, with something around."""
    pieces = [str(test.pattern.value) for test, holds in wanted if holds and isinstance(test.pattern, Constant)][:4]
    pieces += [piece.strip("^$").removeprefix("(?i)") for piece in pieces if piece.strip("^$") != piece]
    yield from ("another text", "", "x", "7", "42", "A", "another text!", "?")
    for count in range(1, min(len(pieces), 4) + 1):
        for order in permutations(pieces, count):
            for joined in ("".join(order), " ".join(order)):
                yield from (joined, f"{joined} x", f"x {joined}", f"x {joined} x")
