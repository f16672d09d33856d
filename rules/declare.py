"""The declaring passes: currency, facts, parameters, decisions and obligations of a draft."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

import attrs

from .case_tree import Calendar, Duty, EventKind, Monitoring, Pattern, Plan, Replies, Story
from .check import Checker, Mistyped, Scope
from .compose import Draft, Part
from .conditions import plain, read_value_expression
from .currencies import MINOR_DIGITS
from .decisions import Aggregate, DecisionSpec, HitPolicy
from .describe import described, shown, type_name
from .diagnostics import Findings, Place, nearest
from .given import Currencies, FactProblem, read_fact
from .lengths import read_length
from .normal import Normalizer
from .quantities import (
    NUMBER_PATTERN,
    TIME_UNITS,
    QuantityError,
    from_python,
    parse_number,
)
from .syntax import RESERVED, SyntaxProblem, WrittenLiteral, parse_condition
from .takes import WRITTEN, fits
from .tree import (
    Allowance,
    Condition,
    Expression,
    Guard,
    Independence,
    Obligation,
    Parameter,
    Rule,
    Term,
)
from .types import INTEGER, NAMED_TYPES, TEXT, Fact, Number, Type, Value

_IDENTIFIER = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*\Z")
_WITH_UNIT = re.compile(rf"\s*[+-]?(?:{NUMBER_PATTERN})\s*([^\W\d_]+)\s*\Z")
#: What a test may expect beside decisions and their values.
_EXPECTED: Final = frozenset(("obligations", "guards", "rules"))
HIT_POLICIES: Final[dict[str, tuple[HitPolicy, Aggregate | None]]] = {
    "first": ("first", None),
    "priority": ("priority", None),
    "unique": ("unique", None),
    "any": ("any", None),
    "collect": ("collect", None),
    "collect sum": ("collect", "sum"),
    "collect min": ("collect", "min"),
    "collect max": ("collect", "max"),
    "collect count": ("collect", "count"),
    "rule order": ("rule order", None),
    "output order": ("output order", None),
}


@attrs.define
class Work:
    """A policy in the making: the draft, what was found wrong, and what the passes have made so far."""

    draft: Draft
    vocabulary: Mapping[str, Fact]
    built_in: Mapping[str, DecisionSpec]
    findings: Findings
    currencies: Currencies = attrs.field(factory=lambda: Currencies("USD"))
    facts: dict[str, Fact] = attrs.field(factory=dict)
    parameters: dict[str, Parameter] = attrs.field(factory=dict)
    decisions: dict[str, DecisionSpec] = attrs.field(factory=dict)
    obligations: dict[str, Obligation] = attrs.field(factory=dict)
    conditions: dict[str, Condition | None] = attrs.field(factory=dict)
    terms: dict[str, Term] = attrs.field(factory=dict)
    extents: dict[str, tuple[int, int]] = attrs.field(factory=dict)
    total_size: int = 0
    rules: list[Rule] = attrs.field(factory=list)
    guards: list[Guard] = attrs.field(factory=list)
    allowances: list[Allowance] = attrs.field(factory=list)
    independent: list[Independence] = attrs.field(factory=list)
    normalizer: Normalizer | None = None
    events: dict[str, EventKind] = attrs.field(factory=dict)
    plans: dict[str, Plan] = attrs.field(factory=dict)
    patterns: list[Pattern] = attrs.field(factory=list)
    replies: Replies | None = None
    calendar: Calendar | None = None
    monitoring: Monitoring | None = None
    duties: dict[str, Duty] = attrs.field(factory=dict)
    stories: list[Story] = attrs.field(factory=list)

    used: set[str] = attrs.field(factory=set)

    @cached_property
    def scope(self) -> Scope:
        """The names that rules may use; not to be asked for before the currency is known."""
        return Scope(self.facts, self.parameters, self.conditions, {}, self.currencies, self.decisions, self.used)


def declare_currency(work: Work) -> None:
    """Take the policy's currency, or that of the first it extends, or USD; then the rates into it."""
    home = "USD"
    for layer in reversed(work.draft.layers):
        policy = layer.values.get("policy")
        written = policy.get("currency") if isinstance(policy, dict) else None
        if isinstance(written, str):
            if written in MINOR_DIGITS:
                home = written
            else:
                place = Place(layer.name, ("policy", "currency"))
                work.findings.report(
                    "unknown-currency", place, suggestion=nearest(written, MINOR_DIGITS), currency=written
                )
    rates: dict[str, Number] = {}
    for name, part in work.draft.rates.items():
        rate = _rate(part.raw.get(""))
        if name not in MINOR_DIGITS:
            place = attrs.evolve(part.place, key=True)
            work.findings.report("unknown-currency", place, suggestion=nearest(name, MINOR_DIGITS), currency=name)
        elif rate is None or rate <= 0:
            work.findings.report("bad-rate", part.place, currency=name, home=home)
        else:
            rates[name] = rate
    work.currencies = Currencies(home, rates)


def _rate(raw: object) -> Number | None:
    try:
        return parse_number(raw) if isinstance(raw, str) else from_python(raw)
    except QuantityError:
        return None


# --- facts -----------------------------------------------------------------------------------------------------------


def declare_facts(work: Work) -> None:
    """Take the vocabulary, the owner's own facts, and what to assume where a fact is missing."""
    work.facts.update(work.vocabulary)
    for name, parts in work.draft.facts.items():
        check_name(work, name, parts[0], "fact")
        for part in reversed(parts):
            _declare_fact(work, name, part)
    groups = {name[:at] for name in work.facts for at, sign in enumerate(name) if sign == "."}
    for name in groups & work.draft.facts.keys():
        place = attrs.evolve(work.draft.facts[name][0].place, key=True)
        work.findings.report("name-clash", place, name=name, kind="fact", other="group of facts")


#: What callers ask of a decision as a whole, and so no name for one of its parts.
_ASKED: Final = frozenset({"explain", "record"})


def check_name(work: Work, name: str, part: Part, kind: str) -> None:
    """Report a name that conditions could not speak of."""
    place = attrs.evolve(part.place, key=True)
    if not _IDENTIFIER.match(name):
        plain_name = re.sub(r"[\W.]+", "_", name).strip("_")
        suggestion = plain_name if _IDENTIFIER.match(plain_name) else ""
        work.findings.report("bad-name", place, suggestion=suggestion, kind=kind, name=shown(name))
    elif (
        name in RESERVED
        or (kind in ("decision", "value") and name in _EXPECTED)
        or (kind == "decision" and name in _ASKED)
    ):
        work.findings.report("reserved-name", place, kind=kind, name=name)


def _declare_fact(work: Work, name: str, part: Part) -> None:
    before = work.facts.get(name)
    describes = {"type", "scale", "one_of", "min", "max", "unit"} & set(part.raw)
    if before is not None and describes:
        declared = None if before.built_in else _new_fact(work, name, part)
        if declared is not None and declared.type == before.type:
            work.facts[name] = declared
        elif before.built_in or declared is not None:
            key = min(describes)
            work.findings.report("fact-redefined", part.place.inside(key), name=name, type=type_name(before.type))
        return
    if before is None and not describes:
        known = nearest(name, work.facts)
        work.findings.report("fact-without-type", part.place, suggestion=known, name=name)
        return
    fact = before if before is not None else _new_fact(work, name, part)
    if fact is not None:
        work.facts[name] = _with_words(work, fact, part)


def _with_words(work: Work, fact: Fact, part: Part) -> Fact:
    """Return the fact with the question, the description and the assumption that the owner wrote."""
    changes: dict[str, Any] = {key: part.raw[key] for key in ("ask", "about") if isinstance(part.raw.get(key), str)}
    if "assume" in part.raw and fits(part.raw["assume"], "literal"):
        assumed = read_stated(work, part.raw["assume"], fact, part.place.inside("assume"))
        if assumed is not None:
            changes["assume"] = assumed
    return attrs.evolve(fact, **changes)


def read_stated(work: Work, raw: object, fact: Fact, place: Place) -> Value | None:
    """Read a value of a fact, its mistakes reported."""
    try:
        value = read_fact(raw, fact, work.currencies)
        if isinstance(value, int | Fraction | str | tuple):
            return value
        facts = {"text": shown(raw), "why": "one certain value is wanted", "expected": type_name(fact.type)}
        work.findings.report("bad-value", place, fact=fact.name, **facts)
    except FactProblem as problem:
        facts = {"fact": fact.name, **problem.facts}
        work.findings.report(problem.code, place, suggestion=problem.suggestion, **facts)
    return None


def _new_fact(work: Work, name: str, part: Part) -> Fact | None:
    type_ = _fact_type(work, name, part)
    if type_ is None:
        return None
    unit = part.raw.get("unit", "")
    bare = Fact(name, type_, unit=unit if isinstance(unit, str) else "")
    bounds: dict[str, Any] = {}
    for key, field in (("min", "low"), ("max", "high")):
        if key in part.raw and fits(part.raw[key], "literal"):
            if not type_.is_ordered:
                work.findings.report("bound-without-order", part.place.inside(key), key=key, type=type_name(type_))
            else:
                bounds[field] = read_stated(work, part.raw[key], bare, part.place.inside(key))
    fact = attrs.evolve(bare, **bounds)
    if fact.low is not None and fact.high is not None and fact.low > fact.high:
        facts = {"text": "min .. max", "why": "`min` is above `max`"}
        work.findings.report("empty-range", part.place.inside("min"), fact=name, **facts)
        return bare
    return _with_words(work, fact, part)


def _fact_type(work: Work, name: str, part: Part) -> Type | None:
    named = [key for key in ("type", "scale", "one_of") if key in part.raw]
    if named not in (["type"], ["scale"], ["one_of"], ["type", "one_of"]):
        work.findings.report("fact-without-type", part.place, name=name)
        return None
    key = named[-1]
    raw = part.raw[key]
    if key == "type":
        if isinstance(raw, str) and raw not in NAMED_TYPES:
            place = part.place.inside("type")
            work.findings.report("unknown-type", place, suggestion=nearest(raw, NAMED_TYPES), type=shown(raw))
        return NAMED_TYPES.get(raw) if isinstance(raw, str) else None
    if not fits(raw, "list of text") or not _are_words(work, raw, key, part.place.inside(key), least=2):
        return None
    return Type("scale" if key == "scale" else "text", tuple(raw))


def _are_words(work: Work, raw: list[str], key: str, place: Place, *, least: int) -> bool:
    """Whether a list can be the words of a type: enough of them, none twice, none blank."""
    problem = f"it has fewer than {least}" if len(raw) < least else ""
    seen: set[str] = set()
    for index, word in enumerate(raw):
        if word in seen or word != word.strip() or not word:
            problem = f"`{shown(word)}` is there twice" if word in seen else "a word has a blank around it, or is empty"
            place = place.inside(index)
            break
        seen.add(word)
    if problem:
        work.findings.report("bad-words", place, key=key, why=problem)
    return not problem


# --- parameters ------------------------------------------------------------------------------------------------------


def declare_parameters(work: Work) -> None:
    """Read every parameter; one that an extending policy overrides must keep its type."""
    for name, part in work.draft.parameters.items():
        check_name(work, name, part, "parameter")
        if name in work.facts:
            place = attrs.evolve(part.place, key=True)
            work.findings.report("name-clash", place, name=name, kind="parameter", other="fact")
            continue
        parameter = _parameter(work, name, part)
        base = work.draft.overridden[name]
        if parameter is None:
            continue
        if base is not part:
            first = _parameter(work, name, base)
            if first is not None and not _alike(first.type, parameter.type):
                kinds = {"was": type_name(first.type), "now": type_name(parameter.type)}
                work.findings.report("parameter-type-changed", part.place, name=name, **kinds)
                parameter = first  # so that the rules of the extended policy are not blamed
        work.parameters[name] = parameter


def _alike(one: Type, other: Type) -> bool:
    return one == other or (one.is_numeric and other.is_numeric)


def _parameter(work: Work, name: str, part: Part) -> Parameter | None:
    raw = part.raw.get("", part.raw)
    if not fits(raw, "literal"):
        return None
    if isinstance(raw, list):
        literals = [_literal(work, item, part.place.inside(index)) for index, item in enumerate(raw)]
        found = [literal for literal in literals if literal is not None]
        if not found or len(found) < len(raw) or any(type_ != found[0][0] for type_, _ in found):
            work.findings.report("bad-list", part.place, name=name)
            return None
        return Parameter(name, found[0][0], tuple(value for _, value in found), _text(raw), part.origin)
    literal = _literal(work, raw, part.place)
    return Parameter(name, literal[0], literal[1], _text(raw), part.origin) if literal is not None else None


def _text(raw: object) -> str:
    if isinstance(raw, list):
        return ", ".join(_text(item) for item in raw)
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def _literal(work: Work, raw: object, place: Place) -> tuple[Type, Value] | None:
    """Read a literal; a text that reads as an amount, a time, a percentage or a date is one."""
    checker = Checker(work.scope, work.findings, place)
    if isinstance(raw, dict):
        wanted = WRITTEN["literal"]
        work.findings.report("wrong-kind", place, key=str(place.path[-1]), wanted=wanted, found=described(raw))
        return None
    try:
        written = _quantity(raw) if isinstance(raw, str) else plain(raw, checker)
        if written is None:
            return TEXT, _text_of_its_own(work, str(raw), place)
        constant = checker.expression(attrs.evolve(written, start=-1, end=-1))
    except Mistyped:
        return None
    return constant.type, getattr(constant, "value")  # noqa: B009 because an expression of a literal is a constant


def _text_of_its_own(work: Work, raw: str, place: Place) -> str:
    """Return a text; a number with one word behind it, as in `75 USDD`, was meant as an amount and is reported."""
    meant = _WITH_UNIT.match(raw)
    if meant is not None:
        at = attrs.evolve(place, start=meant.start(1), end=meant.end(1))
        work.findings.report(
            "unknown-unit", at, suggestion=nearest(meant[1], [*MINOR_DIGITS, *TIME_UNITS]), unit=meant[1]
        )
    return raw


def _quantity(raw: str) -> WrittenLiteral | None:
    negative = raw.strip().startswith("-")
    try:
        written = parse_condition(raw.strip().removeprefix("-"))
    except SyntaxProblem:
        return None
    if not isinstance(written, WrittenLiteral) or written.kind in ("text", "boolean"):
        return None
    if negative and not isinstance(written.value, str):
        return attrs.evolve(written, value=-written.value)
    return written


# --- decisions and obligations ---------------------------------------------------------------------------------------


def declare_decisions(work: Work) -> None:
    """Take the built-in decisions, the owner's own, and what each layer changes in them."""
    work.decisions.update(work.built_in)
    owners: dict[str, str] = {value: spec.id for spec in work.built_in.values() for value in spec.values}
    for name, parts in work.draft.decisions.items():
        check_name(work, name, parts[0], "decision")
        _check_free(work, name, parts[0])
        for part in reversed(parts):
            spec = _decision(work, name, part)
            if spec is None:
                continue
            for value in spec.values:
                if value in _EXPECTED:
                    place = part.place.inside("values", value)
                    work.findings.report("reserved-name", attrs.evolve(place, key=True), kind="value", name=value)
                if owners.setdefault(value, name) != name or value in work.draft.decisions or value in work.built_in:
                    place = part.place.inside("values", value)
                    work.findings.report("name-clash", place, name=value, kind="value", other="decision or value")
            work.decisions[name] = spec


def _check_free(work: Work, name: str, part: Part) -> None:
    """Report a decision that bears the name of a fact, a parameter or a term: a guard could mean either."""
    kinds: dict[str, Container[str]] = {"fact": work.facts, "parameter": work.parameters, "term": work.draft.terms}
    other = next((kind for kind, names in kinds.items() if name in names), "")
    if other:
        place = attrs.evolve(part.place, key=True)
        work.findings.report("name-clash", place, name=name, kind="decision", other=other)


def _decision(work: Work, name: str, part: Part) -> DecisionSpec | None:
    before = work.decisions.get(name)
    type_ = _outcome_type(work, part) if "outcomes" in part.raw else before.type if before else None
    if type_ is None:
        if "outcomes" not in part.raw:
            suggestion = nearest(name, work.decisions)
            work.findings.report("decision-without-outcomes", part.place, suggestion=suggestion, name=name)
        return None
    spec = (
        attrs.evolve(before, type=type_, origin=part.origin)
        if before
        else DecisionSpec(name, type_, origin=part.origin)
    )
    words = {key: part.raw[key] for key in ("title", "about") if isinstance(part.raw.get(key), str)}
    spec = attrs.evolve(spec, **words, values={**spec.values, **_value_types(work, part)})
    spec = _with_hit_policy(work, spec, part)
    if "default" in part.raw:
        spec = attrs.evolve(spec, default=_default(work, spec, part))
    return spec


def _outcome_type(work: Work, part: Part) -> Type | None:
    raw = part.raw["outcomes"]
    place = part.place.inside("outcomes")
    if isinstance(raw, str):
        if raw not in NAMED_TYPES:
            work.findings.report("unknown-type", place, suggestion=nearest(raw, NAMED_TYPES), type=shown(raw))
        return NAMED_TYPES.get(raw)
    if not fits(raw, "list of text") or not _are_words(work, raw, "outcomes", place, least=1):
        return None
    if "refer" in raw:
        work.findings.report("reserved-name", place, kind="outcome", name="refer")
    return Type("scale", tuple(raw))


def _value_types(work: Work, part: Part) -> dict[str, Type]:
    raw = part.raw.get("values")
    found: dict[str, Type] = {}
    for name, kind in (raw if isinstance(raw, dict) else {}).items():
        place = part.place.inside("values", name)
        if not isinstance(kind, str) or kind not in NAMED_TYPES:
            work.findings.report("unknown-type", place, suggestion=nearest(shown(kind), NAMED_TYPES), type=shown(kind))
        else:
            found[name] = NAMED_TYPES[kind]
    return found


def _with_hit_policy(work: Work, spec: DecisionSpec, part: Part) -> DecisionSpec:
    written = part.raw.get("hit_policy")
    if not isinstance(written, str):
        return spec
    place = part.place.inside("hit_policy")
    key = " ".join(written.lower().replace("_", " ").replace("-", " ").split())
    if key not in HIT_POLICIES:
        suggestion = nearest(written, HIT_POLICIES)
        work.findings.report("unknown-hit-policy", place, suggestion=suggestion, hit_policy=shown(written))
        return spec
    hit_policy, aggregate = HIT_POLICIES[key]
    ordered = bool(spec.type.words) or spec.type.is_ordered
    sums = spec.type.is_numeric or spec.type.kind in ("money", "duration")
    if (hit_policy in ("priority", "output order") and not ordered) or (aggregate in ("min", "max") and not ordered):
        work.findings.report("hit-policy-needs-order", place, hit_policy=key, decision=spec.id)
    elif aggregate == "sum" and not sums:
        work.findings.report("hit-policy-needs-numbers", place, hit_policy=key, decision=spec.id)
    return attrs.evolve(spec, hit_policy=hit_policy, aggregate=aggregate)


def _default(work: Work, spec: DecisionSpec, part: Part) -> Expression | None:
    if part.raw["default"] == "refer":
        return None
    try:
        place = part.place.inside("default")
        type_ = INTEGER if spec.aggregate == "count" else spec.type  # because it stands in for a number of rules
        return read_value_expression(spec.id, part.raw["default"], type_, place, work.scope, work.findings)
    except Mistyped:
        return None


def declare_obligations(work: Work) -> None:
    """Read every duty with its deadline."""
    for name, part in work.draft.obligations.items():
        within = read_length(work, part.raw.get("within"), part.place.inside("within"))
        words = {key: str(part.raw.get(key, "")) for key in ("title", "by", "because", "source")}
        work.obligations[name] = Obligation(name, within=within, origin=part.origin, **words)
