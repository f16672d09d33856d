"""The hooks for owners' repositories: valid by pre-commit's own schema, and run by pre-commit on files that it picks."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from evenhand.rules.diagnostics import catalogue

ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
SOUND = '[policy]\nid = "cafe"\n\n[[rule]]\nid = "all"\nthen.refund = "deny"\n'
UNLAID = SOUND.replace('id = "all"', 'id   =   "all"')
BROKEN = SOUND.replace('"deny"', '"dney"')
GAP = catalogue()["uncovered-incident"].sample.lstrip()

if not MANIFEST.exists():
    pytest.skip("hooks are part of the repository, not of what is published", allow_module_level=True)
HOOKS: list[dict[str, Any]] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))


def pre_commit(*args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PRE_COMMIT_HOME": str(folder / ".cache"), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "pre_commit", *args]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with the hooks as pre-commit finds them, but for where the command comes from: it is this one."""
    hooks = [{**hook, "language": "system", "entry": entry_here(hook["entry"])} for hook in HOOKS]
    for hook in hooks:
        hook.pop("additional_dependencies", None)
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / ".gitignore").write_text(".cache\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def entry_here(entry: str) -> str:
    command, *rest = entry.split()
    assert command == "policy"
    return " ".join([f"'{sys.executable}' -m evenhand.cli", *rest])


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)


def test_the_manifest_is_valid_and_has_the_three_hooks() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(MANIFEST)], capture_output=True, check=False
    )
    assert found.returncode == 0, found.stdout
    assert [hook["id"] for hook in HOOKS] == ["policy-check", "policy-fmt", "policy-verify"]
    assert {hook["language"] for hook in HOOKS} == {"python"}


def test_the_solver_is_that_of_the_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert HOOKS[2]["additional_dependencies"] == project["optional-dependencies"]["verify"]


def test_hooks_pass_over_what_is_no_policy_and_accept_what_is_well(repository: Path) -> None:
    other = "[tool.x]\ny = 1\n"
    put(repository, {"policies/cafe.toml": SOUND, "policy.toml": SOUND, "pyproject.toml": other, "a.toml": other})
    ran = pre_commit("run", "--all-files", folder=repository)
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.count("Passed") == 3


def test_nothing_to_look_at_is_no_mistake(repository: Path) -> None:
    put(repository, {"pyproject.toml": "[tool.x]\ny = 1\n"})
    ran = pre_commit("run", "--all-files", folder=repository)
    assert (ran.returncode, ran.stdout.count("Skipped")) == (0, 3)


@pytest.mark.parametrize(
    ("hook", "text", "said"),
    [
        ("policy-check", BROKEN, "unknown-outcome"),
        ("policy-fmt", UNLAID, "files were modified by this hook"),
        ("policy-verify", GAP, "uncovered-incident"),
    ],
)
def test_each_hook_stops_what_it_is_for(hook: str, text: str, said: str, repository: Path) -> None:
    put(repository, {"policies/one.toml": SOUND, "house.policy.toml": text})
    ran = pre_commit("run", hook, "--all-files", folder=repository)
    assert ran.returncode == 1
    assert said in ran.stdout
    assert "house.policy.toml" in ran.stdout
    if hook == "policy-fmt":
        assert (repository / "house.policy.toml").read_text() == SOUND
