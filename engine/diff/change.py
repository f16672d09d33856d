"""What a comparison of two policies finds: changes, each with the incidents it is about and one that shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import attrs
import tomli_w

from ...rules.given import Knowledge
from ...rules.tree import PolicyTree
from ..proofs.finding import Box

#: The most rules that are named on one side of a change.
MOST_NAMED: Final = 4
#: What a change is about: a decision, a duty, a red line, or the days on which the policies are in force.
Kind: TypeAlias = Literal["decision", "duty", "red line", "dates"]


@attrs.frozen
class Told:
    """What one of two policies makes of the incidents of a change: in words, and by which rules, or by the default."""

    words: str
    rules: tuple[str, ...] = ()
    by_default: bool = False

    @property
    def text(self) -> str:
        """The words, with the rules."""
        named = [f"`{rule}`" for rule in self.rules[:MOST_NAMED]]
        if len(self.rules) > MOST_NAMED:
            named.append(f"{len(self.rules) - MOST_NAMED} more")
        by = [f"rule{'s' if len(self.rules) > 1 else ''} {', '.join(named)}"] if named else []
        by += ["default"] if self.by_default else []
        return f"{self.words} ({', '.join(by)})" if by else self.words


@attrs.frozen
class Shown:
    """
    An incident that shows a change, decided by the reference reading under both policies.

    *given* are the facts as an owner writes them; *old* and *new* what is decided.
    """

    known: Mapping[str, Knowledge]
    as_of: dt.date
    given: Mapping[str, object]
    old: Mapping[str, object]
    new: Mapping[str, object]
    needs_day: bool = False

    def toml(self, *, of_new: bool = True) -> str:
        """Return a `[[test]]` of what the new policy, or the old one, decides otherwise than the other."""
        nested: dict[str, Any] = {}
        for name, value in self.given.items():
            *groups, last = name.split(".")
            inner = nested
            for group in groups:
                inner = inner.setdefault(group, {})
            inner[last] = value
        head: dict[str, Any] = {"name": "Found by policy diff"}
        if self.needs_day:
            head["as_of"] = self.as_of
        side, other = (self.new, self.old) if of_new else (self.old, self.new)
        expect = {name: value for name, value in side.items() if value != other.get(name)}
        tables = {"test": {"given": nested, "expect": expect}}
        return f"[[test]]\n{tomli_w.dumps(head)}\n{tomli_w.dumps(tables)}".replace("[test]\n\n", "")


@attrs.frozen
class Change:
    """
    Incidents that are decided differently, in one way: what was decided, and what is.

    *names* are the decision, the duties or the red line. *region* is the union of its boxes, *words* the same in words;
    *is_exact* says whether that is all of it and nothing else.
    """

    kind: Kind
    names: tuple[str, ...]
    was: Told
    now: Told
    shown: Shown
    region: tuple[Box, ...] = ()
    words: tuple[str, ...] = ()
    is_exact: bool = True
    only_missing: bool = False

    @property
    def subject(self) -> str:
        """What it is about, in words."""
        if self.kind == "decision":
            return self.names[0]
        noun = self.kind if len(self.names) == 1 else {"duty": "duties"}.get(self.kind, f"{self.kind}s")
        return " ".join([noun, ", ".join(f"`{name}`" for name in self.names)]) if self.names else "the policy"

    @property
    def sentence(self) -> str:
        """The change without the incidents: `refund was partial (rule `small`), is full (rule `goodwill`)`."""
        many = len(self.names) > 1
        return f"{self.subject} {'were' if many else 'was'} {self.was.text}, {'are' if many else 'is'} {self.now.text}"


@attrs.frozen
class Difference:
    """
    All that differs between two policies.

    *unproved* says what could not be told, *notes* what is worth knowing and changes no decision. *joint* is the tree by whose
    facts regions are read.
    """

    old: PolicyTree
    new: PolicyTree
    joint: PolicyTree
    changes: tuple[Change, ...] = ()
    unproved: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether it is proved that both decide alike."""
        return not self.changes and not self.unproved
