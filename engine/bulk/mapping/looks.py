"""What the cells of a column look like: numbers, money, dates in which format, words, blanks."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from ....rules.currencies import MINOR_DIGITS
from .cells import SIGNS

#: Texts that mean that nothing is known, wherever they are found.
BLANKS: Final = ("", "-", "--", "n/a", "na", "none given", "null", "nan", "unknown", "?")
FORMATS: Final = (
    "%Y-%m-%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%d-%b-%y",
    "%d-%b-%Y",
    "%m/%d/%y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
)
_NUMBER: Final = re.compile(r"\(?[-+]?\d[\d_]*(\.\d+)?\)?\Z")
_GROUPED: Final = re.compile(r"\(?[-+]?\d{1,3}(,\d{3})+(\.\d+)?\)?\Z")
_CONTINENTAL: Final = re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d+),\d{1,2}\Z")
_DURATION: Final = re.compile(r"\d+(\.\d+)?\s*(s|sec|m|min|h|hours?|d|days?|w|weeks?)\Z")
_BOOLEAN: Final = frozenset(("true", "false", "yes", "no"))
_BINARY: Final = frozenset(("y", "n", "t", "f", "0", "1"))
#: Of cells that are not blank, how many have to look alike.
MOST: Final = 0.9


@attrs.frozen
class Look:
    """
    What a column looks like.

    *cells* counts its distinct texts, *filled* how many rows are not blank of *rows*. *kind* is `number`, `money`, `date`,
    `datetime`, `duration`, `boolean`, `binary` (which means a boolean written otherwise), `text` or `empty`; *format* is that of
    dates, *others* further formats that fit as well; *blanks* are the texts that stand for nothing.
    """

    name: str
    rows: int
    filled: int
    cells: Counter[str]
    kind: str
    format: str = ""
    others: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    currency: str = ""
    thousands: str = ""
    decimal: str = ""
    is_whole: bool = False
    lowest: str = ""

    @property
    def sample(self) -> str:
        """The commonest cells, to be shown."""
        return ", ".join(cell[:24] for cell, _ in self.cells.most_common(3))


def look_at(name: str, texts: Iterable[str | None]) -> Look:
    """
    Return what a column looks like.

    >>> look = look_at("Closed", ["03/27/2026", "12/01/2026", "-", None])
    >>> look.kind, look.format, look.blanks
    ('date', '%m/%d/%Y', ('-',))
    """
    all_ = ["" if text is None else text.strip() for text in texts]
    cells = Counter(all_)
    blanks = tuple(text for text in cells if text and text.lower() in BLANKS)
    for text in ("", *blanks):
        del cells[text]
    filled = sum(cells.values())
    base = Look(name, len(all_), filled, cells, "empty", blanks=blanks)
    if not filled:
        return base
    lowered = {cell.lower() for cell in cells}
    if lowered <= _BOOLEAN:
        return attrs.evolve(base, kind="boolean")
    if dated := _formats(cells):
        kind = "datetime" if "%H" in dated[0] or "%I" in dated[0] else "date"
        return attrs.evolve(base, kind=kind, format=dated[0], others=tuple(dated[1:]))
    if lowered <= _BINARY and len(lowered) == 2:
        return attrs.evolve(base, kind="binary")
    return _numeric(base) or attrs.evolve(base, kind="text")


def _share(cells: Counter[str], fits: Iterable[str]) -> float:
    return sum(cells[cell] for cell in fits) / max(1, sum(cells.values()))


def _formats(cells: Counter[str]) -> Sequence[str]:
    """Return the formats in which (nearly) all cells are dates; where day and month may be one another, both."""
    some = [cell for cell, _ in cells.most_common(200) if sum(map(str.isdigit, cell)) >= 3]
    if len(some) < MOST * min(len(cells), 200):
        return []
    return [
        format_
        for format_ in FORMATS
        if _share(cells, [c for c in some if _is_dated(c, format_)]) >= MOST * _share(cells, some)
    ]


def _is_dated(text: str, format_: str) -> bool:
    try:
        found = dt.datetime.strptime(text, format_)  # noqa: DTZ007 because only the form counts
    except ValueError:
        return False
    return 1900 <= found.year <= 2100


def _numeric(base: Look) -> Look | None:
    signs = {sign for sign in SIGNS if any(sign in cell and any(map(str.isdigit, cell)) for cell in base.cells)}
    codes = {cell[-3:] for cell in base.cells} | {cell[:3] for cell in base.cells}
    code = next((code for code in sorted(codes & set(MINOR_DIGITS))), "")
    bare = Counter[str]()
    for cell, count in base.cells.items():
        text = cell
        for sign in signs:
            text = text.replace(sign, "").strip()
        bare[text.removesuffix(code).removeprefix(code).strip()] += count
    plain = [cell for cell in bare if _NUMBER.match(cell)]
    grouped = [cell for cell in bare if _GROUPED.match(cell)]
    continental = [cell for cell in bare if _CONTINENTAL.match(cell)]
    thousands, decimal = (",", "") if grouped else ("", "")
    if continental and _share(bare, continental) > _share(bare, grouped):
        plain, grouped, thousands, decimal = [*plain, *continental], [], ".", ","
    if _share(bare, {*plain, *grouped}) < MOST:
        spans = [cell for cell in base.cells if _DURATION.match(cell.lower())]
        return attrs.evolve(base, kind="duration") if _share(base.cells, spans) >= MOST else None
    currency = SIGNS[min(signs)][0] if signs else code
    return attrs.evolve(
        base,
        kind="money" if currency else "number",
        currency=currency,
        thousands=thousands,
        decimal=decimal,
        is_whole=not decimal and not any("." in cell for cell in (*plain, *grouped)),
        lowest="-" if any(cell.startswith(("-", "(")) for cell in bare) else "",
    )
