"""Conditions in their three TOML forms: an expression in quotes, a table of unary tests, a list of which any may hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Final

import attrs

from .check import Checker, Mistyped, Scope
from .describe import described, shortened, shown, type_name
from .diagnostics import Findings, Place, nearest
from .normal import Normalizer
from .quantities import QuantityError, from_datetime, from_python
from .syntax import (
    Name,
    Operation,
    SyntaxProblem,
    Written,
    WrittenLiteral,
    parse_condition,
    parse_unary,
)
from .tree import ALWAYS, And, Condition, Constant, Expression, Named, Not, Or, Truth
from .types import LIST, TEXT, Type

#: The most tests that one condition may have once its terms are written out.
LARGEST: Final = 5_000
#: The most levels of `and`, `or`, `not` and terms, one inside the other, that it may go deep.
DEEPEST: Final = 128


def read_condition(raw: object, place: Place, scope: Scope, findings: Findings) -> Condition:
    """
    Read a condition in any of its forms.

    Raises:
        Mistyped: If anything in it is wrong; every mistake has been reported by then.
    """
    match raw:
        case bool():
            return Truth(raw)
        case str() | list() | dict() if not raw or (isinstance(raw, str) and not raw.strip()):
            raise _empty(place, findings)
        case str():
            return Checker(scope, findings, place).condition(parsed(raw, place, findings))
        case dict():
            tests = cells(raw, scope)
            return _joined(
                And, [partial(read_cell, n, cell, place.inside(*way), scope, findings) for n, way, cell in tests]
            )
        case list():
            parts = [partial(read_condition, inner, place.inside(i), scope, findings) for i, inner in enumerate(raw)]
            return _joined(Or, parts)
        case _:
            raise Mistyped("condition")  # because the shape was reported already


def parsed(text: str, place: Place, findings: Findings) -> Written:
    """Parse a condition, its mistakes reported."""
    try:
        return parse_condition(text)
    except SyntaxProblem as problem:
        raise _reported(problem, place, findings) from None


def _empty(place: Place, findings: Findings) -> Mistyped:
    findings.report("empty-condition", place, key=_key(place))
    return Mistyped("empty-condition")


def _reported(problem: SyntaxProblem, place: Place, findings: Findings) -> Mistyped:
    at = attrs.evolve(place, start=problem.start, end=problem.end)
    findings.report(problem.code, at, suggestion=problem.suggestion, **problem.facts)
    return Mistyped(problem.code)


def _joined(kind: type[And | Or], parts: Sequence[Callable[[], Condition]]) -> Condition:
    """Read each part, so that the mistakes of all are reported, and join them."""
    found: list[Condition] = []
    for read in parts:
        try:
            found.append(read())
        except Mistyped:
            continue
    if len(found) < len(parts):
        raise Mistyped("condition")
    return found[0] if len(found) == 1 else kind(tuple(found))


def cells(raw: Mapping[str, object], scope: Scope) -> Iterator[tuple[str, tuple[str, ...], object]]:
    """Yield each test of a table form: the subject's name, its path in the table, and the cell."""
    pending: list[tuple[tuple[str, ...], object]] = [((key,), raw[key]) for key in reversed(list(raw))]
    while pending:
        path, inner = pending.pop()
        name = ".".join(path)
        if isinstance(inner, dict) and inner and scope.type_of(name) is None:
            pending += [((*path, key), value) for key, value in reversed(inner.items())]
        else:
            yield name, path, inner


def read_cell(subject: str, raw: object, place: Place, scope: Scope, findings: Findings) -> Condition:
    """
    Read one unary test on a fact, or `true`/`false` for a term.

    Raises:
        Mistyped: If anything in it is wrong; every mistake has been reported by then.
    """
    name = Name(subject, -1, -1)
    if isinstance(raw, list | dict) and not raw:
        raise _empty(place, findings)
    if scope.type_of(subject) is None:
        Checker(scope, findings, attrs.evolve(place, key=True)).expression(name)
    checker = Checker(scope, findings, place)
    if isinstance(raw, list):
        parts = [partial(read_cell, subject, inner, place.inside(i), scope, findings) for i, inner in enumerate(raw)]
        return _joined(Or, parts)
    if subject in scope.terms:
        return _term_cell(name, raw, checker)
    if isinstance(raw, str):
        try:
            written = parse_unary(raw, name)
        except SyntaxProblem as problem:
            raise _reported(problem, place, findings) from None
        if written is None:
            return Truth(value=True)
        condition = checker.condition(written)
        if isinstance(condition, Or):
            _check_comma(subject, raw, condition, place, scope, findings)
        return condition
    return checker.condition(Operation("=", (name, plain(raw, checker)), -1, -1))


def _check_comma(subject: str, raw: str, condition: Or, place: Place, scope: Scope, findings: Findings) -> None:
    """Report tests joined by commas of which one always holds: `> 30, <= 60` was meant as a range."""
    if "<" not in raw or ">" not in raw:
        return
    if Normalizer(scope.universe).normal_form(condition) == ALWAYS:
        findings.report("comma-means-or", place, text=shown(raw), fact=subject)


def _term_cell(name: Name, raw: object, checker: Checker) -> Condition:
    if raw == "-":
        return Truth(value=True)
    if raw not in (True, False, "true", "false"):
        wanted = "true or false, because it is a term"
        raise checker.report("wrong-kind", name, key=name.text, wanted=wanted, found=described(raw))
    condition = checker.condition(name)
    return condition if raw in (True, "true") else Not(condition)


def plain(raw: object, checker: Checker) -> WrittenLiteral:
    """Return a plain TOML value as a literal."""
    nowhere = Name("", -1, -1)
    try:
        match raw:
            case bool():
                return WrittenLiteral("boolean", raw, None, -1, -1)
            case int() | Decimal():
                return WrittenLiteral("number", from_python(raw), None, -1, -1)
            case dt.datetime():
                return WrittenLiteral("datetime", from_datetime(raw), None, -1, -1)
            case dt.date():
                return WrittenLiteral("date", raw.toordinal(), None, -1, -1)
            case _:
                wanted = "a test in quotes, or a plain value"
                raise checker.report(
                    "wrong-kind", nowhere, key=_key(checker.place), wanted=wanted, found=described(raw)
                )
    except QuantityError as problem:
        raise checker.report("bad-literal", nowhere, text=shown(raw), why=problem.why, advice=problem.advice) from None


def _key(place: Place) -> str:
    """Return the name that a value stands under; of one in a list, the list's."""
    return next((part for part in reversed(place.path) if isinstance(part, str)), "value")


def read_value_expression(
    name: str, raw: object, type_: Type, place: Place, scope: Scope, findings: Findings
) -> Expression:
    """
    Read what a rule gives for *name*, an outcome or a value of *type_*: a word, a text, a list, or an expression.

    Raises:
        Mistyped: If it is none; every mistake has been reported by then.
    """
    checker = Checker(scope, findings, place)
    nowhere = Name("", -1, -1)
    if type_.words:
        return _outcome_word(name, raw, type_, checker)
    if type_.kind == "text":
        if not isinstance(raw, str):
            raise checker.report("wrong-kind", nowhere, key=name, wanted="a text in quotes", found=described(raw))
        return Constant(raw, type_)
    if type_ == LIST:
        parameter = scope.parameters.get(raw) if isinstance(raw, str) else None
        if parameter is not None and isinstance(parameter.value, tuple) and parameter.type == TEXT:
            return Constant(tuple(map(str, parameter.value)), type_, parameter.name)
        items = [raw] if isinstance(raw, str) else raw
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            wanted = 'a list of texts like ["a", "b"]'
            raise checker.report("wrong-kind", nowhere, key=name, wanted=wanted, found=described(raw))
        return Constant(tuple(items), type_)
    written = parsed(raw, place, findings) if isinstance(raw, str) else plain(raw, checker)
    expression = checker.expression(written)
    fits = expression.type == type_ or (type_.kind == "number" and expression.type.is_numeric)
    if fits:
        return expression
    if type_.kind == "money" and expression.type.is_numeric:
        raise checker.bare_number("money-against-number", written, f" {scope.currencies.home}")
    if type_.kind == "duration" and expression.type.is_numeric:
        raise checker.bare_number("duration-against-number", written, "")
    facts = {"name": name, "expected": type_name(type_), "found": type_name(expression.type)}
    raise checker.report("wrong-result", written, **facts)


def _outcome_word(name: str, raw: object, type_: Type, checker: Checker) -> Constant:
    if isinstance(raw, str) and raw in type_.words:
        return Constant(raw, type_)
    word = shown(raw)
    facts = {"outcome": word, "decision": name, "outcomes": shortened(", ".join(type_.words))}
    raise checker.report("unknown-outcome", Name("", -1, -1), suggestion=nearest(word, type_.words), **facts)


def extent(condition: Condition, terms: dict[str, tuple[int, int]]) -> tuple[int, int]:
    """
    Return how many tests a condition has with its terms written out, and how many levels deep it goes.

    *terms* remembers those of terms.
    """
    match condition:
        case And(parts) | Or(parts):
            total = deepest = 0
            for part in parts:
                tests, levels = extent(part, terms)
                total += tests
                deepest = max(deepest, levels)
            return total, deepest + 1
        case Not(part):
            tests, levels = extent(part, terms)
            return tests, levels + 1
        case Named(name, part):
            if name not in terms:
                tests, levels = extent(part, terms)
                terms[name] = tests, levels + 1
            return terms[name]
        case _:
            return 1, 0


def names_in(raw: object, scope: Scope, place: Place) -> set[str]:
    """Return the bare words in a condition, as far as it can be parsed: which terms does it rest on?"""
    quiet = Findings()
    match raw:
        case str():
            try:
                return _words(parsed(raw, place, quiet))
            except Mistyped:
                return set()
        case dict():
            return {name for name, _, _ in cells(raw, scope)} | {
                word for _, _, cell in cells(raw, scope) for word in _cell_words(cell)
            }
        case list():
            return {word for inner in raw for word in names_in(inner, scope, place)}
        case _:
            return set()


def _cell_words(cell: object) -> set[str]:
    if isinstance(cell, list):
        return {word for inner in cell for word in _cell_words(inner)}
    if not isinstance(cell, str):
        return set()
    try:
        written = parse_unary(cell, Name("", -1, -1))
    except SyntaxProblem:
        return set()
    return _words(written) if written is not None else set()


def _words(written: Written) -> set[str]:
    found: set[str] = set()
    pending: list[Written] = [written]
    while pending:
        match pending.pop():
            case Name(text):
                found.add(text)
            case Operation(_, operands):
                pending += operands
            case WrittenLiteral():
                pass
            case invocation:
                pending += invocation.arguments
    return found
