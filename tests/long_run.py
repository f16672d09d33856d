"""
Hold every reading to the reference on a great many random policies and incidents, by hand.

    .venv/bin/python tests/long_run.py --cases 1_000_000 --seed 1

Prints how many cases agreed; at the first that does not, the policy and the incident made small, and exits with 1.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections import Counter

from chooser import Chooser
from random_incidents import Facts
from random_policies import make_policy
from readings import READINGS, Reading, answer, difference, reference
from reduction import Failure, reduced
from strategies import INCIDENTS, situation

from evenhand import Judgement, Policy


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Hold every reading to the reference on random policies and incidents."
    )
    parser.add_argument("--cases", type=int, default=1_000_000, help="incidents to decide in all")
    parser.add_argument("--seed", type=int, default=1, help="where the random numbers start")
    options = parser.parse_args()
    started, cases, rules = time.monotonic(), 0, 0
    seen: Counter[str] = Counter()
    policies = -(-options.cases // INCIDENTS)
    for number in range(policies):
        choose = Chooser.seeded(options.seed * 1_000_000_007 + number)
        made = make_policy(choose)
        rules += len(made.policy.tree.rules)
        for _ in range(INCIDENTS):
            facts, as_of = situation(choose, made.kinds)
            expected = answer(reference, made.policy, facts, as_of)
            for name, reading in READINGS.items():
                if difference(expected, answer(reading, made.policy, facts, as_of)):
                    print(report(name, reading, Failure(made.table, facts, as_of)))
                    return 1
            seen.update(
                [v.status for v in expected.verdicts.values()] if isinstance(expected, Judgement) else ["facts refused"]
            )
            cases += 1
        if sys.stderr.isatty() and number % 50 == 0:
            print(f"\r{cases:_} cases", end="", file=sys.stderr)
    seconds = time.monotonic() - started
    print(f"{cases:_} cases on {policies:_} policies with {rules:_} rules, seed {options.seed}, in {seconds:.0f} s")
    print(f"readings held to the reference: {', '.join(READINGS)}; differences: 0")
    print("verdicts:", ", ".join(f"{count:_} {status}" for status, count in seen.most_common()))
    return 0


def report(name: str, reading: Reading, failure: Failure) -> str:
    """Return the failure made small, and how the answers part."""

    def parts(policy: Policy, facts: Facts, as_of: dt.date) -> str:
        return difference(answer(reference, policy, facts, as_of), answer(reading, policy, facts, as_of))

    small = reduced(failure, lambda policy, facts, as_of: bool(parts(policy, facts, as_of)))
    return f"{name} differs from the reference\n\n{small}\n\n{parts(small.policy(), small.facts, small.as_of)}"


if __name__ == "__main__":
    sys.exit(main())
