"""The policy that `policy init` writes: the owner's answers, a rule to change, and tests of both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from ..engine.policy import Decision, Policy
from ..rules.currencies import MINOR_DIGITS
from ..rules.money import Money


@attrs.frozen
class Answers:
    """What the owner said. *base* is the policy that is extended, *rate* what one US dollar is worth in *currency*."""

    title: str
    base: str
    currency: str
    rate: str
    free_item: Money
    small_loss: Money
    desk_limit: Money
    viral_views: int
    ban_after: int


_WRONG_ORDER: Final = (
    'abuse = "none", fault = "business", channel = "in_person", loss = "{loss}", demand = "replacement", injury = false'
)
_AT_FAULT: Final = (
    'abuse = "{abuse}", fault = "customer", verified = true, loss = "{nothing}", demand = "{demand}", injury = {injury}'
)


_TEMPLATE: Final = """\
# {title}: what we do when a customer goes too far, or has been wronged.
#
# This is a policy. Lines that begin with # are notes for people; the rest is read by the engine. Change something,
# save, and see what it does:
#
#   policy check {file}     is it sound?
#   policy test {file}      do the cases at the end come out as expected?
#   policy show {file}      all of it in plain English, with every rule of `{base}`
#   policy ask {file}       decide about something that is happening now

[policy]
id       = {id}
title    = {quoted_title}
version  = "1"
currency = {quoted_currency}
extends  = ["{base}"]   # everything that is not said here is as in `{base}`
{rates}
# The numbers. Each of them is used by rules of `{base}`; change it here, and they all follow.

[parameters]
small_loss  = {small_loss}   # an honest loss up to this is paid back at once, without argument
desk_limit  = {desk_limit}   # above this the manager signs
viral_views = {viral_views}   # a film seen as often as this has gone viral
ban_after   = {ban_after}   # incidents in a year, after which another scene means a ban
free_item   = {free_item}   # our own: the dearest thing that we make again without asking

# Rules of our own. They are asked before those of `{base}`, from the top; for each decision the first that holds decides.
#   when     what must be so. Facts: `policy ask {file}` shows them one by one, `policy show` all that are used
#   unless   what must not be so
#   then     what is decided: refund (deny, replace, credit, partial, full), defend (no, privately, publicly),
#            walk_away (stay, pause, warn, end, ban), insurance (no, prepare, notify)
#   oblige   duties that come with it, from the list below
#   because  the reason; the person at the desk reads it

[[rule]]
id      = "make-it-again"
title   = "A wrong order is made again, at once"
when    = "channel = in_person and fault = business and loss <= free_item and abuse <= rude"
unless  = "injury or legal.filed"
then.refund = "replace"
oblige  = ["note-the-mistake"]
because = "It costs less than finding out who said what."

# The same in the other form, a line a fact. Take the # away to use it.
#
# [[rule]]
# id = "regulars-are-believed"
# when.history.months_known = ">= 24"
# when.abuse                = "none, rude"
# when.fault                = "business, shared"
# when.demand               = "refund"
# then.refund        = "full"
# then.refund_amount = "loss"
# because = "They would not have come back for two years to cheat us now."

# Duties: what is to be done, by when, and by whom.

[obligations.note-the-mistake]
title  = "Write down what went wrong, so that it happens once"
within = "24h"
by     = "shift lead"

# A red line: what must never be decided, whatever the rules say. Where it would be, a human decides.

[[guard]]
id      = "nothing-for-threats"
never   = "refund >= credit and abuse >= threatening"
because = "Nobody is paid for a threat."

# Tests: incidents, and what must come out. `policy test` runs them; write one for everything that matters to you.
"""


def starter(answers: Answers, file: str) -> str:
    """Return the text of a policy; its tests expect what it decides."""
    base = _TEMPLATE.format(**_words(answers, file))
    policy = Policy.loads(base)
    return base + "".join(_test(policy, name, facts) for name, facts in _cases(answers))


def _cases(answers: Answers) -> Iterator[tuple[str, str]]:
    """Yield the incidents of the tests: a name, and the facts as TOML."""
    nothing, more = Money(0, answers.currency), Money(answers.free_item.minor + 1, answers.currency)
    yield "A wrong order is made again", _WRONG_ORDER.format(loss=answers.free_item)
    yield "A little more, and it is not for this rule", _WRONG_ORDER.format(loss=more)
    rant = _AT_FAULT.format(abuse="hostile", nothing=nothing, demand="apology", injury="false")
    yield "A rant that is filmed and goes viral", f"{rant}, virality = {{ views = {answers.viral_views:_} }}"
    yield (
        "Somebody hits the person at the till",
        _AT_FAULT.format(abuse="violent", nothing=nothing, demand="none", injury="true"),
    )


def _words(answers: Answers, file: str) -> dict[str, str]:
    amounts = {name: _quoted(str(getattr(answers, name))) for name in ("small_loss", "desk_limit", "free_item")}
    rates = (
        f'\n[rates]\nUSD = "{answers.rate}"   # what one US dollar is worth in {answers.currency}\n'
        if answers.rate
        else ""
    )
    numbers = {"viral_views": f"{answers.viral_views:_}", "ban_after": f"{answers.ban_after}"}
    width = max(len(text) for text in (*amounts.values(), *numbers.values()))
    return {
        "title": " ".join(answers.title.split()),
        "quoted_title": _quoted(answers.title),
        "id": _quoted(slug(answers.title)),
        "file": file,
        "base": answers.base,
        "quoted_currency": _quoted(answers.currency),
        "rates": rates,
        **{name: text.ljust(width) for name, text in {**amounts, **numbers}.items()},
    }


def _test(policy: Policy, name: str, facts: str) -> str:
    import tomllib

    decision = policy.decide(tomllib.loads(f"given = {{ {facts} }}")["given"])
    expect = ", ".join(f'{verdict.decision} = "{verdict.outcome}"' for verdict in decision)
    rules = ', rules = ["make-it-again"]' if _is_ours(decision) else ""
    return f'\n[[test]]\nname   = "{name}"\ngiven  = {{ {facts} }}\nexpect = {{ {expect}{rules} }}\n'


def _is_ours(decision: Decision) -> bool:
    rule = decision["refund"].rule
    return rule is not None and rule.id == "make-it-again"


def _quoted(text: str) -> str:
    from tomli_w import dumps

    return dumps({"v": text}).removeprefix("v = ").rstrip("\n")


def slug(title: str) -> str:
    """
    Return an id for a title.

    >>> slug("The Corner Café, Ltd.")
    'the-corner-cafe-ltd'
    """
    from unicodedata import normalize

    plain = normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "our-policy"


def defaults(base: str, currency: str, rate: str) -> Mapping[str, Any]:
    """Return the numbers of the policy that is extended, amounts in the owner's own currency."""
    text = f'[policy]\nid = "x"\ncurrency = "{currency}"\nextends = ["{base}"]\n' + (
        f'[rates]\nUSD = "{rate}"\n' if rate else ""
    )
    parameters = Policy.loads(text).tree.parameters
    found: dict[str, Any] = {"free_item": Money.of(6 if MINOR_DIGITS[currency] else 600, currency)}
    for name in ("small_loss", "desk_limit"):
        value = parameters[name].value
        assert not isinstance(value, str | tuple)
        found[name] = Money(round(value), currency)
    found.update((name, parameters[name].value) for name in ("viral_views", "ban_after"))
    return found
