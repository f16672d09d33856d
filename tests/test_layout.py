"""The layout of policy files: what it makes of a text, and what it must never change."""

import re
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from random_toml import documents

from evenhand.rules import layout
from evenhand.rules.layout import format_document

MESSY = """


#!ruler
#:schema policy.json
  [ policy ]   #hi


id="a" #x
 title= 'b' # y
then . refund = 1
then.'x y'  = {a=1,b . c=[ 1,2 ], d={}, e=[1, # hm
  2]}
a-name-that-is-longer-than-all-others = 1.50

# about b
about = \"\"\"
  x \t
y\"\"\" # z



extends=["one-pack-with-a-long-name-of-its-own","another-pack-with-a-long-name", "a-third-pack-with-a-long-name"]
# the end of policy

# --- rules
[[rule]]
#c

id=1_000 #    far
[rule.when]
a=[]
b=[ # none
]
c=[
 # own

 1 #one
 , 0x1F # two


 ,333
 # last
]
[[table]]
columns=["a fact with a long name", "another fact with a long name", "a third fact with a long name", "because"]
rows=[["<= 50 USD","<= rude",  3,"full"],["-","-",10,"partial"], #all
["x"],[]]
more=[[1, 2],[3,4]]"""

TIDY = """\
#!ruler
#:schema policy.json
[policy]   # hi
id    = "a"   # x
title = 'b'   # y
then.refund = 1
then.'x y'  = { a = 1, b.c = [1, 2], d = {}, e = [
    1,   # hm
    2,
] }
a-name-that-is-longer-than-all-others = 1.50

# about b
about = \"\"\"
  x \t
y\"\"\"   # z

extends = [
    "one-pack-with-a-long-name-of-its-own",
    "another-pack-with-a-long-name",
    "a-third-pack-with-a-long-name",
]
# the end of policy

# --- rules
[[rule]]
# c

id = 1_000   #    far

[rule.when]
a = []
b = [   # none
]
c = [
    # own

    1,      # one
    0x1F,   # two
    333,
    # last
]

[[table]]
columns = ["a fact with a long name", "another fact with a long name", "a third fact with a long name", "because"]
rows    = [
    ["<= 50 USD", "<= rude", 3,  "full"],
    ["-",         "-",       10, "partial"],   # all
    ["x"],
    [],
]
more    = [[1, 2], [3, 4]]
"""


def laid_out(text: str) -> str:
    formatted, problems = format_document(text)
    assert not problems
    return formatted


def test_a_messy_text_is_tidied() -> None:
    assert laid_out(MESSY) == TIDY
    assert laid_out(TIDY) == TIDY


def test_line_ends_become_line_feeds_and_the_last_line_gets_one() -> None:
    assert laid_out("\ufeff" + MESSY.replace("\n", "\r\n")) == TIDY
    assert laid_out("a=1") == "a = 1\n"


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("a=1\n#b\n[c]\n", "a = 1\n\n# b\n[c]\n"),
        ("a=1\n#b\n\n[c]\n", "a = 1\n# b\n\n[c]\n"),
        ("[a]\n\n\nb=1\n\n\n\nc=2\n", "[a]\nb = 1\n\nc = 2\n"),
        ("[a]\n[b]\n", "[a]\n\n[b]\n"),
        ("#a\n\n#b\n", "# a\n\n# b\n"),
        ("######\n##  a\n#-- b\n", "######\n##  a\n#-- b\n"),
        ("[a]#b\n#c\nd=1", "[a]   # b\n# c\nd = 1\n"),
        ("id='a'\nlonger='b'\n\nx=1\n", "id     = 'a'\nlonger = 'b'\n\nx = 1\n"),
        ("a.b=1\na.bcd=2\nc.d=3\ne=4\n", "a.b   = 1\na.bcd = 2\nc.d = 3\ne = 4\n"),
        ("[[a]]\nb=1\n[[a.cd]]\ne=1\n[[a.cd]]\nefg=2\n", "[[a]]\nb   = 1\n[[a.cd]]\ne   = 1\n[[a.cd]]\nefg = 2\n"),
        ("[[a]]\nb=1\n\n\n[[a.cd]]\n\ne=1\n[[a]]\n", "[[a]]\nb = 1\n\n[[a.cd]]\ne = 1\n\n[[a]]\n"),
        ("[[a]]\n#b\n[[a.cd]]#e\n#f\n[a.x]\n", "[[a]]\n# b\n[[a.cd]]   # e\n\n# f\n[a.x]\n"),
        ("[a]\nrows=[]\n", "[a]\nrows = []\n"),
        ("[a]\nrows=[[1],2]\n", "[a]\nrows = [[1], 2]\n"),
        ("[a]\nrows=[[1,2]]\n", "[a]\nrows = [\n    [1, 2],\n]\n"),
        ("[a]\nrows=[[1,\n#b\n2]]\n", "[a]\nrows = [\n    [\n        1,\n        # b\n        2,\n    ],\n]\n"),
        ("a=[1\n#b\n,#c\n#d\n\n\n2]\n", "a = [\n    1,\n    # b\n    # c\n    # d\n\n    2,\n]\n"),
        ("a=['''b\n  c''']\n", "a = [\n    '''b\n  c''',\n]\n"),
        ("a=[{b=1},{b=2,},]".replace(",},", "},"), "a = [{ b = 1 }, { b = 2 }]\n"),
    ],
)
def test_each_part_has_its_layout(text: str, tidy: str) -> None:
    assert laid_out(text) == tidy
    assert laid_out(tidy) == tidy


def test_a_list_breaks_where_its_line_would_pass_a_hundred_columns() -> None:
    fits = f'name = ["{"a" * 89}"]\n'
    assert len(fits) == 101
    assert laid_out(fits) == fits
    assert laid_out(fits.replace("aaa", "aaaa", 1)) == f'name = [\n    "{"a" * 90}",\n]\n'


def test_what_cannot_be_read_is_left_as_it_is() -> None:
    text = "a  =  1\nb = [\n"
    formatted, problems = format_document(text, name="cafe.toml")
    assert formatted == text
    assert [(problem.code, problem.line) for problem in problems] == [("invalid-toml", 2)]


def test_a_layout_that_changes_anything_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_tidy", lambda remark: "#")
    assert laid_out("a = 1 # b\n") == "a = 1   #\n"
    monkeypatch.setattr(layout._Layout, "name", lambda self, node: "b")
    with pytest.raises(RuntimeError, match="would change"):
        format_document("a = 1\n")


def remarks(text: str) -> str:
    """Return all that stands outside of texts, behind `#`, without its spaces."""
    found = re.finditer(
        r'""".*?(?<!\\)(?:\\\\)*"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'|(#[^\n]*)', text, re.DOTALL
    )
    return "".join("".join((match[1] or "").split()) for match in found)


@pytest.mark.once
@settings(max_examples=300, deadline=None)
@given(documents())
def test_a_layout_changes_no_value_and_no_remark_and_is_final(text: str) -> None:
    formatted = laid_out(text)
    assert repr(tomllib.loads(formatted)) == repr(tomllib.loads(text))
    assert remarks(formatted) == remarks(text)
    assert laid_out(formatted) == formatted
    assert formatted.endswith("\n")


def test_the_shipped_packs_can_be_laid_out(root: Path) -> None:
    packs = sorted((root / "policies").glob("*.toml"))
    assert packs
    for path in packs:
        formatted = laid_out(path.read_text(encoding="utf-8"))
        assert laid_out(formatted) == formatted


@pytest.mark.once
def test_four_megabytes_are_laid_out_in_time() -> None:
    rule = '[[rule]]\nid="rule-{}"\nwhen = "{}"   # so\nthen.refund="full"\noblige=["a","b"]\nbecause = "{}"\n\n'
    text = "".join(
        rule.format(number, "loss <= 50 USD and fault != customer " * 5, "so " * 60) for number in range(10_000)
    )
    start = time.process_time()
    laid_out(text)
    assert time.process_time() - start < 30  # 6 s on a desk; a shared machine may be slow
