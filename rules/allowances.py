"""The pass over allowances: findings of `policy verify` that an owner means to be so, each with a reason and a last day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from .compose import Draft, Part
from .consequences import word_of
from .declare import Work
from .diagnostics import catalogue, found_by_proof, nearest
from .tree import Allowance, Origin


def check_allowances(work: Work) -> None:
    """Read the allowances on everything that takes part in the policy; report those of findings that there are not."""
    for part in _items(work.draft):
        written = part.raw.get("allow")
        for index, raw in enumerate(written if isinstance(written, list) else []):
            if isinstance(raw, dict):
                origin = Origin(part.origin.document, (*part.origin.path, "allow", index))
                _read(work, part, Part(part.id, raw, origin))


def _items(draft: Draft) -> Iterator[Part]:
    """Yield all that allowances may stand on: of what was replaced or switched off, those are left behind."""
    for layer in draft.layers:
        policy = layer.values.get("policy")
        if isinstance(policy, dict):
            yield Part("", policy, Origin(layer.name, ("policy",)))
    for parts in (*draft.facts.values(), *draft.decisions.values()):
        yield from parts
    yield from draft.obligations.values()
    yield from (item.part for item in draft.items)
    yield from (*draft.guards, *draft.independent)
    yield from draft.independent


def _read(work: Work, item: Part, part: Part) -> None:
    finding, until = word_of(part.raw, "finding"), part.raw.get("until")
    if finding and finding not in found_by_proof():
        _report_unknown(work, part, finding)
    if not isinstance(until, dt.date):
        return
    last = until.date() if isinstance(until, dt.datetime) else until
    because = word_of(part.raw, "because")
    if "because" in part.raw and not because.strip():
        facts = {"key": "because", "table": "[[….allow]]", "about": "why it is meant to be so"}
        work.findings.report("missing-key", part.place.inside("because"), **facts)
    narrower = {key: word_of(part.raw, key) for key in ("rule", "decision", "name")}
    allowance = Allowance(finding, because, last, **narrower, id=item.id, item=item.origin, origin=part.origin)
    work.allowances.append(allowance)


def _report_unknown(work: Work, part: Part, finding: str) -> None:
    other = finding in catalogue() and finding != "unneeded-allow"
    why = "no finding that can be allowed: `policy verify` does not look for it" if other else "no finding"
    suggestion = "" if other else nearest(finding, found_by_proof())
    work.findings.report(
        "unknown-finding", part.place.inside("finding"), suggestion=suggestion, finding=finding, why=why
    )
