"""The shipped packs keep what they promise: they load, pass their own cases, and the house decides the incidents it grew from."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from evenhand import Decision, Policy
from evenhand.engine.cases.case import Case as Followed
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.intake import problems_of
from evenhand.engine.cases.plain import Plain
from evenhand.engine.cases.progress import Progress
from evenhand.engine.cases.replies import check_reply
from evenhand.engine.cases.stories import tell
from evenhand.engine.coverage import coverage
from evenhand.engine.force import ordinal
from evenhand.engine.mutation import mutate
from evenhand.engine.proofs import Finding, verify
from evenhand.engine.trials import run_trials
from evenhand.engine.truth import State, form_truth
from evenhand.rules.cases import ABSENT
from evenhand.rules.load import shipped_packs
from evenhand.rules.moments import moment_of
from evenhand.rules.money import Money
from evenhand.rules.syntax import tokens
from evenhand.rules.tree import Case

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT.parent / "shared" / "scenarios.toml"
EXAMPLES = ROOT / "docs" / "examples"
PACKS = shipped_packs()
SCHOOLS = ("de-escalation", "not-right", "online-response", "service-recovery", "viral-front-desk")
JURISDICTIONS = ("uk", "us")


@cache
def load(name: str) -> Policy:
    """Load a pack, or a policy file below the examples, once."""
    return Policy.load(name if name in PACKS else EXAMPLES / name)


@cache
def written(pack: str) -> dict[str, Any]:
    """Return a pack as it stands in its file."""
    return tomllib.loads(files("evenhand.policies").joinpath(f"{pack}.toml").read_text(encoding="utf-8"))


def rules_that_took_part(policy: Policy, decision: Decision) -> set[str]:
    """Return the rules that won a decision, and those that decide nothing and matched."""
    state = State.of(policy.tree.facts, policy.read(decision.given), ordinal(decision.as_of))
    free = {rule.id for rule in policy.tree.rules if not rule.outcomes and form_truth(rule.form, state) is True}
    return free | {rule.id for verdict in decision for rule in verdict.rules if verdict.is_settled}


def disagreements(policy: Policy, case: Case) -> list[str]:
    """Return in words what a case expects and does not get."""
    decision = policy.decide(case.given, as_of=day_of(case))
    due = {duty.id for duty in decision.obligations}
    broken = {breach.guard.id for breach in decision.breaches if breach.certain}
    took_part = rules_that_took_part(policy, decision)
    found: list[str] = []
    for name, wanted in case.expect.items():
        ids = {"obligations": due, "guards": broken, "rules": took_part}.get(name)
        if ids is not None:
            assert isinstance(wanted, list)
            found += [f"{name}: {id_}" for id_ in wanted if (id_.removeprefix(ABSENT) in ids) == id_.startswith(ABSENT)]
            continue
        got = decision.outcomes[name] if name in decision.verdicts else decision.values.get(name)
        if not is_met(got, wanted):
            found.append(f"{name}: {got!r} instead of {wanted!r}")
    return found


def is_met(got: object, wanted: object) -> bool:
    """Whether an outcome or a value is what a case asks for."""
    if isinstance(got, Money):
        return isinstance(wanted, str) and got == Money.parse(wanted)
    if isinstance(got, tuple):
        return got == tuple(wanted) if isinstance(wanted, list) else False
    return got in wanted if isinstance(wanted, list) else got == wanted


def day_of(case: Case) -> dt.date:
    """Return the day of a case; one that none is stated for must not hang on it."""
    return case.as_of or dt.date(2026, 11, 21)


def cases_of(pack: str) -> Mapping[str, Case]:
    """Return a policy's own cases by name."""
    return {case.name: case for case in load(pack).tree.tests}


# --- each pack by itself ---------------------------------------------------------------------------------------------


def test_there_is_a_pack_for_each_school_a_house_and_two_jurisdictions() -> None:
    """The packs that ship are the ones that the documentation names."""
    assert set(PACKS) == {*SCHOOLS, *JURISDICTIONS, "ground-rules", "house"}


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_loads_without_a_single_diagnostic(pack: str) -> None:
    """A shipped pack gives no errors and no warnings."""
    policy = load(pack)
    assert policy.id == pack
    assert policy.warnings == ()


@pytest.mark.parametrize(
    ("pack", "name"),
    [(pack, case["name"]) for pack in PACKS for case in written(pack)["test"]],
    ids=str,
)
def test_a_pack_passes_its_own_cases(pack: str, name: str) -> None:
    """Every `[[test]]` of every pack holds."""
    assert disagreements(load(pack), cases_of(pack)[name]) == []


@pytest.mark.parametrize("pack", PACKS)
def test_every_rule_of_a_pack_takes_part_in_one_of_its_cases(pack: str) -> None:
    """No rule ships untested."""
    policy = load(pack)
    own = {rule.id for rule in policy.tree.rules if rule.origin.document.endswith(f"/{pack}.toml")}
    seen = {
        id_
        for case in cases_of(pack).values()
        for id_ in rules_that_took_part(policy, policy.decide(case.given, as_of=day_of(case)))
    }
    assert own - seen == set()


def nudged(raw: object) -> tuple[object, object] | None:
    """Return a parameter one step down and one step up; None for words."""
    match raw:
        case bool() | list():
            return None
        case int():
            return raw - 1, raw + 1
        case dt.date():
            return raw - dt.timedelta(days=1), raw + dt.timedelta(days=1)
        case str():
            match = re.fullmatch(r"([\d_.]+)( [A-Z]{3}|%|h)", raw)
            if match is None:
                return None
            amount, unit = match.groups()
            step = Decimal({"%": "0.1", "h": "1"}.get(unit, "0.01"))
            return f"{Decimal(amount) - step}{unit}", f"{Decimal(amount) + step}{unit}"
    raise AssertionError(raw)


THRESHOLDS = [
    pytest.param(pack, name, value, id=f"{pack}: {name} {way} to {value}")
    for pack in PACKS
    for name, raw in written(pack).get("parameters", {}).items()
    for way, value in zip(("down", "up"), nudged(raw) or (), strict=False)
]


@pytest.mark.once
@pytest.mark.parametrize(("pack", "name", "value"), THRESHOLDS)
def test_the_cases_stand_on_both_sides_of_each_threshold(pack: str, name: str, value: object) -> None:
    """A number that moves by its smallest step, either way, changes one of the pack's cases or stories."""
    text = value.isoformat() if isinstance(value, dt.date) else f'"{value}"' if isinstance(value, str) else str(value)
    moved = Policy.loads(f'[policy]\nid = "moved"\nextends = ["{pack}"]\n[parameters]\n{name} = {text}\n')
    policy = load(pack)
    changed = [
        case.name
        for case in cases_of(pack).values()
        if moved.decide(case.given, as_of=day_of(case)).judgement
        != policy.decide(case.given, as_of=day_of(case)).judgement
    ]
    changed += [story.name for story in policy.tree.case.stories if not tell(moved, story).passed]
    assert changed, f"no case or story of {pack} notices that {name} is {value}"


# --- how the packs are written ---------------------------------------------------------------------------------------


def conditions_in(pack: str) -> Iterator[str]:
    """Yield every condition and cell of a pack's file."""
    raw = written(pack)
    yield from raw.get("terms", {}).values()
    for rule in raw.get("rule", []):
        for key in ("when", "unless"):
            yield from (rule[key].values() if isinstance(rule.get(key), dict) else [rule.get(key, "-")])
        yield from (value for value in rule.get("then", {}).values() if isinstance(value, str))
    yield from (guard["never"] for guard in raw.get("guard", []))
    plans = list(raw.get("plans", {}).values())
    for part in [*plans, *(step for plan in plans for step in plan["steps"]), *raw.get("pattern", [])]:
        yield from (part.get(key, "-") for key in ("when", "unless"))
    yield from (event.get("where", "-") for pattern in raw.get("pattern", []) for event in pattern.get("events", []))
    yield from (raw.get("monitoring", {}).get(key, "-") for key in ("when", "reopen"))
    for table in raw.get("table", []):
        words = [index for index, head in enumerate(table["columns"]) if head == "because"]
        for row in table["rows"]:
            yield from (str(cell) for index, cell in enumerate(row) if index not in words)


@pytest.mark.parametrize("pack", PACKS)
def test_every_number_has_a_name(pack: str) -> None:
    """Conditions and values name parameters; no number, sum, time or date stands in them."""
    numbers = {"number", "money", "duration", "date", "datetime"}
    assert [text for text in conditions_in(pack) if {token.kind for token in tokens(text)} & numbers] == []


@pytest.mark.parametrize("pack", PACKS)
def test_everything_says_what_it_is_why_and_whence(pack: str) -> None:
    """Rules and guards have a title, a reason and a source; duties say what, by when and by whom."""
    raw = written(pack)
    parts = [*raw.get("rule", []), *raw.get("table", []), *raw.get("guard", [])]
    lacking = [
        part["id"] for part in parts if part.get("enabled", True) and not {"title", "because", "source"} <= part.keys()
    ]
    assert lacking == []
    assert [
        name for name, duty in raw.get("obligations", {}).items() if not {"title", "within", "by"} <= duty.keys()
    ] == []
    assert all("ask" in fact for fact in raw.get("facts", {}).values() if "assume" not in fact)


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_says_that_it_is_not_legal_advice_and_when_to_look_again(pack: str) -> None:
    """The header of a pack keeps an owner from taking it for more than it is."""
    policy = written(pack)["policy"]
    assert "not legal advice" in " ".join(policy["about"].split())
    assert policy["review_by"] > dt.date(2026, 11, 1)
    assert policy.get("jurisdiction") == (pack.upper() if pack in JURISDICTIONS else None)


# --- proofs about the packs ------------------------------------------------------------------------------------------

EVERYTHING = (*PACKS, "corner-cafe.toml")
DAY = dt.date(2026, 11, 22)


@cache
def proved(name: str) -> tuple[Finding, ...]:
    """Return what is found in a pack or the example, listings and what is allowed included."""
    return verify(load(name), as_of=DAY)


@pytest.mark.once
@pytest.mark.parametrize("name", EVERYTHING)
def test_what_verify_finds_in_a_pack_is_allowed_with_a_reason(name: str) -> None:
    """No gap, no dead rule, no idle part of a condition, no red line that the rules cross, other than on purpose."""
    pytest.importorskip("z3")
    assert [finding.message for finding in proved(name) if finding.counts] == []


@pytest.mark.once
def test_little_is_allowed_in_the_packs_and_for_a_year_at_most() -> None:
    """An allowance is looked at again when the pack is."""
    pytest.importorskip("z3")
    allowed = {
        (name, f.code, f.allowed.until) for name in EVERYTHING for f in verify(load(name), as_of=DAY) if f.allowed
    }
    assert {(name, code) for name, code, _ in allowed} == {
        ("ground-rules", "uncovered-incident"),
        ("uk", "breakable-guard"),
    }
    assert all(until <= written(name)["policy"]["review_by"] for name, _, until in allowed)


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_cases_of_a_pack_reach_everything_that_can_be_reached(name: str) -> None:
    """Each own rule wins, each test decides both ways and by itself (MC/DC), each threshold is met, each red line is tried."""
    pytest.importorskip("z3")
    policy = load(name)
    reached = coverage(policy, run_trials(policy, as_of=DAY), prove=True)
    assert [str(target.text) for target in reached.missing] == []
    assert reached.least == 100


@pytest.mark.once
@pytest.mark.parametrize("name", EVERYTHING)
def test_the_cases_of_a_pack_notice_what_is_changed_in_it(name: str) -> None:
    """Of all small slips that make a difference, at least 95% make a case fail."""
    pytest.importorskip("z3")
    score = mutate(load(name), as_of=DAY)
    assert score.percent >= 95, [f"{result.mutant.id}: {result.mutant.change}" for result in score.survivors]


@pytest.mark.parametrize("name", EVERYTHING)
def test_somebody_has_read_each_case(name: str) -> None:
    """Cases that were generated count for nothing until an owner has confirmed them."""
    assert [case.name for case in load(name).tree.tests if not case.confirmed] == []


# --- cases -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pack", "index"),
    [
        pytest.param(pack, index, id=f"{pack}: {story['name']}")
        for pack in PACKS
        for index, story in enumerate(written(pack).get("story", []))
    ],
)
def test_a_pack_s_stories_come_out_as_they_say(pack: str, index: int) -> None:
    """Event by event."""
    told = tell(load(pack), load(pack).tree.case.stories[index])
    assert {(c.origin.path, m.name): (m.expected, m.got) for c in told.chapters for m in c.mismatches} == {}


@pytest.mark.parametrize("pack", PACKS)
def test_every_pack_has_a_story_and_every_pattern_and_plan_of_it_is_in_one(pack: str) -> None:
    """Every pattern matches in a story of its pack, and of every plan a step is taken in one."""
    raw, policy = written(pack), load(pack)
    told = [tell(policy, story) for story in policy.tree.case.stories]
    assert told
    matched = {match.pattern for telling in told for match in telling.progress.matches}
    own = {pattern["id"] for pattern in raw.get("pattern", []) if pattern.get("enabled", True)}
    assert own - matched == set()
    taken = {step for telling in told for step in telling.progress.facts.steps_done}
    asked = {name for telling in told for entry in telling.story.entries for name in entry.expect.get("next_steps", [])}  # type: ignore[attr-defined]
    for name, plan in raw.get("plans", {}).items():
        assert taken & {step["do"] for step in plan["steps"]}, name
        assert asked & {step["do"] for step in plan["steps"]}, name


@pytest.mark.parametrize("pack", PACKS)
def test_what_is_said_about_cases_has_reasons_too(pack: str) -> None:
    """Patterns have a title and a reason, what is forbidden a source; bans say why, whence and what to write instead."""
    raw = written(pack)
    lacking = [
        pattern["id"]
        for pattern in raw.get("pattern", [])
        if pattern.get("enabled", True)
        and not {"title", "because", *(["source"] if pattern.get("forbidden") else [])} <= pattern.keys()
    ]
    assert lacking == []
    bans = raw.get("replies", {}).get("never", [])
    assert [ban["id"] for ban in bans if not {"because", "source", "instead"} <= ban.keys()] == []
    assert all("title" in step for plan in raw.get("plans", {}).values() for step in plan["steps"])


DRAFTS = {
    "admits-liability": "We are so sorry, it was our fault that you fell.",
    "promises-money": "Of course we will pay for your trousers.",
    "threatens": "Take it down or our lawyers will write to you.",
    "discloses-personal-data": "You stayed in room 214 and were happy.",
    "rewards-a-review": "If you remove your review, there is a voucher for you.",
    "fans-the-flames": "Please calm down.",
}
FINE = (
    "I am sorry for what you went through. We are looking into it, and I will call you by four.",
    "Thank you for telling us. The price is on its way back to you, and the second one was on us.",
    "The recording shows a polite clerk, and we stand by her. We leave it at that.",
    "Your review may stay as it is. Since Monday there is a rail at the step.",
)


def begun(pack: str) -> Progress:
    progress = Progress(load(pack), Plain(load(pack).tree.case.patterns))
    progress.take(Event(1, 0, "case_opened", {}))
    return progress


def test_every_ban_has_a_draft_that_it_stops() -> None:
    """And the draft is stopped by that ban alone."""
    bans = {ban["id"] for pack in PACKS for ban in written(pack).get("replies", {}).get("never", [])}
    assert bans == set(DRAFTS)
    for ban, draft in DRAFTS.items():
        assert [found.ban for found in check_reply(begun("house"), draft, 60_000)] == [ban]


@pytest.mark.parametrize("draft", FINE)
def test_what_may_be_written_may_be_written(draft: str) -> None:
    assert check_reply(begun("house"), draft, 60_000) == ()


def test_what_a_ban_offers_instead_is_allowed_itself() -> None:
    """The safe wording is safe in the house."""
    replies = load("house").tree.case.replies
    assert replies is not None
    for ban in replies.bans:
        assert check_reply(begun("house"), ban.instead, 60_000) == (), ban.id


EVENT_FILES = sorted((EXAMPLES / "cases").glob("*.jsonl"))
#: What each event file comes to in the house: the patterns that match, the status, some of what was done or was not.
OUTCOMES: Mapping[str, tuple[set[str], str, Mapping[str, str]]] = {
    "knitted-vest": (
        {"pile-on", "an-hour-without-an-answer"},
        "open",
        {"holding-statement": "done", "publish-the-statement": "done"},
    ),
    "wet-floor": ({"insurer-told"}, "closed", {"notify-insurer": "done", "care-first": "done"}),
    "missed-promise": (set(), "open", {"a call back": "breached", "listen-to-the-end": "done"}),
    "too-kind-too-soon": ({"payment-before-the-insurer", "insurer-told"}, "open", {"notify-insurer": "done"}),
}


def test_there_is_an_outcome_for_each_event_file() -> None:
    assert {path.stem for path in EVENT_FILES} == set(OUTCOMES)


@pytest.mark.parametrize("path", EVENT_FILES, ids=lambda path: path.stem)
def test_an_event_file_comes_to_what_it_shows(path: Path) -> None:
    """Each of its events is sound for the house, and at the end the case stands as the table above says."""
    house = load("house")
    events = [Event.from_json(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert events[0].kind == "case_opened"
    assert [problem for event in events[1:] for problem in problems_of(house, event)] == []
    first, *rest = events
    case = Followed.open(
        house, path.stem, first.raw["facts"], at=moment_of(first.at), clock=lambda: moment_of(events[-1].at)
    )
    for event in rest:
        case.record(event.kind, at=moment_of(event.at), **event.raw)
    patterns, status, ledger = OUTCOMES[path.stem]
    assert {match.pattern for match in case.progress.matches} == patterns
    assert case.status == status
    assert {entry.id: entry.state for entry in case.obligations}.items() >= ledger.items()


# --- the house -------------------------------------------------------------------------------------------------------


def scenarios() -> list[Mapping[str, Any]]:
    """Return the scenarios that the project was handed; none where they are not at hand."""
    return tomllib.loads(SCENARIOS.read_text(encoding="utf-8"))["scenario"] if SCENARIOS.exists() else []


@pytest.mark.skipif(not SCENARIOS.exists(), reason="the shared scenarios are not at hand")
@pytest.mark.parametrize("pack", ["house", *JURISDICTIONS])
@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario["name"])
def test_the_house_meets_every_scenario(pack: str, scenario: Mapping[str, Any]) -> None:
    """Each scenario is decided as it asks for, in the house and in both jurisdictions."""
    decision = load(pack).decide(scenario["given"], as_of=dt.date(2026, 11, 21))
    assert {
        name: decision.outcomes[name]
        for name, wanted in scenario["want"].items()
        if not is_met(decision.outcomes[name], wanted)
    } == {}


def test_every_rule_of_the_house_takes_part_somewhere() -> None:
    """What the house takes over from the schools is alive: a rule that a fuller one hides is switched off, with the reason."""
    house = load("house")
    seen: set[str] = set()
    for pack in set(PACKS) - set(JURISDICTIONS):
        for case in cases_of(pack).values():
            seen |= rules_that_took_part(house, house.decide(case.given, as_of=day_of(case)))
    assert {rule.id for rule in house.tree.rules} - seen == set()


def full_incidents() -> st.SearchStrategy[dict[str, Any]]:
    """Return incidents of which every built-in fact is known, with the values around the thresholds of the house."""

    def one_of(*values: object) -> st.SearchStrategy[object]:
        return st.sampled_from(values)

    chosen: dict[str, st.SearchStrategy[object]] = {}
    for name, fact in load("house").tree.facts.items():
        if fact.type.words:
            chosen[name] = st.sampled_from(fact.type.words)
        elif fact.type.kind == "boolean":
            chosen[name] = st.booleans()
        elif fact.type.kind == "money":
            chosen[name] = one_of("0 USD", "20 USD", "75 USD", "75.01 USD", "250 USD", "500 USD", "9_000 USD")
        elif fact.type.kind == "duration":
            chosen[name] = one_of("0h", "24h", "48h", "49h")
        elif fact.type.kind == "integer":
            chosen[name] = one_of(0, 1, 2, 3, 6, 12, 100, 10_000, 2_000_000)
        else:
            steps = ["listen", "thank", "propose", "replace", "insurer-agreed"]
            chosen[name] = st.lists(st.sampled_from(steps), unique=True)
    return st.fixed_dictionaries(chosen)


@settings(max_examples=300, deadline=None)
@given(full_incidents())
def test_the_house_leaves_nothing_open_when_every_fact_is_known(incident: dict[str, Any]) -> None:
    """With every fact given, each question is decided and no red line is touched."""
    decision = load("house").decide(incident)
    assert decision.is_settled, decision
    assert decision.breaches == ()


RECKLESS = {
    "proof-before-public": ('defend = "publicly"', {"abuse": "hostile", "fault": "customer", "verified": False}),
    "no-spotlight-on-the-vulnerable": (
        'defend = "publicly"',
        {"abuse": "hostile", "fault": "customer", "verified": True, "vulnerable": True},
    ),
    "proof-before-ban": ('walk_away = "ban"', {"abuse": "rude", "fault": "customer", "verified": False}),
    "insurer-before-money": ('refund = "full"', {"fault": "business", "demand": "refund", "injury": True}),
    "no-price-on-a-review": ('refund = "replace"', {"fault": "business", "demand": "review_removal"}),
    "ask-who-is-hurt": ('refund = "full"', {"fault": "business", "demand": "compensation"}),
    "no-accusation-under-a-review": (
        'defend = "publicly"',
        {"abuse": "hostile", "fault": "customer", "verified": False, "channel": "review"},
    ),
    "no-reward-for-a-rating": ('refund = "full"', {"fault": "business", "demand": "review_removal"}),
    "no-patient-in-public": (
        'defend = "publicly"',
        {"abuse": "hostile", "fault": "customer", "verified": True, "patient": True},
    ),
    "right-to-reject": (
        'refund = "deny"',
        {"demand": "refund", "faulty": True, "delivered": dt.date(2026, 11, 1)},
    ),
}


def test_every_red_line_is_tried() -> None:
    """The table of reckless rules has one for each guard that ships."""
    assert set(RECKLESS) == {guard["id"] for pack in PACKS for guard in written(pack).get("guard", [])}


@pytest.mark.parametrize("guard", RECKLESS)
def test_a_red_line_holds_against_an_owner_s_reckless_rule(guard: str) -> None:
    """A rule of an owner's own that crosses a red line sends its decision to a human, and the red line is named."""
    then, incident = RECKLESS[guard]
    pack = next(pack for pack in PACKS if guard in [entry["id"] for entry in written(pack).get("guard", [])])
    base = pack if pack in JURISDICTIONS else "house"
    policy = Policy.loads(f"""
        [policy]
        id = "reckless"
        extends = ["{base}"]
        [[rule]]
        id = "whatever-happens"
        then.{then}
        because = "An owner in a hurry."
    """)
    decision = policy.decide(incident, as_of=dt.date(2026, 11, 21))
    assert decision.outcomes[then.split(" ")[0]] == "refer"
    assert guard in [breach.guard.id for breach in decision.breaches if breach.certain]


# --- the examples ----------------------------------------------------------------------------------------------------

INCIDENTS = sorted((EXAMPLES / "incidents").glob("*.toml"))


def test_there_are_incidents_to_look_at() -> None:
    """The examples are more than a handful."""
    assert len(INCIDENTS) >= 8


@pytest.mark.parametrize("path", INCIDENTS, ids=lambda path: path.stem)
def test_an_example_incident_is_decided_where_its_facts_allow(path: Path) -> None:
    """Each example file begins with its name and is decided by the house, fully where it is fully known."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    decision = load("house").decide(tomllib.loads(text))
    assert decision.is_settled == (path.stem not in ("only-a-threat", "half-known"))


def test_the_owner_s_policy_loads_and_passes_its_own_cases() -> None:
    """The example of an owner's policy extends the house, changes it, and holds its own cases."""
    policy = load("corner-cafe.toml")
    assert policy.warnings == ()
    assert {case.name: found for case in policy.tree.tests if (found := disagreements(policy, case))} == {}
    assert {switch.id for switch in policy.tree.switched_off} >= {"they-are-leaving"}
