"""A condition that is written out reads back as the same condition: parse(print(p)) == p."""

from __future__ import annotations

import copy
import datetime as dt
import os
from collections.abc import Sequence

import pytest
import tomli_w
from chooser import Chooser
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings, strategies as st
from reduction import Failure, Situation
from test_normal_form import Written, make_written

from evenhand import Policy, PolicyError
from evenhand.rules.words import condition_text

CASES = int(os.environ.get("EVENHAND_CASES", "20000"))
SEED = int(os.environ.get("EVENHAND_SEED", "2026"))


@st.composite
def written(draw: st.DrawFn) -> Written:
    return make_written(Chooser.drawing(draw))


def lost(policy: Policy, _: Sequence[Situation] = ()) -> str:
    """Return the terms and red lines that do not survive being written out and read again."""
    tree = policy.tree
    (document,) = policy.documents.values()
    table = copy.deepcopy(document.values)
    terms = {name: condition_text(term.condition, tree.currency) for name, term in tree.terms.items()}
    never = {guard.id: condition_text(guard.condition, tree.currency) for guard in tree.guards}
    table["terms"] = terms
    table["guard"] = [{"id": id_, "never": text} for id_, text in never.items()]
    try:
        again = Policy.loads(tomli_w.dumps(table)).tree
    except PolicyError as error:
        return f"{error}\n{terms}\n{never}"
    found = [f"{name}: {terms[name]}" for name, term in tree.terms.items() if again.terms[name].form != term.form]
    pairs = zip(tree.guards, again.guards, strict=True)
    return "\n".join([*found, *(f"{one.id}: {never[one.id]}" for one, two in pairs if one.form != two.form)])


@seed(SEED)
@settings(
    max_examples=max(CASES // 20, 1),
    deadline=None,
    database=None,
    phases=[Phase.generate],  # because a failure is made small here
    verbosity=Verbosity.quiet,  # because it is shown here as well
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(written())
def test_a_condition_written_out_reads_back_the_same(found: Written) -> None:
    if lost(found.policy):
        pytest.fail(Failure(found.table, (({}, dt.date(2026, 11, 21)),)).report(lost))


FACTS = """
[policy]
id = "written"

[facts.n]
type = "number"

[facts.note]
type = "text"

[facts.team]
one_of = ["red", "night shift", "not"]

[facts.due]
type = "date"

[facts.seen]
type = "datetime"

[terms]
grave = "injury or abuse = violent"
"""


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("injury", "injury"),
        ("injury = true", "injury"),
        ("not injury and abuse >= rude", "not injury and abuse >= rude"),
        ("not grave", "not grave"),
        ("50 USD >= loss", "loss <= 50 USD"),
        ("loss between 10 USD and 4_000.50 USD", "loss >= 10 USD and loss <= 4_000.50 USD"),
        ("abuse not in (rude, hostile)", "not (abuse in (rude, hostile))"),
        ("abuse in (rude) or abuse = violent", "abuse in (rude, violent)"),
        ("team = 'night shift' or team = 'not'", "team in ('night shift', 'not')"),
        ("note = \"it's\" or note contains '\"'", "note = 'it''s' or note contains '\"'"),
        ("note matches '^a''b$'", "note matches '^a''b$'"),
        ("exchange.steps_done contains listen", "exchange.steps_done contains 'listen'"),
        ("n - (2 - n) > -1.5", "n - (2 - n) > -1.5"),
        ("n - 2 - n > 10%", "(n - 2) - n > 0.1"),
        ("-n * 2 < n / (n - 1)", "(0 - n) * 2 < n / (n - 1)"),
        ("min(n, 3, abs(n - 1)) <= count(exchange.steps_done)", "min(n, 3, abs(n - 1)) <= count(exchange.steps_done)"),
        (
            "exchange.hours_open > 90 min and days_since(due) = 2",
            "exchange.hours_open > 90 min and days_since(due) = 2",
        ),
        ("due - 2026-11-01 >= 3 days", "due - 2026-11-01 >= 3 days"),
        ("seen + 36h < 2026-11-21 10:00", "seen + 36h < 2026-11-21T10:00:00Z"),
        ("(injury and (verified or grave)) or fault is not known", None),
    ],
)
def test_a_condition_is_written_out_like_this(text: str, again: str | None) -> None:
    """And reads back the same; where *again* is None, the wording is left open."""
    policy = Policy.loads(f"{FACTS}asked = {tomli_w.dumps({'a': text})[4:]}")
    assert not lost(policy)
    if again is not None:
        assert condition_text(policy.tree.terms["asked"].condition, "USD") == again
