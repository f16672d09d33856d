"""Answers as people type them, read for the fact that was asked for."""

from __future__ import annotations

import re
from typing import Final

from ..rules.quantities import value_text
from ..rules.types import Fact, Type
from ..rules.uncertain import AnyOf, Between
from .sentences import joined

#: What people say when they do not know.
_UNKNOWN: Final = frozenset(
    (
        "",
        "?",
        "-",
        "don't know",
        "dont know",
        "i don't know",
        "i dont know",
        "no idea",
        "not sure",
        "unknown",
        "skip",
        "pass",
    )
)
_YES: Final = {"y": "yes", "n": "no", "yeah": "yes", "yep": "yes", "nope": "no"}
_RANGE = re.compile(r"(?:between\s+(.+?)\s+and\s+(.+)|from\s+(.+?)\s+to\s+(.+)|(.+?)\s+to\s+(.+))\Z", re.IGNORECASE)
_EITHER = re.compile(r"\s*,\s*or\s+|\s*[,;|]\s*|\s+or\s+", re.IGNORECASE)
_UNIT = re.compile(r"[A-Za-z%]+\s*\Z")

_EXAMPLES: Final = {
    "number": "a number, such as 12.5",
    "integer": "a whole number, such as 12",
    "money": "an amount, such as {money}",
    "duration": "a length of time, such as 90 min, 48h or 3 days",
    "date": "a date, such as 2026-11-21",
    "datetime": "a date and time, such as 2026-11-21T10:00:00Z",
    "list": "words with commas between them, or none",
    "text": "a text",
}


def is_unknown(text: str, fact: Fact) -> bool:
    """
    Whether an answer says that nobody knows; where any text may be an answer, only an empty one or `?` does.

    >>> is_unknown("Don't know", Fact("loss", Type("money")))
    True
    """
    word = text.strip().lower().rstrip(".")
    if fact.type == Type("text"):
        return word in ("", "?")
    return word in _UNKNOWN and word not in fact.type.words


def answer_of(text: str, fact: Fact) -> object:
    """
    Return what an answer means, for the policy to read and to refuse: a choice by its number, several with `or`, a range.

    >>> abuse = Fact("abuse", Type("scale", ("none", "rude", "hostile")))
    >>> answer_of("2", abuse), answer_of("Rude or hostile", abuse)
    ('rude', AnyOf(values=('rude', 'hostile')))
    >>> answer_of("200 to 900 USD", Fact("loss", Type("money")))
    Between(low='200 USD', high='900 USD')
    """
    text = text.strip()
    kind = fact.type.kind
    if fact.type == Type("text"):
        return text
    if kind == "list":
        words = [word.strip("\"' ") for word in re.split(r"[,;|]", text.removeprefix("[").removesuffix("]"))]
        return [] if text.lower() in ("none", "nothing", "[]") else [word for word in words if word]
    if fact.type.is_finite:
        return _word_or_words(text, fact.type)
    return _quantity(text)


def _word_or_words(text: str, type_: Type) -> object:
    text = re.sub(r"\A(?:any of|either|one of)\s+", "", text, flags=re.IGNORECASE)
    if ".." in text:
        low, _, high = text.partition("..")
        return Between(_word(low, type_), _word(high, type_))
    words = [_word(part, type_) for part in _EITHER.split(text) if part.strip()]
    return AnyOf(*words) if len(words) > 1 else words[0] if words else text


def _word(text: str, type_: Type) -> str:
    """Return the word that is meant: by its number in the list, in any case, with a space for an underscore."""
    text = text.strip()
    plain = text.lower().replace("-", "_").replace(" ", "_")
    if type_.kind == "boolean":
        return _YES.get(plain, plain)
    by_name = {word.lower().replace("-", "_").replace(" ", "_"): word for word in type_.words}
    if plain in by_name:
        return by_name[plain]
    if text.isascii() and text.isdigit() and 0 < int(text[:6]) <= len(type_.words):
        return type_.words[int(text) - 1]
    return text


def _quantity(text: str) -> object:
    match = _RANGE.match(text)
    if match is None:
        return text
    low, high = (end.strip() for end in match.groups() if end is not None)
    unit = _UNIT.search(high)
    return Between(f"{low} {unit[0].strip()}" if unit and not _UNIT.search(low) else low, high)


def expected_text(fact: Fact, currency: str) -> str:
    """
    Return what may be answered, in words.

    >>> expected_text(Fact("abuse", Type("scale", ("none", "rude"))), "USD")
    'none or rude'
    """
    if fact.type.kind == "boolean":
        return "yes or no"
    if fact.type.words:
        return " or ".join(filter(None, [", ".join(fact.type.words[:-1]), fact.type.words[-1]]))
    example = _EXAMPLES[fact.type.kind].format(money=value_text(4_500, Type("money"), currency))
    bounds = [f"at least {value_text(fact.low, fact.type, currency)}"] if fact.low else []
    bounds += [f"at most {value_text(fact.high, fact.type, currency)}"] if fact.high is not None else []
    if fact.unit and fact.type.kind == "duration":
        bounds.append(f"a bare number means {fact.unit}")
    return "; ".join([example, *([joined(bounds, "and")] if bounds else [])])
