"""
Whatever is put into a policy file: a clear error in bounded time, never a traceback.

Each case is loaded by the library, and checked by `policy check` as well. The fuzz tests at the end spoil a sound policy in
its text and in its values, and hold the loader to PolicyError alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings, strategies as st

from evenhand.rules.diagnostics import Diagnostic, FactError, PolicyError
from evenhand.rules.given import Currencies, read_given
from evenhand.rules.incident import Incident
from evenhand.rules.load import load_file, load_text
from evenhand.rules.rendering import FORMS
from evenhand.rules.vocabulary import vocabulary

#: Seconds that any of these may take. Most take hundredths; the rest is for slow and busy machines.
LONGEST = 20  # seconds: bounded is what matters, and machines are shared
POLICY = '[policy]\nid = "cafe"\n'
TEXT_FACT = '[facts.message]\ntype = "text"\n'


def rule(when: str, id_: str = "first") -> str:
    return f'[[rule]]\nid = "{id_}"\nwhen = "{when}"\nthen.refund = "deny"\n'


@attrs.frozen
class Case:
    """Something bad: the content of a file, and the codes that are found; none where it is odd and yet sound."""

    content: bytes
    codes: frozenset[str]


def _case(content: str | bytes, *codes: str) -> Case:
    return Case(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"), frozenset(codes))


def _terms(*lines: str) -> str:
    return "\n".join([POLICY, "[terms]", *lines, ""])


CASES: dict[str, Callable[[], Case]] = {
    # files
    "empty": lambda: _case("", "empty-file"),
    "only a byte order mark": lambda: _case(b"\xef\xbb\xbf", "empty-file"),
    "a byte order mark before a sound policy": lambda: _case(b"\xef\xbb\xbf" + POLICY.encode()),
    "Windows line ends": lambda: _case(POLICY.replace("\n", "\r\n") + 'titel = "x"\r\n', "unknown-key"),
    "binary": lambda: _case(bytes(range(256)), "binary-file"),
    "UTF-16": lambda: _case((POLICY * 20).encode("utf-16"), "not-utf8"),
    "Latin-1": lambda: _case(f"{POLICY}title = 'Café'".encode("latin-1"), "not-utf8"),
    "half a letter": lambda: _case(f"{POLICY}title = 'Café'".encode()[:-2], "not-utf8"),
    "10 MB": lambda: _case("# nothing\n" * 1_050_000, "file-too-large"),
    "7 MB of remarks": lambda: _case(POLICY + "# nothing\n" * 700_000),
    "7 MB of noise": lambda: _case("no setting at all\n" * 390_000, "invalid-toml"),
    "7 MB in one text": lambda: _case(f'{POLICY}title = "{"x" * 7_000_000}"'),
    "a name of 7 MB": lambda: _case(f"{POLICY}{'x' * 7_000_000} = 1", "unknown-key"),
    # TOML
    "100,000 nested lists": lambda: _case(f"{POLICY}x = {'[' * 100_000}", "too-deeply-nested"),
    "100,000 nested inline tables": lambda: _case(f"{POLICY}x = {'{a=' * 100_000}", "too-deeply-nested"),
    "inline tables nested and closed": lambda: _case(f"{POLICY}x = {'{a=' * 999}1{'}' * 999}", "too-deeply-nested"),
    "a name of 100,000 parts": lambda: _case(f"{POLICY}[{'.'.join('a' * 100_000)}]", "too-deeply-nested"),
    "a fact of 60 parts": lambda: _case(f'{POLICY}[facts.{".".join("a" * 60)}]\ntype = "text"'),
    "a condition of 60 groups": lambda: _case(
        f'{POLICY}[[rule]]\nid = "first"\nwhen.{".".join("a" * 60)} = "> 1"\nthen.refund = "deny"', "unknown-fact"
    ),
    "lists in lists of conditions": lambda: _case(
        f'{POLICY}[[rule]]\nid = "first"\nwhen = {"[" * 60}"injury"{"]" * 60}\nthen.refund = "deny"'
    ),
    "a key twice": lambda: _case(f'{POLICY}id = "cafe"', "duplicate-key"),
    "a table twice": lambda: _case(f'{POLICY}[terms]\n[terms]\na = "injury"', "duplicate-key"),
    "an id twice": lambda: _case(POLICY + rule("injury") * 2, "duplicate-id"),
    "10,000 keys": lambda: _case(
        POLICY + "".join(f"k{n} = {n}\n" for n in range(10_000)), "unknown-key", "too-many-findings"
    ),
    "rows of a wrong width": lambda: _case(
        f'{POLICY}[[table]]\nid = "t"\ncolumns = ["loss", "=> refund"]\nrows = [{"[1], " * 50_000}]',
        "wrong-cell-count",
        "too-many-findings",
    ),
    # numbers
    "1e400": lambda: _case(f"{POLICY}[parameters]\nx = 1e400", "bad-literal"),
    "1e999999999": lambda: _case(f"{POLICY}[parameters]\nx = 1e999999999", "invalid-toml"),
    "a rate of 1e400": lambda: _case(f"{POLICY}[rates]\nEUR = 1e400", "bad-rate"),
    "not a number": lambda: _case(f"{POLICY}[parameters]\nx = nan\ny = -inf", "bad-literal"),
    "10^1000000 in digits": lambda: _case(f"{POLICY}[parameters]\nx = 1{'0' * 1_000_000}", "invalid-toml"),
    "16^1000000 in hexadecimal": lambda: _case(f"{POLICY}[parameters]\nx = 0x1{'0' * 1_000_000}", "bad-literal"),
    "huge numbers for everything": lambda: _case(
        POLICY.replace('"cafe"', "HUGE").replace("HUGE", f"0x1{'0' * 5_000}")
        + f'[facts.x]\ntype = "number"\nmin = 0x1{"0" * 5_000}\n[decisions.q]\noutcomes = 0x1{"0" * 5_000}\n'
        + f"[[test]]\nname = 'x'\ngiven = {{ loss = 0x1{'0' * 5_000} }}\nexpect = {{ refund = 0x1{'0' * 5_000} }}\n",
        "wrong-kind",
        "bad-value",
        "unknown-outcome",
    ),
    "40,000 digits in a condition": lambda: _case(POLICY + rule(f"loss > {'9' * 40_000}"), "bad-literal"),
    "numbers that multiply": lambda: _case(
        POLICY + rule(f"loss > {' * '.join(['1_000_000_000_000_000'] * 39)} * 1 USD"), "result-out-of-reach"
    ),
    "numbers that divide": lambda: _case(
        POLICY + rule(f"loss > {' / '.join(['0.000_000_000_000_1'] * 39)} * 1 USD"), "result-out-of-reach"
    ),
    "times beyond the calendar": lambda: _case(
        f'{POLICY}[facts.at]\ntype = "datetime"\n'
        + rule("at > 9999-12-31T23:00:00Z + 5000000 weeks")
        + rule("at > 0001-01-01T00:00:00+14:00", "second"),
        "result-out-of-reach",
        "bad-literal",
    ),
    # conditions
    "a condition of 1 MB": lambda: _case(POLICY + rule(" and ".join(["injury"] * 100_000)), "condition-too-long"),
    "a word of 1 MB": lambda: _case(POLICY + rule("a" * 1_000_000), "condition-too-long"),
    "100,000 times not": lambda: _case(POLICY + rule("not " * 100_000 + "injury"), "condition-too-long"),
    "12,000 times not": lambda: _case(POLICY + rule("not " * 12_000 + "injury"), "condition-too-deep"),
    "100,000 parentheses": lambda: _case(POLICY + rule(f"{'(' * 100_000}injury"), "condition-too-long"),
    "20,000 parentheses": lambda: _case(POLICY + rule(f"{'(' * 20_000}injury{')' * 20_000}"), "condition-too-deep"),
    "100,000 additions": lambda: _case(POLICY + rule(f"paid > loss{' + loss' * 100_000}"), "condition-too-long"),
    "6,000 additions": lambda: _case(POLICY + rule(f"paid > loss{' + loss' * 6_000}"), "condition-too-deep"),
    "12,000 minus signs": lambda: _case(POLICY + rule(f"loss > {'- ' * 12_000}5 USD"), "condition-too-deep"),
    "4,900 words to choose from": lambda: _case(
        POLICY + rule(f"loss in ({', '.join(f'{n} USD' for n in range(4_900))})")
    ),
    "4,900 words to leave out": lambda: _case(
        POLICY + rule(f"loss not in ({', '.join(f'{n} USD' for n in range(4_900))})")
    ),
    "1,100 tests of two facts": lambda: _case(POLICY + rule(" and ".join(f"loss>paid+{n} USD" for n in range(1_100)))),
    "an and of 1,200 ors": lambda: _case(
        POLICY + rule(" and ".join(f"(loss>{n}USD or paid>{n}USD)" for n in range(1_200)))
    ),
    "an or of 1,200 ands": lambda: _case(
        POLICY + rule(" or ".join(f"(loss>{n}USD and paid>{n}USD)" for n in range(1_200)))
    ),
    "not an or of 1,200 ands": lambda: _case(
        POLICY + rule("not (" + " or ".join(f"(loss>{n}USD and paid>{n}USD)" for n in range(1_200)) + ")")
    ),
    "a cell of 4,900 values": lambda: _case(
        f'{POLICY}[[rule]]\nid = "a"\nwhen.loss = "{", ".join(f"{n} USD" for n in range(4_900))}"\nthen.refund = "deny"'
    ),
    # terms
    "a term of itself": lambda: _case(_terms('a = "not a"') + rule("a"), "cycle-in-terms"),
    "a circle of 5,000 terms": lambda: _case(
        _terms(*(f't{n} = "not t{(n + 1) % 5_000}"' for n in range(5_000))), "cycle-in-terms"
    ),
    "2,000 circles of terms": lambda: _case(
        _terms(*(f'a{n} = "b{n}"\nb{n} = "a{n}"' for n in range(2_000))), "cycle-in-terms", "too-many-findings"
    ),
    "each term on all others": lambda: _case(
        _terms(*(f't{n} = "{" or ".join(f"t{m}" for m in range(150))}"' for n in range(150))), "cycle-in-terms"
    ),
    "a chain of 5,000 terms, last first": lambda: _case(
        _terms(*(f't{n} = "not t{n - 1}"' for n in range(4_999, 0, -1)), 't0 = "injury"'), "terms-too-deep"
    ),
    "a chain of 60 terms, last first": lambda: _case(
        _terms(*(f't{n} = "not t{n - 1}"' for n in range(60, 0, -1)), 't0 = "injury"') + rule("t60")
    ),
    "a billion laughs": lambda: _case(
        _terms(
            't0 = "injury or staff_harmed"', *(f't{n} = "t{n - 1} and (t{n - 1} or verified)"' for n in range(1, 60))
        ),
        "condition-too-large",
    ),
    "laughs that no form can be made of": lambda: _case(
        _terms(
            't0 = "loss > paid or loss > 2 * paid"',
            *(f't{n} = "t{n - 1} and (t{n - 1} or loss > {n + 2} * paid)"' for n in range(1, 11)),
        )
        + rule("t10")
    ),
    # patterns
    "a pattern bomb": lambda: _case(
        POLICY + TEXT_FACT + rule("message matches '((a{1,100}){1,100}){1,100}'"), "bad-pattern"
    ),
    "an unclosed pattern of 40,000": lambda: _case(
        POLICY + TEXT_FACT + rule(f"message matches '{'(' * 40_000}'"), "bad-pattern"
    ),
    "a pattern that backtracks elsewhere": lambda: _case(POLICY + TEXT_FACT + rule("message matches '(a*)*(a*)*b'")),
    "a pattern with references back": lambda: _case(
        POLICY + TEXT_FACT + rule(r"message matches '(a)\\1'"), "bad-pattern"
    ),
    # names
    "unicode names": lambda: _case(f'{POLICY}[parameters]\n"größe" = "5 USD"\n{rule("loss > größe")}'),
    "names that turn text round": lambda: _case(
        f'{POLICY}[parameters]\n"\\u202eevil" = 1\n"\\u001b[31m" = 1\n"\\u0000" = 1', "bad-name"
    ),
    "names with points and blanks": lambda: _case(
        f'{POLICY}[facts."x y"]\ntype = "text"\n[facts.""]\ntype = "text"\n[terms]\n"a..b" = "injury"', "bad-name"
    ),
    "texts that command a terminal": lambda: _case(f'{POLICY}"\\u001b]0;x\\u0007" = "\\u202e"', "unknown-key"),
    "half of a pair": lambda: _case(b'[policy]\nid = "cafe"\ntitle = "\xed\xa0\x80"', "not-utf8"),
    "1,000 unknown names among 1,900": lambda: _case(
        f"{POLICY}[parameters]\n"
        + "".join(f"parameter_{n} = {n}\n" for n in range(1_900))
        + "".join(rule(f"paramter_{n}x > 3", f"r{n}") for n in range(1_000)),
        "unknown-name",
        "too-many-findings",
    ),
    "a switch of an odd row": lambda: _case(
        f'{POLICY}[[table]]\nid = "t"\ncolumns = ["=> refund"]\nrows = [["deny"]]\n'
        '[[rule]]\nid = "t/²"\nenabled = false\nbecause = "x"',
        "unknown-rule",
    ),
}


def found_in(file: Path) -> tuple[Diagnostic, ...]:
    try:
        return load_file(file).warnings
    except PolicyError as error:
        return error.diagnostics


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a case into a file."""

    def write(name: str) -> Path:
        file = tmp_path / "cafe.toml"
        file.write_bytes(CASES[name]().content)
        return file

    return write


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_told_in_bounded_time(name: str, written: Callable[[str], Path]) -> None:
    file, codes = written(name), CASES[name]().codes
    start = time.perf_counter()
    found = found_in(file)
    texts = [form(found) for form in FORMS.values()]
    assert time.perf_counter() - start < LONGEST
    assert {d.code for d in found if d.severity == "error"} == codes
    assert all(len(text) < 2_000_000 for text in texts)
    assert max(map(len, texts[0].splitlines()), default=0) < 1_000


@pytest.mark.parametrize("name", CASES)
def test_policy_check_reports_bad_input(name: str, written: Callable[[str], Path]) -> None:
    pytest.importorskip("evenhand.cli.check")
    from click.testing import CliRunner

    from evenhand.cli import main

    file, codes = written(name), CASES[name]().codes
    start = time.perf_counter()
    result = CliRunner().invoke(main, ["check", str(file)])
    assert time.perf_counter() - start < LONGEST
    assert result.exit_code == (1 if codes else 0), result.output[:2_000]
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit | None)
    assert all(f"{code}: " in result.output for code in codes)


# --- files and folders -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nowhere.toml", "", "a\0b.toml", "x" * 5_000, "cafe.toml/inner.toml", "\udcff.toml"])
def test_a_file_that_is_not_there_is_said_to_be_missing(name: str, tmp_path: Path) -> None:
    (tmp_path / "cafe.toml").write_text(POLICY)
    (found,) = found_in(Path(f"{tmp_path}/{name}" if name else tmp_path / "nowhere" / "cafe.toml"))
    assert found.code == "file-not-found"
    assert all(form([found]).isprintable() or "\n" in form([found]) for form in FORMS.values())


def test_a_folder_and_a_device_are_no_files(tmp_path: Path) -> None:
    assert [found.code for found in found_in(tmp_path)] == ["not-a-file"]
    assert [found.code for found in found_in(Path(os.devnull))] == ["not-a-file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_does_not_hold_us_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "cafe.toml")
    assert [found.code for found in found_in(tmp_path / "cafe.toml")] == ["not-a-file"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "cafe.toml"
    file.write_text(POLICY)
    file.chmod(0)
    assert [found.code for found in found_in(file)] == ["unreadable-file"]


def test_two_policies_that_extend_one_another_are_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[policy]\nid = "a"\nextends = ["./b.toml"]\n')
    (tmp_path / "b.toml").write_text('[policy]\nid = "b"\nextends = ["a.toml"]\n')
    (found,) = found_in(tmp_path / "a.toml")
    assert found.code == "cycle-in-extends"
    assert Path(found.file).name == "b.toml"


def test_a_policy_that_extends_itself_is_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[policy]\nid = "a"\nextends = ["./x/../a.toml"]\n')
    (tmp_path / "x").mkdir()
    (found,) = found_in(tmp_path / "a.toml")
    assert found.code == "cycle-in-extends"


def test_a_circle_through_a_link_is_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[policy]\nid = "a"\nextends = ["./b.toml"]\n')
    (tmp_path / "b.toml").symlink_to("a.toml")
    found = found_in(tmp_path / "a.toml")
    assert {d.code for d in found} <= {"cycle-in-extends", "too-many-extends"}
    assert found


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A policy in one folder beside a file that it must not read."""
    (tmp_path / "secret.toml").write_text('[policy]\nid = "secret"\ntitle = "hidden"\n[[rule]]\nid = 3\n')
    folder = tmp_path / "policies"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    "name", ["../secret.toml", "./sub/../../secret.toml", "{absolute}", "./link.toml", "./linked/secret.toml"]
)
def test_nothing_outside_the_folder_is_read(name: str, secret: Path) -> None:
    (secret / "sub").mkdir()
    (secret / "link.toml").symlink_to(secret.parent / "secret.toml")
    (secret / "linked").symlink_to(secret.parent, target_is_directory=True)
    path = name.format(absolute=secret.parent / "secret.toml")
    (secret / "cafe.toml").write_text(f"[policy]\nid = 'cafe'\nextends = ['{path}']\n")
    found = found_in(secret / "cafe.toml")
    assert [d.code for d in found] == ["extends-outside"]
    assert "hidden" not in FORMS["text"](found)


@pytest.mark.parametrize(
    "name", ["./\\u0000.toml", "./{long}.toml", "./sub.toml", ".toml", "./nowhere/x.toml", "https://x.example/a.toml"]
)
def test_what_cannot_be_extended_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / "sub.toml").mkdir()
    (tmp_path / "cafe.toml").write_text(f'{POLICY}extends = ["{name.format(long="x" * 5_000)}"]\n')
    assert [d.code for d in found_in(tmp_path / "cafe.toml")] == ["extends-unreadable"]


def test_mistakes_of_an_extended_file_are_told_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(
        '[policy]\nid = "base"\n[[rule]]\nid = "a"\nwhen = "los > 5 USD"\nthen.refund = "deny"\n'
    )
    (tmp_path / "cafe.toml").write_text(f'{POLICY}extends = ["./base.toml"]\ntitel = "x"\n')
    found = found_in(tmp_path / "cafe.toml")
    assert [(Path(d.file).name, d.location and d.location.line, d.code) for d in found] == [
        ("cafe.toml", 4, "unknown-key"),
        ("base.toml", 5, "unknown-name"),
    ]


def test_a_broken_extended_file_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('[policy]\nid = "base\n')
    (tmp_path / "cafe.toml").write_text(f'{POLICY}extends = ["./base.toml"]\n')
    assert [(Path(d.file).name, d.code) for d in found_in(tmp_path / "cafe.toml")] == [("base.toml", "invalid-toml")]


# --- fuzz: a sound policy, spoilt --------------------------------------------------------------------------------------

#: A policy with something of everything.
SOUND = """
[policy]
id        = "cafe"
title     = "Corner Café"
version   = "2026.11"
currency  = "EUR"
effective = 2026-01-01
expires   = 2027-01-01T12:00:00Z
extends   = ["ground-rules"]

[rates]
USD = "0.92"

[parameters]
small_loss = "75 USD"
patience   = 3
share      = "50%"
quiet      = ["email", "chat"]
opened     = 2026-11-01

[facts.loyalty]
scale  = ["none", "silver", "gold"]
ask    = "Which tier is the customer in?"
assume = "none"

[facts.branch]
one_of = ["harbour", "station"]

[facts.bought]
type = "date"

[facts.message]
type = "text"

[facts.party.size]
type = "integer"
min  = 1
max  = 40

[terms]
honest = "history.refunds_90d < patience and fault != customer"
loud   = { abuse = ">= hostile", channel = ["in_person", "phone"] }
either = ["loud", "message matches '(?i)lawyer'"]

[decisions.refund]
hit_policy = "priority"
default    = "deny"

[decisions.voucher]
outcomes   = "money"
hit_policy = "collect sum"
values     = { note = "text" }

[obligations.call-back]
title  = "Call back"
within = "2 days"

[[rule]]
id     = "small-loss"
when   = "loss <= small_loss and honest and (loyalty >= silver or days_since(bought) <= 14)"
unless = "channel in (quiet) or bought > opened or message contains 'refund' or exchange.steps_done contains replace"
then   = { refund = "full", refund_amount = "min(loss, paid) * share" }
oblige = ["call-back"]
because = "It costs less than the argument."

[[rule]]
id = "table-form"
when.abuse          = "rude, hostile"
when.loss           = "[5 EUR .. 50 EUR)"
when.party.size     = "not(1)"
when.branch         = "harbour"
when.virality.views = "> 10_000"
unless = "either"
then.voucher = "loss * 10%"
then.note    = "With our apologies"

[[rule]]
id      = "court-papers"
enabled = false
because = "We have no lawyer."

[[table]]
id      = "grid"
columns = ["loss", "abuse", "loyalty", "loud", "=> refund", "=> refund_amount", "because"]
rows    = [
    ["<= 50 EUR", "<= rude", "-", "false", "full", "loss", "small"],
    ["> 50 EUR", "not(violent)", "silver, gold", true, "partial", "loss / 2", "large"],
]

[[guard]]
id    = "no-gifts"
never = "refund >= partial and injury and legal.filed is known"

[[test]]
name   = "A spilt coffee"
given  = { loss = "4.50 EUR", abuse = "any of none, rude", virality = { views = 3 }, party.size = { between = [2, 4] } }
expect = { refund = ["full", "deny"], obligations = [] }
as_of  = 2026-11-10
"""
SCRAPS = (
    *"[]{}()=.,'\"#\\\n\t -+*/<>&|!",
    *(
        "[[",
        "]]",
        '"""',
        "'''",
        "\\u0000",
        "\ud7ff",
        "\u202e",
        "é",
        "咖",
        "\r",
        "true",
        "nan",
        "1e999",
        "0x",
        "2026-02-30",
    ),
    *(
        "[policy]",
        "[[rule]]",
        "[facts.x]",
        "when",
        "then",
        "refund",
        "USD",
        "and",
        "not",
        "in (",
        "between",
        "is known",
        "..",
    ),
)


@st.composite
def spoilt_texts(draw: st.DrawFn) -> str:
    """The text of a sound policy with a few cuts, insertions and swaps."""
    text = SOUND
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        length = draw(st.sampled_from((0, 0, 1, 1, 2, 5, 40, 400)))
        scrap = draw(st.sampled_from(SCRAPS) | st.text(max_size=4) | st.just(text[at // 2 : at // 2 + length]))
        text = text[:at] + scrap + text[at + length :]
    return text


def odd_values() -> st.SearchStrategy[Any]:
    """Values of every kind that TOML has, many of them words of the language."""
    words = st.sampled_from(
        (
            "loss",
            "abuse >= hostile",
            "50 USD",
            "-",
            "> 3, <= 6",
            "[1 .. 2)",
            "refund",
            "",
            "x y",
            "collect sum",
            "3 days",
        )
    )
    plain = st.one_of(
        words,
        st.text(max_size=6),
        st.booleans(),
        st.integers(),
        st.integers(10**30, 10**40),
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6),
        st.dates(),
        st.datetimes(),
        st.times(),
    )
    keys = st.sampled_from(("id", "when", "any_of", "between", "loss", "virality", "views", "then", "type")) | st.text(
        max_size=3
    )
    return st.recursive(
        plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
    )


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _paths(inner, (*path, key))


def _sound() -> dict[str, Any]:
    import tomllib

    return tomllib.loads(SOUND, parse_float=Decimal)


PATHS = sorted(_paths(_sound()), key=repr)


@st.composite
def spoilt_values(draw: st.DrawFn) -> str:
    """A sound policy with odd values in a few places, a few keys renamed, moved or doubled."""
    policy = _sound()
    for _ in range(draw(st.integers(1, 3))):
        *outer, last = draw(st.sampled_from(PATHS))
        target: Any = policy
        try:
            for key in outer:
                target = target[key]
            value = target[last]
        except (KeyError, IndexError, TypeError):
            continue  # because an earlier change took it away
        if not isinstance(target, dict | list):
            continue
        place: Any = last
        match draw(st.integers(0, 4)):
            case 0 if isinstance(target, dict):
                target[draw(st.text(max_size=5) | st.sampled_from(("id", "when", "never", "type", "loss")))] = (
                    target.pop(place)
                )
            case 1:
                del target[place]
            case 2 if isinstance(target, list):
                target.append(value)
            case _:
                target[place] = draw(odd_values())
    return tomli_w.dumps(policy)


TOKENS = (
    *("loss", "abuse", "injury", "virality.views", "exchange.steps_done", "hostile", "small_loss", "honest", "nobody"),
    *("and", "or", "not", "in", "between", "contains", "starts", "ends", "with", "matches", "is", "known", "missing"),
    *("=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "(", ")", ",", "..", "[", "]"),
    *(
        "50 USD",
        "12.5",
        "10%",
        "48h",
        "3 days",
        "2026-11-21",
        "'text'",
        "true",
        "min(",
        "count(",
        "days_since(",
        "0",
        "€",
    ),
)


def _holds_up(text: str) -> None:
    try:
        found = load_text(text).warnings
    except PolicyError as error:
        found = error.diagnostics
        assert any(d.severity == "error" for d in found)
    lines = text.removeprefix("\ufeff").split("\n")
    for diagnostic in found:
        location = diagnostic.location
        assert diagnostic.message
        if location and diagnostic.file == "policy.toml":
            assert location.source_line == lines[location.line - 1].rstrip("\r")
            assert 1 <= location.column <= len(lines[location.line - 1]) + 2
            assert (location.line, location.column) <= (location.end_line, location.end_column)
    for form in FORMS.values():
        form(found)


fuzz = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def test_what_the_fuzz_tests_spoil_is_sound() -> None:
    assert FORMS["text"](load_text(SOUND).warnings) == ""


@pytest.mark.once
@fuzz
@given(spoilt_texts())
def test_a_policy_with_a_spoilt_text_raises_nothing_else(text: str) -> None:
    _holds_up(text)


@pytest.mark.once
@fuzz
@given(spoilt_values())
def test_a_policy_with_spoilt_values_raises_nothing_else(text: str) -> None:
    _holds_up(text)


@fuzz
@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=12).map(" ".join))
def test_any_row_of_words_as_a_condition_raises_nothing_else(condition: str) -> None:
    parameters = '[parameters]\nsmall_loss = "75 USD"\n[terms]\nhonest = "fault != customer"\n'
    guard = f'[[guard]]\nid = "g"\nnever = """refund = full and ({condition})"""\n'
    cell = f'[[rule]]\nid = "s"\nwhen.loss = """{condition}"""\nthen.refund = "deny"\n'
    _holds_up(f'{POLICY}{parameters}[[rule]]\nid = "r"\nwhen = """{condition}"""\nthen.refund = "deny"\n{guard}{cell}')


@fuzz
@given(
    st.dictionaries(
        st.sampled_from(sorted(vocabulary(Incident))) | st.text(max_size=4), odd_values() | st.floats(), max_size=4
    )
)
def test_odd_facts_raise_fact_errors_only(facts: dict[str, object]) -> None:
    found: tuple[Diagnostic, ...] = ()
    try:
        read_given(facts, vocabulary(Incident), Currencies("USD"))
    except FactError as error:
        found = error.diagnostics
    assert all(diagnostic.message for diagnostic in found)
    FORMS["text"](found)
