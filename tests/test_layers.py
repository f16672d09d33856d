"""Imports point down, importing stays cheap, and the front door says what it opens."""

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import grimp
import pytest

import evenhand

STDLIB_AND_ATTRS = sys.stdlib_module_names | {"attr", "attrs", "evenhand"}

LOADED_BY_IMPORT = """
import sys
before = set(sys.modules)
import evenhand
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("evenhand", cache_dir=None)


def test_the_contracts_in_pyproject_are_kept(root: Path) -> None:
    """cli imports engine imports rules, and no reading imports another."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_import_nothing_of_ours(graph: grimp.ImportGraph) -> None:
    """Not even the front door, which import-linter's layers leave out."""
    inside = {"evenhand.rules", *graph.find_descendants("evenhand.rules")}
    outside = {
        (importer, imported)
        for importer in inside
        for imported in graph.find_modules_directly_imported_by(importer) - inside
    }
    assert not outside


def test_the_engine_does_not_go_through_the_front_door(graph: grimp.ImportGraph) -> None:
    """`evenhand/__init__.py` imports the engine; the other way would be a circle."""
    importers = graph.find_modules_that_directly_import("evenhand")
    assert not {name for name in importers if name.startswith("evenhand.engine")}


@pytest.mark.parametrize("folder", ["rules", "engine", "cli", "policies"])
def test_imports_within_the_folders_are_relative(root: Path, folder: str) -> None:
    """A folder works under the name it is mapped to, and under no other."""
    absolute = {
        f"{path.relative_to(root)}: {ast.unparse(node)}"
        for path in sorted((root / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if "evenhand" in imported_packages(node)
    }
    assert not absolute


def imported_packages(node: ast.AST) -> set[str]:
    match node:
        case ast.Import(names=names):
            return {name.name.partition(".")[0] for name in names}
        case ast.ImportFrom(module=str(module), level=0):
            return {module.partition(".")[0]}
        case _:
            return set()


def test_the_library_loads_the_standard_library_and_attrs_only() -> None:
    """click, rich, tree-sitter, RE2 and watchfiles wait until somebody needs them."""
    command = [sys.executable, "-c", LOADED_BY_IMPORT]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not set(loaded) - STDLIB_AND_ATTRS


def test_every_name_in_all_can_be_imported() -> None:
    assert len(set(evenhand.__all__)) == len(evenhand.__all__)
    assert not [name for name in evenhand.__all__ if not hasattr(evenhand, name)]


def test_every_public_name_is_in_all() -> None:
    """Submodules are reached by their own names, not through the front door."""
    public = {
        name for name, value in vars(evenhand).items() if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert not public - set(evenhand.__all__)
