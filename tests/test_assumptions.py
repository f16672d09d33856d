"""Which assumptions a decision rests on."""

from evenhand import Policy

POLICY = Policy.loads("""
[policy]
id = "assuming"
[facts.injury]
assume = false
[facts.vulnerable]
assume = false
[facts.note]
type = "text"
assume = "none"
[decisions.insurance]
default = "no"
[[rule]]
id = "hurt"
when = "injury"
then.insurance = "notify"
[[rule]]
id = "fragile-and-threatened"
when = "vulnerable and legal.threatened"
then.insurance = "prepare"
[[rule]]
id = "odd"
when = "note = 'odd' and loss > 10 USD"
then.refund = "deny"
""")


def test_only_assumptions_that_bear_on_the_decision_are_named() -> None:
    """Without `injury = false` the insurer might have to be told; `vulnerable` matters only where somebody threatens to sue."""
    calm = POLICY.decide({"legal.threatened": False, "loss": 5})
    assert calm.assumed == ("injury",)
    assert calm.judgement.assumed == ("injury", "vulnerable", "note")
    threatened = POLICY.decide({"legal.threatened": True, "loss": 5})
    assert threatened.assumed == ("injury", "vulnerable")


def test_an_assumed_text_bears_where_another_text_would_have_decided() -> None:
    """Free text may be anything when nobody said it: the rule that names a text might then have matched."""
    assert POLICY.decide({"legal.threatened": False, "loss": 50}).assumed == ("injury", "note")


def test_what_is_handed_in_is_not_assumed() -> None:
    """A fact that somebody stated rests on nobody's assumption."""
    stated = {"injury": False, "vulnerable": False, "note": "fine", "legal.threatened": True, "loss": 50}
    assert POLICY.decide(stated).assumed == ()
