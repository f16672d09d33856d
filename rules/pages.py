"""The page of a diagnostic: what it means, how to mend it and why it matters, with an example before and after."""

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
    warning = "This is a warning: the policy loads all the same." if entry.severity == "warning" else ""
    warning = f"`policy {entry.by}` finds it; the policy loads all the same." if entry.by else warning
    parts = [f"# {code}", entry.what, warning, _example(entry), "## How to mend it", entry.mend, _mended(entry)]
    return "\n\n".join(part for part in [*parts, "## Why it matters", entry.why] if part) + "\n"


def index_page() -> str:
    """Return the list of all diagnostics in Markdown."""
    rows = [f"| [{entry.code}]({entry.code}.md) | {entry.severity} | {entry.what} |" for entry in catalogue().values()]
    lead = (
        "Everything that `policy check` can find in a policy, in a file or in the facts of an incident, "
        "and `policy verify` in what a policy says. "
        "`policy explain CODE` prints the same pages. An error keeps a policy from loading, a warning does not."
    )
    return (
        "\n".join(["# What can be found", "", lead, "", "| code | | what it means |", "| --- | --- | --- |", *rows])
        + "\n"
    )


def _example(entry: Entry) -> str:
    if entry.sample:
        return _fenced("toml", entry.sample)
    if not entry.bad.strip():
        return "" if entry.message[0] == "{" else f"It reads: *{_with_dots(entry.message)}*"
    return f"{_fenced('toml', entry.bad)}\n\n{_fenced('text', render_text(found_in(entry.bad)))}"


def _mended(entry: Entry) -> str:
    good = entry.good or entry.mended
    return _fenced("toml", good) if good else ""


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}```"


def _with_dots(template: str) -> str:
    """Return a message with dots where the facts stand."""
    return re.sub(r"\{\w+\}", "…", template)


def found_in(text: str) -> tuple[Diagnostic, ...]:
    """Return what is found in the text of a policy, warnings included."""
    try:
        return load_text(text).warnings
    except PolicyError as error:
        return error.diagnostics
