"""What a policy says about one incident: verdicts, duties, red lines, and what is not known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from ..rules.money import Money
from ..rules.types import INTEGER, Type, Value

if TYPE_CHECKING:
    from ..rules.tree import DecisionSpec, Guard, Rule

#: The outcome of a decision that nobody has made: a human is asked.
REFER = "refer"

#: Why a verdict refers: no rule matched; facts are missing; rules contradict each other; a red line; not in force; an expression
#: has no value (a division by zero).
Because: TypeAlias = Literal["decided", "no-rule", "unsettled", "conflict", "guard", "not-in-force", "undefined"]

#: A canonical outcome, or for a collecting hit policy all of them.
Outcome: TypeAlias = Value | tuple[Value, ...]


@attrs.frozen
class Verdict:
    """
    What is decided about one question.

    *status* is `decided`, or says why the decision is left to a human. *possible* are the outcomes that may still come, *missing*
    the facts that would settle it, most useful first. *rule* is the one that decided, None where the default did; *rules* are all
    that took part; *rivals* may win in its place with the same outcome. *unsettled* names values that are not certain. *may_refer*
    says, of what is not settled, whether it may come to nobody deciding at all. *canonical* and *canonical_values* are exact, as
    `evenhand.rules.types` has them; `outcome` and `values` are what callers want.
    """

    spec: DecisionSpec
    currency: str
    canonical: Outcome
    status: Because = "decided"
    rule: Rule | None = None
    rules: tuple[Rule, ...] = ()
    canonical_values: Mapping[str, Outcome] = attrs.field(factory=dict)
    unsettled: tuple[str, ...] = ()
    possible: tuple[Outcome, ...] = ()
    missing: tuple[str, ...] = ()
    rivals: tuple[Rule, ...] = ()
    may_refer: bool = False
    #: A word, `refer` where a human must decide, a list for collecting decisions, or an open value.
    outcome: Any = attrs.field(init=False, eq=False)
    _complete: tuple[Callable[[str], Verdict], str] | None = attrs.field(default=None, eq=False, repr=False)

    @outcome.default
    def _shown_outcome(self) -> Any:
        if isinstance(self.canonical, str):
            return self.canonical
        type_ = INTEGER if self.spec.aggregate == "count" else self.spec.type
        return shown(self.canonical, type_, self.currency)

    @classmethod
    def later(cls, outcome: str, complete: tuple[Callable[[str], Verdict], str]) -> Verdict:
        """Return a verdict of which only the outcome is made; *complete* makes the rest, by decision, when it is asked for."""
        verdict = cls.__new__(cls)
        _fill_outcome(verdict, outcome)
        _fill_complete(verdict, complete)
        return verdict

    def __getattr__(self, name: str) -> Any:
        """Fill the slots of a verdict that was left for later."""
        if name not in _LATER or self._complete is None:
            raise AttributeError(f"a verdict has no {name!r}")
        complete, decision = self._complete
        whole = complete(decision)
        for later in _LATER:
            object.__setattr__(self, later, getattr(whole, later))
        object.__setattr__(self, "_complete", None)
        return getattr(whole, name)

    @property
    def decision(self) -> str:
        """The decision's id."""
        return self.spec.id

    @property
    def is_settled(self) -> bool:
        """Whether the policy itself has decided."""
        return self.status == "decided"

    @property
    def values(self) -> Mapping[str, Any]:
        """The values that go with the outcome, by name: Money, Decimal, timedelta, date, text."""
        types = self.spec.values
        return {name: shown(value, types[name], self.currency) for name, value in self.canonical_values.items()}

    @property
    def because(self) -> str:
        """The owner's reason, where a rule decided."""
        return self.rule.because if self.rule is not None else ""


_fill_outcome = vars(Verdict)["outcome"].__set__
_fill_complete = vars(Verdict)["_complete"].__set__
_LATER = tuple(field.name for field in attrs.fields(Verdict) if field.name not in ("outcome", "_complete"))


@attrs.frozen
class Breach:
    """A red line that the outcomes break, or (where not *certain*) may break for want of the *missing* facts."""

    guard: Guard
    certain: bool
    missing: tuple[str, ...] = ()


@attrs.frozen
class Judgement:
    """
    What one reading of a policy makes of one incident; every reading makes the same.

    *obligations* are due for certain; *possible_obligations* may be, for want of a fact. *assumed* are the facts for which the
    policy's assumption was taken.
    """

    verdicts: Mapping[str, Verdict]
    obligations: tuple[str, ...] = ()
    possible_obligations: tuple[str, ...] = ()
    breaches: tuple[Breach, ...] = ()
    assumed: tuple[str, ...] = ()


def shown(value: Outcome, type_: Type, currency: str) -> object:
    """
    Return a canonical value as callers meet it: Money, Decimal, timedelta, date, text; a rounded Decimal where none is exact.

    >>> shown(450, Type("money"), "USD")
    Money('4.50 USD')
    """
    if isinstance(value, bool | str):
        return value
    if isinstance(value, tuple):
        return tuple(shown(item, type_, currency) for item in value)
    match type_.kind:
        case "money":
            return Money(round(value), currency)
        case "duration":
            return dt.timedelta(microseconds=round(value * 1_000_000))
        case "date":
            return dt.date.fromordinal(int(value))
        case "datetime":
            return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=int(value))
        case _:
            if isinstance(value, Fraction):
                return Decimal(value.numerator) / Decimal(value.denominator)
            return value
