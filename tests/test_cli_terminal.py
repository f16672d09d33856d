"""Terminals of every kind: colours, widths, letters that cannot be written, pipes that break, Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from commands import mind_ctrl_c, run, spawn
from hypothesis import given, strategies as st

from evenhand.cli.terminal import Piece, cells, padded, wrapped

CHECK = ["check", "house", "--fact", "abuse=hostile"]
NEEDS_PTY = pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")


def in_terminal(*args: str, env: Mapping[str, str] | None = None, width: int = 90) -> str:
    """Run the command in a terminal of its own, and return what it wrote there."""
    import fcntl
    import struct
    import termios

    parent, child = os.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    command = [sys.executable, "-m", "evenhand.cli", *args]
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, env={**plain, "TERM": "xterm-256color", **(env or {})}
    )
    os.close(child)
    written = bytearray()
    try:
        while chunk := os.read(parent, 65_536):
            written += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(parent)
    process.wait(timeout=30)
    return written.decode().replace("\r\n", "\n")


@NEEDS_PTY
def test_a_terminal_gets_colours_and_its_own_width() -> None:
    text = in_terminal(*CHECK)
    assert "\x1b[" in text
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert max(map(cells, plain.splitlines())) <= 90
    assert "Refund" in plain


@NEEDS_PTY
def test_a_narrow_terminal_loses_nothing() -> None:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", in_terminal(*CHECK, width=44))
    wide = run(*CHECK).out
    assert plain.split() == re.sub("─+", "─" * 44, wide).split()


@NEEDS_PTY
@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_none_gets_no_colours(env: Mapping[str, str]) -> None:
    assert "\x1b" not in in_terminal(*CHECK, env=env)


def test_a_pipe_gets_plain_text_unless_it_asks_for_colours() -> None:
    assert "\x1b" not in spawn(*CHECK).out
    assert "\x1b[" in spawn(*CHECK, env={"FORCE_COLOR": "1"}).out
    assert "\x1b" not in spawn(*CHECK, env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out


def test_colours_change_no_letter() -> None:
    coloured = spawn(*CHECK, env={"FORCE_COLOR": "1"}).out
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == spawn(*CHECK).out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_that_cannot_write_a_letter_ends_no_run(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text('# Ein Café in 東京 → hier\nabuse = "none"\n', encoding="utf-8")
    for args in (
        ["check", "house", path, "--why"],
        ["show", "house"],
        ["show", "house", "--format", "table"],
        ["packs"],
    ):
        ran = spawn(*args, env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
        assert ran.code == 0
        assert "Traceback" not in ran.err
    ran = spawn("check", "house", path, "--format", "json", env={"PYTHONIOENCODING": encoding})
    assert "Traceback" not in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently there")
@pytest.mark.parametrize(
    "args", [["check", "house", "-", "--format", "json"], ["show", "house"], ["explain", "--list"], ["--help"]]
)
def test_a_pipe_that_breaks_is_no_error(args: list[str]) -> None:
    """`policy … | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "evenhand.cli", *args]
    done = subprocess.run(
        command, input=b'{"abuse": "none"}\n' * 500, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(writer)
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_ctrl_c_ends_a_run_quietly(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text('{"abuse": "none"}\n' * 200_000, encoding="utf-8")
    command = [sys.executable, "-m", "evenhand.cli", "check", "house", str(path), "--format", "json"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=mind_ctrl_c,  # noqa: PLW1509 because no thread of ours is about
    ) as process:
        assert process.stdout is not None
        process.stdout.read(10_000)  # it has begun to decide
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.strip() == b"Aborted!"


# --- wrapping --------------------------------------------------------------------------------------------------------


def lines(*pieces: Piece, width: int, hang: int) -> list[str]:
    return ["".join(piece.text for piece in row).rstrip() for row in wrapped(pieces, width, hang)]


def test_a_long_line_goes_on_below_its_text() -> None:
    head = Piece("  by 4h  ", whole=True)
    assert lines(head, Piece("save the video and the names"), width=24, hang=9) == [
        "  by 4h  save the video",
        "         and the names",
    ]


def test_a_piece_that_is_whole_is_not_broken() -> None:
    assert lines(Piece("one two"), Piece(" three four", whole=True), width=12, hang=0) == ["one two", " three four"]


def test_wide_letters_count_twice() -> None:
    assert lines(Piece("東京 東京 東京"), width=10, hang=0) == ["東京 東京", "東京"]
    assert padded("東", 4) == "東  "


@given(
    texts=st.lists(st.text(alphabet="ab cd東é ", max_size=30), max_size=6),
    width=st.integers(10, 40),
    hang=st.integers(0, 8),
)
def test_wrapping_keeps_every_word_and_the_width(texts: list[str], width: int, hang: int) -> None:
    found = lines(*map(Piece, texts), width=width, hang=hang)
    assert "".join(found).replace(" ", "") == "".join(texts).replace(" ", "")
    for line in found:
        assert cells(line) <= width or len(line.split()) == 1


# --- progress --------------------------------------------------------------------------------------------------------


def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, patience: float, stderr: bool, stdout: bool) -> bool:
    """Whether a run of a hundred incidents shows a bar."""
    from evenhand.cli import progress

    path = tmp_path / "a.jsonl"
    path.write_text("x" * 100, encoding="utf-8")
    monkeypatch.setattr(progress, "PATIENCE", patience)
    monkeypatch.setattr(progress, "_CHECK_EVERY", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: stderr, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: stdout, raising=False)
    with progress.Progress([str(path)], to_terminal=True) as bar:
        for count in range(100):
            bar.at(count)
            bar.count(count)
            time.sleep(0.0001)
        bar.done(str(path))
        return bar.is_shown


@pytest.mark.parametrize(
    ("patience", "stderr", "stdout", "expected"),
    [(0, True, False, True), (60, True, False, False), (0, False, False, False), (0, True, True, False)],
)
def test_a_bar_is_shown_for_long_input_where_nothing_scrolls(
    patience: float, stderr: bool, stdout: bool, expected: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert shown(monkeypatch, tmp_path, patience=patience, stderr=stderr, stdout=stdout) is expected
