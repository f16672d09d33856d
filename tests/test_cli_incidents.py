"""Incidents from files: every row is read or reported, with its line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evenhand.cli.incidents import Incident, leading_comment, read_incidents

Row = tuple[int, Any]


def read(path: Path, content: str | bytes) -> list[Incident]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_incidents(str(path)))


def rows(found: list[Incident]) -> list[Row]:
    """Return each incident's line with its facts, or why it could not be read."""
    return [(one.line, one.problems[0].message if one.problems else dict(one.facts)) for one in found]


def test_toml_is_one_incident_named_by_its_leading_comment(tmp_path: Path) -> None:
    found = read(
        tmp_path / "a.toml", '# The wet floor\n# We had mopped,\n# no sign.\n\nabuse = "none"\n[virality]\nviews = 3\n'
    )
    assert rows(found) == [(1, {"abuse": "none", "virality": {"views": 3}})]
    assert (found[0].name, found[0].about) == ("The wet floor", "We had mopped, no sign.")


def test_toml_without_a_comment_is_named_by_its_file(tmp_path: Path) -> None:
    assert read(tmp_path / "wet-floor.toml", "abuse = 'none'\n")[0].name == "wet-floor"
    assert read(tmp_path / "4711.toml", "# A note\nid = 4711\nabuse = 'none'\n")[0].name == "4711"


def test_a_leading_comment_ends_at_a_blank_line() -> None:
    assert leading_comment("# one\n\n# two\n") == ("one", "")
    assert leading_comment("abuse = 'none' # one\n") == ("", "")


def test_json_is_one_object_a_list_or_a_row_of_objects(tmp_path: Path) -> None:
    assert rows(read(tmp_path / "a.json", '{\n "loss": 4.50}')) == [(1, {"loss": Decimal("4.50")})]
    assert rows(read(tmp_path / "b.json", '[{"a": 1},\n\n{"b": 2}\n,{"c": 3}]')) == [
        (1, {"a": 1}),
        (3, {"b": 2}),
        (4, {"c": 3}),
    ]
    assert rows(read(tmp_path / "c.jsonl", '{"a": 1}\n\n{"b": 2}\n')) == [(1, {"a": 1}), (3, {"b": 2})]
    assert rows(read(tmp_path / "d.jsonl", "\ufeff" + '{"a": 1}')) == [(1, {"a": 1})]


def test_a_bad_line_is_reported_and_the_next_one_read(tmp_path: Path) -> None:
    text = b'{"a": 1}\n{bad}\n{"b": 1\n{"c": 1}\n[1]\n7\nnull\n{"a": 1, "a": 2}\n{"x": NaN}\n{"x": "\xff"}\n'
    text += b"[" * 100_000 + b'\n{"d": 1}\n{"e": "unclosed\n{"f": 1}'
    found = rows(read(tmp_path / "a.jsonl", text))
    assert [line for line, _ in found] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert [facts for _, facts in found if isinstance(facts, dict)] == [{"a": 1}, {"c": 1}, {"d": 1}, {"f": 1}]
    reasons = " ".join(why for _, why in found if isinstance(why, str))
    for part in (
        "a list",
        "a number",
        "null",
        "`a` stands in it twice",
        "NaN",
        "UTF-8",
        "nested too deep",
        "invalid control character",
    ):
        assert part in reasons


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"a": 1}\n{"b": 2}]', "comma is missing"),
        ('[{"a": 1}', "not closed"),
        ('[{"a": 1}]\n{"b": 2}', "something follows"),
        ('{"a": 1,\n"b": x}', "this is no JSON"),
        ("", "the file is empty"),
        ("  \n ", "the file is empty"),
    ],
)
def test_a_mistake_in_a_json_file_says_what_was_lost(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in rows(read(tmp_path / "a.json", text))[-1][1]


def test_a_value_longer_than_a_chunk_is_read(tmp_path: Path) -> None:
    long = "x" * 300_000
    found = rows(read(tmp_path / "a.json", f'[{{"a": "{long}"}}, {{"b": 1}}]'))
    assert found == [(1, {"a": long}), (1, {"b": 1})]


def test_an_incident_larger_than_the_limit_is_refused(tmp_path: Path) -> None:
    found = rows(read(tmp_path / "a.json", '{"a": "' + "x" * (17 * 2**20)))
    assert "larger than 8 MiB" in found[0][1]


def test_csv_names_facts_in_its_head_and_an_empty_cell_is_unknown(tmp_path: Path) -> None:
    found = read(tmp_path / "a.csv", 'id,abuse,virality.views\r\n7,rude,\r\n8,,"5"\r\n')
    assert rows(found) == [(2, {"id": "7", "abuse": "rude"}), (3, {"id": "8", "virality.views": "5"})]
    assert [one.name for one in found] == ["7", "8"]


@pytest.mark.parametrize(("name", "text"), [("a.csv", "abuse;loss\nrude;3\n"), ("a.tsv", "abuse\tloss\nrude\t3\n")])
def test_csv_is_also_written_with_semicolons_and_tabs(tmp_path: Path, name: str, text: str) -> None:
    assert rows(read(tmp_path / name, text)) == [(2, {"abuse": "rude", "loss": "3"})]


def test_a_bad_row_of_csv_is_reported_and_the_next_one_read(tmp_path: Path) -> None:
    text = b'a,b\n1\n1,2,3\n\n"x\ny",2\n"a"b,3\n\xff,1\n' + b"x" * 200_000 + b',1\n5,6\n7,"unclosed'
    found = rows(read(tmp_path / "a.csv", text))
    assert [line for line, _ in found] == [2, 3, 5, 7, 8, 9, 10, 11]
    assert [facts for _, facts in found if isinstance(facts, dict)] == [{"a": "x\ny", "b": "2"}, {"a": "5", "b": "6"}]


@pytest.mark.parametrize("text", ["", "\n\n", "a,a\n", "a,,b\n", "\0\1\2\n", "\ud83d"])
def test_a_bad_head_of_csv_is_reported_once(tmp_path: Path, text: str) -> None:
    found = read(tmp_path / "a.csv", text.encode("utf-8", "surrogatepass"))
    assert len(found) == 1
    assert found[0].problems


def test_folders_and_missing_files_are_reported(tmp_path: Path) -> None:
    folder = tmp_path / "a.json"
    folder.mkdir()
    assert "folder" in rows(list(read_incidents(str(folder))))[0][1]
    assert "no such file" in rows(list(read_incidents(str(tmp_path / "none.csv"))))[0][1]


def test_a_broken_toml_file_keeps_its_place(tmp_path: Path) -> None:
    found = read(tmp_path / "a.toml", 'abuse = "none"\nloss = \n')[0]
    location = found.problems[0].location
    assert location is not None
    assert location.line == 2
    assert location.source_line == "loss = "


def test_reading_says_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("abuse\n" + "rude\n" * 50_000, encoding="utf-8")
    seen: list[int] = []
    assert len(list(read_incidents(str(path), on_read=seen.append))) == 50_000
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] <= path.stat().st_size
