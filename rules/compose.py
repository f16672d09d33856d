"""Composition: a policy and those that it extends become one draft, each part with its origin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs

from .check_shape import check_shape, is_group
from .diagnostics import Findings, Place, nearest
from .document import Document
from .takes import texts_in
from .tree import Origin, Switch

#: How deep policies may extend one another, and how many may take part.
DEEPEST: Final = 16
MOST: Final = 64

Raw: TypeAlias = dict[str, Any]  # because this is the TOML boundary: shapes are checked, values not yet
Resolver: TypeAlias = Callable[[str, Document, Place, Findings], "Document | None"]


@attrs.frozen
class Part:
    """A named part of a draft as it stands in its document."""

    id: str
    raw: Raw
    origin: Origin

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place.of(self.origin)


@attrs.frozen
class RuleItem:
    """A rule or a decision table, which stand in one order."""

    part: Part
    is_table: bool


@attrs.define
class Draft:
    """Everything that takes part in a policy, merged, shapes checked, nothing else."""

    header: Part
    layers: list[Document]
    parameters: dict[str, Part]
    overridden: dict[str, Part]
    facts: dict[str, list[Part]]
    terms: dict[str, Part]
    decisions: dict[str, list[Part]]
    obligations: dict[str, Part]
    rates: dict[str, Part]
    items: list[RuleItem]
    guards: list[Part]
    independent: list[Part]
    tests: list[Part]
    events: dict[str, Part]
    plans: dict[str, Part]
    patterns: list[Part]
    replies: list[Part]
    calendar: Part | None
    monitoring: Part | None
    stories: list[Part]
    switches: dict[str, Part]

    @property
    def switched_off(self) -> tuple[Switch, ...]:
        """What the policy switched off, with the reasons."""
        return tuple(Switch(id_, str(part.raw.get("because", "")), part.origin) for id_, part in self.switches.items())


def gather(document: Document, resolve: Resolver, findings: Findings) -> list[Document]:
    """
    Return *document* and all that it extends, each once.

    Each stands before all that it extends, and what one policy extends stands in the order in which it is listed.
    """
    found: dict[str, Document] = {}
    bases: dict[str, list[str]] = {}

    def visit(current: Document, chain: tuple[str, ...]) -> None:
        found.setdefault(current.name, current)
        own = bases.setdefault(current.name, [])
        check_shape(current.values, Place(current.name), findings)
        for index, name in enumerate(_extends(current)):
            place = Place(current.name, ("policy", "extends", index))
            base = resolve(name, current, place, findings)
            if base is None:
                continue
            way = (*chain, current.name)
            same = next((name for name in way if _is_same(found[name], base)), None)
            if same is not None:
                findings.report("cycle-in-extends", place, cycle=cycle_text(way[way.index(same) :]))
            elif len(chain) >= DEEPEST or len(found) >= MOST:
                findings.report("too-many-extends", place, limit=str(MOST), depth=str(DEEPEST))
            else:
                own.append(base.name)
                if base.name not in found:
                    visit(base, (*chain, current.name))

    visit(document, ())
    return [found[name] for name in _extenders_first(document.name, bases)]


def _is_same(one: Document, other: Document) -> bool:
    """Whether two documents are one, under one name or through a link."""
    if one.name == other.name or one.path is None or other.path is None:
        return one.name == other.name
    try:
        return one.path.samefile(other.path)
    except OSError:
        return False


def _extenders_first(name: str, bases: Mapping[str, Sequence[str]]) -> list[str]:
    """
    Return the names so that each stands before its bases, which stand as listed.

    >>> _extenders_first("cafe", {"cafe": ["house", "us"], "us": ["house"], "house": []})
    ['cafe', 'us', 'house']
    """
    finished: dict[str, None] = {}

    def visit(current: str) -> None:
        if current not in finished:
            for base in reversed(bases[current]):
                visit(base)
            finished[current] = None

    visit(name)
    return list(reversed(finished))


def cycle_text(way: Sequence[str]) -> str:
    """
    Return the way round a cycle, which ends where it began; a long one without its middle.

    >>> cycle_text(["a", "b"])
    'a → b → a'
    """
    names = [*way, way[0]]
    return " → ".join(names if len(names) <= 8 else [*names[:4], "…", *names[-3:]])


def _extends(document: Document) -> tuple[str, ...]:
    policy = document.values.get("policy")
    extends = policy.get("extends") if isinstance(policy, dict) else None
    return texts_in(extends)


def compose(layers: list[Document], findings: Findings) -> Draft:
    """Merge the layers, the extending policy first; report names that are stated twice in one document."""
    own = layers[0]
    header = Part(own.name, _table(own, "policy"), Origin(own.name, ("policy",)))
    if "policy" not in own.values:
        findings.report("no-policy", Place(own.name))
    switches: dict[str, Part] = {}
    return Draft(
        header=header,
        layers=layers,
        parameters=_first(layers, "parameters"),
        overridden=_first(reversed(layers), "parameters"),
        facts=_every(layers, _fact_parts),
        terms=_first(layers, "terms"),
        decisions=_every(layers, lambda layer: _parts(layer, "decisions")),
        obligations=_first(layers, "obligations"),
        rates=_first(layers, "rates"),
        items=_items(layers, switches, findings),
        guards=_by_id(layers, "guard", switches, findings),
        independent=_by_id(layers, "independent", switches, findings),
        tests=[Part(str(raw.get("name", "")), raw, origin) for raw, origin in _array(own, "test")],
        events=_first(layers, "events"),
        plans=_first(layers, "plans"),
        patterns=_by_id(layers, "pattern", switches, findings),
        replies=_alone(layers, "replies"),
        calendar=next(iter(_alone(layers, "calendar")), None),
        monitoring=next(iter(_alone(layers, "monitoring")), None),
        stories=[Part(str(raw.get("name", "")), raw, origin) for raw, origin in _array(own, "story")],
        switches=switches,
    )


def _table(document: Document, name: str) -> Raw:
    value = document.values.get(name)
    return value if isinstance(value, dict) else {}


def _alone(layers: Iterable[Document], name: str) -> list[Part]:
    """Return a table that stands once in a document as each layer has it, the extending one first."""
    return [Part(name, _table(layer, name), Origin(layer.name, (name,))) for layer in layers if _table(layer, name)]


def _parts(document: Document, name: str) -> Iterator[Part]:
    for key, raw in _table(document, name).items():
        yield Part(key, raw if isinstance(raw, dict) else {"": raw}, Origin(document.name, (name, key)))


def _fact_parts(document: Document) -> Iterator[Part]:
    """Yield the facts of a document by dotted name."""
    pending: list[tuple[tuple[str, ...], Any]] = [
        ((key,), raw) for key, raw in reversed(_table(document, "facts").items())
    ]
    while pending:
        path, raw = pending.pop()
        if is_group(raw):
            pending += [((*path, key), inner) for key, inner in reversed(raw.items())]
        elif isinstance(raw, dict):
            yield Part(".".join(path), raw, Origin(document.name, ("facts", *path)))


def _first(layers: Iterable[Document], name: str) -> dict[str, Part]:
    """Return each named part as the first layer has it."""
    found: dict[str, Part] = {}
    for layer in layers:
        for part in _parts(layer, name):
            found.setdefault(part.id, part)
    return found


def _every(layers: Iterable[Document], parts: Callable[[Document], Iterable[Part]]) -> dict[str, list[Part]]:
    """Return each named part as every layer has it, the extending one first."""
    found: dict[str, list[Part]] = {}
    for layer in layers:
        for part in parts(layer):
            found.setdefault(part.id, []).append(part)
    return found


def _array(document: Document, name: str) -> Iterator[tuple[Raw, Origin]]:
    value = document.values.get(name)
    for index, raw in enumerate(value if isinstance(value, list) else []):
        if isinstance(raw, dict):
            yield raw, Origin(document.name, (name, index))


# --- rules, tables and guards: one order, replaced by id, switched off -----------------------------------------------


def _in_file_order(document: Document) -> list[RuleItem]:
    """Return the rules and tables of a document as they stand in it: TOML itself keeps two lists."""
    rules = [RuleItem(Part(_id(raw), raw, origin), is_table=False) for raw, origin in _array(document, "rule")]
    tables = [RuleItem(Part(_id(raw), raw, origin), is_table=True) for raw, origin in _array(document, "table")]
    if not rules or not tables:
        return rules + tables
    items = {item.part.origin.path: item for item in rules + tables}
    return [items[path] for path in document.elements("rule", "table") if path in items]


def _id(raw: Raw) -> str:
    id_ = raw.get("id")
    return id_ if isinstance(id_, str) else ""


def _items(layers: list[Document], switches: dict[str, Part], findings: Findings) -> list[RuleItem]:
    """Return rules and tables in the order in which they are tried: own ones first, a replaced one where it stood."""
    merged: list[RuleItem] = []
    for layer in reversed(layers):
        own = _in_file_order(layer)
        _report_duplicates(own, findings)
        standing = {item.part.id: index for index, item in enumerate(merged)}
        fresh: list[RuleItem] = []
        for item in own:
            if item.part.raw.get("enabled") is False:
                exists = item.part.id in standing or _is_row(item.part.id, [*merged, *own])
                _switch_off(item.part, switches, findings, merged, exists=exists)
                merged = [other for other in merged if other.part.id != item.part.id]
                standing = {other.part.id: index for index, other in enumerate(merged)}
            elif item.part.id in standing:
                merged[standing[item.part.id]] = item
            else:
                fresh.append(item)
        merged = fresh + merged
    return merged


def _is_row(id_: str, items: list[RuleItem]) -> bool:
    table, _, row = id_.rpartition("/")
    for item in items:
        if item.is_table and item.part.id == table:
            rows = item.part.raw.get("rows")
            return row.isdecimal() and isinstance(rows, list) and 1 <= int(row[:9]) <= len(rows)
    return False


def _report_duplicates(items: list[RuleItem], findings: Findings) -> None:
    """Report each id that was given before; what stands under it is still checked."""
    seen: dict[str, RuleItem] = {}
    for item in items:
        before = seen.setdefault(item.part.id, item)
        if before is not item and item.part.id:
            kind = "table" if item.is_table else "rule"
            findings.report("duplicate-id", item.part.place.inside("id"), kind=kind, id=item.part.id)


def _switch_off(
    part: Part, switches: dict[str, Part], findings: Findings, known: Iterable[RuleItem | Part], *, exists: bool
) -> None:
    if not exists and part.id and set(part.raw) <= {"id", "enabled", "because"}:
        ids = [item.part.id if isinstance(item, RuleItem) else item.id for item in known]
        findings.report("unknown-rule", part.place.inside("id"), suggestion=nearest(part.id, ids), id=part.id)
    if not part.raw.get("because") and part.id:
        findings.report("switch-without-reason", part.place, id=part.id)
    switches.setdefault(part.id, part)


def _by_id(layers: list[Document], name: str, switches: dict[str, Part], findings: Findings) -> list[Part]:
    """Return the tables of one name that stand in no order, own ones first; one without an id is nobody's to replace."""
    merged: dict[str, Part] = {}
    kind = "declaration" if name == "independent" else name
    for layer in reversed(layers):
        own: dict[str, Part] = {}
        for raw, origin in _array(layer, name):
            part = Part(_id(raw), raw, origin)
            if part.id in own and part.id:
                findings.report("duplicate-id", part.place.inside("id"), kind=kind, id=part.id)
            own[repr(origin) if part.id in own else part.id or repr(origin)] = part
        for id_, part in list(own.items()):
            if part.raw.get("enabled") is False:
                _switch_off(part, switches, findings, merged.values(), exists=id_ in merged)
                merged.pop(id_, None)
                del own[id_]
        merged = {**own, **{id_: part for id_, part in merged.items() if id_ not in own}}
    return list(merged.values())


def within_folder(path: Path, root: Path) -> bool:
    """Whether a path, links followed, stays inside a folder; one that no file can have, such as one with a NUL, does."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):  # a loop of links is a RuntimeError
        return True
