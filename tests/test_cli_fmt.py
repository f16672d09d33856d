"""`policy fmt`: files laid out in place, checked, shown as a difference."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from commands import run

UGLY = '[policy]\nid="a"  #first\ntitle  = "A"\n'
TIDY = '[policy]\nid    = "a"   # first\ntitle = "A"\n'


@pytest.fixture
def ugly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.toml"
    path.write_text(UGLY, encoding="utf-8")
    return path


def test_a_file_is_laid_out_once(ugly: Path) -> None:
    first = run("fmt", "a.toml")
    assert (first.code, first.out) == (0, "laid out a.toml\n1 file laid out.\n")
    assert ugly.read_text(encoding="utf-8") == TIDY
    again = run("fmt", "a.toml")
    assert (again.code, again.out) == (0, "1 file as it should be.\n")


def test_check_writes_nothing_and_fails(ugly: Path) -> None:
    ran = run("fmt", "--check", "a.toml")
    assert (ran.code, ran.out) == (1, "would lay out a.toml\n1 file to lay out.\n")
    assert ugly.read_text(encoding="utf-8") == UGLY


def test_diff_shows_what_would_change(ugly: Path) -> None:
    ran = run("fmt", "--diff", "a.toml")
    assert ran.code == 1
    assert '-id="a"  #first\n' in ran.out
    assert '+id    = "a"   # first\n' in ran.out
    assert ugly.read_text(encoding="utf-8") == UGLY


@pytest.mark.usefixtures("ugly")
def test_without_files_the_policies_below_are_laid_out(tmp_path: Path) -> None:
    incident = tmp_path / "incident.toml"
    incident.write_text("abuse='none'\n", encoding="utf-8")
    assert run("fmt").out == "laid out a.toml\n1 file laid out.\n"
    assert incident.read_text(encoding="utf-8") == "abuse='none'\n"


@pytest.mark.usefixtures("ugly")
def test_a_folder_means_every_toml_file_in_it(tmp_path: Path) -> None:
    (tmp_path / "incident.toml").write_text("abuse='none'\n", encoding="utf-8")
    assert run("fmt", ".").out.endswith("2 files laid out.\n")


def test_standard_input_goes_to_standard_output() -> None:
    assert run("fmt", "-", text=UGLY).out == TIDY
    assert run("fmt", "-", "--check", text=UGLY).code == 1
    assert run("fmt", "-", text=b"\xff").code == 2
    broken = run("fmt", "-", text='id = "a\n')
    assert (broken.code, broken.out) == (1, "")
    assert "<stdin>:1:6: invalid-toml" in broken.err


def test_a_file_that_is_no_toml_is_left_alone(ugly: Path) -> None:
    ugly.write_text('id = "a\n', encoding="utf-8")
    ran = run("fmt", "a.toml")
    assert ran.code == 1
    assert "a.toml:1:6: invalid-toml" in ran.err
    assert ugly.read_text(encoding="utf-8") == 'id = "a\n'


def test_links_permissions_and_line_ends(ugly: Path, tmp_path: Path) -> None:
    """A link stays a link, the mode stays, and every line ends as TOML files do."""
    ugly.write_bytes(UGLY.replace("\n", "\r\n").encode("utf-8-sig"))
    ugly.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(ugly)
    assert run("fmt", "link.toml").code == 0
    assert link.is_symlink()
    assert ugly.read_bytes() == TIDY.encode()
    assert stat.S_IMODE(ugly.stat().st_mode) == 0o640
    assert run("fmt", "link.toml", "--check").code == 0


def test_shipped_packs_are_not_laid_out() -> None:
    ran = run("fmt", "house")
    assert ran.code == 2
    assert "shipped pack" in ran.err
