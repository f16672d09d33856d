"""
Evenhand: a declarative policy engine for customer incidents.

An owner writes a policy in TOML; the engine decides about one incident at a time, with reasons, duties and deadlines.

>>> from evenhand import Incident, Policy
>>> Policy.load("house").decide(Incident(abuse="violent", fault="customer", verified=True)).walk_away.outcome
'end'
"""

from .engine.decision import Breach, Judgement, Verdict
from .engine.policy import Decision, Duty, Policy
from .rules.diagnostics import Diagnostic, FactError, PolicyError
from .rules.incident import Exchange, History, Incident, Legal, Virality
from .rules.money import Money
from .rules.uncertain import AnyOf, Between

__all__ = [
    "AnyOf",
    "Between",
    "Breach",
    "Decision",
    "Diagnostic",
    "Duty",
    "Exchange",
    "FactError",
    "History",
    "Incident",
    "Judgement",
    "Legal",
    "Money",
    "Policy",
    "PolicyError",
    "Verdict",
    "Virality",
]
