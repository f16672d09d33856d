"""What the policy asks us to do at a moment of a case, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .event import Event
from .progress import Progress
from .replies import check_reply

#: The events of ours that a decision asks for: the decision, and the outcomes that do.
REGULATED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "payment_made": ("refund", ("partial", "full")),
    "statement_published": ("defend", ("publicly",)),
}


def asked_for(progress: Progress, event: Event) -> str | None:
    """
    Say in a few words why an event may come now; None where it is ours, and the policy does not ask for it.

    A payment or a public statement comes where a decision, or a duty that comes with it, asks for it; a step of a plan when it is
    the next one; a reply when nothing speaks against it. Of everything else the policy says nothing.
    """
    if event.kind in REGULATED:
        return _decided(progress, event)
    if event.kind == "step_done":
        return _next(progress, event)
    if event.kind == "message_sent":
        return None if check_reply(progress, str(event.raw.get("text", "")), event.at) else "nothing speaks against it"
    return ""


def _decided(progress: Progress, event: Event) -> str | None:
    decision, outcomes = REGULATED[event.kind]
    judgement = progress.seen(event.at).judgement
    verdict = judgement.verdicts.get(decision)
    if verdict is None or not {*outcomes} & {*verdict.spec.outcomes}:
        return f"the policy does not decide about {decision}"
    if verdict.is_settled and verdict.canonical in outcomes:
        return f"{decision} is {verdict.canonical}"
    duties = progress.tree.case.duties
    asking = [id_ for id_ in judgement.obligations if id_ in duties and event.kind in duties[id_].discharged_by]
    return f"a duty asks for it: {asking[0]}" if asking else None


def _next(progress: Progress, event: Event) -> str | None:
    step = event.raw.get("step")
    plans = progress.tree.case.plans.values()
    if not any(step == planned.do for plan in plans for planned in plan.steps):
        return "no plan has this step"
    for found in progress.next_steps(event.at):
        if found.step.do == step and not found.waits_for:
            return f"it is the next step of {found.plan.id}"
    return None
