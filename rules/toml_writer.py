"""Values as TOML, the way policies are written."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+\Z")
_WIDEST_LIST: Final = 100
#: Tables inside a table that read best with dotted keys, and those that read best in braces.
_DOTTED: Final = frozenset({"then", "when", "unless", "never", "values"})


def pairs(table: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the lines of a table; consequences and tables of tests with dotted keys."""
    lines: list[str] = []
    for key, value in table.items():
        name = prefix + written_key(key)
        if isinstance(value, dict) and value and (prefix or key in _DOTTED):
            lines += pairs(value, f"{name}.")
        else:
            lines.append(f"{name} = {written_value(value)}")
    return lines


def written_key(name: str) -> str:
    """Return a name as it is written before an equals sign."""
    return name if _BARE.match(name) else _scalar(name)


def written_value(value: Any) -> str:
    """Return a value as TOML, long lists over several lines."""
    if isinstance(value, dict):
        return (
            f"{{ {', '.join(f'{written_key(key)} = {written_value(inner)}' for key, inner in value.items())} }}"
            if value
            else "{}"
        )
    if not isinstance(value, list):
        return _scalar(value)
    items = [written_value(item) for item in value]
    line = f"[{', '.join(items)}]"
    nested = len(items) > 1 and any(isinstance(item, list) for item in value)
    return f"[\n{_indented(items)}\n]" if nested or len(line) > _WIDEST_LIST else line


def _indented(items: Iterable[str]) -> str:
    return "\n".join(f"    {item}," for item in items)


def _scalar(value: Any) -> str:
    from tomli_w import dumps

    if isinstance(value, int) and abs(value) >= 10_000:
        return f"{value:_}"
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    return (
        dumps({"v": value}, multiline_strings=isinstance(value, str) and "\n" in value)
        .removeprefix("v = ")
        .rstrip("\n")
    )
