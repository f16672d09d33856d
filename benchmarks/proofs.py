"""What proofs cost: how long it takes to hold two versions of a policy against each other."""

import random
import time
from collections.abc import Callable
from typing import Final

import attrs

from evenhand import Policy
from evenhand.engine.diff import diff
from evenhand.engine.proofs import difference

from . import ours
from .report import Reach, Section, number, table
from .rules import DECISIONS, RandomPolicy, Rule, random_policy

COUNTS = (12, 100)
#: How many rules differ between the two versions.
EDITED: Final = 3


def edited(policy: RandomPolicy) -> RandomPolicy:
    """Give *policy* with other outcomes in three of its rules, among the first half, where they decide something."""
    choose = random.Random(len(policy.rules))
    rules = list(policy.rules)
    for place in choose.sample(range(len(rules) // 2), EDITED):
        rules[place] = _other_outcome(rules[place])
    return attrs.evolve(policy, rules=tuple(rules))


def _other_outcome(rule: Rule) -> Rule:
    decision = next(iter(rule.then))
    outcomes = DECISIONS[decision]
    other = outcomes[(outcomes.index(rule.then[decision]) + 1) % len(outcomes)]
    return attrs.evolve(rule, then={**rule.then, decision: other})


def timed(run: Callable[[], object], rounds: int) -> tuple[float, object]:
    """Return the least seconds of some rounds, and what came of the last."""
    least, found = float("inf"), None
    for _ in range(rounds):
        start = time.perf_counter()
        found = run()
        least = min(least, time.perf_counter() - start)
    return least, found


def measure(rounds: int = 3) -> Section:
    """Time the comparison of two versions that differ in three rules, and the proof that two are equal."""
    diff(Policy.load("house"), Policy.load("house"))  # so that the solver is imported
    rows, seconds = [], {}
    for count in COUNTS:
        drawn = random_policy(count)
        old, new = ours.load(drawn), ours.load(edited(drawn))
        whole, found = timed(lambda old=old, new=new: diff(old, new), rounds)  # type: ignore[misc]
        first, _ = timed(lambda old=old, new=new: difference(old.tree, new.tree), rounds)  # type: ignore[misc]
        seconds[count] = whole
        changes = getattr(found, "changes", ())
        regions = sum(len(change.words) for change in changes)
        rows.append((f"{count:,}", f"{number(first)} s", f"{number(whole)} s", str(len(changes)), str(regions)))
    head = ("rules", "one incident decided differently", "all of them", "changes", "regions")
    return Section("proofs", (table(head, rows),), (Reach("100 rules, 3 edited, `policy diff`", 2, seconds[100], "s"),))
