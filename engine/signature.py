"""
What a policy can tell apart: two incidents of one signature are decided alike.

Of a fact that only tests on it alone ask for, a signature has the class that its value is in; of one that stands in an arithmetic
test, in a text test or in a value, the value itself; of what is uncertain, the region. So whoever decides the same incident over
and over, as its facts change little by little, may keep what was decided.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from ..rules.given import Knowledge
from ..rules.normal import facts_in
from ..rules.regions import Cut, Region, Spans, Texts
from ..rules.tree import Arithmetic, Atom, Call, Compare, Expression, FactTest, NormalForm, PolicyTree, TextTest, Whole
from .force import is_in_force, ordinal

_OTHER: Final = object()  # a text that no test names


class Signature:
    """
    The signatures of incidents under one policy.

    *forms* are conditions, beside its rules and guards, that are asked as well; or these alone, where no *rules* are.

    >>> from .policy import Policy
    >>> policy = Policy.loads('''
    ... [policy]
    ... id = "cafe"
    ... [[rule]]
    ... id = "small"
    ... when = "history.refunds_90d < 3"
    ... then.refund = "full"
    ... ''')
    >>> sign, day = Signature(policy.tree), dt.date(2026, 11, 22)
    >>> one, two, three = (sign.of({"history.refunds_90d": count}, day) for count in (1, 2, 3))
    >>> one == two, two == three
    (True, False)
    """

    def __init__(self, tree: PolicyTree, forms: Iterable[NormalForm] = (), *, rules: bool = True) -> None:
        self._tree = tree
        self._has_window = rules and (tree.effective is not None or tree.expires is not None)
        regions: dict[str, list[Region]] = {name: [] for name in tree.facts if rules and name in tree.asked}
        tests: list[Compare | TextTest | Expression] = [*_expressions(tree)] if rules else []
        own = [*(rule.form for rule in tree.rules), *(guard.form for guard in tree.guards)] if rules else []
        for part in _parts([*own, *forms]):
            if isinstance(part, FactTest):
                regions.setdefault(part.fact, []).append(part.known)
            else:
                tests.append(part.test)
        exact = {name for test in tests for name in facts_in(test)}
        self._has_day = any(map(_asks_for_the_day, tests))
        asked = {name: tree.facts[name].type for name in tree.facts if name in regions or name in exact}
        self._ordered = tuple(
            (name, _cuts(regions[name])) for name, type_ in asked.items() if type_.is_ordered and name not in exact
        )
        self._texts = tuple(
            (name, _words(regions[name]))
            for name, type_ in asked.items()
            if type_.kind == "text" and not type_.is_finite and name not in exact
        )
        classed = {name for name, _ in (*self._ordered, *self._texts)}
        self._exact = tuple(name for name in asked if name not in classed)

    def of(self, known: Mapping[str, Knowledge], as_of: dt.date) -> tuple[object, ...]:
        """Return the signature of some canonical facts on a day or at a moment."""
        get = known.get
        found: list[object] = list(map(get, self._exact))
        for name, cuts in self._ordered:
            what: Any = get(name)
            kind = type(what)
            found.append(bisect_right(cuts, (what, 0)) if kind is int or kind is Fraction else what)
        for name, words in self._texts:
            what = get(name)
            found.append(_OTHER if isinstance(what, str) and what not in words else what)
        if self._has_window:
            found.append(is_in_force(self._tree, as_of))
        if self._has_day:
            found.append(ordinal(as_of))
        return tuple(found)


def _expressions(tree: PolicyTree) -> Iterator[Expression]:
    """Yield everything that outcomes and values are worked out from."""
    for rule in tree.rules:
        yield from rule.outcomes.values()
        yield from rule.values.values()
    yield from (spec.default for spec in tree.decisions.values() if spec.default is not None)


def _parts(forms: Iterable[NormalForm]) -> Iterator[FactTest | Atom]:
    """Yield every single test of some conditions."""
    seen: set[NormalForm] = set()
    pending = list(forms)
    while pending:
        form = pending.pop()
        if form in seen:
            continue
        seen.add(form)
        for part in (part for disjunct in form.disjuncts for part in disjunct):
            if isinstance(part, Whole):
                pending.append(part.form)
            else:
                yield part


def _cuts(regions: Iterable[Region]) -> Sequence[Cut]:
    return tuple(sorted({cut for region in regions if isinstance(region, Spans) for cut in region.cuts}))


def _words(regions: Iterable[Region]) -> frozenset[str]:
    return frozenset(word for region in regions if isinstance(region, Texts) for word in region.words)


def _asks_for_the_day(test: Compare | TextTest | Expression) -> bool:
    match test:
        case Compare(_, left, right) | TextTest(_, left, right) | Arithmetic(_, left, right):
            return _asks_for_the_day(left) or _asks_for_the_day(right)
        case Call(function, arguments):
            return function == "days_since" or any(map(_asks_for_the_day, arguments))
        case _:
            return False
