"""Verdicts by what a backtest tells apart: the outcome, its status, the rule behind it, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from ..decision import REFER, Verdict

if TYPE_CHECKING:
    from ...rules.tree import DecisionSpec
    from ..columns import Answers

#: What stands for the outcome of an open decision that was made, since there may be as many as rows.
DECIDED: Final = "decided"


@attrs.frozen
class Kind:
    """A kind of verdict; *outcome* as people read it, *rule* empty where the default decided, or nobody."""

    outcome: str
    status: str
    rule: str
    missing: tuple[str, ...]
    unsettled: tuple[str, ...]

    @property
    def refers(self) -> bool:
        """Whether a human must decide."""
        return self.status != "decided"


def label(verdict: Verdict) -> str:
    """Return a verdict's outcome as one word, or the words that it collects."""
    if verdict.status != "decided":
        return REFER
    outcome = verdict.canonical
    if isinstance(outcome, bool):
        return "true" if outcome else "false"
    if verdict.spec.outcomes:
        if isinstance(outcome, tuple):
            return ", ".join(map(str, outcome)) or "nothing"
        return str(outcome)
    return DECIDED


def kind_of(verdict: Verdict) -> Kind:
    """Return what kind of verdict it is."""
    rule = verdict.rule.id if verdict.rule is not None and verdict.status == "decided" else ""
    return Kind(label(verdict), verdict.status, rule, verdict.missing, verdict.unsettled)


class Register:
    """The kinds of verdicts met on one decision, numbered from 0 in the order in which they came."""

    def __init__(self) -> None:
        self.kinds: list[Kind] = []
        self._numbers: dict[Kind, int] = {}

    def number(self, verdict: Verdict) -> int:
        """Return the number of a verdict's kind."""
        kind = kind_of(verdict)
        number = self._numbers.setdefault(kind, len(self.kinds))
        if number == len(self.kinds):
            self.kinds.append(kind)
        return number

    def numbers(self, answers: Answers, decision: str) -> Any:
        """Return the kind of each row's verdict as an array, -1 for bad rows."""
        return answers.numbers(decision, self, self.number)

    def outcomes(self, spec: DecisionSpec) -> list[str]:
        """Return all outcomes met, those that the decision declares in their order, `refer` last."""
        met = dict.fromkeys(kind.outcome for kind in self.kinds)
        declared = [word for word in spec.outcomes if word in met]
        others = sorted(word for word in met if word not in spec.outcomes and word != REFER)
        return [*declared, *others, *([REFER] if REFER in met else [])]
