"""`policy show --format table`: the rules as one table, a column a decision."""

from __future__ import annotations

from typing import Final

from ..engine.policy import Policy
from ..rules.diagnostics import printable
from ..rules.tree import DecisionSpec, PolicyTree, Rule
from ..rules.words import condition_text, expression_text
from .as_json import origin_text
from .english import title_of
from .show_case_tables import case_tables
from .terminal import STYLES, Output

#: How wide the table is where it does not go to a terminal.
_WIDTH: Final = 160


def print_table(output: Output, policy: Policy) -> None:
    """Write the rules of a policy as a table, and what it says of cases as further ones."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    tree = policy.tree
    decisions = [spec for spec in tree.decisions.values() if any(spec.id in rule.outcomes for rule in tree.rules)]
    style = STYLES if output.colours else dict.fromkeys(STYLES, "")
    table = Table(
        box=box.ASCII if output.plain_signs else box.SIMPLE_HEAD,
        show_lines=True,
        header_style=style["title"],
        expand=True,
    )
    table.add_column("", justify="right", style=style["dim"])
    longest = max((len(rule.id) for rule in tree.rules), default=0)
    table.add_column("Rule", overflow="fold", min_width=min(longest, 32))
    table.add_column("When", overflow="fold", ratio=5)
    for spec in decisions:
        table.add_column(title_of(spec), overflow="fold", max_width=14)
    table.add_column("Duties", overflow="fold", ratio=3)
    for number, rule in enumerate(tree.rules, 1):
        origin = origin_text(rule.origin, policy.documents).rpartition("/")[2]
        name = Text.assemble((rule.id, style["name"]), "\n", (output.sign(printable(origin)), style["dim"]))
        cells = [condition_text(rule.condition, tree.currency), *(_outcome(rule, spec, tree) for spec in decisions)]
        cells.append("\n".join(rule.oblige))
        table.add_row(str(number), name, *(Text(output.sign(cell)) for cell in cells))
    console = Console(
        file=output.stream,
        width=output.wide(_WIDTH),
        force_terminal=output.colours,
        no_color=not output.colours,
        highlight=False,
    )
    console.print(table)
    for title, columns, rows in case_tables(policy):
        more = Table(
            title=title,
            title_style=style["title"],
            title_justify="left",
            box=table.box,
            show_lines=True,
            header_style=style["title"],
            expand=True,
        )
        for column in columns:
            more.add_column(column, overflow="fold")
        for row in rows:
            more.add_row(*(Text(output.sign(printable_lines(cell))) for cell in row))
        console.print(more)


def printable_lines(text: str) -> str:
    """Return a text of several lines, each without what a terminal would obey."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _outcome(rule: Rule, spec: DecisionSpec, tree: PolicyTree) -> str:
    if spec.id not in rule.outcomes:
        return ""
    values = [expression_text(rule.values[name], tree.currency) for name in spec.values if name in rule.values]
    return " ".join([expression_text(rule.outcomes[spec.id], tree.currency), *(f"({value})" for value in values)])
