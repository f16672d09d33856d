"""What is asked about two policies, one decision, group of duties or red line at a time, and how each may end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Final, TypeAlias

import attrs

from ...rules.given import Knowledge
from ...rules.normal import facts_of
from ...rules.quantities import duration_text
from ...rules.tree import Constant, Expression, NormalForm, PolicyTree, Rule
from ...rules.types import Number
from ...rules.words import expression_text
from ..decision import Judgement, Verdict
from ..force import ordinal
from ..interpret import interpret
from ..proofs.fabric import Duty
from ..proofs.pair import Pair, Side
from ..solve import Point
from ..solve.outcomes import stronger_first
from ..solve.terms import Term
from ..truth import State, form_truth
from .change import Kind

#: The rules that lead to an end, each with the term that says that it did.
Makers: TypeAlias = Mapping[str, Term]
#: What stands for the default among the makers of an end.
DEFAULT: Final = ""
#: Another reading of one policy: what it makes of canonical facts on a day.
Judge: TypeAlias = Callable[[Mapping[str, Knowledge], dt.date], Judgement]


@attrs.frozen(eq=False)
class End:
    """One way in which a question ends under one policy; *key* tells it from others, *term* says where it is so."""

    key: object
    words: str
    term: Term
    makers: Makers = attrs.field(factory=dict)
    is_exact: bool = True


class DecisionEnds:
    """How one decision may end under one policy: with an outcome and its values, or left to a human."""

    def __init__(self, pair: Pair, side: Side, name: str) -> None:
        self.pair, self.tree, self.name = pair, side.tree, name
        self.encoder, self.z3 = pair.encoder, pair.z3
        self.made = side.made.get(name)
        self.decided = side.decided(name, pair.encoder)
        self.broken = side.broken
        self.lines = [side.broken[guard.id] for guard in side.tree.guards if name in guard.decisions]
        self._ends: dict[object, End] = {}

    def at(self, judgement: Judgement, state: State) -> End:
        """Return how an incident ends."""
        if self.made is None:
            return End(None, "not asked", self.encoder.yes)
        verdict = judgement.verdicts[self.name]
        if self.made.open:
            return self._open_end(verdict, state)
        key = self._key(verdict, judgement)
        if key not in self._ends:
            self._ends[key] = self._end(key)
        return self._ends[key]

    def _key(self, verdict: Verdict, judgement: Judgement) -> object:
        if not verdict.is_settled:
            lines = [breach.guard for breach in judgement.breaches if self.name in breach.guard.decisions]
            return frozenset(guard.id for guard in lines)
        return self.consequence(verdict.rule)

    def consequence(self, rule: Rule | None) -> tuple[str, ...]:
        """Return what a rule (None: the default) says, in words."""
        assert self.made is not None
        spec = self.made.spec
        outcome = spec.default if rule is None else rule.outcomes[spec.id]
        assert outcome is not None
        values = {} if rule is None else rule.values
        return (
            _text(outcome, self.tree.currency),
            *(f"{name} {_text(values[name], self.tree.currency)}" for name in spec.values if name in values),
        )

    def _end(self, key: object) -> End:
        assert self.made is not None
        if isinstance(key, frozenset):
            crossed = self.encoder.all_of([self.broken[line] for line in sorted(key)])
            open_ = self.z3.And(self.z3.Not(self.made.decided), self.z3.Not(self.encoder.any_of(self.lines)))
            by = f" by the red line {' and '.join(f'`{line}`' for line in sorted(key))}" if key else ""
            return End(key, f"left to a human{by}", crossed if key else open_)
        assert isinstance(key, tuple)
        makers = {rule.id: term for rule, term in self.winners if self.consequence(rule) == key}
        if self.made.spec.default is not None and self.consequence(None) == key:
            makers[DEFAULT] = self.nobody
        return End(key, _with(key), self.z3.And(self.decided, self.encoder.any_of(list(makers.values()))), makers)

    @cached_property
    def winners(self) -> list[tuple[Rule, Term]]:
        """Each rule, with where it is the one that decides."""
        assert self.made is not None
        rules = [rule for rule, _ in self.made.inputs]
        order = stronger_first(self.made.spec, rules) or rules
        found, before = [], self.encoder.no
        for rule in order:
            certain = self.encoder.form(rule.form).certain
            found.append((rule, self.z3.And(certain, self.z3.Not(before))))
            before = self.z3.Or(before, certain)
        return found

    @property
    def nobody(self) -> Term:
        """Where no rule holds for certain."""
        assert self.made is not None
        return self.z3.Not(self.encoder.any_of([truth.certain for _, truth in self.made.inputs]))

    @property
    def is_constant(self) -> bool:
        """Whether nothing that is said hangs on the facts."""
        assert self.made is not None
        default = self.made.spec.default
        return all(self._is_constant(rule) for rule, _ in self.made.inputs) and isinstance(default, Constant | None)

    def _is_constant(self, rule: Rule) -> bool:
        """Whether what a rule says does not hang on the facts."""
        assert self.made is not None
        spec = self.made.spec
        said = [rule.outcomes[spec.id], *(rule.values[name] for name in spec.values if name in rule.values)]
        return all(isinstance(expression, Constant) for expression in said)

    def _open_end(self, verdict: Verdict, state: State) -> End:
        """Return the incidents in which the same rules hold, for decisions of which nothing more is known."""
        assert self.made is not None
        terms: list[Term] = []
        fired: list[Rule] = []
        for rule, truth in self.made.inputs:
            holds = form_truth(rule.form, state)
            terms.append(truth.certain if holds else self.z3.Not(truth.possible))
            if holds is None:
                terms[-1] = self.z3.And(truth.possible, self.z3.Not(truth.certain))
            elif holds:
                fired.append(rule)
        if verdict.is_settled:
            said = [" with ".join(self.consequence(rule)) for rule in fired] or [" with ".join(self.consequence(None))]
            key: object = _result(verdict) if all(map(self._is_constant, fired)) else tuple(said)
            words = " and ".join(dict.fromkeys(said))
        else:
            key, words = frozenset([verdict.status == "guard"]), "left to a human"
        crossed = self.encoder.any_of(self.lines)
        terms.append(crossed if verdict.status == "guard" else self.z3.Not(crossed))
        makers = {rule.id: self.encoder.yes for rule in fired}
        is_exact = verdict.status in ("decided", "no-rule", "guard")
        return End(key, words, self.encoder.all_of(terms), makers, is_exact)


def _result(verdict: Verdict) -> object:
    return (repr(verdict.canonical), repr(sorted(verdict.canonical_values.items())), verdict.unsettled)


class DutyEnds:
    """Whether duties are due under one policy, and by when."""

    def __init__(self, pair: Pair, side: Side, ids: tuple[str, ...]) -> None:
        self.side, self.ids, self.encoder = side, ids, pair.encoder
        self.due = {duty: term for duty, term in pair.due(side).items() if duty[0] == ids[0]}

    def at(self, judgement: Judgement, _state: State) -> End:
        """Return how an incident ends."""
        any_due = self.encoder.any_of(list(self.due.values()))
        if self.ids[0] not in judgement.obligations:
            return End("", "not due", self.encoder.z3.Not(any_due))
        return End(self.key, self.words, any_due)

    @property
    def key(self) -> object:
        """What counts of the duties."""
        found = [self.side.tree.obligations[id_] for id_ in self.ids]
        return tuple((duty.id, duty.within, duty.by) for duty in found)

    @property
    def words(self) -> str:
        """When they are due."""
        duty = self.side.tree.obligations[self.ids[0]]
        within = "" if duty.within is None else f" within {_duration(duty.within)}"
        return f"due{within}{f', by {duty.by}' if duty.by else ''}" if len(self.ids) == 1 else "due"


class LineEnds:
    """Whether a red line is crossed under one policy."""

    def __init__(self, pair: Pair, side: Side, id_: str) -> None:
        self.id, self.encoder = id_, pair.encoder
        self.broken = side.broken.get(id_, pair.encoder.no)

    def at(self, judgement: Judgement, _state: State) -> End:
        """Return how an incident ends."""
        if any(breach.guard.id == self.id for breach in judgement.breaches):
            return End("crossed", "crossed", self.broken)
        return End("kept", "kept", self.encoder.z3.Not(self.broken))


Ends: TypeAlias = DecisionEnds | DutyEnds | LineEnds


@attrs.frozen(eq=False)
class Question:
    """One question: what it is about, where the two policies end differently, and how each may end."""

    kind: Kind
    names: tuple[str, ...]
    differ: Term
    old: Ends
    new: Ends
    pair: Pair

    def ends(self, point: Point, judges: tuple[Judge, Judge] | None = None) -> tuple[End, End]:
        """Return how an incident ends under both policies, by the reference reading unless others are handed over."""
        one, other = self.judged(point, judges)
        return _end(self.old, self.pair.old, point, one), _end(self.new, self.pair.new, point, other)

    def judged(self, point: Point, judges: tuple[Judge, Judge] | None = None) -> tuple[Judgement, Judgement]:
        """Return what both policies make of an incident."""
        one, other = (
            {n: v for n, v in point.known.items() if n in tree.facts} for tree in (self.pair.old, self.pair.new)
        )
        if judges is None:
            day = point.as_of
            return interpret(self.pair.old, one, day), interpret(self.pair.new, other, day)
        return judges[0](one, point.as_of), judges[1](other, point.as_of)

    @property
    def is_open(self) -> bool:
        """Whether the solver only knows which rules hold, not what becomes of them."""
        made = [ends.made for ends in (self.old, self.new) if isinstance(ends, DecisionEnds)]
        return any(one is not None and one.open for one in made)

    @property
    def forms(self) -> list[NormalForm]:
        """The conditions that the answer hangs on."""
        trees = (self.pair.old, self.pair.new)
        found: list[NormalForm] = []
        for tree in trees:
            named = self._decisions(tree)
            found += [rule.form for rule in tree.rules if self._takes_part(rule, named)]
            found += [guard.form for guard in tree.guards if not named.isdisjoint(guard.decisions)]
        return [form for form in found if self.pair.strange.isdisjoint(facts_of(form))]

    def _takes_part(self, rule: Rule, named: set[str]) -> bool:
        return not named.isdisjoint(rule.outcomes) or (self.kind == "duty" and self.names[0] in rule.oblige)

    def _decisions(self, tree: PolicyTree) -> set[str]:
        """Return the decisions that the answer hangs on: those it is about, and those that red lines tie to them."""
        if self.kind == "decision":
            named = set(self.names)
        elif self.kind == "duty":
            named = {name for rule in tree.rules if self.names[0] in rule.oblige for name in rule.outcomes}
        else:
            named = set()
        for guard in tree.guards:
            if not named.isdisjoint(guard.decisions) or guard.id in self.names:
                named.update(guard.decisions)
        return named


def _end(ends: Ends, tree: PolicyTree, point: Point, judgement: Judgement) -> End:
    known = {name: value for name, value in point.known.items() if name in tree.facts}
    state = State.of(tree.facts, known, ordinal(point.as_of))
    return ends.at(judgement, state)


def questions(pair: Pair) -> Iterator[Question]:
    """Yield a question for each decision, group of duties and red line that may end differently."""
    any_of = pair.encoder.any_of
    old, new = pair.sides
    for name in pair.decisions:
        terms = pair.decision(name)
        if terms:
            ends = (DecisionEnds(pair, old, name), DecisionEnds(pair, new, name))
            yield Question("decision", (name,), any_of(terms), *ends, pair)
    for ids, differ in _duties(pair):
        yield Question("duty", ids, differ, DutyEnds(pair, old, ids), DutyEnds(pair, new, ids), pair)
    for id_ in {**old.broken, **new.broken}:
        one, other = (side.broken.get(id_, pair.encoder.no) for side in (old, new))
        if not one.eq(other):
            differ = pair.z3.Xor(one, other)
            yield Question("red line", (id_,), differ, LineEnds(pair, old, id_), LineEnds(pair, new, id_), pair)


def _duties(pair: Pair) -> Iterator[tuple[tuple[str, ...], Term]]:
    """Yield the duties that may be due otherwise, those that are due together as one."""
    no = pair.encoder.no
    old, new = (pair.due(side) for side in pair.sides)
    groups: dict[tuple[int, int], tuple[list[str], Term]] = {}
    for id_ in dict.fromkeys(str(duty[0]) for duty in {**old, **new}):
        one, other = _of(old, id_), _of(new, id_)
        mine, yours = (next(iter(found.values()), no) for found in (one, other))
        if one.keys() == other.keys() or not one or not other:
            if not mine.eq(yours):
                ids, _ = groups.setdefault((mine.get_id(), yours.get_id()), ([], pair.z3.Xor(mine, yours)))
                ids.append(id_)
        else:
            yield (id_,), pair.z3.Or(mine, yours)
    for ids, differ in groups.values():
        yield tuple(ids), differ


def _of(due: Mapping[Duty, Term], id_: str) -> dict[Duty, Term]:
    return {duty: term for duty, term in due.items() if duty[0] == id_}


def _text(expression: Expression, currency: str) -> str:
    if isinstance(expression, Constant) and isinstance(expression.value, str):
        return expression.value
    if isinstance(expression, Constant) and isinstance(expression.value, tuple):
        return ", ".join(expression.value) or "none"
    return expression_text(
        attrs.evolve(expression, name="") if isinstance(expression, Constant) else expression, currency
    )


def _with(key: tuple[str, ...]) -> str:
    outcome, *values = key
    return f"{outcome} with {' and '.join(values)}" if values else outcome


def _duration(seconds: Number) -> str:
    return duration_text(seconds)
