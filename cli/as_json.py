"""Policies, decisions and findings as JSON: the same facts as the text, in a form that stays.

Amounts, lengths of time and dates are texts as the language reads them (`45 USD`, `4h`, `2026-11-21`); whole numbers and truth
values are JSON's own. A key that has nothing to say is there with null, an empty text, list or object.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from ..engine.decision import Breach, Outcome, Verdict
from ..engine.policy import Decision, Duty, Policy
from ..rules.diagnostics import Diagnostic
from ..rules.document import Document
from ..rules.quantities import duration_text, value_text
from ..rules.rendering import as_data
from ..rules.tree import Origin
from ..rules.types import INTEGER, Type
from .terminal import Output

Json: TypeAlias = dict[str, Any]

#: Raised when a key changes its meaning or goes away; new keys may come at any time.
VERSION: Final = 1


def write_json(output: Output, value: object) -> None:
    """Write one JSON document, letters as they are where the stream can write them."""
    output.text(as_text(value, output, indent=2))


def as_text(value: object, output: Output, *, indent: int | None = None) -> str:
    """Return a value as JSON text that the stream can write."""
    return json.dumps(value, ensure_ascii=output.plain_signs, indent=indent)


def policy_json(policy: Policy, file: str) -> Json:
    """Return what a policy is, without its rules."""
    tree = policy.tree
    return {
        "file": file,
        "id": tree.id,
        "title": tree.title,
        "version": tree.version,
        "currency": tree.currency,
        "jurisdiction": tree.jurisdiction,
        "effective": _day(tree.effective),
        "expires": _day(tree.expires),
        "review_by": _day(tree.review_by),
        "extends": list(tree.extends),
        "content_hash": tree.content_hash,
        "rules": len(tree.rules),
        "guards": len(tree.guards),
        "obligations": len(tree.obligations),
        "tests": len(tree.tests),
    }


def _day(value: object) -> str | None:
    return None if value is None else str(value)


def decision_json(decision: Decision) -> Json:
    """Return a decision: verdicts, duties, red lines, what is missing and what was assumed."""
    tree = decision.policy.tree
    documents = decision.policy.documents
    assumed = {name: tree.facts[name] for name in decision.assumed}
    return {
        "policy": tree.id,
        "settled": decision.is_settled,
        "as_of": decision.as_of.isoformat(),
        "decisions": {verdict.decision: verdict_json(verdict, documents) for verdict in decision},
        "obligations": [duty_json(duty) for duty in decision.obligations],
        "possible_obligations": [duty_json(duty) for duty in decision.possible_obligations],
        "guards": [breach_json(breach, documents) for breach in decision.breaches],
        "missing": [{"fact": name, "ask": tree.facts[name].ask} for name in decision.missing],
        "assumed": {name: plain(fact.assume, fact.type, tree.currency) for name, fact in assumed.items()},
    }


def verdict_json(verdict: Verdict, documents: Mapping[str, Document]) -> Json:
    """Return a verdict: the outcome, how it came about, and what is still open."""
    counts = verdict.spec.aggregate == "count" and verdict.is_settled
    type_ = INTEGER if counts else verdict.spec.type
    values = verdict.canonical_values.items()
    rule = verdict.rule
    return {
        "outcome": plain(verdict.canonical, type_, verdict.currency),
        "status": verdict.status,
        "values": {name: plain(value, verdict.spec.values[name], verdict.currency) for name, value in values},
        "unsettled_values": list(verdict.unsettled),
        "rule": None
        if rule is None
        else {
            "id": rule.id,
            "title": rule.title,
            "because": rule.because,
            "source": rule.source,
            "origin": origin_text(rule.origin, documents),
        },
        "rules": [rule.id for rule in verdict.rules],
        "possible": [plain(outcome, verdict.spec.type, verdict.currency) for outcome in verdict.possible],
        "missing": list(verdict.missing),
    }


def duty_json(duty: Duty) -> Json:
    """Return a duty: what, by whom, and by when."""
    within = duty.obligation.within
    return {
        "id": duty.id,
        "title": duty.title,
        "by": duty.by,
        "within": None if within is None else duration_text(within),
        "due": None if duty.due is None else duty.due.isoformat(),
    }


def breach_json(breach: Breach, documents: Mapping[str, Document]) -> Json:
    """Return a red line that is, or may be, broken."""
    guard = breach.guard
    return {
        "id": guard.id,
        "title": guard.title,
        "never": guard.text,
        "because": guard.because,
        "certain": breach.certain,
        "decisions": list(guard.decisions),
        "missing": list(breach.missing),
        "origin": origin_text(guard.origin, documents),
    }


def origin_text(origin: Origin, documents: Mapping[str, Document]) -> str:
    """Return where something was written, as `file:line`."""
    document = documents.get(origin.document)
    return f"{origin.document}:{document.line_of(origin.path)}" if document else origin.document


def plain(value: Outcome | None, type_: Type, currency: str) -> Any:
    """
    Return a canonical value as JSON has it.

    >>> plain(4500, Type("money"), "USD"), plain(3, Type("integer"), "USD"), plain(("a",), Type("list"), "USD")
    ('45 USD', 3, ['a'])
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, tuple):
        return [plain(item, type_, currency) for item in value]
    if isinstance(value, int) and type_.is_numeric:
        return value
    return value_text(value, type_, currency)


class JsonList:
    """A list in a JSON document that is written item by item, so that it may be longer than memory."""

    def __init__(self, output: Output, head: Mapping[str, object], name: str) -> None:
        self._output = output
        fields = "".join(f"  {as_text(key, output)}: {as_text(value, output)},\n" for key, value in head.items())
        output.stream.write(f"{{\n{fields}  {as_text(name, output)}: [")
        self._separator = "\n    "

    def add(self, item: object) -> None:
        """Write one more item, on a line of its own."""
        self._output.stream.write(self._separator + as_text(item, self._output))
        self._separator = ",\n    "

    def close(self, tail: Mapping[str, object]) -> None:
        """End the list and write what comes after it."""
        fields = "".join(
            f",\n  {as_text(key, self._output)}: {as_text(value, self._output)}" for key, value in tail.items()
        )
        self._output.stream.write(f"\n  ]{fields}\n}}\n")


def findings_json(found: Iterable[Diagnostic]) -> list[Json]:
    """Return diagnostics as a list."""
    return [as_data(diagnostic) for diagnostic in found]
