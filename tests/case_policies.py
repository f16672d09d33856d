"""Two policies with everything that can be said of cases: one that extends, replaces and switches off, and what it extends."""

from __future__ import annotations

from pathlib import Path

from evenhand import Policy

BASE = """
[policy]
id = "base"
title = "What every branch does"

[parameters]
seen_by_many = 1_000

[facts.pile_on]
type = "boolean"
assume = false
[facts.silent]
type = "boolean"
assume = false
[facts.loudest]
type = "integer"
assume = 0

[calendar]
time_zone = "Europe/London"
open = { weekdays = "08:00-18:00" }

[events.chargeback_opened]
title = "The bank took the money back"
about = "the customer's bank has opened a chargeback"
fields = { amount = "money", reason = { one_of = ["fraud", "goods"] } }

[events.shelf_checked]
fields = { found = "boolean" }

[[pattern]]
id = "pile-on"
title = "Several people at once"
within = "24h"
learn = { pile_on = true, loudest = "first.views * 2" }
because = "One angry post is a customer; three are a story."
[[pattern.events]]
kind = "post_seen"
as = "first"
where = "views > seen_by_many"
[[pattern.events]]
kind = "post_seen"
where = "views > seen_by_many and author != first.author"
count = 2
distinct = "author"

[[pattern]]
id = "silence"
learn.silent = true
when = "abuse < hostile"
[[pattern.events]]
kind = "message_received"
as = "question"
[[pattern.events]]
kind = "message_sent"
where = "channel = question.channel"
absent_for = "2h"

[[pattern]]
id = "bank"
[[pattern.events]]
kind = "chargeback_opened"
where = "amount >= 50 USD and reason = fraud"

[[pattern]]
id = "bank-twice"
within = "30 days"
unless = "pile_on"
source = "The card scheme's rules, 2026"
learn.history.chargebacks_12m = 2
[[pattern.events]]
pattern = "bank"
count = 2

[plans.calm]
title = "Calm first, money last"
about = "The same order every time, so that nobody has to invent one."
unless = "injury"
[[plans.calm.steps]]
do = "listen"
title = "Hear them out, without a word of your own"
within = "30 min"
[[plans.calm.steps]]
do = "thank"
when = "abuse < hostile"
[[plans.calm.steps]]
do = "propose"
needs = ["look-at-shelf", "listen"]

[plans.stock]
[[plans.stock.steps]]
do = "look-at-shelf"
title = "Look whether there is another one"

[replies]
longest = 280
most = 3
cool_off = "30 min"
[[replies.never]]
id = "admits-liability"
phrases = ["our fault", "we are liable"]
because = "It can be read as an admission."
instead = "We are sorry that this happened to you, and we are looking into it."
[[replies.never]]
id = "threatens"
phrases = ["my lawyer"]
patterns = ["(?i)see you in court"]
because = "A threat makes the next post."

[monitoring]
when = "walk_away >= end"
length = "14 days"
reopen = "virality.views_per_hour >= 10_000"

[obligations.call-owner]
title = "Call the owner"
within = "2h"
by = "shift lead"
hours = "business"

[obligations.tell-insurer]
title = "Tell the insurer"
within = "24h"
discharged_by = ["insurer_notified"]

[[rule]]
id = "pile"
when = "pile_on"
then.walk_away = "end"
oblige = ["call-owner"]
[[rule]]
id = "hurt"
when = "injury"
then.insurance = "notify"
oblige = ["tell-insurer"]
[[rule]]
id = "quiet"
when = "silent or loudest > 100 or history.chargebacks_12m > 1"
then.defend = "privately"

[[story]]
name = "Not the extending policy's"
[[story.events]]
kind = "message_received"
expect = { status = "open" }
"""
OWN = """
[policy]
id = "own"
title = "One branch"
extends = ["./base.toml"]

[decisions.walk_away]
default = "stay"
[decisions.refund]
default = "deny"
[decisions.defend]
default = "no"
[decisions.insurance]
default = "no"

[calendar]
time_zone = "America/New_York"
open = { weekdays = "09:00-12:30, 13:30-17:00", saturday = "10:00-14:00" }
holidays = [2026-11-26, 2026-12-25]

[events.shelf_checked]
about = "somebody looked whether there is another one"
fields = { found = "boolean", "by" = "text" }

[[pattern]]
id = "bank"
enabled = false
because = "Our bank does not tell us."

[[pattern]]
id = "bank-twice"
enabled = false
because = "See above."

[[pattern]]
id = "silence"
title = "Nobody answered"
learn.silent = true
[[pattern.events]]
kind = "message_received"
[[pattern.events]]
kind = "message_sent"
absent_for = "4h"

[plans.stock]
title = "Our own shelf"
[[plans.stock.steps]]
do = "look-at-shelf"
within = "10 min"

[replies]
most = 2
[[replies.never]]
id = "threatens"
phrases = ["my lawyer", "my brother"]
because = "We do not do that."

[obligations.tell-insurer]
title = "Tell our insurer"
within = "8h"
hours = "business"
discharged_by = ["insurer_notified", "evidence_added"]

[[story]]
name = "A rant that grows"
opened = 2026-11-20T10:00:00Z
given = { abuse = "rude" }
expect = { status = "monitored", patterns = ["pile-on"] }
[[story.events]]
kind = "post_seen"
author = "ann"
post = "a"
views = 2_000
expect = { walk_away = "stay", patterns = [] }
[[story.events]]
after = "1h"
kind = "post_seen"
author = "bob"
post = "b"
views = 3_000
[[story.events]]
after = "2h"
kind = "post_seen"
author = "cy"
post = "c"
views = 4_000
expect = { walk_away = "end", facts = { pile_on = true, loudest = 4_000 }, open = ["call-owner"] }

[[story]]
name = "Nobody answers"
given = { injury = false }
[[story.events]]
kind = "message_received"
[[story.events]]
after = "4h"
expect = { facts = { silent = true }, defend = "privately", next_steps = ["listen"], breached = ["listen"] }
"""


def written(folder: Path, own: str = OWN, base: str = BASE) -> Path:
    """Write both policies into a folder, and return where the extending one is."""
    (folder / "base.toml").write_text(base, encoding="utf-8")
    (folder / "own.toml").write_text(own, encoding="utf-8")
    return folder / "own.toml"


def loaded(folder: Path, own: str = OWN, base: str = BASE) -> Policy:
    """Load the extending policy."""
    return Policy.load(written(folder, own, base))
