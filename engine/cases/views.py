"""What a policy makes of a case as far as its facts are known: the judgement, the plans that apply, whether it is to be watched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

import attrs

from ...rules.case_tree import CaseTree
from ...rules.given import Knowledge
from ...rules.tree import NormalForm
from ..decision import Judgement, Outcome
from ..force import ordinal
from ..guards import outcomes_truth
from ..policy import Policy
from ..signature import Signature
from ..truth import State, form_truth
from .planning import Applying, asked_for

#: How many views of one policy are kept; each takes a few kilobytes.
MOST_VIEWS: Final = 1_024
#: Of how many policies.
MOST_POLICIES: Final = 32


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
    plans: tuple[Applying, ...]
    steps: tuple[str, ...]
    walks_away: bool
    flares_up: bool


class Views:
    """
    The views of one policy, kept by the signatures of the facts: most events change none that the policy can tell apart.

    Safe to share among threads and cases.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._signature = Signature(policy.tree, _forms(policy.tree.case))
        self._kept: dict[tuple[object, ...], View] = {}

    def at(self, known: Mapping[str, Knowledge], moment: dt.date, *, last: View | None = None) -> View:
        """Return what the policy makes of some canonical facts on a day or at a moment; *last* is most likely still so."""
        signature = self._signature.of(known, moment)
        if last is not None and last.signature == signature:
            return last
        found = self._kept.get(signature)
        if found is None:
            found = self._seen(signature, known, moment)
            if len(self._kept) >= MOST_VIEWS:
                self._kept.clear()
            self._kept[signature] = found
        return found

    def _seen(self, signature: tuple[object, ...], known: Mapping[str, Knowledge], moment: dt.date) -> View:
        tree = self._policy.tree
        judgement = self._policy.judge(known, moment)
        # Every verdict is made whole here: one that is shared must not be left for later, nor keep the facts that it was made of.
        outcomes = {name: verdict.canonical for name, verdict in judgement.verdicts.items()}
        state = State.of(tree.facts, known, ordinal(moment))
        watching = tree.case.monitoring
        walks_away = flares_up = False
        if watching is not None:
            truth = outcomes_truth(tree, watching.when, watching.decisions, judgement.verdicts, state)
            walks_away, flares_up = truth is True, form_truth(watching.reopen, state) is True
        duties = (*judgement.obligations, *judgement.possible_obligations)
        plans, steps = asked_for(tree.case, state)
        return View(signature, judgement, outcomes, duties, plans, steps, walks_away, flares_up)


@lru_cache(maxsize=MOST_POLICIES)
def views_of(policy: Policy) -> Views:
    """Return the views of a policy, which all its cases share."""
    return Views(policy)


def _forms(case: CaseTree) -> Iterator[NormalForm]:
    """Yield the conditions over facts that a view answers, beside those of rules and guards."""
    for plan in case.plans.values():
        yield plan.form
        yield from (step.form for step in plan.steps)
    if case.monitoring is not None:
        yield case.monitoring.when
        yield case.monitoring.reopen
