"""Mends: what is offered under a finding, what `--fix` makes of it, and that nothing else of a file changes."""

from __future__ import annotations

import datetime as dt
import io
import json
import random
import time
from pathlib import Path

import pytest
from commands import run
from hypothesis import given, strategies as st

from evenhand import Policy
from evenhand.engine.interpret import interpret
from evenhand.engine.mends.fix import fix
from evenhand.engine.mends.parts import shortened_text
from evenhand.engine.proofs import Answer, difference, verify
from evenhand.engine.trials import run_trials
from evenhand.rules.diagnostics import catalogue
from evenhand.rules.document import parse_document
from evenhand.rules.edits import Edit, Outline, applied
from evenhand.rules.syntax import Operation, Written, parse_condition

pytest.importorskip("z3")

DAY = dt.date(2026, 11, 21)
SAMPLES = [code for code, entry in catalogue().items() if entry.by == "verify" and entry.sample]
MENDED = [
    "uncovered-incident",
    "unreachable-rule",
    "shadowed-rule",
    "redundant-test",
    "rules-disagree",
    "unreachable-outcome",
    "breakable-guard",
    "unused-fact",
    "unneeded-allow",
]


# --- what is offered -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", SAMPLES)
def test_each_mend_of_a_sample_does_away_with_its_finding(code: str) -> None:
    policy = Policy.loads(catalogue()[code].sample)
    offers = [
        (finding, mend) for finding in verify(policy, as_of=DAY) if finding.code == code for mend in finding.mends
    ]
    assert bool(offers) == (code in MENDED)
    for finding, mend in offers:
        mended = Policy.loads(applied(policy.documents[mend.document].text, mend.edits))
        assert finding.message not in {left.message for left in verify(mended, as_of=DAY)}
        if mend.keeps:
            assert difference(policy.tree, mended.tree) is Answer.NONE


@pytest.mark.once
def test_what_ships_gets_no_mends() -> None:
    """Nobody edits it, and `--fix` refuses to."""
    found = verify(Policy.load("house"))
    assert not any(mend for finding in found for mend in finding.mends)
    ran = run("verify", "house", "--fix")
    assert (ran.code, "shipped pack" in ran.err) == (2, True)
    assert run("verify", "house", "--save-tests").code == 2


FORMS = {
    "and": ('when = "loss > 500 USD and loss > 100 USD"', 'when = "loss > 500 USD"'),
    "first of an and": ('when = "loss > 100 USD and (loss > 500 USD)"', 'when = "(loss > 500 USD)"'),
    "parentheses": ('when = "(loss > 100 USD) and injury and loss > 500 USD"', 'when = "injury and loss > 500 USD"'),
    "last in parentheses": (
        'when = "injury and loss > 500 USD and ((loss > 100 USD))"',
        'when = "injury and loss > 500 USD"',
    ),
    "or": ('when = "loss > 100 USD or loss > 500 USD"', 'when = "loss > 100 USD"'),
    "nested": (
        'when = "injury and (loss > 100 USD or loss > 500 USD or fault = customer)"',
        'when = "injury and (loss > 100 USD or fault = customer)"',
    ),
    "not": ('when = "injury and loss > 500 USD and not (loss <= 100 USD)"', 'when = "injury and loss > 500 USD"'),
    "between": (
        'when = "loss <= 60 USD and loss between 10 USD and 100 USD"',
        'when = "loss <= 60 USD and loss >= 10 USD"',
    ),
    "in": ('when = "abuse <= rude and abuse in (rude, hostile)"', 'when = "abuse in (rude)"'),
    "cell": ('when.loss = "> 60 USD, > 100 USD"', 'when.loss = "> 60 USD"'),
    "interval": ('when = [{ loss = "[10 USD .. 20 USD]" }, "loss > 5 USD"]', 'when = ["loss > 5 USD"]'),
    "table of tests": (
        'when = { loss = "> 500 USD", injury = true, paid = ">= 0 USD" }',
        'when = { loss = "> 500 USD", injury = true }',
    ),
    "dotted": ('when.loss = "> 500 USD"\nwhen.paid = ">= 0 USD"   # any', 'when.loss = "> 500 USD"'),
    "list": ('when = ["loss > 5 USD", "loss > 10 USD", "injury"]', 'when = ["loss > 5 USD", "injury"]'),
    "list on lines": (
        'when = [\n    "loss > 5 USD",   # five\n    "loss > 10 USD",   # ten\n    "injury",\n]',
        'when = [\n    "loss > 5 USD",   # five\n    "injury",\n]',
    ),
    "unless": ('when = "loss > 500 USD"\nunless = "loss < 100 USD"   # never', 'when = "loss > 500 USD"'),
    "escapes": (
        r'when = "loss > 500 USD\u0020and channel = \"phone\" and loss > 100 USD"',
        r'when = "loss > 500 USD\u0020and channel = \"phone\""',
    ),
    "literal": ("when = 'loss > 500 USD and loss > 100 USD'", "when = 'loss > 500 USD'"),
    "several lines": (
        'when = """\nloss > 500 USD\n  and loss > 100 USD\n  and injury"""',
        'when = """\nloss > 500 USD\n  and injury"""',
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_part_is_left_out_in_every_form_and_nothing_else_changes(form: str) -> None:
    before, after = FORMS[form]
    text = '# The café.\n[policy]\nid = "cafe"\n\n[[rule]]\nid = "r"   # one\n{}\nthen.refund = "deny"\n\n# the end\n'
    fixed = fix(Policy.loads(text.format(before)), Path())
    assert fixed.made
    assert not any(made.why for made in fixed.made)
    assert fixed.after == text.format(after)


def test_a_cell_of_a_table_is_left_out() -> None:
    text = """
[policy]
id = "cafe"
[[table]]
id      = "grid"
columns = ["loss", "abuse", "=> refund"]
rows    = [
    ["<= 50 USD", "-",         "full"],      # little
    ["> 50 USD",  ">= none",   "partial"],   # much
    ["> 50 USD",  "hostile",   "deny"],
]
"""
    fixed = fix(Policy.loads(text), Path())
    wanted = text.replace('">= none",  ', '"-",  ').replace('    ["> 50 USD",  "hostile",   "deny"],\n', "")
    assert fixed.after == wanted


def test_a_rule_for_a_gap_covers_all_of_it_and_nothing_else() -> None:
    """Words, open and closed ends, dates up to the end of the calendar, texts."""
    text = """
[policy]
id = "cafe"
[facts.day]
type = "date"
[facts.note]
type = "text"
[decisions.risk]
outcomes = ["low", "high"]
[[table]]
id = "grid"
columns = ["day", "paid", "abuse", "note", "=> risk"]
rows = [
    ["< 2026-01-02", "<= 50 USD", "<= rude", "-",         "high"],
    ["-",            "-",         "violent", "not('x')",  "low"],
]
"""
    policy = Policy.loads(text)
    (finding,) = (found for found in verify(policy) if found.code == "uncovered-incident")
    mend = finding.mends[0]
    assert mend.title.startswith("add a rule")
    mended = Policy.loads(applied(text, mend.edits))
    assert "uncovered-incident" not in {found.code for found in verify(mended)}
    assert not [
        found for found in verify(mended) if found.code == "overlapping-rules" and "otherwise-risk" in found.rules
    ]


# --- taking parts out of texts ---------------------------------------------------------------------------------------


def plain(written: Written) -> object:
    """Return a condition without places, so that two can be compared."""
    if isinstance(written, Operation):
        return (written.operator, *map(plain, written.operands))
    return getattr(written, "text", None) or getattr(written, "value", None)


ATOMS = st.sampled_from(
    ["injury", "loss > 5 USD", "not vulnerable", "paid between 1 USD and 2 USD", "abuse in (rude, none)"]
)


def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.tuples(
        st.sampled_from([" and ", "  or "]), st.lists(parts.map(lambda part: f"({part})"), min_size=2, max_size=4)
    )
    return several.map(lambda found: found[0].join(found[1]))


@given(st.recursive(ATOMS, joined, max_leaves=12), st.randoms(use_true_random=False))
def test_any_part_of_any_text_can_be_left_out(text: str, choose: random.Random) -> None:
    written = parse_condition(text)
    path: list[int] = []
    around: Written = written
    while isinstance(around, Operation) and around.operator in ("and", "or"):
        path.append(choose.randrange(len(around.operands)))
        around = around.operands[path[-1]]
        if choose.random() < 0.4:
            break
    if not path:
        return
    chain = written
    for step in path[:-1]:
        assert isinstance(chain, Operation)
        chain = chain.operands[step]
    found = shortened_text(text, chain, path[-1])
    assert found is not None
    start, end, instead = found
    assert plain(parse_condition(text[:start] + instead + text[end:])) == without(plain(written), path)


def without(tree: object, path: list[int]) -> object:
    assert isinstance(tree, tuple)
    operator, *parts = tree
    if len(path) == 1:
        kept = [part for number, part in enumerate(parts) if number != path[0]]
        return kept[0] if len(kept) == 1 else (operator, *kept)
    parts[path[0]] = without(parts[path[0]], path[1:])
    return (operator, *parts)


# --- whole files -----------------------------------------------------------------------------------------------------

CAFE = """\
# The café's own policy.
[policy]
id = "cafe"

[facts.mood]     # nobody asks any more
scale = ["calm", "cross"]

[parameters]
small = "50 USD"   # the knob

# --- rules -----------------------------------------------

# small things
[[rule]]
id   = "small"
when = "loss <= small and (loss <= 500 USD)"   # as agreed
then.refund = "full"

# never comes up
[[rule]]
id   = "smaller"
when = "loss <= 10 USD"
then.refund = "deny"

[[rule.allow]]
finding = "rules-disagree"
because = "x"
until   = 2027-06-01

# --- the rest --------------------------------------------

[[rule]]
id   = "large"
then.refund = "partial"
# that's all
"""
CAFE_MENDED = """\
# The café's own policy.
[policy]
id = "cafe"

[parameters]
small = "50 USD"   # the knob

# --- rules -----------------------------------------------

# small things
[[rule]]
id   = "small"
when = "loss <= small"   # as agreed
then.refund = "full"

# --- the rest --------------------------------------------

[[rule]]
id   = "large"
then.refund = "partial"
# that's all
"""


@pytest.fixture
def cafe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("cafe.toml")
    path.write_text(CAFE, encoding="utf-8")
    return path


def test_fixing_keeps_all_other_bytes_and_is_done_once(cafe: Path) -> None:
    ran = run("verify", cafe, "--fix", "--as-of", "2026-11-21")
    assert ran.code == 0
    assert cafe.read_text(encoding="utf-8") == CAFE_MENDED
    assert " done: delete rule `smaller` (shadowed-rule)" in ran.out
    again = run("verify", cafe, "--fix", "--as-of", "2026-11-21")
    assert (again.code, " done:" in again.out) == (0, False)
    assert cafe.read_text(encoding="utf-8") == CAFE_MENDED


def test_a_dry_run_shows_the_same_and_writes_nothing(cafe: Path) -> None:
    ran = run("verify", cafe, "--fix", "--diff")
    assert ran.code == 1
    assert cafe.read_text(encoding="utf-8") == CAFE
    assert (
        '-when = "loss <= small and (loss <= 500 USD)"   # as agreed\n+when = "loss <= small"   # as agreed\n'
        in ran.out
    )
    assert " would: delete its declaration (unused-fact)" in ran.out
    assert run("verify", cafe, "--diff").code == 2


def test_line_ends_and_the_byte_order_mark_stay(cafe: Path) -> None:
    cafe.write_bytes(b"\xef\xbb\xbf" + CAFE.replace("\n", "\r\n").encode())
    run("verify", cafe, "--fix")
    assert cafe.read_bytes() == b"\xef\xbb\xbf" + CAFE_MENDED.replace("\n", "\r\n").encode()


def test_what_is_allowed_is_not_mended(cafe: Path) -> None:
    text = CAFE.replace('finding = "rules-disagree"', 'finding = "shadowed-rule"')
    cafe.write_text(text, encoding="utf-8")
    run("verify", cafe, "--fix", "--as-of", "2026-11-21")
    assert 'id   = "smaller"' in cafe.read_text(encoding="utf-8")


def test_a_mend_that_would_not_load_is_refused_with_the_reason(cafe: Path) -> None:
    test = '\n[[test]]\nname = "t"\ngiven = { mood = "calm", loss = "1 USD" }\nexpect = { refund = "full" }\n'
    cafe.write_text(CAFE + test, encoding="utf-8")
    ran = run("verify", cafe, "--fix")
    assert ran.code == 1
    assert " not done: delete its declaration: the policy could not be loaded then: unknown fact `mood`" in ran.out
    assert (
        cafe.read_text(encoding="utf-8")
        == CAFE_MENDED.replace(
            "[parameters]", '[facts.mood]     # nobody asks any more\nscale = ["calm", "cross"]\n\n[parameters]'
        )
        + test
    )


BASE = """\
[policy]
id = "base"
[parameters]
small = "200 USD"
[[rule]]
id = "r"
when = "loss > small and loss > 100 USD"
then.refund = "deny"
[[rule]]
id = "rest"
then.refund = "full"
"""


def test_a_mend_must_keep_the_decisions_of_those_that_build_on_the_policy(tmp_path: Path) -> None:
    """With the small losses of the branch, the part of the base that did nothing does something."""
    (base := tmp_path / "base.toml").write_text(BASE)
    (branch := tmp_path / "branch.toml").write_text(
        '[policy]\nid = "branch"\nextends = ["./base.toml"]\n[parameters]\nsmall = "50 USD"\n'
    )
    ran = run("verify", base, branch, "--fix")
    assert "it would change a decision of `branch`" in ran.out.replace("\n           ", " ")
    assert base.read_text() == BASE
    run("verify", base, "--fix")
    assert base.read_text() == BASE.replace(" and loss > 100 USD", "")


def test_a_file_that_a_named_one_extends_is_not_written(tmp_path: Path) -> None:
    (base := tmp_path / "base.toml").write_text(BASE)
    (branch := tmp_path / "branch.toml").write_text('[policy]\nid = "branch"\nextends = ["./base.toml"]\n')
    ran = run("verify", branch, "--fix")
    assert "redundant-test" in ran.out
    assert base.read_text() == BASE
    assert branch.read_text().endswith('["./base.toml"]\n')


def test_a_file_that_changed_meanwhile_is_left_alone(cafe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evenhand.cli import mending

    saved = mending.Mending._fixed

    def slow(self: mending.Mending, name: str, path: Path) -> object:
        found = saved(self, name, path)
        path.write_text(CAFE + "# mine\n", encoding="utf-8")
        return found

    monkeypatch.setattr(mending.Mending, "_fixed", slow)
    ran = run("verify", cafe, "--fix")
    assert ran.code == 1
    assert "has changed since it was read" in ran.err
    assert cafe.read_text(encoding="utf-8") == CAFE + "# mine\n"


def test_several_policies_are_verified_although_one_is_broken(cafe: Path) -> None:
    Path("broken.toml").write_text(
        '[policy]\nid = "broken"\n[[rule]]\nid = "r"\nwhen = "los > 5 USD"\nthen.refund = "deny"\n'
    )
    ran = run("verify", ".")
    assert ran.code == 1
    assert "unknown-name" in ran.err
    assert "cafe.toml: 5 findings" in ran.out


def test_random_policies_decide_alike_before_and_after() -> None:
    """Redundant tests planted at random; the reference reading compares both, on incidents at every corner."""
    choose = random.Random(11)
    for _ in range(6):
        rules = []
        for number in range(4):
            low = choose.randrange(10, 90, 10)
            parts = [
                f"loss > {low} USD",
                f"loss > {low - choose.randrange(1, 10)} USD",
                choose.choice(["injury", "not injury"]),
            ]
            choose.shuffle(parts)
            joined_ = choose.choice([" and ", " or "]).join(parts)
            outcome = choose.choice(["deny", "partial", "full"])
            rules.append(f'[[rule]]\nid = "r{number}"\nwhen = "{joined_}"   # {number}\nthen.refund = "{outcome}"\n')
        policy = Policy.loads('[policy]\nid = "random"\n' + "\n".join(rules))
        fixed = fix(policy, Path())
        assert any(not made.why for made in fixed.made)
        now = Policy.loads(fixed.after)
        for loss in range(0, 10_000, 250):
            for facts in (
                {"loss": loss, "injury": True},
                {"loss": loss, "injury": False},
                {"loss": loss},
                {"injury": True},
            ):
                old, new = (interpret(p.tree, facts, DAY).verdicts["refund"] for p in (policy, now))
                assert old.canonical == new.canonical, (fixed.before, fixed.after, facts)


# --- edits -----------------------------------------------------------------------------------------------------------


def test_edits_of_the_same_characters_are_refused() -> None:
    with pytest.raises(ValueError, match="same characters"):
        applied("abc", [Edit(0, 2), Edit(1, 3)])
    assert applied("abc", [Edit(1, 2), Edit(1, 2)]) == "ac"


def test_a_remark_that_only_looks_like_one_belongs_to_its_text() -> None:
    text = '[[rule]]\nid = "a"\nabout = """\n# no remark"""\n[[rule]]\nid = "b"\n'
    document, _ = parse_document(text, "")
    assert document is not None
    assert applied(text, Outline(document).removed(("rule", 1))) == text[: text.index('[[rule]]\nid = "b"')]


# --- tests that are kept ---------------------------------------------------------------------------------------------


def test_incidents_are_kept_as_tests_that_pass_once(cafe: Path) -> None:
    gap = catalogue()["uncovered-incident"].sample
    cafe.write_text(gap, encoding="utf-8")
    ran = run("verify", cafe, "--save-tests")
    assert "saved as a test" in ran.out
    text = cafe.read_text(encoding="utf-8")
    assert text.startswith(gap.rstrip())
    assert 'given  = { loss = "60 USD" }\nexpect = { refund = "refer" }\n' in text
    policy = Policy.load(cafe)
    assert [case.name for case in policy.tree.tests] == [
        "No rule decides refund for loss above 50 USD and up to 60 USD"
    ]
    assert not [trial for trial in run_trials(policy) if trial.mismatches]
    run("verify", cafe, "--save-tests")
    assert cafe.read_text(encoding="utf-8") == text


def test_tests_of_one_name_are_told_apart(cafe: Path) -> None:
    test = '\n[[test]]\nname = "{}"\ngiven = {{ loss = "1 USD" }}\nexpect = {{ refund = "full" }}\n'
    name = "No rule decides refund for loss above 50 USD and up to 60 USD"
    cafe.write_text(catalogue()["uncovered-incident"].sample + test.format(name), encoding="utf-8")
    run("verify", cafe, "--save-tests")
    assert [case.name for case in Policy.load(cafe).tree.tests] == [name, f"{name} (2)"]


# --- for machines ----------------------------------------------------------------------------------------------------


def test_json_and_sarif_have_the_mends_as_edits(cafe: Path) -> None:
    data = json.loads(run("verify", cafe, "--format", "json").out)["policies"][0]
    finding = next(finding for finding in data["findings"] if finding["code"] == "redundant-test")
    (mend,) = finding["mends"]
    assert mend["keeps_decisions"] is True
    assert mend["edits"] == [{"line": 16, "column": 22, "end_line": 16, "end_column": 44, "text": ""}]
    sarif = json.loads(run("verify", cafe, "--format", "sarif").out)["runs"][0]
    result = next(result for result in sarif["results"] if result["ruleId"] == "redundant-test")
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["deletedRegion"]["startColumn"] == 22
    fixed = json.loads(run("verify", cafe, "--fix", "--format", "json").out)["policies"][0]
    assert {made["code"] for made in fixed["fixed"]} == {"redundant-test", "shadowed-rule", "unused-fact"}
    assert [finding["code"] for finding in fixed["findings"]] == ["overlapping-rules"]


# --- progress --------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_past_its_patience_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    from evenhand.cli import waiting

    monkeypatch.setattr(waiting, "PATIENCE", 0.02)
    monkeypatch.setattr(waiting, "STEP", 0.01)
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with waiting.shown_progress("cafe.toml") as tell:
        assert tell is not None
        tell("redundant_tests", 5, 10)
        time.sleep(0.3)
    shown = stream.getvalue()
    assert "[##########----------] 5/10 cafe.toml: redundant tests (0 s)" in shown
    assert shown.endswith("\r\x1b[K")


def test_progress_is_for_terminals_and_the_impatient_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from evenhand.cli import waiting

    with waiting.shown_progress("cafe.toml") as tell:
        assert tell is None
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with waiting.shown_progress("cafe.toml"):
        pass
    assert stream.getvalue() == ""


def test_every_check_is_announced() -> None:
    told: list[tuple[str, int, int]] = []
    verify(Policy.loads(CAFE), progress=lambda *said: told.append(said))
    assert [done for _, done, _ in told] == list(range(told[0][2]))
