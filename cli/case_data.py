"""Cases as data: what `policy case` prints with `--format json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ..engine.cases.ledger import Owed
from ..engine.cases.progress import Moment
from ..engine.policy import Policy
from ..engine.wording import canonical_text
from ..rules.moments import moment_text
from .case_views import known_texts

if TYPE_CHECKING:
    from ..engine.cases.case import Case
    from ..engine.cases.replies import Objection
    from ..engine.cases.store import Head, LedgerRow


def case_json(case: Case) -> dict[str, Any]:
    """Return a case as data."""
    from .as_json import VERSION, decision_json

    decision = case.decision
    return {
        "format_version": VERSION,
        "case": case.id,
        "status": case.status,
        "trouble": None if case.trouble is None else {**attrs.asdict(case.trouble), "at": moment_text(case.trouble.at)},
        "policy": case.policy.id,
        "facts": known_texts(case),
        "decision": decision_json(decision),
        "obligations": [_owed_json(entry) for entry in case.obligations],
        "next_steps": [
            {
                "plan": found.plan.id,
                "step": found.step.do,
                "title": found.step.title,
                "waits_for": list(found.waits_for),
                "forbidden": [pattern.id for pattern in found.forbidden],
            }
            for found in case.next_steps
        ],
        "not_now": [{"kind": one.kind, "patterns": [pattern.id for pattern in one.patterns]} for one in case.not_now],
        "timeline": [_moment_json(moment, case.policy) for moment in case.timeline],
    }


def _owed_json(entry: Owed) -> dict[str, Any]:
    moments = {"opened": entry.opened_at, "due": entry.due_at, "closed": entry.closed_at}
    written = {name: None if at is None else moment_text(at) for name, at in moments.items()}
    counted = {"closed_by": entry.closed_by, "times": entry.times}
    about = {"kind": entry.kind, "id": entry.id, "title": entry.title, "by": entry.by, "state": entry.state}
    return {**about, **written, **counted}


def _moment_json(moment: Moment, policy: Policy) -> dict[str, Any]:
    tree = policy.tree
    event = moment.event
    return {
        "at": moment_text(moment.at),
        "event": None if event is None else {"seq": event.seq, "kind": event.kind, **event.raw},
        "patterns": [{"pattern": match.pattern, "events": list(match.events)} for match in moment.matches],
        "changed": {
            name: [None if it is None else canonical_text(it, tree.decisions[name].type, tree.currency) for it in both]
            for name, both in moment.changed.items()
        },
        "opened": [entry.id for entry in moment.opened],
        "closed": [entry.id for entry in moment.closed],
        "status": moment.status,
    }


def heads_json(heads: Sequence[Head], ledgers: Mapping[str, Sequence[LedgerRow]], now: int) -> dict[str, Any]:
    """Return cases as data."""
    from .as_json import VERSION

    return {
        "format_version": VERSION,
        "cases": [
            {
                "case": head.case,
                "status": head.status,
                "policy": head.policy,
                "version": head.version,
                "hash": head.hash,
                "last_at": None if head.last_at is None else moment_text(head.last_at),
                "open": sum(row.state == "open" for row in ledgers[head.case]),
                "overdue": sum(row.is_overdue(now) for row in ledgers[head.case]),
            }
            for head in heads
        ],
    }


def objections_json(objections: Sequence[Objection]) -> dict[str, Any]:
    """Return what speaks against a draft as data."""
    from .as_json import VERSION

    return {"format_version": VERSION, "objections": [attrs.asdict(objection) for objection in objections]}
