"""What an owner has allowed: findings are marked with the allowance that covers them, and allowances that cover none are found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from ...rules.diagnostics import Place
from ...rules.tree import Allowance, PolicyTree
from .finding import Finding

#: What two rules have a share in alike, so that the allowance may stand on either.
_MUTUAL: Final = frozenset({"rules-disagree", "overlapping-rules"})
#: How a finding names what an item declares.
_DECLARED: Final = {"facts": "fact", "obligations": "obligation"}


def with_allowances(tree: PolicyTree, found: Iterable[Finding], today: dt.date) -> Iterator[Finding]:
    """Yield findings, each with the allowance that covers it: in force as `allowed`, past its last day as `lapsed`."""
    for finding in found:
        covering = [allowance for allowance in tree.allowances if covers(tree, allowance, finding)]
        last = max(covering, key=lambda allowance: allowance.until, default=None)
        if last is None:
            yield finding
        elif today <= last.until:
            yield attrs.evolve(finding, allowed=last)
        else:
            yield attrs.evolve(finding, lapsed=last)


def unneeded_allowances(tree: PolicyTree, found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the policy's own allowances that cover nothing; none for a check that came to no end."""
    known = tuple(found)
    unsettled = {finding.named["check"] for finding in known if finding.code == "not-proved"}
    own = tree.document
    for allowance in tree.allowances:
        if allowance.origin.document != own or allowance.finding in unsettled:
            continue
        if not any(covers(tree, allowance, finding) for finding in known):
            narrower = [f"{key} `{getattr(allowance, key)}`" for key in ("rule", "decision", "name")]
            where = [text for text in narrower if not text.endswith("``")]
            named = {"finding": allowance.finding, "where": f" for {' and '.join(where)}" if where else ""}
            yield Finding("unneeded-allow", named, Place.of(allowance.origin))


def covers(tree: PolicyTree, allowance: Allowance, finding: Finding) -> bool:
    """
    Whether an allowance is about a finding.

    One on `[policy]` covers the whole policy; in a policy that is extended, what is found in that file.
    """
    if allowance.finding != finding.code:
        return False
    if allowance.rule and allowance.rule not in finding.rules:
        return False
    if allowance.decision and allowance.decision != finding.decision:
        return False
    if allowance.name and allowance.name not in finding.named.values():
        return False
    return _stands_on(tree, allowance, finding)


def _stands_on(tree: PolicyTree, allowance: Allowance, finding: Finding) -> bool:
    item, place = allowance.item, finding.place
    kind = item.path[0]
    if kind == "policy":
        return item.document in (tree.document, place.document)
    if place.document == item.document and place.path[: len(item.path)] == item.path:
        return True
    if kind == "decisions":
        return finding.decision == allowance.id
    if kind in _DECLARED:
        return finding.named.get(_DECLARED[str(kind)]) == allowance.id
    named = finding.rules if finding.code in _MUTUAL else ()
    return any(allowance.id in (id_, id_.rpartition("/")[0]) for id_ in named)
