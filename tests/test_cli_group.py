"""The command itself: help, version, suggestions, what it imports."""

import importlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from commands import run, spawn

from evenhand import Policy
from evenhand.cli.group import COMMANDS, SECTIONS, main
from evenhand.cli.reference import cli_reference, help_text

HEAVY = {"rich", "tree_sitter", "tree_sitter_toml", "jsonschema", "re2", "watchfiles", "tomli_w", "json", "difflib"}

LOADED = """
import sys
import evenhand
before = set(sys.modules)
from evenhand.cli import main
try:
    main(["--help"], prog_name="policy")
except SystemExit:
    pass
print("LOADED", *sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def command_of(name: str) -> click.Command:
    found = main.get_command(click.Context(main), name)
    assert found is not None
    return found


def test_help_lists_every_command_in_its_section() -> None:
    ran = run("--help")
    assert ran.code == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in ran.out] == []
    assert [title for title in SECTIONS.values() if f"{title}:" not in ran.out] == []
    assert {row.section for row in COMMANDS.values()} == set(SECTIONS)


def test_help_imports_no_command_and_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_itself_says(name: str) -> None:
    """And each help has an example."""
    text = command_of(name).help or ""
    assert text.startswith(f"{COMMANDS[name].about}\n")
    assert "Example" in text
    assert f"policy {name}" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_name_as_its_module(name: str) -> None:
    assert importlib.import_module(f"evenhand.cli.{COMMANDS[name].module}").command is command_of(name)


def test_the_version_is_the_distribution_s(root: Path) -> None:
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert run("--version").out == f"policy, from Evenhand {version}\n"


@pytest.mark.parametrize(
    ("args", "suggestion"),
    [
        (["chek"], "Did you mean 'check'?"),
        (["check", "hosue"], "Did you mean 'house'?"),
        (["check", "house", "--formt", "json"], "--format"),
        (["check", "house", "--format", "jsno"], "json"),
        (["check", "house", "--fact", "abus=rude"], "did you mean `abuse`?"),
        (["check", "house", "--fact", "abuse=rud"], "did you mean `rude`?"),
        (["explain", "unknow-fact"], "Did you mean 'unknown-fact'?"),
    ],
)
def test_a_slip_of_the_pen_gets_a_suggestion(args: list[str], suggestion: str) -> None:
    ran = run(*args)
    assert ran.code == 2
    assert suggestion in ran.err
    assert "Traceback" not in ran.err


def test_a_file_is_suggested_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "corner-cafe.toml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert "Did you mean 'corner-cafe.toml'?" in run("check", "corner-caffe.toml").err


def test_without_a_command_the_help_is_shown() -> None:
    ran = run()
    assert "Usage: policy" in ran.out + ran.err


@pytest.mark.parametrize(("shell", "current"), [("bash", "1"), ("zsh", "1"), ("fish", "che")])
def test_shells_complete_names_of_commands(shell: str, current: str) -> None:
    env = {"_POLICY_COMPLETE": f"{shell}_complete", "COMP_WORDS": "policy che", "COMP_CWORD": current}
    assert "check" in spawn(env=env).out


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("policy show ho", "house"),
        ("policy check ground", "ground-rules"),
        ("policy explain unknown-f", "unknown-function"),
        ("policy check house --fact abu", "abuse="),
        ("policy check house --fact abuse=thr", "abuse=threatening"),
        ("policy check house --form", "--format"),
    ],
)
def test_shells_complete_packs_codes_and_facts(words: str, offered: str) -> None:
    env = {"_POLICY_COMPLETE": "zsh_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    assert offered in spawn(env=env).out.splitlines()


def test_the_reference_has_every_command() -> None:
    page = cli_reference()
    assert [name for name in COMMANDS if f"## policy {name}\n" not in page] == []
    assert "--as-of DATE" in help_text("check")


#: Keys under which the policy's own names stand, and those under which there is nothing else.
BY_NAME = {"decisions", "assumed", "values", "why", "facts"}


def keys_in(value: object) -> set[str]:
    """Return every key of a JSON value that is not a name of the policy's own."""
    if isinstance(value, list):
        return set().union(*map(keys_in, value))
    if not isinstance(value, dict):
        return set()
    found = set(value)
    for key, inner in value.items():
        if key in BY_NAME and isinstance(inner, dict):
            found |= keys_in(list(inner.values()))
        elif key != "outcomes":
            found |= keys_in(inner)
    return found


@pytest.mark.parametrize(
    "args",
    [
        ["check", "house", "-", "--why"],
        ["test", "house", "--coverage"],
        ["packs"],
        ["ask", "house", "--fact", "abuse=violent"],
        ["replay", "records.jsonl", "--policy", "de-escalation"],
    ],
)
def test_every_key_of_the_json_output_is_documented(
    args: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record = Policy.load("house").decide({"abuse": "violent"}).record(id="r-1").to_json()
    Path("records.jsonl").write_text(f"{record}\n{record}\nbroken\n", encoding="utf-8")
    incidents = '{"abuse": "rude"}\n{"abuse": 3}\n{"injury": "yes", "demand": "money_for_silence", "loss": 5}\n'
    page = cli_reference().partition("## JSON output")[2]
    found = keys_in(json.loads(run(*args, "--format", "json", text=incidents).out))
    assert {key for key in found if f"`{key}`" not in page} == set()
