"""What `policy backtest` found, for a terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ..engine.backtest.headline import headline, money_of, percent, range_text, rate_text
from .bad_rows import print_bad
from .figures import number, print_table
from .terminal import Output, Piece, counted

if TYPE_CHECKING:
    from ..engine.backtest import Agreement, Amounts, Report, Split
    from ..engine.backtest.records import Decided, Referred

#: The most lines of each kind.
_RULES: Final = 8
_FACTS: Final = 6
_EXAMPLES: Final = 6
_PARTS: Final = 12
_WHY: Final = {
    "no-rule": "no rule covers it",
    "unsettled": "facts are missing",
    "conflict": "rules contradict each other",
    "guard": "a red line",
    "undefined": "a value cannot be worked out",
    "not-in-force": "the policy is not in force",
}


def why_text(status: str) -> str:
    """Return in words why a human must decide."""
    return _WHY.get(status, status)


def print_report(output: Output, report: Report) -> None:
    """Write a report."""
    output.line(Piece(headline(report), "strong"))
    output.line()
    if not report.rows:
        _print_rows(output, report)
        return
    for decision in report.decisions:
        _print_decision(output, report, decision)
    _print_money(output, report)
    _print_guards(output, report)
    _print_duties(output, report)
    for agreement in report.agreement:
        _print_agreement(output, agreement)
    for split in report.splits:
        _print_split(output, report, split)
    _print_examples(output, report)
    _print_rows(output, report)


# --- decisions -------------------------------------------------------------------------------------------------------


def _print_decision(output: Output, report: Report, decision: Decided) -> None:
    if report.old is None:
        output.line(Piece(decision.title, "title"))
        rows = [
            [outcome, number(decision.total(outcome, 1)), percent(decision.total(outcome, 1) / max(report.rows, 1))]
            for outcome in decision.outcomes
        ]
        print_table(output, ["outcome", "rows", "share"], rows)
    elif decision.changed.count:
        output.line(
            Piece(decision.title, "title"),
            f": {counted(decision.changed.count, 'row changes', 'rows change')} "
            f"({rate_text(decision.changed)}). Down: {report.old.id}; across: {report.new.id}.",
            hang=2,
        )
        _print_matrix(output, decision)
    else:
        output.line(Piece(decision.title, "title"), ": every row is decided as before.")
    _print_rules(output, report, decision)
    _print_referred(output, decision)
    output.line()


def _print_matrix(output: Output, decision: Decided) -> None:
    rows = [
        [
            before or "(none)",
            *(number(decision.matrix.get((before, now), 0)) for now in decision.outcomes),
            number(decision.total(before, 0)),
        ]
        for before in [*decision.outcomes, *([""] if decision.total("", 0) else [])]
        if decision.total(before, 0)
    ]
    totals = [number(decision.total(now, 1)) for now in decision.outcomes]
    print_table(output, ["", *decision.outcomes, "before"], [*rows, ["now", *totals, ""]])


def _print_rules(output: Output, report: Report, decision: Decided) -> None:
    if report.old is None:
        rows = [[rule.rule, number(rule.new), percent(rule.new / max(report.rows, 1))] for rule in decision.rules]
        head = ["rule", "rows", "share"]
    else:
        moved = [rule for rule in decision.rules if rule.gained or rule.lost]
        rows = [[r.rule, *map(number, (r.old, r.new, r.gained, r.lost))] for r in moved]
        head = ["rule", "before", "now", "gained", "lost"]
    if rows:
        print_table(output, head, rows[:_RULES])
    if len(rows) > _RULES:
        output.line(f"  and {counted(len(rows) - _RULES, 'more rule')}")


def _print_referred(output: Output, decision: Decided) -> None:
    sides = [decision.new] if decision.old is None else [decision.old, decision.new]
    if not any(side.rows for side in sides):
        return
    before = f" ({sides[0].rows:,} before)" if len(sides) == 2 else ""
    output.line(
        Piece("  Left to a human: ", "refer"),
        f"{counted(decision.new.rows, 'row')}{before}. ",
        reasons_text(decision.new),
        hang=4,
    )


def reasons_text(referred: Referred) -> str:
    """Return why rows are left to a human, and what is missing there."""
    if not referred.rows:
        return ""
    why = "; ".join(f"{why_text(status)}: {rows:,}" for status, rows in referred.why.items())
    text = f"{why[:1].upper()}{why[1:]}."
    missing = list(referred.missing.items())
    if missing:
        told = ", ".join(f"{fact} ({rows:,})" for fact, rows in missing[:_FACTS])
        more = f" and {len(missing) - _FACTS} more" if len(missing) > _FACTS else ""
        text += f" What would settle them: {told}{more}."
    return text


# --- money, red lines, duties ----------------------------------------------------------------------------------------


def _print_money(output: Output, report: Report) -> None:
    for amounts in report.money:
        output.line(
            Piece(amounts.name, "title"), f" ({amounts.decision}): ", _sums(amounts, alone=report.old is None), hang=2
        )
        for text in _parts(amounts, alone=report.old is None):
            output.line(f"  {text}", hang=4)
    if report.money:
        output.line()


def _sums(amounts: Amounts, *, alone: bool) -> str:
    currency = amounts.currency
    if alone:
        return f"{money_of(amounts.new.amount, currency)} ({range_text(amounts.new, currency)})"
    change = amounts.difference
    return (
        f"{money_of(amounts.old.amount, currency)} before, {money_of(amounts.new.amount, currency)} now: "
        f"{money_of(change.amount, currency, signed=True)} ({range_text(change, currency, signed=True)})"
    )


def _parts(amounts: Amounts, *, alone: bool) -> Iterator[str]:
    currency = amounts.currency
    if amounts.lost:
        yield f"{money_of(amounts.lost, currency, signed=True)} of it was settled and is left to a human now"
    if amounts.won:
        yield f"{money_of(amounts.won, currency, signed=True)} of it was left to a human and is settled now"
    if (amounts.lost or amounts.won) and amounts.both:
        yield f"{money_of(amounts.both, currency, signed=True)} of it on rows that neither leaves open"
    if amounts.new_open or amounts.old_open:
        before = "" if alone else f"; {amounts.old_open:,} before"
        yield f"not settled on {counted(amounts.new_open, 'row')}{before}: these are not in the sum"


def _print_guards(output: Output, report: Report) -> None:
    shown = [guard for guard in report.guards if any((guard.old, guard.new, guard.old_possible, guard.new_possible))]
    if report.guards:
        output.line(Piece("Red lines", "title"), "" if shown else ": none would have been crossed.")
    if shown:
        if report.old is None:
            rows = [[guard.guard, number(guard.new), number(guard.new_possible)] for guard in shown]
            print_table(output, ["red line", "crossed", "perhaps"], rows)
        else:
            rows = [[g.guard, *map(number, (g.old, g.new, g.old_possible, g.new_possible))] for g in shown]
            print_table(output, ["red line", "crossed before", "now", "perhaps before", "now"], rows)
        output.line("  Where one is crossed, or may be, the decisions that it names are left to a human.", hang=2)
    if report.guards:
        output.line()


def _print_duties(output: Output, report: Report) -> None:
    rows = [
        [duty.obligation, *([] if report.old is None else [number(duty.old)]), number(duty.new)]
        for duty in report.duties
        if report.old is None or duty.old != duty.new
    ]
    if rows:
        output.line(Piece("Duties", "title"), "" if report.old is None else " that come up more often, or less")
        print_table(output, ["duty", "rows"] if report.old is None else ["duty", "before", "now"], rows)
        output.line()


# --- agreement, splits -----------------------------------------------------------------------------------------------


def _print_agreement(output: Output, agreement: Agreement) -> None:
    sides = [("now", agreement.new)] if agreement.old is None else [("before", agreement.old), ("now", agreement.new)]
    output.line(Piece(f"{agreement.decision} against {agreement.column}", "title"))
    for name, side in sides:
        text = f"{side.agrees.count:,} of {side.agrees.of:,} rows agree ({rate_text(side.agrees)})"
        output.line(f"  {name}: {text}" if len(sides) > 1 else f"  {text}", hang=4)
    _print_confusion(output, agreement)
    rules = [rule for rule in agreement.new.rules if rule.otherwise]
    rows = [
        [
            rule.rule or "(default or nobody)",
            f"{rule.recorded} → {rule.outcome}",
            number(rule.rows),
            number(rule.otherwise),
            percent(rule.otherwise / rule.rows),
        ]
        for rule in rules[:_RULES]
    ]
    if rows:
        output.line("  rules that decide otherwise most often (recorded → decided)")
        print_table(output, ["rule", "most often", "rows", "otherwise", "share"], rows, left=2)
    blank = counted(agreement.blank, "row has", "rows have")
    aside = [f"{blank} nothing recorded"] if agreement.blank else []
    if agreement.unknown:
        words = ", ".join(f"`{word}` ({rows:,})" for word, rows in list(agreement.unknown.items())[:_FACTS])
        more = "" if len(agreement.unknown) <= _FACTS else f" and {len(agreement.unknown) - _FACTS} more"
        aside.append(f"recorded, but no outcome of the policy: {words}{more}; a mapping can say what they stand for")
    for text in aside:
        output.line(f"  {text}", hang=4)
    output.line()


def _print_confusion(output: Output, agreement: Agreement) -> None:
    matrix = agreement.new.matrix
    recorded, decided = (in_order({pair[at] for pair in matrix}, agreement) for at in (0, 1))
    rows = [[word, *(number(matrix.get((word, outcome), 0)) for outcome in decided)] for word in recorded]
    if rows:
        print_table(output, ["recorded, down", *decided], rows)


def in_order(words: Collection[str], agreement: Agreement) -> list[str]:
    """Return outcomes in the order in which they are declared, what is left to a human last."""
    declared = [word for word in agreement.words if word in words]
    return [*declared, *sorted(word for word in words if word not in agreement.words)]


def _print_split(output: Output, report: Report, split: Split) -> None:
    money = list(dict.fromkeys(moved.name for part in split.parts for moved in part.money))
    money = [name for name in money if any(_moved(part.money, name, alone=report.old is None) for part in split.parts)][
        :2
    ]
    alone = report.old is None
    head = [", ".join(split.columns), "rows", *([] if alone else ["change", "share"]), "left open", *money]
    rows = [
        [
            ", ".join(part.values),
            number(part.rows),
            *([] if alone else [number(part.changed.count), percent(part.changed.share)]),
            number(part.referred.count),
            *(_moved(part.money, name, alone=alone) for name in money),
        ]
        for part in split.parts[:_PARTS]
    ]
    output.line(Piece(f"By {' and '.join(split.columns)}", "title"))
    print_table(output, head, rows)
    if rest := rest_text(split, _PARTS):
        output.line(f"  {rest}", hang=2)
    output.line()


def rest_text(split: Split, shown: int) -> str:
    """Say what a split has beside the parts that are *shown*; nothing where that is all."""
    rest = max(len(split.parts) - shown, 0) + split.others
    said = [f"And {counted(rest, 'smaller part')}"] if rest else []
    if split.untold:
        rows = counted(split.untold, "row has", "rows have")
        said.append(f"{rows} further values, as only the first 1,000 are told apart: split by something coarser")
    return "; ".join(said)


def _moved(money: Sequence[object], name: str, *, alone: bool) -> str:
    from ..engine.backtest.records import Moved

    for moved in money:
        assert isinstance(moved, Moved)
        if moved.name == name:
            amount = moved.new if alone else moved.difference.amount
            return money_of(amount, moved.currency, signed=not alone) if amount else ""
    return ""


# --- examples, rows --------------------------------------------------------------------------------------------------


def _print_examples(output: Output, report: Report) -> None:
    if not report.examples:
        return
    output.line(Piece("For example", "title"))
    for example in report.examples[:_EXAMPLES]:
        output.line(f"  - {example.sentence}", hang=4)
        if example.back:
            near = f"{example.distance[:1].upper()}{example.distance[1:]}; " if example.distance else ""
            output.line(Piece(f"    {near}{example.back}", "dim"), hang=4)
    if len(report.examples) > _EXAMPLES:
        output.line(f"  and {counted(len(report.examples) - _EXAMPLES, 'more example')} with `--format json` or html")
    output.line()


def _print_rows(output: Output, report: Report) -> None:
    for note in report.notes:
        output.line(Piece("note: ", "name"), note, hang=2)
    print_bad(output, report.bad_kinds, report.bad)
    output.line(Piece(rows_text(report), "strong"), hang=2)


def rows_text(report: Report) -> str:
    """Return in one line which rows the figures are about."""
    parts = [f"{counted(report.read, 'row')} read"]
    if report.left_out:
        parts.append(f"{report.left_out:,} left out by their date")
    if report.sampled < report.read - report.left_out:
        parts.append(f"{report.sampled:,} taken at random (seed {report.seed})")
    parts.append(f"{report.rows:,} decided")
    parts.append(f"{report.bad:,} could not be" if report.bad else "none was bad")
    return ", ".join(parts)
