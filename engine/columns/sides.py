"""The duties of rows that no red line and no rule of duties alone has touched: they follow from the verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...rules.tree import PolicyTree
from ..decision import Verdict
from ..guards import duties
from .book import Book, Side
from .library import pa
from .loop import FOLLOWS


def sides_of(
    tree: PolicyTree,
    codes: Mapping[str, Any],
    verdicts: Mapping[str, Sequence[Verdict]],
    known: Any,
    book: Book,
) -> tuple[Any, Sequence[Side]]:
    """
    Return the sides of all rows.

    Those of *known* that are `FOLLOWS` follow from the verdicts; those below it from some of the free rules as well. What classes of
    verdicts bring is remembered in the *book*: verdicts are only ever added, so that their classes stay what they are.
    """
    bringing_any = any(rule.oblige for rule in tree.rules if rule.outcomes)
    if not bringing_any and len(known) and (known == FOLLOWS).all():
        return np.broadcast_to(np.int32(0), known.shape), (Side(),)  # which takes no memory
    follows = np.flatnonzero(known <= FOLLOWS)
    if not len(follows):
        return known, book.sides
    key = FOLLOWS - known[follows].astype(np.int64)
    made: list[tuple[str, list[Verdict]]] = []
    for name, listed in verdicts.items():
        classes, bringing = _classes(name, listed, book)
        if len(bringing) > 1:
            key = key * len(bringing) + classes[codes[name][follows]]
            made.append((name, bringing))
    found, of_row = _distinct(key)
    new = [_side(tree, int(one), made, book) for one in found]
    every, sides = known.copy(), tuple(book.sides)
    every[follows] = len(sides) + of_row
    return every, (*sides, *new)


def _distinct(key: Any) -> tuple[Any, Any]:
    """Return the distinct keys, and for each which one it is; sorting them takes longer."""
    encoded = pa.array(key).dictionary_encode()
    return encoded.dictionary.to_numpy(), encoded.indices.to_numpy()


def _classes(decision: str, verdicts: Sequence[Verdict], book: Book) -> tuple[Any, list[Verdict]]:
    """Return the class of each verdict by the duties that it brings, and one verdict of each; the first brings none."""
    if not verdicts:
        return np.zeros(0, np.int64), []
    of_each = book.bringing[decision]

    def make(new: Sequence[Verdict]) -> Any:
        return np.array(
            [of_each.setdefault(_brought(verdict), (len(of_each), verdict))[0] for verdict in new], np.int64
        )

    of_each.setdefault((), (0, verdicts[0]))
    classes = book.shown.upto(("class", decision), verdicts, make)
    return classes, [verdict for _, verdict in tuple(of_each.values())]


def _brought(verdict: Verdict) -> object:
    """Return what tells verdicts apart by the duties that they bring."""
    if any(rule.oblige for rule in (*verdict.rules, *verdict.rivals)):
        return tuple(r.id for r in verdict.rules), tuple(r.id for r in verdict.rivals), verdict.is_settled
    return ()


def _side(tree: PolicyTree, key: int, made: Sequence[tuple[str, list[Verdict]]], book: Book) -> Side:
    """Return what the verdicts of a combination of classes bring, with the free rules that hold beside them."""
    chosen: dict[str, int] = {}
    for name, bringing in reversed(made):
        key, chosen[name] = divmod(key, len(bringing))
    known = key, *chosen.items()
    if known not in book.brought:
        of_class = dict(made)
        ordered = {name: of_class[name][chosen[name]] for name in tree.decisions if chosen.get(name)}
        book.brought[known] = Side(*duties(tree, ordered, book.free[key - 1] if key else ()))
    return book.brought[known]
