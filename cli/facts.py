"""From what was handed in to the facts that a policy decides on."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

import click

from .rows import NAMES

if TYPE_CHECKING:
    from ..engine.policy import Policy

_TRUTHS: Final = {"true": True, "yes": True, "false": False, "no": False}
_SEPARATOR: Final = re.compile(r"\s*[,;|]\s*")


def facts_of(
    policy: Policy, handed_in: Mapping[str, object], ignored: Collection[str], *, is_text: bool = False
) -> dict[str, object]:
    """Return the facts of an incident: without those to be *ignored*, and without its name, where that is no fact."""
    known = policy.tree.facts
    return {
        name: from_text(policy, name, value) if is_text and isinstance(value, str) else value
        for name, value in handed_in.items()
        if name not in ignored and (name not in NAMES or name in known)
    }


def stated_facts(policy: Policy, stated: Mapping[str, str]) -> dict[str, object]:
    """Return facts stated on the command line as the policy reads them."""
    return {name: from_text(policy, name, text) for name, text in stated.items()}


def from_text(policy: Policy, name: str, text: str) -> object:
    """
    Return a fact that was written as text: a list is taken apart at its commas, plain numbers and truth values are made what they
    say; all else is read by the policy.

    >>> from evenhand import Policy
    >>> from_text(Policy.load("house"), "exchange.steps_done", "listen, thank")
    ['listen', 'thank']
    """
    fact = policy.tree.facts.get(name)
    kind = fact.type.kind if fact is not None else "text"
    if kind in ("integer", "number") and text.isdecimal() and text.isascii() and len(text) < 19:
        return int(text)
    if kind == "boolean":
        return _TRUTHS.get(text.lower(), text)
    if kind != "list":
        return text
    words = _SEPARATOR.split(text.strip().removeprefix("[").removesuffix("]"))
    return [word.strip("\"'") for word in words if word.strip("\"'")]


def check_stated(policy: Policy, stated: Iterable[tuple[str, str]]) -> dict[str, str]:
    """
    Return the facts of `--fact`, once the policy has accepted them.

    Raises:
        UsageError: If it does not, with all that is wrong with them.
    """
    from ..rules.diagnostics import FactError

    facts = dict(stated)
    try:
        policy.read(stated_facts(policy, facts))
    except FactError as error:
        told = [f"{found.message}: {found.help}" if found.help else found.message for found in error.diagnostics]
        raise click.UsageError("\n".join(f"--fact: {line}" for line in told)) from None
    return facts


def moment_of(as_of: dt.date | None) -> dt.date:
    """Return the moment of the decisions of a run: what was said, or now."""
    return as_of if as_of is not None else dt.datetime.now(dt.UTC)
