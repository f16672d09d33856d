"""What several test modules share."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import postgresql
import pytest
from hypothesis import settings

from evenhand.engine.cases.store import open_store
from evenhand.engine.cases.store.store import Store

# `--hypothesis-profile=quick`: a glance, where the full run has been made elsewhere.
settings.register_profile("quick", max_examples=25, deadline=None)

#: The most memory that a process of the tests may take.
MOST_MEMORY = 8 * 2**30

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    """Bound the memory, so that a test that eats it fails by its name and takes nothing else down."""
    if sys.platform == "linux":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY if most < 0 else min(MOST_MEMORY, most), most))


#: What shares something costly to make, by the names of its tests: Java with Spark in it, a built and installed wheel.
_SHARING = re.compile(r"test_(packaging)\.py|(?:test_|\[)(spark)")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Have one worker run what shares something costly: under pytest 9.2, pytest-xdist 3.8 passes over the marks that say so."""
    from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]

    scheduler = LoadGroupScheduling(config, log)
    by_marks = scheduler._split_scope

    def scope(nodeid: str) -> str:
        found = _SHARING.search(nodeid)
        return found[1] or found[2] if found else by_marks(nodeid)

    scheduler._split_scope = scope
    return scheduler


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the checkout with reference material (scenarios, conformance suites); skips where it is not."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"no reference material: there is no folder {folder.name}/ beside the checkout")
    return folder


@pytest.fixture(scope="session")
def server() -> Iterator[postgresql.Server]:
    """A running PostgreSQL; skips where there is none to run."""
    yield from postgresql.running()


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """One session of Spark on this machine, for all tests of a process: most of its cost is Java's start; skips without Java."""
    pytest.importorskip("pyspark")
    from spark_cluster import SMALL, WHY_NOT, has_java

    from evenhand.engine.spark import spark_session

    if not has_java():
        pytest.skip(WHY_NOT)
    with spark_session("local[2]", settings=SMALL) as session:
        yield session


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new store may be: a file, then a database."""
    if request.param == "sqlite":
        return str(tmp_path / "cases.db")
    server: postgresql.Server = request.getfixturevalue("server")
    return server.new_database()


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    """A new store."""
    with open_store(place) as opened:
        yield opened
