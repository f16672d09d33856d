"""The checked policy: a small immutable tree that every reading reads.

Names are resolved, types are checked, terms and parameters are in place: a reading trusts the tree and never checks again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from .decisions import DecisionSpec as DecisionSpec  # noqa: PLC0414 because readings look for it here
from .regions import Operator, Region
from .types import Fact, Number, Type, Value

if TYPE_CHECKING:
    from .case_tree import CaseTree

# --- expressions: what a test compares and what a value says ---------------------------------------------------------


@attrs.frozen
class Constant:
    """A constant, canonical for its type; *name* is the parameter that it came from, if any."""

    value: Value
    type: Type
    name: str = ""


@attrs.frozen
class FactRef:
    """The value of a fact, or, inside a guard, the outcome of a decision."""

    name: str
    type: Type


@attrs.frozen
class Arithmetic:
    """Two numbers (or money, durations, dates) combined."""

    operator: Literal["+", "-", "*", "/"]
    left: Expression
    right: Expression
    type: Type


@attrs.frozen
class Call:
    """A function of the language applied to its arguments."""

    function: Literal["min", "max", "abs", "count", "days_since"]
    arguments: tuple[Expression, ...]
    type: Type


Expression: TypeAlias = Constant | FactRef | Arithmetic | Call

# --- conditions as written -------------------------------------------------------------------------------------------


@attrs.frozen
class Compare:
    """Two operands of one type held against each other."""

    operator: Operator
    left: Expression
    right: Expression


@attrs.frozen
class TextTest:
    """A test on text; `contains` also asks whether a list has a word. *matches* holds an RE2 pattern."""

    operator: Literal["contains", "starts with", "ends with", "matches"]
    subject: Expression
    pattern: Expression


@attrs.frozen
class Known:
    """Whether anything was handed in for a fact."""

    fact: str


@attrs.frozen
class Truth:
    """True or false, whatever the facts."""

    value: bool


@attrs.frozen
class Not:
    """The negation of a condition."""

    part: Condition


@attrs.frozen
class And:
    """All parts hold."""

    parts: tuple[Condition, ...]


@attrs.frozen
class Or:
    """Any part holds."""

    parts: tuple[Condition, ...]


@attrs.frozen
class Named:
    """A term of the policy, by its name."""

    name: str
    part: Condition


Condition: TypeAlias = Compare | TextTest | Known | Truth | Not | And | Or | Named

# --- the normal form: what every reading reads -----------------------------------------------------------------------


@attrs.frozen(cache_hash=True)
class FactTest:
    """
    A test on one fact alone: the values for which it holds.

    *known* is the region if something was handed in for the fact, *missing* the region if nothing was (they differ only where
    the condition asks `is known` or `is missing`). Both lie within the fact's universe.
    """

    fact: str
    known: Region
    missing: Region


@attrs.frozen(cache_hash=True)
class Atom:
    """A test over several facts, a pattern or a function, or (where not *holds*) its negation."""

    test: Compare | TextTest
    facts: tuple[str, ...]
    holds: bool = True


@attrs.frozen(cache_hash=True)
class Whole:
    """A part whose normal form would pass the bound: an `or` of `and`s of conjuncts, evaluated as one boolean."""

    form: NormalForm


Conjunct: TypeAlias = FactTest | Atom | Whole


@attrs.frozen(cache_hash=True)
class NormalForm:
    """
    An `or` of `and`s. No disjuncts: never true. A disjunct without conjuncts: always true.

    INVARIANT: within a disjunct no two FactTests are on the same fact.
    """

    disjuncts: tuple[tuple[Conjunct, ...], ...]


ALWAYS = NormalForm(((),))
NEVER = NormalForm(())
ALWAYS_HOLDS = Truth(value=True)

# --- the policy ------------------------------------------------------------------------------------------------------


@attrs.frozen
class Origin:
    """Where something was written: a document and the path of the TOML value in it. The line is looked up when asked for."""

    document: str
    path: tuple[str | int, ...]


@attrs.frozen
class Parameter:
    """A knob that an owner turns; *text* is what was written."""

    name: str
    type: Type
    value: Value | tuple[Value, ...]
    text: str
    origin: Origin


@attrs.frozen
class Term:
    """A word for a condition that several rules use."""

    name: str
    text: str
    condition: Condition
    form: NormalForm
    origin: Origin


@attrs.frozen
class Rule:
    """
    One rule: what it asks and what follows.

    *outcomes* maps each decision it takes to the outcome's expression, *values* each value name to its expression, *text* is the
    condition in words, as written. *because* is the owner's reason. *has_unless* says whether an `unless` was written: it is the
    negation that the condition is, or that is the last part of it.
    """

    id: str
    condition: Condition
    form: NormalForm
    outcomes: Mapping[str, Expression]
    values: Mapping[str, Expression]
    oblige: tuple[str, ...]
    title: str
    because: str
    source: str
    text: str
    origin: Origin
    has_unless: bool = False


@attrs.frozen
class Guard:
    """A red line: a condition over outcomes and facts that must never hold; *decisions* are those that it names."""

    id: str
    condition: Condition
    form: NormalForm
    decisions: tuple[str, ...]
    title: str
    because: str
    source: str
    text: str
    origin: Origin


@attrs.frozen
class Independence:
    """A declaration that *decisions* do not depend on *facts*; *id* is empty where the owner gave none."""

    id: str
    decisions: tuple[str, ...]
    facts: tuple[str, ...]
    title: str
    because: str
    source: str
    origin: Origin


@attrs.frozen
class Obligation:
    """A duty that comes with a rule; *within* is seconds from the decision, None where no deadline is set."""

    id: str
    title: str
    within: Number | None
    by: str
    because: str
    source: str
    origin: Origin


@attrs.frozen
class Case:
    """
    One of the owner's own tests: facts given and what must follow, both as written in TOML.

    It is not *confirmed* where it was generated and nobody has read it.
    """

    name: str
    given: Mapping[str, object]
    expect: Mapping[str, object]
    as_of: dt.date | dt.datetime | None
    origin: Origin
    confirmed: bool = True


@attrs.frozen
class Switch:
    """A rule, a guard or the like that an extending policy switched off, with the reason."""

    id: str
    because: str
    origin: Origin


def _plain_case() -> CaseTree:
    """Return what a policy that says nothing of cases means: the built-in kinds of events."""
    from .case_tree import CaseTree
    from .event_kinds import EVENT_KINDS

    return CaseTree(EVENT_KINDS)


@attrs.frozen
class Allowance:
    """
    A finding of `policy verify` that is meant to be so up to a day, and why.

    *item* is what it stands on and *id* what that is called; *rule*, *decision* and *name*, where given, make it narrower.
    """

    finding: str
    because: str
    until: dt.date
    rule: str
    decision: str
    name: str
    id: str
    item: Origin
    origin: Origin


@attrs.frozen
class PolicyTree:
    """
    A policy, resolved and checked.

    INVARIANT: rules are in the order in which they are tried; `first` and the index rely on it. *asked* are the facts that any
    rule, guard or value asks for; *document* is the policy's own, beside those that it extends; *case* is
    what it says of cases.
    """

    id: str
    document: str
    title: str
    version: str
    about: str
    currency: str
    effective: dt.date | dt.datetime | None
    expires: dt.date | dt.datetime | None
    jurisdiction: str
    review_by: dt.date | None
    extends: tuple[str, ...]
    rates: Mapping[str, Number]
    facts: Mapping[str, Fact]
    parameters: Mapping[str, Parameter]
    terms: Mapping[str, Term]
    decisions: Mapping[str, DecisionSpec]
    rules: tuple[Rule, ...]
    guards: tuple[Guard, ...]
    obligations: Mapping[str, Obligation]
    tests: tuple[Case, ...]
    switched_off: tuple[Switch, ...]
    allowances: tuple[Allowance, ...]
    asked: frozenset[str]
    content_hash: str
    case: CaseTree = attrs.field(factory=_plain_case)
    independent: tuple[Independence, ...] = ()
