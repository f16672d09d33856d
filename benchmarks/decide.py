"""How long one decision takes, against the number of rules and against the others."""

import attrs

from . import ours
from .contenders import DATALOGIC, DATALOGIC_READY, IF_CHAIN, PEERS, ZEN, check_agreement, enter
from .facts import USED, Stream
from .ours import OURS, OURS_MAPPING, OURS_TEXT
from .report import Reach, Section, micros, table, times
from .rules import RandomPolicy, random_policy
from .timing import Entry, Race, race

COUNTS = (12, 100, 1_000, 10_000)
BROAD = "1,000, broad"
COLUMNS = (IF_CHAIN, OURS, OURS_MAPPING, OURS_TEXT, DATALOGIC, DATALOGIC_READY, ZEN)
Key = tuple[str, str]


@attrs.frozen
class Plan:
    """How much to run: the checked and the timed incidents, and the rounds."""

    checked: int = 1_000
    timed: int = 200
    rounds: int = 15


FULL = Plan()


def policies(counts: tuple[int, ...] = COUNTS) -> dict[str, RandomPolicy]:
    """Draw the policies of the table, by the name of their row."""
    drawn = {f"{count:,}": random_policy(count) for count in counts}
    return drawn | ({BROAD: random_policy(1_000, broad=True)} if 1_000 in counts else {})


def entries(row: str, policy: RandomPolicy, plan: Plan) -> dict[Key, Entry]:
    """Prepare every contender on *policy*, once all of their forms have given the plain answers."""
    checked, timed = Stream(USED, plan.checked, seed=2), Stream(USED, plan.timed)
    expected = [policy.decide(incident) for incident in checked.batch(0)]
    found: dict[Key, Entry] = {}
    for name in PEERS:
        for form in PEERS[name](policy, checked):
            check_agreement(name, form, expected)
        found[row, name] = enter(name, policy, timed)
    for name, prepare in ours.FORMS.items():
        check_agreement(name, prepare(ours.load(policy), checked), expected)
        found[row, name] = prepare(ours.load(policy), timed)  # a policy of its own: it may remember judgements
    return found


def measure(plan: Plan = FULL, counts: tuple[int, ...] = COUNTS) -> Section:
    """Time all rows and all contenders in one race."""
    drawn = policies(counts)
    ready: dict[Key, Entry] = {}
    for row, policy in drawn.items():
        ready |= entries(row, policy, plan)
    timed = race(ready, rounds=plan.rounds)
    least = [(row, *(micros(timed[row, name].least) for name in COLUMNS)) for row in drawn]
    medians = [(row, *(micros(timed[row, name].median) for name in COLUMNS)) for row in drawn]
    ratios = [(row, *(times(timed.ratio((row, name), (row, IF_CHAIN))) for name in COLUMNS)) for row in drawn]
    head = ("rules", *COLUMNS)
    tables = (
        "Time for one decision, the least of all samples:",
        table(head, least),
        "The median of all samples:",
        table(head, medians),
        "Ratio to the if-chain, median over the rounds:",
        table(head, ratios),
    )
    return Section("decide", tables, tuple(reaches(timed)) if 10_000 in counts else ())


def reaches(timed: Race[Key]) -> list[Reach]:
    """Compare with what was set out."""
    small, large, largest = (f"{count:,}" for count in (12, 1_000, 10_000))
    return [
        Reach("12 rules, to the if-chain", 4, timed.ratio((small, OURS), (small, IF_CHAIN))),
        Reach("12 rules, datalogic-py to us", 1, timed.ratio((small, DATALOGIC), (small, OURS)), at_least=True),
        Reach("12 rules, zen-engine's tables to us", 6, timed.ratio((small, ZEN), (small, OURS)), at_least=True),
        Reach("1,000 rules, to our 12 rules", 2, timed.ratio((large, OURS), (small, OURS))),
        Reach("1,000 rules, the if-chain to us", 10, timed.ratio((large, IF_CHAIN), (large, OURS)), at_least=True),
        Reach("1,000 rules, datalogic-py to us", 25, timed.ratio((large, DATALOGIC), (large, OURS)), at_least=True),
        Reach("10,000 rules, to our 12 rules", 5, timed.ratio((largest, OURS), (small, OURS))),
    ]
