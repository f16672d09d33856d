"""What `policy backtest` found, as one page that an owner can read: no script, no network, a table beside every plot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from ..engine.backtest.headline import headline, money_of, range_text, rate_text
from ..engine.sentences import joined
from .backtest_parts import agreement_part, duties_part, examples_part, guards_part, money_part, rows_part, split_part
from .backtest_text import reasons_text
from .html import Html, coded, document, tag
from .page_tables import cell, key, plot, row_head, table, titled
from .plots import before_and_now, gain_and_loss, shade
from .terminal import counted

if TYPE_CHECKING:
    from ..engine.backtest import Report
    from ..engine.backtest.records import Decided, Moves

_RULES: Final = 12
_CHANGES: Final = 4


def style() -> str:
    """Return the style sheet of our pages."""
    return files("evenhand.cli").joinpath("page_style.css").read_text(encoding="utf-8")


def page(report: Report, file: str) -> str:
    """Return the page."""
    sections = list(_sections(report))
    title = f"{report.new.title} on {PurePath(file).name}"
    links = [tag("li", tag("a", name, href=f"#{id_}")) for id_, name, _ in sections]
    body = [
        tag("a", "Skip to the figures", class_="skip", href="#figures"),
        tag("header", _heading(report, file), tag("nav", tag("ul", links), aria_label="Parts of this page")),
        tag(
            "main",
            [_section(*section) for section in sections],
            id="figures",
        ),
        _footer(report),
    ]
    return document(title, body, style())


def _section(id_: str, name: str, inside: Sequence[Html]) -> Html:
    return tag("section", tag("h2", name, id=f"{id_}-name"), inside, id=id_, aria_labelledby=f"{id_}-name")


def _heading(report: Report, file: str) -> Html:
    what = [tag("b", report.new.title), f" ({_version(report)})"]
    if report.old is not None:
        what += [" against ", tag("b", report.old.title), f" ({report.old.id} {report.old.version})".replace(" )", ")")]
    return Html(
        tag("h1", what, " on ", tag("code", PurePath(file).name))
        + tag("p", _unbroken(headline(report)), class_="headline")
        + tag("dl", list(_tiles(report)), class_="tiles")
        + "".join(tag("p", coded(f"Note: {note}."), class_="soft") for note in report.notes)
    )


def _version(report: Report) -> str:
    return f"{report.new.id} {report.new.version}".strip()


def _tiles(report: Report) -> Iterator[Html]:
    if not report.rows:
        yield _tile("Rows that could not be decided", f"{report.bad:,}", f"of {report.read:,}")
        return
    if report.old is not None:
        share, _, between = rate_text(report.changed).partition(", ")
        yield _tile("Decided otherwise", f"{report.changed.count:,}", f"{share}; likely {between}")
    for amounts in report.money[:2]:
        name = amounts.name.replace("_", " ")
        if report.old is None:
            between = range_text(amounts.new, amounts.currency)
            yield _tile(name, money_of(amounts.new.amount, amounts.currency), f"likely {between}")
        else:
            change = amounts.difference
            yield _tile(
                f"Change of {name}",
                money_of(change.amount, amounts.currency, signed=True),
                f"likely {range_text(change, amounts.currency, signed=True)}",
            )
    most = max(report.decisions, key=lambda decision: decision.new.rows)
    before = "" if most.old is None else f"{most.old.rows:,} before"
    yield _tile(f"Left to a human ({most.title.lower()})", f"{most.new.rows:,}", before)
    if report.bad:
        yield _tile("Rows that could not be decided", f"{report.bad:,}", f"of {report.sampled:,}")


def _tile(name: str, figure: str, beside: str) -> Html:
    return tag("div", tag("dt", name), tag("dd", figure), tag("dd", beside) if beside else None, class_="tile")


def _sections(report: Report) -> Iterator[tuple[str, str, Sequence[Html]]]:
    if not report.rows:
        yield "rows", "The rows", rows_part(report)
        return
    for decision in report.decisions:
        yield f"decision-{decision.decision}", decision.title, _decision(report, decision)
    if report.money:
        yield "money", "Money", [part for amounts in report.money for part in money_part(report, amounts)]
    if report.guards or report.duties:
        yield "lines", "Red lines and duties", [*guards_part(report), *duties_part(report)]
    for number, agreement in enumerate(report.agreement):
        title = next((one.title for one in report.decisions if one.decision == agreement.decision), agreement.decision)
        yield f"agreement-{number}", f"{title} as it was recorded", agreement_part(agreement)
    for number, split in enumerate(report.splits):
        yield f"split-{number}", f"By {' and '.join(split.columns)}", split_part(report, split)
    if report.examples:
        yield "examples", "Examples", examples_part(report)
    yield "rows", "The rows", rows_part(report)


# --- decisions -------------------------------------------------------------------------------------------------------


def _decision(report: Report, decision: Decided) -> list[Html]:
    rules, referred = _rules(report, decision), _referred(decision)
    outcomes = tag("div", _outcomes(report, decision))
    if report.old is None:
        return [outcomes, *rules, *referred]
    if not decision.changed.count:
        more = tag("details", tag("summary", "Its outcomes, and the rules behind them"), outcomes, *rules)
        return [tag("p", "Every row is decided as before."), *referred[:1], more]
    said = tag("p", tag("b", f"{counted(decision.changed.count, 'row changes', 'rows change')}"), _changes(decision))
    pair = tag("div", outcomes, tag("div", _matrix(report, decision)), class_="pair")
    return [said, pair, *rules, *referred]


def _changes(decision: Decided) -> Html:
    """Return in words which outcomes become which most often."""
    changes = {pair: rows for pair, rows in decision.matrix.items() if pair[0] != pair[1]}
    most = sorted(changes.items(), key=lambda change: -change[1])
    told = [f"{rows:,} from {_outcome(old)} to {_outcome(new)}" for (old, new), rows in most[:_CHANGES]]
    told += [f"{sum(rows for _, rows in most[_CHANGES:]):,} in other ways"] if len(most) > _CHANGES else []
    return _unbroken(f" ({rate_text(decision.changed)})" + (f": {joined(told, 'and')}." if told else "."))


def _unbroken(text: str) -> Html:
    """Return a sentence in which no line ends before a percent sign."""
    return Html(coded(text).replace(" %", "&nbsp;%"))


def _outcomes(report: Report, decision: Decided) -> Html:
    most = max((max(decision.total(o, 0), decision.total(o, 1)) for o in decision.outcomes), default=1)
    rows = []
    for outcome in decision.outcomes:
        before = None if report.old is None else decision.total(outcome, 0)
        now = decision.total(outcome, 1)
        label = f"{outcome}: {now:,} rows" + ("" if before is None else f", {before:,} before")
        rows.append(
            [
                row_head(_outcome(outcome)),
                *([] if before is None else [cell(before)]),
                cell(now),
                plot(before_and_now(before, now, most, label)),
            ]
        )
    head = ["outcome", *([] if report.old is None else [key("before", "before")]), key("now", "now"), ""]
    return table("Rows by outcome", head, rows, class_="wide")


def _outcome(outcome: str) -> str:
    return "left to a human" if outcome == "refer" else outcome


def _matrix(report: Report, decision: Decided) -> Html:
    assert report.old is not None
    olds = [outcome for outcome in decision.outcomes if decision.total(outcome, 0)]
    most = max((rows for (old, new), rows in decision.matrix.items() if old != new), default=1)
    rows = [
        [
            row_head(_outcome(old)),
            *(_crossing(decision.matrix.get((old, new), 0), most, is_same=old == new) for new in decision.outcomes),
        ]
        for old in olds
    ]
    caption = f"From (down, {report.old.id}) to (across, {report.new.id}); the darker, the more rows change so"
    return table(caption, ["", *map(_outcome, decision.outcomes)], rows)


def _crossing(rows: int, most: int, *, is_same: bool) -> Html:
    return cell(rows, class_="same" if is_same else shade(rows / most))


def _rules(report: Report, decision: Decided) -> list[Html]:
    if report.old is None:
        shown = [rule for rule in decision.rules if rule.new][:_RULES]
        most = max((rule.new for rule in shown), default=1)
        rows = [
            [
                titled(rule.title, rule.rule),
                cell(rule.new),
                plot(before_and_now(None, rule.new, most, f"{rule.rule}: {rule.new:,}")),
            ]
            for rule in shown
        ]
        return [table("Rules that decide", ["rule", "rows", ""], rows, class_="wide")] if rows else []
    moved = [rule for rule in decision.rules if rule.gained or rule.lost]
    most = max((max(rule.gained, rule.lost) for rule in moved), default=1)
    rows = [
        [
            titled(rule.title, rule.rule),
            *map(cell, (rule.old, rule.new, rule.gained, rule.lost)),
            plot(gain_and_loss(rule.gained, rule.lost, most, _gains(rule))),
        ]
        for rule in moved[:_RULES]
    ]
    head = ["rule", "before", "now", key("gained", "gained"), key("lost", "lost"), ""]
    more = f"; {len(moved) - _RULES} more in the JSON" if len(moved) > _RULES else ""
    return [table(f"Rules that gain or lose rows{more}", head, rows, class_="wide")] if rows else []


def _gains(rule: Moves) -> str:
    return f"{rule.rule}: {rule.gained:,} gained, {rule.lost:,} lost"


def _referred(decision: Decided) -> list[Html]:
    referred = decision.new
    if not referred.rows and not (decision.old and decision.old.rows):
        return []
    before = f" ({decision.old.rows:,} before)" if decision.old is not None else ""
    text = tag("p", tag("b", "Left to a human: "), f"{counted(referred.rows, 'row')}{before}. {reasons_text(referred)}")
    most = max(referred.missing.values(), default=1)
    rows = [
        [row_head(fact), cell(count), plot(before_and_now(None, count, most, f"{fact}: {count:,}"))]
        for fact, count in list(referred.missing.items())[:8]
    ]
    if len(rows) < 2:
        return [text]
    return [text, table("Missing facts that would settle them", ["fact", "rows", ""], rows, class_="wide")]


def _footer(report: Report) -> Html:
    said = (
        "Shares and sums stand with the range in which they lie at 95 % confidence, by the Poisson bootstrap "
        f"(Hanley and MacGibbon, 2006; seed {report.seed}); it takes rows for independent. Amounts are counted as far as they are "
        "settled. Both policies decide as if they were in force. This page needs no network and runs no script."
    )
    return tag("footer", tag("p", said))
