"""
The solver as a reading: what its terms say of one incident, which equations fix.

Everything that is expected of the incident is held against the solver at once: that it is possible, and that nothing else is. So a
term that is too weak, one that leaves open what the reference reading settles, is a difference as well.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import attrs

from evenhand import Policy, Verdict
from evenhand.engine.combine import Case, Match, combine
from evenhand.engine.decision import Judgement
from evenhand.engine.force import not_in_force, ordinal
from evenhand.engine.guards import assumptions, duties, judge
from evenhand.engine.interpret import interpret
from evenhand.engine.solve import Encoder, Outcomes, Point, outcomes_of, point_of
from evenhand.engine.solve.incidents import equations
from evenhand.engine.solve.verdicts import GIVEN, UNSETTLED, Made, Value, verdict_of
from evenhand.engine.truth import State, is_value, open_facts
from evenhand.rules.given import Knowledge
from evenhand.rules.tree import Constant, PolicyTree, Rule

#: Milliseconds after which the solver may give up on an incident.
PATIENCE = 5_000


class UnlikeError(Exception):
    """The solver's terms contradict each other, or the reading of rules that is made of them."""


def by_solver(policy: Policy, facts: Mapping[str, Any], as_of: dt.date) -> Judgement:
    """
    Decide an incident with the solver: which rules hold, certainly or possibly, and who wins.

    What the solver knows nothing of (uncertain facts, tests that are left open) is left to the reference reading.
    """
    known = policy.read(facts)
    solved = solved_policy(policy)
    refused = not_in_force(policy.tree, as_of)
    if refused is not None:
        return refused
    if solved.encoder.opened or not all(map(is_value, known.values())):
        return interpret(policy.tree, known, as_of)
    return solved.judgement(known, as_of)


@lru_cache(maxsize=4)
def solved_policy(policy: Policy) -> Solved:
    return Solved(policy.tree)


@attrs.frozen
class Said:
    """What the terms of one incident are, by what they are about: true or false."""

    holds: Mapping[object, bool]

    def match(self, rule: Rule) -> Match | None:
        possible = self.holds[rule.id, "possible"]
        certain = self.holds[rule.id, "certain"]
        if certain and not possible:
            raise UnlikeError(f"{rule.id} holds, and cannot")
        return Match(rule, certain) if possible else None


class Solved:
    """A policy in the solver."""

    def __init__(self, tree: PolicyTree) -> None:
        self.tree = tree
        self.encoder = Encoder(tree, optional=tree.facts)
        self.terms: dict[object, Any] = {}
        for rule in tree.rules:
            truth = self.encoder.form(rule.form)
            self.terms[rule.id, "certain"], self.terms[rule.id, "possible"] = truth.certain, truth.possible
        self.decisions = {name: outcomes_of(self.encoder, spec) for name, spec in tree.decisions.items()}
        for name, outcomes in self.decisions.items():
            self.terms |= {(name, "wins", id_): term for id_, term in outcomes.wins.items()}
            self.terms[name, "nobody"], self.terms[name, "default"] = outcomes.nobody, outcomes.default
            self.terms[name, "decided"] = outcomes.decided
        self.made = {name: verdict_of(self.encoder, spec, tree.rules) for name, spec in tree.decisions.items()}
        for name, made in self.made.items():
            self.terms[name, "nobody at all"] = made.nobody
            if not made.open:
                self.terms |= {(name, "due", duty): term for duty, term in made.due.items()}
                self.terms[name, "settled"] = made.decided
                for value, term in told(made).items():
                    self.terms[name, "given", value] = term.state == GIVEN
                    self.terms[name, "unsettled", value] = term.state == UNSETTLED
        self.solver = self.encoder.z3.Solver()
        self.solver.set("timeout", PATIENCE)
        self.solver.set("max_memory", 2_000)
        self.solver.add(self.encoder.axioms)

    def judgement(self, known: Mapping[str, Knowledge], as_of: dt.date) -> Judgement:
        """Return the judgement that the terms make of an incident."""
        state = State.of(self.tree.facts, known, ordinal(as_of))

        def waiting(rules: Iterable[Rule]) -> Counter[str]:
            found: Counter[str] = Counter()
            for rule in rules:
                found.update(open_facts(rule.form, state))
            return found

        self.solver.push()
        try:
            said = self.said(Point(known, as_of))
            matches = [match for rule in self.tree.rules if (match := said.match(rule)) is not None]
            verdicts = {}
            for name, spec in self.tree.decisions.items():
                mine = [match for match in matches if name in match.rule.outcomes]
                verdicts[name] = combine(Case(spec, self.tree.currency, self.tree.facts, lambda: state, waiting), mine)
            wrong = [
                one
                for name, verdict in verdicts.items()
                for one in (*self.wrong(name, verdict, said), *self.wrong_verdict(name, verdict, said))
            ]
        finally:
            self.solver.pop()
        if wrong:
            raise UnlikeError("; ".join(wrong))
        free = [match for match in matches if not match.rule.outcomes]
        return judge(self.tree, self.tree.guards, verdicts, free, lambda: state, assumptions(self.tree, known))

    def said(self, point: Point) -> Said:
        """Fix an incident, and return what holds of it; each answer is the only one that there is."""
        z3 = self.encoder.z3
        self.solver.add(equations(self.encoder, point))
        if self.solver.check() != z3.sat:
            raise UnlikeError("the incident is impossible")
        model = self.solver.model()
        holds = {key: z3.is_true(model.eval(term, model_completion=True)) for key, term in self.terms.items()}
        others = [term != z3.BoolVal(holds[key]) for key, term in self.terms.items()]
        if others and self.solver.check(z3.Or(others)) == z3.sat:
            other = self.solver.model()
            loose = [key for key, term in self.terms.items() if z3.is_true(other.eval(term)) != holds[key]]
            raise UnlikeError(f"left open: {loose}")
        again = point_of(self.encoder, model)
        asked = {name: value for name, value in point.known.items() if name in self.encoder.facts}
        if set(again.known) != set(asked):
            raise UnlikeError(f"{dict(again.known)} is not {asked}")
        return Said(holds)

    def wrong(self, name: str, verdict: Verdict, said: Said) -> Iterator[str]:
        """Yield how the terms of a decision part from its verdict, before red lines."""
        outcomes, holds = self.decisions[name], said.holds
        rules = [rule for rule in outcomes.rules if holds[rule.id, "possible"]]
        are_settled = all(holds[rule.id, "certain"] for rule in rules)
        if holds[name, "nobody"] != (not rules):
            yield f"{name}: nobody is {holds[name, 'nobody']}"
        if holds[name, "default"] == any(holds[rule.id, "certain"] for rule in rules):
            yield f"{name}: default is {holds[name, 'default']}"
        if not are_settled:
            return
        winners = [rule.id for rule in outcomes.rules if holds[name, "wins", rule.id]]
        if outcomes.spec.collects:
            if set(winners) != {rule.id for rule in rules}:
                yield f"{name}: {winners} take part"
            return
        if is_open_priority(outcomes):
            return
        if holds[name, "decided"] != (verdict.status == "decided"):
            yield f"{name}: {verdict.status}, and the solver says {holds[name, 'decided']}"
        expected = [verdict.rule.id] if verdict.status == "decided" and verdict.rule is not None else []
        if winners != expected:
            yield f"{name}: {winners} win, and not {expected}"
        yield from self.wrong_value(name, verdict, outcomes)

    def wrong_verdict(self, name: str, verdict: Verdict, said: Said) -> Iterator[str]:
        """Yield where a decision is another than its verdict, before red lines, facts that are missing included."""
        made, holds = self.made[name], said.holds
        is_decided = verdict.status == "decided"
        if holds[name, "nobody at all"] != (verdict.status == "no-rule"):
            yield f"{name}: {verdict.status}, and nobody decides: {holds[name, 'nobody at all']}"
        if made.open:
            return
        if holds[name, "settled"] != is_decided:
            yield f"{name}: {verdict.status}, and decided: {holds[name, 'settled']}"
        elif is_decided:
            yield from self.wrong_outcome(f"{name} as a whole", verdict.canonical, made.outcome)
            for value, part in told(made).items():
                if holds[name, "given", value] != (value in verdict.canonical_values):
                    yield f"{name}: {value} is given: {holds[name, 'given', value]}"
                elif value in verdict.canonical_values:
                    yield from self.wrong_outcome(f"{name}.{value}", verdict.canonical_values[value], part.term)
                if holds[name, "unsettled", value] != (value in verdict.unsettled):
                    yield f"{name}: {value} is unsettled: {holds[name, 'unsettled', value]}"
            due = {duty for duty in made.due if holds[name, "due", duty]}
            if due != set(duties(self.tree, {name: verdict}, [])[0]):
                yield f"{name}: {due} are due"

    def wrong_outcome(self, what: str, value: object, term: Any) -> Iterator[str]:
        """Yield where a term that has a number for each word, whatever scale it stands on, may be anything but a value."""
        z3 = self.encoder.z3
        if isinstance(value, tuple):
            return  # because whether two lists are equal is left open
        if isinstance(value, str):
            if value not in self.encoder.codes:
                return  # because a text that the policy does not name has no number of its own
            number = z3.IntVal(self.encoder.codes[value])
        else:
            number = z3.BoolVal(value) if isinstance(value, bool) else z3.RealVal(str(value))
        if self.solver.check(term != number) != z3.unsat:
            yield f"{what}: {value} is not what the solver says"

    def wrong_value(self, name: str, verdict: Verdict, outcomes: Outcomes) -> Iterator[str]:
        """Yield where the outcome, as a term, may be anything but the verdict's."""
        z3, type_ = self.encoder.z3, outcomes.spec.type
        if outcomes.value is None or verdict.status != "decided" or isinstance(verdict.canonical, tuple):
            return
        if isinstance(verdict.canonical, str) and not type_.words and verdict.canonical not in self.encoder.codes:
            return  # because a text that the policy does not name has no number of its own
        value = self.encoder.constant(verdict.canonical, type_)
        if self.solver.check(outcomes.value != value) != z3.unsat:
            yield f"{name}: {verdict.canonical} is not the outcome of the solver"


def told(made: Made) -> dict[str, Value]:
    """Return the values that the solver knows: whether two lists are equal is left open."""
    return {name: value for name, value in made.values.items() if made.spec.values[name].kind != "list"}


def is_open_priority(outcomes: Outcomes) -> bool:
    """Whether the facts say which outcome is the strongest: the solver leaves the winner open there."""
    is_constant = all(isinstance(rule.outcomes[outcomes.spec.id], Constant) for rule in outcomes.rules)
    return outcomes.spec.hit_policy == "priority" and not is_constant
