"""The reference reading: the meaning of a policy in the plainest code. The other readings are held to it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping

from ..rules.given import Knowledge
from ..rules.tree import PolicyTree, Rule
from .combine import Case, Match, combine
from .decision import Judgement
from .force import not_in_force, ordinal
from .guards import assumptions, judge
from .truth import State, Truth, form_truth, open_facts


def interpret(tree: PolicyTree, known: Mapping[str, Knowledge], as_of: dt.date) -> Judgement:
    """
    Decide what *known* calls for under a policy on a day.

    *known* has canonical facts, as `evenhand.rules.given.read_given` returns them.
    """
    refused = not_in_force(tree, as_of)
    if refused is not None:
        return refused
    state = State.of(tree.facts, known, ordinal(as_of))
    return concluded(tree, state, [form_truth(rule.form, state) for rule in tree.rules])


def concluded(tree: PolicyTree, state: State, truths: Iterable[Truth]) -> Judgement:
    """Return what follows from the *truths* of the rules, in their order, for the facts of a state."""
    matches = [Match(rule, truth is True) for rule, truth in zip(tree.rules, truths, strict=True) if truth is not False]

    def waiting(rules: Iterable[Rule]) -> Counter[str]:
        found: Counter[str] = Counter()
        for rule in rules:
            found.update(open_facts(rule.form, state))
        return found

    verdicts = {
        spec.id: combine(
            Case(spec, tree.currency, tree.facts, lambda: state, waiting),
            [match for match in matches if spec.id in match.rule.outcomes],
        )
        for spec in tree.decisions.values()
    }
    free = [match for match in matches if not match.rule.outcomes]
    return judge(tree, tree.guards, verdicts, free, lambda: state, assumptions(tree, state.known))
