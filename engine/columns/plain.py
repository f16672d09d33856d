"""The meaning of the columns reading, in the plainest code: one row after the other is decided by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...rules.diagnostics import Diagnostic, FactError
from ...rules.tree import PolicyTree
from ..decision import Judgement, Outcome
from .answers import Answers, BadRow, codes_of
from .book import Book, Computed, Side
from .library import Array, pa
from .moments import Moments, no_moment
from .reading import Facts
from .schema import columns_of, plain_outcome
from .spread import spread, texts_of

if TYPE_CHECKING:
    from ..policy import Policy

#: What a row comes to: a judgement, or all that is wrong with it.
Result = Judgement | tuple[Diagnostic, ...]


def decide_row(policy: Policy, row: Mapping[str, object], moment: dt.date | None) -> Result:
    """Decide one row; None is a row that has no moment."""
    if moment is None:
        return no_moment()
    try:
        return policy.decide(row, as_of=moment).judgement
    except FactError as error:
        return error.diagnostics


def decide_plainly(policy: Policy, facts: Facts, moments: Moments) -> Answers:
    """Decide all rows of a batch, one after the other."""
    return answers_to(policy.tree, list(decided_in_turn(policy, facts, moments)))


def decided_in_turn(policy: Policy, facts: Facts, moments: Moments) -> Iterator[Result]:
    """Yield what each row comes to; it is decided when it is asked for."""
    return (decide_row(policy, row, moments.of_row(at)) for at, row in enumerate(facts))


def answers_to(tree: PolicyTree, results: Sequence[Result]) -> Answers:
    """Return the answers that the results of single rows come to."""
    book = Book(tree)
    codes: dict[str, list[int]] = {name: [] for name in tree.decisions}
    sides: list[int] = []
    computed: dict[str, list[Computed]] = {name: [] for name in tree.decisions}
    bad: list[BadRow] = []
    for row, result in enumerate(results):
        if not isinstance(result, Judgement):
            bad.append(BadRow(row, result))
        entered = {
            name: book.enter(result.verdicts[name]) if isinstance(result, Judgement) else (-1, {})
            for name in tree.decisions
        }
        for name, (code, values) in entered.items():
            codes[name].append(code)
            computed[name].append(values)
        sides.append(book.enter_side(Side.of(result)) if isinstance(result, Judgement) else -1)
    found = {name: codes_of(listed) for name, listed in codes.items()}
    filled = {
        (name, value): partial(_filled, tree, book, name, value, codes[name], rows)
        for name, rows in computed.items()
        for value in tree.decisions[name].values
        if any(value in row for row in rows)
    }
    assumed = [list(result.assumed) if isinstance(result, Judgement) else None for result in results]
    return Answers(
        len(results),
        tuple(bad),
        found,
        book.verdicts,
        tree,
        book.shown,
        partial(_side, book.sides, codes_of(sides)),
        lambda: pa.array(assumed, pa.list_(pa.string())),
        filled,
    )


def _side(sides: Sequence[Side], codes: Any, name: str) -> Array:
    """Return a column of what goes with the verdicts."""
    return spread(texts_of([getattr(side, name) for side in sides]), codes)


def _filled(
    tree: PolicyTree, book: Book, decision: str, value: str, codes: Sequence[int], rows: Iterable[Computed]
) -> Array:
    """Return a column of values, some of which were computed."""
    spec = tree.decisions[decision]
    column = next(c for c in columns_of(tree, detail=False) if (c.decision, c.name) == (decision, value))
    canonical: list[Outcome | None] = [
        row[value] if value in row else None if code < 0 else book.verdicts[decision][code].canonical_values.get(value)
        for code, row in zip(codes, rows, strict=True)
    ]
    convert = partial(plain_outcome, type_=spec.values[value], currency=tree.currency, listed=spec.collects)
    return pa.array([None if value is None else convert(value) for value in canonical], column.type)
