"""When the disk is full, the file locked or the server gone, the store says so, and keeps what it had."""

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import postgresql
import pytest
from sqlalchemy import Connection, text
from stores import HOUR, TEN, event

from evenhand.engine.cases.store import (
    DriverMissing,
    LedgerRow,
    OutcomeUnknown,
    StoreBusy,
    StoreError,
    Timer,
    migrations,
    open_store,
)
from evenhand.engine.cases.store.store import Store


def said(act: Callable[[], object]) -> StoreError:
    """What the store says when something cannot be done; never with a library's traceback underneath."""
    with pytest.raises(StoreError) as refused:
        act()
    problem = refused.value
    assert problem.__cause__ is None
    shown = "".join(traceback.format_exception(problem))
    assert "sqlalchemy.exc" not in shown
    assert "psycopg.errors" not in shown
    assert problem.message[0].islower() or problem.message[0] == "`"
    assert "\n" not in str(problem)
    assert problem.help
    return problem


# --- SQLite ----------------------------------------------------------------------------------------------------------


def test_a_full_disk_keeps_what_was_recorded(tmp_path: Path) -> None:
    """As SQLite meets it: the file may not grow. What was recorded stays, and recording goes on once there is room."""
    with open_store(tmp_path / "cases.db") as store:
        store.create("c")
        limit_pages(store, 40)
        full = said(lambda: fill(store))
        assert (full.message, full.help) == ("the disk is full", "make room, and try again")
        version = store.head("c").version
        assert version > 10
        assert version == len(store.events("c"))
        assert store.timers("c") == (Timer("t", TEN + version - 1),)
        assert store.verify("c") == ()
        limit_pages(store, 10_000)
        assert store.append("c", version, [event(text="x" * 3000)]).version == version + 1


def fill(store: Store) -> None:
    """Record large events until the store refuses."""
    for n in range(200):
        store.append("c", n, [event(text="x" * 3000)], timers=[Timer("t", TEN + n)])


def limit_pages(store: Store, pages: int) -> None:
    """Let the file have so many pages, in every connection that the store will use."""
    store.close()
    with store._database.engine.connect() as connection:
        connection.exec_driver_sql(f"pragma max_page_count = {pages}")


FILLS = """
import resource, signal, sys
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.store import StoreError, open_store
store = open_store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
for n in range(1000):
    try:
        store.append("c", n, [Event(0, n, "x", {"text": "y" * 3000})])
    except StoreError as problem:
        print(n, problem.message)
        break
"""


def test_a_disk_that_fails_in_the_middle_of_a_write_keeps_what_was_recorded(tmp_path: Path) -> None:
    """As the operating system meets it: a write goes in by half."""
    path = tmp_path / "cases.db"
    with open_store(path) as store:
        store.create("c")
    done = subprocess.run([sys.executable, "-c", FILLS, path], capture_output=True, text=True, check=True)
    recorded, _, message = done.stdout.strip().partition(" ")
    assert message in {"the disk failed", "the disk is full"}, done.stdout
    with open_store(path) as store:
        assert store.head("c").version == int(recorded) > 10
        assert store.verify("c") == ()
        store.append("c", int(recorded), [event()])


def test_a_locked_file_is_waited_for_and_then_said(tmp_path: Path) -> None:
    path = tmp_path / "cases.db"
    with open_store(path, patience=0.3) as store:
        store.create("c")
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("begin immediate")
            problem = said(lambda: store.append("c", 0, [event()]))
            assert isinstance(problem, StoreBusy)
            assert problem.message == "another process keeps the store locked"
            assert store.events("c") == ()  # reading goes on
            other.execute("rollback")
        other.close()
        assert store.append("c", 0, [event()]).version == 1


def test_a_lock_that_ends_in_time_is_not_noticed(tmp_path: Path) -> None:
    path = tmp_path / "cases.db"
    with open_store(path) as store:
        store.create("c")
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("begin immediate")
        timer = threading.Timer(0.3, lambda: other.execute("rollback"))
        timer.start()
        assert store.append("c", 0, [event()]).version == 1
        timer.join()
        other.close()


UNPRIVILEGED = """
import os, sys, tempfile
from evenhand.engine.cases.event import Event
from evenhand.engine.cases.store import StoreError, open_store
with tempfile.TemporaryDirectory() as folder:
    open_store(folder + "/all-is-imported.db").close()
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    store = open_store(sys.argv[1])
    store.append("c", 0, [Event(0, 0, "x", {})])
except StoreError as problem:
    print(problem)
"""


@pytest.mark.parametrize(
    ("file", "folder", "expected"),
    [
        (0o444, 0o555, "the store can only be read: make the file and its folder writable"),
        (0o666, 0o555, "the store can only be read: make the file and its folder writable"),
        (0o000, 0o777, "the file cannot be opened: see that the file and its folder can be read and written"),
    ],
    ids=["nothing may be written", "no file may be made beside it", "nothing may be read"],
)
def test_a_file_that_may_not_be_written_is_said(file: int, folder: int, expected: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "cases.db"
        with open_store(path) as store:
            store.create("c")
        path.chmod(file)
        path.parent.chmod(folder)
        done = subprocess.run([sys.executable, "-c", UNPRIVILEGED, path], capture_output=True, text=True, check=False)
        path.parent.chmod(0o755)
        assert (done.stdout.strip(), done.stderr) == (expected, "")


def test_what_is_no_store_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("just some notes, long enough to be looked at " * 100)
    assert said(lambda: open_store(tmp_path / "notes.txt")).message == "the file is not a store"
    assert (tmp_path / "notes.txt").read_text().startswith("just some notes")
    assert "is a folder" in said(lambda: open_store(tmp_path)).message
    assert "there is no folder" in said(lambda: open_store(tmp_path / "no" / "cases.db")).message
    assert "there is no file" in said(lambda: open_store(tmp_path / "none.db", create=False)).message
    assert not (tmp_path / "none.db").exists()
    for place in ("", ":memory:", "sqlite://", "sqlite:///:memory:"):
        assert "kept in a file" in said(lambda place=place: open_store(place)).message  # type: ignore[misc]
    for place in ("mysql://localhost/x", "redis://x", "postgresql+asyncpg://h/d", "://", "sqlite:///x?mode=ro"):
        said(lambda place=place: open_store(place))  # type: ignore[misc]
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("create table cases (suit text)")
    other.commit()
    other.close()
    assert "somebody else's" in said(lambda: open_store(tmp_path / "other.db")).message


def test_an_address_of_a_file_is_as_good_as_its_path(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/cases.db") as store:
        store.create("c")
    with open_store(tmp_path / "cases.db") as store:
        assert store.exists("c")


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "cases.db"
    with open_store(path) as store:
        store.create("c", [event(text="x" * 300) for _ in range(300)])
    whole = bytearray(path.read_bytes())
    whole[4096 * 2 :] = os.urandom(len(whole) - 4096 * 2)
    path.write_bytes(whole)

    def use() -> None:
        with open_store(path) as store:
            store.events("c")

    assert said(use).message in {"the store is damaged", "the file is not a store"}


# --- versions of the tables ------------------------------------------------------------------------------------------


def test_an_unknown_newer_store_is_left_alone(place: str) -> None:
    with open_store(place) as store, store._database.engine.begin() as connection:
        connection.execute(text("update case_schema_version set version = 99"))
    problem = said(lambda: open_store(place))
    assert "version 99" in problem.message
    assert problem.help == "use a newer evenhand"


def test_an_older_store_is_brought_up_to_date(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(place) as store:
        store.create("c", [event()])

    def add_a_column(connection: Connection) -> None:
        connection.execute(text("alter table case_timers add column colour text"))

    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, add_a_column))
    for _ in range(2):
        with open_store(place) as store, store._database.engine.connect() as connection:
            assert connection.execute(text("select version from case_schema_version")).scalars().all() == [2]
            connection.execute(text("select colour from case_timers"))
    with open_store(place) as store:
        assert store.verify("c") == ()


def test_a_migration_that_fails_changes_nothing(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(place) as store:
        store.create("c")

    def add_and_fail(connection: Connection) -> None:
        connection.execute(text("alter table case_timers add column colour text"))
        connection.execute(text("alter table no_such_table add column colour text"))

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, add_and_fail))
        said(lambda: open_store(place))
    with open_store(place) as store, store._database.engine.connect() as connection:
        names = connection.execute(text("select * from case_timers")).keys()
        assert "colour" not in names


def test_many_may_open_a_new_store_at_once(place: str) -> None:
    problems: list[BaseException] = []

    def begin(n: int) -> None:
        try:
            with open_store(place) as store:
                store.create(f"c-{n}")
        except BaseException as problem:  # noqa: BLE001 -- handed to the test
            problems.append(problem)

    threads = [threading.Thread(target=begin, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with open_store(place) as store:
        assert len(store.cases()) == 8


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_server() -> Iterator[postgresql.Server]:
    """A server that may be stopped."""
    yield from postgresql.running()


@pytest.mark.once
def test_a_server_that_restarts_is_come_back_to(own_server: postgresql.Server) -> None:
    with open_store(own_server.new_database()) as store:
        store.create("c", [event()])
        for how in ("fast", "immediate"):
            version = store.head("c").version
            own_server.restart(how)
            assert len(store.events("c")) == version
            own_server.restart(how)
            assert store.append("c", version, [event()]).version == version + 1


def test_a_server_that_is_gone_is_said(own_server: postgresql.Server) -> None:
    url = own_server.new_database()
    with open_store(url) as store:
        store.create("c")
        own_server.stop()
        for act in (lambda: store.head("c"), lambda: store.append("c", 0, [event()]), lambda: open_store(url)):
            assert re.match("the server (cannot be reached|is going down)", said(act).message)
        own_server.start()
        assert store.append("c", 0, [event()]).version == 1


def test_a_connection_that_is_lost_while_reading_is_made_anew(server: postgresql.Server) -> None:
    """Once; a second loss is said."""
    with open_store(server.new_database()) as store:
        store.create("c", [event()])
        times: list[int] = []

        def read(connection: Connection) -> int:
            times.append(1)
            if len(times) == 1:
                cut(store, connection)
            return int(connection.execute(text("select count(*) from case_events")).scalar_one())

        assert store._database.read(read) == 1
        assert len(times) == 2
        times.clear()

        def always_cut(connection: Connection) -> None:
            cut(store, connection)
            connection.execute(text("select 1"))

        assert "server" in said(lambda: store._database.read(always_cut)).message


def cut(store: Store, connection: Connection) -> None:
    """End the server's side of a connection."""
    number = connection.execute(text("select pg_backend_pid()")).scalar_one()
    with store._database.engine.connect() as other:
        other.execute(text("select pg_terminate_backend(:number, 5000)"), {"number": number})


def test_an_append_that_is_cut_off_before_the_end_is_not_recorded(server: postgresql.Server) -> None:
    with open_store(server.new_database()) as store:
        store.create("c")

        def work(connection: Connection) -> None:
            from evenhand.engine.cases.store import appending

            appending.append(connection, "c", 0, appending.Batch((event(key="k"),)))
            cut(store, connection)
            connection.execute(text("select 1"))

        assert not isinstance(said(lambda: store._database.write(work)), OutcomeUnknown)
        assert store.head("c").version == 0


def test_an_append_of_unknown_outcome_is_safe_to_repeat(server: postgresql.Server) -> None:
    """The connection goes while the commit is under way; whether it was recorded or not, the same again settles it."""
    with open_store(server.new_database()) as store:
        store.create("c")

        def work(connection: Connection) -> None:
            from evenhand.engine.cases.store import appending

            appending.append(connection, "c", 0, appending.Batch((event(key="k"),)))
            cut(store, connection)

        problem = said(lambda: store._database.write(work))
        assert isinstance(problem, OutcomeUnknown)
        assert store.append("c", 0, [event(key="k")]).version == 1
        assert store.append("c", 0, [event(key="k")]).repeated
        assert len(store.events("c")) == 1


def test_a_case_that_is_locked_is_waited_for_and_then_said(server: postgresql.Server) -> None:
    with open_store(server.new_database(), patience=0.3) as store:
        store.create("c")
        store.create("free")
        with store._database.engine.begin() as other:
            other.execute(text("select * from cases where id = 'c' for update"))
            assert isinstance(said(lambda: store.append("c", 0, [event()])), StoreBusy)
            assert store.append("free", 0, [event()]).version == 1
        assert store.append("c", 0, [event()]).version == 1


def test_a_server_of_another_mind_is_said(server: postgresql.Server) -> None:
    url = server.new_database()
    assert said(lambda: open_store(server.url("no_such_database"))).message == (
        'the server cannot be reached (database "no_such_database" does not exist)'
    )
    assert "server" in said(lambda: open_store("postgresql://x@127.0.0.1:9/d", patience=1)).message
    with open_store(url) as store:
        store.create("c")
        with store._database.engine.begin() as connection:
            connection.execute(text("create role guest login"))
            connection.execute(text("grant select on all tables in schema public to guest"))
    guest = url.replace("postgres@", "guest@")
    with open_store(guest) as store:
        assert store.exists("c")
        assert said(lambda: store.append("c", 0, [event()])).message == "the user lacks a privilege"
    with open_store(url + "&options=-cdefault_transaction_read_only%3Don") as store:
        assert said(lambda: store.append("c", 0, [event()])).message == "the server can only be read"


def test_a_store_waits_for_the_disk_whatever_the_server_was_told(server: postgresql.Server) -> None:
    url = server.new_database() + "&options=-csynchronous_commit%3Doff"
    with open_store(url) as store, store._database.engine.connect() as connection:
        assert connection.execute(text("show synchronous_commit")).scalar_one() == "on"


def test_files_are_written_through_to_the_disk(tmp_path: Path) -> None:
    with open_store(tmp_path / "cases.db") as store, store._database.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


# --- libraries that are not there ------------------------------------------------------------------------------------

WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
from evenhand.engine.cases.store import DriverMissing, open_store
try:
    open_store(sys.argv[2])
except DriverMissing as problem:
    print(problem)
"""


@pytest.mark.parametrize(
    ("library", "place", "said"),
    [
        ("sqlalchemy", "cases.db", "the store needs SQLAlchemy: install `evenhand[cases]`\n"),
        ("psycopg", "postgresql://h/d", "PostgreSQL needs the driver psycopg: install `evenhand[postgres]`\n"),
    ],
)
def test_a_missing_library_names_the_extra(library: str, place: str, said: str) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT, library, place], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (said, "")
    assert issubclass(DriverMissing, ImportError)


def test_time_is_the_callers(store: Store) -> None:
    """Events may come late and clocks go back: what is recorded is what was said, and moments are only compared."""
    store.create("c", [event(at=TEN)], ledger=[LedgerRow("duty", "d", TEN, TEN + HOUR)])
    store.append("c", 1, [event(at=TEN - 1000 * HOUR)], timers=[Timer("t", TEN)])
    assert [found.at for found in store.events("c")] == [TEN, TEN - 1000 * HOUR]
    assert store.claim_due(TEN - 1, "w", HOUR) is None
    assert store.claim_due(TEN, "w", HOUR) is not None
