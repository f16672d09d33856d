"""Two policies in one solver: the same facts, the same terms, and where what they decide differs."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from functools import cached_property
from itertools import permutations

import attrs

from ...rules.regions import universe
from ...rules.tree import (
    Atom,
    Conjunct,
    Constant,
    DecisionSpec,
    FactRef,
    FactTest,
    Guard,
    NormalForm,
    PolicyTree,
    Rule,
    Whole,
)
from ..force import moment, ordinal
from ..solve import Encoder, Point, point_of
from ..solve.incidents import equations
from ..solve.terms import Term, Truth
from ..solve.verdicts import ABSENT, GIVEN, Made, verdict_of
from .ground import PATIENCE, Answer, parts_in

#: A duty as it counts: its name, its deadline and whose it is.
Duty = tuple[object, ...]


def fabric(tree: PolicyTree) -> object:
    """Return all of a policy that what it decides may hang on; policies of one fabric are equal."""
    return (
        tree.currency,
        (tree.effective, tree.expires),
        {name: _fact(tree, name) for name in tree.asked},
        {name: thread(tree, spec) for name, spec in tree.decisions.items()},
        [(rule.form, duties(tree, rule)) for rule in tree.rules if not rule.outcomes],
        [(guard.id, guard.form) for guard in tree.guards],
    )


def _fact(tree: PolicyTree, name: str) -> object:
    fact = tree.facts[name]
    return (fact.type, fact.low, fact.high, fact.assume)


def thread(tree: PolicyTree, spec: DecisionSpec) -> object:
    """Return what one decision hangs on."""
    rules = [rule for rule in tree.rules if spec.id in rule.outcomes]
    return (_spec(spec), [_inputs(tree, spec, rule) for rule in rules])


def _spec(spec: DecisionSpec) -> object:
    return (spec.type, spec.hit_policy, spec.aggregate, spec.default, dict(spec.values))


def _inputs(tree: PolicyTree, spec: DecisionSpec, rule: Rule) -> object:
    return (rule.form, _said(spec, rule), duties(tree, rule))


def _said(spec: DecisionSpec, rule: Rule) -> object:
    return (rule.outcomes[spec.id], {name: rule.values[name] for name in spec.values if name in rule.values})


def duties(tree: PolicyTree, rule: Rule) -> tuple[Duty, ...]:
    """Return the duties that come with a rule, as they count."""
    return tuple(duty_of(tree, id_) for id_ in rule.oblige)


def duty_of(tree: PolicyTree, id_: str) -> Duty:
    """Return a duty as it counts."""
    duty = tree.obligations[id_]
    return (id_, duty.within, duty.by)


@attrs.frozen(eq=False)
class Side:
    """One of the two policies in the solver: what it decides, and which red lines may be broken."""

    tree: PolicyTree
    made: Mapping[str, Made]
    broken: Mapping[str, Term]

    def decided(self, name: str, encoder: Encoder) -> Term:
        """Return whether a decision is made, and no red line withholds it."""
        made = self.made.get(name)
        if made is None:
            return encoder.no
        lines = [self.broken[guard.id] for guard in self.tree.guards if name in guard.decisions]
        return encoder.z3.And(made.decided, encoder.z3.Not(encoder.any_of(lines))) if lines else made.decided


class Pair:
    """
    Two policies, encoded over the same facts, any of which may be missing.

    Equal conditions become equal terms, and decisions in which nothing was changed are not asked about at all.
    """

    def __init__(self, old: PolicyTree, new: PolicyTree, *, budget: float | None = None) -> None:
        self._ends = None if budget is None else time.monotonic() + budget
        self.old, self.new = old, new
        self.asked = old.asked | new.asked
        starts = [when for when in (old.effective, new.effective) if when is not None]
        ends = [when for when in (old.expires, new.expires) if when is not None]
        joint = attrs.evolve(
            new,
            facts={**old.facts, **new.facts},
            decisions={**old.decisions, **new.decisions},
            effective=max(starts, key=moment, default=None),
            expires=min(ends, key=moment, default=None),
            asked=self.asked,
        )
        self.encoder = Encoder(joint, self.asked)
        self.z3 = self.encoder.z3
        self.solver = self.z3.Solver()
        self.solver.set("timeout", PATIENCE)

    @property
    def is_comparable(self) -> bool:
        """Whether the facts that both ask for are the same facts."""
        shared = self.old.asked & self.new.asked
        return self.old.currency == self.new.currency and all(
            _fact(self.old, name) == _fact(self.new, name) for name in shared
        )

    @cached_property
    def changed(self) -> list[str]:
        """The decisions in which something was changed."""
        names = dict.fromkeys([*self.old.decisions, *self.new.decisions])
        return [name for name in names if self._thread(self.old, name) != self._thread(self.new, name)]

    @staticmethod
    def _thread(tree: PolicyTree, name: str) -> object:
        spec = tree.decisions.get(name)
        return None if spec is None else thread(tree, spec)

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """The two policies as terms."""
        return self._side(self.old, "old"), self._side(self.new, "new")

    def _side(self, tree: PolicyTree, name: str) -> Side:
        made = {id_: verdict_of(self.encoder, spec, tree.rules) for id_, spec in tree.decisions.items()}
        return Side(tree, made, {guard.id: _broken(self.encoder, made, guard, name) for guard in tree.guards})

    @cached_property
    def given(self) -> list[Term]:
        """What is so of incidents of which all facts are given, those excepted of which a condition asks whether they are."""
        trees = (self.old, self.new)
        forms = [form for tree in trees for form in [*(r.form for r in tree.rules), *(g.form for g in tree.guards)]]
        tests = [part for form in forms for part in parts_in(form) if isinstance(part, FactTest)]
        free = {test.fact for test in tests if test.known != test.missing}
        return [self.encoder.known(name) for name in sorted(self.asked - free)]

    # -- where they differ

    def differences(self) -> list[Term]:
        """Return terms of which one at least holds of every incident that is decided differently."""
        names = dict.fromkeys([*self.old.decisions, *self.new.decisions])
        found = [term for name in names for term in self.decision(name)]
        return [*found, *self.duty_differences(), *self.guard_differences()]

    def decision(self, name: str) -> list[Term]:
        """Return where one decision differs in its outcome or its values, or is made by one of the two only."""
        one, other = (side.made.get(name) for side in self.sides)
        guarded = any(name in guard.decisions for tree in (self.old, self.new) for guard in tree.guards)
        if name not in self.changed and not (guarded and self._guards_may_differ):
            return []
        decided, also = (side.decided(name, self.encoder) for side in self.sides)
        found = [self.z3.Xor(decided, also)]
        if one is not None and other is not None and name in self.changed:
            both = self.z3.And(decided, also)
            found += [self.z3.And(both, term) for term in self._outcomes_differ(one, other)]
        return found

    def _outcomes_differ(self, one: Made, other: Made) -> list[Term]:
        if (
            one.open
            or other.open
            or one.spec.type.kind != other.spec.type.kind
            or one.outcome.sort() != other.outcome.sort()
        ):
            return [self.inputs_differ(one, other)]
        found = [] if one.outcome.eq(other.outcome) else [one.outcome != other.outcome]
        for name in {**one.values, **other.values}:
            mine, yours = one.values.get(name), other.values.get(name)
            if mine is None or yours is None:
                present = mine or yours
                assert present is not None
                found.append(present.state != ABSENT)
            else:
                same = mine.term == yours.term if mine.term.sort() == yours.term.sort() else self.encoder.no
                found += [mine.state != yours.state, self.z3.And(mine.state == GIVEN, self.z3.Not(same))]
        return found

    def inputs_differ(self, one: Made, other: Made) -> Term:
        """Return whether some rule of a decision holds on one side only, or says something else."""
        if _spec(one.spec) != _spec(other.spec):
            return self.encoder.yes
        z3 = self.z3
        found = []
        theirs = {rule.id: (place, rule, truth) for place, (rule, truth) in enumerate(other.inputs)}
        last = -1
        met = set()
        for rule, truth in one.inputs:
            twin = theirs.get(rule.id)
            if twin is None or twin[0] < last:
                found.append(truth.possible)
                continue
            last = twin[0]
            met.add(rule.id)
            found += [z3.Xor(truth.certain, twin[2].certain), z3.Xor(truth.possible, twin[2].possible)]
            if _said(one.spec, rule) != _said(other.spec, twin[1]):
                found.append(truth.possible)
        found += [truth.possible for rule, truth in other.inputs if rule.id not in met]
        return self.encoder.any_of(found)

    def duty_differences(self) -> list[Term]:
        """Return where a duty is due under one of the two only."""
        old, new = (self._due(side) for side in self.sides)
        pairs = [(old.get(duty, self.encoder.no), new.get(duty, self.encoder.no)) for duty in {**old, **new}]
        return [self.z3.Xor(one, other) for one, other in pairs if not one.eq(other)]

    def _due(self, side: Side) -> dict[Duty, Term]:
        found: dict[Duty, list[Term]] = {}
        for name, made in side.made.items():
            decided = side.decided(name, self.encoder)
            for id_, due in made.due.items():
                found.setdefault(duty_of(side.tree, id_), []).append(self.z3.And(decided, due))
        for rule in side.tree.rules:
            if not rule.outcomes:
                for key in duties(side.tree, rule):
                    found.setdefault(key, []).append(self.encoder.form(rule.form).certain)
        return {key: self.encoder.any_of(terms) for key, terms in found.items()}

    @cached_property
    def _guards_may_differ(self) -> bool:
        old, new = ([(guard.id, guard.form) for guard in tree.guards] for tree in (self.old, self.new))
        named = {name for tree in (self.old, self.new) for guard in tree.guards for name in guard.decisions}
        return old != new or not named.isdisjoint(self.changed)

    def guard_differences(self) -> list[Term]:
        """Return where a red line is broken under one of the two only, or may be for what is not decided."""
        if not self._guards_may_differ:
            return []
        old, new = self.sides
        found = []
        for id_ in {**old.broken, **new.broken}:
            one, other = old.broken.get(id_, self.encoder.no), new.broken.get(id_, self.encoder.no)
            found += [] if one.eq(other) else [self.z3.Xor(one, other)]
            found += self._undecided(id_)
        return found

    def _undecided(self, id_: str) -> list[Term]:
        """Return where a red line hangs on what a decision that is not made may still come to."""
        guards = [guard for tree in (self.old, self.new) for guard in tree.guards if guard.id == id_]
        is_same = len(guards) == 2 and guards[0].form == guards[1].form
        found = []
        for name in dict.fromkeys(name for guard in guards for name in guard.decisions):
            one, other = (side.made.get(name) for side in self.sides)
            if is_same and name not in self.changed:
                continue
            if one is None or other is None:
                found.append(self.encoder.yes)
                continue
            open_ = [self.z3.And(self.z3.Not(made.decided), self.z3.Not(made.nobody)) for made in (one, other)]
            differ = self.inputs_differ(one, other) if is_same else self.encoder.yes
            found.append(self.z3.And(self.z3.Or(open_), differ))
        return found

    # -- questions

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self._ends is not None and time.monotonic() > self._ends

    def ask(self, *terms: Term) -> Point | Answer:
        """Return an incident for which all terms hold, or why there is none to show."""
        if self.is_over:
            return Answer.UNKNOWN
        self._name_texts()
        self.solver.push()
        try:
            self.solver.add(*self.encoder.axioms, *terms)
            found = self.z3.unknown
            for wishes in self._wishes:
                found = self.solver.check(*wishes)
                if found == self.z3.sat:
                    return point_of(self.encoder, self.solver.model())
            return Answer.NONE if found == self.z3.unsat else Answer.UNKNOWN
        finally:
            self.solver.pop()

    @cached_property
    def _wishes(self) -> list[list[Term]]:
        names = {test.subject.name for test, _ in self.encoder.patterns if isinstance(test.subject, FactRef)}
        texts = [self.encoder.variable(name) for name in sorted(names)]
        wished = [self.z3.And(text >= 0, text < len(self.encoder.codes)) for text in texts]
        return [wished, []] if wished else [[]]

    def _name_texts(self) -> None:
        """Tell the solver of some texts that patterns hold for, so that what it comes up with are texts that there are."""
        words = [str(test.pattern.value) for test, _ in self.encoder.patterns if isinstance(test.pattern, Constant)]
        words += [word.strip("^$").removeprefix("(?i)") for word in words]
        pairs = [f"{one}{other}" for one, other in permutations(words[:8], 2)]
        for text in ("another text", "x", "7", "42", *words, *(f"x {word} x" for word in words), *pairs):
            if self.encoder.patterns:
                self.encoder.code(text)

    def unlike(self, point: Point) -> Term:
        """Return whether an incident is another one."""
        day, *facts = equations(self.encoder, point)
        return self.z3.Not(self.encoder.all_of([day, *facts] if self.encoder.asks_the_day else facts))

    def anything(self, tree: PolicyTree, day: dt.date) -> Point | None:
        """Return an incident about which a policy decides anything on a day, or for which a duty is due."""
        side = self._side(tree, "old" if tree is self.old else "new")
        terms = [made.decided for made in side.made.values()]
        terms += [self.encoder.form(rule.form).certain for rule in tree.rules if not rule.outcomes]
        self.solver.push()
        self.solver.add(*[axiom for axiom in self.encoder.axioms if "today" not in str(axiom)])
        self.solver.add(self.encoder.today == ordinal(day), self.encoder.any_of(terms))
        found = self.solver.check()
        point = point_of(self.encoder, self.solver.model()) if found == self.z3.sat else None
        self.solver.pop()
        return None if point is None else attrs.evolve(point, as_of=day)


def _broken(encoder: Encoder, made: Mapping[str, Made], guard: Guard, side: str) -> Term:
    """Return whether a red line is broken or may be."""
    return (
        _Line(encoder, {name: made[name] for name in guard.decisions}, f"{side} {guard.id}").truth(guard.form).possible
    )


class _Line:
    """One red line of one policy, over what its decisions come to."""

    def __init__(self, encoder: Encoder, made: Mapping[str, Made], name: str) -> None:
        self.encoder, self.made, self.name = encoder, made, name

    def truth(self, form: NormalForm) -> Truth:
        """Return whether the line is certainly, and whether it is possibly broken."""
        return self.encoder.either([self._all([self._part(part) for part in parts]) for parts in form.disjuncts])

    def _all(self, truths: list[Truth]) -> Truth:
        certain, possible = ([getattr(truth, of) for truth in truths] for of in ("certain", "possible"))
        return Truth(self.encoder.all_of(certain), self.encoder.all_of(possible))

    def _part(self, part: Conjunct) -> Truth:
        match part:
            case FactTest(name) if name in self.made:
                return self._outcome_test(part)
            case Atom(_, facts) if any(name in self.made for name in facts):
                return self._outcomes_test(part)
            case Whole(form):
                return self.truth(form)
            case _:
                return self.encoder.conjunct(part)

    def _outcome_test(self, part: FactTest) -> Truth:
        z3, made = self.encoder.z3, self.made[part.fact]
        type_ = made.spec.type
        undecided = z3.BoolVal(part.missing == universe(type_))
        if type_.words:
            words = [made.outcome == self.encoder.code(str(word)) for word in getattr(part.known, "words", ())]
            inside = self.encoder.any_of(words)
        else:
            inside = self.encoder.within(made.outcome, part.known, type_)
        certain, possible = (z3.If(made.nobody, undecided, value) for value in (self.encoder.no, self.encoder.yes))
        return Truth(z3.If(made.decided, inside, certain), z3.If(made.decided, inside, possible))

    def _outcomes_test(self, part: Atom) -> Truth:
        """Leave open what a test over several decisions, or a decision and facts, comes to."""
        held = self.encoder.z3.Bool(f"{self.name}: {part!r}")
        return Truth(held, held)
