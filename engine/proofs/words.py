"""Regions in words: `loss above 50 USD and up to 75 USD, abuse none or rude`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from ...rules.currencies import MINOR_DIGITS
from ...rules.quantities import value_text
from ...rules.regions import Cut, Spans, Texts, Words, universe_of
from ...rules.tree import Atom, Compare, Condition, Not, PolicyTree, TextTest, Whole
from ...rules.types import DISCRETE, Number, Type, Value, exact
from ...rules.words import condition_text
from .finding import Box, Part

#: A second of moments, which are counted in microseconds.
_SECOND: Final = 1_000_000


def box_text(tree: PolicyTree, box: Box) -> str:
    """Return a box in words."""
    said = [part_text(tree, name, part) for name, part in box.facts.items()]
    said += [_holds_text(tree, key, holds=holds) for key, holds in box.holds.items()]
    return ", ".join(said) or "any incident"


def part_text(tree: PolicyTree, name: str, part: Part) -> str:
    """
    Return the values of one fact in words.

    A region of several pieces is joined by `or`.
    """
    type_ = tree.facts[name].type
    said = _region_text(part, type_, tree.currency, universe_of(tree.facts[name]))
    if part.missing:
        said = [*said, "missing"]
    if type_.kind == "boolean" and len(said) == 1 and said[0] in ("true", "false"):
        return name if said[0] == "true" else f"not {name}"
    return f"{name} {' or '.join(said)}"


def _region_text(part: Part, type_: Type, currency: str, whole: Any) -> list[str]:
    match part.values:
        case Words(words):
            return _words_text([word for word in type_.domain if word in words], type_)
        case Texts(texts, inside):
            quoted = [f"'{text}'" for text in sorted(texts)]
            if inside:
                return quoted
            return [f"anything but {' and '.join(quoted)}"] if quoted else ["given"]
        case Spans() if part.values == whole:
            return ["given"]
        case Spans():
            ends = whole.pieces() if isinstance(whole, Spans) else ()
            low, high = next(iter(ends), (None, None))
            return [
                _piece_text(None if a == low else a, None if b == high else b, type_, currency)
                for a, b in part.values.pieces()
            ]


def _words_text(words: Sequence[Value], type_: Type) -> list[str]:
    """Return words of a finite type: neighbours on a scale by their ends, nearly all words by those that are left out."""
    texts = [value_text(word, type_, "") for word in words]
    if len(words) < 3:
        return texts
    first = type_.domain.index(words[0])
    if type_.kind == "scale" and type_.domain.index(words[-1]) - first == len(words) - 1:
        return [f"{texts[0]} to {texts[-1]}"]
    others = [value_text(word, type_, "") for word in type_.domain if word not in words]
    return [f"anything but {' and '.join(others)}"] if 0 < len(others) < len(words) else texts


def _piece_text(low: Cut | None, high: Cut | None, type_: Type, currency: str) -> str:
    """Return one piece of the line in words; whole numbers by the ends that are in it."""
    if type_.kind in DISCRETE:
        first = None if low is None else low[0]
        last = None if high is None else high[0] - 1
        if first is not None and first == last:
            return value_text(first, type_, currency)
        if type_.kind != "integer" and (first is None or last is None):
            start = "" if first is None else f"from {value_text(first, type_, currency)} on"
            return start or (f"until {value_text(last, type_, currency)}" if last is not None else "given")
        said = [] if first is None else [f"{value_text(first, type_, currency)} or more"]
        if last is not None:
            until = value_text(last, type_, currency)
            said = (
                [f"from {value_text(first, type_, currency)} to {until}"] if first is not None else [f"{until} or less"]
            )
        return " ".join(said) or "given"
    if low is not None and high is not None and low[0] == high[0]:
        return value_text(exact(low[0]), type_, currency)
    above = "" if low is None else f"{'above' if low[1] else 'from'} {value_text(low[0], type_, currency)}"
    below = "" if high is None else f"{'up to' if high[1] else 'below'} {value_text(high[0], type_, currency)}"
    return " and ".join(part for part in (above, below) if part) or "given"


def _holds_text(tree: PolicyTree, key: Atom | Whole, *, holds: bool) -> str:
    if isinstance(key, Whole):
        return "its longest part " + ("holds" if holds else "does not hold")
    test: Condition = key.test
    if isinstance(test, Compare) and not holds:
        opposite: Mapping[str, Any] = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
        test = Compare(opposite[test.operator], test.left, test.right)
    elif isinstance(test, TextTest) and not holds:
        test = Not(test)
    return condition_text(test, tree.currency)


def region_data(tree: PolicyTree, box: Box) -> dict[str, Any]:
    """
    Return a box as data: for each fact its type, and its values or intervals, the ends open or closed.

    `{"loss": {"type": "money", "intervals": [{"low": "50 USD", "low_closed": false, "high": null, "high_closed": false}],
    "missing": false}}`. Facts that are not named may be anything. Of free text, `all_but` are the texts that are left out.
    """
    facts: dict[str, Any] = {}
    for name, part in box.facts.items():
        type_ = tree.facts[name].type
        data: dict[str, Any] = {"type": type_.kind, "missing": part.missing}
        match part.values:
            case Words(words):
                data["values"] = [word for word in type_.domain if word in words]
            case Texts(texts, inside):
                data["values" if inside else "all_but"] = sorted(texts)
            case Spans():
                data["intervals"] = [_interval(piece, type_, tree.currency) for piece in part.values.pieces()]
        facts[name] = data
    holds = [_holds_text(tree, key, holds=so) for key, so in box.holds.items()]
    return {"facts": facts, **({"holds": holds} if holds else {})}


def _interval(piece: tuple[Cut | None, Cut | None], type_: Type, currency: str) -> dict[str, Any]:
    low, high = (
        None if cut is None else _end(cut, type_, is_low=low) for cut, low in zip(piece, (True, False), strict=True)
    )
    return {
        "low": None if low is None else exact_text(low[0], type_, currency),
        "low_closed": low is not None and low[1] == 0,
        "high": None if high is None else exact_text(high[0], type_, currency),
        "high_closed": high is not None and high[1] == 1,
    }


def _end(cut: Cut, type_: Type, *, is_low: bool) -> Cut:
    """Return an end of an interval: of days and whole numbers the last value inside, of moments whichever side is rounder."""
    value = cut[0]
    if type_.kind == "datetime":
        return (value - 1, 1) if value % _SECOND and (value - 1) % _SECOND == 0 else cut
    return (value - 1, 1) if type_.kind in DISCRETE and not is_low else cut


def exact_text(value: Number, type_: Type, currency: str) -> str:
    """
    Write a number so that it can be read back exactly: without separators, and as a quotient where no decimal says it.

    >>> exact_text(1_234_567, Type("money"), "USD"), exact_text(Fraction(1, 3), Type("number"), "USD")
    ('12345.67 USD', '1/3')
    """
    unit, size = "", 1
    if type_.kind == "money":
        unit, size = f" {currency}", 10 ** MINOR_DIGITS[currency]
    elif type_.kind == "duration":
        unit = "s"
    if (Fraction(value, size) * 10**30).denominator != 1:
        return f"{Fraction(value, size)}{unit}"
    return value_text(exact(value), type_, currency).replace("_", "")


def listed(names: Sequence[str]) -> str:
    """
    Return names as a list in a sentence.

    >>> listed(["a", "b", "c"])
    '`a`, `b` and `c`'
    """
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}" if quoted else ""
