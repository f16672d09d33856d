"""Which of the assumptions that a decision took it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..rules.given import Knowledge
from ..rules.regions import universe_of
from ..rules.types import Fact
from .decision import Judgement


def bearing(
    judgement: Judgement,
    facts: Mapping[str, Fact],
    known: Mapping[str, Knowledge],
    decide: Callable[[Mapping[str, Knowledge]], Judgement],
) -> Iterator[str]:
    """
    Yield the assumed facts without whose assumption something would be decided otherwise, or not at all.

    Each is tried: the fact may have any value, and the policy decides again.
    """
    weighed = _weighed(judgement)
    for name in judgement.assumed:
        if _weighed(decide({**known, name: universe_of(facts[name])})) != weighed:
            yield name


def _weighed(judgement: Judgement) -> tuple[object, ...]:
    """Return what counts as a difference: outcomes, values, duties and red lines."""
    verdicts = [
        (v.decision, v.canonical, v.status, dict(v.canonical_values), v.unsettled) for v in judgement.verdicts.values()
    ]
    breaches = [(breach.guard.id, breach.certain) for breach in judgement.breaches]
    return verdicts, judgement.obligations, judgement.possible_obligations, breaches
