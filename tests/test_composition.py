"""What an extending policy does to those that it extends: order, replacing by id, switching off, overriding."""

from pathlib import Path

import pytest

from evenhand import Policy, PolicyError

BASE = """
[policy]
id = "base"
currency = "USD"
[parameters]
small = "50 USD"
lines = ["liability", "interruption"]
[[rule]]
id = "first"
when = "loss <= small"
then.refund = "full"
[[rule]]
id = "second"
when = "loss > small"
then.refund = "partial"
[[rule]]
id = "insured"
when = "injury"
then.insurance = "notify"
then.insurance_lines = "lines"
"""


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text)


def ids(policy: Policy) -> list[str]:
    return [rule.id for rule in policy.tree.rules]


def extending(id_: str, *bases: str, rules: str = "") -> str:
    listed = ", ".join(f'"./{base}.toml"' for base in bases)
    return f'[policy]\nid = "{id_}"\nextends = [{listed}]\n{rules}'


def rule(id_: str, then: str = 'then.refund = "deny"') -> str:
    return f'[[rule]]\nid = "{id_}"\n{then}\n'


def test_own_rules_stand_before_extended_ones_and_a_replaced_rule_where_it_stood(tmp_path: Path) -> None:
    """The owner's rules come first; one with the id of an extended rule takes that rule's place."""
    own = rule("own") + rule("second")
    write(tmp_path, base=BASE, cafe=extending("cafe", "base", rules=own))
    policy = Policy.load(tmp_path / "cafe.toml")
    assert ids(policy) == ["own", "first", "second", "insured"]
    assert policy.tree.rules[2].origin.document.endswith("cafe.toml")


def test_each_policy_stands_before_all_that_it_extends(tmp_path: Path) -> None:
    """A diamond: what two extended policies share comes after both, and once, whatever the order in which they are listed."""
    write(
        tmp_path,
        base=BASE,
        left=extending("left", "base", rules=rule("left-rule")),
        cafe=extending("cafe", "base", "left", rules=rule("own")),
    )
    assert ids(Policy.load(tmp_path / "cafe.toml")) == ["own", "left-rule", "first", "second", "insured"]


def test_a_parameter_is_overridden_and_a_list_parameter_is_a_value(tmp_path: Path) -> None:
    """A knob turned by the extending policy holds in the extended rules; a list value may be the name of a list parameter."""
    write(tmp_path, base=BASE, cafe=extending("cafe", "base", rules='[parameters]\nsmall = "10 USD"\n'))
    policy = Policy.load(tmp_path / "cafe.toml")
    decision = policy.decide({"loss": "20 USD", "injury": True})
    assert decision.refund.outcome == "partial"
    assert decision.insurance.values == {"insurance_lines": ("liability", "interruption")}


def test_a_rule_is_switched_off_with_a_reason(tmp_path: Path) -> None:
    """Switching off takes a reason, and a rule that exists."""
    off = '[[rule]]\nid = "first"\nenabled = false\nbecause = "we never do"\n'
    write(tmp_path, base=BASE, cafe=extending("cafe", "base", rules=off))
    policy = Policy.load(tmp_path / "cafe.toml")
    assert ids(policy) == ["second", "insured"]
    assert [(switch.id, switch.because) for switch in policy.tree.switched_off] == [("first", "we never do")]
    write(tmp_path, cafe=extending("cafe", "base", rules='[[rule]]\nid = "frist"\nenabled = false\n'))
    with pytest.raises(PolicyError) as caught:
        Policy.load(tmp_path / "cafe.toml")
    assert [(d.code, d.suggestion) for d in caught.value.diagnostics] == [
        ("switch-without-reason", ""),
        ("unknown-rule", "first"),
    ]
