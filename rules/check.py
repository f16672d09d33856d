"""Names and types of conditions: from what was written to the checked tree, every mistake reported with its place."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, Literal, TypeAlias, cast

import attrs

from .decisions import DecisionSpec
from .describe import reach_text, shortened, shown, type_name
from .diagnostics import Findings, Place, nearest
from .evaluate import combined
from .given import Currencies, FactProblem
from .linear import MIRRORED
from .normal import Universe, tested
from .patterns import pattern_problem
from .quantities import QuantityError, bounded, decimal_text, in_calendar, value_text
from .regions import Operator, compared, intersection, is_empty
from .syntax import FUNCTIONS, Invocation, Name, Operation, Written, WrittenLiteral
from .tree import (
    And,
    Arithmetic,
    Call,
    Compare,
    Condition,
    Constant,
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
from .types import BOOLEAN, DATE, DURATION, INTEGER, MONEY, NAMED_TYPES, NUMBER, TEXT, Fact, Number, Type, Value
from .words import condition_text, expression_text

_COMPARISONS: Final[frozenset[str]] = frozenset(MIRRORED)
_IN_WORDS: Final = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_TRUE: Final = Constant(value=True, type=BOOLEAN)
Arithmetic_: TypeAlias = Literal["+", "-", "*", "/"]


@attrs.frozen
class Scope:
    """
    The names that a condition may use.

    *decisions* are names in guards only; *decided* are all of them, for messages. *terms* maps each to its checked condition.
    Every name that is used is added to *used*; comparisons that were found good are kept in *checked*, by what was written.
    *kinds* is set where the names are fields of events and not facts: the kind of each event by its alias, without an alias for
    the event itself.
    """

    facts: Mapping[str, Fact]
    parameters: Mapping[str, Parameter]
    terms: Mapping[str, Condition | None]
    decisions: Mapping[str, DecisionSpec]
    currencies: Currencies
    decided: Mapping[str, DecisionSpec] = attrs.field(factory=dict)
    used: set[str] = attrs.field(factory=set)
    kinds: Mapping[str, str] | None = None
    universe: Universe = attrs.field(
        init=False, default=attrs.Factory(lambda self: Universe(self.facts, self.decisions), takes_self=True)
    )
    checked: dict[tuple[object, ...], Compare] = attrs.field(init=False, factory=dict)

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


@attrs.frozen
class Hint:
    """What stands on the other side of a comparison: its type, whose words may stand bare, and its name, if it has one."""

    type: Type
    name: str = ""


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
                case operator if operator in _COMPARISONS:
                    return self._comparison(cast(Operator, operator), *written.operands, at=written)
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
            self.scope.used.add(written.text)
            if part is None:
                raise Mistyped("term")  # because the term's own mistakes are reported at the term
            return Named(written.text, part)
        if isinstance(written, Name) and self.scope.type_of(written.text) is None:
            raise self._unknown(written)
        expression = self.expression(written)
        if expression.type.kind != "boolean":
            raise self._not_a_condition(written)
        if isinstance(expression, Constant):
            return Truth(bool(expression.value))
        return Compare("=", expression, _TRUE)

    def _not_a_condition(self, written: Written) -> Mistyped:
        what = f"`{written.text}`" if isinstance(written, Name) else "this"
        return self.report("not-a-condition", written, what=what)

    def _comparison(self, operator: Operator, left: Written, right: Written, *, at: Written) -> Compare:
        key = (operator, _wording(left), _wording(right))
        test = self.scope.checked.get(key)
        if test is not None:
            return test
        one, other = self._pair(left, right)
        self._check_comparable(operator, one, other, at, left, right)
        mirrored = isinstance(one, Constant) and not isinstance(other, Constant)
        test = Compare(MIRRORED[operator], other, one) if mirrored else Compare(operator, one, other)
        if self._is_possible(test, at) and None not in key:
            self.scope.checked[key] = test
        return test

    def _is_possible(self, test: Compare, at: Written) -> bool:
        """Whether some value of its fact can meet a comparison; one that none can is reported."""
        found = tested(test)
        if found is None or found[0] is None or not is_empty(self.scope.universe.part(found)):
            return True
        name, type_ = found[0], self.scope.type_of(found[0])
        text = shortened(condition_text(test, self.scope.currencies.home))
        assert type_ is not None
        reach = reach_text(type_, self.scope.facts.get(name), self.scope.currencies.home)
        if isinstance(test.right, Constant) and test.right.name:
            value = value_text(test.right.value, test.right.type, self.scope.currencies.home)
            reach = f"{reach}, and `{test.right.name}` is {shown(value)}"
        self.report("never-holds", at, test=text, fact=name, reach=reach)
        return False

    def _pair(self, left: Written, right: Written) -> tuple[Expression, Expression]:
        """Check both sides of a comparison, each with the type of the other as a hint for its words."""
        mistakes = 0
        sides: list[Expression] = []
        for side, other in ((left, right), (right, left)):
            if mistakes and isinstance(side, Name) and self.scope.type_of(side.text) is None:
                continue  # because the other side, of which it may be a word, has no type now
            try:
                sides.append(self.expression(side, hint=self._peek(other)))
            except Mistyped:
                mistakes += 1
        if mistakes:
            raise Mistyped("comparison")
        return sides[0], sides[1]

    def _peek(self, written: Written) -> Hint | None:
        """Return the type of a name that has words or texts as values, to lend meaning to what stands on the other side."""
        if not isinstance(written, Name):
            return None
        type_ = self.scope.type_of(written.text)
        if type_ is None and written.text in self.scope.decided:
            type_ = self.scope.decided[written.text].type
        return Hint(type_, written.text) if type_ is not None and type_.kind in ("scale", "text") else None

    def _check_comparable(
        self, operator: Operator, one: Expression, other: Expression, whole: Written, left: Written, right: Written
    ) -> None:
        a, b = one.type, other.type
        if a.kind == "list" or b.kind == "list":
            raise self.report("list-compared", whole)
        if a is not b and not _same(a, b):
            raise self._mismatch(a, b, left, right)
        if operator not in ("=", "!=") and not (a.is_ordered or a.kind == "scale"):
            raise self.report("no-order", whole, operator=operator, type="a text" if a.kind == "text" else type_name(a))

    def _mismatch(self, a: Type, b: Type, left: Written, right: Written) -> Mistyped:
        kinds = {a.kind, b.kind}
        number, other = (right, left) if b.is_numeric else (left, right)
        if kinds & {"number", "integer"} and "money" in kinds:
            return self.bare_number("money-against-number", number, f" {self.scope.currencies.home}")
        if kinds & {"number", "integer"} and "duration" in kinds:
            fact = self.scope.facts.get(other.text) if isinstance(other, Name) else None
            unit = {"minutes": " min", "hours": "h", "days": " days"}.get(fact.unit, "") if fact else ""
            return self.bare_number("duration-against-number", number, unit)
        return self.report("type-mismatch", right, left=type_name(a), right=type_name(b))

    def bare_number(self, code: str, number: Written, unit: str) -> Mistyped:
        """Report a number without its *unit*; with the unit where the number is written out."""
        value = number.value if isinstance(number, WrittenLiteral) else None
        fix = f"{decimal_text(value)}{unit}" if unit and isinstance(value, int | Fraction) else ""
        return self.report(code, number, suggestion=fix, fix=fix)

    def _between(self, written: Operation) -> Condition:
        subject, low, high = written.operands
        above = self._comparison(">=", subject, low, at=low)
        below = self._comparison("<=", subject, high, at=high)
        self._check_bounds(above, below, written)
        return And((above, below))

    def _check_bounds(self, above: Compare, below: Compare, written: Operation) -> None:
        """Report a `between` whose lower bound is above its upper one."""
        low, high, type_ = above.right, below.right, above.left.type
        if not (isinstance(above.left, FactRef) and isinstance(low, Constant) and isinstance(high, Constant)):
            return
        if isinstance(low.value, int) and isinstance(high.value, int) and low.value <= high.value:
            return  # because nearly all are so, and no whole number was ever in doubt
        if is_empty(intersection(compared(">=", low.value, type_), compared("<=", high.value, type_))):
            home = self.scope.currencies.home
            text = " and ".join(expression_text(end, home) for end in (low, high))
            self.report(
                "empty-range", written, fact=above.left.name, text=text, why="its lower end is above its upper end"
            )

    def _membership(self, written: Operation) -> Condition:
        subject, *options = written.operands
        parts: list[Condition] = []
        for option in options:
            listed = self.scope.parameters.get(option.text) if isinstance(option, Name) else None
            if listed is not None and isinstance(listed.value, tuple) and isinstance(option, Name):
                parts.extend(self._listed(subject, listed, option))
            else:
                parts.append(self._comparison("=", subject, option, at=option))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _listed(self, subject: Written, parameter: Parameter, at: Name) -> list[Condition]:
        """Compare with each value of a parameter that is a list."""
        self.scope.used.add(parameter.name)
        left = self.expression(subject)
        found: list[Condition] = []
        for value in cast("tuple[Value, ...]", parameter.value):
            hint = Hint(left.type, subject.text if isinstance(subject, Name) else "")
            constant = self._constant(value, attrs.evolve(parameter, value=value), hint, at)
            self._check_comparable("=", left, constant, at, subject, at)
            test = Compare("=", left, constant)
            self._is_possible(test, at)
            found.append(test)
        return found

    def _presence(self, written: Operation) -> Condition:
        (subject,) = written.operands
        if not isinstance(subject, Name) or subject.text not in (*self.scope.facts, *self.scope.decisions):
            if isinstance(subject, Name) and self.scope.type_of(subject.text) is None:
                raise self._unknown(subject)
            raise self.report("not-a-fact", subject)
        self.scope.used.add(subject.text)
        known = Known(subject.text)
        return known if written.operator == "known" else Not(known)

    def _text_test(self, written: Operation) -> Condition:
        subject, pattern = written.operands
        left = self.expression(subject)
        operator = cast("Literal['contains', 'starts with', 'ends with', 'matches']", written.operator)
        lists = operator == "contains" and left.type.kind == "list"
        if left.type.kind != "text" and not lists:
            facts = {"what": "looks into texts", "advice": "compare it with `=`, `<` or `>`"}
            raise self.report("not-a-text", subject, operator=operator, type=type_name(left.type), **facts)
        right = self._pattern(pattern, bare=lists)
        if right.type.kind not in ("text", "scale"):
            facts = {"what": "looks for a text", "advice": "put it in single quotes"}
            raise self.report("not-a-text", pattern, operator=operator, type=type_name(right.type), **facts)
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

    def expression(self, written: Written, *, hint: Hint | None = None) -> Expression:
        """
        Check an expression; *hint* is what stands on the other side, whose words may stand bare.

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

    def _literal(self, written: WrittenLiteral, hint: Hint | None) -> Expression:
        value = written.value
        if written.kind == "money":
            assert not isinstance(value, str)
            return Constant(self._money(value, written), MONEY)
        if written.kind == "text" and hint is not None and hint.type.words:
            return self._word(str(value), hint, written)
        if written.kind == "number" and isinstance(value, int):
            return Constant(value, INTEGER)
        return Constant(value, NAMED_TYPES[written.kind])

    def _money(self, amount: Number, written: WrittenLiteral) -> Number:
        try:
            return self.scope.currencies.minor(amount, written.currency)
        except FactProblem as problem:
            raise self.report(problem.code, written, suggestion=problem.suggestion, **problem.facts) from None

    def _word(self, word: str, hint: Hint, at: Written) -> Constant:
        known = hint.type.words
        if word in known:
            return Constant(word, hint.type)
        facts = {"word": shown(word), "fact": hint.name, "words": shortened(", ".join(known))}
        raise self.report("off-scale", at, suggestion=nearest(word, known), **facts)

    def _name(self, written: Name, hint: Hint | None) -> Expression:
        name, scope = written.text, self.scope
        is_word = hint is not None and name in hint.type.words
        own_type = scope.type_of(name)
        if is_word and hint is not None:
            if own_type is not None:
                raise self.report("ambiguous-word", written, word=name, what=self._what(name), fact=hint.name)
            return Constant(name, hint.type)
        scope.used.add(name)
        if name in scope.facts or name in scope.decisions:
            assert own_type is not None
            return FactRef(name, own_type)
        if name in scope.parameters:
            parameter = scope.parameters[name]
            return self._constant(parameter.value, parameter, hint, written)
        if name in scope.terms:
            raise self.report("term-as-value", written, name=name)
        if hint is not None and hint.type.words and not (scope.kinds is not None and "." in name):
            self._word(name, hint, written)
        raise self._unknown(written, hint)

    def _what(self, name: str) -> str:
        if name in self.scope.facts:
            return "a field" if self.scope.kinds is not None else "a fact"
        return (
            "a decision"
            if name in self.scope.decisions
            else "a parameter"
            if name in self.scope.parameters
            else "a term"
        )

    def _constant(self, value: object, parameter: Parameter, hint: Hint | None, at: Name) -> Constant:
        """Return a parameter's value; a text parameter beside a scale or closed text is one of its words."""
        if isinstance(value, tuple):
            raise self.report("list-compared", at)
        if parameter.type == TEXT and hint is not None and hint.type.words:
            word = self._word(str(value), hint, at)
            return Constant(word.value, hint.type, parameter.name)
        return Constant(cast(Value, value), parameter.type, parameter.name)

    def _unknown(self, written: Name, hint: Hint | None = None) -> Mistyped:
        name = written.text
        if self.scope.kinds is not None:
            return self._unknown_field(written, hint, self.scope.kinds)
        is_value = any(name in spec.values for spec in self.scope.decided.values())
        if self.scope.decisions and (is_value or name in self.scope.decided):
            what = "a value" if is_value else "a list of outcomes"
            return self.report("not-an-outcome", written, name=name, what=what)
        if is_value or name in self.scope.decided:
            return self.report("decision-in-condition", written, name=name)
        inner = [fact for fact in self.scope.facts if fact.startswith(f"{name}.")]
        if inner:
            return self.report("not-a-group", written, fact=name, inner=shortened(", ".join(inner)))
        if "." in name:
            return self.report("unknown-fact", written, suggestion=nearest(name, self.scope.names()), name=name)
        if hint is not None and hint.type == TEXT:
            return self.report("unquoted-text", written, word=name, fix=f"'{name}'")
        return self.report("unknown-name", written, suggestion=nearest(name, self.scope.names()), name=name)

    def _unknown_field(self, written: Name, hint: Hint | None, kinds: Mapping[str, str]) -> Mistyped:
        """Report a name that is no field of an event."""
        alias, _, field = written.text.rpartition(".")
        if hint is not None and hint.type == TEXT and not alias:
            return self.report("unquoted-text", written, word=field, fix=f"'{field}'")
        known = self.scope.names()
        meant = nearest(written.text, [name for name in known if ("." in name) == bool(alias)])
        meant = meant or next((name for name in known if name.rpartition(".")[2] == field), "")
        if alias not in kinds:
            return self.report("unnamed-event", written, suggestion=meant, name=written.text)
        return self.report("unknown-field", written, suggestion=meant, field=field, kind=kinds[alias])

    def _negative(self, written: Operation) -> Expression:
        part = self.expression(written.operands[0])
        if not (part.type.is_numeric or part.type.kind in ("money", "duration")):
            raise self.report("bad-arithmetic", written, what=f"minus {type_name(part.type)}")
        if isinstance(part, Constant) and isinstance(part.value, int | Fraction):
            return Constant(-part.value, part.type, part.name)
        zero = Constant(0, INTEGER if part.type.is_numeric else part.type)  # because `0 - x` is read so too
        return Arithmetic("-", zero, part, part.type)

    def _arithmetic(self, written: Operation) -> Expression:
        left, right = self._pair(*written.operands)
        operator = cast(Arithmetic_, written.operator)
        type_ = _arithmetic_type(operator, left.type, right.type)
        if type_ is None:
            what = f"{type_name(left.type)} {_IN_WORDS[operator]} {type_name(right.type)}"
            raise self.report("bad-arithmetic", written, what=what)
        if operator == "/" and isinstance(right, Constant) and right.value == 0:
            raise self.report("division-by-zero", written)
        if isinstance(left, Constant) and isinstance(right, Constant):
            try:
                return Constant(_folded(operator, left, right), type_)
            except QuantityError as problem:
                raise self.report("result-out-of-reach", written, why=problem.why) from None
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


def _wording(written: Written) -> object:
    """Return what was written, wherever it stands; None where it is more than a name or a literal."""
    if isinstance(written, Name):
        return written.text
    return (written.kind, written.value, written.currency) if isinstance(written, WrittenLiteral) else None


def _same(a: Type, b: Type) -> bool:
    return (a.is_numeric and b.is_numeric) or (a.kind == b.kind and a.words == b.words)


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
    result = bounded(combined(operator, a, b, left.type, right.type))
    return in_calendar(result) if left.type.kind == "datetime" and right.type.kind == "duration" else result


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
