"""What `policy backtest` found, as JSON; `docs/backtest.schema.json` says what each key holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..engine.backtest.headline import headline, money_of
from .as_json import VERSION, Json

if TYPE_CHECKING:
    from ..engine.backtest import Agreement, Amounts, Report, Split
    from ..engine.backtest.bootstrap import Rate
    from ..engine.backtest.records import BadKind, Decided, Referred, Sided, Sum
    from ..engine.policy import Policy


def bad_json(kinds: Sequence[BadKind]) -> list[Json]:
    """Return why rows could not be decided; a row counts under each of its reasons, the message is that of the first."""
    return [{"code": bad.code, "message": bad.message, "rows": bad.rows, "first_row": bad.first} for bad in kinds]


def report_json(report: Report, file: str) -> Json:
    """Return a report as data."""
    return {
        "format_version": VERSION,
        "history": file,
        "policy": _policy(report.new),
        "against": None if report.old is None else _policy(report.old),
        "headline": headline(report),
        "rows": {
            "read": report.read,
            "left_out": report.left_out,
            "taken": report.sampled,
            "decided": report.rows,
            "bad": report.bad,
            "seed": report.seed,
        },
        "bad": bad_json(report.bad_kinds),
        "changed": None if report.old is None else rate_json(report.changed),
        "revalued": report.revalued,
        "decisions": [_decision(report, decision) for decision in report.decisions],
        "money": [_amounts(amounts, alone=report.old is None) for amounts in report.money],
        "guards": [
            {
                "id": guard.guard,
                "title": guard.title,
                "crossed": {"old": guard.old, "new": guard.new},
                "perhaps": {"old": guard.old_possible, "new": guard.new_possible},
            }
            for guard in report.guards
        ],
        "duties": [{"id": d.obligation, "title": d.title, "old": d.old, "new": d.new} for d in report.duties],
        "agreement": [_agreement(agreement) for agreement in report.agreement],
        "splits": [_split(report, split) for split in report.splits],
        "examples": [
            {
                "decision": example.decision,
                "old": example.old,
                "new": example.new,
                "old_rule": example.old_rule or None,
                "new_rule": example.new_rule or None,
                "row": example.row,
                "name": example.name or None,
                "facts": dict(example.facts),
                "sentence": example.sentence,
                "from_boundary": example.distance or None,
                "would_change_back": example.back or None,
            }
            for example in report.examples
        ],
        "notes": list(report.notes),
    }


def _policy(policy: Policy) -> Json:
    return {"id": policy.id, "title": policy.title, "version": policy.version, "content_hash": policy.content_hash}


def rate_json(rate: Rate) -> Json:
    """Return a rate with its interval."""
    return {"rows": rate.count, "of": rate.of, "share": rate.share, "low": rate.low, "high": rate.high}


def sum_json(amount: Sum, currency: str) -> Json:
    """Return an amount with its interval."""
    return {
        "amount": _money(amount.amount, currency),
        "low": _money(amount.low, currency),
        "high": _money(amount.high, currency),
    }


def _money(minor: float, currency: str) -> str:
    return money_of(minor, currency).replace(",", "")


def _decision(report: Report, decision: Decided) -> Json:
    return {
        "decision": decision.decision,
        "title": decision.title,
        "outcomes": list(decision.outcomes),
        "matrix": _matrix(decision.matrix, ("old", "new")),
        "changed": None if report.old is None else rate_json(decision.changed),
        "rules": [
            {"id": r.rule, "title": r.title, "old": r.old, "new": r.new, "gained": r.gained, "lost": r.lost}
            for r in decision.rules
        ],
        "referred": {
            "old": None if decision.old is None else _referred(decision.old),
            "new": _referred(decision.new),
        },
    }


def _matrix(matrix: Mapping[tuple[str, str], int], names: tuple[str, str]) -> list[Json]:
    return [{names[0]: pair[0], names[1]: pair[1], "rows": rows} for pair, rows in sorted(matrix.items())]


def _referred(referred: Referred) -> Json:
    return {
        "rows": referred.rows,
        "why": dict(referred.why),
        "missing": [{"fact": fact, "rows": rows} for fact, rows in referred.missing.items()],
    }


def _amounts(amounts: Amounts, *, alone: bool) -> Json:
    currency = amounts.currency
    return {
        "decision": amounts.decision,
        "value": amounts.value or None,
        "currency": currency,
        "old": None if alone else sum_json(amounts.old, currency),
        "new": sum_json(amounts.new, currency),
        "difference": None if alone else sum_json(amounts.difference, currency),
        "of_difference": None
        if alone
        else {
            "open_on_neither_side": _money(amounts.both, currency),
            "no_longer_settled": _money(amounts.lost, currency),
            "newly_settled": _money(amounts.won, currency),
        },
        "open_rows": {"old": None if alone else amounts.old_open, "new": amounts.new_open},
        "moved_rows": None if alone else amounts.rows_moved,
    }


def _agreement(agreement: Agreement) -> Json:
    return {
        "decision": agreement.decision,
        "column": agreement.column,
        "blank_rows": agreement.blank,
        "unknown": [{"recorded": word, "rows": rows} for word, rows in agreement.unknown.items()],
        "old": None if agreement.old is None else _sided(agreement.old),
        "new": _sided(agreement.new),
    }


def _sided(side: Sided) -> Json:
    return {
        "agrees": rate_json(side.agrees),
        "matrix": _matrix(side.matrix, ("recorded", "decided")),
        "rules": [
            {
                "id": rule.rule or None,
                "title": rule.title,
                "rows": rule.rows,
                "otherwise": rule.otherwise,
                "most_often": {"recorded": rule.recorded, "decided": rule.outcome} if rule.otherwise else None,
            }
            for rule in side.rules
        ],
    }


def _split(report: Report, split: Split) -> Json:
    parts: list[dict[str, Any]] = [
        {
            "values": dict(zip(split.columns, part.values, strict=True)),
            "rows": part.rows,
            "changed": None if report.old is None else rate_json(part.changed),
            "referred": rate_json(part.referred),
            "money": [
                {
                    "name": moved.name,
                    "currency": moved.currency,
                    "new": _money(moved.new, moved.currency),
                    "difference": None if report.old is None else sum_json(moved.difference, moved.currency),
                }
                for moved in part.money
            ],
        }
        for part in split.parts
    ]
    return {"columns": list(split.columns), "parts": parts, "other_parts": split.others, "untold_rows": split.untold}
