"""The incident that tells a mutant from its policy, made small and natural, and the test that would notice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

import attrs
import tomli_w

from ...rules.cases import ABSENT
from ...rules.regions import Cut, Spans, contains, intersection, universe_of
from ...rules.tree import Case, FactTest, Origin, PolicyTree, Rule
from ...rules.types import Type, Value
from ..decision import REFER, Judgement, Outcome, Verdict
from ..force import not_in_force, ordinal
from ..interpret import concluded
from ..proofs.ground import parts_in
from ..proofs.witness import natural, written, written_value
from ..solve import Point
from ..solve.incidents import ordinary_day
from ..trials import mismatches, winners
from ..truth import State, Truth, form_truth, is_value
from ..wording import outcome_type

_NOWHERE = Origin("", ())
#: Days apart, so far that one on which the day of the decision counts shows.
_APART = 400


@attrs.frozen
class Telling:
    """A test that passes on the policy and fails on a mutant: facts and expectations as an owner writes them."""

    name: str
    given: Mapping[str, object]
    expect: Mapping[str, object]
    as_of: dt.date | None = None

    @property
    def toml(self) -> str:
        """
        The `[[test]]`.

        >>> print(Telling("A cent more", {"loss": "50.01 USD"}, {"refund": "partial"}).toml)
        [[test]]
        name   = "A cent more"
        given  = { loss = "50.01 USD" }
        expect = { refund = "partial" }
        <BLANKLINE>
        """
        day = "" if self.as_of is None else f"as_of  = {self.as_of.isoformat()}\n"
        lines = f"name   = {_toml(self.name)}\n{day}given  = {_table(self.given)}\nexpect = {_table(self.expect)}\n"
        return f"[[test]]\n{lines}"


def _table(values: Mapping[str, object]) -> str:
    inner = ", ".join(f"{name} = {_toml(value)}" for name, value in values.items())
    return f"{{ {inner} }}" if inner else "{}"


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").rstrip()


class Teller:
    """Makes tests out of incidents that two policies decide differently."""

    def __init__(self, old: PolicyTree, new: PolicyTree) -> None:
        self.old, self.new = old, new
        self._certain = False
        self._last: tuple[Point, _Said, _Said] | None = None

    def decides_otherwise(self, point: Point) -> bool:
        """Whether the two decide an incident differently, and not only by other rules."""
        old, new = self._both(point)
        return any(name != "rules" for name, _ in old.beside(new))

    def telling(self, point: Point, name: str) -> Telling | None:
        """Return a test that tells the two apart; None where what differs is nothing that a test can expect."""
        wanted = self._expected(point)
        if not wanted:
            return None
        self._certain = self._is_certain(point, wanted)
        point = self._on_an_ordinary_day(self._milder(self._smaller(point, wanted), wanted), wanted)
        known = {fact: point.known[fact] for fact in self.old.facts if fact in point.known}
        given = {fact: written(value, self.old, fact) for fact, value in known.items() if is_value(value)}
        return Telling(name, given, wanted, point.as_of if self._needs_day(point, wanted) else None)

    def _expected(self, point: Point) -> dict[str, object]:
        """Return what the old policy decides and the new one does not, as little of it as a test that passes needs to say."""
        found: dict[str, object] = {}
        old, new = self._both(point)
        for name, expected in old.beside(new):
            if name in self.old.decisions or not self._tells(point, found):
                found[name] = expected
        if found and not self._tells(point, found):
            found["rules"] = []  # because no rule speaks about the incident, and a test has to say so
        return found if self._tells(point, found) else {}

    def _tells(self, point: Point, expect: Mapping[str, object]) -> bool:
        """Whether a test passes on the old policy and fails on the new one."""
        case = Case("", {}, expect, None, _NOWHERE)
        old, new = self._both(point)
        if not old.passes(case) or new.passes(case):
            return False
        return not self._certain or self._is_certain(point, expect)

    def _is_certain(self, point: Point, expect: Mapping[str, object]) -> bool:
        """Whether what is not to come is ruled out, and what comes instead is decided: neither for want of a fact."""
        old, new = self._both(point)
        return old.rules_out(expect) and new.decides(expect)

    def _both(self, point: Point) -> tuple[_Said, _Said]:
        """Return what both policies say; of conditions that they share the truth is found once."""
        if self._last is None or self._last[0] is not point:
            truths: dict[int, Truth] = {}
            self._last = point, _Said.of(self.old, point, truths), _Said.of(self.new, point, truths)
        return self._last[1], self._last[2]

    def _smaller(self, point: Point, wanted: Mapping[str, object]) -> Point:
        """Leave out every fact without which the test tells as well."""
        for name in list(point.known):
            fewer = attrs.evolve(point, known={other: v for other, v in point.known.items() if other != name})
            if self._tells(fewer, wanted):
                point = fewer
        return point

    def _milder(self, point: Point, wanted: Mapping[str, object]) -> Point:
        """Take a more natural value of every fact where it tells as well."""
        for name, value in list(point.known.items()):
            for candidate in self._candidates(name, value) if is_value(value) else ():
                other = attrs.evolve(point, known={**point.known, name: candidate})
                if self._tells(other, wanted):
                    point = other
                    break
        return point

    def _candidates(self, name: str, value: Value) -> Iterator[Value]:
        fact = self.old.facts[name]
        if fact.type.is_finite:
            yield from fact.type.domain[: fact.type.domain.index(value)]
            return
        if not fact.type.is_ordered:
            return
        edges: list[Cut | None] = [None, *sorted(self._cuts(name)), None]
        pieces = [Spans(low is None, tuple(cut for cut in (low, high) if cut)) for low, high in pairwise(edges)]
        for region in [intersection(piece, universe_of(fact)) for piece in pieces if contains(piece, value)]:
            mild = natural(region, fact.type, self.old.currency)
            if mild is not None and mild != value:
                yield mild

    def _cuts(self, name: str) -> set[Cut]:
        forms = [rule.form for tree in (self.old, self.new) for rule in tree.rules]
        forms += [guard.form for tree in (self.old, self.new) for guard in tree.guards]
        tests = [part for form in dict.fromkeys(forms) for part in parts_in(form) if isinstance(part, FactTest)]
        return {cut for test in tests if test.fact == name and isinstance(test.known, Spans) for cut in test.known.cuts}

    def _on_an_ordinary_day(self, point: Point, wanted: Mapping[str, object]) -> Point:
        usual = attrs.evolve(point, as_of=dt.date.fromordinal(ordinary_day(self.old)))
        return usual if self._tells(usual, wanted) else point

    def _needs_day(self, point: Point, wanted: Mapping[str, object]) -> bool:
        last, today = dt.date.max.toordinal(), point.as_of.toordinal()
        days = [dt.date.fromordinal(min(max(today + apart, 1), last)) for apart in (-_APART, _APART)]
        return not all(self._tells(attrs.evolve(point, as_of=day), wanted) for day in days)


@attrs.frozen
class _Said:
    """What a policy says about an incident, as far as tests can expect it."""

    tree: PolicyTree
    judgement: Judgement
    truths: Mapping[str, Truth]

    @classmethod
    def of(cls, tree: PolicyTree, point: Point, known: dict[int, Truth]) -> _Said:
        """Return what a policy says; *known* has the truth of conditions that were met before."""
        state = State.of(tree.facts, point.known, ordinal(point.as_of))
        for rule in tree.rules:
            if id(rule.form) not in known:
                known[id(rule.form)] = form_truth(rule.form, state)
        truths = {rule.id: known[id(rule.form)] for rule in tree.rules}
        refused = not_in_force(tree, point.as_of)
        return cls(tree, refused or concluded(tree, state, truths.values()), truths)

    def holding(self, rules: Iterable[Rule]) -> list[Rule]:
        return [rule for rule in rules if self.truths[rule.id] is True]

    @property
    def rules(self) -> tuple[str, ...]:
        return winners(self.tree, self.judgement, self.holding)

    @property
    def broken(self) -> tuple[str, ...]:
        return tuple(breach.guard.id for breach in self.judgement.breaches if breach.certain)

    def passes(self, case: Case) -> bool:
        return next(mismatches(case, self.tree, self.judgement, self.holding), None) is None

    def rules_out(self, expect: Mapping[str, object]) -> bool:
        """Whether no duty that must not come is possible."""
        listed = expect.get("obligations", [])
        assert isinstance(listed, list)
        return not {f"{ABSENT}{id_}" for id_ in self.judgement.possible_obligations} & set(listed)

    def decides(self, expect: Mapping[str, object]) -> bool:
        """Whether every decision that a test expects something of is made."""
        return all(verdict.is_settled for name, verdict in self.judgement.verdicts.items() if name in expect)

    def beside(self, other: _Said) -> Iterator[tuple[str, object]]:
        """Yield what this one says and the other does not."""
        for name, verdict in self.judgement.verdicts.items():
            twin = other.judgement.verdicts[name]
            if verdict.canonical != twin.canonical or verdict.is_settled != twin.is_settled:
                yield name, _outcome(verdict, self.tree)
                continue
            for value, canonical in verdict.canonical_values.items():
                if twin.canonical_values.get(value) != canonical:
                    yield value, _as_written(canonical, verdict.spec.values[value], self.tree)
        yield from _listed("obligations", self.judgement.obligations, other.judgement.obligations)
        yield from _listed("guards", self.broken, other.broken)
        yield from _listed("rules", self.rules, other.rules)


def _listed(name: str, here: tuple[str, ...], there: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    """Yield the ids that are here only, and with a `not` those that are there only."""
    found = [id_ for id_ in here if id_ not in there] + [f"{ABSENT}{id_}" for id_ in there if id_ not in here]
    if found:
        yield name, found


def _outcome(verdict: Verdict, tree: PolicyTree) -> object:
    if not verdict.is_settled:
        return REFER
    return _as_written(verdict.canonical, outcome_type(verdict), tree)


def _as_written(value: Outcome, type_: Type, tree: PolicyTree) -> object:
    """Return an outcome or a value as a test expects it."""
    if isinstance(value, tuple):
        return [_as_written(item, type_, tree) for item in value] if type_.kind != "list" else list(value)
    return written_value(value, type_, tree.currency)
