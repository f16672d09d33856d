"""What `policy tune` found, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .as_json import VERSION, Json
from .backtest_json import bad_json, rate_json, sum_json
from .tune_figures import summary

if TYPE_CHECKING:
    from ..engine.backtest import Setting, Sweep


def sweep_json(sweep: Sweep, file: str) -> Json:
    """Return a sweep as data."""
    policy = sweep.policy
    return {
        "format_version": VERSION,
        "history": file,
        "policy": {
            "id": policy.id,
            "title": policy.title,
            "version": policy.version,
            "content_hash": policy.content_hash,
        },
        "headline": summary(sweep),
        "parameters": [
            {
                "name": knob.name,
                "present": knob.text(knob.present),
                "values": [knob.text(value) for value in knob.values],
            }
            for knob in sweep.knobs
        ],
        "rows": {
            "read": sweep.read,
            "left_out": sweep.left_out,
            "decided": sweep.rows,
            "bad": sweep.bad,
            "seed": sweep.seed,
        },
        "bad": bad_json(sweep.bad_kinds),
        "settings": [_setting(sweep, setting) for setting in sweep.settings],
    }


def _setting(sweep: Sweep, setting: Setting) -> Json:
    return {
        "values": dict(zip((knob.name for knob in sweep.knobs), sweep.texts(setting), strict=True)),
        "present": setting.is_present,
        "money": [
            {"decision": cost.decision, "name": cost.name, **sum_json(cost.sum, cost.currency)}
            for cost in setting.money
        ],
        "changed": rate_json(setting.changed),
        "referred": rate_json(setting.referred),
        "agreement": {decision: rate_json(rate) for decision, rate in setting.agrees.items()},
        "outcomes": {decision: dict(counts) for decision, counts in setting.outcomes.items()},
    }
