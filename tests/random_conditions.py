"""Random conditions in every form of the language: expressions, tables of unary tests, and lists of which any may hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs
from chooser import Chooser
from random_facts import PATTERNS, TAGS, TEXTS, Kind

COMPARISONS = ("<=", ">", ">=", "<", "=", "!=")
#: What a parameter is, and what it may be held against.
PARAMETERS: dict[str, tuple[str, Any]] = {
    "limit": ("integer", 5),
    "small_ratio": ("number", Decimal("0.5")),
    "share": ("number", "10%"),
    "cap": ("money", "50 {home}"),
    "grace": ("duration", "2h"),
    "cutover": ("date", dt.date(2026, 11, 10)),
    "opening": ("datetime", "2026-11-10T10:00:00Z"),
    "worst": ("word", "cross"),
    "strict": ("boolean", True),
    "levels": ("integers", [1, 5, 9]),
    "crew": ("words", ["red", "night shift"]),
    "greeting": ("text", "alpha"),
}


@attrs.frozen
class Outcomes:
    """A decision as guards speak of it: its words, or the literals of an open type."""

    name: str
    words: tuple[str, ...]
    literals: tuple[str, ...] = ()

    @property
    def is_ordered(self) -> bool:
        return bool(self.words) or self.literals[0][0].isdigit()


@attrs.define
class Conditions:
    """Makes conditions over some facts, parameters and terms; over *decisions* as well where a guard is made."""

    choose: Chooser
    kinds: Sequence[Kind]
    home: str
    parameters: Sequence[str] = ()
    terms: list[str] = attrs.field(factory=list)
    decisions: Sequence[Outcomes] = ()

    # -- whole conditions

    def toml(self, depth: int) -> Any:
        """Return a condition in one of its TOML forms."""
        form = self.choose.number(0, 9)
        if form < 6 or self.decisions:
            return self.text(depth)
        if form < 8:
            return self.table()
        if form == 8:
            return [self.toml(depth - 1) for _ in range(self.choose.number(1, 3))]
        return self.wide() if self.choose.chance(40) else self.choose.pick((True, self.text(depth), self.text(depth)))

    def text(self, depth: int) -> str:
        """Return a condition as an expression."""
        if depth <= 0 or self.choose.chance(30):
            return self.test()
        match self.choose.number(0, 4):
            case 0 | 1:
                return " and ".join(self.part(depth) for _ in range(self.choose.number(2, 3)))
            case 2 | 3:
                return " or ".join(self.part(depth) for _ in range(self.choose.number(2, 3)))
            case _:
                return f"not ({self.text(depth - 1)})"

    def part(self, depth: int) -> str:
        text = self.text(depth - 1)
        return f"({text})" if " and " in text or " or " in text else text

    def wide(self) -> str:
        """Return an `and` of `or`s whose product passes the bound of the normal form, so that a part is kept whole."""
        parts = [" or ".join(self.test() for _ in range(self.choose.number(3, 4))) for _ in range(4)]
        text = " and ".join(f"({part})" for part in parts)
        return f"not ({text})" if self.choose.chance(20) else text

    def table(self) -> dict[str, Any]:
        """Return a condition in table form."""
        found: dict[str, Any] = {}
        for kind in self.choose.some(self.kinds, 1, 3):
            group, dot, name = kind.name.partition(".")
            if dot and self.choose.chance(50):
                found.setdefault(group, {})[name] = self.cell(kind)
            elif group not in found:
                found[kind.name] = self.cell(kind)
        if self.terms and self.choose.chance(20):
            found[self.choose.pick(self.terms)] = self.choose.pick((True, False, "true", "-"))
        return found

    # -- single tests

    def test(self) -> str:
        if self.decisions and self.choose.chance(60):
            return self.outcome_test(self.choose.pick(self.decisions))
        if self.terms and self.choose.chance(15):
            return self.choose.pick(("", "not ")) + self.choose.pick(self.terms)
        if self.choose.chance(3):
            return self.choose.pick(("true", "false"))
        if "strict" in self.parameters and self.choose.chance(3):
            return "strict"
        kind = self.choose.pick(self.kinds)
        if self.choose.chance(12):
            return f"{kind.name} is {self.choose.pick(('known', 'missing', 'not known', 'not missing'))}"
        return self.fact_test(kind)

    def fact_test(self, kind: Kind) -> str:
        match kind.dimension.partition(" ")[0]:
            case "boolean":
                return self.boolean_test(kind)
            case "scale":
                return self.scale_test(kind)
            case "closed":
                return self.closed_test(kind)
            case "text":
                return self.text_test(kind)
            case "list":
                return self.list_test(kind)
            case _:
                return self.ordered_test(kind)

    def boolean_test(self, kind: Kind) -> str:
        form = self.choose.number(0, 3)
        if form == 3 and (other := self.other(kind)):
            return f"{kind.name} {self.choose.pick(('=', '!='))} {other}"
        return (f"{kind.name}", f"not {kind.name}", f"{kind.name} = false", f"true != {kind.name}")[form]

    def scale_test(self, kind: Kind) -> str:
        words = [f"'{word}'" if self.choose.chance(10) else word for word in kind.thresholds]
        match self.choose.number(0, 5):
            case 0:
                return f"{kind.name} {self.choose.pick(('>=', '>'))} {self.choose.pick(words[:-1])}"
            case 1:
                return f"{kind.name} {self.choose.pick(('<=', '<'))} {self.choose.pick(words[1:])}"
            case 2:
                return f"{kind.name} {self.choose.pick(('=', '!='))} {self.choose.pick(words)}"
            case 3:
                return f"{kind.name} between {words[self.choose.number(0, 1)]} and {self.choose.pick(words[1:])}"
            case 4 if other := self.other(kind):
                return f"{kind.name} {self.choose.pick(COMPARISONS)} {other}"
            case _ if "worst" in self.parameters and "cross" in words:
                return f"{kind.name} {self.choose.pick(COMPARISONS)} worst"
            case _:
                return self.membership(kind.name, words)

    def closed_test(self, kind: Kind) -> str:
        words = [word if word.isidentifier() else f"'{word}'" for word in kind.thresholds]
        match self.choose.number(0, 5):
            case 0 | 1:
                return f"{kind.name} {self.choose.pick(('=', '!='))} {self.choose.pick(words)}"
            case 2 if "crew" in self.parameters and "red" in words:
                return f"{kind.name} {self.choose.pick(('in', 'not in'))} (crew, green)"
            case 3 if other := self.other(kind):
                return f"{kind.name} {self.choose.pick(('=', '!='))} {other}"
            case 4:
                operator = self.choose.pick(("contains", "starts with", "ends with", "matches"))
                return f"{kind.name} {operator} {self.choose.pick(_LETTERS)}"
            case _:
                return self.membership(kind.name, words)

    def text_test(self, kind: Kind) -> str:
        match self.choose.number(0, 6):
            case 0 | 1:
                return f"{kind.name} {self.choose.pick(('=', '!='))} {quoted(self.choose.pick(TEXTS))}"
            case 2:
                return self.membership(kind.name, [quoted(text) for text in TEXTS])
            case 3:
                return f"{kind.name} matches {quoted(self.choose.pick(PATTERNS))}"
            case 4 if other := self.other(kind):
                return f"{kind.name} {self.choose.pick(('=', '!=', 'contains', 'starts with', 'ends with'))} {other}"
            case 5 if "greeting" in self.parameters:
                return f"{kind.name} {self.choose.pick(('=', 'contains'))} greeting"
            case _:
                operator = self.choose.pick(("contains", "starts with", "ends with"))
                return f"{kind.name} {operator} {quoted(self.choose.pick(('a', 'alpha', 'ta', '', 'X')))}"

    def list_test(self, kind: Kind) -> str:
        match self.choose.number(0, 3):
            case 0:
                return f"count({kind.name}) {self.choose.pick(COMPARISONS)} {self.choose.number(0, 3)}"
            case 1 if texts := [other.name for other in self.kinds if other.dimension == "text"]:
                return f"{kind.name} contains {self.choose.pick(texts)}"
            case _:
                tag = self.choose.pick(TAGS)
                return f"{kind.name} contains {tag if tag.isidentifier() else quoted(tag)}"

    def membership(self, name: str, options: Sequence[str]) -> str:
        chosen = ", ".join(self.choose.some(options, 1, 3))
        return f"{name} {self.choose.pick(('in', 'not in'))} ({chosen})"

    def outcome_test(self, outcomes: Outcomes) -> str:
        name, literals = outcomes.name, outcomes.words or outcomes.literals
        match self.choose.number(0, 5):
            case 0 if self.choose.chance(40):
                return f"{name} is {self.choose.pick(('known', 'missing'))}"
            case 1 if len(literals) > 1:
                return self.membership(name, literals)
            case 2 if outcomes.is_ordered:
                return f"{name} {self.choose.pick(('>=', '>'))} {self.choose.pick(literals[:-1] or literals)}"
            case 3 if outcomes.is_ordered:
                return f"{name} {self.choose.pick(('<=', '<'))} {self.choose.pick(literals[1:] or literals)}"
            case _:
                return f"{name} {self.choose.pick(('=', '!='))} {self.choose.pick(literals)}"

    # -- ordered facts

    def ordered_test(self, kind: Kind) -> str:
        name, literal = kind.name, self.literal(kind)
        match self.choose.number(0, 9):
            case 0 | 1 | 2:
                return f"{name} {self.choose.pick(COMPARISONS)} {literal}"
            case 3:
                return f"{literal} {self.choose.pick(COMPARISONS)} {name}"
            case 4:
                low, high = self.rising(kind)
                return f"{name} between {low} and {high}"
            case 5:
                if "levels" in self.parameters and kind.name == "score":
                    return f"{name} in (levels, 3)"
                return self.membership(name, kind.thresholds)
            case 6 | 7:
                return self.arithmetic_test(kind)
            case 8 if other := self.other(kind):
                return f"{name} {self.choose.pick(COMPARISONS)} {other}"
            case _ if named := self.parameter(kind):
                return f"{name} {self.choose.pick(COMPARISONS)} {named}"
            case _:
                return f"not {name} {self.choose.pick(COMPARISONS)} {literal}"

    def arithmetic_test(self, kind: Kind) -> str:
        """Return a test whose expression computes: with one fact or two of a dimension, with functions, with a division."""
        operator = self.choose.pick(COMPARISONS[:4])
        name, literal, other = kind.name, self.literal(kind), self.other(kind) or self.literal(kind)
        match kind.dimension:
            case "number" | "integer":
                left = self.choose.pick(_NUMERIC)
            case "money" | "duration":
                left = self.choose.pick(_SIZED)
            case "date":
                return self.date_test(kind, operator)
            case _:
                shift = self.choose.pick(("2h", "3 days", "90 s", "grace" if "grace" in self.parameters else "1h"))
                return f"{name} {self.choose.pick('+-')} {shift} {operator} {literal}"
        fact, divisor = self.other(kind) or name, self.other(kind) or kind.thresholds[0]
        text = left.format(name=name, literal=literal, other=other, fact=fact, divisor=divisor, number=self.number())
        right = self.number() if kind.is_numeric or left in _RATIOS else self.choose.pick((literal, other))
        return f"{text} {operator} {right}"

    def date_test(self, kind: Kind, operator: str) -> str:
        other = self.other(kind)
        match self.choose.number(0, 2):
            case 0 if other:
                return f"{kind.name} - {other} {operator} {self.choose.pick(('0 days', '9 days', '36h'))}"
            case 1:
                return f"{kind.name} - 2026-11-01 {operator} {self.choose.pick(('0 days', '9 days'))}"
            case _:
                return f"days_since({kind.name}) {operator} {self.choose.pick(('0', '20', '-1'))}"

    def number(self) -> str:
        """Return a plain number, or an expression of numbers that may be zero."""
        facts = [kind.name for kind in self.kinds if kind.is_numeric]
        if facts and self.choose.chance(30):
            return self.choose.pick(facts)
        return self.choose.pick(("2", "0.5", "3", "10%", "share" if "share" in self.parameters else "1"))

    def literal(self, kind: Kind) -> str:
        return self.choose.pick(kind.thresholds)

    def rising(self, kind: Kind) -> list[str]:
        """Return two literals, the lesser first."""
        return self.choose.some(kind.thresholds[: kind.rising], 2, 2)

    def parameter(self, kind: Kind) -> str:
        wanted = ("number", "integer") if kind.is_numeric else (kind.dimension,)
        fitting = [name for name in self.parameters if PARAMETERS[name][0] in wanted]
        if kind.dimension == "integer":
            fitting = [name for name in fitting if PARAMETERS[name][0] == "integer"]
        return self.choose.pick(fitting) if fitting else ""

    def other(self, kind: Kind) -> str:
        """Return another fact that *kind* may be compared with; empty where there is none."""
        fitting = [
            other.name
            for other in self.kinds
            if other.name != kind.name and (other.dimension == kind.dimension or (other.is_numeric and kind.is_numeric))
        ]
        return self.choose.pick(fitting) if fitting else ""

    # -- unary tests

    def cell(self, kind: Kind) -> Any:
        """Return a unary test on a fact as a cell of a table."""
        if self.choose.chance(15):
            return self.choose.pick(("-", "is known", "is missing"))
        if kind.is_ordered:
            return self.ordered_cell(kind)
        if kind.dimension == "boolean":
            return self.choose.pick((True, False, "true", "false", "not(true)", [True, False]))
        if kind.dimension == "list":
            return f"contains {quoted(self.choose.pick(TAGS))}"
        if kind.dimension.startswith("scale") and self.choose.chance(60):
            words = kind.thresholds
            return self.choose.pick(
                (f">= {words[1]}", f"< {words[-1]}", f"[{words[0]} .. {words[1]}]", f"> {words[0]}")
            )
        words = tuple(
            word if word.isidentifier() and kind.dimension != "text" else quoted(word) for word in kind.thresholds
        )
        chosen = ", ".join(self.choose.some(words, 1, 2))
        return self.choose.pick((chosen, f"not({chosen})", [*self.choose.some(words, 1, 2)], f"in ({chosen})"))

    def ordered_cell(self, kind: Kind) -> Any:
        one, other = self.literal(kind), self.literal(kind)
        match self.choose.number(0, 6):
            case 0 | 1:
                return f"{self.choose.pick(COMPARISONS)} {one}"
            case 2:
                low, high = self.rising(kind)
                return f"{self.choose.pick('[(]')}{low} .. {high}{self.choose.pick('])[')}"
            case 3:
                return f"{one}, > {other}"
            case 4:
                return f"not({one}, {other})"
            case 5 if fact := self.other(kind):
                return f"{self.choose.pick(COMPARISONS)} {fact}"
            case _:
                return self.plain_cell(kind, one)

    def plain_cell(self, kind: Kind, literal: str) -> Any:
        match kind.dimension:
            case "integer":
                return self.choose.pick((int(literal), [int(literal), "> 5"]))
            case "number" if "%" not in literal:
                return float(literal)
            case "date":
                return dt.date.fromisoformat(literal)
            case _:
                return self.choose.pick((literal, f"between {literal} and {literal}", f"<= {literal}"))


_LETTERS = ("'r'", "'e'", "'t'", "'^g'", "'shift'")
#: Arithmetic over numbers, and over money or durations. {number} is a plain number or a fact that may be zero, {other} a fact or
#: a literal of the same dimension, {fact} a fact, {divisor} a fact that may be zero or a literal that is not.
_NUMERIC = (
    "{number} * {name} + {literal}",
    "{name} / 2 - 1",
    "-{name}",
    "{name} - {other}",
    "abs({name} - {literal})",
    "min({name}, {other}, 5)",
    "max({name}, {literal})",
    "{name} / {divisor}",
    "({name} + 1) / ({fact} - {literal})",
    "{name} * {other}",
    "{name} - {name} + {other}",
)
_SIZED = (
    "2 * {name} + {literal}",
    "{name} / 4",
    "{name} * 50%",
    "{name} * {number}",
    "{name} - {other}",
    "abs({name} - {literal})",
    "min({name}, {other})",
    "max({name}, {literal}) - {other}",
    "{name} / {number}",
    "{literal} - {name}",
    "{name} / {fact}",
    "{name} / {divisor}",
    "({name} + {literal}) / {divisor}",
)
#: Those over money or durations that come out as plain numbers.
_RATIOS = ("{name} / {fact}", "{name} / {divisor}", "({name} + {literal}) / {divisor}")


def quoted(text: str) -> str:
    """Return a text as conditions write it."""
    return "'" + text.replace("'", "''") + "'"
