"""The generated parts of pages that people write: each stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

if TYPE_CHECKING:
    from evenhand.rules.shape import Table

Part: TypeAlias = Callable[[], str]
DOCS: Final = Path(__file__).parent


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |" for cells in lines)


def facts() -> str:
    """The built-in facts, read off `Incident`."""
    from evenhand.rules.incident import Incident
    from evenhand.rules.vocabulary import vocabulary

    rows = [(f"`{name}`", _type(str(fact.type), fact.unit), fact.about) for name, fact in vocabulary(Incident).items()]
    return table(("fact", "type", "what it says"), rows)


def _type(type_: str, unit: str) -> str:
    if type_.startswith("scale "):
        return f"scale: {type_.removeprefix('scale ')}"
    return f"{type_}; a bare number counts {unit}" if type_ == "duration" and unit else type_


def events() -> str:
    """Every built-in kind of event and its fields, read off `rules/event_kinds.py`."""
    from evenhand.rules.event_kinds import EVENT_KINDS

    rows = []
    for kind in EVENT_KINDS.values():
        fields = [f"`{field.name}` {field.type}" for field in kind.fields.values()]
        if kind.id in ("fact_learned", "case_opened"):
            fields.append("`facts` a table of facts")
        said = f"{kind.about}{' (recorded by the engine)' if kind.by_engine else ''}"
        rows.append((f"`{kind.id}`", said, "; ".join(fields)))
    return table(("kind", "what has happened", "fields"), rows)


def decisions() -> str:
    """The built-in decisions with their outcomes and values."""
    from evenhand.rules.incident import DECISIONS

    rows = [
        (
            f"`{spec.id}`",
            spec.about,
            " < ".join(spec.outcomes),
            ", ".join(f"`{name}` ({type_})" for name, type_ in spec.values.items()) or "none",
        )
        for spec in DECISIONS.values()
    ]
    return table(("decision", "what is decided", "outcomes, least first", "values"), rows)


def keys() -> str:
    """Every table of a policy file and every key in it, read off `rules/shape.py`."""
    from evenhand.rules.shape import TABLES

    parts: list[str] = []
    for one in _with_inner(TABLES):
        parts += [f"### `{one.written}`", one.about]
        if one.open is not None:
            name = "a currency's code" if one.name == "rates" else "a name of your choice"
            parts.append(f"Each line is {name} and {_takes(one.open)}.")
        else:
            rows = [
                (f"`{key.name}`", _takes(key.takes), f"{key.about}{'; **required**' if key.required else ''}")
                for key in one.keys
            ]
            parts.append(table(("key", "takes", "what it is for"), rows))
    return "\n\n".join(parts)


def _with_inner(tables: Iterable[Table]) -> Iterator[Table]:
    """Yield each table, and behind it those that stand inside it; what is allowed stands in many, and comes last."""
    from evenhand.rules.shape import ALLOW

    for one in tables:
        yield one
        for key in one.keys:
            if key.of is not None and key.name != "allow":
                yield attrs.evolve(key.of, name=f"{one.written.strip('[]')}.{key.name}")
    yield attrs.evolve(ALLOW, name="….allow")


def _takes(takes: str) -> str:
    from evenhand.rules.takes import WRITTEN

    written = WRITTEN.get(takes, "a value of the decision's type")  # type: ignore[call-overload]
    return re.sub(r'(\["a", "b"\]|"75 USD"|\b10_000\b|\b\d{4}-\d\d-\d\d\b|\btrue\b|\bfalse\b)', r"`\1`", written)


def mutations() -> str:
    """The slips that mutants are made by, read off their register."""
    from evenhand.engine.mutation import OPERATORS

    rows = [(f"`{one.name}`", one.doc, f"`{one.before}`", f"`{one.after}`") for one in OPERATORS.values()]
    return table(("slip", "what it is", "for example", "becomes"), rows)


def limits() -> str:
    """The limits of the language, read off the modules that keep them."""
    from evenhand.rules import compose, conditions, diagnostics, given, normal, syntax, terms, text_files, types

    condition = f"{syntax.LONGEST:,} characters, {syntax.DEEPEST} levels of parentheses and `not`"
    written_out = f"{conditions.LARGEST:,} tests, {conditions.DEEPEST} levels"
    rows = [
        ("a file", f"{text_files.LARGEST // 2**20} MiB"),
        ("a condition", condition),
        ("a condition with its terms written out", written_out),
        ("all conditions of a policy, so written out", f"{terms.LARGEST_POLICY:,} tests"),
        ("alternatives of a part in normal form, past which it is kept whole", str(normal.BOUND)),
        ("`extends`", f"{compose.MOST} policies, {compose.DEEPEST} deep"),
        ("a number", f"10^{len(str(types.LARGEST)) - 1} in size"),
        ("a text that is handed in", f"{given.LONGEST_TEXT:,} characters"),
        ("a list that is handed in", f"{given.LONGEST_LIST:,} items"),
        ("findings in one run", f"{diagnostics.Findings.MOST:,}"),
    ]
    return table(("what", "at most"), rows)


def packs() -> str:
    """The policies that ship."""
    from evenhand.rules.load import load_file, shipped_packs

    trees = {id_: load_file(id_).tree for id_ in shipped_packs()}
    rows = [
        (f"`{id_}`", tree.title, ", ".join(f"`{base}`" for base in tree.extends) or "nothing")
        for id_, tree in trees.items()
    ]
    return table(("pack", "title", "extends"), rows)


def speed() -> str:
    """A few columns of the first table of `docs/performance.md`, once that is measured."""
    page = (DOCS / "performance.md").read_text(encoding="utf-8")
    measured = re.search(r"<!-- benchmark: decide -->(.*?)<!-- end: decide -->", page, re.DOTALL)
    rows = re.findall(r"^\| (.*) \|$", measured[1] if measured else "", re.MULTILINE)
    if not rows:
        return "*Not measured yet: `make bench ARGS=--write`.*"
    head = rows[0].split(" | ")
    wanted = [
        at for at, name in enumerate(head) if name in ("rules", "if-chain", "Evenhand", "datalogic-py", "zen-engine")
    ]
    found: list[list[str]] = []
    for row in rows[2:]:
        cells = row.split(" | ")
        if cells == head or len(cells) < len(head):
            break
        found.append([cells[at] for at in wanted])
    return table([head[at] for at in wanted], found)


#: Every part, by name.
PARTS: Final[dict[str, Part]] = {
    "events": events,
    "facts": facts,
    "decisions": decisions,
    "keys": keys,
    "limits": limits,
    "mutations": mutations,
    "packs": packs,
    "speed": speed,
}
_MARKED: Final = re.compile(r"<!-- generated: (?P<name>[\w-]+) -->.*?<!-- end: (?P=name) -->", re.DOTALL)


def filled(page: str) -> str:
    """
    Return a page with its generated parts as they are now.

    Raises:
        KeyError: If a page asks for a part that does not exist.
    """
    return _MARKED.sub(
        lambda found: (
            f"<!-- generated: {found['name']} -->\n\n{PARTS[found['name']]()}\n\n<!-- end: {found['name']} -->"
        ),
        page,
    )
