"""Reading what a policy says of cases: every key wrong, everything wrong at once, hostile sizes, names that are not there."""

from __future__ import annotations

import json
import time
import tomllib
import tracemalloc
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from case_policies import BASE, OWN, loaded
from specimens import in_text

from evenhand.rules.diagnostics import Diagnostic
from evenhand.rules.json_schema import policy_schema
from evenhand.rules.shape import BY_NAME, Key
from evenhand.rules.takes import Takes
from evenhand.rules.toml_writer import written_value

RULE = '[policy]\nid = "cafe"\n[[rule]]\nid = "first"\nthen.refund = "deny"\n'
OF_CASES = ("calendar", "events", "plans", "pattern", "replies", "monitoring", "story")
#: A value of the wrong kind for whatever a key takes.
WRONG: dict[Takes, object] = {
    "text": 7,
    "boolean": "yes",
    "table": "none",
    "condition": 7,
    "number": 0,
    "list of text": 7,
    "list of dates": ["soon"],
    "moment": "soon",
    "tables": "none",
}


def found_in(text: str) -> list[tuple[str, str]]:
    return [(found.code, found.suggestion) for found in in_text(RULE + text)]


def codes(text: str) -> list[str]:
    return [code for code, _ in found_in(text)]


def every_key() -> list[tuple[str, str, Key]]:
    """Return the keys of all tables of cases, each with its table's header, those inside others included."""
    found: list[tuple[str, str, Key]] = []
    for name in OF_CASES:
        table = BY_NAME[name]
        header = table.written.replace("NAME", "one")
        found += [(name, header, key) for key in table.keys]
        for key in table.keys:
            inner = f"[[{header.strip('[]')}.{key.name}]]"
            found += [(name, inner, item) for item in (key.of.keys if key.of else ())]
    return found


@pytest.mark.parametrize(("name", "header", "key"), every_key(), ids=lambda part: getattr(part, "name", part))
def test_a_wrong_value_is_found_at_its_key(name: str, header: str, key: Key) -> None:
    outer = f"[[{name}]]\n" if header.count(".") == 1 and BY_NAME[name].repeated else ""
    text = f"{RULE}{outer}{header}\n{key.name} = {written_value(WRONG[key.takes])}\n"
    wrong = [found for found in in_text(text) if found.code == "wrong-kind"]
    assert any(key.name in found.place.path for found in wrong), [str(found) for found in in_text(text)]
    assert {found.location.line for found in wrong if found.location} == {text.count("\n")}


def test_everything_wrong_is_found_in_one_run() -> None:
    """Mistakes in one table do not hide those in another."""
    found = codes("""
[calendar]
time_zone = "Mars/Olympus"
open = { monday = "9-5" }
[events.odd]
fields = { at = "text", size = "colour" }
[[pattern]]
id = "a"
within = "soon"
learn = { exchange = { replies_sent = "many" }, virality.vews = 3, abuse = "rood", virality.shares = -1 }
[[pattern.events]]
kind = "post_seen"
where = "viewz > 3"
[plans.b]
when = "abuse >= rood"
[[plans.b.steps]]
do = "listen"
within = "-2h"
needs = ["lisen"]
[replies]
cool_off = "soon"
[[replies.never]]
id = "c"
patterns = ["("]
because = "d"
[monitoring]
when = "refnd = deny"
length = "0h"
reopen = "virality.vews > 3"
[[story]]
name = "e"
[[story.events]]
kind = "post_sen"
expect = { refund = "ful", facts = { loss = true } }
""")
    expected = {
        "unknown-time-zone",
        "bad-hours",
        "reserved-name",
        "unknown-type",
        "unknown-field",
        "off-scale",
        "unknown-step",
        "bad-pattern",
        "unknown-event",
        "unknown-fact",
        "out-of-range",
        "deadline-in-the-past",
        "bad-value",
        "unknown-name",
    }
    assert expected - set(found) == set()
    assert len(found) >= 18


# --- names of events and their fields --------------------------------------------------------------------------------

TWO = """[[pattern]]
id = "a"
{learn}
[[pattern.events]]
kind = "post_seen"
as = "first"
[[pattern.events]]
kind = "message_sent"
where = "{where}"
"""


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("text != first.text", []),
        ("txt contains 'x'", [("unknown-field", "text")]),
        ("author != frist.author", [("unnamed-event", "first.author")]),
        ("author != first.autor", [("unknown-field", "first.author")]),
        ("views > 3", [("unknown-field", "first.views")]),
        ("first.views > thrd.views", [("unnamed-event", "first.views")]),
        ("channel = frist.channel", [("unnamed-event", "channel")]),
        ("channel = emial", [("off-scale", "email")]),
        ("author = ann", [("unquoted-text", "")]),
        ("loss > 5 USD", [("unknown-field", "")]),
        ("first.views > 'x'", [("type-mismatch", "")]),
    ],
)
def test_a_condition_on_events_speaks_of_fields(where: str, found: list[tuple[str, str]]) -> None:
    assert found_in(TWO.format(learn="", where=where)) == found


def test_a_field_of_another_event_is_named_with_its_kind() -> None:
    (found,) = in_text(RULE + TWO.format(learn="", where="author != first.autor"))
    assert found.message == "events of the kind `post_seen` have no field `autor`"


@pytest.mark.parametrize(
    ("learn", "found"),
    [
        ('learn.virality.views = "first.views + 1"', []),
        ('learn.virality.views = "first.viewz"', [("unknown-field", "first.views")]),
        ('learn.virality.views = "views"', [("unnamed-event", "first.views")]),
        ('learn.virality.views = "second.views"', [("unnamed-event", "first.views")]),
        ("learn.virality.vews = 3", [("unknown-fact", "virality.views")]),
        ("learn.virality.views = true", [("wrong-type", "")]),
        ("learn.virality.views = -1", [("out-of-range", "")]),
        ('learn.virality.views = "first.author"', [("wrong-result", "")]),
        ('learn.abuse = "rood"', [("off-scale", "")]),
        ('learn.abuse = { any_of = ["rude", "hostile"] }', [("bad-value", "")]),
        ("learn.virality = 3", [("not-a-group", "")]),
    ],
)
def test_what_is_learned_is_checked_like_any_fact(learn: str, found: list[tuple[str, str]]) -> None:
    assert found_in(TWO.format(learn=learn, where="author = 'us'")) == found


# --- what can never come about ---------------------------------------------------------------------------------------


def patterns(**waits: str) -> str:
    return "".join(f'[[pattern]]\nid = "{name}"\n[[pattern.events]]\n{event}\n' for name, event in waits.items())


def test_patterns_in_a_circle_are_refused_once() -> None:
    ring = patterns(a='pattern = "b"', b='pattern = "c"', c='pattern = "a"', d='pattern = "a"')
    (found,) = in_text(RULE + ring)
    assert (found.code, found.message) == ("cycle-in-patterns", "these patterns wait for one another: a → b → c → a")
    assert codes(patterns(a='pattern = "a"')) == ["cycle-in-patterns"]
    assert codes(patterns(a='kind = "post_seen"', b='pattern = "a"\ncount = 2', c='pattern = "b"')) == []


def test_a_pattern_may_wait_for_the_absence_of_one_that_waits_for_it() -> None:
    absent = 'kind = "post_seen"\n[[pattern.events]]\npattern = "b"\nabsent_for = "2h"'
    assert codes(patterns(a=absent, b='pattern = "a"')) == []


STEP = '[[plans.a.steps]]\ndo = "{do}"\n{more}\n'


def test_a_step_whose_turn_never_comes_is_reported() -> None:
    one, two = STEP.format(do="one", more='needs = ["two"]'), STEP.format(do="two", more="")
    assert codes(one + two) == ["unreachable-step"]
    assert codes(two + one) == []
    assert codes(two.replace("plans.a", "plans.b") + one) == []
    ring = one + STEP.format(do="two", more='needs = ["one"]').replace("plans.a", "plans.b")
    assert codes(ring) == ["unreachable-step", "unreachable-step"]
    never = STEP.format(do="one", more='when = "loss > 5 USD and loss < 2 USD"')
    (found,) = in_text(RULE + never)
    assert found.message == "the turn of step `one` of plan `a` never comes: its condition can never hold"
    plan = '[plans.a]\nwhen = "loss > 5 USD"\n' + STEP.format(do="one", more='when = "loss < 2 USD"')
    (found,) = in_text(RULE + plan)
    assert found.message.endswith("its condition can never hold where the plan's does")


LEARNS = '[facts.x]\ntype = "boolean"\n{more}\n[[pattern]]\nid = "p"\nlearn.x = true\n[[pattern.events]]\nkind = "post_seen"\n'
ASKS = '[[rule]]\nid = "asks"\nwhen = "x"\nthen.refund = "full"\n'


@pytest.mark.parametrize(
    ("more", "text", "found"),
    [
        ("", "", ["learned-for-nothing"]),
        ("assume = false", "", ["learned-for-nothing"]),
        ("", ASKS, ["learned-without-assumption"]),
        ("assume = false", ASKS, []),
        ('ask = "Is it so?"', ASKS, []),
        ("", '[plans.a]\nwhen = "x"\nsteps = [{ do = "one" }]\n', []),
        ("", '[[pattern]]\nid = "q"\nwhen = "x"\nevents = [{ kind = "post_seen" }]\n', []),
        ("", '[monitoring]\nwhen = "walk_away >= end"\nlength = "2h"\nreopen = "x"\n', []),
    ],
)
def test_what_is_learned_must_be_asked_for_and_known_before(more: str, text: str, found: list[str]) -> None:
    assert codes(LEARNS.format(more=more) + text) == found


def test_what_an_extended_policy_learns_is_its_own_affair(tmp_path: Path) -> None:
    """Warnings are about the file at hand."""
    base = BASE.replace("[facts.silent]\ntype", '[facts.idle]\ntype = "boolean"\n[facts.silent]\ntype', 1)
    base = base.replace("learn.silent = true", "learn = { silent = true, idle = true }", 1)
    assert [
        found.code for found in loaded(tmp_path, "[policy]\nid = 'o'\nextends = ['./base.toml']\n", base).warnings
    ] == []
    assert [found.code for found in in_text(base) if found.severity == "warning"] == ["learned-for-nothing"]


# --- hostile sizes ---------------------------------------------------------------------------------------------------


def measured(text: str) -> tuple[tuple[Diagnostic, ...], float, float]:
    """Return what is found in a text, how many seconds it took, and the most megabytes that it needed."""
    tracemalloc.start()
    start = time.process_time()
    found = in_text(text)
    seconds = time.process_time() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return found, seconds, peak / 2**20


def listed(table: str, item: str, count: int) -> str:
    return f"{table} = [\n{(item + chr(10)) * count}]\n"


HOSTILE = {
    "events": '[[pattern]]\nid = "a"\n' + listed("events", '{ kind = "post_seen", as = "a" },', 20_000),
    "counts": '[[pattern]]\nid = "a"\nevents = [{ kind = "post_seen", count = 1_000_000 }]\n',
    "patterns": "".join(f'[[pattern]]\nid = "p{n}"\nevents = [{{ kind = "post_seen" }}]\n' for n in range(4_000)),
    "chain": "".join(f'[[pattern]]\nid = "p{n}"\nevents = [{{ pattern = "p{n + 1}" }}]\n' for n in range(3_000)),
    "steps": "[plans.a]\n"
    "steps = [" + "".join(f'{{ do = "s{n}", needs = ["s{n + 1}"] }},\n' for n in range(3_000)) + "]\n",
    "story": '[[story]]\nname = "a"\n' + listed("events", '{ kind = "post_seen", views = 3 },', 10_000),
    "deep learn": '[[pattern]]\nid = "a"\nlearn.' + ".".join("a" * 400) + ' = 1\nevents = [{ kind = "post_seen" }]\n',
    "deep where": '[[pattern]]\nid = "a"\n[[pattern.events]]\nkind = "post_seen"\nwhere = "' + "(" * 3_000 + '"\n',
    "bans": "[replies]\n"
    "never = [" + "".join(f'{{ id = "b{n}", phrases = ["x"], because = "y" }},\n' for n in range(5_000)) + "]\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sizes_take_bounded_time_and_memory(name: str) -> None:
    found, seconds, megabytes = measured(RULE + HOSTILE[name])
    assert seconds < 60  # a few seconds on a desk; measuring memory slows it down, and a shared machine may be slow
    assert megabytes < 700
    assert len(found) <= 1_000
    expected = {
        "events": "pattern-too-long",
        "counts": "pattern-too-long",
        "chain": "unknown-pattern",
        "steps": "unknown-step",
    }
    assert expected.get(name) is None or expected[name] in {diagnostic.code for diagnostic in found}


# --- the schema for editors ------------------------------------------------------------------------------------------


def as_json(text: str) -> Any:
    return json.loads(json.dumps(tomllib.loads(text), default=str))


def test_the_schema_knows_all_that_is_said_of_cases() -> None:
    validator = jsonschema.Draft7Validator(policy_schema())
    for text in (BASE, OWN):
        assert [error.message for error in validator.iter_errors(as_json(text))] == []


@pytest.mark.parametrize(("name", "header", "key"), every_key(), ids=lambda part: getattr(part, "name", part))
def test_the_schema_refuses_a_wrong_value(name: str, header: str, key: Key) -> None:
    # A moment reaches a validator as text, so that any text may be one; a number is none.
    wrong = 7 if key.takes == "moment" else WRONG[key.takes]
    validator = jsonschema.Draft7Validator(policy_schema())
    outer = f"[[{name}]]\n" if header.count(".") == 1 and BY_NAME[name].repeated else ""
    text = f'[policy]\nid = "a"\n{outer}{header}\n{key.name} = {written_value(wrong)}\n'
    assert any(key.name in error.absolute_path for error in _leaves(validator.iter_errors(as_json(text))))


def _leaves(errors: Any) -> Any:
    for error in errors:
        yield error
        yield from _leaves(error.context)
