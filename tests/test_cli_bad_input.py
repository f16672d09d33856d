"""Whatever a command is handed: a clear error, exit code 1 or 2, in bounded time, never a traceback."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Ran, run

#: Seconds that any bad input may take; most take a hundredth of it.
BOUND = 30

RULE = '[policy]\nid = "a"\n[[rule]]\nid = "r"\nwhen = {}\nthen.refund = "deny"\n'


def folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    path.unlink(missing_ok=True)


def text(content: str | bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def unreadable(path: Path) -> None:
    path.write_text("x", encoding="utf-8")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")


def pipe(path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(path)


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


#: Files that no command can read.
HOPELESS: dict[str, Callable[[Path], None]] = {
    "missing": missing,
    "folder": folder,
    "binary": text(bytes(range(256)) * 40),
    "bad UTF-8": text(b'[policy]\nid = "caf\xe9"\n'),
    "UTF-16": text('[policy]\nid = "a"\n'.encode("utf-16")),
    "10 MB of text": text("x = 1\n" * 1_700_000),
    "10 MB on one line": text('x = "' + "y" * 10_000_000),
    "100,000 brackets": text("x = " + "[" * 100_000),
    "100,000 closed brackets": text("x = " + "[" * 100_000 + "]" * 100_000),
    "100,000 braces": text("x = " + "{a=" * 100_000),
    "a long dotted key": text(".".join("a" * 100_000) + " = 1"),
    "no TOML": text("<html>no</html>"),
    "a half-written table": text('[policy]\nid = "a"\n[[rule'),
    "a half-written text": text('[policy]\nid = "a'),
    "a link to itself": link_to_itself,
    "unreadable": unreadable,
}
#: Files that are TOML, and no policy that can be used.
BAD_POLICIES: dict[str, Callable[[Path], None]] = {
    "empty": text(""),
    "blank": text("\n \n"),
    "only a byte order mark": text(b"\xef\xbb\xbf"),
    "no policy": text("abuse = 'none'\n"),
    "a condition of 1 MB": text(RULE.format('"' + "loss > 5 USD and " * 60_000 + 'true"')),
    "a condition of 100,000 brackets": text(RULE.format('"' + "(" * 100_000 + 'true"')),
    "a condition of 10,000 nots": text(RULE.format('"' + "not " * 10_000 + 'true"')),
    "a term in a circle": text(RULE.format('"a"') + '[terms]\na = "b"\nb = "a"\n'),
    "a policy that extends itself": text('[policy]\nid = "a"\nextends = ["./bad.toml"]\n'),
    "a policy outside the folder": text('[policy]\nid = "a"\nextends = ["../../etc/passwd.toml"]\n'),
    "a policy that is nowhere": text('[policy]\nid = "a"\nextends = ["nowhere"]\n'),
    "two rules of one id": text(RULE.format('"true"') + '[[rule]]\nid = "r"\nthen.refund = "deny"\n'),
    "a key that stands twice": text('[policy]\nid = "a"\nid = "b"\n'),
    "tables that are none": text('policy = 3\nrule = "x"\nfacts = [1]\n'),
    "2,000 mistakes": text(
        '[policy]\nid = "a"\n' + "".join(f'[[rule]]\nid = "r{n}"\nwhen = "x{n} > 1"\n' for n in range(2_000))
    ),
    "escapes of a terminal": text('[policy]\nid = "a"\n"\\u001b[31m" = 1\n'),
}
BAD_INCIDENTS: dict[str, Callable[[Path], None]] = {
    "an unknown fact": text("abus = 'none'\n"),
    "a wrong type": text("abuse = 3\n"),
    "NaN": text("loss = nan\n"),
    "a huge number": text(f"loss = {'9' * 5_000}\n"),
    "a table for a word": text("[abuse]\nx = 1\n"),
}


def on(path: Path) -> dict[str, list[str]]:
    """Return every command line that reads a policy."""
    return {
        "check": ["check", str(path)],
        "check as json": ["check", str(path), "--format", "json"],
        "check as github": ["check", str(path), "--format", "github"],
        "check as sarif": ["check", str(path), "--format", "sarif"],
        "test": ["test", str(path)],
        "test as junit": ["test", str(path), "--format", "junit"],
        "show": ["show", str(path)],
        "show as toml": ["show", str(path), "--format", "toml"],
    }


COMMANDS = list(on(Path()))


def assert_refused(ran: Ran, started: float) -> None:
    assert ran.code in (1, 2)
    assert "Traceback" not in ran.err + ran.out
    assert ran.err or ran.out
    assert "\x1b" not in ran.err + ran.out
    assert time.monotonic() - started < BOUND


@pytest.fixture
def bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "bad.toml"


@pytest.mark.parametrize("kind", [*HOPELESS, *BAD_POLICIES])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_bad_policy_is_refused(command: str, kind: str, bad: Path) -> None:
    (HOPELESS | BAD_POLICIES)[kind](bad)
    if kind == "folder" and command.startswith("test"):
        pytest.skip("tested in test_cli_test")
    started = time.monotonic()
    if kind == "pipe":
        pipe(bad)
    ran = run(*on(bad)[command])
    assert_refused(ran, started)


@pytest.mark.parametrize("command", ["check", "test", "show", "fmt"])
def test_a_pipe_does_not_hold_us_up(command: str, bad: Path) -> None:
    pipe(bad)
    started = time.monotonic()
    assert_refused(run(command, bad), started)


@pytest.mark.parametrize("kind", HOPELESS)
def test_a_file_that_is_no_toml_is_not_laid_out(kind: str, bad: Path) -> None:
    HOPELESS[kind](bad)
    if kind == "folder":
        (bad / "inside.toml").write_text("x = [", encoding="utf-8")
    started = time.monotonic()
    ran = run("fmt", bad)
    if kind == "10 MB of text":
        assert ran.code == 1
    assert_refused(ran, started)


@pytest.mark.parametrize("kind", [*HOPELESS, *BAD_INCIDENTS])
def test_a_bad_incident_is_refused(kind: str, bad: Path) -> None:
    (HOPELESS | BAD_INCIDENTS)[kind](bad)
    if "half-written table" in kind or "UTF-8" in kind or "half-written text" in kind:
        pytest.skip("it has a [policy] table")
    started = time.monotonic()
    assert_refused(run("check", "house", bad), started)


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv", ".tsv"])
@pytest.mark.parametrize("kind", HOPELESS)
def test_bad_rows_are_refused(kind: str, suffix: str, bad: Path) -> None:
    path = bad.with_suffix(suffix)
    HOPELESS[kind](path)
    started = time.monotonic()
    assert_refused(run("check", "house", path, "--summary"), started)


@pytest.mark.parametrize(
    "args",
    [
        ["check", "no\0such"],
        ["check", "x" * 5_000],
        ["show", ""],
        ["test", "no\0such"],
        ["fmt", "x" * 5_000],
        ["explain", "x" * 100_000],
        ["explain", ""],
        ["init", "no/such/folder/policy.toml", "--yes"],
        ["check", "house", "--fact", "loss=" + "9" * 100_000],
        ["check", "house", "--fact", "x" * 100_000 + "=1"],
        ["show", "house", "--format", "pdf"],
        ["schema", "extra"],
    ],
)
def test_bad_arguments_are_wrong_usage(args: list[str]) -> None:
    ran = run(*args)
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert len(ran.err) < 4_000


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "house", "--budget"),
        ("diff", "house", "us", "--budget"),
        ("test", "house", "--coverage-min"),
        ("test", "house", "--mutate-min"),
    ],
    ids=" ".join,
)
def test_what_is_no_number_is_no_bound(words: tuple[str, ...]) -> None:
    """Nothing is below it, so that a least that nobody reaches would always be reached."""
    ran = run(*words, "nan")
    assert ran.code == 2
    assert "'nan' is no number." in ran.err
