"""Mappings: columns of any name and spelling made into facts, exactly, and every mistake in one with its place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from bulk_files import bad_rows, read_rows, run, write_rows, write_table

from evenhand import Policy
from evenhand.engine.bulk.mapping import Mapping, read_mapping
from evenhand.engine.bulk.mapping.guess import guess, toml_of, words_of
from evenhand.engine.bulk.mapping.looks import look_at
from evenhand.engine.bulk.mapping.sampling import looks_of
from evenhand.engine.bulk.places import place_of
from evenhand.engine.bulk.sources import Reading, open_source
from evenhand.rules.diagnostics import PolicyError, catalogue

#: Gives every fact back: what a rule does not decide, a value does.
ECHO = """
[policy]
id = "echo"
currency = "USD"
[rates]
EUR = "1.1"
[facts.amount]
type = "money"
[facts.share]
type = "number"
[facts.number_of]
type = "integer"
[facts.day]
type = "date"
[facts.at]
type = "datetime"
[facts.wait]
type = "duration"
[facts.sure]
type = "boolean"
[facts.words]
type = "list of text"
[facts.note]
type = "text"
[facts.level]
scale = ["low", "middle", "high"]
[decisions.echo]
outcomes = ["no", "yes"]
values = { amount_ = "money", share_ = "number", number_ = "integer", day_ = "date", at_ = "datetime", wait_ = "duration" }
[[rule]]
id = "all"
when = true
then.echo = "yes"
then.amount_ = "amount"
then.share_ = "share"
then.number_ = "number_of"
then.day_ = "day"
then.at_ = "at"
then.wait_ = "wait"
because = "So."
[decisions.is_sure]
outcomes = ["no", "yes"]
[[rule]]
id = "sure"
when = "sure"
then.is_sure = "yes"
because = "So."
[[rule]]
id = "unsure"
when = "not sure"
then.is_sure = "no"
because = "So."
[decisions.how]
outcomes = ["low", "middle", "high"]
[[rule]]
id = "low"
when = "level = low"
then.how = "low"
because = "So."
[[rule]]
id = "high"
when = "level = high or words contains 'high'"
then.how = "high"
because = "So."
"""
#: Two days, the second two days behind the first.
A_AND_B = """
[columns]
a = { column = "x", type = "date" }
b = { column = "x", type = "date", values = { "2026-01-01" = "2026-01-03" } }
"""


@pytest.fixture(scope="module")
def echo() -> Policy:
    return Policy.loads(ECHO)


@pytest.fixture(scope="module")
def house() -> Policy:
    return Policy.load("house")


def mapped(
    policy: Policy, mapping: str, cells: Sequence[Any], folder: Path, kind: str = "csv"
) -> tuple[list[Any], list[str]]:
    """Return the rows that come of one column `x`, and why others are bad."""
    if kind == "csv":
        source = write_rows(folder / "in.csv", [{"x": cell, "y": "."} for cell in cells], ("x", "y"))
    else:
        source = write_table(folder / "in.parquet", pa.table({"x": pa.array(cells)}))
    output = folder / "out.parquet"
    run(source, output, policy, mapping=read_mapping(mapping, policy), overwrite=True)
    return read_rows(output), [problem["message"] for row in bad_rows(output) for problem in row["problems"]]


@pytest.mark.parametrize(
    ("mapping", "cells", "value", "wanted"),
    [
        ('amount = "x"', ["4.50 USD", "7", ""], "amount_", ["4.50", "7.00", None]),
        (
            'amount = { column = "x", currency = "USD", thousands = "," }',
            ["$1,234.50", "(1.25)", "1,000 USD", "2 EUR"],
            "amount_",
            ["1234.50", "-1.25", "1000.00", "2.20"],
        ),
        ('amount = { column = "x", currency = "EUR" }', ["€10", "10 USD", "10"], "amount_", ["11.00", "10.00", "11.00"]),
        ('amount = { column = "x", decimal = ",", thousands = "." }', ["1.234,50", "0,1"], "amount_", ["1234.50", "0.10"]),
        ('amount = { column = "x", scale = 0.01 }', ["450", "1"], "amount_", ["4.50", "0.01"]),
        ('share = { column = "x", scale = 100 }', ["0.1", "0.2"], "share_", ["10", "20"]),
        ('number_of = { column = "x", blank = ["n/a"] }', ["7", " n/a ", "-1"], "number_", [7, None, -1]),
        ('number_of = { column = "x", values = { "a few" = 3, none = "" } }', ["a few", "5", "none"], "number_", [3, 5, None]),
        ('number_of = { column = "x", values = { a = 1 }, otherwise = 0 }', ["a", "zz", ""], "number_", [1, 0, None]),
        (
            'day = { column = "x", format = ["%m/%d/%Y", "%d.%m.%y"] }',
            ["03/04/2026", "5.6.26"],
            "day_",
            [dt.date(2026, 3, 4), dt.date(2026, 6, 5)],
        ),
        (
            'at = { column = "x", format = "%d/%m/%Y %H:%M" }',
            ["03/04/2026 05:06"],
            "at_",
            [dt.datetime(2026, 4, 3, 5, 6, tzinfo=dt.UTC)],
        ),
        ('wait = { column = "x", unit = "hours" }', ["1.5", "2 days"], "wait_", [dt.timedelta(hours=1.5), dt.timedelta(2)]),
        (f'wait = {{ expression = "b - a" }}\n{A_AND_B}', ["2026-01-01"], "wait_", [dt.timedelta(2)]),
        ('amount = "x"\nshare = { expression = "amount / 3 USD" }', ["1", "9"], "share_", ["0.333333333333", "3"]),
        ('share = "x"\namount = { expression = "max(share, 2) * 1.50 USD" }', ["1", "3", ""], "amount_", ["3.00", "4.50", None]),
    ],
)  # fmt: skip
def test_cells_become_facts(
    mapping: str, cells: list[str], value: str, wanted: list[Any], echo: Policy, tmp_path: Path
) -> None:
    rows, bad = mapped(echo, f"[facts]\n{mapping}", cells, tmp_path)
    assert bad == []
    found = [row[f"echo.{value}"] for row in rows]
    assert found == [Decimal(cell) if isinstance(cell, str) else cell for cell in wanted]


def test_typed_columns_are_mapped_too(echo: Policy, tmp_path: Path) -> None:
    def value(mapping: str, cells: list[Any], name: str) -> list[Any]:
        rows, bad = mapped(echo, f"[facts]\n{mapping}", cells, tmp_path, "parquet")
        assert bad == []
        return [row[name] for row in rows]

    assert value('amount = "x"', [Decimal("4.5"), None], "echo.amount_") == [Decimal("4.5"), None]
    assert value('amount = { column = "x", scale = 0.01 }', [450, 1], "echo.amount_") == [
        Decimal("4.5"),
        Decimal("0.01"),
    ]
    assert value('wait = { column = "x", unit = "hours" }', [0.1], "echo.wait_") == [dt.timedelta(minutes=6)]
    assert value('sure = { column = "x", values = { 1 = true, 0 = false } }', [1, 0, None], "is_sure") == [
        "yes",
        "no",
        "refer",
    ]
    assert value('sure = { expression = "x > 3" }', [4, 3, None], "is_sure") == ["yes", "no", "refer"]
    assert value('day = "x"', [dt.date(2026, 1, 2)], "echo.day_") == [dt.date(2026, 1, 2)]


def test_words_lists_constants_and_conditions(echo: Policy, tmp_path: Path) -> None:
    def how(mapping: str, cells: list[str], name: str = "how") -> list[Any]:
        return [row[name] for row in mapped(echo, mapping, cells, tmp_path)[0]]

    assert how('[facts]\nlevel = { column = "x", values = { Hi = "high" } }', ["Hi", "low"]) == ["high", "low"]
    assert how(
        '[facts]\nwords = { column = "x", separator = ";" }\n[constants]\nlevel = "middle"', ["a; high", "b"]
    ) == ["high", "refer"]
    text = "[facts]\nsure = { expression = \"z starts with 'a' or z is missing\" }\n[columns]\nz = 'x'"
    assert how(text, ["ab", "b", ""], "is_sure") == ["yes", "no", "yes"]


def test_what_is_not_written_so_is_bad(echo: Policy, tmp_path: Path) -> None:
    mapping = '[facts]\nday = { column = "x", format = "%m/%d/%Y" }\n[columns]\nu = "y"'
    rows, bad = mapped(echo, mapping, ["03/04/2026", "31/12/2026", "tomorrow"], tmp_path)
    assert [row["row"] for row in rows] == [1]
    assert bad == [
        f"`day` cannot be `{text}`: this is not written like %m/%d/%Y" for text in ("31/12/2026", "tomorrow")
    ]
    mapping = '[facts]\namount = { column = "x", thousands = "," }'
    _, bad = mapped(echo, mapping, ["1,23", "12,34,567", "1,234"], tmp_path)
    assert [text.partition(":")[0] for text in bad] == ["`amount` cannot be `1,23`", "`amount` cannot be `12,34,567`"]
    _, bad = mapped(
        echo,
        '[facts]\nsure = { expression = "n > 1" }\n[columns]\nn = { column = "x", type = "integer" }',
        ["much"],
        tmp_path,
    )
    assert bad == ["`n` cannot be `much`: this is not a number"]


def test_columns_that_are_not_mapped_are_left_out(echo: Policy, tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.jsonl", [{"x": {"z": "high"}, "level": "low", "other": 1}, {}])
    run(source, tmp_path / "out.jsonl", echo, mapping=read_mapping('[facts]\nlevel = "x.z"', echo))
    assert [row["how"] for row in read_rows(tmp_path / "out.jsonl")] == ["high", "refer"]


def test_another_mapping_is_another_job(echo: Policy) -> None:
    texts = ['[facts]\nlevel = "x"', '[facts]\nlevel = "y"']
    assert len({read_mapping(text, echo).fingerprint for text in texts}) == 2


# --- mistakes ----------------------------------------------------------------------------------------------------------


def mistakes(
    text: str, policy: Policy, head: str = "Close Amount,Closed,Bought,Sold,x"
) -> list[tuple[int, int, str, str]]:
    """Return place, code and suggestion of all that is wrong with a mapping."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "in.csv")
        file.write_text(f"{head}\n")
        source = open_source(place_of(str(file)), Reading())
        try:
            read_mapping(text, policy).bound(source)
        except PolicyError as error:
            return [
                (at.line if at else 1, at.column if at else 1, found.code, found.suggestion)
                for found, at in ((found, found.location) for found in error.diagnostics)
            ]
        finally:
            source.close()
    return []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[facts]\nlos = "x"', [(2, 1, "unknown-fact", "loss")]),
        ("[facts]\nloss = 5", [(2, 8, "wrong-kind", "")]),
        ('[fact]\nloss = "x"', [(1, 2, "unknown-key", "facts")]),
        ('[facts]\nloss = "y"', [(2, 8, "unknown-column", "")]),
        ('[facts]\nloss = { column = "Close Amont" }', [(2, 19, "unknown-column", "Close Amount")]),
        ('[facts]\nloss = { colum = "x" }', [(2, 8, "column-or-expression", ""), (2, 10, "unknown-key", "column")]),
        ('[facts]\nloss = { column = "x", currency = "USB" }', [(2, 35, "unknown-currency", "")]),
        ('[facts]\nexchange.hours_open = { column = "x", unit = "hour5" }', [(2, 46, "unknown-unit", "hour")]),
        ('[facts]\nabuse = { column = "x", values = { Bad = "rood" } }', [(2, 42, "off-scale", "")]),
        ('[facts]\nabuse = { column = "x", otherwise = "rood" }', [(2, 37, "off-scale", "")]),
        ('[constants]\nabuse = "rood"\nloss = "-4 USD"', [(2, 9, "off-scale", ""), (3, 8, "out-of-range", "")]),
        ('[facts]\nabuse = "x"\n[constants]\nabuse = "rude"', [(4, 1, "fact-stated-twice", "")]),
        ('[columns]\nc = { column = "x", type = "dat" }\n[facts]\nloss = "x"', [(2, 28, "unknown-type", "date")]),
        ("[facts]\ninjury = { expression = \"y = 'a'\" }", [(2, 26, "unknown-name", "")]),
        ('[facts]\nloss = { expression = "x * 2" }', [(2, 24, "bad-arithmetic", "")]),
        ('[facts]\nloss = { column = "x", scale = "2" }', [(2, 32, "wrong-kind", "")]),
        ("", [(1, 1, "empty-file", "")]),
        ("[facts]", [(1, 1, "missing-key", "")]),
        ("[facts]\nloss = ", [(2, 8, "invalid-toml", "")]),
    ],
)
def test_mistakes_have_a_place(text: str, found: list[tuple[int, int, str, str]], house: Policy) -> None:
    said = mistakes(text, house)
    assert [code for _, _, code, _ in said] == [code for _, _, code, _ in found]
    assert said == found


@pytest.mark.parametrize("code", [code for code, entry in catalogue().items() if entry.by == "decide"])
def test_each_sample_of_the_catalogue_is_found_and_mended(code: str, house: Policy) -> None:
    entry = catalogue()[code]
    head = "Close Amount,Closed,Bought,Sold,Claim Type"
    assert [found for _, _, found, _ in mistakes(entry.sample, house, head)] == [code]
    assert mistakes(entry.mended, house, head) == []


# --- guessing ----------------------------------------------------------------------------------------------------------

CLAIMS = """\
Claim Number,Date Received,Close Amount,Severity,Contact Channel,Hurt?,Remarks,virality.views
1,03/27/2012,"$1,234.50",Rude,Phone,N,none,7
2,04/01/2012,$0.00,None,E-mail,Y,,8
3,04/22/2012,-,Hostile,phone,N,x,
4,04/05/2012,$12,Threatening,Carrier Pigeon,N,x,1
"""


def guessed(text: str, policy: Policy, folder: Path) -> tuple[str, Mapping, Path]:
    file = folder / "claims.csv"
    file.write_text(text)
    mapping = toml_of(guess(looks_of(place_of(str(file)), Reading()), policy), "claims.csv", policy.id)
    return mapping, read_mapping(mapping, policy), file


def test_a_guess_runs_as_it_stands(house: Policy, tmp_path: Path) -> None:
    text, mapping, file = guessed(CLAIMS, house, tmp_path)
    assert {name: spec.column for name, spec in mapping.facts.items()} == {
        "loss": "Close Amount",
        "abuse": "Severity",
        "channel": "Contact Channel",
        "injury": "Hurt?",
        "virality.views": "virality.views",
    }
    summary = run(file, tmp_path / "out.jsonl", house, mapping=mapping)
    assert (summary.decided, summary.bad) == (4, 0)
    assert "# Close Amount ($1,234.50, $0.00, $12): people also say `close`" in text
    assert "#   taken for missing: Carrier Pigeon" in text
    assert "#   Claim Number (1, 2, 3)" in text
    assert "#   fault (one of business, customer, shared, third_party)" in text


def test_a_guess_of_nothing_says_so(house: Policy, tmp_path: Path) -> None:
    found = guess([look_at("zzz", ["1", "2"])], house)
    assert found.matches == ()
    assert "# nothing could be placed" in toml_of(found, "x.csv", "house")


@pytest.mark.parametrize(
    ("texts", "kind", "more"),
    [
        (["1", "2.5"], "number", {"is_whole": False}),
        (["1", "2", ""], "number", {"is_whole": True, "filled": 2}),
        (["$5", "$1,000.00"], "money", {"currency": "USD", "thousands": ","}),
        (["1.234,50 EUR", "7,00 EUR"], "money", {"currency": "EUR", "thousands": ".", "decimal": ","}),
        (["2026-01-31"], "date", {"format": "%Y-%m-%d", "others": ()}),
        (["03/04/2026"], "date", {"format": "%m/%d/%Y", "others": ("%d/%m/%Y",)}),
        (["27-Mar-12"], "date", {"format": "%d-%b-%y"}),
        (["2026-01-31 10:00:00"], "datetime", {}),
        (["yes", "No"], "boolean", {}),
        (["Y", "N"], "binary", {}),
        (["48h", "3 days"], "duration", {}),
        (["a", "b", "N/A"], "text", {"blanks": ("N/A",)}),
        (["", "-"], "empty", {"filled": 0}),
    ],
)
def test_looks(texts: list[str], kind: str, more: dict[str, Any]) -> None:
    look = look_at("x", texts)
    assert (look.kind, {name: getattr(look, name) for name in more}) == (kind, more)


def test_names_are_taken_apart() -> None:
    assert words_of("ClaimNumber_HTTPStatus 90d") == ["claim", "number", "http", "status", "90d"]
