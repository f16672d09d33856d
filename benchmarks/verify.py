"""How long `policy verify` takes: random rules, ranges that overlap, a decision table without a gap, rules over many facts."""

import random
import time
from collections.abc import Callable

from evenhand import Policy
from evenhand.engine.proofs import verify

from .as_toml import as_toml
from .report import Reach, Section, number, table
from .rules import random_policy

COUNTS = {100: 3, 1_000: 1}
OUTCOMES = ("deny", "partial", "full")


def random_rules(count: int) -> str:
    """Write the random rules that decisions are measured with: four decisions, twelve facts."""
    return as_toml(random_policy(count))


def ranges(count: int) -> str:
    """Write rules over five facts whose ranges overlap, so that many are shadowed."""
    choose = random.Random(1)
    rules = []
    for place in range(count):
        low = choose.randint(0, 900)
        when = (
            f"loss > {low} USD and loss <= {low + choose.randint(1, 60)} USD and "
            f"abuse = {choose.choice(('none', 'rude', 'hostile'))} and history.refunds_90d <= {choose.randint(0, 9)} and "
            f"virality.views >= {choose.randint(0, 5_000)}"
        )
        rules.append(f'[[rule]]\nid = "r{place}"\nwhen = "{when}"\nthen.refund = "{choose.choice(OUTCOMES)}"\n')
    return '[policy]\nid = "ranges"\n[decisions.refund]\ndefault = "credit"\n' + "".join(rules)


def grid(count: int) -> str:
    """Write a decision table of that many rows over three facts, in which each incident has one row: there is nothing to find."""
    words, flags, rows = ("none", "rude", "hostile", "threatening", "violent"), ("true", "false"), []
    last = count // 10 - 1
    for step in range(last + 1):
        low, high = f"{step * 10} USD", f"{step * 10 + 10} USD"
        cell = f"<= {high}" if step == 0 else f"> {low}" if step == last else f"({low} .. {high}]"
        for place, (word, flag) in enumerate((word, flag) for word in words for flag in flags):
            rows.append(f'["{cell}", "{word}", "{flag}", "{OUTCOMES[(step + place) % 3]}"]')
    head = '[policy]\nid = "grid"\n[decisions.refund]\nhit_policy = "unique"\n[[table]]\nid = "grid"\n'
    return f'{head}columns = ["loss", "abuse", "injury", "=> refund"]\nrows = [{", ".join(rows)}]\n'


def many_facts(count: int) -> str:
    """Write rules with six tests each, drawn from thirty facts."""
    choose = random.Random(3)
    facts = [f'[facts.n{place}]\ntype = "{choose.choice(("number", "integer"))}"\n' for place in range(30)]
    rules = []
    for place in range(count):
        tests = [
            f"n{fact} {choose.choice(('<', '>=', '>', '<='))} {choose.randint(-500, 500)}"
            for fact in choose.sample(range(30), 6)
        ]
        rules.append(
            f'[[rule]]\nid = "r{place}"\nwhen = "{" and ".join(tests)}"\nthen.refund = "{choose.choice(OUTCOMES)}"\n'
        )
    return '[policy]\nid = "wide"\n[decisions.refund]\ndefault = "credit"\n' + "".join(facts) + "".join(rules)


SHAPES: dict[str, Callable[[int], str]] = {
    "random rules, four decisions": random_rules,
    "overlapping ranges": ranges,
    "a table without a gap": grid,
    "six of thirty facts each": many_facts,
}


def measure() -> Section:
    """Verify each shape at each length; seconds of processor time, the least of a few runs."""
    rows: list[tuple[str, ...]] = []
    longest = dict.fromkeys(COUNTS, 0.0)
    for name, shape in SHAPES.items():
        cells = []
        for count, times in COUNTS.items():
            policy = Policy.loads(shape(count))
            runs, mistakes = [], 0
            for _ in range(times):
                start = time.process_time()
                found = verify(policy)
                runs.append(time.process_time() - start)
                mistakes = sum(not finding.is_listing for finding in found)
            longest[count] = max(longest[count], min(runs))
            cells += [f"{number(min(runs))} s", f"{mistakes:,}"]
        rows.append((name, *cells))
    head = ("rules", "100", "found", "1,000", "found")
    reaches = (
        Reach("verify of 100 rules, the slowest", 2, longest[100], "s"),
        Reach("verify of 1,000 rules, the slowest", 20, longest[1_000], "s"),
    )
    return Section("verify", (table(head, rows),), reaches)
