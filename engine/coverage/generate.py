"""The tests that are missing, written: for what no test reaches an incident, with what is decided about it now."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import attrs

from ...rules.tree import Case, Origin
from ..policy import Policy
from ..solve import Point
from ..trials import Trial, run_trials
from .edges import Edge, edges_of
from .incidents import Maker
from .leaves import Leaves
from .measure import moment_of, own_targets
from .needs import Crossed, Holds, Meets, Moment, Need, Turns, Wins
from .proved import Proofs
from .rules import own_document
from .targets import Reached, Target, quoted
from .written import Draft, expected_of, given_of, literal

#: In this order needs are met: those that say most about an incident first.
_ORDER: Final = (Wins, Meets, Turns, Holds, Crossed)
_MOST_IN_A_NAME: Final = 2


@attrs.frozen
class Proposal:
    """A test that is proposed: its TOML text, and what it reaches that no test did before."""

    name: str
    toml: str
    reaches: tuple[Target, ...]


@attrs.frozen
class Generated:
    """
    The tests that are missing.

    *impossible* are the targets that no incident reaches, as is proved; *left* those of which that is neither proved nor is there an
    incident to show.
    """

    proposals: tuple[Proposal, ...]
    impossible: tuple[Reached, ...]
    left: tuple[Target, ...]

    @property
    def toml(self) -> str:
        """All proposals as text to append to a policy file."""
        return "\n".join(proposal.toml for proposal in self.proposals)


def generate(
    policy: Policy, trials: Iterable[Trial], *, with_packs: bool = False, budget: float | None = None
) -> Generated:
    """
    Return the tests that *trials* of a policy lack, so that all that can be reached is.

    *budget* is how many seconds the solver may take.

    Raises:
        SolverMissingError: If z3 is not installed.
    """
    return _Generator(policy, list(trials), with_packs=with_packs, budget=budget).run()


class _Generator:
    def __init__(self, policy: Policy, trials: list[Trial], *, with_packs: bool, budget: float | None) -> None:
        self.policy, self.tree = policy, policy.tree
        self.leaves = Leaves(policy.tree)
        self.proofs = Proofs(policy.tree, self.leaves, prove=True, budget=budget)
        self.targets = own_targets(policy, self.leaves, with_packs=with_packs)
        moments = [moment_of(self.leaves, trial.decision, trial.case.name) for trial in trials]
        needs = dict.fromkeys(need for target in self.targets for way in target.ways for need in way)
        self.met = {need for need in needs if any(moment.meets(need) for moment in moments)}
        own = own_document(policy)
        self.rules = [rule for rule in policy.tree.rules if with_packs or rule.origin.document == own]
        self.names = {case.name for case in policy.tree.tests}
        self.proposals: list[Proposal] = []
        self._turns: dict[Edge, list[Turns]] = {}

    def run(self) -> Generated:
        """Find what is missing, and make an incident for each need that none before it met by the way."""
        ways: dict[int, tuple[Need, ...]] = {}
        impossible: list[Reached] = []
        for place, target in enumerate(self.targets):
            if self._is_reached(target):
                continue
            way = next((way for way in target.ways if not any(map(self.proofs.is_ruled_out, way))), None)
            if way is None:
                impossible.append(Reached(target, (), self.proofs.impossible(target)))
            else:
                ways[place] = way
        self._meet(list(dict.fromkeys(need for way in ways.values() for need in way)))
        left = tuple(self.targets[place] for place in ways if not self._is_reached(self.targets[place]))
        return Generated(tuple(self.proposals), tuple(impossible), left)

    def _is_reached(self, target: Target) -> bool:
        return any(self.met.issuperset(way) for way in target.ways)

    def _meet(self, needs: list[Need]) -> None:
        needs.sort(key=lambda need: _ORDER.index(type(need)))
        self._turns = self._turns_at_edges()
        pending = [need for need in needs if need not in self.met]
        maker = Maker(self.proofs.terms, self._turns) if pending else None
        while pending and maker is not None:
            need, *pending = pending
            point = maker.incident(need, pending)
            moment = self._proposed(point, maker, [need, *pending]) if point is not None else None
            if moment is not None:
                pending = [other for other in pending if not moment.meets(other)]

    def _turns_at_edges(self) -> dict[Edge, list[Turns]]:
        """Return, for each edge, how the leaves that have it decide rules, in the order of the rules."""
        found: dict[Edge, list[Turns]] = {}
        for target in self.targets:
            for turn in (need for way in target.ways for need in way if isinstance(need, Turns)):
                for edge in edges_of(turn.leaf, self.tree):
                    found.setdefault(edge, []).append(turn)
        return found

    # -- one proposal

    def _proposed(self, point: Point, maker: Maker, pending: Sequence[Need]) -> Moment | None:
        """Write an incident as a test, hold it to the policy as any test is, and keep it where it shows something new."""
        before = maker.moment(point)
        met = [need for need in pending if before.meets(need)]
        draft = self._draft(point, maker, before, met)
        trial = tried(self.policy, draft)
        wrong = {mismatch.name for mismatch in trial.mismatches}
        if wrong:
            draft = attrs.evolve(draft, expect={n: text for n, text in draft.expect.items() if n not in wrong})
            trial = tried(self.policy, draft)
        moment = moment_of(self.leaves, trial.decision, draft.name)
        if not trial.passed or not met or not moment.meets(pending[0]):
            return None
        open_ = [target for target in self.targets if not self._is_reached(target)]
        self.met.update(need for need in pending if moment.meets(need))
        self.names.add(draft.name)
        reached = tuple(target for target in open_ if self._is_reached(target))
        self.proposals.append(Proposal(draft.name, draft.toml, reached))
        return moment

    def _draft(self, point: Point, maker: Maker, moment: Moment, met: list[Need]) -> Draft:
        judgement = maker.ground.judge(point)
        decisions = dict.fromkeys(name for rule in self.rules for name in rule.outcomes)
        expect = expected_of(judgement, self.tree, decisions)
        duties = [rule.id for rule in self.rules if not rule.outcomes and rule.id in moment.winners]
        broken = [breach.guard.id for breach in judgement.breaches if breach.certain]
        if duties or not moment.winners:
            expect["rules"] = _listed(duties)
        if broken:
            expect["guards"] = _listed(broken)
        needs_day = maker.terms.encoder.asks_the_day or self.tree.effective or self.tree.expires
        as_of = point.as_of if needs_day else None
        return Draft(self._name(met, moment), given_of(point, self.tree), expect, as_of)

    def _name(self, met: list[Need], moment: Moment) -> str:
        name = name_of(met, moment, self._turns)
        count = 2
        found = name
        while found in self.names:
            found = f"{name} ({count})"
            count += 1
        return found


def _listed(ids: Iterable[str]) -> str:
    return f"[{', '.join(map(literal, ids))}]"


def tried(policy: Policy, draft: Draft) -> Trial:
    """Run a draft as `policy test` will run it."""
    raw: dict[str, Any] = tomllib.loads(draft.toml, parse_float=Decimal)["test"][0]
    case = Case(draft.name, raw["given"], raw["expect"], raw.get("as_of"), Origin("", ()))
    (trial,) = run_trials(policy, cases=[case])
    return trial


# --- names -----------------------------------------------------------------------------------------------------------


def name_of(met: Sequence[Need], moment: Moment, turns: Mapping[Edge, Sequence[Turns]]) -> str:
    """Return in words what a test shows: the values next to thresholds first, then what decides alone."""
    edges = [need.edge for need in met if isinstance(need, Meets)]
    if not edges:
        return _need_text(met[0]) if met else "an incident"
    said = " and ".join(_edge_text(edge) for edge in edges[:_MOST_IN_A_NAME])
    asked = turns.get(edges[0], ())
    by = next((turn for turn in asked if moment.meets(turn) and turn.rule.id in moment.winners), None)
    by = by or next((turn for turn in asked if moment.meets(turn)), None)
    if by is None:
        return said
    verbs = ("decides", "does not decide") if by.rule.outcomes else ("applies", "does not apply")
    return f"{said}: {by.rule.id} {verbs[by.rule.id not in moment.winners]}"


def _edge_text(edge: Edge) -> str:
    return edge.text.partition(" (such as ")[0]


def _need_text(need: Need) -> str:
    match need:
        case Wins(rule):
            return f"{rule.id} decides" if rule.outcomes else f"{rule.id} applies"
        case Crossed(guard):
            return f"{guard.id} is crossed"
        case Holds(leaf, holds):
            return f"{quoted(leaf.text)} is {'true' if holds else 'false'}"
        case Meets():
            return _edge_text(need.edge)
        case Turns(rule, leaf, holds, comes_out):
            what = "holds" if comes_out else "does not hold"
            return f"{rule.id} {what} because {quoted(leaf.text)} is {'true' if holds else 'false'}"
