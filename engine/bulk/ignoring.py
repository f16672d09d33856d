"""Columns that are ignored: they state nothing, even if they are called as facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from ...rules.types import Fact
from .errors import meant

if TYPE_CHECKING:
    from . import mapping as maps
    from .chunks import Source


def known_facts(facts: Mapping[str, Fact], ignored: Collection[str]) -> dict[str, Fact]:
    """
    Return the facts that columns may state; an ignored column states none, nor does one that is in a group of that name.

    >>> from evenhand.rules.types import INTEGER
    >>> facts = {name: Fact(name, INTEGER) for name in ("loss", "paid", "virality.views")}
    >>> list(known_facts(facts, ["loss", "virality"]))
    ['paid']
    """
    return {name: fact for name, fact in facts.items() if name not in ignored and name.partition(".")[0] not in ignored}


def wrongly_ignored(ignored: Sequence[str], source: Source, mapping: maps.Mapping | None) -> list[str]:
    """Say which columns cannot be ignored: those that are not there (a slip would leave a fact in), and those that are mapped."""
    found = []
    uses = {} if mapping is None else {spec.column: name for name, spec in mapping.facts.items() if spec.column}
    for name in ignored:
        if name in uses:
            text = f"`{name}` is to be ignored, and the mapping makes `{uses[name]}` of it: take it out of one of them"
            found.append(text)
        elif not source.is_open and name not in source.names:
            found.append(f"there is no column `{name}` to ignore: {meant(name, source.names)}")
    return found
