"""The page of a diagnostic: what it means, why it matters, how to mend it, an example before and after."""

from __future__ import annotations

import re

from .diagnostics import Diagnostic, Entry, PolicyError, catalogue
from .load import load_text
from .rendering import render_text


def page(code: str) -> str:
    """
    Return the page of a diagnostic in Markdown; `policy explain` prints it and the site shows it.

    Raises:
        KeyError: If there is no such diagnostic.
    """
    entry = catalogue()[code]
    kind = "A warning: the policy loads all the same." if entry.severity == "warning" else ""
    parts = [f"# {code}", entry.what, kind, _example(entry), "## How to mend it", entry.mend, _mended(entry)]
    parts += ["## Why it matters", entry.why]
    return "\n\n".join(part for part in parts if part) + "\n"


def _example(entry: Entry) -> str:
    if not entry.bad:
        return f"It reads: *{_blanks(entry.message)}*" if entry.message[0] != "{" else ""
    return f"{_fenced('toml', entry.bad)}\n\n{_fenced('text', render_text(found_in(entry.bad)))}"


def _mended(entry: Entry) -> str:
    return _fenced("toml", entry.good) if entry.good else ""


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text if text.strip() else ''}```"


def _blanks(template: str) -> str:
    """Return a message with dots where the facts stand."""
    return re.sub(r"\{\w+\}", "…", template)


def found_in(text: str) -> tuple[Diagnostic, ...]:
    """Return what is found in a policy, warnings included."""
    try:
        return load_text(text, name="policy.toml").warnings
    except PolicyError as error:
        return error.diagnostics
