"""Random policies without a fault, each a partition of all incidents; and each kind of fault, planted in one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import attrs

#: What a fact must be: at least and below, or among some words.
Bounds: TypeAlias = "tuple[int | None, int | None]"
Box: TypeAlias = "dict[str, Bounds | frozenset[str]]"


@attrs.frozen
class Kind:
    """A fact that policies ask for: its declaration, its words or its thresholds, and how one is written."""

    name: str
    declared: str
    words: tuple[str, ...] = ()
    least: int = 1
    most: int = 98
    written: Callable[[int], str] = str


def _day(number: int) -> str:
    return f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}" if number < 0 else f"20{number:02}-03-01"


KINDS = (
    Kind("age", 'type = "integer"\nmin = 0\nmax = 99'),
    Kind("score", 'type = "number"', least=-90, most=90, written=lambda n: f"{n}.5" if n >= 0 else f"({n} - 0.5)"),
    Kind("sum", 'type = "money"', written=lambda n: f"{n} USD"),
    Kind("wait", 'type = "duration"', written=lambda n: f"{n}h"),
    Kind("bought", 'type = "date"', least=10, most=80, written=_day),
    Kind("tier", 'scale = ["none", "silver", "gold", "platinum"]', ("none", "silver", "gold", "platinum")),
    Kind("branch", 'type = "text"\none_of = ["north", "south", "east"]', ("north", "south", "east")),
    Kind("regular", 'type = "boolean"', ("true", "false")),
    Kind("loss", "", written=lambda n: f"{n} USD"),
    Kind("abuse", "", ("none", "rude", "hostile", "threatening", "violent")),
    Kind("injury", "", ("true", "false")),
    Kind("history.refunds_90d", ""),
)
BY_NAME = {kind.name: kind for kind in KINDS}
SINGLE = ("first", "unique", "any", "priority")


@attrs.define
class Leaf:
    """A rule: where it holds, what it decides."""

    id: str
    box: Box
    outcome: str
    more: list[str] = attrs.field(factory=list)
    cells: dict[str, str] = attrs.field(factory=dict)
    tail: list[str] = attrs.field(factory=list)


@attrs.define
class Grown:
    """A random policy in the making: every decision partitions all incidents, each part with an outcome of its own."""

    choose: random.Random
    head: list[str] = attrs.field(factory=list)
    facts: list[str] = attrs.field(factory=list)
    leaves: dict[str, list[Leaf]] = attrs.field(factory=dict)
    policies: dict[str, str] = attrs.field(factory=dict)
    outcomes: dict[str, list[str]] = attrs.field(factory=dict)
    parameters: dict[str, str] = attrs.field(factory=dict)
    terms: dict[str, str] = attrs.field(factory=dict)
    named: dict[tuple[str, object], str] = attrs.field(factory=dict)
    tables: set[str] = attrs.field(factory=set)
    extra: list[str] = attrs.field(factory=list)

    @property
    def all_leaves(self) -> list[tuple[str, Leaf]]:
        return [(name, leaf) for name, leaves in self.leaves.items() for leaf in leaves]

    def rows(self, decision: str) -> list[Leaf]:
        return self.leaves[decision]

    # -- text

    def text(self) -> str:
        parts = ['[policy]\nid = "grown"', *self.head]
        if self.parameters:
            parts.append("[parameters]\n" + "\n".join(f"{name} = {value}" for name, value in self.parameters.items()))
        if self.terms:
            parts.append("[terms]\n" + "\n".join(f'{name} = "{text}"' for name, text in self.terms.items()))
        parts += [f"[facts.{name}]\n{BY_NAME[name].declared}" for name in self.facts if BY_NAME[name].declared]
        for decision, outcomes in self.outcomes.items():
            listed = ", ".join(f'"{outcome}"' for outcome in outcomes)
            parts.append(f'[decisions.{decision}]\noutcomes = [{listed}]\nhit_policy = "{self.policies[decision]}"')
        for decision, leaves in self.leaves.items():
            parts += [self._table(decision, leaves)] if decision in self.tables else map(self._rule(decision), leaves)
        return "\n\n".join([*parts, *self.extra]) + "\n"

    def _rule(self, decision: str) -> Callable[[Leaf], str]:
        def text(leaf: Leaf) -> str:
            tests = [*self.tests(leaf.box), *leaf.more, *(f"{name} {cell}" for name, cell in leaf.cells.items())]
            when = f'when = "{" and ".join(tests)}"\n' if tests else ""
            if leaf.box and not leaf.more and not self.named and leaf.id.endswith(("1", "3")):
                when = "".join(f'when.{name} = "{self.cell(name, part)}"\n' for name, part in leaf.box.items())
            return f'[[rule]]\nid = "{leaf.id}"\n{when}then.{decision} = "{leaf.outcome}"\n' + "\n".join(leaf.tail)

        return text

    def _table(self, decision: str, leaves: list[Leaf]) -> str:
        names = list(dict.fromkeys(name for leaf in leaves for name in leaf.box))
        rows = []
        for leaf in leaves:
            cells = [self.cell(name, leaf.box[name]) if name in leaf.box else "-" for name in names]
            rows.append("[" + ", ".join(f'"{cell}"' for cell in [*cells, leaf.outcome]) + "]")
        columns = ", ".join(f'"{name}"' for name in [*names, f"=> {decision}"])
        return f'[[table]]\nid = "{decision.replace("_", "-")}-grid"\ncolumns = [{columns}]\nrows = [{", ".join(rows)}]'

    def bound(self, name: str, number: int) -> str:
        return self.named.get((name, number), BY_NAME[name].written(number))

    def cell(self, name: str, part: Bounds | frozenset[str]) -> str:
        if isinstance(part, frozenset):
            return ", ".join(word for word in BY_NAME[name].words if word in part)
        low, high = part
        if low is not None and high is not None:
            return f"[{self.bound(name, low)} .. {self.bound(name, high)})"
        return f">= {self.bound(name, low)}" if low is not None else f"< {self.bound(name, high or 0)}"

    def tests(self, box: Box) -> list[str]:
        return [text for name, part in box.items() for text in self._tests(name, part)]

    def _tests(self, name: str, part: Bounds | frozenset[str]) -> Iterator[str]:
        if isinstance(part, frozenset):
            term = self.named.get((name, part))
            rest = self.named.get((name, frozenset(BY_NAME[name].words) - part))
            words = ", ".join(word for word in BY_NAME[name].words if word in part)
            yield term or (f"not {rest}" if rest else f"{name} in ({words})" if len(part) > 1 else f"{name} = {words}")
            return
        low, high = part
        if low is not None:
            yield f"{name} >= {self.bound(name, low)}"
        if high is not None:
            yield f"{name} < {self.bound(name, high)}"


def grown(choose: random.Random) -> Grown:
    """Return a random policy without a fault."""
    made = Grown(choose)
    made.facts = [kind.name for kind in choose.sample(KINDS, choose.randint(3, 6))]
    decisions = choose.sample(["refund", "walk_away", "table", "letter"], choose.randint(1, 3))
    for decision in decisions:
        leaves = _partition(choose, made.facts, choose.randint(2, 6))
        made.outcomes[decision] = [f"{decision[:1]}{at}" for at in range(len(leaves))]
        made.policies[decision] = choose.choice(SINGLE)
        made.leaves[decision] = [
            Leaf(f"{decision.replace('_', '-')}-{at}", box, made.outcomes[decision][at])
            for at, box in enumerate(leaves)
        ]
        if choose.random() < 0.3:
            made.tables.add(decision)
    _name_some(made)
    _add_more(made)
    made.facts = [name for name in made.facts if any(name in leaf.box for _, leaf in made.all_leaves)]
    return made


def _partition(choose: random.Random, facts: list[str], count: int) -> list[Box]:
    boxes: list[Box] = [{}]
    while len(boxes) < count:
        at = choose.randrange(len(boxes))
        name = choose.choice(facts)
        halves = _halves(choose, BY_NAME[name], boxes[at].get(name))
        if halves is not None:
            boxes[at : at + 1] = [{**boxes[at], name: half} for half in halves]
    return boxes


def _halves(
    choose: random.Random, kind: Kind, part: Bounds | frozenset[str] | None
) -> tuple[Bounds | frozenset[str], Bounds | frozenset[str]] | None:
    if kind.words:
        words = [word for word in kind.words if not isinstance(part, frozenset) or word in part]
        if len(words) < 2:
            return None
        mine = frozenset(choose.sample(words, choose.randint(1, len(words) - 1)))
        return mine, frozenset(words) - mine
    low, high = part if isinstance(part, tuple) else (None, None)
    room = range((low if low is not None else kind.least) + 1, high if high is not None else kind.most)
    if len(room) < 3:
        return None
    cut = choose.choice(room)
    return (low, cut), (cut, high)


def _name_some(made: Grown) -> None:
    """Give some thresholds, and some tests on words, a name: parameters and terms."""
    for decision, leaf in made.all_leaves:
        for name, part in leaf.box.items():
            if isinstance(part, tuple) and name not in ("score", "bought") and made.choose.random() < 0.2:
                cut = part[0] if part[0] is not None else part[1]
                assert cut is not None
                if (name, cut) not in made.named:
                    parameter = f"limit_{len(made.parameters)}"
                    made.named[name, cut] = parameter
                    written = BY_NAME[name].written(cut)
                    made.parameters[parameter] = written if written.isdigit() else f'"{written}"'
            elif isinstance(part, frozenset) and decision not in made.tables and made.choose.random() < 0.2:
                other = frozenset(BY_NAME[name].words) - part
                if (name, part) not in made.named and (name, other) not in made.named:
                    words = ", ".join(sorted(part))
                    made.terms[f"word_{len(made.terms)}"] = f"{name} in ({words})"
                    made.named[name, part] = f"word_{len(made.terms) - 1}"


def _add_more(made: Grown) -> None:
    """Add duties, a red line that nothing crosses, a declaration that holds, days on which the policy is in force."""
    choose = made.choose
    if choose.random() < 0.4:
        made.head.append("effective = 2026-01-01\nexpires = 2027-01-01")
    plain = [(name, leaf) for name, leaf in made.all_leaves if name not in made.tables]
    if plain and choose.random() < 0.5:
        _, leaf = choose.choice(plain)
        leaf.tail.append('oblige = ["call"]')
        made.extra.append('[obligations.call]\ntitle = "Call"\nwithin = "48h"')
    if choose.random() < 0.5:
        decision, leaf = choose.choice(made.all_leaves)
        test = next(iter(made.tests(leaf.box)))
        made.extra.append(f'[[guard]]\nid = "line"\nnever = "{decision} = {leaf.outcome} and not ({test})"')
    for decision, leaves in made.leaves.items():
        free = [name for name in made.facts if not any(name in leaf.box for leaf in leaves)]
        guarded = any(f'never = "{decision} ' in more for more in made.extra)
        if free and not guarded and choose.random() < 0.5:
            declared = choose.choice(free)
            if any(declared in leaf.box for _, leaf in made.all_leaves):
                made.extra.append(f'[[independent]]\ndecision = "{decision}"\nof = ["{declared}"]')


# --- faults ----------------------------------------------------------------------------------------------------------

Plant: TypeAlias = Callable[[Grown], bool]
_EXTRA = '[facts.extra]\ntype = "boolean"'
_NUMBERS = '[facts.one]\ntype = "number"\n[facts.two]\ntype = "number"'


def _written_out(made: Grown, *policies: str) -> tuple[str, Leaf] | None:
    """Return a leaf that is written as a rule, of a decision with one of some hit policies."""
    found = [
        (name, leaf)
        for name, leaf in made.all_leaves
        if name not in made.tables and (not policies or made.policies[name] in policies)
    ]
    return made.choose.choice(found) if found else None


def _another(made: Grown, decision: str, leaf: Leaf) -> str:
    return made.choose.choice([outcome for outcome in made.outcomes[decision] if outcome != leaf.outcome])


def _rule_like(made: Grown, decision: str, leaf: Leaf, *more: str, tail: str = "") -> str:
    when = " and ".join([*made.tests(leaf.box), *more])
    outcome = _another(made, decision, leaf)
    return f'[[rule]]\nid = "planted"\nwhen = "{when}"\nthen.{decision} = "{outcome}"\n{tail}'


def plant_gap(made: Grown) -> bool:
    chosen = _written_out(made)
    if chosen is None:
        return False
    chosen[1].more.append("extra")
    made.extra.append(_EXTRA)
    return True


def plant_shadowed(made: Grown, *, tail: str = "", more: str = "extra") -> bool:
    chosen = _written_out(made, "first")
    if chosen is None:
        return False
    made.extra += [_EXTRA, _rule_like(made, *chosen, more, tail=tail)]
    return True


def plant_unreachable_rule(made: Grown) -> bool:
    decision, leaf = made.choose.choice(made.all_leaves)
    made.extra += [_NUMBERS, _rule_like(made, decision, leaf, "one > two", "two > one + 1")]
    return True


def plant_disagreement(made: Grown) -> bool:
    chosen = _written_out(made, "unique", "any")
    if chosen is None:
        return False
    made.extra += [_EXTRA, _rule_like(made, *chosen, "extra")]
    return True


def plant_redundant(made: Grown) -> bool:
    chosen = _written_out(made)
    if chosen is None:
        return False
    leaf = chosen[1]
    for name, part in leaf.box.items():
        if isinstance(part, tuple) and part[0] is not None and name != "score" and part[0] > 1:
            leaf.more.append(f"{name} >= {BY_NAME[name].written(part[0] - 1)}")
            return True
        if isinstance(part, frozenset) and len(part) < len(BY_NAME[name].words) - 1:
            out = next(word for word in BY_NAME[name].words if word not in part)
            leaf.more.append(f"{name} != {out}")
            return True
    return False


def plant_crossed_line(made: Grown) -> bool:
    decision, leaf = made.choose.choice(made.all_leaves)
    test = next(iter(made.tests(leaf.box)))
    made.extra.append(f'[[guard]]\nid = "crossed"\nnever = "{decision} = {leaf.outcome} and {test}"')
    return True


def plant_dependence(made: Grown) -> bool:
    decision, leaf = made.choose.choice(made.all_leaves)
    made.extra.append(f'[[independent]]\nid = "planted"\ndecision = "{decision}"\nof = ["{next(iter(leaf.box))}"]')
    return True


def plant_outcome(made: Grown) -> bool:
    made.outcomes[made.choose.choice(list(made.outcomes))].append("nowhere")
    return True


def plant_dead_duty(made: Grown) -> bool:
    made.extra.append('[obligations.planted]\ntitle = "Do it"')
    return plant_shadowed(made, tail='oblige = ["planted"]')


def plant_unused_fact(made: Grown) -> bool:
    made.extra.append(_EXTRA)
    return True


def plant_idle_parameter(made: Grown) -> bool:
    made.parameters["planted"] = "7"
    made.extra.append(_NUMBERS)
    return made.choose.random() < 0.5 or plant_shadowed(made, more="one > planted")


def plant_idle_term(made: Grown) -> bool:
    made.terms["planted"] = "one > two"
    made.extra.append(_NUMBERS)
    return made.choose.random() < 0.5 or plant_shadowed(made, more="planted")


def plant_choice(made: Grown) -> bool:
    chosen = _written_out(made)
    if chosen is None:
        return False
    low = made.choose.randint(1, 50)
    made.extra.append(_NUMBERS.partition("\n[facts.two]")[0])
    chosen[1].more.append(f"(one > {low} or one <= {low + made.choose.randint(1, 50)})")
    return True


def plant_late_deadline(made: Grown) -> bool:
    chosen = _written_out(made)
    if chosen is None or any("obligations" in more for more in made.extra):
        return False
    chosen[1].tail.append('oblige = ["planted"]')
    made.head[:] = ["effective = 2026-06-01\nexpires = 2026-07-01"]
    made.extra.append(f'[obligations.planted]\ntitle = "Do it"\nwithin = "{made.choose.randint(31, 90)} days"')
    return True


def plant_overlap(made: Grown) -> bool:
    chosen = _written_out(made, "first", "priority")
    if chosen is None or any("[[guard]]" in more for more in made.extra):
        return False  # because the rule might cross the line
    decision, leaf = chosen
    outcome = made.outcomes[decision][-1] if made.policies[decision] == "priority" else _another(made, decision, leaf)
    if outcome == leaf.outcome:
        return False
    when = " and ".join([*made.tests(leaf.box), "extra"])
    made.head.append(f'[[rule]]\nid = "planted"\nwhen = "{when}"\nthen.{decision} = "{outcome}"')
    made.extra.append(_EXTRA)
    return True


def plant_unneeded_allowance(made: Grown) -> bool:
    chosen = _written_out(made)
    if chosen is None:
        return False
    chosen[1].tail.append('[[rule.allow]]\nfinding = "shadowed-rule"\nbecause = "It is meant."\nuntil = 2099-01-01')
    return True


#: Each kind of fault: how it is planted, and what else must be said once it is there.
FAULTS: Mapping[str, tuple[Plant, frozenset[str]]] = {
    "uncovered-incident": (plant_gap, frozenset()),
    "shadowed-rule": (plant_shadowed, frozenset({"unused-fact"})),
    "unreachable-rule": (plant_unreachable_rule, frozenset({"unused-fact"})),
    "rules-disagree": (plant_disagreement, frozenset()),
    "redundant-test": (plant_redundant, frozenset()),
    "breakable-guard": (plant_crossed_line, frozenset()),
    "dependent-decision": (plant_dependence, frozenset()),
    "unreachable-outcome": (plant_outcome, frozenset()),
    "unreachable-obligation": (plant_dead_duty, frozenset({"shadowed-rule", "unused-fact"})),
    "unused-fact": (plant_unused_fact, frozenset()),
    "idle-parameter": (plant_idle_parameter, frozenset({"shadowed-rule", "unused-fact"})),
    "idle-term": (plant_idle_term, frozenset({"shadowed-rule", "unused-fact"})),
    "always-true-choice": (plant_choice, frozenset({"unused-fact"})),
    "unmeetable-deadline": (plant_late_deadline, frozenset()),
    "overlapping-rules": (plant_overlap, frozenset()),
    "unneeded-allow": (plant_unneeded_allowance, frozenset()),
}
