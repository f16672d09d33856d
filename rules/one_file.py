"""A policy and all that it extends as one TOML file, which decides as they do and says where each part came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .diagnostics import printable
from .document import Document
from .incident import Incident
from .quantities import value_text
from .shape import BY_NAME, Table
from .toml_writer import pairs, written_key, written_value
from .tree import Origin, PolicyTree, Rule
from .types import Fact, Type, Value
from .vocabulary import vocabulary


def one_file(tree: PolicyTree, documents: Mapping[str, Document], *, vocabulary_class: type = Incident) -> str:
    """
    Return a policy as TOML text that extends nothing.

    *documents* are those that it was loaded from. Each part has its origin behind a `#`.

    >>> from .load import load_file
    >>> house = load_file("house")
    >>> "extends" in one_file(house.tree, house.documents)
    False
    """
    writer = _Writer(tree, documents, vocabulary_class)
    return "\n".join(line for part in writer.parts() for line in (*part, ""))


class _Writer:
    """Writes the parts of a policy, each as lines."""

    def __init__(self, tree: PolicyTree, documents: Mapping[str, Document], vocabulary_class: type) -> None:
        self._tree = tree
        self._documents = documents
        self._vocabulary = vocabulary(vocabulary_class)

    def parts(self) -> Iterator[list[str]]:
        """Yield every part, in the order in which policies are written."""
        yield self._header()
        for name in ("rates", "parameters"):
            yield from self._open_table(name)
        yield from self._facts()
        yield from self._open_table("terms")
        yield from self._decisions()
        yield from self._rules()
        for guard in self._tree.guards:
            yield self._copied("[[guard]]", guard.origin)
        for declared in self._tree.independent:
            yield self._copied("[[independent]]", declared.origin)
        for name, obligation in self._tree.obligations.items():
            yield self._copied(f"[obligations.{written_key(name)}]", obligation.origin)
        yield from self._cases()
        for case in self._tree.tests:
            yield self._copied("[[test]]", case.origin)
        for story in self._tree.case.stories:
            yield self._copied("[[story]]", story.origin)

    def _header(self) -> list[str]:
        name, own = next(iter(self._documents.items()))
        raw = own.values.get("policy")
        assert isinstance(raw, dict)
        extends = raw.get("extends", [])
        kept = {key: value for key, value in raw.items() if key not in ("extends", "currency")}
        said = f", with all of {', '.join(map(printable, extends))}" if extends else ""
        return [
            f"# {printable(name)}{said}, in one file.",
            "",
            "[policy]",
            *pairs({**kept, "currency": self._tree.currency}),
        ]

    def _open_table(self, name: str) -> Iterator[list[str]]:
        """Yield a table of an owner's names, each as the first document that has it says."""
        lines: dict[str, str] = {}
        for document in self._documents.values():
            table = document.values.get(name)
            for key, value in table.items() if isinstance(table, dict) else ():
                lines.setdefault(
                    key,
                    f"{written_key(key)} = {written_value(value)}  {self._comment(Origin(document.name, (name, key)))}",
                )
        if lines:
            yield [f"[{name}]", *lines.values()]

    def _facts(self) -> Iterator[list[str]]:
        for name, fact in self._tree.facts.items():
            raw = _fact(fact, self._vocabulary.get(name), self._tree.currency)
            raw.update(self._allowed(("facts", *name.split("."))))
            if raw:
                yield [f"[facts.{'.'.join(map(written_key, name.split('.')))}]", *pairs(raw)]

    def _allowed(self, path: tuple[str, ...]) -> dict[str, Any]:
        """Return what any document allows on the item at a path."""
        allowances = [a for a in self._tree.allowances if a.item.path == path]
        return {"allow": [self._at(allowance.origin) for allowance in allowances]} if allowances else {}

    def _at(self, origin: Origin) -> Any:
        """Return the value that was written at an origin."""
        value: Any = self._documents[origin.document].values
        for step in origin.path:
            value = value[step]
        return value

    def _decisions(self) -> Iterator[list[str]]:
        """Yield what any document says about each decision, the extending ones first."""
        merged: dict[str, dict[str, Any]] = {}
        for document in self._documents.values():
            table = document.values.get("decisions")
            for name, raw in table.items() if isinstance(table, dict) else ():
                into = merged.setdefault(name, {})
                values = {**raw.get("values", {}), **into.get("values", {})}
                merged[name] = {**raw, **into, **({"values": values} if values else {})}
                merged[name].update(self._allowed(("decisions", name)))
        for name, raw in merged.items():
            yield [f"[decisions.{written_key(name)}]", *pairs(raw)]

    def _rules(self) -> Iterator[list[str]]:
        done: set[Origin] = set()
        for rule in self._tree.rules:
            origin = _part_of(rule)
            if origin not in done:
                done.add(origin)
                yield self._copied(f"[[{origin.path[0]}]]", origin)
        kept = {rule.id for rule in self._tree.rules}
        for switch in self._tree.switched_off:
            table, _, row = switch.id.rpartition("/")
            if row.isdigit() and any(id_.startswith(f"{table}/") for id_ in kept):
                raw = {"id": switch.id, "enabled": False, "because": switch.because}
                yield [self._comment(switch.origin), "[[rule]]", *pairs(raw)]

    def _cases(self) -> Iterator[list[str]]:
        """Yield what the policy says of cases."""
        case = self._tree.case
        if case.calendar is not None and case.calendar.origin is not None:
            yield self._copied("[calendar]", case.calendar.origin)
        for kind in case.events.values():
            if kind.origin is not None:
                yield self._copied(f"[events.{written_key(kind.id)}]", kind.origin)
        for pattern in case.patterns:
            yield self._copied("[[pattern]]", pattern.origin)
        for plan in case.plans.values():
            yield self._copied(f"[plans.{written_key(plan.id)}]", plan.origin)
        yield from self._replies()
        if case.monitoring is not None:
            yield self._copied("[monitoring]", case.monitoring.origin)

    def _replies(self) -> Iterator[list[str]]:
        """Yield the rules for replies: each limit from the first document that has it, every ban from where it was written."""
        replies = self._tree.case.replies
        if replies is None:
            return
        tables = [document.values.get("replies") for document in self._documents.values()]
        limits: dict[str, Any] = {}
        for table in tables:
            limits = {**(table if isinstance(table, dict) else {}), **limits}
        limits.pop("never", None)
        yield [self._comment(replies.origin), "[replies]", *pairs(limits)]
        for ban in replies.bans:
            yield self._copied("[[replies.never]]", ban.origin)

    def _copied(self, heading: str, origin: Origin) -> list[str]:
        kept = {key: inner for key, inner in self._at(origin).items() if key != "enabled"}
        return [self._comment(origin), *_written_table(heading, kept, BY_NAME[str(origin.path[0])])]

    def _comment(self, origin: Origin) -> str:
        return f"# {printable(origin.document)}:{self._documents[origin.document].line_of(origin.path)}"


def _written_table(heading: str, raw: Mapping[str, Any], table: Table) -> list[str]:
    """Return the lines of a table, and of the tables within it under headings of their own."""
    nested = [key.name for key in table.keys if key.takes == "tables" and raw.get(key.name)]
    lines = [heading, *pairs({key: value for key, value in raw.items() if key not in nested})]
    for name in nested:
        for item in raw[name]:
            lines += [f"[[{heading.strip('[]')}.{name}]]", *pairs(item)]
    return lines


def _part_of(rule: Rule) -> Origin:
    """Return the origin of the rule or the table that a rule was written in."""
    return Origin(rule.origin.document, rule.origin.path[:2])


def _fact(fact: Fact, built_in: Fact | None, currency: str) -> dict[str, Any]:
    """Return what a policy says of a fact beyond the built-in vocabulary."""
    raw: dict[str, Any] = {}
    if built_in is None:
        raw.update(_type(fact.type))
        bounds = {"min": fact.low, "max": fact.high}
        raw.update((key, _literal(value, fact.type, currency)) for key, value in bounds.items() if value is not None)
        raw.update({"unit": fact.unit} if fact.unit else {})
    for key in ("ask", "about"):
        text = getattr(fact, key)
        if text and (built_in is None or text != getattr(built_in, key)):
            raw[key] = text
    if fact.assume is not None:
        raw["assume"] = _literal(fact.assume, fact.type, currency)
    return raw


def _type(type_: Type) -> dict[str, Any]:
    if type_.words:
        return {"scale" if type_.kind == "scale" else "one_of": list(type_.words)}
    return {"type": "list of text" if type_.kind == "list" else type_.kind}


def _literal(value: Value, type_: Type, currency: str) -> Any:
    if isinstance(value, tuple):
        return list(value)
    is_plain = isinstance(value, bool | str) or (type_.is_numeric and isinstance(value, int))
    return value if is_plain else value_text(value, type_, currency)
