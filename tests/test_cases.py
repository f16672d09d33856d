"""
A corpus of small policies and incidents, each with what must be decided, run by every reading.

A new case needs no Python. A file of tests/cases/ is one topic: policies, each with its cases:

    [[policy]]
    text = '''...'''                       # the policy; `[policy] id` may be left out
    files."base.toml" = '''...'''          # further files beside it, for `extends`

    [[policy.case]]
    name = "..."
    given = { loss = "30 USD" }
    as_of = 2026-11-21                     # that day unless said otherwise
    expect.refund = "full"                 # an outcome, or a table of what a verdict says:
    expect.defend = { outcome = "refer", status = "unsettled", possible = ["no"], missing = ["abuse"], rule = "...",
                      rules = ["..."], values = { amount = "30 USD" }, unsettled = ["amount"] }
    expect.obligations = ["..."]           # also possible_obligations, breaches, possible_breaches, assumed
    refused = ["off-scale"]                # instead of `expect`: what is wrong with the facts
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from readings import READINGS, Reading, reference

from evenhand import FactError, Judgement, Money, Policy, Verdict
from evenhand.rules.quantities import parse_duration

FOLDER = Path(__file__).with_name("cases")
DAY = dt.date(2026, 11, 21)
LISTS = ("obligations", "possible_obligations", "breaches", "possible_breaches", "assumed")


def cases() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.toml")):
        for policy in tomllib.loads(path.read_text(encoding="utf-8"))["policy"]:
            for case in policy["case"]:
                yield pytest.param(policy, case, id=f"{path.stem}: {case['name']}")


def load(policy: Mapping[str, Any], folder: Path) -> Policy:
    for name, text in policy.get("files", {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    text = policy["text"]
    return Policy.loads(text if "[policy]" in text else f'[policy]\nid = "case"\n{text}', folder=folder)


@pytest.mark.parametrize("reading", ["reference", *READINGS])
@pytest.mark.parametrize(("policy", "case"), [*cases()])
def test_a_case_is_decided_as_written(
    policy: Mapping[str, Any], case: Mapping[str, Any], reading: str, tmp_path: Path
) -> None:
    decide: Reading = {"reference": reference, **READINGS}[reading]
    given, as_of = case["given"], case.get("as_of", DAY)
    loaded = load(policy, tmp_path)
    if "refused" in case:
        with pytest.raises(FactError) as error:
            decide(loaded, given, as_of)
        assert [diagnostic.code for diagnostic in error.value.diagnostics] == case["refused"]
        return
    assert not list(mistakes(decide(loaded, given, as_of), case["expect"]))


def mistakes(judgement: Judgement, expect: Mapping[str, Any]) -> Iterator[str]:
    """Yield whatever a judgement says otherwise than expected."""
    found = {
        "obligations": [*judgement.obligations],
        "possible_obligations": [*judgement.possible_obligations],
        "breaches": [breach.guard.id for breach in judgement.breaches if breach.certain],
        "possible_breaches": [breach.guard.id for breach in judgement.breaches if not breach.certain],
        "assumed": [*judgement.assumed],
    }
    for name, wanted in expect.items():
        if name in LISTS:
            if found[name] != wanted:
                yield f"{name}: {found[name]}"
            continue
        verdict = judgement.verdicts[name]
        for key, value in (wanted if isinstance(wanted, dict) else {"outcome": wanted}).items():
            if not says(verdict, key, value):
                yield f"{name}: {verdict}"


def says(verdict: Verdict, key: str, wanted: Any) -> bool:
    """Whether a verdict says what is wanted under a key of the corpus."""
    match key:
        case "outcome":
            return means(verdict.outcome, wanted)
        case "rule":
            return bool((verdict.rule.id if verdict.rule else "") == wanted)
        case "rules":
            return bool([rule.id for rule in verdict.rules] == wanted)
        case "values":
            return verdict.values.keys() == wanted.keys() and all(
                means(verdict.values[n], v) for n, v in wanted.items()
            )
        case "possible" | "missing" | "unsettled":
            return means(getattr(verdict, key), wanted)
        case "status":
            return bool(verdict.status == wanted)
        case _:
            raise KeyError(key)


def means(found: object, wanted: Any) -> bool:
    """Whether a value is the one that is written: money and times are written as texts."""
    match found:
        case tuple():
            return isinstance(wanted, list) and len(found) == len(wanted) and all(map(means, found, wanted))
        case Money():
            return bool(str(found) == wanted)
        case dt.timedelta():
            return isinstance(wanted, str) and found == dt.timedelta(seconds=float(parse_duration(wanted)))
        case bool() | str() | dt.date():
            return type(found) is type(wanted) and bool(found == wanted)
        case int() | Decimal():
            return not isinstance(wanted, bool | str) and bool(found == Decimal(str(wanted)))
        case _:
            return False
