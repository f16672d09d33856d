"""`policy explain`: the page of a diagnostic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from . import completion
from .group import did_you_mean
from .terminal import Piece, cells, padded

if TYPE_CHECKING:
    from ..rules.diagnostics import Entry
    from .terminal import Output

HELP = """\
Explain a diagnostic: what it means, and how to mend it.

CODE is what stands after the place in a message, such as `unknown-fact`. (Why a policy decides as it does:
`policy check POLICY INCIDENT --why`.)

\b
Examples:
  policy explain unknown-fact
  policy explain --list

\b
Exit codes:
  0  explained
  2  there is no such diagnostic
"""


@click.command(help=HELP)
@click.argument("code", required=False, metavar="CODE", shell_complete=completion.codes)
@click.option("--list", "wants_list", is_flag=True, help="List all diagnostics.")
def command(*, code: str | None, wants_list: bool) -> None:
    """Print a page, or the list of pages."""
    from ..rules.diagnostics import catalogue
    from .terminal import out

    if wants_list:
        _print_list(out())
        return
    if code is None:
        raise click.UsageError("name a diagnostic, such as `unknown-fact`, or ask for all of them with --list.")
    entry = catalogue().get(code.strip().lower())
    if entry is None:
        hint = did_you_mean(code[:80], catalogue()) or " `policy explain --list` shows all."
        raise click.UsageError(f"there is no diagnostic {code[:80]!r}.{hint}")
    print_page(out(), entry)


def _print_list(output: Output) -> None:
    from ..rules.diagnostics import catalogue

    width = max(map(cells, catalogue()))
    for entry in catalogue().values():
        style = "bad" if entry.severity == "error" else "warning"
        output.line(Piece(f"{padded(entry.code, width)}  ", style, whole=True), entry.what, hang=width + 2)


def print_page(output: Output, entry: Entry) -> None:
    """Write the page of a diagnostic; the site has the same."""
    from ..rules.pages import found_in
    from ..rules.rendering import render_text

    style, note = ("bad", "") if entry.severity == "error" else ("warning", "a warning: the policy loads all the same")
    note = f"found by policy {entry.by}" if entry.by else note
    output.line(Piece(entry.code, style), Piece(f"  {note}" if note else "", "dim"))
    output.line()
    output.line(entry.what)
    if entry.bad.strip():
        _print_block(output, "", entry.bad)
        _print_block(output, "It says:", render_text(found_in(entry.bad)))
    _print_block(output, "", entry.sample)
    output.line()
    output.line(Piece("How to mend it", "strong"))
    output.line(entry.mend)
    _print_block(output, "", entry.good or entry.mended)
    output.line()
    output.line(Piece("Why it matters", "strong"))
    output.line(entry.why)


def _print_block(output: Output, label: str, text: str) -> None:
    if not text.strip():
        return
    output.line()
    if label:
        output.line(label)
        output.line()
    for line in text.strip("\n").splitlines():
        output.unbroken(Piece(f"    {line}", "name"))
