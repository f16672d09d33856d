"""A job that dies at any moment goes on, and what comes out is what an uninterrupted one makes."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bulk_files import ROWS, bad_rows, read_rows, run, write_rows
from commands import mind_ctrl_c

from evenhand import Policy
from evenhand.engine.bulk.errors import BulkError, Stopped

POLICY = """
[policy]
id = "desk"

[[rule]]
id = "small"
when = "loss <= 75 USD"
then.refund = "full"
then.refund_amount = "loss"
because = "It costs less than the argument."
"""


@pytest.fixture(scope="module")
def desk() -> Policy:
    return Policy.loads(POLICY)


def found_in(output: Path) -> tuple[Any, Any]:
    return read_rows(output), bad_rows(output)


class Died(BaseException):
    """The process is gone: nobody cleans up."""


class Fuse:
    """Lets some calls through, and then kills whoever calls."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def burning(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise Died
            return function(*args, **kwargs)

        return burning


@pytest.mark.once
@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl", "arrow", "arrows"])
def test_a_crash_at_any_step_loses_nothing(kind: str, desk: Policy, tmp_path: Path) -> None:
    """Every call that changes something on the disk is the last one once; half of what it began may be there or not."""
    rows = [dict(random.Random(number).choice(ROWS)) for number in range(16)]
    source, whole, output = (
        write_rows(tmp_path / "in.jsonl", rows),
        tmp_path / f"whole.{kind}",
        tmp_path / f"out.{kind}",
    )
    run(source, whole, desk)
    crashes = 0
    for calls in range(0, 200, 1 if kind == "csv" else 4):
        for file in (output, tmp_path / f"out.{kind}.bad.jsonl"):
            file.unlink(missing_ok=True)
        if not _dies(source, output, desk, calls):
            break
        crashes += 1
        if (tmp_path / f"out.{kind}.part" / "state.json").exists():
            assert run(source, output, desk, resume=True, rows=7, checkpoint=1e-9).rows == 16
        elif not output.exists():
            run(source, output, desk, overwrite=True, rows=7, checkpoint=1e-9)
        assert found_in(output) == found_in(whole)
        assert not (tmp_path / f"out.{kind}.part").exists() or not (tmp_path / f"out.{kind}.part/state.json").exists()
    assert crashes > 4
    assert found_in(output) == found_in(whole)


def _dies(source: Path | str, output: Path, policy: Policy, calls: int) -> bool:
    fuse = Fuse(calls)
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((os, "fsync"), (Path, "replace"), (Path, "mkdir"), (Path, "unlink")):
            patch.setattr(module, name, fuse.around(getattr(module, name)))
        patch.setattr(shutil, "rmtree", fuse.around(shutil.rmtree))
        try:
            run(source, output, policy, overwrite=True, rows=7, threads=1, checkpoint=1e-9)
        except Died:
            return True
    return False


def _started(source: Path, output: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "evenhand.cli",
        "decide",
        source,
        "-o",
        output,
        "--policy",
        source.with_name("desk.toml"),
    ]
    more = ["--as-of", "2026-11-21", "--checkpoint", "0.02", "--quiet", *options]
    return subprocess.Popen(
        [*map(str, command), *more],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=mind_ctrl_c,  # noqa: PLW1509 because no other thread runs here
    )


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A file that takes a while: every 200 rows, a column changes its type, and so begins another batch."""
    (tmp_path / "desk.toml").write_text(POLICY)
    rows: list[dict[str, object]] = []
    for number in range(8_000):
        amount = number % 100 if number // 200 % 2 else f"{number % 100} USD"
        rows.append({"abuse": "rude", "loss": amount} if number % 997 else {"abuse": "roode"})
    return write_rows(tmp_path / "in.jsonl", rows)


@pytest.mark.once
def test_kill_9_at_random_moments(long: Path, tmp_path: Path) -> None:
    """Killed again and again, it goes on each time."""
    output = tmp_path / "out.csv"
    chance = random.Random(9)
    killed = 0
    for _ in range(4):
        begun = (tmp_path / "out.csv.part" / "state.json").exists()
        process = _started(long, output, *(["--resume"] if begun else ["--overwrite"]))
        wait = time.monotonic() + 60
        while not (tmp_path / "out.csv.part" / "state.json").exists() and time.monotonic() < wait:
            if process.poll() is not None:
                break
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        if process.poll() is None:
            killed += 1
        process.kill()
        process.communicate()
        if output.exists():
            break
    assert killed > 1
    options = {"resume": True} if (tmp_path / "out.csv.part" / "state.json").exists() else {"overwrite": True}
    if not output.exists():
        process = _started(long, output, *(f"--{name}" for name in options))
        assert process.communicate()[1] == b"" or process.returncode == 1
    numbers = [int(row["row"]) for row in read_rows(output)]
    bad = [row["row"] for row in bad_rows(output)]
    assert sorted(numbers + bad) == list(range(1, 8_001))
    assert numbers == sorted(numbers)
    assert bad == list(range(1, 8_001, 997))


def test_ctrl_c_keeps_what_is_done(long: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    process = _started(long, output)
    state = tmp_path / "out.jsonl.part" / "state.json"
    wait = time.monotonic() + 60
    while time.monotonic() < wait and process.poll() is None:
        if state.exists() and json.loads(state.read_text())["last"]:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1].decode()
    if process.returncode == 1 and not output.exists():  # it was not quicker
        assert "up to which all is kept" in said and "--resume" in said
        process = _started(long, output, "--resume")
        process.communicate()
    assert "Traceback" not in said
    assert len(read_rows(output)) + len(bad_rows(output)) == 8_000


def test_a_full_disk(desk: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_rows(tmp_path / "in.csv", ROWS)
    sync, calls = os.fsync, []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Stopped, match=r"the disk is full.*--resume"):
        run(source, tmp_path / "out.csv", desk)
    monkeypatch.undo()
    assert run(source, tmp_path / "out.csv", desk, resume=True).rows == 6


def stopped(desk: Policy, folder: Path) -> tuple[Path, Path]:
    """Return the input and the output of a job that was stopped."""
    source, output = write_rows(folder / "in.csv", ROWS), folder / "out.csv"
    assert _dies(source, output, desk, 8)
    return source, output


def test_an_unfinished_job_is_neither_begun_again_nor_mixed_up(desk: Policy, tmp_path: Path) -> None:
    source, output = stopped(desk, tmp_path)
    with pytest.raises(BulkError, match=r"there is an unfinished job.*--resume, or begin again with --overwrite"):
        run(source, output, desk)
    with pytest.raises(BulkError, match=r"the policy has changed since it began.*--overwrite"):
        run(source, output, Policy.loads(POLICY.replace("75", "76")), resume=True)
    with pytest.raises(BulkError, match="its options were others"):
        run(source, output, desk, resume=True, keep=("loss",))
    source.write_text(source.read_text() + "rude,,,,,\n")
    with pytest.raises(BulkError, match="the input has changed"):
        run(source, output, desk, resume=True)
    assert run(source, output, desk, overwrite=True).rows == 7


def test_a_finished_output_is_not_written_over(desk: Policy, tmp_path: Path) -> None:
    source, output = write_rows(tmp_path / "in.csv", ROWS), tmp_path / "out.csv"
    run(source, output, desk)
    with pytest.raises(BulkError, match=r"is there already.*--overwrite"):
        run(source, output, desk)
    with pytest.raises(BulkError, match="nothing of it is unfinished"):
        run(source, output, desk, resume=True)
    assert bad_rows(output)
    write_rows(source, ROWS[:2])
    assert run(source, output, desk, overwrite=True).bad == 0
    assert not bad_rows(output)  # those of the job before are gone


@pytest.mark.parametrize("key", ["PRIMARY KEY", ""])
def test_a_table_goes_on_only_where_its_rows_have_an_order(key: str, desk: Policy, tmp_path: Path) -> None:
    """Without a key, a database may hand out its rows in another order the next time."""
    sql = pytest.importorskip("sqlalchemy")
    place = f"sqlite:///{tmp_path}/shop.db"
    engine = sql.create_engine(place, poolclass=sql.NullPool)
    with engine.begin() as shop:
        shop.execute(sql.text(f"CREATE TABLE claims (id INTEGER {key}, abuse TEXT)"))
        shop.execute(sql.text("INSERT INTO claims VALUES " + ", ".join(f"({n}, 'rude')" for n in range(30))))
    engine.dispose()
    source, output = f"{place}#claims", tmp_path / "out.jsonl"
    assert _dies(source, output, desk, 14)
    state = json.loads((tmp_path / "out.jsonl.part" / "state.json").read_text())
    assert 0 < state["last"] < 30
    if key:
        assert run(source, output, desk, resume=True).rows == 30
        assert [row["row"] for row in read_rows(output)] == list(range(1, 31))
    else:
        with pytest.raises(Stopped, match=r"`claims` has no primary key.*--overwrite"):
            run(source, output, desk, resume=True)


def test_a_state_that_nobody_can_read(desk: Policy, tmp_path: Path) -> None:
    source, output = stopped(desk, tmp_path)
    (tmp_path / "out.csv.part" / "state.json").write_text("{")
    with pytest.raises(BulkError, match=r"cannot be read.*--overwrite"):
        run(source, output, desk, resume=True)


def test_the_moment_of_a_job_is_that_of_its_beginning(tmp_path: Path) -> None:
    """A job that goes on a year later decides its other rows as of the day on which it began."""
    policy = Policy.loads(
        '[policy]\nid = "new"\nexpires = 2100-01-01\n[[rule]]\nid = "all"\nwhen = true\nthen.refund = "deny"\nbecause = "So."'
    )
    source, output = write_rows(tmp_path / "in.csv", [*ROWS[:1]] * 30), tmp_path / "out.jsonl"
    assert _dies(source, output, policy, 5)
    state = tmp_path / "out.jsonl.part" / "state.json"
    content = json.loads(state.read_text())
    content["job"]["now"] = "2101-01-01T00:00:00+00:00"
    state.write_text(json.dumps(content))
    run(source, output, policy, resume=True)
    assert read_rows(output)[-1]["refund.status"] == "not-in-force"
