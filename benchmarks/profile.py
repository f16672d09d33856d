"""Where the time goes: `python -m benchmarks.profile decide|mapping|missing|explain|load [--rules N]`."""

import argparse
import cProfile
import pstats
from collections.abc import Callable

from evenhand import Policy

from . import ours
from .as_toml import as_toml
from .facts import USED, Stream
from .rules import random_policy


def jobs(rules: int) -> dict[str, Callable[[], Callable[[], object]]]:
    """Give what prepares each job, by name; only the job itself is profiled, not what it needs."""
    drawn = random_policy(rules)
    text = as_toml(drawn)
    facts, gappy = Stream(USED, 10_000).batch(0), Stream(USED, 10_000, missing=1).batch(0)

    def deciding(incidents: list[object]) -> Callable[[], object]:
        policy = Policy.loads(text)
        return lambda: ours.run(policy, incidents)

    def explaining() -> Callable[[], object]:
        policy = Policy.loads(text)
        decisions = [policy.decide(ours.validated(USED, i)) for i in facts[:500]]
        return lambda: [decision.explain() for decision in decisions]

    return {
        "decide": lambda: deciding([ours.validated(USED, i) for i in facts]),
        "mapping": lambda: deciding([ours.mapping(USED, i) for i in facts]),
        "missing": lambda: deciding([ours.validated(USED, i) for i in gappy]),
        "incident": lambda: lambda: [ours.validated(USED, i) for i in facts],
        "explain": explaining,
        "load": lambda: lambda: Policy.loads(text),
    }


def main() -> None:
    """Profile one job and print the functions that took the most time of their own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("job", choices=("decide", "mapping", "missing", "incident", "explain", "load"))
    parser.add_argument("--rules", type=int, default=12)
    parser.add_argument("--sort", choices=("tottime", "cumtime"), default="tottime")
    parser.add_argument("--lines", type=int, default=30)
    options = parser.parse_args()
    job = jobs(options.rules)[options.job]()
    profile = cProfile.Profile()
    profile.runcall(job)
    pstats.Stats(profile).sort_stats(options.sort).print_stats(options.lines)


if __name__ == "__main__":
    main()
