"""
Evenhand: a declarative policy engine for customer incidents.

An owner writes a policy in TOML; the engine decides about one incident at a time, with reasons, duties and deadlines.

>>> from evenhand import Incident, Policy
>>> Policy.load("house").decide(Incident(abuse="violent", fault="customer", verified=True)).walk_away.outcome
'ban'
"""

import typing as _typing

from .engine.decision import Breach, Judgement, Verdict
from .engine.policy import Decision, Duty, Policy
from .rules.decisions import DecisionSpec
from .rules.diagnostics import Diagnostic, FactError, PolicyError
from .rules.incident import Exchange, History, Incident, Legal, Virality
from .rules.money import Money
from .rules.types import Type
from .rules.uncertain import AnyOf, Between
from .rules.vocabulary import fact, group

if _typing.TYPE_CHECKING:
    from .engine.explain import Explanation
    from .engine.live import Engine
    from .engine.records import Record, RecordLog
    from .engine.replay import replay
    from .engine.shadow import Shadow

__all__ = [
    "AnyOf",
    "Between",
    "Breach",
    "Decision",
    "DecisionSpec",
    "Diagnostic",
    "Duty",
    "Engine",
    "Exchange",
    "Explanation",
    "FactError",
    "History",
    "Incident",
    "Judgement",
    "Legal",
    "Money",
    "Policy",
    "PolicyError",
    "Record",
    "RecordLog",
    "Shadow",
    "Type",
    "Verdict",
    "Virality",
    "fact",
    "group",
    "replay",
]

#: What waits until somebody asks for it, so that those who only decide start at once.
_LATER = {
    "Engine": "live",
    "Explanation": "explain",
    "Record": "records",
    "RecordLog": "records",
    "Shadow": "shadow",
    "replay": "replay",
}


def __getattr__(name: str) -> object:
    """Import what is needed by few when it is first asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f".engine.{_LATER[name]}", __name__), name)
    return found
