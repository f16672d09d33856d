"""Names and types of conditions: from what was written to the checked tree, every mistake reported with its place."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, Literal, TypeAlias, cast

import attrs

from .diagnostics import Findings, Place, nearest
from .evaluate import combined
from .given import Currencies, FactProblem
from .patterns import pattern_problem
from .regions import Operator
from .syntax import FUNCTIONS, Invocation, Name, Operation, Written, WrittenLiteral
from .tree import (
    And,
    Arithmetic,
    Call,
    Compare,
    Condition,
    Constant,
    DecisionSpec,
    Expression,
    FactRef,
    Known,
    Named,
    Not,
    Or,
    Parameter,
    TextTest,
    Truth,
)
from .types import BOOLEAN, DATE, DURATION, INTEGER, MONEY, NUMBER, TEXT, Fact, Number, Type, Value

_COMPARISONS: Final = ("=", "!=", "<", "<=", ">", ">=")
_MIRRORED: Final[dict[str, Operator]] = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
Arithmetic_: TypeAlias = Literal["+", "-", "*", "/"]


@attrs.frozen
class Scope:
    """The names that a condition may use. *decisions* are names in guards only; *terms* maps each to its checked condition."""

    facts: Mapping[str, Fact]
    parameters: Mapping[str, Parameter]
    terms: Mapping[str, Condition | None]
    decisions: Mapping[str, DecisionSpec]
    currencies: Currencies

    def type_of(self, name: str) -> Type | None:
        """Return the type that a name has by itself, without regard to what stands beside it."""
        if name in self.facts:
            return self.facts[name].type
        if name in self.decisions:
            return self.decisions[name].type
        if name in self.parameters:
            return self.parameters[name].type
        return BOOLEAN if name in self.terms else None

    def names(self) -> list[str]:
        """Return all names, for suggestions."""
        return [*self.facts, *self.decisions, *self.parameters, *self.terms]


class Mistyped(Exception):
    """A mistake that was reported; the smallest condition around it is given up, its neighbours are still checked."""


class Checker:
    """Checks the conditions and expressions written at one place."""

    def __init__(self, scope: Scope, findings: Findings, place: Place) -> None:
        self.scope, self.findings, self.place = scope, findings, place

    def report(self, code: str, at: Written, *, suggestion: str = "", fix: str = "", **facts: object) -> Mistyped:
        """Report a mistake at a part of the text, and return the exception that gives the part up."""
        place = attrs.evolve(self.place, start=at.start, end=at.end) if at.end > at.start >= 0 else self.place
        self.findings.report(code, place, suggestion=suggestion, fix=fix, **facts)
        return Mistyped(code)

    # -- conditions

    def condition(self, written: Written) -> Condition:
        """
        Check a condition.

        Raises:
            Mistyped: If anything in it is wrong; every mistake has been reported by then.
        """
        if isinstance(written, Operation):
            match written.operator:
                case "and" | "or":
                    return self._chain(written)
                case "not":
                    return Not(self.condition(written.operands[0]))
                case "between":
                    return self._between(written)
                case "in":
                    return self._membership(written)
                case "known" | "missing":
                    return self._presence(written)
                case "contains" | "starts with" | "ends with" | "matches":
                    return self._text_test(written)
                case operator if operator in _COMPARISONS:
                    return self._comparison(cast(Operator, operator), *written.operands)
                case _:
                    raise self._not_a_condition(written)
        return self._bare(written)

    def _chain(self, written: Operation) -> Condition:
        parts: list[Condition] = []
        for operand in written.operands:
            try:
                parts.append(self.condition(operand))
            except Mistyped:
                continue
        if len(parts) < len(written.operands):
            raise Mistyped(written.operator)
        return And(tuple(parts)) if written.operator == "and" else Or(tuple(parts))

    def _bare(self, written: Written) -> Condition:
        """Check a condition that is a word alone: a term, a boolean fact or parameter, true or false."""
        if isinstance(written, Name) and written.text in self.scope.terms:
            part = self.scope.terms[written.text]
            if part is None:
                raise Mistyped("term")  # because the term's own mistakes are reported at the term
            return Named(written.text, part)
        if isinstance(written, Name) and self.scope.type_of(written.text) is None:
            raise self._unknown(written)
        expression = self.expression(written)
        if expression.type != BOOLEAN:
            raise self._not_a_condition(written)
        if isinstance(expression, Constant):
            return Truth(bool(expression.value))
        return Compare("=", expression, Constant(True, BOOLEAN))

    def _not_a_condition(self, written: Written) -> Mistyped:
        what = written.text if isinstance(written, Name) else "this"
        return self.report("not-a-condition", written, what=what)

    def _comparison(self, operator: Operator, left: Written, right: Written) -> Condition:
        one, other = self._pair(left, right)
        start = min((side.start for side in (left, right) if side.start >= 0), default=-1)
        whole = Operation(operator, (left, right), start, max(left.end, right.end))
        self._check_comparable(operator, one, other, whole, left, right)
        if isinstance(one, Constant) and not isinstance(other, Constant):
            return Compare(_MIRRORED[operator], other, one)
        return Compare(operator, one, other)

    def _pair(self, left: Written, right: Written) -> tuple[Expression, Expression]:
        """Check both sides of a comparison, each with the type of the other as a hint for its words."""
        left_type, right_type = self._peek(left), self._peek(right)
        mistakes = 0
        sides: list[Expression] = []
        for side, hint in ((left, right_type), (right, left_type)):
            try:
                sides.append(self.expression(side, hint=hint))
            except Mistyped:
                mistakes += 1
        if mistakes:
            raise Mistyped("comparison")
        return sides[0], sides[1]

    def _peek(self, written: Written) -> Type | None:
        """Return a type as far as it can be told at once, to lend meaning to the words on the other side."""
        if isinstance(written, Name):
            return self.scope.type_of(written.text)
        if isinstance(written, WrittenLiteral):
            return None if written.kind == "text" else Type(written.kind)
        return None

    def _check_comparable(
        self, operator: Operator, one: Expression, other: Expression, whole: Written, left: Written, right: Written
    ) -> None:
        a, b = one.type, other.type
        if a.kind == "list" or b.kind == "list":
            raise self.report("list-compared", whole)
        if not _same(a, b):
            raise self._mismatch(a, b, left, right)
        if operator not in ("=", "!=") and not (a.is_ordered or a.kind == "scale"):
            raise self.report("no-order", whole, operator=operator, type="text" if a.kind == "text" else a.kind)

    def _mismatch(self, a: Type, b: Type, left: Written, right: Written) -> Mistyped:
        kinds = {a.kind, b.kind}
        number = right if b.is_numeric else left
        if kinds & {"number", "integer"} and "money" in kinds:
            text = self._literal_text(number)
            fix = f"{text} {self.scope.currencies.home}" if text else ""
            return self.report("money-against-number", number, suggestion=fix, fix=fix)
        if kinds & {"number", "integer"} and "duration" in kinds:
            return self.report("duration-against-number", number)
        return self.report("type-mismatch", right, left=_type_name(a), right=_type_name(b))

    def _literal_text(self, written: Written) -> str:
        if isinstance(written, WrittenLiteral) and written.kind == "number":
            return f"{written.value}" if isinstance(written.value, int) else ""
        return ""

    def _between(self, written: Operation) -> Condition:
        subject, low, high = written.operands
        above = self._comparison(">=", subject, low)
        return And((above, self._comparison("<=", subject, high)))

    def _membership(self, written: Operation) -> Condition:
        subject, *options = written.operands
        parts: list[Condition] = []
        for option in options:
            listed = self.scope.parameters.get(option.text) if isinstance(option, Name) else None
            if listed is not None and isinstance(listed.value, tuple):
                parts.extend(self._listed(subject, listed, option))
            else:
                parts.append(self._comparison("=", subject, option))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _listed(self, subject: Written, parameter: Parameter, at: Name) -> list[Condition]:
        """Compare with each value of a parameter that is a list."""
        left = self.expression(subject)
        found: list[Condition] = []
        for value in cast("tuple[Value, ...]", parameter.value):
            constant = self._constant(value, attrs.evolve(parameter, value=value), left.type, at)
            self._check_comparable("=", left, constant, at, subject, at)
            found.append(Compare("=", left, constant))
        return found

    def _presence(self, written: Operation) -> Condition:
        (subject,) = written.operands
        if not isinstance(subject, Name) or subject.text not in (*self.scope.facts, *self.scope.decisions):
            if isinstance(subject, Name) and self.scope.type_of(subject.text) is None:
                raise self._unknown(subject)
            raise self.report("not-a-fact", subject)
        known = Known(subject.text)
        return known if written.operator == "known" else Not(known)

    def _text_test(self, written: Operation) -> Condition:
        subject, pattern = written.operands
        left = self.expression(subject)
        operator = cast("Literal['contains', 'starts with', 'ends with', 'matches']", written.operator)
        lists = operator == "contains" and left.type.kind == "list"
        if left.type.kind != "text" and not lists:
            raise self.report("not-a-text", subject, operator=operator, type=_type_name(left.type))
        right = self._pattern(pattern, bare=lists)
        if right.type.kind not in ("text", "scale"):
            raise self.report("not-a-text", pattern, operator=operator, type=_type_name(right.type))
        if operator == "matches":
            self._check_pattern(right, pattern)
        return TextTest(operator, left, right)

    def _pattern(self, written: Written, *, bare: bool) -> Expression:
        """Check what a text is tested for; beside a list a bare word may stand for itself."""
        if bare and isinstance(written, Name) and self.scope.type_of(written.text) is None:
            return Constant(written.text, TEXT)
        return self.expression(written)

    def _check_pattern(self, pattern: Expression, at: Written) -> None:
        if not isinstance(pattern, Constant):
            raise self.report("pattern-not-constant", at)
        problem = pattern_problem(str(pattern.value))
        if problem:
            raise self.report("bad-pattern", at, why=problem)

    # -- expressions

    def expression(self, written: Written, *, hint: Type | None = None) -> Expression:
        """
        Check an expression; *hint* is the type on the other side, whose words may stand bare.

        Raises:
            Mistyped: If anything in it is wrong; every mistake has been reported by then.
        """
        match written:
            case WrittenLiteral():
                return self._literal(written, hint)
            case Name():
                return self._name(written, hint)
            case Invocation():
                return self._call(written)
            case Operation(operator="negative"):
                return self._negative(written)
            case Operation(operator="+" | "-" | "*" | "/"):
                return self._arithmetic(written)
            case _:
                raise self.report("condition-as-value", written)

    def _literal(self, written: WrittenLiteral, hint: Type | None) -> Expression:
        value = written.value
        if written.kind == "money":
            assert not isinstance(value, str)
            return Constant(self._money(value, written), MONEY)
        if written.kind == "text" and hint is not None and hint.words:
            return self._word(str(value), hint, written)
        if written.kind == "number" and isinstance(value, int):
            return Constant(value, INTEGER)
        return Constant(value, Type(written.kind))

    def _money(self, amount: Number, written: WrittenLiteral) -> Number:
        try:
            return self.scope.currencies.minor(amount, written.currency)
        except FactProblem as problem:
            raise self.report(problem.code, written, **problem.facts) from None

    def _word(self, word: str, type_: Type, at: Written) -> Constant:
        if word in type_.words:
            return Constant(word, type_)
        words = ", ".join(type_.words)
        raise self.report("off-scale", at, suggestion=nearest(word, type_.words), word=word, words=words)

    def _name(self, written: Name, hint: Type | None) -> Expression:
        name, scope = written.text, self.scope
        is_word = hint is not None and name in hint.words
        own_type = scope.type_of(name)
        if is_word and own_type is not None:
            raise self.report("ambiguous-word", written, word=name, what=self._what(name), fix=f"'{name}'")
        if is_word and hint is not None:
            return Constant(name, hint)
        if name in scope.facts or name in scope.decisions:
            assert own_type is not None
            return FactRef(name, own_type)
        if name in scope.parameters:
            parameter = scope.parameters[name]
            return self._constant(parameter.value, parameter, hint, written)
        if name in scope.terms:
            raise self.report("term-as-value", written, name=name)
        if hint is not None and hint.words:
            self._word(name, hint, written)
        raise self._unknown(written, hint)

    def _what(self, name: str) -> str:
        if name in self.scope.facts:
            return "a fact"
        return "a decision" if name in self.scope.decisions else "a parameter" if name in self.scope.parameters else "a term"

    def _constant(self, value: object, parameter: Parameter, hint: Type | None, at: Name) -> Constant:
        """Return a parameter's value; a text parameter beside a scale or closed text is one of its words."""
        if isinstance(value, tuple):
            raise self.report("list-compared", at)
        if parameter.type == TEXT and hint is not None and hint.words:
            word = self._word(str(value), hint, at)
            return Constant(word.value, hint, parameter.name)
        return Constant(cast(Value, value), parameter.type, parameter.name)

    def _unknown(self, written: Name, hint: Type | None = None) -> Mistyped:
        names = self.scope.names()
        if hint == TEXT:
            return self.report("unquoted-text", written, word=written.text, fix=f"'{written.text}'")
        return self.report("unknown-name", written, suggestion=nearest(written.text, names), name=written.text)

    def _negative(self, written: Operation) -> Expression:
        part = self.expression(written.operands[0])
        if not (part.type.is_numeric or part.type.kind in ("money", "duration")):
            raise self.report("bad-arithmetic", written, operator="-", left="nothing", right=_type_name(part.type))
        if isinstance(part, Constant) and isinstance(part.value, int | Fraction):
            return Constant(-part.value, part.type, part.name)
        return Arithmetic("-", Constant(0, part.type), part, part.type)

    def _arithmetic(self, written: Operation) -> Expression:
        left, right = self._pair(*written.operands)
        operator = cast(Arithmetic_, written.operator)
        type_ = _arithmetic_type(operator, left.type, right.type)
        if type_ is None:
            names = {"left": _type_name(left.type), "right": _type_name(right.type)}
            raise self.report("bad-arithmetic", written, operator=operator, **names)
        if operator == "/" and isinstance(right, Constant) and right.value == 0:
            raise self.report("division-by-zero", written)
        if isinstance(left, Constant) and isinstance(right, Constant):
            return Constant(_folded(operator, left, right), type_)
        return Arithmetic(operator, left, right, type_)

    def _call(self, written: Invocation) -> Expression:
        arguments = tuple(self.expression(argument) for argument in written.arguments)
        function = written.function
        type_ = _call_type(function, [argument.type for argument in arguments])
        if type_ is None:
            takes = _TAKES[function]
            raise self.report("bad-arguments", written, function=function, takes=takes)
        assert function in FUNCTIONS
        return Call(cast("Literal['min', 'max', 'abs', 'count', 'days_since']", function), arguments, type_)


_TAKES: Final = {
    "min": "two or more values of one type that can be ordered",
    "max": "two or more values of one type that can be ordered",
    "abs": "one number, amount of money or length of time",
    "count": "one list of text",
    "days_since": "one date",
}


def _same(a: Type, b: Type) -> bool:
    return (a.is_numeric and b.is_numeric) or (a.kind == b.kind and a.words == b.words)


def _type_name(type_: Type) -> str:
    return {"scale": "a scale", "list": "a list", "boolean": "true or false"}.get(type_.kind, f"{type_.kind}")


def _arithmetic_type(operator: str, left: Type, right: Type) -> Type | None:
    a = "number" if left.is_numeric else left.kind
    b = "number" if right.is_numeric else right.kind
    both_whole = left == right == INTEGER
    if operator in ("+", "-"):
        if a == b and a in ("money", "duration"):
            return left
        if a == b == "number":
            return INTEGER if both_whole else NUMBER
        if a == b == "date" and operator == "-":
            return DURATION
        return left if a == "datetime" and b == "duration" else None
    if a == b == "number":
        return INTEGER if both_whole and operator == "*" else NUMBER
    if a in ("money", "duration") and b == "number":
        return left
    if operator == "*" and a == "number" and b in ("money", "duration"):
        return right
    return NUMBER if operator == "/" and a == b and a in ("money", "duration") else None


def _folded(operator: Arithmetic_, left: Constant, right: Constant) -> Number:
    a, b = left.value, right.value
    assert isinstance(a, int | Fraction) and isinstance(b, int | Fraction)
    return combined(operator, a, b, left.type, right.type)


def _call_type(function: str, types: list[Type]) -> Type | None:
    first = types[0]
    if function in ("min", "max"):
        alike = all(_same(first, other) for other in types)
        if len(types) < 2 or not first.is_ordered or not alike:
            return None
        return NUMBER if first.is_numeric and any(other != INTEGER for other in types) else first
    if len(types) != 1:
        return None
    if function == "abs":
        return first if first.is_numeric or first.kind in ("money", "duration") else None
    if function == "count":
        return INTEGER if first.kind == "list" else None
    return INTEGER if first == DATE else None
