"""The parts of the page of `policy backtest` that are about more than one decision: money, red lines, splits, examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ..engine.backtest.headline import money_of, percent, range_text, rate_text
from .backtest_text import in_order, rest_text, rows_text
from .html import Html, coded, tag
from .page_tables import cell, key, plot, row_head, table, text_cell, titled
from .plots import before_and_now, dot_and_range, shade
from .terminal import counted

if TYPE_CHECKING:
    from ..engine.backtest import Agreement, Amounts, Report, Split
    from ..engine.backtest.records import BadKind, Disagreement, Part

_RULES: Final = 12
_PARTS: Final = 30

# --- money, red lines, duties ----------------------------------------------------------------------------------------


def money_part(report: Report, amounts: Amounts) -> Iterator[Html]:
    """Yield what one kind of money comes to."""
    currency, alone = amounts.currency, report.old is None
    yield tag("h3", amounts.name.replace("_", " "), " ", tag("span", f"({amounts.decision})", class_="soft"))
    most = max(abs(amounts.old.high), abs(amounts.new.high), abs(amounts.old.amount), abs(amounts.new.amount), 1.0)
    sums = [("now", amounts.new)] if alone else [("before", amounts.old), ("now", amounts.new)]
    rows = [
        [
            row_head(name),
            text_cell(money_of(amount.amount, currency)),
            text_cell(range_text(amount, currency)),
            plot(
                dot_and_range(
                    amount.amount, amount.low, amount.high, (0.0, most), f"{name}: {range_text(amount, currency)}"
                )
            ),
        ]
        for name, amount in sums
    ]
    if not alone:
        size = money_of(amounts.difference.amount, currency, signed=True)
        between = range_text(amounts.difference, currency, signed=True)
        rows.append([row_head("difference"), text_cell(size), text_cell(between), tag("td")])
    yield table("As far as it is settled", ["", "amount", "95 % interval", ""], rows, class_="wide")
    if not alone:
        parts = [
            ("on rows that neither policy leaves open", amounts.both),
            ("settled before, left to a human now", amounts.lost),
            ("left to a human before, settled now", amounts.won),
        ]
        rows = [[row_head(name), text_cell(money_of(part, currency, signed=True))] for name, part in parts if part]
        if len(rows) > 1:
            yield table("What the difference is made of", ["", "amount"], rows)
    before = "" if alone else f" ({amounts.old_open:,} before)"
    yield tag("p", f"Not settled on {amounts.new_open:,} rows{before}; these are in no sum.", class_="soft")


def guards_part(report: Report) -> list[Html]:
    """Return the red lines that would be crossed."""
    if not report.guards:
        return []
    alone = report.old is None
    rows = []
    for guard in report.guards:
        figures = (
            (guard.new, guard.new_possible) if alone else (guard.old, guard.new, guard.old_possible, guard.new_possible)
        )
        if any(figures):
            rows.append([titled(guard.title, guard.guard), *(cell(figure) for figure in figures)])
    if not rows:
        return [tag("p", f"None of the {len(report.guards)} red lines would have been crossed.")]
    head = (
        ["red line", "crossed", "perhaps"]
        if alone
        else ["red line", "crossed before", "crossed now", "perhaps before", "perhaps now"]
    )
    said = "Where a red line is crossed, or may be for want of a fact, the decisions that it names are left to a human."
    return [tag("p", said), table("Red lines that the rules would cross", head, rows)]


def duties_part(report: Report) -> list[Html]:
    """Return how often duties come up."""
    alone = report.old is None
    most = max((max(duty.old or 0, duty.new or 0) for duty in report.duties), default=1)
    rows = [
        [
            titled(duty.title, duty.obligation),
            *([] if alone else [cell(duty.old)]),
            cell(duty.new),
            plot(before_and_now(None if alone else duty.old or 0, duty.new or 0, most, duty.obligation)),
        ]
        for duty in report.duties
        if alone or duty.old != duty.new
    ]
    if not rows:
        return [] if alone else [tag("p", "Duties come up as often as before.")]
    head = ["duty", *([] if alone else [key("before", "before")]), key("now", "now"), ""]
    return [table("Duties" if alone else "Duties that come up more often, or less", head, rows, class_="wide")]


# --- agreement, splits, examples, rows -------------------------------------------------------------------------------


def agreement_part(agreement: Agreement) -> list[Html]:
    """Return how a decision agrees with what was recorded."""
    found = []
    for name, side in (("Before", agreement.old), ("Now", agreement.new)):
        if side is not None:
            text = f"{side.agrees.count:,} of {side.agrees.of:,} rows agree with the column "
            column = tag("code", agreement.column)
            found.append(tag("p", tag("b", f"{name}: "), text, column, f" ({rate_text(side.agrees)})."))
    found.append(_confusion(agreement))
    rows = [_disagreement(rule) for rule in agreement.new.rules[:_RULES] if rule.otherwise]
    if rows:
        head = ["rule", "most often", "rows", "otherwise", "share"]
        found.append(table("Rules that decide otherwise than was recorded", head, rows))
    if agreement.blank:
        blank = counted(agreement.blank, "row has", "rows have")
        found.append(tag("p", f"{blank} nothing recorded.", class_="soft"))
    if agreement.unknown:
        words = ", ".join(f"“{word}” ({rows:,})" for word, rows in list(agreement.unknown.items())[:12])
        found.append(tag("p", f"Recorded, but no outcome of the policy, and so not counted: {words}.", class_="warn"))
    return found


def _disagreement(rule: Disagreement) -> list[Html]:
    return [
        titled(rule.title, rule.rule or "(default or nobody)"),
        tag("td", f"{rule.recorded} → {rule.outcome}", class_="word"),
        cell(rule.rows),
        cell(rule.otherwise),
        text_cell(percent(rule.otherwise / rule.rows)),
    ]


def _confusion(agreement: Agreement) -> Html:
    matrix = agreement.new.matrix
    recorded, decided = (in_order({pair[at] for pair in matrix}, agreement) for at in (0, 1))
    most = max(matrix.values(), default=1)
    rows = []
    for word in recorded:
        counts = [matrix.get((word, outcome), 0) for outcome in decided]
        rows.append([row_head(word), *(cell(count, class_=shade(count / most)) for count in counts)])
    outcomes = ["left to a human" if outcome == "refer" else outcome for outcome in decided]
    return table("Recorded (down) against decided now (across)", ["", *outcomes], rows)


def split_part(report: Report, split: Split) -> list[Html]:
    """Return the figures of each part of a split."""
    alone = report.old is None
    parts = split.parts[:_PARTS]
    rates = [part.referred if alone else part.changed for part in parts]
    top = max((rate.high for rate in rates if rate.of >= 10), default=1.0)
    names = list(dict.fromkeys(moved.name for part in parts for moved in part.money))[:2]
    rows = []
    for part, rate in zip(parts, rates, strict=True):
        rows.append(
            [
                row_head(", ".join(part.values)),
                cell(part.rows),
                cell(rate.count),
                text_cell(percent(rate.share)),
                plot(dot_and_range(rate.share, rate.low, rate.high, (0.0, top), rate_text(rate))),
                *([] if alone else [cell(part.referred.count)]),
                *(_moved(part, name, alone=alone) for name in names),
            ]
        )
    what = "left to a human" if alone else "change"
    head = [", ".join(split.columns), "rows", what, "share", "with 95 % interval"]
    head += [] if alone else ["left to a human"]
    head += [name.replace("_", " ") if alone else f"change of {name.replace('_', ' ')}" for name in names]
    found = [table("The largest part first", head, rows, class_="wide")]
    if rest := rest_text(split, len(parts)):
        found.append(tag("p", f"{rest}.", class_="soft"))
    return found


def _moved(part: Part, name: str, *, alone: bool) -> Html:
    for moved in part.money:
        if moved.name == name:
            amount = moved.new if alone else moved.difference.amount
            return text_cell(money_of(amount, moved.currency, signed=not alone) if amount else "-")
    return tag("td")


_ABOUT_EXAMPLES: Final = (
    "Rows that are decided otherwise, those first that lie nearest to the threshold that moved; and the one change under which "
    "the new policy would decide them as the old one did."
)


def examples_part(report: Report) -> list[Html]:
    """Return the examples as sentences."""
    items = []
    for example in report.examples:
        said = [_sentence(text) for text in (example.distance, example.back) if text]
        beside = tag("p", coded(" ".join(said)), class_="soft") if said else None
        items.append(tag("li", tag("p", coded(_sentence(example.sentence))), beside))
    return [tag("p", _ABOUT_EXAMPLES), tag("ul", items, class_="examples")]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


def rows_part(report: Report) -> list[Html]:
    """Return which rows the figures are about, and why others are not among them."""
    return [tag("p", f"{rows_text(report)}."), *bad_part(report.bad_kinds)]


def bad_part(kinds: Sequence[BadKind]) -> list[Html]:
    """Return why rows could not be decided; nothing where all of them were."""
    rows = [
        [
            tag("td", coded(bad.message), class_="word"),
            tag("td", tag("code", bad.code)),
            cell(bad.rows),
            cell(bad.first),
        ]
        for bad in kinds[:20]
    ]
    head = ["reason, as of the first row", "code", "rows", "first row"]
    return [table("Why rows could not be decided", head, rows)] if rows else []
