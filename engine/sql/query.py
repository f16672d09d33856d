"""A policy as one query: its stages, put together, and the answers that they come to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import attrs
from sqlglot import exp

from ...rules.decisions import DecisionSpec
from ...rules.tree import Expression, Origin, PolicyTree, Rule
from ..force import is_in_force, moment, ordinal
from . import nodes
from .amounts import Amount, Reckoner
from .answer import Answer, Decided
from .chain import chained
from .conditions import Conditions
from .dialects import Dialect
from .facts import Facts
from .guards import Breach, Guarding, Standing
from .hits import Candidate, Hit, Maker, in_order
from .nodes import Node, column, number, text
from .refusals import Refusals, Refused
from .slots import Slot
from .stages import Stages
from .values import ValueColumn, value_column, value_list
from .waiting import missing_counts

#: A day in microseconds, and the ordinal of the first day of 1970.
_DAY: int = 86_400_000_000
_EPOCH_DAY: int = 719_163


@attrs.frozen
class Wanted:
    """What the query is to be: its table, the columns kept of it (all unless some are named), its day, and whether reasons are told."""

    table: str
    key: tuple[str, ...] = ()
    as_of: dt.date | str | None = None
    reasons: bool = False


class Query:
    """One policy over one table in one dialect."""

    def __init__(self, tree: PolicyTree, dialect: Dialect, facts: Facts, wanted: Wanted) -> None:
        self.tree, self.dialect, self.facts, self.wanted = tree, dialect, facts, wanted
        self.stages = Stages()
        self.refusals = Refusals(dialect.title)
        reckoner = Reckoner(dialect, facts.amount, self._size, self._today)
        self.conditions = Conditions(facts, reckoner, self.stages)
        self._needs_day = False

    # -- what the query stands on

    def _size(self, name: str) -> Amount:
        return Amount(self.dialect.wide(self.dialect.size(self.facts.subject(name))), 1_000)

    def _today(self) -> Amount:
        as_of = self.wanted.as_of
        if isinstance(as_of, dt.date):
            return Amount.of(ordinal(as_of))
        self._needs_day = True
        return Amount(column("_today"), 3_652_059)

    def _now(self) -> Node:
        """Return the moment of the decision in microseconds."""
        if isinstance(self.wanted.as_of, str):
            return self.dialect.micros(column(self.wanted.as_of))
        return self.dialect.micros(exp.CurrentTimestamp())

    def in_force(self) -> Node:
        """Whether the policy decides at all."""
        tree, as_of = self.tree, self.wanted.as_of
        if isinstance(as_of, dt.date):
            return nodes.truth(is_in_force(tree, as_of))
        conditions = [
            nodes.compared(operator, self._now(), number(_micros(bound)))
            for operator, bound in ((">=", tree.effective), ("<", tree.expires))
            if bound is not None
        ]
        return self.stages.define("facts", "_in_force", nodes.all_of(conditions), "the policy is in force")

    # -- decisions

    def truths(self) -> dict[str, tuple[Node, bool]]:
        """Return the truth of each rule, and whether it may be unknown."""
        found: dict[str, tuple[Node, bool]] = {}
        for place, rule in enumerate(self.tree.rules, 1):
            node: Node = nodes.null()
            with self.refusals.at(f"rule `{rule.id}`", rule.origin):
                node = self.conditions.form(rule.form)
            words = f"{rule.id}: {rule.title or rule.text}"
            is_open = self.conditions.may_be_unknown(rule.form)
            found[rule.id] = self.stages.define("rules", f"_r{place}", node, words), is_open
        return found

    def decide(self, at: int, spec: DecisionSpec, truths: Mapping[str, tuple[Node, bool]]) -> Decided | None:
        """Return one decision, None where the dialect cannot say it."""
        found: list[Decided] = []
        with self.refusals.at(f"decision `{spec.id}`", spec.origin or self._first_origin(spec)):
            found.append(self._decided(at, spec, truths))
        return found[0] if found else None

    def _decided(self, at: int, spec: DecisionSpec, truths: Mapping[str, tuple[Node, bool]]) -> Decided:
        rules = in_order(spec, [rule for rule in self.tree.rules if spec.id in rule.outcomes])
        given = [rule.outcomes[spec.id] for rule in rules]
        slot = self._slot(spec, given, None if spec.aggregate == "count" else spec.default)
        candidates = tuple(
            Candidate(place, rule, *truths[rule.id], expression, slot.node(expression), slot.may_be_null(expression))
            for place, (rule, expression) in enumerate(zip(rules, given, strict=True), 1)
        )
        hit = Maker(at, spec, slot, candidates, spec.default, self.stages, self._known(rules)).make()
        values = tuple(self._value(name, hit) for name in spec.values)
        counts = missing_counts(hit, spec.default, values, self.conditions, self.stages)
        undefined = self._undefined(hit, counts)
        return Decided(spec, hit, Standing.of(hit, counts, undefined, self.stages), values, undefined)

    def _known(self, rules: Sequence[Rule]) -> Node:
        """Return whether every fact is known, which settles rules, unless they divide by one."""
        facts = self.facts
        if any(self.conditions.may_divide(rule.form) for rule in rules):
            return nodes.false()
        asked = [name for name in facts.tree.facts if name in facts.tree.asked and facts.may_be_missing(name)]
        known = nodes.all_of(nodes.is_known(facts.raw(name)) for name in asked)
        return self.stages.share("rules", "_known_", known, "every fact is known")

    def _first_origin(self, spec: DecisionSpec) -> Origin | None:
        return next((rule.origin for rule in self.tree.rules if spec.id in rule.outcomes), None)

    def _slot(self, spec: DecisionSpec, given: Sequence[Expression], default: Expression | None) -> Slot:
        return Slot.of(spec.type, [*given, *([] if default is None else [default])], self.conditions)

    def _value(self, name: str, hit: Hit) -> ValueColumn:
        entries = {one.place: one.rule.values[name] for one in hit.candidates if name in one.rule.values}
        try:
            slot = Slot.of(hit.spec.values[name], entries.values(), self.conditions)
            make = value_list if hit.spec.collects else value_column
            return make(name, hit, slot, entries, self.stages)
        except Refused as refused:
            raise Refused(f"`{name}`: {refused.why}", refused.way) from None

    def _undefined(self, hit: Hit, counts: Mapping[str, Node]) -> Node:
        """Whether what is unsettled waits for no fact: an expression has no value."""
        if nodes.is_false(hit.unsettled) or not self._may_be_undefined(hit):
            return nodes.false()
        waits = nodes.any_of(nodes.compared(">", count, number(0)) for count in counts.values())
        nothing = nodes.all_of([hit.unsettled, nodes.negated(waits)])
        return self.stages.define("waiting", f"_f{hit.number}", nothing, f"{hit.spec.id}: an expression has no value")

    def _may_be_undefined(self, hit: Hit) -> bool:
        """Whether something of a decision may have no value although its facts are known."""
        given = [one.expression for one in hit.candidates] + ([] if hit.spec.default is None else [hit.spec.default])
        return any(map(hit.slot.may_be_beyond, given)) or any(
            self.conditions.may_divide(one.rule.form) for one in hit.candidates
        )

    # -- answers

    def answers(self) -> list[Node]:
        """Return the columns of the answer."""
        truths = self.truths()
        found = [self.decide(at, spec, truths) for at, spec in enumerate(self.tree.decisions.values(), 1)]
        decided = [one for one in found if one is not None]
        guarding = Guarding(self.conditions, {one.spec.id: one.standing for one in decided}, self.stages)
        breaches: list[Breach] = []
        for at, guard in enumerate(self.tree.guards, 1):
            with self.refusals.at(f"guard `{guard.id}`", guard.origin):
                if all(name in guarding.standings for name in guard.decisions):
                    breaches.append(guarding.breach(at, guard))
        in_force, sound, problems = self.in_force(), nodes.true(), nodes.null()
        with self.refusals.at("the facts", None):
            sound, problems = self._problems()
        self._exact_columns()
        answer = Answer(self, decided, breaches, in_force, sound, problems, truths)
        return list(answer.columns())

    def _exact_columns(self) -> None:
        for name, node, comment in self.facts.exact_columns():
            self.stages.define("facts", name, node, comment)
        if self._needs_day:
            days = self.dialect.quotient(self.dialect.wide(self._now()), number(_DAY))
            day = nodes.combined("+", days, number(_EPOCH_DAY))
            self.stages.define("facts", "_today", day, "the day of the decision, in days since 0001-01-01, which is 1")

    def _problems(self) -> tuple[Node, Node]:
        """
        Return whether all facts are well, and the names of those that no reading would take.

        They are looked at beside the rules, as DuckDB finds what checks and rules both ask only within one stage.
        """
        checks = list(self.facts.checks())
        if isinstance(self.wanted.as_of, str):
            checks.append((self.wanted.as_of, nodes.is_known(column(self.wanted.as_of))))
        if not checks:
            return nodes.true(), nodes.null()
        surely = [(name, check) for name, check in checks if name in self.facts.given]
        perhaps = [(name, check) for name, check in checks if name not in self.facts.given]
        well = [check for _, check in surely]
        if perhaps:
            well.append(nodes.coalesced(nodes.all_of(check for _, check in perhaps), nodes.true()))
        wrong = {name: nodes.chosen([(check, nodes.null())], text(name)) for name, check in surely}
        wrong |= {name: nodes.chosen([(nodes.negated(check), text(name))]) for name, check in perhaps}
        listed = [wrong[name] for name, _ in checks]
        names = self.dialect.joined(listed) if len(listed) > 1 else text(checks[0][0])
        sound = nodes.all_of(well)
        sound = nodes.coalesced(sound, nodes.false()) if surely else sound
        return self.stages.define("rules", "_sound", sound, "every fact is one that a reading takes"), names

    def name(self, *parts: str) -> str:
        """Return the name of a column of the answer."""
        joined = ".".join(parts)
        return joined if self.dialect.dots else joined.replace(".", "_")

    # -- the text

    def select(self) -> exp.Select:
        """
        Return the whole query.

        Raises:
            SqlError: If the dialect cannot say all of it.
        """
        answers = self.answers()
        self.refusals.check()
        facts = dict.fromkeys(self.facts.columns.values())
        if isinstance(self.wanted.as_of, str):
            facts[self.wanted.as_of] = None
        return chained(self.stages, answers, self.dialect, self.wanted.table, self.wanted.key, list(facts))


def _micros(when: dt.date) -> int:
    delta = moment(when) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return delta // dt.timedelta(microseconds=1)
