"""What a shell offers behind `policy`: packs and files, diagnostics, facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def policies(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the shipped packs of that beginning, and files."""
    from click.shell_completion import CompletionItem

    from ..rules.load import shipped_packs

    packs = [CompletionItem(id_) for id_ in shipped_packs() if id_.startswith(incomplete)]
    return [*packs, CompletionItem(incomplete, type="file")]


def codes(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Offer the diagnostics of that beginning."""
    from ..rules.diagnostics import catalogue

    return [code for code in catalogue() if code.startswith(incomplete)]


def facts(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Offer the built-in facts of that beginning, and behind `=` the words that a fact can be."""
    from ..rules.incident import Incident
    from ..rules.vocabulary import vocabulary

    known = vocabulary(Incident)
    name, sign, word = incomplete.partition("=")
    if not sign:
        return [f"{fact}=" for fact in known if fact.startswith(name)]
    if name not in known:
        return []
    words = ("true", "false") if known[name].type.kind == "boolean" else known[name].type.words
    return [f"{name}={choice}" for choice in words if choice.startswith(word)]
