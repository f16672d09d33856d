"""
Hold every reading to the reference on a great many random policies and incidents, by hand.

    .venv/bin/python tests/long_run.py --cases 1_000_000 --seed 1

Prints how many cases agreed; at the first that does not, the policy and the incident made small, and exits with 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from functools import partial

from chooser import Chooser
from random_policies import make_policy
from readings import READINGS, answer, difference, parting, reference
from reduction import Failure, Situation
from strategies import INCIDENTS, incidents

from evenhand import Judgement


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
        decided: list[Situation] = []
        for incident in incidents(choose, made.kinds, INCIDENTS):
            decided.append(incident)
            expected = answer(reference, made.policy, *incident)
            for name, reading in READINGS.items():
                if difference(expected, answer(reading, made.policy, *incident)):
                    failure = Failure(made.table, tuple(decided))
                    print(f"{name} differs from the reference\n\n{failure.report(partial(parting, name))}")
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


if __name__ == "__main__":
    sys.exit(main())
