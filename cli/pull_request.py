"""What `policy diff` found as Markdown, fit for a comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .differences import MOST, shown_lines, summary

if TYPE_CHECKING:
    from ..engine.diff import Change, Difference


def markdown(found: Difference, names: tuple[str, str]) -> str:
    """Return a heading, a table of the changes, and each with its regions and an incident that shows it."""
    lines = [f"### Policy diff: {_code(names[0])} → {_code(names[1])}", "", f"**{_sentence(summary(found))}**", ""]
    if found.changes:
        lines += ["| | was | is | for |", "| --- | --- | --- | --- |"]
        lines += [_row(change) for change in found.changes]
        lines.append("")
    for change in found.changes:
        lines += _details(change)
    lines += [f"- **Not proved:** {text}" for text in found.unproved]
    lines += [f"- {text}" for text in found.notes]
    return "\n".join(lines).rstrip() + "\n"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _row(change: Change) -> str:
    first = min(change.words, key=len, default="")
    more = len(change.words) - 1
    region = f"{first}; {more} more" if more > 0 else first
    exact = "" if change.is_exact or change.only_missing else " (not exactly)"
    return f"| {_cell(change.subject)} | {_cell(change.was.text)} | {_cell(change.now.text)} | {_cell(region)}{exact} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _code(text: str) -> str:
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text}{ticks}"


def _details(change: Change) -> list[str]:
    found = ["<details>", f"<summary>{_cell(change.subject)}: an incident that shows it</summary>", ""]
    found += [f"{change.sentence}, for:", ""]
    found += [f"- {_cell(words)}" for words in change.words[:MOST]]
    if len(change.words) > MOST:
        found.append(f"- and {len(change.words) - MOST} more")
    return [*found, "", "```toml", *shown_lines(change.shown), "```", "", "</details>", ""]
