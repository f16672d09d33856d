"""What a policy file may contain: every table and key, said once. Loading, the JSON Schema and the reference read it here."""

from __future__ import annotations

from typing import Final

import attrs

from .takes import Takes


@attrs.frozen
class Key:
    """
    A key of a table: what it takes and what it is for.

    One that takes tables has them described in *of*; without it they may have any keys, which whoever reads them checks.
    """

    name: str
    takes: Takes
    about: str
    required: bool = False
    of: Table | None = None


@attrs.frozen
class Table:
    """
    A kind of table.

    *repeated* tables are written `[[rule]]`, *named* ones `[obligations.NAME]`; an *open* table takes names of the owner's
    choice, each with a value of that kind.
    """

    name: str
    about: str
    keys: tuple[Key, ...] = ()
    repeated: bool = False
    named: bool = False
    open: Takes | None = None

    @property
    def written(self) -> str:
        """How its header is written."""
        return f"[[{self.name}]]" if self.repeated else f"[{self.name}.NAME]" if self.named else f"[{self.name}]"

    def key(self, name: str) -> Key | None:
        """Return the key of that name, if the table has it."""
        return next((key for key in self.keys if key.name == name), None)


_ID = Key("id", "text", "a stable, unique name in kebab-case", required=True)
_TITLE = Key("title", "text", "a short name for people")
_BECAUSE = Key("because", "text", "the reason, in the owner's words")
_SOURCE = Key("source", "text", "where a fact or a figure comes from")
_ENABLED = Key("enabled", "boolean", "false switches off what an extended policy brought; say `because` as well")
_REASONS = (_BECAUSE, _SOURCE, _ENABLED)

ALLOW: Final = Table(
    "allow",
    "A finding of `policy verify` that is meant to be so; it stands on what the finding blames, and lapses.",
    (
        Key("finding", "text", "the code of the finding, such as `shadowed-rule`", required=True),
        Key("because", "text", "why it is meant to be so", required=True),
        Key(
            "until",
            "date",
            "the last day on which it is left out; from the next day on it is found again",
            required=True,
        ),
        Key("rule", "text", "only where the finding names this rule as well"),
        Key("decision", "text", "only what is found about this decision"),
        Key("name", "text", "only what is found about the fact, parameter, outcome or obligation of this name"),
    ),
    repeated=True,
)
_ALLOW = Key("allow", "tables", "findings of `policy verify` that are meant to be so", of=ALLOW)

_STEP: Final = Table(
    "steps",
    "One step of a plan.",
    (
        Key("do", "text", "a name for the step, such as `listen`", required=True),
        _TITLE,
        Key("within", "text", "how long it may take once it is the next"),
        Key("when", "condition", "the step is left out where this does not hold"),
        Key("unless", "condition", "and where this does"),
        Key("needs", "list of text", "steps that must be done before, of this plan or another"),
        Key("brings", "list of text", "kinds of events that taking it brings about, such as `payment_made`"),
    ),
    repeated=True,
)
_ELEMENT: Final = Table(
    "events",
    "One event of a pattern.",
    (
        Key("kind", "text", "the kind of event"),
        Key("pattern", "text", "instead of a kind: the match of another pattern, by its id"),
        Key("as", "text", "a name by which later events, and `learn`, speak of it"),
        Key("where", "condition", "what must hold of its fields; `first.author` is a field of the event named `first`"),
        Key("count", "number", "how many such events, one after another"),
        Key("distinct", "text", "the field in which all of these must differ"),
        Key("absent_for", "text", "as the last: no such event comes for this long"),
    ),
    repeated=True,
)
_BAN: Final = Table(
    "never",
    "What no reply may say.",
    (
        Key("id", "text", "a name in kebab-case, such as `admits-liability`", required=True),
        Key("phrases", "list of text", "words in a row, whatever their case"),
        Key("patterns", "list of text", "patterns, as after `matches`"),
        Key("because", "text", "why not", required=True),
        Key("instead", "text", "what may be written instead"),
        _SOURCE,
    ),
    repeated=True,
)

TABLES: Final[tuple[Table, ...]] = (
    Table(
        "policy",
        "The policy itself: who it is, in what currency, from when, and what it builds on.",
        (
            Key("id", "text", "a stable name in kebab-case", required=True),
            _TITLE,
            Key("version", "text", "the version of this text, such as `2026.11`"),
            Key("about", "text", "what the policy is for, in a few sentences"),
            Key("currency", "text", "ISO 4217; what an amount without a currency means"),
            Key("effective", "date", "the first day on which the policy is in force"),
            Key("expires", "date", "the first day on which it no longer is"),
            Key(
                "extends",
                "list of text",
                "policies that this one builds on: ids of shipped packs, or paths like `./regional.toml`",
            ),
            Key("jurisdiction", "text", "where its legal facts hold, such as `US` or `UK`"),
            Key("review_by", "date", "the day by which somebody should look at its facts again"),
            _ALLOW,
        ),
    ),
    Table(
        "rates", "What one unit of another currency is worth in the policy's own, stated by the owner.", open="literal"
    ),
    Table("parameters", "The knobs an owner turns: names for amounts, numbers, words.", open="literal"),
    Table(
        "facts",
        "Facts of the owner's own; for a built-in fact, what to assume where it is missing.",
        (
            Key("type", "text", "number, integer, money, text, boolean, date, datetime, duration or list of text"),
            Key("scale", "list of text", "ordered words, least first"),
            Key("one_of", "list of text", "the only texts allowed"),
            Key("min", "literal", "the least value allowed"),
            Key("max", "literal", "the greatest value allowed"),
            Key("unit", "text", "what a bare number counts, such as `hours`"),
            Key("ask", "text", "the question to ask the person at the desk"),
            Key("about", "text", "what the fact means"),
            Key("assume", "literal", "the value to take where the fact is missing"),
            _ALLOW,
        ),
        named=True,
    ),
    Table("terms", "Words for conditions that several rules use.", open="condition"),
    Table(
        "decisions",
        "The questions that the policy answers; four are built in.",
        (
            Key("outcomes", "outcomes", "words, least first; or the name of a type, for open outcomes"),
            Key("hit_policy", "text", "how rules that match together are combined; `first` unless said otherwise"),
            Key("default", "any", "the outcome where no rule has decided; without it the decision refers to a human"),
            Key("values", "table", "further values that go with an outcome: a name and a type each"),
            _TITLE,
            Key("about", "text", "what is decided"),
            _ALLOW,
        ),
        named=True,
    ),
    Table(
        "rule",
        "One rule: when it holds, what follows.",
        (
            _ID,
            _TITLE,
            Key("when", "condition", "the condition; a rule without one always matches"),
            Key("unless", "condition", "and not this"),
            Key("then", "table", "outcomes and values, by decision"),
            Key("oblige", "list of text", "obligations that come with the rule"),
            *_REASONS,
            _ALLOW,
        ),
        repeated=True,
    ),
    Table(
        "table",
        "A decision table: its rows become rules `ID/1`, `ID/2`, and so on.",
        (
            _ID,
            _TITLE,
            Key("columns", "list of text", "facts, then `=> decision` or `=> value`, and `because`", required=True),
            Key("rows", "list of rows", "one list a row, one cell a column; `-` means any", required=True),
            Key("unless", "condition", "and not this, for every row"),
            Key("oblige", "list of text", "obligations that come with every row"),
            *_REASONS,
            _ALLOW,
        ),
        repeated=True,
    ),
    Table(
        "guard",
        "A red line over outcomes and facts.",
        (
            _ID,
            _TITLE,
            Key("never", "condition", "what must never hold"),
            *_REASONS,
            _ALLOW,
        ),
        repeated=True,
    ),
    Table(
        "independent",
        "Facts that a decision must not depend on.",
        (
            Key("id", "text", "a stable, unique name in kebab-case, for those who extend the policy"),
            _TITLE,
            Key("decision", "text", "the decision that must not depend on them"),
            Key("decisions", "list of text", "several decisions that must not"),
            Key("of", "list of text", "the facts, or groups of facts like `history`", required=True),
            *_REASONS,
            _ALLOW,
        ),
        repeated=True,
    ),
    Table(
        "obligations",
        "Duties that come with rules.",
        (
            Key("title", "text", "what is to be done", required=True),
            Key("within", "text", "by when, as a length of time like `4h`"),
            Key("by", "text", "who does it"),
            Key("hours", "text", "`business` where only business hours count towards the deadline; `all` otherwise"),
            Key("discharged_by", "list of text", "what discharges it in a case: kinds of events, steps of plans"),
            Key("lasting", "boolean", "true where a case owes it until it is done, whatever is decided later"),
            _BECAUSE,
            _SOURCE,
            _ALLOW,
        ),
        named=True,
    ),
    Table(
        "test",
        "One of the owner's own cases, run by `policy test`.",
        (
            Key("name", "text", "what the case is about", required=True),
            Key("given", "table", "the facts of the incident", required=True),
            Key("expect", "table", "what must be decided", required=True),
            Key("as_of", "date", "the day of the decision; today unless said otherwise"),
            Key("confirmed", "boolean", "false: written by `policy test --generate`, and nobody has read it yet"),
        ),
        repeated=True,
    ),
    Table(
        "calendar",
        "Business hours: when somebody is there, for deadlines that count these hours only.",
        (
            Key("time_zone", "text", "a name from the IANA list, such as `America/New_York`", required=True),
            Key(
                "open",
                "table",
                "hours by day, such as `weekdays` from 09:00-17:30; other days are closed",
                required=True,
            ),
            Key("holidays", "list of dates", "days on which nobody is there"),
        ),
    ),
    Table(
        "events",
        "Kinds of events of the owner's own, beside the built-in ones.",
        (
            Key("title", "text", "what has happened, for people"),
            Key("about", "text", "what the kind means"),
            Key("fields", "table", "what an event of the kind may say: a name and a type each"),
        ),
        named=True,
    ),
    Table(
        "plans",
        "What to do in a case, step by step.",
        (
            _TITLE,
            Key("about", "text", "what the plan is for"),
            Key("when", "condition", "when the plan applies; always without it"),
            Key("unless", "condition", "and not this"),
            Key("steps", "tables", "the steps, in order", required=True, of=_STEP),
        ),
        named=True,
    ),
    Table(
        "pattern",
        "Events of one case that mean something together, and the facts that follow.",
        (
            _ID,
            _TITLE,
            Key("events", "tables", "the events, in the order in which they happen", required=True, of=_ELEMENT),
            Key("within", "text", "the longest time from the first event to the last"),
            Key("when", "condition", "what must hold of the case when the last event comes"),
            Key("unless", "condition", "and not this"),
            Key("learn", "table", "facts of the case that follow, each with its value"),
            Key("forbidden", "boolean", "true where this must never happen; `policy verify --orders` looks for a way"),
            *_REASONS,
        ),
        repeated=True,
    ),
    Table(
        "replies",
        "How we may write to the customer.",
        (
            Key("longest", "number", "the most characters of one reply"),
            Key("most", "number", "how many replies we send before we stop"),
            Key("cool_off", "text", "how long we wait between two replies"),
            Key("never", "tables", "what no reply may say", of=_BAN),
        ),
    ),
    Table(
        "monitoring",
        "How a case is watched once we have walked away.",
        (
            Key("when", "condition", "from which outcomes on it is watched, such as `walk_away >= end`", required=True),
            Key("length", "text", "for how long", required=True),
            Key("reopen", "condition", "what must hold of the case for it to be opened again", required=True),
        ),
    ),
    Table(
        "story",
        "A case as it unfolds, with what must hold after each event; run by `policy test`.",
        (
            Key("name", "text", "what the story is about", required=True),
            Key("opened", "moment", "when the case begins, such as 2026-11-20T10:00:00Z"),
            Key("given", "table", "the facts with which it begins"),
            Key("events", "tables", "the events: `after`, `kind`, the event's own fields, and `expect`", required=True),
            Key("expect", "table", "what must hold at the end"),
        ),
        repeated=True,
    ),
)
BY_NAME: Final = {table.name: table for table in TABLES}
