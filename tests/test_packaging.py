"""What is built installs anywhere, holds all of the code once, and leaves nothing at the top of site-packages but us."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# One worker builds and installs for all of these.
pytestmark = pytest.mark.xdist_group("packaging")

FOLDERS = ("rules", "engine", "cli", "policies")


@pytest.fixture(scope="session")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


@attrs.frozen
class Built:
    """The sdist, the wheel built from it, and the wheel built from the checkout."""

    sdist: Path
    wheel: Path
    wheel_from_checkout: Path


@pytest.fixture(scope="session")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    both, checkout = tmp_path_factory.mktemp("both"), tmp_path_factory.mktemp("checkout")
    # Without isolation: hatchling is in the environment already.
    build = (sys.executable, "-m", "build", "--no-isolation", root)
    run(*build, "--outdir", both)
    run(*build, "--outdir", checkout, "--wheel")
    return Built(
        sdist=next(both.glob("*.tar.gz")),
        wheel=next(both.glob("*.whl")),
        wheel_from_checkout=next(checkout.glob("*.whl")),
    )


@attrs.frozen
class Installed:
    """An environment that holds the wheel, what it depends on, and nothing else; and a folder far from the checkout."""

    bin: Path
    folder: Path

    def python(self, code: str) -> str:
        # -I: neither the working folder nor PYTHONPATH may help.
        return run(self.bin / "python", "-I", "-c", code, cwd=self.folder)

    def policy(self, *arguments: str) -> str:
        return run(self.bin / "policy", *arguments, cwd=self.folder)


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    environment, folder = tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("elsewhere")
    venv.create(environment, with_pip=True)
    binaries = environment / ("Scripts" if sys.platform == "win32" else "bin")
    run(binaries / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", built.wheel)
    return Installed(bin=binaries, folder=folder)


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run *command*, and show what it said if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def source_files(root: Path) -> Iterator[str]:
    """The files of the package in the checkout, by the names that they have in a wheel."""
    yield from ("evenhand/__init__.py", "evenhand/py.typed")
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"evenhand/{path.relative_to(root).as_posix()}"


def test_the_sdist_rebuilds_the_same_wheel(built: Built) -> None:
    assert built.wheel.read_bytes() == built.wheel_from_checkout.read_bytes()


def test_the_wheel_holds_every_file_of_the_package_once(root: Path, built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        packed = [name for name in wheel.namelist() if ".dist-info/" not in name]
    assert sorted(packed) == sorted(source_files(root))


def test_the_sdist_holds_no_file_twice(built: Built) -> None:
    """The links in src/evenhand stand for folders that are packed under their own names."""
    with tarfile.open(built.sdist) as sdist:
        packed = [name.partition("/")[2] for name in sdist.getnames()]
    assert sorted(name for name in packed if name.startswith("src/")) == [
        "src/evenhand/__init__.py",
        "src/evenhand/py.typed",
    ]
    assert {"LICENSE", "README.md", "pyproject.toml", "tests/test_packaging.py"} <= set(packed)


def test_the_library_imports_from_an_empty_environment(installed: Installed) -> None:
    printed = installed.python("from evenhand import Incident, Policy; print(Incident.__name__, Policy.__name__)")
    assert printed.split() == ["Incident", "Policy"]


@pytest.mark.parametrize("name", FOLDERS)
def test_no_folder_is_installed_at_the_top(installed: Installed, name: str) -> None:
    """A name as common as `engine` belongs to nobody: another distribution's would overwrite ours, or ours theirs."""
    printed = installed.python(f"import importlib.util; print(importlib.util.find_spec({name!r}))")
    assert printed.strip() == "None"


def test_the_packs_are_found_in_the_installed_package(installed: Installed, root: Path) -> None:
    printed = installed.python(
        "from importlib.resources import files\n"
        "print(*sorted(entry.name for entry in files('evenhand.policies').iterdir() if entry.name.endswith('.toml')))"
    )
    assert printed.split() == sorted(path.name for path in (root / "policies").glob("*.toml"))


def test_the_command_says_its_version(installed: Installed, project: dict[str, Any]) -> None:
    assert project["project"]["version"] in installed.policy("--version")


def test_the_command_decides_with_a_shipped_pack(installed: Installed, root: Path) -> None:
    incidents = sorted((root / "docs" / "examples" / "incidents").glob("*.toml"))
    assert len(incidents) >= 6
    for incident in incidents:
        shutil.copy(incident, installed.folder)
    printed = installed.policy("check", "house", *(incident.name for incident in incidents))
    for decision in ("refund", "defend", "walk", "insurance"):
        assert decision in printed.lower()


def test_every_dependency_is_locked_within_its_bounds(root: Path, project: dict[str, Any]) -> None:
    """`make lock` was run after the last change of a dependency."""
    pins = locked(root)
    groups = project["dependency-groups"].values()
    declared = [entry for group in groups for entry in group if isinstance(entry, str)]
    for line in (*project["project"]["dependencies"], *declared):
        requirement = Requirement(line)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), line


def locked(root: Path) -> dict[str, str]:
    """The versions that the lock file gives to this Python, by canonical name."""
    pins: dict[str, str] = {}
    for line in (root / "requirements-dev.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith(" "):
            requirement = Requirement(line.removesuffix("\\").strip())
            if requirement.marker is None or requirement.marker.evaluate():
                pins[canonicalize_name(requirement.name)] = str(requirement.specifier).removeprefix("==")
    return pins


def test_the_lock_file_holds_a_hash_for_every_package_and_no_address(root: Path) -> None:
    text = (root / "requirements-dev.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.findall(r"^-", text, re.MULTILINE)  # no option, such as an index
    assert all(entry.count("--hash=sha256:") for entry in re.split(r"\n(?! )", text.strip()))


def test_dependencies_have_lower_bounds_only(project: dict[str, Any]) -> None:
    """An upper bound in a library is a quarrel with everybody else's dependencies."""
    for line in project["project"]["dependencies"]:
        assert [specifier.operator for specifier in Requirement(line).specifier] == [">="], line
