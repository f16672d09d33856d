"""The pass over patterns: events of one case that mean something together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from .case_events import check_kind
from .case_tree import Element, EventKind, Pattern
from .check import Mistyped, Scope
from .compose import Part, cycle_text
from .conditions import read_value_expression
from .consequences import check_id, when_unless, word_of
from .declare import Work, check_name, read_stated
from .describe import shortened, shown
from .diagnostics import Place, nearest
from .event_kinds import MATCHED
from .lengths import read_length
from .normal import Normalizer, Universe, facts_of
from .shape import BY_NAME
from .takes import fits, tables_in
from .terms import by_need, checked, cycles
from .tree import ALWAYS, ALWAYS_HOLDS, Condition, Constant, Expression
from .types import Fact
from .words import condition_text

#: The most events that one pattern may name, those that are counted included.
MOST: int = 60


def check_patterns(work: Work) -> None:
    """Check every pattern."""
    ids = {part.id for part in work.draft.patterns}
    for part in work.draft.patterns:
        check_id(work, part, "pattern")
        pattern = _Reader(work, part, ids).read()
        if pattern is not None:
            work.patterns.append(pattern)
    _check_cycles(work)


def _check_cycles(work: Work) -> None:
    """Report patterns that wait for one another's matches in a circle: none of them can be the first."""
    ids = {pattern.id for pattern in work.patterns}
    waits = {
        pattern.id: {element.pattern for element in pattern.elements if element.absent_for is None} & ids
        for pattern in work.patterns
    }
    ordered = by_need(waits)
    places = {pattern.id: Place.of(pattern.origin) for pattern in work.patterns}
    for cycle in cycles({name: needs for name, needs in waits.items() if name not in ordered}):
        work.findings.report("cycle-in-patterns", places[cycle[0]], cycle=cycle_text(cycle))


class _Reader:
    """Reads one pattern."""

    def __init__(self, work: Work, part: Part, ids: set[str]) -> None:
        self.work, self.part, self.ids = work, part, ids
        #: The fields of the events named so far, as `alias.field`.
        self.named: dict[str, Fact] = {}
        #: The kind of each event that has a name, by that name.
        self.aliases: dict[str, str] = {}

    def read(self) -> Pattern | None:
        """Return the pattern; None where it has a mistake, which has been reported."""
        raw, place = self.part.raw, self.part.place
        items = tables_in(raw.get("events"))
        # No more than there may be are read, for each may speak of all before it.
        elements = [self._element(item, place.inside("events", index)) for index, item in enumerate(items[:MOST])]
        found = [element for element in elements if element is not None]
        self._check_elements(found, items)
        within = read_length(self.work, raw.get("within"), place.inside("within"))
        condition = when_unless(self.work, raw, place)
        learn = self._learn(raw.get("learn"), place.inside("learn"))
        if condition is None or len(found) < len(items) or not items:
            return None
        assert self.work.normalizer is not None
        form = self.work.normalizer.normal_form(condition)
        words = {key: word_of(raw, key) for key in ("title", "because", "source")}
        return Pattern(
            self.part.id,
            elements=tuple(found),
            within=within,
            when=form,
            learn=learn,
            origin=self.part.origin,
            condition=condition,
            forbidden=raw.get("forbidden") is True,
            **words,
        )

    def _element(self, raw: Mapping[str, Any], place: Place) -> Element | None:
        kind = self._kind(raw, place)
        if kind is None:
            return None
        fields = dict(kind.fields)
        where, text = ALWAYS, ""
        condition: Condition | None = ALWAYS_HOLDS
        if "where" in raw:
            scope = self._scope(fields, {**self.aliases, "": kind.id})
            condition = checked(raw["where"], place.inside("where"), scope, self.work)
            if condition is not None:
                where = Normalizer(Universe(scope.facts, {})).normal_form(condition)
                text = condition_text(condition, self.work.currencies.home)
        distinct = raw.get("distinct", "")
        if isinstance(distinct, str) and distinct and distinct not in fields:
            self.work.findings.report(
                "unknown-field",
                place.inside("distinct"),
                suggestion=nearest(distinct, fields),
                field=shown(distinct),
                kind=kind.id,
            )
        absent = read_length(self.work, raw.get("absent_for"), place.inside("absent_for"))
        refers = tuple(sorted({name.split(".")[0] for name in facts_of(where) if "." in name}))
        alias = self._alias(raw, place, kind, is_absent="absent_for" in raw)
        count = raw.get("count", 1)
        if condition is None:
            return None
        pattern = raw.get("pattern", "")
        return Element(
            alias,
            kind.id,
            where,
            fields,
            refers,
            count=count if fits(count, "number") else 1,
            distinct=distinct if isinstance(distinct, str) else "",
            absent_for=absent,
            pattern=pattern if isinstance(pattern, str) else "",
            text=text,
            condition=condition,
        )

    def _kind(self, raw: Mapping[str, Any], place: Place) -> EventKind | None:
        if ("kind" in raw) == ("pattern" in raw):
            self.work.findings.report("kind-or-pattern", place, id=self.part.id)
            return None
        if "kind" in raw:
            return check_kind(self.work, raw["kind"], place.inside("kind"))
        other = raw["pattern"]
        if other not in self.ids:
            suggestion = nearest(shown(other), self.ids)
            self.work.findings.report(
                "unknown-pattern", place.inside("pattern"), suggestion=suggestion, id=shown(other)
            )
            return None
        return MATCHED

    def _scope(self, fields: Mapping[str, Fact], kinds: Mapping[str, str]) -> Scope:
        facts = {**self.named, **fields}
        return Scope(facts, self.work.parameters, {}, {}, self.work.currencies, {}, self.work.used, kinds)

    def _alias(self, raw: Mapping[str, Any], place: Place, kind: EventKind, *, is_absent: bool) -> str:
        alias = raw.get("as", "")
        if not isinstance(alias, str) or not alias:
            return ""
        at = place.inside("as")
        if is_absent:
            self.work.findings.report("alias-of-absence", at, alias=shown(alias))
        elif "." in alias or alias in kind.fields or alias in self.aliases:
            self.work.findings.report("bad-alias", at, alias=shown(alias))
        else:
            check_name(self.work, alias, Part(alias, {}, attrs.evolve(self.part.origin, path=at.path)), "event")
            self.aliases[alias] = kind.id
            self.named.update(
                (f"{alias}.{name}", attrs.evolve(field, name=f"{alias}.{name}")) for name, field in kind.fields.items()
            )
        return alias

    def _check_elements(self, found: list[Element], items: list[Any]) -> None:
        """Report a pattern without events, or with too many, and an absence that does not stand last."""
        if not items:
            key = next(key for key in BY_NAME["pattern"].keys if key.name == "events")
            self.work.findings.report(
                "missing-key", self.part.place, key="events", table="[[pattern]]", about=key.about
            )
        absent = [index for index, item in enumerate(items[:MOST]) if isinstance(item, dict) and "absent_for" in item]
        for index in absent:
            if index < len(items) - 1 or index == 0:
                self.work.findings.report("absence-not-last", self.part.place.inside("events", index), id=self.part.id)
        if len(items) > MOST or sum(element.count for element in found) > MOST:
            self.work.findings.report("pattern-too-long", self.part.place.inside("events"), limit=str(MOST))

    def _learn(self, raw: object, place: Place) -> dict[str, Expression]:
        found: dict[str, Expression] = {}
        scope = self._scope({}, self.aliases)
        for name, value in _facts_in(raw, self.work.facts):
            at = place.inside(*name.split("."))
            fact = self.work.facts.get(name)
            inner = ", ".join(other for other in self.work.facts if other.startswith(f"{name}."))
            if fact is None and inner:
                self.work.findings.report("not-a-group", at, fact=name, inner=shortened(inner))
                continue
            if fact is None:
                self.work.findings.report(
                    "unknown-fact", attrs.evolve(at, key=True), suggestion=nearest(name, self.work.facts), name=name
                )
                continue
            if fact.type.is_ordered and isinstance(value, str):
                try:
                    found[name] = read_value_expression(name, value, fact.type, at, scope, self.work.findings)
                except Mistyped:
                    continue
            else:
                read = read_stated(self.work, value, fact, at)
                if read is not None:
                    found[name] = Constant(read, fact.type)
        return found


def _facts_in(raw: object, facts: Mapping[str, Fact], prefix: str = "") -> list[tuple[str, object]]:
    """Return what a table says of facts by dotted name, their groups opened."""
    found: list[tuple[str, object]] = []
    for key, value in (raw if isinstance(raw, dict) else {}).items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and name not in facts:
            found += _facts_in(value, facts, f"{name}.")
        else:
            found.append((name, value))
    return found
