"""Red lines in SQL: a guard speaks of decisions as facts that are settled, one of a few outcomes, or left to nobody."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from sqlglot import exp

from ...rules.regions import Region, Spans, Words, is_empty, universe
from ...rules.tree import Atom, Conjunct, FactTest, Guard
from . import nodes
from .amounts import Amount, Reckoner
from .conditions import Conditions
from .hits import Hit
from .nodes import Node
from .spans import pieces
from .stages import Stages


@attrs.frozen
class Standing:
    """
    How a decision stands before red lines are looked at.

    *outcome* is what is decided; *may_refer* says of what is not settled whether it may come to nobody deciding, *nobody* that it
    has; *counts* are what waits for each fact.
    """

    hit: Hit
    decided: Node
    may_refer: Node
    nobody: Node
    counts: Mapping[str, Node]

    @classmethod
    def of(cls, hit: Hit, counts: Mapping[str, Node], undefined: Node, stages: Stages) -> Standing:
        """Return how a decision stands."""
        decided = stages.define("waiting", f"_d{hit.number}", hit.decided, f"{hit.spec.id}: decided, before red lines")
        comes_out = nodes.all_of([hit.comes_out, nodes.negated(undefined)])
        open_ = nodes.all_of([hit.unsettled, nodes.negated(comes_out)])
        may_refer = nodes.any_of([open_, hit.conflict, hit.nobody])
        may_refer = stages.define(
            "waiting", f"_n{hit.number}", may_refer, f"{hit.spec.id}: may come to nobody deciding"
        )
        nobody = nodes.all_of([hit.nobody, nodes.negated(hit.unsettled), nodes.negated(hit.conflict)])
        return cls(hit, decided, may_refer, nobody, counts)

    def test(self, test: FactTest) -> Node:
        """Say whether a test on the outcome holds, of all outcomes that there may yet be."""
        return nodes.chosen([(self.decided, self.on_outcome(test.known))], self.on_possible(test.known))

    def guard_test(self, test: FactTest) -> Node:
        """Say the same for a guard, which a decision that nobody makes cannot break, unless it asks for just that."""
        type_ = self.hit.spec.type
        undecided = test.missing == universe(type_)
        among = self.on_possible(test.known)
        either = nodes.chosen([(among if undecided else nodes.negated(among), nodes.truth(undecided))])
        whens = [
            (self.decided, self.on_outcome(test.known)),
            (nodes.negated(self.may_refer), among),
            (self.nobody, nodes.truth(undecided)),
        ]
        return nodes.chosen(whens, either)

    def on_outcome(self, region: Region) -> Node:
        """Say whether what is decided lies in a region."""
        type_, outcome = self.hit.spec.type, self.hit.outcome
        whole = universe(type_)
        if is_empty(region):
            return nodes.false()
        if region == whole:
            return nodes.true()
        if isinstance(region, Spans):
            assert isinstance(whole, Spans)
            slot = self.hit.slot
            return pieces(outcome, region, whole, slot.over, discrete=type_.kind in ("integer", "date", "datetime"))
        if type_.kind == "boolean":
            assert isinstance(region, Words)
            return outcome if True in region.words else nodes.negated(outcome)
        inside = isinstance(region, Words) or region.inside
        listed = nodes.among(outcome, [nodes.text(str(word)) for word in sorted(map(str, region.words))])
        return listed if inside else nodes.negated(listed)

    def on_possible(self, region: Region) -> Node:
        """Say whether all, none or some of the outcomes that may yet be lie in a region; nothing is said of open outcomes."""
        type_ = self.hit.spec.type
        if is_empty(region):
            return nodes.false()
        if region == universe(type_) and not type_.words:
            return nodes.true()
        if not type_.words:
            return nodes.null()
        assert isinstance(region, Words)
        some = nodes.any_of(self._possible(word) for word in type_.words if word in region.words)
        others = nodes.any_of(self._possible(word) for word in type_.words if word not in region.words)
        found = nodes.chosen([(nodes.negated(some), nodes.false()), (nodes.negated(others), nodes.true())])
        words = ", ".join(word for word in type_.words if word in region.words)
        told = f"{self.hit.spec.id}: sure to be one of {words}, or none of them"
        return self.hit.stages.share("guards", "_among_", found, told)

    def _possible(self, word: str) -> Node:
        """Whether an outcome is among those that may yet be."""
        hit = self.hit
        found = hit.one_takes_part([one for one in hit.candidates if one.outcome == nodes.text(word)])
        if hit.default is not None and hit.default == nodes.text(word):
            found = nodes.any_of([found, hit.by_default])
        return hit.stages.share("waiting", "_maybe_", found, f"{hit.spec.id}: may come to {word}")


@attrs.frozen
class Breach:
    """A guard: *broken* is TRUE, FALSE, or NULL for want of the *missing* facts."""

    guard: Guard
    broken: Node
    missing: Mapping[str, Node]

    @property
    def withholds(self) -> Node:
        """Whether its decisions are left to a human."""
        return nodes.possible(self.broken)


@attrs.frozen
class Guarding:
    """Holds verdicts to red lines."""

    conditions: Conditions
    standings: Mapping[str, Standing]
    stages: Stages

    def breach(self, number: int, guard: Guard) -> Breach:
        """
        Return whether a guard is broken.

        Raises:
            Refused: If it cannot be said.
        """
        over = self.over(guard)
        broken = over.form(guard.form, lambda part: self._outcome(part, over, for_guard=True))
        broken = self.stages.define(
            "guards", f"_b{number}", broken, f"{guard.id}{': ' + guard.title if guard.title else ''}"
        )
        if isinstance(broken, exp.Boolean):
            return Breach(guard, broken, {})
        missing = self.missing(guard, over)
        for name, waits in missing.items():
            found = nodes.all_of([nodes.is_null(broken), waits])
            missing[name] = self.stages.share("guards", "_asks_", found, f"{guard.id}: waits for {name}")
        return Breach(guard, broken, missing)

    def over(self, guard: Guard) -> Conditions:
        """Return conditions in which the decisions of a guard are facts."""
        reckoner = self.conditions.reckoner
        outcomes = {name: self.standings[name].hit.outcome for name in guard.decisions}

        def fact(name: str) -> Amount:
            if name not in outcomes:
                return reckoner.fact(name)
            return self.standings[name].hit.slot.amount(outcomes[name])

        over = Reckoner(reckoner.dialect, fact, reckoner.size, reckoner.today)
        return Conditions(self.conditions.facts, over, self.stages, outcomes)

    def _outcome(self, part: Conjunct, over: Conditions, *, for_guard: bool) -> Node | None:
        """Return a part that speaks of decisions, None where it does not."""
        match part:
            case FactTest(fact) if fact in self.standings and fact not in self.conditions.facts.tree.facts:
                standing = self.standings[fact]
                return standing.guard_test(part) if for_guard else standing.test(part)
            case Atom(_, facts):
                named = [self.standings[name] for name in facts if name in over.outcomes]
                return self._atom(part, named, over, for_guard=for_guard) if named else None
            case _:
                return None

    def _atom(self, atom: Atom, standings: list[Standing], over: Conditions, *, for_guard: bool) -> Node:
        """Return a test over a decision and something else: unknown where the decision is open, false where nobody makes it."""
        whens = [(standing.nobody, nodes.false()) for standing in standings] if for_guard else []
        whens += [(nodes.negated(standing.decided), nodes.null()) for standing in standings]
        kept: list[nodes.When] = [(condition, result) for condition, result in whens]
        return nodes.chosen(kept, over.atom(atom))

    def missing(self, guard: Guard, over: Conditions) -> dict[str, Node]:
        """Return, for each fact that a guard may wait for, whether it does."""

        def outcomes(part: Conjunct) -> Node | None:
            return self._outcome(part, over, for_guard=False)

        waiting = over.waiting(guard.form, guard.id, outcomes, stage="guards")
        facts = self.conditions.facts
        found: dict[str, list[Node]] = {}
        for name, undecided in waiting.items():
            if name in facts.tree.facts:
                found.setdefault(name, []).append(
                    nodes.all_of([nodes.is_null(facts.raw(name)), nodes.any_of(undecided)])
                )
        for name in guard.decisions:
            standing = self.standings[name]
            open_ = nodes.all_of([nodes.negated(standing.decided), nodes.any_of(waiting.get(name, []))])
            asked = nodes.any_of([standing.may_refer, open_])
            asked = self.stages.share("guards", "_open_", asked, f"{guard.id}: waits for what {name} comes to")
            for fact, count in standing.counts.items():
                waits = nodes.compared(">", count, nodes.number(0))
                found.setdefault(fact, []).append(nodes.all_of([asked, waits]))
        return {name: nodes.any_of(conditions) for name, conditions in found.items()}
