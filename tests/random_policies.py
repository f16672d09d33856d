"""Random policies as TOML: rules, decision tables, terms, guards, duties, assumptions and every hit policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import attrs
import tomli_w
from chooser import Chooser
from random_conditions import PARAMETERS, Conditions, Outcomes, quoted
from random_facts import HOMES, RATES, TEXTS, Kind, kinds

from evenhand import Policy, PolicyError

#: The built-in decisions with their outcomes, least first.
BUILT_IN: dict[str, tuple[str, ...]] = {
    "refund": ("deny", "replace", "credit", "partial", "full"),
    "defend": ("no", "privately", "publicly"),
    "walk_away": ("stay", "pause", "warn", "end", "ban"),
    "insurance": ("no", "prepare", "notify"),
}
SINGLE = ("first", "priority", "unique", "any")
LISTS = ("collect", "rule order", "output order")
AGGREGATES = ("collect sum", "collect min", "collect max", "collect count")
#: Own decisions: what their outcomes are, and the hit policies that such outcomes allow.
OWN: dict[str, tuple[Any, tuple[str, ...]]] = {
    "tier": (["low", "middle", "high"], (*SINGLE, *LISTS, "collect min", "collect max", "collect count")),
    "bonus": ("number", (*SINGLE, *LISTS, *AGGREGATES)),
    "payout": ("money", (*SINGLE, *LISTS, *AGGREGATES)),
    "pause_for": ("duration", (*SINGLE, *AGGREGATES)),
    "step": ("integer", (*SINGLE, *AGGREGATES)),
    "letter": ("text", ("first", "unique", "any", "collect", "rule order", "collect count")),
    "contact": ("boolean", ("first", "unique", "any", "collect", "rule order")),
    "call_on": ("date", (*SINGLE, *LISTS, "collect min", "collect max")),
    "visit_at": ("datetime", (*SINGLE, "output order", "collect max")),
}
#: Values that go with own decisions.
VALUES: dict[str, tuple[str, str]] = {
    "tier": ("tier_gift", "money"),
    "bonus": ("bonus_note", "text"),
    "payout": ("payout_share", "number"),
    "step": ("step_by", "date"),
    "letter": ("letter_tags", "list of text"),
    "contact": ("contact_within", "duration"),
}
_GUARDED = {
    "bonus": ("3", "1.5", "10%"),
    "step": ("1", "4"),
    "payout": ("20 {home}", "50 {home}"),
    "letter": (quoted("alpha"), quoted("beta")),
    "contact": ("true",),
}
_DUTIES = ("preserve-evidence", "call-back", "tell-owner")


@attrs.frozen
class Made:
    """A policy that loads, its TOML as a table, and the facts that it speaks of."""

    policy: Policy
    table: dict[str, Any]
    kinds: tuple[Kind, ...]

    @property
    def text(self) -> str:
        return tomli_w.dumps(self.table)


def make_policy(choose: Chooser) -> Made:
    """Return a random policy; rules that could never match are left out, as the loader refuses them."""
    table, chosen = Maker(choose).table()
    return Made(loaded(table), table, chosen)


def loaded(table: dict[str, Any]) -> Policy:
    """Load a policy once all that is impossible in it has been taken out."""
    while True:
        try:
            return Policy.loads(tomli_w.dumps(table))
        except PolicyError as error:
            without_the_impossible(table, error)


def without_the_impossible(table: dict[str, Any], error: PolicyError) -> None:
    """Take out each rule, row or guard with a condition that nothing can meet, and void each term; any other mistake is ours."""
    wrong = [
        d
        for d in error.diagnostics
        if d.code not in ("never-holds", "impossible-condition", "empty-range") and d.severity == "error"
    ]
    if wrong:
        raise AssertionError(f"{[(d.code, d.facts, d.place) for d in wrong]}\n\n{tomli_w.dumps(table)}")
    paths = sorted({_removable(diagnostic.place.path) for diagnostic in error.diagnostics}, key=repr, reverse=True)
    for *outer, last in paths:
        inner: Any = table
        for key in outer:
            inner = inner[key]
        if outer == ["terms"]:
            inner[last] = True
        else:
            del inner[last]


def _removable(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Return the path of the whole rule, or of the row of a table, that a place lies in."""
    return path[:4] if path[0] == "table" else path[:2]


@attrs.frozen
class Ground:
    """What conditions stand on: a currency, facts, parameters."""

    choose: Chooser
    home: str
    kinds: tuple[Kind, ...]
    parameters: list[str]

    @classmethod
    def make(cls, choose: Chooser, *, most: int) -> Ground:
        home = choose.pick(HOMES)
        chosen = choose.shuffled(choose.some(kinds(home), 1, most))
        return cls(choose, home, tuple(chosen), choose.some(tuple(PARAMETERS), 0, 5))

    def conditions(self) -> Conditions:
        return Conditions(self.choose, self.kinds, self.home, self.parameters)

    def tables(self) -> dict[str, Any]:
        """Return the tables that declare it."""
        return {
            "policy": {"id": "random", "currency": self.home},
            "rates": RATES[self.home],
            "parameters": {name: self._parameter(name) for name in self.parameters},
            "facts": self._facts(),
        }

    def _parameter(self, name: str) -> Any:
        value = PARAMETERS[name][1]
        return value.format(home=self.home) if isinstance(value, str) else value

    def _facts(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for kind in self.kinds:
            declared = dict(kind.declaration or {})
            if self.choose.chance(15):
                declared["assume"] = self._assumption(kind)
            if not declared:
                continue
            *groups, name = kind.name.split(".")
            inner = found
            for group in groups:
                inner = inner.setdefault(group, {})
            inner[name] = declared
        return found

    def _assumption(self, kind: Kind) -> Any:
        value = self.choose.pick([value for value in kind.values if not isinstance(value, dt.timedelta)])
        return list(value) if isinstance(value, tuple) else value


class Maker:
    """Makes one policy out of choices."""

    def __init__(self, choose: Chooser) -> None:
        self.choose = choose
        self.ground = Ground.make(choose, most=7)
        self.home, self.kinds = self.ground.home, self.ground.kinds
        self.conditions = self.ground.conditions()
        self.decided = [*choose.some(tuple(BUILT_IN), 1, 2), *choose.some(tuple(OWN), 0, 3)]
        self.hit_policies: dict[str, str] = {}
        self.values = {"refund": [("refund_amount", "money")], "insurance": [("insurance_lines", "list of text")]}

    def table(self) -> tuple[dict[str, Any], tuple[Kind, ...]]:
        """Return the policy as TOML has it, and its facts."""
        choose = self.choose
        terms: dict[str, Any] = {}
        found: dict[str, Any] = {
            **self.ground.tables(),
            "terms": terms,
            "decisions": {name: self.decision(name) for name in self.decided},
            "obligations": {name: self.duty() for name in _DUTIES},
        }
        if choose.chance(6):
            found["policy"]["effective"] = dt.date(2026, 11, 10)
        if choose.chance(6):
            found["policy"]["expires"] = dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC)
        for index in range(choose.number(0, 3)):
            terms[f"term_{index}"] = self.conditions.toml(1)
            self.conditions.terms.append(f"term_{index}")
        found["rule"] = [self.rule(index) for index in range(choose.number(1, 7))]
        if choose.chance(35):
            found["table"] = [self.decision_table(index) for index in range(choose.number(1, 2))]
        if choose.chance(35):
            found["guard"] = [guard for index in range(choose.number(1, 2)) if (guard := self.guard(index))]
        return found, self.kinds

    # -- declarations

    def decision(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        allowed: Sequence[str] = (*SINGLE, *LISTS, "collect count")
        if name in OWN:
            found["outcomes"], allowed = OWN[name]
        if name in VALUES and self.choose.chance(60):
            value, type_ = VALUES[name]
            found["values"] = {value: type_}
            self.values[name] = [(value, type_)]
        self.hit_policies[name] = self.choose.pick(allowed) if self.choose.chance(75) else "first"
        if self.hit_policies[name] != "first":
            found["hit_policy"] = self.hit_policies[name]
        if self.choose.chance(40):
            counts = self.hit_policies[name] == "collect count"
            found["default"] = self.choose.number(-1, 3) if counts else self.outcome(name)
        return found

    def duty(self) -> dict[str, Any]:
        found: dict[str, Any] = {"title": "Do it"}
        if self.choose.chance(50):
            found |= {"within": self.choose.pick(("4h", "3 days", "30 min")), "by": "shift lead"}
        return found

    # -- rules, tables, guards

    def rule(self, index: int) -> dict[str, Any]:
        choose = self.choose
        found: dict[str, Any] = {"id": f"rule-{index}"}
        if not choose.chance(8):
            found["when"] = self.conditions.toml(2)
        if choose.chance(15):
            found["unless"] = self.conditions.toml(1)
        chosen = choose.some(self.decided, 0 if choose.chance(15) else 1, 3)
        found["then"] = self.consequences(chosen)
        if not chosen or choose.chance(25):
            found["oblige"] = choose.some(_DUTIES, 1, 2)
        return found

    def consequences(self, decisions: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in decisions:
            found[name] = self.outcome(name)
            for value, type_ in self.values.get(name, []):
                if self.choose.chance(60):
                    found[value] = self.expression(type_)
        return found

    def decision_table(self, index: int) -> dict[str, Any]:
        choose = self.choose
        heads: list[Kind | str] = [*choose.some(self.kinds, 1, 3)]
        if self.conditions.terms and choose.chance(25):
            heads.append(choose.pick(self.conditions.terms))
        chosen = choose.some(self.decided, 1, 2)
        named = [(value, type_, name) for name in chosen for value, type_ in self.values.get(name, [])]
        values = [value for value in named if choose.chance(50)]
        because = ["because"] if choose.chance(30) else []
        columns = [head if isinstance(head, str) else head.name for head in heads]
        columns += [f"=> {name}" for name in chosen] + [f"=> {value}" for value, _, _ in values] + because
        rows = []
        for _ in range(choose.number(1, 4)):
            tests = [choose.pick((True, "false", "-")) if isinstance(head, str) else self.cell(head) for head in heads]
            outcomes = {name: "-" if choose.chance(15) else self.outcome(name) for name in chosen}
            given = ["-" if outcomes[name] == "-" else self.expression(type_) for _, type_, name in values]
            rows.append([*tests, *outcomes.values(), *given, *(["so it is"] if because else [])])
        found: dict[str, Any] = {"id": f"table-{index}", "columns": columns, "rows": rows}
        if choose.chance(15):
            found["unless"] = self.conditions.toml(1)
        if choose.chance(20):
            found["oblige"] = choose.some(_DUTIES, 1, 1)
        return found

    def cell(self, kind: Kind) -> Any:
        return "-" if self.choose.chance(20) else self.conditions.cell(kind)

    def guard(self, index: int) -> dict[str, Any] | None:
        named = [outcomes for name in self.decided if (outcomes := self.guarded(name)) is not None]
        if not named:
            return None
        over = attrs.evolve(self.conditions, decisions=named)
        always = over.outcome_test(self.choose.pick(named))
        never = f"{always} and ({over.text(2)})" if self.choose.chance(70) else f"{always} or {over.part(2)}"
        return {"id": f"guard-{index}", "never": never}

    def guarded(self, name: str) -> Outcomes | None:
        if self.hit_policies[name] not in SINGLE:
            return None
        if name in BUILT_IN:
            return Outcomes(name, BUILT_IN[name])
        outcomes = OWN[name][0]
        if isinstance(outcomes, list):
            return Outcomes(name, tuple(outcomes))
        literals = tuple(text.format(home=self.home) for text in _GUARDED.get(name, ()))
        return Outcomes(name, (), literals) if literals else None

    # -- outcomes and values

    def outcome(self, name: str) -> Any:
        """Return an outcome: a word of the decision, or an expression of its type."""
        if name in BUILT_IN:
            return self.choose.pick(BUILT_IN[name])
        outcomes = OWN[name][0]
        return self.choose.pick(outcomes) if isinstance(outcomes, list) else self.expression(outcomes)

    def expression(self, type_: str) -> Any:
        """Return a constant or a computed value of a type."""
        named = {kind.name: kind for kind in self.kinds if kind.dimension == type_}
        if type_ == "number":
            named |= {kind.name: kind for kind in self.kinds if kind.dimension == "integer"}
        constant = self.constant(type_)
        if not named or self.choose.chance(40):
            return constant
        name = self.choose.pick(tuple(named))
        form = self.choose.pick(_COMPUTED.get(type_, ("{name}",)))
        divisor = self.choose.pick(tuple(named))
        text = str(constant)
        return form.format(name=name, other=divisor, constant=f"({text})" if text.startswith("-") else text)

    def constant(self, type_: str) -> Any:
        match type_:
            case "number":
                return self.choose.pick((1, 3, 2.5, "10%", "-3 + 1", "0.1 + 0.2"))
            case "integer":
                return self.choose.pick((1, 4, "2 * 3", -1))
            case "money":
                amounts = (f"20 {self.home}", f"50 {self.home}", f"0.5 * 10.01 {self.home}", "10 USD")
                return self.choose.pick(amounts)
            case "duration":
                return self.choose.pick(("2h", "3 days", "1.5 * 30 min"))
            case "text":
                return self.choose.pick(TEXTS)
            case "boolean":
                return self.choose.pick((True, False, "true"))
            case "date":
                return self.choose.pick((dt.date(2026, 11, 21), "2026-11-10"))
            case "datetime":
                return self.choose.pick((dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC), "2026-11-10T10:00:00Z"))
            case _:
                return self.choose.pick((["business-interruption"], "liability", ["a", "b"], []))


_COMPUTED: dict[str, tuple[str, ...]] = {
    "number": ("{name}", "{name} * 2 + {constant}", "min({name}, {other})", "1 / {name}", "{name} / ({other} - 5)"),
    "integer": ("{name}", "{name} + {constant}", "max({name}, {other})", "{name} * {other}"),
    "money": ("{name}", "{name} * 50%", "{name} - {constant}", "min({name}, {constant})", "{name} / 3", "abs({other})"),
    "duration": ("{name}", "{name} * 2", "max({name}, {constant})", "{name} - {other}"),
    "datetime": ("{name}", "{name} + 2h", "max({name}, {constant})"),
    "date": ("{name}", "min({name}, {constant})"),
    "text": ("alpha",),
    "list of text": ("liability",),
}
