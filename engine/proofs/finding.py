"""What a check finds: the code, whom it is about, an incident that shows it, and the exact region where it is so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import attrs

from ...rules.diagnostics import Diagnostic, Place, wording
from ...rules.given import Knowledge
from ...rules.regions import Region
from ...rules.toml_writer import pairs, written_value
from ...rules.tree import Allowance, Atom, PolicyTree, Whole
from ..mends.mend import Mend

#: How wide a line of a `[[test]]` may be.
WIDEST: Final = 100


@attrs.frozen
class Witness:
    """
    An incident that shows a finding, replayed through the reference reading.

    *known* has canonical facts, *given* the same as an owner writes them; *expect* is what is decided now. *needs_day* says
    whether the day of the decision matters.
    """

    known: Mapping[str, Knowledge]
    as_of: dt.date
    given: Mapping[str, object]
    expect: Mapping[str, object]
    needs_day: bool = False

    @property
    def toml(self) -> str:
        """A `[[test]]` that says what is decided now."""
        return self.as_test("Found by policy verify")

    def as_test(self, name: str) -> str:
        """Return a `[[test]]` of that name, which says what is decided now."""
        given: dict[str, Any] = {}
        for fact, value in self.given.items():
            *groups, last = fact.split(".")
            inner = given
            for group in groups:
                inner = inner.setdefault(group, {})
            inner[last] = value
        lines = ["[[test]]", f"name   = {written_value(name)}"]
        for key, table in (("given", given), ("expect", dict(self.expect))):
            line = f"{key.ljust(6)} = {written_value(table)}"
            lines += [line] if len(line) <= WIDEST or not table else pairs(table, f"{key}.")
        return "\n".join([*lines, *([f"as_of  = {self.as_of}"] if self.needs_day else []), ""])


@attrs.frozen
class Part:
    """The values of one fact in a region; *missing* says whether the fact may be missing there as well."""

    values: Region
    missing: bool = False


@attrs.frozen
class Box:
    """
    A set of incidents: each fact lies in its part, and each of *holds* is as it says; facts that are not named do not matter.

    *holds* maps tests over several facts (and patterns) to whether they hold.
    """

    facts: Mapping[str, Part]
    holds: Mapping[Atom | Whole, bool] = attrs.field(factory=dict)


@attrs.frozen
class Finding:
    """
    One finding.

    *named* fills the wording of the code; *rules* are the ids of the rules (or the guard) that it is about, first the one to
    blame. *region* is the union of its boxes; *is_exact* says whether that is all of it. *is_listing* marks what is worth
    knowing and no mistake. *twin* is a second incident, where it takes two to show it. *part* leads to the part of the rule's
    condition that it is about. *allowed* is the allowance that covers it, *lapsed* one that did so until its last day. *mends*
    are ways to mend it.
    """

    code: str
    named: Mapping[str, str]
    place: Place
    decision: str = ""
    rules: tuple[str, ...] = ()
    witness: Witness | None = None
    region: tuple[Box, ...] = ()
    is_exact: bool = True
    is_listing: bool = False
    words: tuple[str, ...] = ()
    part: tuple[int, ...] = ()
    allowed: Allowance | None = None
    lapsed: Allowance | None = None
    twin: Witness | None = None
    mends: tuple[Mend, ...] = ()

    @property
    def message(self) -> str:
        """What was found, in one lower-case sentence."""
        return wording(self.code, self.named)

    @property
    def counts(self) -> bool:
        """Whether it is to be mended: neither a mere listing nor allowed."""
        return not self.is_listing and self.allowed is None

    @property
    def diagnostic(self) -> Diagnostic:
        """The finding as diagnostics have it."""
        return Diagnostic(self.code, self.named, self.place)


def policy_place(tree: PolicyTree) -> Place:
    """Return the place that stands for a policy as a whole."""
    return Place(tree.document, ("policy",))


def decision_place(tree: PolicyTree, decision: str) -> Place:
    """Return where a decision is declared; the first rule that decides it where it is built in."""
    spec = tree.decisions[decision]
    if spec.origin is not None:
        return Place.of(spec.origin)
    rule = next((rule for rule in tree.rules if decision in rule.outcomes), None)
    return Place.of(rule.origin) if rule is not None else policy_place(tree)
