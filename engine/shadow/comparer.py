"""The candidate's side of a shadow: it decides what the live policy has decided, and nothing that it does comes out of here."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeAlias

import attrs

from ..notation import known_notation
from ..policy import Decision, Policy
from .counts import Tally
from .difference import Aspect, Change, Difference, DutyChange
from .pairing import Pairing
from .sinks import Sink

if TYPE_CHECKING:
    from ..live import Engine

#: What decides: a policy, or an engine that follows its file.
Source: TypeAlias = "Policy | Engine"


def policy_of(source: Source) -> Policy:
    """Return the policy that decides at this moment."""
    return source if isinstance(source, Policy) else source.policy


class Comparer:
    """Lets the candidate decide what was decided, counts, and tells the sink; raises nothing."""

    def __init__(
        self,
        candidate: Source,
        tally: Tally,
        aspects: Collection[Aspect],
        kept: Collection[str] | None,
        sink: Sink | None,
    ) -> None:
        self.sink = sink
        self._candidate, self._tally, self._aspects, self._kept = candidate, tally, aspects, kept
        self._undated: tuple[Policy, Policy] | None = None
        self._pairing: Pairing | None = None

    def observe(self, decision: Decision) -> None:
        """Compare, and tell where they part."""
        difference = self.compared(decision)
        if difference is not None and self.sink is not None:
            self.tell(difference)

    def compared(self, decision: Decision) -> Difference | None:
        """Return where the candidate parts from a decision, None where it does not, or has not decided."""
        try:
            pairing = self._paired(decision.policy)
            given, unknown = pairing.known(decision.given)
            # The moment is the decision's, however long it has waited.
            other = pairing.candidate.decide(given, as_of=decision.as_of)
            changes, duties = pairing.changes(decision, other), pairing.duties(decision, other)
            difference = self._difference(pairing, decision, changes, duties) if changes or duties else None
        except Exception as error:  # noqa: BLE001 because whatever the candidate does, the answer stands
            self._tally.broke(error)
            return None
        self._tally.compared(difference, unknown, pairing.apart)
        return difference

    def _paired(self, live: Policy) -> Pairing:
        """Return the two policies side by side, as they are at this moment: either may follow a file."""
        candidate = self._in_force(policy_of(self._candidate))
        pairing = self._pairing
        if pairing is None or pairing.live is not live or pairing.candidate is not candidate:
            self._pairing = pairing = Pairing(live, candidate, self._aspects)
        return pairing

    def _in_force(self, policy: Policy) -> Policy:
        """Return a policy without the days from which and until which it is in force."""
        tree = policy.tree
        if tree.effective is None and tree.expires is None:
            return policy
        undated = self._undated
        if undated is None or undated[0] is not policy:
            from ...rules.load import Loaded

            tree = attrs.evolve(tree, effective=None, expires=None)
            self._undated = undated = policy, type(policy)(Loaded(tree, policy.warnings, policy.documents))
        return undated[1]

    def _difference(
        self, pairing: Pairing, decision: Decision, changes: tuple[Change, ...], duties: tuple[DutyChange, ...]
    ) -> Difference:
        live, candidate = pairing.live, pairing.candidate
        facts = None
        if self._kept is None or self._kept:
            kinds, currency = live.tree.facts, live.tree.currency
            known = live.read(decision.given)
            names = [name for name in known if self._kept is None or name in self._kept]
            facts = {name: known_notation(known[name], kinds[name].type, currency) for name in names}
        return Difference(live.content_hash, candidate.content_hash, decision.as_of, changes, duties, facts)

    def tell(self, difference: Difference) -> None:
        """Hand a difference to the sink."""
        assert self.sink is not None
        try:
            self.sink(difference)
        except BaseException:  # noqa: BLE001 because even a SystemExit must not end the thread
            self._tally.count("sink_failed")
        else:
            self._tally.count("told")
