"""What follows from a rule: outcomes, values and duties, checked and joined with its condition."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import attrs

from .check import Mistyped
from .compose import Part
from .conditions import read_value_expression
from .declare import Work
from .describe import shown
from .diagnostics import Place, nearest
from .terms import checked
from .tree import (
    And,
    Condition,
    Expression,
    Not,
    Rule,
    Truth,
)
from .words import condition_text

_ID = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*\Z")


def check_id(work: Work, part: Part, kind: str) -> None:
    """Report an id that could not stand in a record or on a command line."""
    id_ = part.raw.get("id")
    if isinstance(id_, str) and not _ID.match(id_):
        slug = re.sub(r"[^a-z0-9]+", "-", _without_accents(id_.lower())).strip("-")
        work.findings.report("bad-id", part.place.inside("id"), suggestion=slug[:60], kind=kind, id=shown(id_))


def _without_accents(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", text[:100]) if not unicodedata.combining(sign))


def when_unless(work: Work, raw: Mapping[str, Any], place: Place) -> Condition | None:
    """Return `when` and not `unless`; None where either has a mistake, which has been reported."""
    parts: list[Condition] = []
    complete = True
    for key in ("when", "unless"):
        if key not in raw:
            continue
        condition = checked(raw[key], place.inside(key), work.scope, work)
        complete &= condition is not None
        if condition is not None:
            parts.append(condition if key == "when" else Not(condition))
    if not complete:
        return None
    if not parts:
        return Truth(value=True)
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def read_consequences(
    work: Work, then: Mapping[str, Any], place: Place
) -> tuple[dict[str, Expression], dict[str, Expression]]:
    """Read what follows from a rule: outcomes by decision and values by name."""
    outcomes: dict[str, Expression] = {}
    values: dict[str, Expression] = {}
    owners = {value: spec for spec in work.decisions.values() for value in spec.values}
    for name, raw in then.items():
        at = place.inside(name)
        type_ = work.decisions[name].type if name in work.decisions else None
        type_ = owners[name].values[name] if type_ is None and name in owners else type_
        if type_ is None:
            known = [*work.decisions, *owners]
            work.findings.report(
                "unknown-decision", attrs.evolve(at, key=True), suggestion=nearest(name, known), name=name
            )
            continue
        if name in owners and owners[name].id not in then:
            work.findings.report(
                "value-without-decision", attrs.evolve(at, key=True), name=name, decision=owners[name].id
            )
        try:
            (outcomes if name in work.decisions else values)[name] = read_value_expression(
                name, raw, type_, at, work.scope, work.findings
            )
        except Mistyped:
            continue
    return outcomes, values


def read_oblige(work: Work, raw: Mapping[str, Any], place: Place) -> tuple[str, ...]:
    """Return the duties that come with a rule or a table."""
    found: list[str] = []
    oblige = raw.get("oblige", [])
    for index, name in enumerate(oblige if isinstance(oblige, list) else []):
        if not isinstance(name, str):
            continue
        if name not in work.obligations:
            at = place.inside("oblige", index)
            work.findings.report("unknown-obligation", at, suggestion=nearest(name, work.obligations), name=name)
        elif name not in found:
            found.append(name)
    return tuple(found)


@attrs.frozen
class Consequences:
    """What follows from a rule: outcomes by decision, values by name, and duties."""

    outcomes: dict[str, Expression]
    values: dict[str, Expression]
    oblige: tuple[str, ...]


def made_rule(work: Work, part: Part, id_: str, condition: Condition, follows: Consequences, place: Place) -> Rule:
    """Return the rule with its normal form; one that can never apply is reported."""
    assert work.normalizer is not None
    form = work.normalizer.normal_form(condition)
    if not form.disjuncts and not work.findings.blames(place):
        work.findings.report("impossible-condition", _condition_place(part, place), id=id_)
    return Rule(
        id_,
        condition,
        form,
        follows.outcomes,
        follows.values,
        follows.oblige,
        title=word_of(part.raw, "title"),
        because=word_of(part.raw, "because"),
        source=word_of(part.raw, "source"),
        text=_rule_text(part.raw, condition, work),
        origin=attrs.evolve(part.origin, path=place.path),
        has_unless="unless" in part.raw,
    )


def _condition_place(part: Part, place: Place) -> Place:
    return place.inside("when") if "when" in part.raw and place == part.place else place


def word_of(raw: Mapping[str, Any], key: str) -> str:
    """Return a text of a table, empty where there is none."""
    value = raw.get(key, "")
    return value if isinstance(value, str) else ""


def _rule_text(raw: Mapping[str, Any], condition: Condition, work: Work) -> str:
    when, unless = raw.get("when"), raw.get("unless")
    if isinstance(when, str) and unless is None and "columns" not in raw:
        return when
    return condition_text(condition, work.currencies.home)
