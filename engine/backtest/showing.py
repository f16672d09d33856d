"""Kept rows as examples: decided once more by both policies, explained, and held to the threshold that moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from ...rules.diagnostics import FactError
from ...rules.quantities import value_text
from ...rules.types import exact
from ..decision import REFER, Verdict
from ..known import value_in
from ..sentences import amount_text, found_text, joined
from ..telling import outcome_text
from .kinds import label
from .records import Example
from .shelf import Change, Kept

if TYPE_CHECKING:
    from ..flips import Flip
    from ..policy import Decision, Policy
    from .running import Backtest

#: Examples of one change, and of one decision.
_OF_A_CHANGE: Final = 3
_OF_A_DECISION: Final = 12
#: The most facts that a sentence tells.
_TOLD: Final = 6


def examples(job: Backtest) -> Iterator[Example]:
    """Yield examples of every change: rows that cross the threshold that moved, the nearest first, else others."""
    if job.old is None:
        return
    told: dict[str, int] = {}
    for change in job.shelf.changes():
        room = min(_OF_A_CHANGE, _OF_A_DECISION - told.get(change[0], 0))
        found = _of_change(job, change)[:room]
        told[change[0]] = told.get(change[0], 0) + len(found)
        yield from found


def _of_change(job: Backtest, change: Change) -> list[Example]:
    assert job.old is not None
    best: list[tuple[int, float, Example]] = []
    for kept in (*job.shelf.near(change), *job.shelf.at_random(change)):
        one = Shown(job.old.policy, job.new.policy, change, kept, job.as_of)
        if one.is_same:
            rank = 0 if one.crosses else 1 if one.flip is not None else 2
            best.append((rank, kept.distance, one.example()))
    # Of rows that are alike the first will do.
    found: dict[object, Example] = {}
    for _, _, example in sorted(best, key=lambda ranked: (*ranked[:2], ranked[2].row)):
        found.setdefault((example.old_rule, example.new_rule, tuple(example.facts.items())), example)
    return list(found.values())


class Shown:
    """One kept row under both policies."""

    def __init__(self, old: Policy, new: Policy, change: Change, kept: Kept, as_of: dt.date | str | None) -> None:
        self.change, self.kept = change, kept
        moment = as_of if isinstance(as_of, dt.date) else dt.datetime.now(dt.UTC)
        self.old, self.new = _decided(old, kept.facts, moment), _decided(new, kept.facts, moment)
        self.flip = self._flip()

    @property
    def is_same(self) -> bool:
        """Whether the row is still decided as it was when it was kept; under a column of days it may not be."""
        decision, before, now = self.change
        if self.old is None or self.new is None:
            return False
        return label(self.old[decision]) == before and label(self.new[decision]) == now

    @property
    def crosses(self) -> bool:
        """Whether going back over the boundary that it lies at would undo the change."""
        return (
            self.flip is not None and self.kept.boundary is not None and self.flip.fact == self.kept.boundary.fact.name
        )

    def _flip(self) -> Flip | None:
        """Return the change of one fact under which the new policy decides as the old one did: at the boundary if it can be."""
        decision, before, _ = self.change
        if self.new is None or decision not in self.new.verdicts:
            return None
        back = [
            flip for flip in self.new.explain().flips[decision] if _word(flip.becomes, self.new[decision]) == before
        ]
        boundary = self.kept.boundary
        here = [flip for flip in back if boundary is not None and flip.fact == boundary.fact.name]
        found = here or back
        return found[0] if found else None

    def example(self) -> Example:
        """Return the row as an example."""
        decision, before, now = self.change
        assert self.old is not None and self.new is not None
        was, will = (self._rule(verdict) for verdict in (self.old[decision], self.new[decision]))
        tree = self.new.policy.tree
        facts = self._facts()
        shown = [found_text(name, value, tree.facts[name], tree.currency) for name, value in facts.items()]
        where = f"row {self.kept.row:,}" + (f" ({self.kept.name})" if self.kept.name else "")
        title = tree.decisions[decision].title or decision
        sentence = f"{where}: {joined(shown, 'and')}. {title} was {_how(self.old[decision])} and would be {_how(self.new[decision])}."
        texts = {name: _plain(name, value, self.new.policy) for name, value in facts.items()}
        return Example(
            decision,
            before,
            now,
            was,
            will,
            self.kept.row,
            self.kept.name,
            texts,
            sentence,
            self._distance(),
            self._back(),
        )

    @staticmethod
    def _rule(verdict: Verdict) -> str:
        return verdict.rule.id if verdict.rule is not None else ""

    def _facts(self) -> Mapping[str, Any]:
        """Return the facts that the rules behind either verdict ask for, the one at the boundary first."""
        assert self.old is not None and self.new is not None
        tree = self.new.policy.tree
        known = self.new.policy.read(
            {name: value for name, value in self.new.given.items() if _is_fact(name, self.new.policy)}
        )
        wanted: dict[str, None] = {}
        if self.flip is not None:
            wanted[self.flip.fact] = None
        for verdict in (self.old[self.change[0]], self.new[self.change[0]]):
            wanted.update(dict.fromkeys(_asked(verdict)))
        told = [name for name in wanted if name in known and name in tree.facts]
        return {name: known[name] for name in (told or list(known))[:_TOLD]}

    def _distance(self) -> str:
        """Return how far the row lies from its boundary, in words; empty where going back over it would not undo the change."""
        boundary = self.kept.boundary
        if boundary is None or not self.crosses or self.new is None:
            return ""
        name, currency = boundary.fact.name, self.new.policy.tree.currency
        value = value_in(self.new.policy.read({name: _of(name, self.kept.facts)}).get(name))
        if not isinstance(value, int | Fraction):
            return ""
        limit = exact(Fraction(boundary.at).limit_denominator(10**6))
        by, at = exact(abs(Fraction(value) - limit)), value_text(limit, boundary.fact.type, currency)
        if not by:
            return f"at {at} exactly"
        return f"{amount_text(by, boundary.fact.type, currency)} {'above' if value > limit else 'below'} {at}"

    def _back(self) -> str:
        from ..telling import flip_text

        if self.flip is None or self.new is None:
            return ""
        return flip_text(self.flip, self.new[self.change[0]], self.new.policy.tree)


def _decided(policy: Policy, facts: Mapping[str, object], as_of: dt.date) -> Decision | None:
    try:
        return policy.decide({name: value for name, value in facts.items() if _is_fact(name, policy)}, as_of=as_of)
    except FactError:
        return None


def _is_fact(name: str, policy: Policy) -> bool:
    return name in policy.tree.facts or any(fact.startswith(f"{name}.") for fact in policy.tree.facts)


def _of(name: str, facts: Mapping[str, object]) -> Any:
    if name in facts:
        return facts[name]
    group, _, member = name.partition(".")
    inner = facts.get(group)
    return inner.get(member) if isinstance(inner, Mapping) else None


def _asked(verdict: Verdict) -> Iterator[str]:
    """Yield the facts that the condition of the rule behind a verdict asks for, and those that it waits for."""
    from ...rules.normal import facts_of

    if verdict.rule is not None:
        yield from sorted(facts_of(verdict.rule.form))
    yield from verdict.missing


def _how(verdict: Verdict) -> str:
    """Return a verdict in a few words, with what made it."""
    if verdict.status != "decided":
        why = {
            "no-rule": "no rule covers it",
            "unsettled": "a fact is missing",
            "conflict": "rules contradict each other",
        }
        return f"left to a human ({why.get(verdict.status, 'a red line' if verdict.status == 'guard' else verdict.status)})"
    rule = f" (`{verdict.rule.id}`)" if verdict.rule is not None else " (by default)"
    return f"{outcome_text(verdict.canonical, verdict)}{rule}"


def _word(outcome: Any, verdict: Verdict) -> str:
    if outcome == REFER:
        return REFER
    return outcome_text(outcome, verdict)


def _plain(name: str, value: Any, policy: Policy) -> str:
    fact = policy.tree.facts[name]
    settled = value_in(value)
    return (
        value_text(settled, fact.type, policy.tree.currency)
        if settled is not None
        else found_text("", value, fact, policy.tree.currency).strip()
    )
