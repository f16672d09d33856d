"""What can be done about each kind of finding: the mends that are offered under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from ...rules.document import Document
from ...rules.edits import Edit, quoted
from ...rules.load import SHIPPED
from ...rules.tree import And, Condition, Guard, Known, Or, Rule, TextTest
from ...rules.words import condition_text
from .guarded import unless_line
from .mend import Desk, Mend
from .parts import without_part
from .regions import region_text

if TYPE_CHECKING:
    from ..proofs.finding import Finding

Offer: TypeAlias = Callable[[Desk, "Finding"], Iterator[Mend]]


def offered(desk: Desk, finding: Finding) -> tuple[Mend, ...]:
    """Return the mends of a finding, the safest first; none for what stands in a shipped pack, which nobody edits."""
    offer = OFFERS.get(finding.code)
    if offer is None or finding.is_listing:
        return ()
    return tuple(mend for mend in offer(desk, finding) if mend.edits and not is_shipped(desk.documents[mend.document]))


def is_shipped(document: Document) -> bool:
    """Whether a document is a pack that ships with the engine."""
    return document.path is None and document.name.startswith(SHIPPED)


def _unneeded_allow(desk: Desk, finding: Finding) -> Iterator[Mend]:
    place = finding.place
    outline = desk.outline(place.document)
    whole = desk.raw(place.document, place.path[:-1])
    if outline.has(place.path):
        edits = outline.removed(place.path)
    elif len(whole) == 1:
        edits = outline.removed(place.path[:-1])
    else:
        edits = (outline.element_removed(place.path[:-1], int(place.path[-1])),)
    yield Mend("delete the allowance", place.document, edits, keeps=True)


def _redundant_test(desk: Desk, finding: Finding) -> Iterator[Mend]:
    rule = desk.rules[finding.rules[0]]
    at = _to_leave_out(rule.condition, finding.part, finding.named["what"])
    edits = without_part(desk, rule, at)
    if edits is not None:
        yield Mend(f"leave out `{finding.named['test']}`", rule.origin.document, edits, keeps=True)


def _to_leave_out(condition: Condition, at: tuple[int, ...], what: str) -> tuple[int, ...]:
    """Return which part goes: what makes an `and` false, or an `or` true, goes with all of it."""
    around = condition
    for step in at[:-1]:
        assert isinstance(around, And | Or)
        around = around.parts[step]
    spoils = "is never true" if isinstance(around, And) else "is always true"
    return at[:-1] if what == spoils else at


def _dead_rule(desk: Desk, finding: Finding) -> Iterator[Mend]:
    rule = desk.rules[finding.rules[0]]
    origin = rule.origin
    outline = desk.outline(origin.document)
    if origin.path[0] == "rule":
        if not finding.decision:  # otherwise it still wins other decisions
            yield Mend(f"delete rule `{rule.id}`", origin.document, outline.removed(origin.path), keeps=True)
    elif not finding.decision:
        rows = desk.raw(origin.document, origin.path[:-1])
        number = int(origin.path[-1])
        if len(rows) > 1:
            is_last = number == len(rows) - 1
            title = f"delete row {number + 1}" + ("" if is_last else "; the rows below it get new numbers")
            edit = outline.element_removed(origin.path[:-1], number)
            yield Mend(title, origin.document, (edit,), keeps=is_last)
    if finding.code == "shadowed-rule":
        yield from _moved(desk, rule, finding.rules[1:])


def _moved(desk: Desk, rule: Rule, by: tuple[str, ...]) -> Iterator[Mend]:
    """Offer to move a rule before those that shadow it, where all stand above it in the same file."""
    others = [desk.rules[id_].origin for id_ in by if id_ in desk.rules]
    order = {other.id: place for place, other in enumerate(desk.tree.rules)}
    same_file = all(origin.document == rule.origin.document for origin in others)
    if not others or not same_file or rule.origin.path[0] != "rule" or any(order[id_] > order[rule.id] for id_ in by):
        return
    first = min(by, key=lambda id_: order[id_])
    target = desk.rules[first].origin.path[:2]
    edits = desk.outline(rule.origin.document).moved(rule.origin.path, target)
    yield Mend(f"or let it go first: move it before `{first}`", rule.origin.document, edits)


def _uncovered(desk: Desk, finding: Finding) -> Iterator[Mend]:
    spec = desk.tree.decisions[finding.decision]
    document = desk.tree.document
    outline = desk.outline(document)
    outcome = spec.outcomes[0] if spec.outcomes else None
    if outcome is None:
        return
    when = region_text(desk.tree, finding.region) if finding.is_exact else None
    if when is not None and len(when) < 400:
        id_ = _new_id(desk, f"otherwise-{spec.id.replace('_', '-').replace('.', '-').lower()}")
        lines = [
            "[[rule]]",
            f"id   = {quoted(id_)}",
            f"when = {quoted(when)}",
            f"then.{spec.id} = {quoted(outcome)}",
        ]
        edit = outline.after_last(("rule", "table"), lines)
        yield Mend(f"add a rule, with the outcome of `{spec.id}` that you mean", document, (edit,))
    yield Mend(f"or give `{spec.id}` a default", document, (_default(desk, spec.id, outcome),))


def _new_id(desk: Desk, wanted: str) -> str:
    taken, number = set(desk.rules), 1
    id_ = wanted
    while id_ in taken:
        number += 1
        id_ = f"{wanted}-{number}"
    return id_


def _default(desk: Desk, decision: str, outcome: str) -> Edit:
    document = desk.tree.document
    outline = desk.outline(document)
    line = f"default = {quoted(outcome)}"
    path = ("decisions", decision)
    if outline.is_table(path):
        return outline.within(path, line)
    return outline.before_first(("rule", "table", "guard", "obligations", "test"), [f"[decisions.{decision}]", line])


def _unused_fact(desk: Desk, finding: Finding) -> Iterator[Mend]:
    path = ("facts", *finding.named["fact"].split("."))
    place = finding.place
    if place.path == path and desk.raw(place.document, path) is not None:
        outline = desk.outline(place.document)
        if outline.has(path):
            yield Mend("delete its declaration", place.document, outline.removed(path), keeps=True)


def _unused_parameter(desk: Desk, finding: Finding) -> Iterator[Mend]:
    path = finding.place.path
    outline = desk.outline(finding.place.document)
    if path[:1] == ("parameters",) and outline.has(path):
        yield Mend("delete it", finding.place.document, outline.removed(path), keeps=True)


def _unreachable_outcome(desk: Desk, finding: Finding) -> Iterator[Mend]:
    word = finding.named["outcome"]
    spec = desk.tree.decisions[finding.decision]
    if finding.rules or spec.origin is None:
        return
    path = (*spec.origin.path, "outcomes")
    words = desk.raw(spec.origin.document, path)
    if isinstance(words, list) and word in words and len(words) > 1:
        edit = desk.outline(spec.origin.document).element_removed(path, words.index(word))
        yield Mend(f"take `{word}` off the list", spec.origin.document, (edit,), keeps=True)


def _breakable_guard(desk: Desk, finding: Finding) -> Iterator[Mend]:
    guard = desk.guards[finding.rules[0]]
    text = _of_facts(desk, guard)
    for id_ in finding.rules[1:] if text else ():
        rule = desk.rules[id_]
        edit = unless_line(desk, rule, text)
        if edit is not None:
            yield Mend(f"let `{id_}` not hold there", rule.origin.document, (edit,))


def _of_facts(desk: Desk, guard: Guard) -> str:
    """Return what a red line says of facts alone, beside the outcomes that it forbids; empty where they are mixed."""
    parts = guard.condition.parts if isinstance(guard.condition, And) else (guard.condition,)
    kept = [part for part in parts if not _names(part) & set(desk.tree.decisions)]
    mixed = any(_names(part) - set(desk.tree.decisions) for part in parts if part not in kept)
    if mixed or not kept:
        return ""
    return condition_text(kept[0] if len(kept) == 1 else And(tuple(kept)), desk.tree.currency)


def _names(condition: Condition) -> set[str]:
    from ...rules.normal import facts_in
    from ...rules.tree import Compare, Named, Not

    match condition:
        case And(parts) | Or(parts):
            return {name for part in parts for name in _names(part)}
        case Not(part) | Named(_, part):
            return _names(part)
        case Known(name):
            return {name}
        case Compare() | TextTest():
            return set(facts_in(condition))
        case _:
            return set()


def _rules_disagree(desk: Desk, finding: Finding) -> Iterator[Mend]:
    rule = desk.rules[finding.rules[1]]
    text = region_text(desk.tree, finding.region)
    if text is not None and len(text) < 400:
        edit = unless_line(desk, rule, text)
        if edit is not None:
            yield Mend(f"leave it to `{finding.rules[0]}`: narrow `{rule.id}`", rule.origin.document, (edit,))


#: What is offered, by the code of the finding.
OFFERS: Final[Mapping[str, Offer]] = {
    "unneeded-allow": _unneeded_allow,
    "redundant-test": _redundant_test,
    "unreachable-rule": _dead_rule,
    "shadowed-rule": _dead_rule,
    "uncovered-incident": _uncovered,
    "unused-fact": _unused_fact,
    "unreachable-outcome": _unreachable_outcome,
    "breakable-guard": _breakable_guard,
    "rules-disagree": _rules_disagree,
}
