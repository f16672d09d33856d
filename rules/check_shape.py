"""Whether a policy file has the shape that it may have: each table and key that cannot be there, all reported at once."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Final

import attrs

from .describe import described, shown
from .diagnostics import Findings, Place, nearest
from .shape import BY_NAME, TABLES, Key, Table
from .takes import WRITTEN, Takes, fits


def check_shape(values: dict[str, object], place: Place, findings: Findings) -> None:
    """Report every table and key that a policy file cannot have, every wrong kind of value and every required key missing."""
    for name, value in values.items():
        table = BY_NAME.get(name)
        if table is None:
            _report_unknown(name, value, attrs.evolve(place.inside(name), key=True), findings)
        elif table.repeated:
            _check_repeated(table, value, place.inside(name), findings)
        elif table.named:
            _check_named(table, value, place.inside(name), findings)
        elif not isinstance(value, dict):
            wanted = f"a table, written `{table.written}`"
            findings.report(
                "wrong-kind",
                place.inside(name),
                suggestion=_header(table, value),
                key=name,
                wanted=wanted,
                found=_found(value),
            )
        elif table.open is None:
            _check_keys(table, value, place.inside(name), findings)
        else:
            for key, inner in value.items():
                if not fits(inner, table.open):
                    at = place.inside(name, key)
                    findings.report("wrong-kind", at, key=key, wanted=WRITTEN[table.open], found=described(inner))


def _report_unknown(name: str, value: object, place: Place, findings: Findings) -> None:
    """Report a name at the top of a file: a table that does not exist, or a key before the first table."""
    if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict)):
        meant = nearest(name, BY_NAME)
        findings.report("unknown-table", place, suggestion=BY_NAME[meant].written if meant else "", name=name)
        return
    home = next((table.written for table in TABLES if table.key(name)), "[policy]")
    findings.report("key-outside-table", place, name=name, home=home)


def _check_repeated(table: Table, value: object, place: Place, findings: Findings) -> None:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        wanted = f"tables, each written `{table.written}`"
        facts = {"key": table.name, "wanted": wanted, "found": _found(value)}
        findings.report("wrong-kind", place, suggestion=_header(table, value), **facts)
        return
    for index, item in enumerate(value):
        _check_keys(table, item, place.inside(index), findings)


def _check_named(table: Table, value: object, place: Place, findings: Findings) -> None:
    if not isinstance(value, dict):
        wanted = f"tables, each written `{table.written}`"
        findings.report("wrong-kind", place, key=table.name, wanted=wanted, found=described(value))
        return
    for name, inner in _tables_within(table, value, place):
        if isinstance(inner, dict):
            _check_keys(table, inner, name, findings)
        else:
            wanted = f"a table, written `[{table.name}.{name.path[-1]}]`"
            findings.report("wrong-kind", name, key=str(name.path[-1]), wanted=wanted, found=_found(inner))


#: What the items of a list are to be, by what the list is.
_ITEMS: Final[dict[Takes, tuple[Takes, str]]] = {
    "list of text": ("text", "texts in quotes"),
    "list of rows": ("any", "rows, each a list of cells"),
    "condition": ("condition", "conditions in quotes, or tables of tests"),
    "list of dates": ("date", "dates without quotes"),
}


def _check_items(key: str, value: object, takes: Takes, place: Place, findings: Findings) -> bool:
    """Report the items of a list that are of a wrong kind, each at its place; False where the whole is no list."""
    if not isinstance(value, list) or takes not in _ITEMS:
        return False
    kind, wanted = _ITEMS[takes]
    for index, item in enumerate(value):
        if takes == "condition" and isinstance(item, list):
            _check_items(key, item, takes, place.inside(index), findings)
        elif not isinstance(item, list) if takes == "list of rows" else not fits(item, kind):
            findings.report("wrong-kind", place.inside(index), key=key, wanted=wanted, found=described(item))
    return True


def _meant(value: object, takes: Takes) -> str:
    """Return a plain value with the quotes that it lacks, or without those that it has too many."""
    if takes == "text" and isinstance(value, int | Decimal | dt.date) and len(shown(value)) < 40:
        return f'"{shown(value)}"'
    if isinstance(value, str) and takes in ("boolean", "date"):
        pattern = "(?i:true|false)" if takes == "boolean" else r"\d{4}-\d\d-\d\d"
        return value.lower() if re.fullmatch(pattern, value) else ""
    return f'["{value}"]' if isinstance(value, str) and takes == "list of text" and len(value) < 40 else ""


def _are_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _found(value: object) -> str:
    """Describe what stands where a table belongs, or several."""
    if isinstance(value, dict):
        return "one table in single brackets"
    return "tables in double brackets" if _are_tables(value) else described(value)


def _header(table: Table, value: object) -> str:
    """Return how the header is written where only its brackets are wrong."""
    return table.written if isinstance(value, dict) or _are_tables(value) else ""


def _header_inside(table: Table, key: Key, value: object) -> str:
    """Return how the header of a table inside another is written where only its brackets are wrong."""
    return f"[[{table.written.strip('[]')}.{key.name}]]" if key.takes == "tables" and isinstance(value, dict) else ""


def _tables_within(table: Table, value: dict[str, object], place: Place) -> list[tuple[Place, object]]:
    """Return the named tables; those of facts may be dotted, as in `[facts.history.review_score]`."""
    found: list[tuple[Place, object]] = []
    for name, inner in value.items():
        at = place.inside(name)
        if table.name == "facts" and is_group(inner):
            assert isinstance(inner, dict)
            found.extend(_tables_within(table, inner, at))
        else:
            found.append((at, inner))
    return found


def is_group(value: object) -> bool:
    """Whether a table under [facts] holds further facts and not the description of one."""
    return isinstance(value, dict) and bool(value) and all(isinstance(inner, dict) for inner in value.values())


def _check_keys(table: Table, value: dict[str, object], place: Place, findings: Findings) -> None:
    for name, inner in value.items():
        key = table.key(name)
        if key is None:
            here = attrs.evolve(place.inside(name), key=True)
            known = [key.name for key in table.keys]
            facts = {"name": name, "table": table.written, "keys": ", ".join(known)}
            meant = BY_NAME[name].written if name in BY_NAME else nearest(name, known)
            findings.report("unknown-key", here, suggestion=meant, **facts)
        elif not fits(inner, key.takes) and not _check_items(name, inner, key.takes, place.inside(name), findings):
            facts = {"key": name, "wanted": WRITTEN[key.takes], "found": described(inner)}
            findings.report(
                "wrong-kind",
                place.inside(name),
                suggestion=_meant(inner, key.takes) or _header_inside(table, key, inner),
                **facts,
            )
        elif key.of is not None:
            assert isinstance(inner, list)
            inside = attrs.evolve(key.of, name=f"{table.written.strip('[]')}.{name}")
            for index, item in enumerate(inner):
                _check_keys(inside, item, place.inside(name, index), findings)
    switched_off = table.repeated and value.get("enabled") is False
    for key in table.keys:
        if key.required and key.name not in value and (key.name == "id" or not switched_off):
            findings.report("missing-key", place, key=key.name, table=table.written, about=key.about)
