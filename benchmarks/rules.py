"""Random rules in the abstract: the one list that every contender's form is written from."""

import random
from typing import Literal, assert_never

import attrs

from .facts import USED, Fact, Facts, Value

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "between"]

DECISIONS: dict[str, tuple[str, ...]] = {
    "refund": ("deny", "replace", "credit", "partial", "full"),
    "defend": ("no", "privately", "publicly"),
    "walk_away": ("stay", "pause", "warn", "end", "ban"),
    "insurance": ("no", "prepare", "notify"),
}
DEFAULTS = {decision: outcomes[0] for decision, outcomes in DECISIONS.items()}


@attrs.frozen
class Test:
    """One test on one fact."""

    fact: Fact
    operator: Operator
    values: tuple[Value, ...]


@attrs.frozen
class All:
    """Every part holds."""

    parts: tuple["Condition", ...]


@attrs.frozen
class Any:
    """At least one part holds."""

    parts: tuple["Condition", ...]


@attrs.frozen
class Not:
    """The part does not hold."""

    part: "Condition"


Condition = Test | All | Any | Not


@attrs.frozen
class Rule:
    """A condition, and the outcomes that it gives."""

    id: str
    when: Condition
    then: dict[str, str]


@attrs.frozen
class RandomPolicy:
    """Rules in order, over some facts; each decision takes the first rule that gives it, else its default."""

    rules: tuple[Rule, ...]
    facts: tuple[Fact, ...]

    def decide(self, incident: Facts) -> tuple[str, ...]:
        """Decide plainly and slowly: what every contender has to answer."""
        outcomes: dict[str, str] = {}
        for rule in self.rules:
            if rule.then.keys() - outcomes.keys() and holds(rule.when, incident):
                outcomes = rule.then | outcomes
        return tuple(outcomes.get(decision, default) for decision, default in DEFAULTS.items())


def holds(condition: Condition, incident: Facts) -> bool:
    """Tell whether *condition* holds on *incident*."""
    match condition:
        case All(parts):
            return all(holds(part, incident) for part in parts)
        case Any(parts):
            return any(holds(part, incident) for part in parts)
        case Not(part):
            return not holds(part, incident)
        case Test(fact, operator, values):
            return _test_holds(operator, _rank(fact, incident[fact.name]), tuple(_rank(fact, v) for v in values))
        case _:
            assert_never(condition)


def _rank(fact: Fact, value: Value) -> Value:
    return fact.words.index(str(value)) if fact.kind in ("scale", "text") else value


def _test_holds(operator: Operator, x: Value, values: tuple[Value, ...]) -> bool:
    x, low, high = int(x), int(values[0]), int(values[-1])
    match operator:
        case "=" | "in":
            return x in values
        case "!=" | "not in":
            return x not in values
        case "<":
            return x < low
        case "<=":
            return x <= low
        case ">":
            return x > low
        case ">=":
            return x >= low
        case "between":
            return low <= x <= high
        case _:
            assert_never(operator)


@attrs.frozen
class Maker:
    """Draws rules of a given selectivity: *grid* is how many different thresholds each number is cut by."""

    rng: random.Random
    facts: tuple[Fact, ...]
    grid: int

    def condition(self, share: float) -> Condition:
        """Draw a condition that holds on about *share* of the incidents."""
        shape = self.rng.choices(("all", "either", "choice", "unless"), (4, 3, 2, 2))[0]
        free = self.rng.sample(self.facts, len(self.facts))
        if shape == "either":
            return Any((self.conjunction(share / 2, free), self.conjunction(share / 2, free[::-1])))
        if shape == "all" or len(free) < 4:
            return self.conjunction(share, free)
        (left, often_left), (right, often_right) = (self.test(free.pop(), 0.3) for _ in range(2))
        either = often_left + often_right - often_left * often_right
        if shape == "choice":
            rest = self.conjunction(min(0.9, share / either), free)
            return All((*_parts(rest), Any((left, right))))
        rest = self.conjunction(min(0.9, share / max(0.2, 1 - either)), free)
        return All((*_parts(rest), Not(Any((left, right)))))

    def conjunction(self, share: float, free: list[Fact]) -> Condition:
        """Draw an `and` of at most five tests on different facts."""
        tests: list[Condition] = []
        for fact in free:
            wanted = max(share, self.rng.uniform(0.08, 0.45))
            if len(tests) == 4 and not fact.is_numeric:
                continue
            test, often = self.test(fact, share if len(tests) == 4 else wanted)
            if often < share * 0.8:
                continue
            tests.append(test)
            share /= often
            if share > 0.7 or len(tests) == 5:
                break
        return All(tuple(tests)) if len(tests) > 1 else tests[0]

    def test(self, fact: Fact, share: float) -> tuple[Test, float]:
        """Draw a test on *fact* that holds about as often as asked, and tell how often it does."""
        return self._number_test(fact, share) if fact.is_numeric else self._word_test(fact)

    def _number_test(self, fact: Fact, share: float) -> tuple[Test, float]:
        steps = max(1, min(self.grid - 1, round(share * self.grid)))
        start = self.rng.randrange(self.grid - steps + 1)
        side = self.rng.choice(("below", "above", "within"))
        if side == "below":
            return Test(fact, self.rng.choice(("<", "<=")), (self._threshold(fact, steps),)), share
        if side == "above":
            return Test(fact, self.rng.choice((">", ">=")), (self._threshold(fact, self.grid - steps),)), share
        low, high = self._threshold(fact, start), self._threshold(fact, start + steps)
        return Test(fact, "between", (low, max(low, high))), share

    def _threshold(self, fact: Fact, step: int) -> int:
        """Keep off both ends of the range, where a test would always or never hold."""
        least = 60 if fact.kind == "duration" else 1
        return max(least, fact.quantile(min(self.grid - 1, max(1, step)) / self.grid))

    def _word_test(self, fact: Fact) -> tuple[Test, float]:
        if fact.kind == "boolean":
            value = self.rng.random() < 0.5
            return Test(fact, "=", (value,)), fact.weights[0 if value else 1]
        at = self.rng.randrange(1, len(fact.words))
        if fact.kind == "scale" and self.rng.random() < 0.7:
            if self.rng.random() < 0.6:
                return Test(fact, ">=", (fact.words[at],)), sum(fact.weights[at:])
            return Test(fact, "<=", (fact.words[at - 1],)), sum(fact.weights[:at])
        chosen = sorted(self.rng.sample(range(len(fact.words)), self.rng.randint(1, max(1, len(fact.words) // 3))))
        words, often = tuple(fact.words[i] for i in chosen), sum(fact.weights[i] for i in chosen)
        if self.rng.random() < 0.2:
            return Test(fact, "not in" if len(words) > 1 else "!=", words), 1 - often
        return Test(fact, "in" if len(words) > 1 else "=", words), often


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, All) else (condition,)


def random_policy(
    count: int, *, seed: int = 1, facts: tuple[Fact, ...] = USED, grid: int = 200, broad: bool = False
) -> RandomPolicy:
    """
    Draw a policy of *count* rules; the same arguments always give the same policy.

    A dozen rules hold on 3 to 20 % of the incidents each. In a longer list each rule is narrower, so that about one
    decision in four still falls to its default, as a list where the first rules decided everything would need no more
    rules. With *broad*, rules stay as wide as in a dozen.
    """
    rng = random.Random(f"policy {seed} {count} {len(facts)} {grid} {broad}")
    maker = Maker(rng, facts, grid)
    mean = 0.1 if broad else min(0.1, 3 / count)
    rules = []
    for number in range(1, count + 1):
        share = mean * 3 ** rng.uniform(-1, 0.7)
        chosen = rng.sample(list(DECISIONS), rng.choices((1, 2, 3, 4), (50, 25, 15, 10))[0])
        then = {name: rng.choice(outcomes) for name, outcomes in DECISIONS.items() if name in chosen}
        rules.append(Rule(f"rule-{number}", maker.condition(share), then))
    return RandomPolicy(tuple(rules), facts)
