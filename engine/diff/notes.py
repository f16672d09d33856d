"""What is worth knowing of two policies beside what they decide, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Iterator

from ...rules.tree import PolicyTree
from ...rules.types import Fact
from ..proofs.pair import Pair
from ..proofs.words import listed


def notes(old: PolicyTree, new: PolicyTree) -> Iterator[str]:
    """Yield what differs and decides nothing by itself: facts that one side knows, bounds, assumptions."""
    for tree, other, side in ((old, new, "old"), (new, old, "new")):
        own = [name for name in tree.facts if name not in other.facts]
        if own:
            yield f"only the {side} policy knows {_facts(own)}"
        asked = [name for name in tree.facts if name in tree.asked and name not in other.asked and name in other.facts]
        if asked:
            yield f"only the {side} policy asks for {_facts(asked)}"
    for name, fact in old.facts.items():
        twin = new.facts.get(name)
        if twin is None or fact.type != twin.type or name not in old.asked | new.asked:
            continue
        if (fact.low, fact.high) != (twin.low, twin.high):
            yield f"the bounds of fact `{name}` differ; only values that both accept are compared"
        if fact.assume != twin.assume:
            yield f"fact `{name}` is taken as {_assumed(fact)} where it is missing, and was as {_assumed(twin)}"
    if old.jurisdiction != new.jurisdiction:
        was, now = (f"`{tree.jurisdiction}`" if tree.jurisdiction else "not said" for tree in (old, new))
        yield f"the jurisdiction was {was}, is {now}"


def _assumed(fact: Fact) -> str:
    return "nothing" if fact.assume is None else f"`{fact.assume}`"


def _facts(names: list[str]) -> str:
    return f"fact{'s' if len(names) > 1 else ''} {listed(names)}"


def not_compared(pair: Pair) -> Iterator[str]:
    """Yield what cannot be compared, and why."""
    old, new = pair.old, pair.new
    if old.currency != new.currency and pair.skipped:
        yield f"the currency was {old.currency}, is {new.currency}: amounts of money cannot be compared"
    for name in sorted(pair.strange):
        one, other = old.facts[name], new.facts[name]
        if one.type != other.type:
            yield f"fact `{name}` was {one.type}, is {other.type}: conditions on it cannot be compared"
    if pair.skipped:
        many = len(pair.skipped) > 1
        names = listed(sorted(pair.skipped))
        yield f"{'decisions' if many else 'decision'} {names}: not compared, for the reason above"
