"""What a backtest found: plain records, of which every report is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from .bootstrap import Rate

if TYPE_CHECKING:
    from ..policy import Policy


@attrs.frozen
class Sum:
    """An amount in minor units, and between which amounts it lies at 95 % confidence."""

    amount: int
    low: float
    high: float


@attrs.frozen
class Amounts:
    """
    The money that one value of a decision comes to, in minor units of *currency*; *value* is empty where the outcome is the money.

    Only what is settled is counted; *old_open* and *new_open* are the rows on which it is not. *difference* is new less old:
    *both* of it on rows that both settle, the rest because only one of them does: *lost* was settled before and is open now,
    *won* is settled now and was open before. Without an old policy all that is old is 0.
    """

    decision: str
    value: str
    currency: str
    old: Sum
    new: Sum
    difference: Sum
    both: int
    lost: int
    won: int
    old_open: int
    new_open: int
    rows_moved: int

    @property
    def name(self) -> str:
        """What the amount is called."""
        return self.value or self.decision


@attrs.frozen
class Moves:
    """How many rows a rule decides, before and now; *gained* and *lost* are those that it decides in one policy only."""

    rule: str
    title: str
    old: int
    new: int
    gained: int
    lost: int


@attrs.frozen
class Referred:
    """Rows that a human must decide: how many, why, and which missing facts would settle them, those that most wait for first."""

    rows: int
    why: Mapping[str, int]
    missing: Mapping[str, int]


@attrs.frozen
class Decided:
    """
    What became of one decision.

    *matrix* counts rows by old and new outcome, *outcomes* has all of them in order; without an old policy every old outcome is
    empty. *rules* are those that decide any row, those that changed most first; the default and nobody are not among them.
    """

    decision: str
    title: str
    outcomes: tuple[str, ...]
    matrix: Mapping[tuple[str, str], int]
    changed: Rate
    rules: tuple[Moves, ...]
    old: Referred | None
    new: Referred

    def total(self, outcome: str, side: int) -> int:
        """Return how many rows have an outcome, on the old side (0) or the new (1)."""
        return sum(rows for pair, rows in self.matrix.items() if pair[side] == outcome)


@attrs.frozen
class Guarded:
    """A red line: on how many rows it is broken, and may be broken for want of a fact; None where a policy lacks it."""

    guard: str
    title: str
    old: int | None
    new: int | None
    old_possible: int | None
    new_possible: int | None


@attrs.frozen
class Duties:
    """A duty: how many rows bring it; None where a policy lacks it."""

    obligation: str
    title: str
    old: int | None
    new: int | None


@attrs.frozen
class Moved:
    """The difference that one value makes in a part of the rows, in minor units."""

    name: str
    currency: str
    difference: Sum
    new: int


@attrs.frozen
class Part:
    """The rows with certain values in the columns of a split."""

    values: tuple[str, ...]
    rows: int
    changed: Rate
    referred: Rate
    money: tuple[Moved, ...]


@attrs.frozen
class Split:
    """
    The rows by the values of some columns, the largest part first; *others* is how many smaller parts are not told of.

    *untold* rows have values that came when as many were told apart as is possible: some of these may be frequent, too.
    """

    columns: tuple[str, ...]
    parts: tuple[Part, ...]
    others: int
    untold: int = 0


@attrs.frozen
class Disagreement:
    """How often a rule decides otherwise than was recorded, and what was recorded then most often."""

    rule: str
    title: str
    rows: int
    otherwise: int
    outcome: str
    recorded: str


@attrs.frozen
class Sided:
    """How one policy agrees with what was recorded: *matrix* counts rows by recorded and decided outcome."""

    matrix: Mapping[tuple[str, str], int]
    agrees: Rate
    rules: tuple[Disagreement, ...]


@attrs.frozen
class Agreement:
    """
    A decision held against the outcome that was recorded for each row.

    *blank* rows have none, *unknown* ones a word that is no outcome of the policy; neither is counted. *words* are the outcomes in
    their declared order.
    """

    decision: str
    column: str
    words: tuple[str, ...]
    blank: int
    unknown: Mapping[str, int]
    old: Sided | None
    new: Sided


@attrs.frozen
class Example:
    """
    One row that is decided otherwise.

    *row* counts from 1; *facts* is what was given, as text. *distance* says how near it lies to the threshold that moved, empty
    where none was found; *back* is the single change under which the new policy would decide as the old one did.
    """

    decision: str
    old: str
    new: str
    old_rule: str
    new_rule: str
    row: int
    name: str
    facts: Mapping[str, str]
    sentence: str
    distance: str
    back: str


@attrs.frozen
class BadKind:
    """Rows that could not be decided for one reason: how many, the first of them, and what was said of that one."""

    code: str
    message: str
    rows: int
    first: int


@attrs.frozen
class Report:
    """
    What a backtest found.

    *read* rows were in the history; *left_out* lie before `since` or have no date; of the rest *sampled* were taken; *rows* were
    decided by both policies and *bad* are the others; a row counts in each of the *bad_kinds* that it is bad for.
    *changed* are rows on which some decision has another outcome, and *revalued*
    rows on which only an amount of money is another.
    """

    new: Policy
    old: Policy | None
    read: int
    left_out: int
    sampled: int
    rows: int
    bad: int
    bad_kinds: tuple[BadKind, ...]
    changed: Rate
    revalued: int
    decisions: tuple[Decided, ...]
    money: tuple[Amounts, ...]
    guards: tuple[Guarded, ...]
    duties: tuple[Duties, ...]
    splits: tuple[Split, ...]
    agreement: tuple[Agreement, ...]
    examples: tuple[Example, ...]
    seed: int
    notes: tuple[str, ...] = ()
