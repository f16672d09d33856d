"""What a benchmark found: tables in Markdown, and whether each reach was met."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

TIMES = "\u00d7"
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


@attrs.frozen
class Reach:
    """One thing we set out to reach, as a bound, and what was measured."""

    what: str
    bound: float
    measured: float
    unit: str = TIMES
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the measured figure keeps the bound."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    def row(self) -> tuple[str, str, str, str]:
        """Give the reach as a row of a table."""
        sign = "≥" if self.at_least else "≤"
        return (
            self.what,
            f"{sign} {number(self.bound)} {self.unit}",
            f"{number(self.measured)} {self.unit}",
            "met" if self.is_met else "**missed**",
        )


@attrs.frozen
class Section:
    """One benchmark's part of the page."""

    name: str
    tables: tuple[str, ...]
    reaches: tuple[Reach, ...] = ()

    def markdown(self) -> str:
        """Give the tables, then the reaches."""
        blocks = list(self.tables)
        if self.reaches:
            blocks.append(table(("reach", "bound", "measured", ""), [reach.row() for reach in self.reaches]))
        return "\n\n".join(blocks)


def number(value: float) -> str:
    """Give *value* with three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def times(ratio: float) -> str:
    """Give *ratio* as so many times."""
    return f"{number(ratio)} {TIMES}"


def micros(seconds: float) -> str:
    """Give *seconds* in microseconds."""
    return f"{number(seconds * 1e6)} µs"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a Markdown table, its first column to the left and the others to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def write(sections: Iterable[Section], page: Path = PAGE) -> None:
    """Put each section between its markers in *page*, and leave the rest of the page as it is."""
    text = page.read_text(encoding="utf-8")
    for section in sections:
        start, end = f"<!-- benchmark: {section.name} -->", f"<!-- end: {section.name} -->"
        pattern = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
        block = f"{start}\n\n{section.markdown()}\n\n{end}"
        text, found = pattern.subn(lambda _, block=block: block, text)  # type: ignore[misc]
        if not found:
            raise ValueError(f"{page.name} has no place for {section.name}")
    page.write_text(text, encoding="utf-8")
