"""Documents: what is read from a file, where each value stands in it, and what can be saved of a broken one."""

import os
import random
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path as FilePath

import pytest
from hypothesis import example, given, settings, strategies as st
from random_toml import documents

from evenhand.rules.document import Document, Path, Problem, parse_document, read_document
from evenhand.rules.recovery import recover
from evenhand.rules.toml_faults import WORDING

POLICY = """\
# A policy as an owner writes it.
[policy]
id        = "tea-room"
effective = 2026-11-01   # from the first of the month

[facts."party size"]
type = "integer"

[terms]
loud = "virality.views >= 10_000 or 'a \\"b' = x"

[[rule]]
id      = "first"
when    = ["abuse >= hostile", "loss > 10"]
then.refund        = "deny"
then."refund_amount" = 'loss'
because = \"\"\"
Two lines, \\
    folded into one.
And a \\u00e9 more.\"\"\"

[[rule]]
id = "second"
[rule.when]
abuse = ">= rude"
fault = {any = ["customer", 'third_party'], deep.down = [[1, 2.50], [3]]}

[[table]]
columns = ["loss", "=> refund"]
rows = [
  ["< 5", "full"],  # small
  ["[5 .. 10)", "partial"],
]
"""


def parsed(text: str) -> Document:
    document, problems = parse_document(text, "policy.toml")
    assert document is not None
    assert not problems
    return document


def problems_of(text: str) -> list[tuple[str, int, int]]:
    return [(problem.facts["kind"], problem.line, problem.column) for problem in parse_document(text, "")[1]]


def at(document: Document, path: Path, *, key: bool = False) -> str:
    """Return the text that stands at the place of *path*."""
    span = document.span(path, key=key)
    return document.text[span.offset : span.offset + span.length]


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Yield the path and the value of everything that is neither a table nor a list of tables."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    else:
        yield path, value
        if isinstance(value, list):
            for number, item in enumerate(value):
                yield from leaves(item, (*path, number))


# Where things stand


@pytest.mark.parametrize(
    ("path", "line", "column", "text"),
    [
        (("policy", "id"), 3, 13, '"tea-room"'),
        (("policy", "effective"), 4, 13, "2026-11-01"),
        (("facts", "party size", "type"), 7, 8, '"integer"'),
        (("rule", 0, "when", 1), 14, 32, '"loss > 10"'),
        (("rule", 0, "then", "refund_amount"), 16, 24, "'loss'"),
        (("rule", 1, "when", "abuse"), 25, 9, '">= rude"'),
        (("rule", 1, "when", "fault", "any", 1), 26, 29, "'third_party'"),
        (("rule", 1, "when", "fault", "deep", "down", 0, 1), 26, 62, "2.50"),
        (("table", 0, "rows", 1, 0), 32, 4, '"[5 .. 10)"'),
        (("table", 0, "rows", 1), 32, 3, '["[5 .. 10)", "partial"]'),
    ],
)
def test_a_value_is_found_where_it_stands(path: Path, line: int, column: int, text: str) -> None:
    document = parsed(POLICY)
    span = document.span(path)
    assert (span.line, span.column, at(document, path)) == (line, column, text)
    assert (span.end_line, span.end_column) == (line, column + len(text))
    assert document.line_of(path) == line


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("policy",), "policy"),
        (("facts", "party size"), '"party size"'),
        (("facts",), "facts"),
        (("rule", 0, "then", "refund_amount"), '"refund_amount"'),
        (("rule", 0, "then"), "then"),
        (("rule", 1, "when"), "when"),
        (("rule", 1, "when", "fault", "deep"), "deep"),
    ],
)
def test_a_key_is_found_where_it_stands(path: Path, text: str) -> None:
    assert at(parsed(POLICY), path, key=True) == text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("policy",), "[policy]"),
        (("rule",), "[[rule]]"),
        (("rule", 1), "[[rule]]"),
        (("rule", 1, "when"), "[rule.when]"),
        (("policy", "titel"), "[policy]"),
        (("rule", 1, "because"), "[[rule]]"),
        (("rule", 0, "then", "defend"), "then"),
        (("table", 0, "rows", 7, 1), at(parsed(POLICY), ("table", 0, "rows"))),
        (("nowhere", 3), ""),
        ((), ""),
    ],
)
def test_a_table_is_its_heading_and_what_is_missing_is_its_nearest_ancestor(path: Path, text: str) -> None:
    assert at(parsed(POLICY), path) == text


def test_the_second_of_several_is_not_the_first() -> None:
    document = parsed(POLICY)
    assert (document.line_of(("rule", 0)), document.line_of(("rule", 1))) == (12, 22)
    assert document.line_of(("rule",)) == 12


def test_elements_come_in_the_order_of_the_file() -> None:
    assert parsed(POLICY).elements("rule", "table", "guard") == [("rule", 0), ("rule", 1), ("table", 0)]
    text = 'table = [{}, {}]\nx = """\n[[rule]]\n"""\n[[ rule ]] # [[rule]]\n[["rule"]]\n'
    assert parsed(text).elements("rule", "table") == [("table", 0), ("table", 1), ("rule", 0), ("rule", 1)]


@pytest.mark.parametrize(
    ("literal", "places"),
    [
        ('"abc"', {0: (1, 6), 2: (1, 8), 3: (1, 9), 99: (1, 9)}),
        (r"'a\nb'", {1: (1, 7), 3: (1, 9)}),
        (r'"\t\"x\u00e9y"', {0: (1, 6), 1: (1, 8), 2: (1, 10), 3: (1, 11), 4: (1, 17), 5: (1, 18)}),
        (r'"\U0001F600y"', {0: (1, 6), 1: (1, 16)}),
        ('"é😀x"', {1: (1, 7), 2: (1, 8)}),
        ('"""\nab\ncd"""', {0: (2, 1), 2: (2, 3), 3: (3, 1), 5: (3, 3)}),
        ('"""a \\\n   b \\  \n\n c"""', {1: (1, 9), 2: (2, 4), 3: (2, 5), 4: (4, 2)}),
        ("'''\n'a'\n\\x'''", {0: (2, 1), 4: (3, 1), 5: (3, 2)}),
        ('""""quoted" """', {0: (1, 8), 1: (1, 9)}),
        ('""', {0: (1, 6), 1: (1, 6)}),
    ],
)
def test_a_character_of_a_text_is_found_where_it_is_written(literal: str, places: dict[int, tuple[int, int]]) -> None:
    document = parsed(f"a = {literal}\n")
    assert {index: document.string_offset(("a",), index) for index in places} == places


def test_a_stretch_of_a_text_has_a_span() -> None:
    document = parsed(POLICY)
    span = document.string_span(("terms", "loud"), 0, 14)
    assert POLICY[span.offset :][: span.length] == "virality.views"
    assert document.string_span(("policy", "effective"), 0, 3) == document.span(("policy", "effective"))
    assert document.string_offset(("nowhere",), 3) == (1, 1)


def test_windows_line_ends_and_a_byte_order_mark_move_nothing() -> None:
    plain, windows = parsed(POLICY), parsed("\ufeff" + POLICY.replace("\n", "\r\n"))
    assert windows.values == plain.values
    for path, _ in leaves(plain.values):
        span, other = plain.span(path), windows.span(path)
        assert (span.line, span.column, span.end_line, span.end_column) == (
            other.line,
            other.column,
            other.end_line,
            other.end_column,
        )
        assert at(windows, path).replace("\r\n", "\n") == at(plain, path)
    assert windows.string_offset(("rule", 0, "because"), 32) == plain.string_offset(("rule", 0, "because"), 32)
    assert windows.source_line(3) == plain.source_line(3) == 'id        = "tea-room"'
    assert windows.source_line(99) == windows.source_line(0) == ""


def test_decimals_are_exact() -> None:
    values = parsed("a = 0.1\nb = 1_0.50e1\nc = inf\nd = 7").values
    assert values == {"a": Decimal("0.1"), "b": Decimal("105.0"), "c": Decimal("Infinity"), "d": 7}
    assert isinstance(values["d"], int)


def test_a_correct_document_needs_no_syntax_tree() -> None:
    code = (
        "import sys; from evenhand.rules.document import parse_document as parse;"
        "document, problems = parse('[[rule]]\\nid = 1', ''); document.elements('rule');"
        "print(sorted(name for name in sys.modules if 'tree_sitter' in name or 'recovery' in name))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_many_threads_may_ask_for_places() -> None:
    document = parsed(POLICY * 1 + "".join(f"[[guard]]\nid = [{number}, 1]\n" for number in range(300)))
    found: list[bool] = []

    def ask() -> None:
        places = [document.span(("guard", number, "id", 1)).line for number in range(300)]
        found.append(places == [35 + 2 * number for number in range(300)])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


# Random documents


@pytest.mark.once
@settings(max_examples=200, deadline=None)
@given(documents())
def test_what_stands_at_a_path_is_its_value(text: str) -> None:
    document = parsed(text)
    for path, value in leaves(document.values):
        assert tomllib.loads(f"a = {at(document, path)}", parse_float=Decimal)["a"] == value
        if isinstance(path[-1], str):
            assert tomllib.loads(f"{at(document, path, key=True)} = 1") == {path[-1]: 1}
        elements = document.elements(str(path[0]))
        assert all(document.span(element).offset <= document.span((*element, "")).offset for element in elements)


@pytest.mark.once
@settings(max_examples=200, deadline=None)
@given(documents())
def test_a_text_cut_at_a_character_means_the_characters_before_it(text: str) -> None:
    document = parsed(text)
    for path, value in leaves(document.values):
        if isinstance(value, str):
            literal = at(document, path)
            quote = literal[:3] if literal[:3] in {'"""', "'''"} and len(literal) >= 6 else literal[0]
            for index in range(len(value) + 1):
                offset = document.string_span(path, index, index).offset - document.span(path).offset
                assert tomllib.loads(f"a = {literal[:offset]}{quote}")["a"] == value[:index]


@pytest.mark.once
@settings(max_examples=200, deadline=None)
@given(documents())
def test_the_tolerant_reading_finds_no_fault_with_valid_toml(text: str) -> None:
    saved = recover(text, tomllib.loads)
    assert not saved.faults
    assert not saved.lost
    assert saved.source == text


# Broken texts

BROKEN = [
    ('a = "b\nc = 1\n', [("unclosed-text", 1, 5)], {"c": 1}),
    ("a = 'b\nc = 1\n", [("unclosed-text", 1, 5)], {"c": 1}),
    ('a = """b\nc = 1\n[d]\n', [("unclosed-long-text", 1, 5)], {"c": 1, "d": {}}),
    ('a = """b\nc = 1\nd = """e"""\n', [("unclosed-long-text", 1, 5)], {"c": 1, "d": "e"}),
    ("a = [1,\nb = 2\n", [("unclosed-list", 1, 5)], {"b": 2}),
    ('a = [["b", "c"],\n ["d"]\n[[e]]\n', [("unclosed-list", 1, 5)], {"e": [{}]}),
    ("a = [1, 2", [("unclosed-list", 1, 5)], {}),
    ("a = [1 2]\nb = 3\n", [("missing-comma", 1, 8)], {"b": 3}),
    ("a = [1\n 2]\nb = 3\n", [("missing-comma", 2, 2)], {"b": 3}),
    ("a = [1,,2]\n", [("no-item", 1, 8)], {}),
    ("a = {b = 1\nc = 2\n", [("unclosed-braces", 1, 5)], {"c": 2}),
    ("a = {\n  b = 1,\n  c = 2,\n}\nd = 3\n", [("unclosed-braces", 1, 5)], {"d": 3}),
    ("a = [{\n  b = 1,\n}, {\n  c = 2,\n}]\nd = 3\n", [("unclosed-braces", 1, 6)], {"d": 3}),
    ("a = {b = 1,}\n", [("extra-comma", 1, 11)], {}),
    ("a = {b = 1 c = 2}\n", [("missing-comma", 1, 12)], {}),
    ("a 1\nb = 2\n", [("missing-equals", 1, 3)], {"b": 2}),
    ("a: 1\nb := 2\nc == 3\n", [("wrong-equals", 1, 2), ("wrong-equals", 2, 3), ("wrong-equals", 3, 3)], {}),
    ("= 1\n.a = 1\na. = 1\n", [("missing-name", 1, 1), ("missing-name", 2, 1), ("missing-name", 3, 4)], {}),
    ("a =\nb = # c\n", [("no-value", 1, 4), ("no-value", 2, 5)], {}),
    ("a = full\nb = 75 USD\nc = [deny, full]\n", [("unquoted-text", 1, 5), ("unquoted-text", 2, 5), ("unquoted-text", 3, 6)], {}),
    ("a = True\nb = yes\n", [("boolean-word", 1, 5), ("boolean-word", 2, 5)], {}),
    ("a = 10,000\nb = {c = 10,000}\n", [("comma-in-number", 1, 5), ("comma-in-number", 2, 10)], {}),
    ("a = 007\nb = .5\nc = 1__0\n", [("bad-number", 1, 5), ("bad-number", 2, 5), ("bad-number", 3, 5)], {}),
    ("a = 2026-02-30\nb = 21.11.2026\n", [("bad-date", 1, 5), ("bad-date", 2, 5)], {}),
    (f"a = {'1' * 5000}\nb = 1e99999999999999999999\n", [("long-number", 1, 5), ("long-number", 2, 5)], {}),
    ('a = "b "c" d"\ne = 1\n', [("quote-in-text", 1, 9)], {"e": 1}),
    ('a = "C:\\dir"\nb = "\\ud800"\n', [("bad-escape", 1, 8), ("bad-escape", 2, 6)], {}),
    ("a = \u201cb\u201d\n\u201cc\u201d = 1\n", [("curly-quote", 1, 5), ("curly-quote", 2, 1)], {}),
    ("a = 1\u00a0\n\u00a0b = 1\nc\u200b = 1\n", [("invisible", 1, 6), ("invisible", 2, 1), ("invisible", 3, 2)], {}),
    ("# a\r\r\nb = 'c\r\r\n'\nd = 1\n", [("invisible", 1, 4), ("unclosed-text", 2, 5), ("unclosed-text", 3, 1)], {"d": 1}),
    ("# \x01\na = 1 # \x7f\nb = 2 # \t\n", [("invisible", 1, 3), ("invisible", 2, 9)], {"b": 2}),
    ("a = 1 b = 2\nc = 3\n", [("after-value", 1, 7)], {"c": 3}),
    ("[a] b = 1\nc = 2\n", [("after-heading", 1, 5)], {"a": {"c": 2}}),
    ("[a\nb = 1\n[[c]\nd = 1\n", [("missing-bracket", 1, 1), ("missing-bracket", 3, 1)], {"a": {"b": 1}, "c": [{"d": 1}]}),
    ("[[a]]\n[a]]\nb = 1\n[c]]\n", [("extra-bracket", 2, 1), ("extra-bracket", 4, 1)], {"a": [{}, {"b": 1}], "c": {}}),
    ("[a b]\nc = 1\n[d]\ne f = 1\n", [("name-needs-quotes", 1, 2), ("name-needs-quotes", 4, 1)], {"d": {}}),
    ("[]\na = 1\n[[]]\n[b]\n", [("empty-heading", 1, 1), ("empty-heading", 3, 1)], {"b": {}}),
    ("]\n// a\nb c\n", [("stray-bracket", 1, 1), ("wrong-remark", 2, 1), ("not-a-setting", 3, 1)], {}),
    ("a = 1\na = 2\nb.c = 1\nb.c = 2\n", [("duplicate-key", 2, 1), ("duplicate-key", 4, 1)], {"a": 1, "b": {"c": 1}}),
    ("a.b = 1\na = 3\n", [("duplicate-key", 2, 1)], {"a": {"b": 1}}),
    ("[a]\nb = 1\n[a]\nc = 1\n[d]\n", [("duplicate-heading", 3, 2)], {"a": {"b": 1}, "d": {}}),
    ("[a]\n[[a]]\nb = 1\n[[c]]\n[c]\n", [("list-or-table", 2, 3), ("list-or-table", 5, 2)], {"a": {}, "c": [{}]}),
    ("a = {b = 1, b = 2}\n", [("duplicate-key", 1, 13)], {}),
    (f"a = {'[' * 65}{']' * 65}\nb = 1\n", [("too-deeply-nested", 1, 69)], {"b": 1}),
    (f"{'a.' * 64}a = 1\nb = 1\n", [("too-deeply-nested", 1, 1)], {"b": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected", "values"), BROKEN)
def test_every_fault_is_found_and_the_rest_is_read(
    text: str, expected: list[tuple[str, int, int]], values: object
) -> None:
    document, problems = parse_document(text, "")
    assert document is not None
    assert document.partial
    assert problems_of(text) == expected
    assert document.values == values
    for problem in problems:
        assert problem.code in {"invalid-toml", "duplicate-key", "too-deeply-nested"}
        message, advice = problem.facts["message"], problem.facts["help"]
        assert message[0] in "`" + message[0].lower()
        assert not message.endswith(".")
        assert advice


def test_every_kind_of_fault_has_its_broken_text() -> None:
    """All but the two for what no text of a line or two can show."""
    shown = {kind for _, expected, _ in BROKEN for kind, _, _ in expected}
    assert set(WORDING) - shown == {"other", "and-more"}


def test_sixty_four_levels_are_not_too_many() -> None:
    text = f"a = {'[' * 64}{']' * 64}\n{'b.' * 63}b = 1\nc = '{'[.' * 100}'\n"
    assert parsed(text).values["c"] == "[." * 100


def test_a_duplicate_names_the_line_of_the_first() -> None:
    _, problems = parse_document('[[rule]]\nid = "a"\nwhen = "b"\n\nid = "c"\n', "")
    assert [(problem.code, problem.facts["key"], problem.facts["first_line"]) for problem in problems] == [
        ("duplicate-key", "id", "2")
    ]


def test_what_was_lost_is_known() -> None:
    document, _ = parse_document('[[rule]]\nid = "a"\nthen.refund = full\n[[rule]]\nid = "b"\n', "")
    assert document is not None
    assert document.lost == {("rule", 0, "then", "refund")}
    assert document.may_lack(("rule", 0, "then"))
    assert document.may_lack(("rule", 0, "then", "refund"))
    assert not document.may_lack(("rule", 1, "then"))
    assert not document.may_lack(("rule", 0, "because"))


def test_places_stay_what_they_were_around_what_is_broken() -> None:
    text = POLICY.replace('id = "second"', "id = second").replace("[policy]", "[policy").replace("\n", "\r\n")
    whole = parsed(POLICY)
    document, problems = parse_document(text, "")
    assert document is not None
    assert [(problem.line, problem.column) for problem in problems] == [(2, 1), (23, 6)]
    for path, _ in leaves(document.values):
        assert document.span(path).line == whole.span(path).line
        assert at(document, path).replace("\r\n", "\n") == at(whole, path)
    assert document.source_line(23) == "id = second"


def test_twenty_faults_are_listed_and_the_rest_is_counted() -> None:
    _, problems = parse_document("a b c\n" * 50, "")
    assert len(problems) == 21
    assert problems[-1].facts["kind"] == "and-more"
    assert problems[-1].facts["message"] == "there are 30 more mistakes of this kind"


def test_a_fix_is_given_where_it_is_certain() -> None:
    _, problems = parse_document("[[rule]\nenabled = False\nid: 'a'\n", "")
    assert [problem.facts.get("fix") for problem in problems] == ["[[rule]]", "false", "="]


MUTATIONS = st.lists(
    st.tuples(
        st.integers(0, len(POLICY)),
        st.integers(0, 12),
        st.one_of(st.text(max_size=4), st.sampled_from(list("[]{}\"'=,.#\n\\"))),
    ),
    min_size=1,
    max_size=4,
)


def mutated(changes: list[tuple[int, int, str]]) -> str:
    text = POLICY
    for start, length, new in changes:
        text = text[:start] + new + text[start + length :]
    return text


def check_any(text: str) -> None:
    """Hold a text, whatever it is, to what must be true of every one."""
    document, problems = parse_document(text, "")
    try:
        values = tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        assert problems
    else:
        assert document is not None
        assert document.values == values
        assert {problem.code for problem in problems} <= {"empty-file"}
    assert len(problems) <= 21
    for problem in problems:
        if problem.span is not None:
            assert 0 <= problem.span.offset <= problem.span.offset + problem.span.length <= len(text)
    if document is not None:
        for path, value in leaves(document.values):
            assert repr(tomllib.loads(f"a = {at(document, path)}", parse_float=Decimal)["a"]) == repr(value)


@settings(max_examples=400, deadline=None)
@given(MUTATIONS)
def test_a_damaged_policy_never_raises(changes: list[tuple[int, int, str]]) -> None:
    check_any(mutated(changes))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab1-.=[]{}\"'#,\n\r\t \\\u00a0é")), max_size=60))
@example("a = [\n[b]\n]")
@example("\r")
@example("[[a]]\n[a.b]\n[[a]]\na.b.c")
def test_any_text_is_read_without_raising(text: str) -> None:
    check_any(text)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_read_without_raising(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    document, problems = read_document(path)
    assert document is not None or problems


HOSTILE = {
    "brackets": "a = " + "[" * 100_000,
    "only brackets": "[" * 100_000,
    "brackets on lines": "a = " + "[\n" * 100_000,
    "braces": "a = " + "{b=" * 50_000,
    "points": "a." * 100_000 + "a = 1",
    "quotes": '"' * 1_000_000,
    "escapes": '"\\' * 500_000,
    "long texts": 'a = """\n' * 100_000,
    "open lists": "a = [\n" * 100_000,
    "same keys": "a = 1\n" * 200_000,
    "same headings": "[a]\n" * 200_000,
    "garbage": "".join(random.Random(1).choices("ab1 =[]{}\"'.,#\n\\é", k=1_000_000)),
    "one word": "a" * 1_000_000,
    "spaces": "a" + " " * 1_000_000 + "!",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_takes_bounded_time(name: str) -> None:
    start = time.process_time()
    document, problems = parse_document(HOSTILE[name], "")
    assert problems
    assert document is not None
    document.span(("a", 0))
    assert time.process_time() - start < 10


def test_four_megabytes_have_their_places_in_time() -> None:
    rule = '[[rule]]\nid = "rule-{}"\nwhen = "{}"\nthen.refund = "full"\nbecause = "{}"\n\n'
    text = "".join(
        rule.format(number, "loss <= 50 USD and fault != customer " * 5, "so " * 60) for number in range(10_000)
    )
    assert len(text) > 4_000_000
    document = parsed(text)
    start = time.process_time()
    assert document.span(("rule", 9_999, "when")).line == 59_997
    assert time.process_time() - start < 6  # 1 s on a desk; a shared machine may be slow


# Files


def only_problem(path: str | os.PathLike[str]) -> Problem:
    document, problems = read_document(path)
    assert document is None
    (problem,) = problems
    return problem


def test_a_file_is_called_by_its_path_from_here(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop").mkdir()
    path = tmp_path / "shop" / "cafe.toml"
    path.write_bytes(b"\xef\xbb\xbf" + POLICY.encode())
    monkeypatch.chdir(tmp_path)
    document, problems = read_document(path)
    assert document is not None
    assert not problems
    assert FilePath(document.name) == FilePath("shop/cafe.toml")
    assert document.path == path
    assert document.span(("policy", "id")).line == 3
    monkeypatch.chdir(tmp_path / "shop")
    (tmp_path / "other.toml").write_text("a = 1")
    outside, _ = read_document(tmp_path / "other.toml")
    assert outside is not None
    assert outside.name == str(tmp_path / "other.toml")


def test_a_missing_file_is_told_from_its_neighbour(tmp_path: FilePath) -> None:
    (tmp_path / "cafe.toml").touch()
    problem = only_problem(tmp_path / "caffe.toml")
    assert (problem.code, problem.facts["suggestion"]) == ("file-not-found", str(tmp_path / "cafe.toml"))
    assert only_problem(tmp_path / "cafe.toml" / "x.toml").code == "file-not-found"
    assert only_problem(tmp_path / "no" / "x.toml").code == "file-not-found"
    assert only_problem(str(tmp_path / "nul\0.toml")).code == "file-not-found"
    assert only_problem(tmp_path / ("x" * 5000)).code == "file-not-found"
    assert only_problem("").code == "file-not-found"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_only_regular_files_are_opened(tmp_path: FilePath) -> None:
    assert only_problem(tmp_path).facts == {"what": "folder"}
    os.mkfifo(tmp_path / "pipe")
    assert only_problem(tmp_path / "pipe").facts == {"what": "pipe"}
    assert only_problem("/dev/zero").facts == {"what": "device"}
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert only_problem(tmp_path / "loop").code == "unreadable-file"


def test_a_file_that_turns_into_a_pipe_does_not_hold_us_up(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    opened = os.open
    monkeypatch.setattr(os, "open", lambda path, flags: opened(tmp_path / "pipe", flags))
    assert only_problem(tmp_path / "file").facts == {"what": "pipe"}


def test_a_file_without_permission_is_unreadable(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "file").write_text("a = 1")
    monkeypatch.setattr(os, "open", refuse)
    problem = only_problem(tmp_path / "file")
    assert (problem.code, problem.facts) == ("unreadable-file", {"reason": "permission denied"})


def test_a_large_file_is_refused_before_it_is_read(tmp_path: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate(10 * 2**20)
    monkeypatch.setattr(os, "open", None)
    problem = only_problem(path)
    assert (problem.code, problem.facts) == ("file-too-large", {"size": "10.0 MiB", "limit": "8 MiB"})
    assert parse_document("#" * (8 * 2**20 + 1), "")[1][0].code == "file-too-large"


@pytest.mark.parametrize(
    ("content", "code", "facts"),
    [
        (b"", "empty-file", {}),
        (b" \r\n\t", "empty-file", {}),
        (b"\xef\xbb\xbf", "empty-file", {}),
        (b"a = 1\n\x00", "binary-file", {"offset": "6"}),
        (b"\x7fELF\x02\x01\x01\x00", "binary-file", {"offset": "7"}),
        (
            b"a = 1\nb = 'caf\xe9'",
            "not-utf8",
            {"encoding": "Windows-1252", "offset": "14", "byte": "0xE9", "line": "2"},
        ),
        ("a = 'é'".encode("utf-16"), "not-utf8", {"encoding": "UTF-16", "offset": "0", "byte": "0xFF", "line": "1"}),
        ("a = 'é'".encode("utf-16-le"), "not-utf8", {"encoding": "UTF-16", "offset": "0", "byte": "0x61", "line": "1"}),
        ("a = 'é'".encode("utf-16-be"), "not-utf8", {"encoding": "UTF-16", "offset": "0", "byte": "0x00", "line": "1"}),
        ("a = 'é'".encode("utf-32"), "not-utf8", {"encoding": "UTF-32", "offset": "0", "byte": "0xFF", "line": "1"}),
    ],
)
def test_what_is_no_text_is_named(tmp_path: FilePath, content: bytes, code: str, facts: dict[str, str]) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes(content)
    _, (problem,) = read_document(path)
    assert (problem.code, problem.facts) == (code, facts)


def test_a_wrong_byte_has_its_place(tmp_path: FilePath) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes("# é\n# é\xe9".encode("latin-1").replace(b"\xe9", "é".encode(), 2))
    problem = only_problem(path)
    assert (problem.line, problem.column) == (2, 4)
