"""DMN's conformance suite in the words of Evenhand: its decision tables as policies, its FEEL expressions as conditions and values."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import attrs
import tomli_w

#: A FEEL expression as the suite writes it down: `["bin", "+", left, right]`.
Ast: TypeAlias = Sequence[Any]

_ISO_DURATION = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?\Z")
_TIME = re.compile(r"\d\d?:\d\d")


class NotOurs(Exception):
    """A construct that the language does not have; its message names the group."""


# --- decision tables -------------------------------------------------------------------------------------------------


def table_policy(table: Mapping[str, Any]) -> str:
    """Return a decision table as a policy: the first output is the decision, further ones are its values."""
    facts = {identifier(item["expr"]): _fact(item) for item in table["inputs"]}
    first, *others = [_named(output, index) for index, output in enumerate(table["outputs"])]
    decision: dict[str, Any] = {"outcomes": _outcomes(table), "values": dict.fromkeys(others, "text")}
    decision["hit_policy"] = f"{table['hit_policy']} {table['aggregation'] or ''}".strip().lower()
    columns = [*facts, *(f"=> {name}" for name in (first, *others))]
    rows = [
        [cell["text"] for cell in rule["when"]] + [_plain(cell["text"]) for cell in rule["then"]]
        for rule in table["rules"]
    ]
    return tomli_w.dumps(
        {
            "policy": {"id": "conformance"},
            "facts": facts,
            "decisions": {first: decision},
            "table": [{"id": "rows", "columns": columns, "rows": rows}],
        }
    )


def identifier(name: str) -> str:
    return "f_" + re.sub(r"\W+", "_", name).lower()


def _named(output: Mapping[str, Any], index: int) -> str:
    return identifier(output["name"]) if output["name"] else f"f_output_{index}"


def _fact(item: Mapping[str, Any]) -> dict[str, Any]:
    if item["base_type"] == "string":
        return {"type": "text", **({"one_of": _texts(item["values"])} if item["values"] else {})}
    return {"type": item["base_type"]}


def _texts(written: str) -> list[str]:
    return [_plain(part) for part in written.split(",")]


def _plain(text: str) -> str:
    return text.strip().strip('"')


def _outcomes(table: Mapping[str, Any]) -> Any:
    """Return what the first output may be: DMN lists its values strongest first, we least first."""
    output = table["outputs"][0]
    if output["values"]:
        return _texts(output["values"])[::-1]
    return "text" if table["rules"][0]["then"][0]["text"].startswith('"') else "number"


def table_result(outcome: Any) -> Any:
    """Return what a row of the suite expects, as outcomes first and values by name."""
    match outcome:
        case list():
            return [table_result(item) for item in outcome]
        case {"number": text}:
            return Fraction(text)
        case _:
            return outcome


def inputs(stated: Mapping[str, Any]) -> dict[str, Any]:
    return {identifier(name): value["number"] if isinstance(value, dict) else value for name, value in stated.items()}


# --- expressions -----------------------------------------------------------------------------------------------------


@attrs.define
class Translation:
    """
    A FEEL expression in our words, with the facts that it speaks of.

    Literals become facts where *as_facts*; null is a fact that is missing.
    """

    as_facts: bool
    types: dict[str, str] = attrs.field(factory=dict)
    given: dict[str, Any] = attrs.field(factory=dict)

    def policy(self, ast: Ast, named: Mapping[str, Any]) -> str:
        """Return the policy whose decision `answer` is the expression."""
        for name in sorted(names_in(ast) & named.keys()):
            self._name(name, named[name])
        match ast:
            case ["str", text]:
                return self._answer("text", [{"id": "value", "then": {"answer": text}}])
            case ["list", items] if items and all(item[0] == "str" for item in items):
                return self._answer("list of text", [{"id": "value", "then": {"answer": [text for _, text in items]}}])
        text, type_ = self.expression(ast, "boolean")
        if type_ == "boolean":
            yes = {"id": "yes", "when": text, "then": {"answer": True}}
            return self._answer(type_, [yes, {"id": "no", "unless": text, "then": {"answer": False}}])
        return self._answer(type_, [{"id": "value", "then": {"answer": text}}])

    def _answer(self, type_: str, rules: list[dict[str, Any]]) -> str:
        facts = {name: {"type": kind} for name, kind in self.types.items()}
        decisions = {"answer": {"outcomes": type_}}
        return tomli_w.dumps({"policy": {"id": "conformance"}, "facts": facts, "decisions": decisions, "rule": rules})

    def _name(self, name: str, value: Mapping[str, Any]) -> None:
        kind = {
            "string": "text",
            "number": "number",
            "boolean": "boolean",
            "null": "boolean",
            "list": "list of text",
        }.get(value["t"])
        if kind is None:
            raise NotOurs("contexts")
        self.types[identifier(name)] = kind
        if value["t"] != "null":
            found = value["v"]
            self.given[identifier(name)] = [item["v"] for item in found] if isinstance(found, list) else found

    def fact(self, type_: str, value: Any) -> tuple[str, str]:
        """Return a new fact; None stands for one that is missing."""
        name = f"fact_{len(self.types)}"
        self.types[name] = type_
        if value is not None:
            self.given[name] = value
        return name, type_

    def literal(self, text: str, type_: str, value: Any) -> tuple[str, str]:
        return self.fact(type_, value) if self.as_facts else (text, type_)

    def expression(self, ast: Ast, hint: str) -> tuple[str, str]:
        """Return our words for an expression and its type; *hint* is the type that a null is taken to have."""
        match ast:
            case ["neg", inner]:
                text, type_ = self.expression(inner, "number")
                return f"-({text})", type_
            case ["and" | "or" as operator, left, right]:
                return f"({self.condition(left)}) {operator} ({self.condition(right)})", "boolean"
            case ["between", subject, low, high]:
                one, *others = self.together(subject, low, high)
                return f"{one} between {others[0]} and {others[1]}", "boolean"
            case ["bin", operator, left, right]:
                return self.binary(operator, left, right)
            case ["in", subject, tests]:
                return self.membership(subject, tests)
            case ["call", function, arguments, _]:
                return self.call(function, arguments)
            case _:
                return self.leaf(ast, hint)

    def leaf(self, ast: Ast, hint: str) -> tuple[str, str]:
        match ast:
            case ["null"]:
                return self.fact(hint, None)
            case ["num", text]:
                text = f"0{text}" if text.startswith(".") else text
                return self.literal(text, "number", text)
            case ["str", text]:
                return self.literal("'" + text.replace("'", "''") + "'", "text", text)
            case ["bool", value]:
                return self.literal(str(value).lower(), "boolean", value)
            case ["name", name]:
                return identifier(name), self.types[identifier(name)]
            case ["at", text]:
                return self.moment(text)
            case _:
                raise NotOurs(_LACKING[ast[0]])

    def condition(self, ast: Ast) -> str:
        text, type_ = self.expression(ast, "boolean")
        if type_ != "boolean":
            raise NotOurs("`and` and `or` over values that are neither true nor false")
        return text

    def together(self, *parts: Ast) -> list[str]:
        """Return the words for parts of one type; a null among them has the type of the others."""
        known = [self.expression(part, "") for part in parts if part[0] != "null"]
        type_ = known[0][1] if known else "number"
        if type_ == "text" and len(parts) > 2:
            raise NotOurs("an order of texts")
        left = iter(known)
        return [self.expression(part, type_)[0] if part[0] == "null" else next(left)[0] for part in parts]

    def binary(self, operator: str, left: Ast, right: Ast) -> tuple[str, str]:
        if operator in ("=", "!=", "<", "<=", ">", ">="):
            if right[0] == "null":
                subject = self.fact_of(left)
                return f"{subject} is {'missing' if operator == '=' else 'known'}", "boolean"
            one, other = self.together(left, right)
            return f"{one} {operator} {other}", "boolean"
        (one, a), (other, b) = self.operands(operator, left, right)
        if operator == "+" and a == "duration" and b == "datetime":
            (one, a), (other, b) = (other, b), (one, a)
        if "date" in (a, b) and "duration" in (a, b) and operator in ("+", "-"):
            raise NotOurs("a date moved by a length of time")
        if a == b == "datetime" and operator == "-":
            raise NotOurs("the time between two moments")
        if {a, b} == {"date", "datetime"} and operator == "-":
            raise NotOurs("the time between two moments")
        if operator == "+" and a == b == "text":
            raise NotOurs("texts joined by `+`")
        return f"({one}) {operator} ({other})", _type_of(operator, a, b)

    def operands(self, operator: str, left: Ast, right: Ast) -> tuple[tuple[str, str], tuple[str, str]]:
        """Return both sides; a null is of the type that the operator wants beside the other."""
        if left[0] == "null" and right[0] == "null":
            return self.fact("number", None), self.fact("number", None)
        if left[0] == "null":
            found = self.expression(right, "")
            return self.fact(_beside(operator, found[1]), None), found
        found = self.expression(left, "")
        if right[0] == "null":
            return found, self.fact(_beside(operator, found[1]), None)
        return found, self.expression(right, "")

    def fact_of(self, ast: Ast) -> str:
        """Return a literal as a fact, whatever else literals become."""
        before, self.as_facts = self.as_facts, True
        text, _ = self.expression(ast, "number")
        self.as_facts = before
        return text

    def membership(self, subject: Ast, tests: Sequence[Ast]) -> tuple[str, str]:
        """Return `in` as comparisons with each of the tests; any may hold."""
        one, type_ = self.expression(subject, "number")
        return " or ".join(self.unary(one, type_, test) for test in tests), "boolean"

    def unary(self, subject: str, type_: str, test: Ast) -> str:
        match test:
            case ["cmp", operator, value]:
                if type_ == "text" and operator not in ("=", "!="):
                    raise NotOurs("an order of texts")
                return f"{subject} {operator} {self.expression(value, type_)[0]}"
            case ["expr", ["list", items]] | ["list", items]:
                return "(" + " or ".join(self.unary(subject, type_, item) for item in items) + ")"
            case ["expr", inner]:
                return self.unary(subject, type_, inner)
            case ["range", opens, low, high, closes]:
                if type_ == "text":
                    raise NotOurs("an order of texts")
                above, below = ">" if opens else ">=", "<" if closes else "<="
                return f"({subject} {above} {self.expression(low, type_)[0]} and {subject} {below} {self.expression(high, type_)[0]})"
            case _:
                return f"{subject} = {self.expression(test, type_)[0]}"

    def call(self, function: str, arguments: Sequence[Ast]) -> tuple[str, str]:
        match function, arguments:
            case "not", [inner]:
                return f"not ({self.condition(inner)})", "boolean"
            case "abs", [inner]:
                text, type_ = self.expression(inner, "number")
                return f"abs({text})", type_
            case "contains" | "starts with" | "ends with", [subject, part]:
                one, other = (self.expression(side, "text")[0] for side in (subject, part))
                return f"{one} {function} {other}", "boolean"
            case "list contains", [["name", _] as subject, part]:
                one, (other, type_) = self.expression(subject, "")[0], self.expression(part, "text")
                if type_ == "list of text":
                    raise NotOurs(_LACKING["list"])
                return f"{one} contains {other}", "boolean"
            case "date" | "date and time" | "duration", [["str", text]]:
                return self.moment(text, {"date and time": "datetime"}.get(function, function))
            case "date and time", [["name", name]]:
                self.types[identifier(name)] = "datetime"
                return identifier(name), "datetime"
            case "time", _:
                raise NotOurs("times of day")
            case "date" | "date and time" | "duration", _:
                raise NotOurs("conversions of anything but a text into a date or a length of time")
            case _:
                raise NotOurs("functions that we do not have")

    def moment(self, text: str, type_: str = "") -> tuple[str, str]:
        """Return a date, a moment or a length of time, by its ISO 8601 text."""
        if type_ == "duration" or (not type_ and "P" in text):
            seconds = str(seconds_of(text))
            return self.literal(f"({seconds} s)", "duration", f"{seconds} s")
        if not type_ and _TIME.match(text):
            raise NotOurs("times of day")
        type_ = type_ or ("datetime" if "T" in text else "date")
        if type_ == "datetime" and "T" not in text:
            return self.fact(type_, text)
        if self.as_facts or not re.match(r"\d{4}-\d\d-\d\d(T|\Z)", text):
            return self.fact(type_, text)
        return text, type_


#: What the language lacks, by the node of the suite that asks for it.
_LACKING = {
    "list": "lists and ranges as values",
    "range": "lists and ranges as values",
    "path": "parts of a date (`.day`, `.hour`)",
    "if": "`if`",
}


def names_in(ast: Any) -> set[str]:
    """Return the inputs that an expression speaks of."""
    if not isinstance(ast, list | tuple):
        return set()
    if len(ast) == 2 and ast[0] == "name":
        return {ast[1]}
    return {name for part in ast for name in names_in(part)}


def seconds_of(text: str) -> Decimal:
    """Return an ISO 8601 duration of days and less in seconds."""
    match = _ISO_DURATION.match(text)
    if match is None or not any(match.groups()[1:]):
        raise NotOurs(
            "lengths of time in years and months" if re.search(r"\d[YM]", text) else "durations that are none"
        )
    sign, days, hours, minutes, seconds = match.groups()
    total = int(days or 0) * 86_400 + int(hours or 0) * 3_600 + int(minutes or 0) * 60 + Decimal(seconds or 0)
    return -total if sign else total


def _beside(operator: str, type_: str) -> str:
    """Return the type that an operator wants beside another: a null is taken to be that."""
    if operator in ("*", "/"):
        return "number"
    return "duration" if type_ in ("datetime", "date", "duration") else type_


def _type_of(operator: str, a: str, b: str) -> str:
    if a == b == "date":
        return "duration"
    if operator == "/" and a == b == "duration":
        return "number"
    if a == "number" and b == "duration" and operator == "*":
        return b
    return "number" if a in ("text", "boolean") else a


def expected(stated: Mapping[str, Any]) -> Any:
    """Return what the suite expects, as our decisions have it; None for null."""
    match stated:
        case {"t": "null"}:
            return None
        case {"t": "number", "v": text}:
            return Fraction(text)
        case {"t": "duration", "v": text}:
            return Fraction(seconds_of(text))
        case {"t": "date", "v": text}:
            return dt.date.fromisoformat(text)
        case {"t": "datetime", "v": text}:
            found = dt.datetime.fromisoformat(text)
            return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        case {"t": "list", "v": items}:
            return tuple(expected(item) for item in items)
        case {"v": value}:
            return value
    raise AssertionError(stated)
