"""Conditions as text: from the owner's words to a tree of what was written, names not yet resolved."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

import attrs

from .currencies import MINOR_DIGITS
from .describe import shortened
from .diagnostics import nearest
from .quantities import (
    NUMBER_PATTERN,
    TIME_UNITS,
    QuantityError,
    parse_date,
    parse_datetime,
    parse_duration,
    parse_money,
    parse_number,
)
from .types import Number

#: Longest condition in characters, and deepest nesting of parentheses and `not`; both far beyond what a person writes.
LONGEST: Final = 50_000
DEEPEST: Final = 40


class SyntaxProblem(Exception):
    """What is wrong with a condition and where in its text: a diagnostic's code, its facts, and the offsets."""

    def __init__(self, code: str, start: int, end: int, *, suggestion: str = "", **facts: str) -> None:
        super().__init__(code)
        self.code, self.start, self.end, self.suggestion, self.facts = code, start, end, suggestion, facts


# --- nodes: what was written, with where it stands in the text -------------------------------------------------------
# They are not frozen, because a long policy makes hundreds of thousands of them and that takes thrice as long; nothing changes
# one, and none outlives the check of its condition.

LiteralKind: TypeAlias = Literal["number", "money", "duration", "date", "datetime", "text", "boolean"]


@attrs.define
class WrittenLiteral:
    """A literal; money as whole units with its currency, a duration in seconds."""

    kind: LiteralKind
    value: Number | str | bool
    currency: str | None
    start: int
    end: int


@attrs.define
class Name:
    """A bare word: a fact, a parameter, a term, or a word of a scale."""

    text: str
    start: int
    end: int


@attrs.define
class Operation:
    """An operator with its operands: `and`, `or`, `not`, comparisons, arithmetic, text tests, `between`, `in`, `known`, `missing`."""

    operator: str
    operands: tuple[Written, ...]
    start: int
    end: int


@attrs.define
class Invocation:
    """A function with its arguments."""

    function: str
    arguments: tuple[Written, ...]
    start: int
    end: int


Written: TypeAlias = WrittenLiteral | Name | Operation | Invocation

# --- words and signs -------------------------------------------------------------------------------------------------

_UNIT = "|".join(sorted(TIME_UNITS, key=len, reverse=True))
_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<word>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
    | (?P<datetime>\d{{4}}-\d\d-\d\d[T\ ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)
    | (?P<date>\d{{4}}-\d\d-\d\d)(?!\d)
    | (?P<money>{NUMBER_PATTERN}\s*[A-Z]{{3}})(?![A-Za-z0-9_])
    | (?P<duration>{NUMBER_PATTERN}\s*(?:{_UNIT}))(?![A-Za-z0-9_(])
    | (?P<number>{NUMBER_PATTERN}(?:\s*%)?)
    | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<sign><=|>=|!=|<>|==|=>|=<|\.\.|[=<>+\-*/(),\[\]])
    | (?P<end>\Z)
    | (?P<unknown>\S)
    )""",
    re.VERBOSE,
)
RESERVED: Final = frozenset(
    "or and not in between contains starts ends with matches is known missing true false min max abs count days_since".split()
)
FUNCTIONS: Final = ("min", "max", "abs", "count", "days_since")
_SIGNS: Final = "<= >= != <> == => =< .. = < > + - * / ( ) , [ ]".split()
#: Reserved words and signs are kinds of their own.
_OWN_KIND: Final = {word: word for word in (*RESERVED, *_SIGNS)}
_COMPARISONS: Final = frozenset(("=", "!=", "<", "<=", ">", ">="))
_MISTAKEN: Final = {
    "==": "=",
    "<>": "!=",
    "=>": ">=",
    "=<": "<=",
    "&&": "and",
    "||": "or",
    "&": "and",
    "|": "or",
    "!": "not",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "\u00d7": "*",
    "÷": "/",
    "\u2212": "-",
    "\u2013": "-",
    "…": "..",
}
_QUOTES: Final = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00b4`"


@attrs.define
class Token:
    """One word or sign with its offsets; *kind* is the name of its pattern, or the sign or reserved word itself."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """
    Split a condition into its words and signs; the last one has the kind `end`.

    Raises:
        SyntaxProblem: At the first character that the language does not know.
    """
    if len(text) > LONGEST:
        raise SyntaxProblem("condition-too-long", 0, 1, length=f"{len(text):_}", limit=f"{LONGEST:_}")
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "end"
        word, end = match[kind], match.end()
        if kind == "unknown":
            raise _unknown_character(text, end - 1)
        found.append(Token(_OWN_KIND.get(word, kind), word, end - len(word), end))
        if kind == "end":
            break
    return found


def _unknown_character(text: str, start: int) -> SyntaxProblem:
    sign = next((sign for sign in ("&&", "||") if text.startswith(sign, start)), text[start])
    if sign in "'\"":
        return SyntaxProblem("unclosed-quote", start, start + 1, quote=sign)
    if sign in _MISTAKEN:
        return SyntaxProblem("unknown-operator", start, start + len(sign), operator=sign, instead=_MISTAKEN[sign])
    if sign in "$€£¥":
        return SyntaxProblem("currency-sign", start, start + 1, sign=sign)
    suggestion = "'" if sign in _QUOTES else ""
    return SyntaxProblem("unexpected-character", start, start + 1, character=sign, suggestion=suggestion)


# --- the grammar -----------------------------------------------------------------------------------------------------


def parse_condition(text: str) -> Written:
    """
    Parse a condition in expression form.

    Raises:
        SyntaxProblem: If the text is not a condition; with the place.
    """
    reader = _Reader(text)
    written = reader.disjunction()
    reader.finish()
    return written


def parse_expression(text: str) -> Written:
    """Parse the expression of a decision's value; the grammar is that of conditions, the types decide."""
    return parse_condition(text)


def parse_unary(text: str, subject: Name) -> Written | None:
    """
    Parse a cell: unary tests on *subject*, as in DMN; None for `-`, which is always true.

    Raises:
        SyntaxProblem: If the text is not a unary test; with the place.
    """
    reader = _Reader(text)
    if reader.kind == "-" and reader.ahead(1).kind == "end":
        return None
    written = reader.unary_tests(subject)
    reader.finish()
    return written


_LITERALS: Final = frozenset(("number", "money", "duration", "date", "datetime", "text", "true", "false"))
#: How strongly a sign between two values binds them.
_STRENGTH: Final = {"+": 1, "-": 1, "*": 2, "/": 2}


class _Reader:
    """
    Recursive descent over the tokens of one condition; *depth* bounds the recursion.

    INVARIANT: *token* is the one at *at*, and *kind* its kind; `take` moves all three.
    """

    __slots__ = ("at", "depth", "kind", "token", "tokens")

    def __init__(self, text: str) -> None:
        self.tokens = tokens(text)
        self.at = 0
        self.depth = 0
        self.token = self.tokens[0]
        self.kind = self.token.kind

    def ahead(self, count: int) -> Token:
        return self.tokens[min(self.at + count, len(self.tokens) - 1)]

    def take(self) -> Token:
        token = self.token
        if token.kind != "end":
            self.at += 1
            self.token = self.tokens[self.at]
            self.kind = self.token.kind
        return token

    def expect(self, kind: str, why: str) -> Token:
        if self.kind != kind:
            raise self.unexpected(why)
        return self.take()

    def unexpected(self, wanted: str) -> SyntaxProblem:
        token = self.token
        if token.kind == "end":
            end = self.tokens[self.at - 1].end if self.at else 0
            return SyntaxProblem("unfinished-condition", max(end - 1, 0), end, wanted=wanted)
        if token.kind in _MISTAKEN:
            instead = _MISTAKEN[token.kind]
            return SyntaxProblem("unknown-operator", token.start, token.end, operator=token.text, instead=instead)
        previous = self.tokens[self.at - 1] if self.at else None
        if token.kind == "word" and previous is not None and previous.kind == "number":
            return SyntaxProblem(
                "unknown-unit", token.start, token.end, unit=token.text, suggestion=_unit_meant(token.text)
            )
        meant = token.text.lower() if token.text.lower() in RESERVED and token.text not in RESERVED else ""
        word = shortened(token.text, 40)
        return SyntaxProblem("unexpected-word", token.start, token.end, word=word, wanted=wanted, suggestion=meant)

    def finish(self) -> None:
        if self.kind in _COMPARISONS:
            token = self.token
            raise SyntaxProblem("chained-comparison", token.start, token.end, operator=token.text)
        if self.kind != "end":
            raise self.unexpected("`and`, `or` or the end of the condition")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.too_deep()

    def too_deep(self) -> SyntaxProblem:
        return SyntaxProblem("condition-too-deep", self.token.start, self.token.end, limit=str(DEEPEST))

    # -- conditions

    def disjunction(self) -> Written:
        return self.chain("or", self.conjunction)

    def conjunction(self) -> Written:
        return self.chain("and", self.test)

    def chain(self, word: str, part: Callable[[], Written]) -> Written:
        first = part()
        if self.kind != word:
            return first
        parts = [first]
        while self.kind == word:
            self.take()
            parts.append(part())
        return Operation(word, tuple(parts), first.start, parts[-1].end)

    def test(self) -> Written:
        if self.kind == "not":
            return self.negated("not", self.test)
        subject = self.expression()
        return self.tail(subject, subject.start)

    def negated(self, operator: str, part: Callable[[], Written]) -> Operation:
        """Read what a `not`, or a minus before a value, applies to."""
        start = self.take().start
        self.deeper()
        inner = part()
        self.depth -= 1
        return Operation(operator, (inner,), start, inner.end)

    def tail(self, subject: Written, start: int) -> Written:
        """Read what follows a subject: a comparison or a test in words; the subject itself where nothing does."""
        kind = self.kind
        if kind in _COMPARISONS:
            self.take()
            right = self.expression()
            return Operation(kind, (subject, right), start, right.end)
        if kind in ("and", "or", "end"):
            return subject
        if kind == "not" and self.ahead(1).kind == "in":
            self.take()
            inner = self.membership(subject, start)
            return Operation("not", (inner,), start, inner.end)
        if kind == "in":
            return self.membership(subject, start)
        if kind == "between":
            self.take()
            low = self.expression()
            self.expect("and", "`and` and the upper bound")
            high = self.expression()
            return Operation("between", (subject, low, high), start, high.end)
        if kind in ("contains", "matches"):
            self.take()
            pattern = self.expression()
            return Operation(kind, (subject, pattern), start, pattern.end)
        if kind in ("starts", "ends"):
            self.take()
            self.expect("with", "`with`")
            pattern = self.expression()
            return Operation(f"{kind} with", (subject, pattern), start, pattern.end)
        if kind == "is":
            return self.presence(subject, start)
        return subject

    def membership(self, subject: Written, start: int) -> Operation:
        self.take()
        self.expect("(", "`(` and a list, as in `in (rude, hostile)`")
        options = [self.expression()]
        while self.kind == ",":
            self.take()
            options.append(self.expression())
        end = self.expect(")", "`,` or `)`").end
        return Operation("in", (subject, *options), start, end)

    def presence(self, subject: Written, start: int) -> Operation:
        self.take()
        negated = self.kind == "not" and bool(self.take())
        if self.kind not in ("known", "missing"):
            raise self.unexpected("`known` or `missing`")
        token = self.take()
        asked = Operation(token.kind, (subject,), start, token.end)
        return Operation("not", (asked,), start, token.end) if negated else asked

    # -- expressions

    def expression(self, *, above: int = 0) -> Written:
        """Read values and the signs between them that bind more strongly than *above*; of equal ones the left one first."""
        left = self.operand()
        count = 0
        while (strength := _STRENGTH.get(self.kind, 0)) > above:
            sign = self.take().text
            count += 1
            if count > DEEPEST:
                raise self.too_deep()
            right = self.expression(above=strength)
            left = Operation(sign, (left, right), left.start, right.end)
        return left

    def operand(self) -> Written:
        token = self.token
        kind = token.kind
        if kind == "word":
            return self.name()
        if kind in _LITERALS:
            self.take()
            return _literal(token)
        if kind == "-":
            return self.negated("negative", self.operand)
        if kind == "(":
            self.take()
            self.deeper()
            inner = self.disjunction()
            self.depth -= 1
            self.expect(")", "`)`")
            return inner
        if kind in FUNCTIONS:
            return self.invocation()
        raise self.unexpected("a fact, a value or a condition")

    def name(self) -> Name:
        token = self.take()
        if self.kind == "(":
            facts = {"name": shortened(token.text, 40), "suggestion": nearest(token.text, FUNCTIONS)}
            raise SyntaxProblem("unknown-function", token.start, token.end, **facts)
        return Name(token.text, token.start, token.end)

    def invocation(self) -> Invocation:
        name = self.take()
        self.expect("(", "`(` and what to apply it to")
        self.deeper()
        arguments = [self.expression()]
        while self.kind == ",":
            self.take()
            arguments.append(self.expression())
        self.depth -= 1
        end = self.expect(")", "`,` or `)`").end
        return Invocation(name.text, tuple(arguments), name.start, end)

    # -- unary tests

    def unary_tests(self, subject: Name) -> Written:
        if self.kind == "not" and self.ahead(1).kind == "(":
            start = self.take().start
            self.take()
            self.deeper()
            inner = self.any_of(subject)
            self.depth -= 1
            end = self.expect(")", "`,` or `)`").end
            return Operation("not", (inner,), start, end)
        return self.any_of(subject)

    def any_of(self, subject: Name) -> Written:
        parts = [self.unary_test(subject)]
        while self.kind == ",":
            self.take()
            parts.append(self.unary_test(subject))
        return parts[0] if len(parts) == 1 else Operation("or", tuple(parts), parts[0].start, parts[-1].end)

    def unary_test(self, subject: Name) -> Written:
        start = self.token.start
        if self.kind in ("[", "]") or (self.kind == "(" and self.is_interval()):
            return self.interval(subject)
        tail = self.tail(subject, start)
        if tail is not subject:
            return tail
        value = self.expression()
        return Operation("=", (subject, value), start, value.end)

    def is_interval(self) -> bool:
        """Whether the parenthesis here opens `(a .. b]` and not an expression."""
        depth = 0
        for token in self.tokens[self.at :]:
            depth += (token.kind in "([") - (token.kind in ")]") if len(token.kind) == 1 else 0
            if token.kind == ".." and depth == 1:
                return True
            if depth == 0:
                return False
        return False

    def interval(self, subject: Name) -> Written:
        opening = self.take()
        low = self.expression()
        self.expect("..", "`..` and the upper bound")
        high = self.expression()
        if self.kind not in ("]", ")", "["):
            raise self.unexpected("`]` or `)`")
        closing = self.take()
        above = Operation(">=" if opening.kind == "[" else ">", (subject, low), opening.start, low.end)
        below = Operation("<=" if closing.kind == "]" else "<", (subject, high), high.start, closing.end)
        return Operation("and", (above, below), opening.start, closing.end)


def _unit_meant(word: str) -> str:
    """Return the currency or unit of time that a word after a number was probably meant to be."""
    if word.upper() in MINOR_DIGITS:
        return word.upper()
    return nearest(word, MINOR_DIGITS if word.isupper() else TIME_UNITS)


def _literal(token: Token) -> WrittenLiteral:
    start, end, text = token.start, token.end, token.text
    try:
        match token.kind:
            case "number":
                return WrittenLiteral("number", parse_number(text), None, start, end)
            case "money":
                amount, currency = parse_money(text)
                return WrittenLiteral("money", amount, currency, start, end)
            case "duration":
                return WrittenLiteral("duration", parse_duration(text), None, start, end)
            case "date":
                return WrittenLiteral("date", parse_date(text), None, start, end)
            case "datetime":
                return WrittenLiteral("datetime", parse_datetime(text), None, start, end)
            case "text":
                quote = text[0]
                return WrittenLiteral("text", text[1:-1].replace(quote * 2, quote), None, start, end)
            case _:
                return WrittenLiteral("boolean", text == "true", None, start, end)
    except QuantityError as problem:
        facts = {"text": shortened(text, 40), "why": problem.why, "advice": problem.advice}
        raise SyntaxProblem("bad-literal", start, end, **facts) from None
