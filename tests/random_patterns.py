"""Random patterns and random streams of events, each pattern both as the checked tree has it and as plain data for a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, Literal

import attrs
from chooser import Chooser

from evenhand.engine.cases.correlate import Happened
from evenhand.rules.case_tree import Element, Pattern
from evenhand.rules.check import Checker, Scope
from evenhand.rules.diagnostics import Findings, Place
from evenhand.rules.event_kinds import MATCHED
from evenhand.rules.given import Currencies
from evenhand.rules.normal import Normalizer
from evenhand.rules.syntax import parse_condition
from evenhand.rules.tree import Origin
from evenhand.rules.types import BOOLEAN, DURATION, INTEGER, MONEY, NUMBER, TEXT, Fact, Type

MOOD: Final = Type("scale", ("calm", "cross", "furious"))
KINDS: Final = ("post", "reply")
FIELDS: Final[Mapping[str, Fact]] = {
    "author": Fact("author", TEXT),
    "note": Fact("note", TEXT),
    "views": Fact("views", INTEGER, low=0),
    "score": Fact("score", NUMBER),
    "worth": Fact("worth", MONEY, low=0),
    "took": Fact("took", DURATION, low=0),
    "mood": Fact("mood", MOOD),
    "press": Fact("press", BOOLEAN),
}
#: What an event may have in each field.
VALUES: Final[Mapping[str, tuple[Any, ...]]] = {
    "author": ("ann", "bob", "cy", "", "costarring", "liquid", 'a"b\\c', "Ünï"),
    "note": ("alpha", "beta", "alphabet"),
    "views": (0, 1, 2, 3, 5, 2**53 + 1, 10**25),
    "score": (-1, 0, 1, Fraction(1, 3), Fraction(5, 2), 2),
    "worth": (0, 100, 150, 500, Fraction(301, 2)),
    "took": (0, 60, 3600, Fraction(1, 2)),
    "mood": MOOD.words,
    "press": (False, True),
}
#: How many of the values are usual; the others come now and then.
USUAL: Final = {"author": 3, "views": 5, "score": 3, "worth": 4, "took": 3}
LITERALS: Final[Mapping[str, tuple[tuple[str, Any], ...]]] = {
    "author": (("'ann'", "ann"), ("'bob'", "bob")),
    "note": (("'alpha'", "alpha"),),
    "views": (("1", 1), ("2", 2), ("3", 3)),
    "score": (("0", 0), ("0.5", Fraction(1, 2)), ("2", 2)),
    "worth": (("1 USD", 100), ("1.50 USD", 150)),
    "took": (("1 min", 60), ("30 min", 1800)),
    "mood": (("cross", "cross"),),
    "press": (("true", True), ("false", False)),
}
FACTS: Final[Mapping[str, Fact]] = {
    "heat": Fact("heat", INTEGER, low=0),
    "warned": Fact("warned", BOOLEAN),
    "who": Fact("who", TEXT),
}
ORDERED: Final = ("=", "!=", "<", "<=", ">", ">=")
HOME: Final = Currencies("USD")
NOWHERE: Final = Origin("patterns.toml", ())


@attrs.frozen
class Test:
    """One test of a `where`: *left* and *right* are names or, on the right, a literal; *plus* is added on the right."""

    __test__ = False

    left: str
    operator: str
    right: str = ""
    value: Any = None
    plus: int = 0
    negated: bool = False

    @property
    def text(self) -> str:
        if self.operator in ("missing", "known"):
            test = f"{self.left} is {self.operator}"
        else:
            plus = f" {'+' if self.plus > 0 else '-'} {abs(self.plus)}" if self.plus else ""
            test = f"{self.left} {self.operator} {self.right}{plus}"
        return f"not ({test})" if self.negated else test


#: All clauses must hold, and of each clause any test.
Clauses = tuple[tuple[Test, ...], ...]


@attrs.frozen
class Piece:
    """One element of a pattern, as plain data."""

    alias: str
    kind: str
    where: Clauses
    count: int = 1
    distinct: str = ""
    absent_for: Fraction | None = None

    @property
    def is_derived(self) -> bool:
        return self.kind.startswith("p") and self.kind != "post"


@attrs.frozen
class Made:
    """A pattern as plain data: *when* is over the facts, *learn* maps a fact to a name or a literal."""

    id: str
    pieces: tuple[Piece, ...]
    within: Fraction | None
    when: Clauses
    learn: Mapping[str, tuple[Literal["name", "literal"], str, Any]]


def written(clauses: Clauses) -> str:
    """Return a condition as an owner writes it."""
    parts = [" or ".join(test.text for test in clause) for clause in clauses]
    return " and ".join(f"({part})" if " or " in part else part for part in parts) or "true"


# --- the same as the checked tree has it -----------------------------------------------------------------------------


def checker(facts: Mapping[str, Fact]) -> Checker:
    return Checker(Scope(facts, {}, {}, {}, HOME), Findings(), Place("patterns.toml"))


def form(text: str, facts: Mapping[str, Fact]) -> Any:
    checking = checker(facts)
    condition = checking.condition(parse_condition(text))
    assert not len(checking.findings), list(checking.findings)
    return Normalizer(checking.scope.universe).normal_form(condition)


def pattern_of(made: Made) -> Pattern:
    """Return a pattern as the checked tree has it."""
    scope: dict[str, Fact] = {}
    elements = []
    for piece in made.pieces:
        is_match = piece.kind.startswith("p-")
        fields = MATCHED.fields if piece.is_derived else FIELDS
        text = written(piece.where)
        elements.append(
            Element(
                alias=piece.alias,
                kind=MATCHED.id if is_match else piece.kind,
                where=form(text, {**scope, **fields}),
                fields=fields,
                count=piece.count,
                distinct=piece.distinct,
                absent_for=piece.absent_for,
                pattern=piece.kind if is_match else "",
                text=text,
            )
        )
        scope.update((f"{piece.alias}.{name}", fact) for name, fact in fields.items())
    learn = {fact: checker(scope).expression(parse_condition(text)) for fact, (_, text, _value) in made.learn.items()}
    when = form(written(made.when), FACTS)
    return Pattern(made.id, made.id, tuple(elements), made.within, when, learn, "", "patterns", NOWHERE)


# --- random patterns -------------------------------------------------------------------------------------------------


@attrs.define
class Patterns:
    """Makes random patterns; *plain_share* percent of the tests are of a sort that only the plain correlator can do."""

    choose: Chooser
    plain_share: int = 20

    def several(self) -> tuple[Made, ...]:
        """Return one to four patterns that may speak of one another."""
        ids = [f"p-{letter}" for letter in "abcd"[: self.choose.number(1, 4)]]
        return tuple(self.one(id_, ids) for id_ in ids)

    def one(self, id_: str, ids: Sequence[str]) -> Made:
        choose = self.choose
        size = choose.pick((2, 2, 1, 3, 2, 1, 3))
        pieces: list[Piece] = []
        for index in range(size):
            pieces.append(self.piece(index, pieces, ids, slots=4 - size))
        if choose.chance(20):
            length = Fraction(choose.number(0, 8), choose.pick((1, 1, 2)))
            pieces.append(attrs.evolve(self.piece(size, pieces, ids, slots=0), absent_for=length))
        within = Fraction(choose.number(0, 12), choose.pick((1, 1, 2, 3))) if choose.chance(50) else None
        when = ((self.fact_test(),),) if choose.chance(25) else ()
        return Made(id_, tuple(pieces), within, when, self.taught(pieces))

    def piece(self, index: int, before: Sequence[Piece], ids: Sequence[str], *, slots: int) -> Piece:
        choose = self.choose
        alias = "first second third fourth".split()[index]
        if choose.chance(15):
            return self.match_of(alias, ids)
        count = choose.number(1, 1 + slots) if slots and choose.chance(30) else 1
        distinct = choose.pick(("author", "views", "mood")) if count > 1 and choose.chance(50) else ""
        where = tuple(self.clause(before) for _ in range(choose.pick((0, 1, 0, 1, 2))))
        return Piece(alias, choose.pick(KINDS), where, count, distinct)

    def match_of(self, alias: str, ids: Sequence[str]) -> Piece:
        """Return an element that asks for the match of one pattern, or of any, or of any but one."""
        if self.choose.chance(70):
            return Piece(alias, self.choose.pick(ids), ())
        id_ = self.choose.pick(ids)
        but_one = ((Test("pattern", "!=", f"'{id_}'", id_),),)
        return Piece(alias, MATCHED.id, but_one if self.choose.chance(60) else ())

    def clause(self, before: Sequence[Piece]) -> tuple[Test, ...]:
        first = self.test(before, list(FIELDS))
        if not self.choose.chance(self.plain_share):
            return (first,)
        field = first.left.partition(".")[2] or first.left
        return first, self.test(before, [name for name in FIELDS if name != field])

    def test(self, before: Sequence[Piece], fields: Sequence[str]) -> Test:
        choose = self.choose
        field = choose.pick(fields)
        operators = ORDERED if field not in ("author", "note", "press") else ORDERED[:2]
        earlier = [piece for piece in before if not piece.is_derived]
        negated = choose.chance(15)
        if earlier and choose.chance(65):
            plus = choose.pick((0, 0, 1, -1)) if field in ("views", "score") else 0
            name = f"{choose.pick(earlier).alias}.{field}"
            return Test(field, choose.pick(operators), name, plus=plus, negated=negated)
        left = f"{choose.pick(earlier).alias}.{field}" if earlier and choose.chance(15) else field
        if choose.chance(10):
            return Test(left, choose.pick(("missing", "known")))
        if field == "note" and choose.chance(60):
            return Test(left, choose.pick(("contains", "starts with", "ends with")), "'bet'", "bet", negated=negated)
        text, value = choose.pick(LITERALS[field])
        return Test(left, choose.pick(operators), text, value, negated=negated)

    def fact_test(self) -> Test:
        return self.choose.pick(
            (
                Test("heat", ">=", "2", 2),
                Test("heat", "missing"),
                Test("warned", "!=", "true", True),
                Test("warned", "=", "true", True),
                Test("who", "=", "'ann'", "ann"),
            )
        )

    def taught(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        choose = self.choose
        taught: dict[str, Any] = {}
        aliases = [piece.alias for piece in pieces if not piece.is_derived and piece.absent_for is None]
        if choose.chance(40):
            taught["warned"] = ("literal", "true", True)
        if aliases and choose.chance(40):
            name = f"{choose.pick(aliases)}.views"
            taught["heat"] = ("name", name, None)
        if aliases and choose.chance(40):
            taught["who"] = ("name", f"{choose.pick(aliases)}.author", None)
        return taught


# --- random events ---------------------------------------------------------------------------------------------------


def event(choose: Chooser, seq: int, *, span: int = 20) -> Happened:
    """Return an event somewhere in *span* half seconds, each field stated nine times out of ten."""
    fields = {name: _value(choose, name) for name in FIELDS if choose.chance(90)}
    return Happened(seq, choose.number(0, span) * 500, choose.pick(KINDS), fields)


def _value(choose: Chooser, name: str) -> Any:
    values = VALUES[name]
    usual = USUAL.get(name, len(values))
    return choose.pick(values) if choose.chance(5) else choose.pick(values[:usual])


def stream(choose: Chooser, count: int, *, span: int = 20) -> tuple[Happened, ...]:
    """Return events as they were recorded, in no order of time, some of them told twice under a new number."""
    events: list[Happened] = []
    for seq in range(1, count + 1):
        again = events and choose.chance(10)
        events.append(attrs.evolve(choose.pick(events), seq=seq) if again else event(choose, seq, span=span))
    return tuple(events)
