"""The answers of a query: the columns that its stages come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
from sqlglot import exp

from ...rules.decisions import DecisionSpec
from ...rules.tree import Rule
from . import nodes
from .duties import Duties, Settling
from .guards import Breach, Standing
from .hits import REFER, Hit
from .nodes import Node, number, text
from .refusals import Refused
from .values import ValueColumn

if TYPE_CHECKING:
    from .query import Query


@attrs.frozen
class Decided:
    """All that is known of one decision."""

    spec: DecisionSpec
    hit: Hit
    standing: Standing
    values: tuple[ValueColumn, ...]
    undefined: Node


@attrs.frozen
class Answer:
    """The columns of the answer, over the stages."""

    query: Query
    decided: Sequence[Decided]
    breaches: Sequence[Breach]
    in_force: Node
    sound: Node
    problems: Node
    truths: Mapping[str, tuple[Node, bool]]

    def columns(self) -> Iterator[Node]:
        """Yield them in the order of the table that every columns reading gives."""
        settlings: list[Settling] = []
        for one in self.decided:
            withheld = self.withheld(one)
            stands = nodes.all_of([one.standing.decided, nodes.negated(withheld)])
            stands = self.query.stages.define("duties", f"_s{one.hit.number}", stands, f"{one.spec.id}: decided")
            settlings.append(Settling(one.hit, stands))
            yield from self.of_decision(one, stands, withheld)
        duties = Duties(self.query.tree, self.truths, settlings, self.query.stages)
        due, possible = duties.lists()
        yield self.listed("obligations", due)
        yield self.listed("possible_obligations", possible)
        certain = [(nodes.chosen([(self.surely(b), number(at))]), b.guard.id) for at, b in enumerate(self.breaches)]
        perhaps = [
            (nodes.chosen([(nodes.is_null(b.broken), number(at))]), b.guard.id) for at, b in enumerate(self.breaches)
        ]
        yield self.listed("breaches", certain)
        yield self.listed("possible_breaches", perhaps)
        facts = self.query.facts
        assumed = [
            (nodes.chosen([(nodes.is_null(facts.raw(name)), number(at))]), name)
            for at, (name, fact) in enumerate(self.query.tree.facts.items())
            if facts.assumed(name) is not None and fact.name in self.query.tree.asked
        ]
        yield self.listed("assumed", assumed)
        problems = nodes.chosen([(self.sound, nodes.null())], self.problems)
        if isinstance(problems, exp.Null):
            problems = nodes.cast(problems, self.query.dialect.text_type)
        yield nodes.named(problems, "problems")

    def surely(self, breach: Breach) -> Node:
        """Whether a guard is broken for certain."""
        if isinstance(breach.broken, exp.Boolean):
            return breach.broken
        return nodes.all_of([nodes.is_known(breach.broken), breach.broken])

    def withheld(self, one: Decided) -> Node:
        """Whether a red line leaves a decision to a human."""
        found = nodes.any_of(b.withholds for b in self.breaches if one.spec.id in b.guard.decisions)
        return self.query.stages.share("guards", "_withheld_", found, f"{one.spec.id}: left to a human by a red line")

    # -- one decision

    def of_decision(self, one: Decided, stands: Node, withheld: Node) -> Iterator[Node]:
        """Yield the columns of one decision."""
        query, spec, hit = self.query, one.spec, one.hit
        yield self.column(self.outcome(one, stands), spec.id, comment=spec.title or spec.id)
        status = nodes.chosen(
            [
                (withheld, text("guard")),
                (one.undefined, text("undefined")),
                (hit.unsettled, text("unsettled")),
                (hit.conflict, text("conflict")),
                (hit.nobody, text("no-rule")),
            ],
            text("decided"),
        )
        yield self.column(status, spec.id, "status", otherwise=text("not-in-force"))
        yield self.column(self.by_rule(one, stands, lambda rule: rule.id), spec.id, "rule")
        if query.wanted.reasons:
            yield self.column(self.by_rule(one, stands, lambda rule: rule.because), spec.id, "because")
        yield self.listed(query.name(spec.id, "missing"), self.missing(one, withheld))
        for value in one.values:
            yield self.column(value.shown(stands), spec.id, value.name)

    def by_rule(self, one: Decided, stands: Node, said: Callable[[Rule], str]) -> Node:
        """Return something of the rule that decides, NULL where none does."""
        hit = one.hit
        whens = [
            (nodes.compared("=", hit.winner, number(c.place)), text(said(c.rule)) if said(c.rule) else nodes.null())
            for c in hit.candidates
        ]
        found = nodes.chosen([(stands, nodes.chosen(whens))])
        return nodes.cast(found, self.query.dialect.text_type) if isinstance(found, exp.Null) else found

    def outcome(self, one: Decided, stands: Node) -> Node:
        """Return the outcome as the answer shows it."""
        spec, hit = one.spec, one.hit
        if spec.collects:
            refer = text(REFER) if is_worded(spec) else None
            return nodes.chosen([(stands, self.collected(one))], refer)
        if not spec.type.words:
            return nodes.chosen([(stands, hit.slot.shown(hit.outcome))])
        return nodes.chosen([(stands, hit.outcome)], text(REFER))

    def collected(self, one: Decided) -> Node:
        """Return what all rules that hold come to."""
        spec, hit, slot = one.spec, one.hit, one.hit.slot
        dialect = self.query.dialect
        if spec.aggregate == "count":
            count = nodes.total(nodes.counted(c.certain) for c in hit.candidates)
            if hit.default is not None:
                count = nodes.chosen([(hit.by_default, hit.default)], count)
            return nodes.cast(count, dialect.decimal.format(places=0))
        if spec.aggregate is None:
            items = [nodes.chosen([(c.certain, slot.shown(c.outcome))]) for c in hit.candidates]
            if hit.default is not None:
                items.append(nodes.chosen([(hit.by_default, slot.shown(hit.default))]))
            return dialect.kept(items, slot.sql_type) if items else nodes.null()
        total = nodes.total(nodes.counted(c.certain, c.outcome) for c in hit.candidates)
        found = total if spec.aggregate == "sum" else self.extreme(one)
        if hit.default is not None:
            found = nodes.chosen([(hit.by_default, hit.default)], found)
        return slot.shown(found)

    def extreme(self, one: Decided) -> Node:
        """Return the least or greatest outcome of the rules that hold."""
        from ...rules.tree import Constant
        from ..combine import strength
        from .hits import _constant

        spec, hit = one.spec, one.hit
        if all(isinstance(c.expression, Constant) for c in hit.candidates):
            ordered = sorted(
                hit.candidates, key=lambda c: strength(spec, _constant(c.expression)), reverse=spec.aggregate == "max"
            )
            return nodes.chosen((c.certain, c.outcome) for c in ordered)
        if self.query.dialect.name in ("bigquery", "snowflake"):
            with self.query.refusals.at(f"decision `{spec.id}`", spec.origin):
                raise Refused("the least and the greatest of computed outcomes have no form there", "use `collect`")
        wide = self.query.dialect.wide
        items = [wide(nodes.chosen([(c.certain, c.outcome)])) for c in hit.candidates]
        return nodes.call("LEAST" if spec.aggregate == "min" else "GREATEST", *items) if len(items) > 1 else items[0]

    def missing(self, one: Decided, withheld: Node) -> list[tuple[Node, str]]:
        """Return the facts that a verdict waits for, by how much waits for each, most first."""
        breaches = [b for b in self.breaches if one.spec.id in b.guard.decisions]
        counts = dict(one.standing.counts)
        names = [n for n in self.query.tree.facts if n in counts or any(n in b.missing for b in breaches)]
        found: list[tuple[Node, str]] = []
        for name in names:
            count = counts.get(name, number(0))
            by_guards = [nodes.counted(b.missing[name]) for b in breaches if name in b.missing]
            if not nodes.is_false(withheld):
                own = nodes.counted(nodes.compared(">", count, number(0)))
                count = nodes.chosen([(withheld, nodes.total([own, *by_guards]))], count)
            rank = exp.Neg(this=exp.Nullif(this=nodes.own(count), expression=number(0)))
            told = f"{one.spec.id}: how much waits for {name}, most first"
            column_ = self.query.stages.define("duties", f"_q{one.hit.number}_{names.index(name)}", rank, told)
            found.append((column_, name))
        return found

    # -- wrapping

    def column(self, node: Node, *parts: str, otherwise: Node | None = None, comment: str = "") -> Node:
        """Return a column of the answer: NULL in a bad row, and *otherwise* where the policy is not in force."""
        decision = self.query.tree.decisions[parts[0]]
        if otherwise is None and len(parts) == 1 and is_worded(decision):
            otherwise = text(REFER)
        found = nodes.chosen([(self.in_force, node)], otherwise)
        return nodes.named(self.well(found), self.query.name(*parts), comment)

    def well(self, node: Node) -> Node:
        """Return something, NULL in a bad row."""
        return nodes.chosen([(self.sound, node)])

    def listed(self, name: str, ranked: list[tuple[Node, str]]) -> Node:
        """Return a list of names, in order."""
        dialect = self.query.dialect
        empty = dialect.list_of(())
        kept = [(rank, item) for rank, item in ranked if not isinstance(rank, exp.Null)]
        if not kept:
            return nodes.named(self.well(empty), name)
        some = nodes.any_of(nodes.is_known(rank) for rank, _ in kept)
        found = nodes.chosen([(nodes.all_of([self.in_force, some]), dialect.ranked(kept))], empty)
        return nodes.named(self.well(found), name)


def is_worded(spec: DecisionSpec) -> bool:
    """Whether what is decided is one word, `refer` where nobody decides."""
    listed = spec.collects and spec.aggregate is None
    return bool(spec.type.words) and not listed and spec.aggregate != "count"
