"""What a policy makes of a case as far as its facts are known: the judgement, the plans that apply, whether it is to be watched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, TypeAlias, TypeVar

import attrs

from ...rules.case_tree import CaseTree
from ...rules.given import Knowledge
from ...rules.tree import NormalForm
from ..decision import Judgement, Outcome
from ..force import ordinal
from ..guards import outcomes_truth
from ..policy import Policy
from ..signature import Signature
from ..truth import State, Truth, form_truth
from .planning import Applying, asked_for

#: How many views of one policy are kept; each takes a few kilobytes.
MOST_VIEWS: Final = 1_024
#: Of how many policies.
MOST_POLICIES: Final = 32


Kept = TypeVar("Kept")
#: The plans that apply, the steps that are or may be asked for, and whether a watched case is to be opened again.
_Asked: TypeAlias = tuple[tuple[Applying, ...], tuple[str, ...], bool]


@attrs.frozen
class View:
    """
    What a policy makes of what is known at one moment.

    *signature* is that of the facts. *outcomes* are the canonical ones of the judgement, *duties* those that follow or may follow,
    *plans* the plans that apply, and *steps* the steps that some plan asks for or may ask for. *walks_away* says that the case is to
    be watched from now on, *flares_up* that a watched one is to be opened again.
    """

    signature: tuple[object, ...]
    judgement: Judgement
    outcomes: Mapping[str, Outcome]
    duties: tuple[str, ...]
    walks_away: bool
    plans: tuple[Applying, ...]
    steps: tuple[str, ...]
    flares_up: bool


class Views:
    """
    The views of one policy, kept by the signatures of the facts: most events change none that the policy can tell apart.

    Safe to share among threads and cases.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        asked = tuple(_forms(policy.tree.case))
        self._signature = Signature(policy.tree, (*asked, *_watching(policy.tree.case)))
        self._kept: dict[tuple[object, ...], View] = {}
        # Plans ask for less than rules do, and are alike in many cases that are decided otherwise.
        self._sign_plans = Signature(policy.tree, asked, rules=False)
        self._plans: dict[tuple[object, ...], _Asked] = {}

    def at(self, known: Mapping[str, Knowledge], moment: dt.date, *, last: View | None = None) -> View:
        """Return what the policy makes of some canonical facts on a day or at a moment; *last* is most likely still so."""
        signature = self._signature.of(known, moment)
        if last is not None and last.signature == signature:
            return last
        found = self._kept.get(signature)
        if found is None:
            found = _keep(self._kept, signature, self._seen(signature, known, moment))
        return found

    def _seen(self, signature: tuple[object, ...], known: Mapping[str, Knowledge], moment: dt.date) -> View:
        tree, watching = self._policy.tree, self._policy.tree.case.monitoring
        judgement = self._policy.judge(known, moment)
        # Every verdict is made whole here: one that is shared must not be left for later, nor keep the facts that it was made of.
        outcomes = {name: verdict.canonical for name, verdict in judgement.verdicts.items()}
        duties = (*judgement.obligations, *judgement.possible_obligations)
        walks_away: Truth = False
        if watching is not None:
            state = State.of(tree.facts, known, ordinal(moment))
            walks_away = outcomes_truth(tree, watching.when, watching.decisions, judgement.verdicts, state)
        sign = self._sign_plans.of(known, moment)
        plans = self._plans.get(sign) or _keep(self._plans, sign, self._planned(known, moment))
        return View(signature, judgement, outcomes, duties, walks_away is True, *plans)

    def _planned(self, known: Mapping[str, Knowledge], moment: dt.date) -> _Asked:
        tree, watching = self._policy.tree, self._policy.tree.case.monitoring
        state = State.of(tree.facts, known, ordinal(moment))
        flares_up = watching is not None and form_truth(watching.reopen, state) is True
        return (*asked_for(tree.case, state), flares_up)


def _keep(kept: dict[tuple[object, ...], Kept], signature: tuple[object, ...], found: Kept) -> Kept:
    if len(kept) >= MOST_VIEWS:
        kept.clear()
    kept[signature] = found
    return found


@lru_cache(maxsize=MOST_POLICIES)
def views_of(policy: Policy) -> Views:
    """Return the views of a policy, which all its cases share."""
    return Views(policy)


def _forms(case: CaseTree) -> Iterator[NormalForm]:
    """Yield the conditions over facts alone that a view answers, beside those of rules and guards."""
    for plan in case.plans.values():
        yield plan.form
        yield from (step.form for step in plan.steps)
    if case.monitoring is not None:
        yield case.monitoring.reopen


def _watching(case: CaseTree) -> Iterator[NormalForm]:
    """Yield the condition over outcomes and facts under which a case is watched."""
    if case.monitoring is not None:
        yield case.monitoring.when
