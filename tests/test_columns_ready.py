"""Few rows are decided without the compiled loop, and many with it; nobody sees which."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from test_columns_agree import difference

from evenhand import Policy
from evenhand.engine.columns import Columns, loop, readiness
from evenhand.engine.columns.loop import decide_rows
from evenhand.engine.columns.readiness import LOOP, Readiness

#: Decides so many rows in a process of its own, and says whether numba was imported for it.
PROGRAM = """
import sys
import pyarrow as pa
from evenhand import Policy
from evenhand.engine.columns import readiness
readiness.BEFORE_COMPILING = readiness.BEFORE_LOADING = {price}
rows = {rows}
batch = pa.table({{"abuse": ["violent", "none"] * (rows // 2), "loss": pa.array(range(rows))}})
answers = Policy.load("house").decide_table(batch, threads=1)
print(answers.num_rows, "numba" in sys.modules)
"""


def said(rows: int, price: float) -> str:
    program = PROGRAM.format(rows=rows, price=price)
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def test_few_rows_need_no_compiler() -> None:
    assert said(200, price=6.0) == "200 False"


def test_many_rows_are_worth_it() -> None:
    assert said(400, price=0.0) == "400 True"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(readiness, "thread_time", lambda: now[0])
    monkeypatch.setattr(readiness, "is_on_disk", lambda: False)
    return now


def slowly(clock: list[float], count: int, seconds: float) -> Any:
    for at in range(count):
        clock[0] += seconds
        yield at


def test_the_loop_is_wanted_once_the_rows_would_cost_more(clock: list[float]) -> None:
    loop = Readiness()
    enough = int(readiness.BEFORE_COMPILING / 0.001)
    assert len(list(loop.while_cheap(slowly(clock, enough - 64, 0.001), enough - 64))) == enough - 64
    assert not loop.is_wanted
    assert len(list(loop.while_cheap(slowly(clock, 1_000, 0.001), 1_000))) == 64
    assert loop.is_wanted, "what was spent before counts"


def test_what_a_policy_makes_ready_once_is_no_price_of_a_row(clock: list[float]) -> None:
    def after_a_while() -> Any:
        clock[0] += 0.5
        yield from slowly(clock, 1_000, 0.0001)

    loop = Readiness()
    assert len(list(loop.while_cheap(after_a_while(), 1_000))) == 1_000
    assert not loop.is_wanted


def test_small_batches_come_to_it_too(clock: list[float]) -> None:
    """A stream of tables of ten rows each is not decided one by one for ever."""
    loop, decided = Readiness(), 0
    while not loop.is_wanted:
        decided += len(list(loop.while_cheap(slowly(clock, 10, 0.01), 10)))
    assert decided * 0.01 == pytest.approx(readiness.BEFORE_COMPILING, abs=0.2)


def test_what_is_only_to_be_loaded_is_wanted_sooner(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "is_on_disk", lambda: True)
    loop = Readiness()
    rows = int(readiness.BEFORE_LOADING / 0.001) + 200
    assert len(list(loop.while_cheap(slowly(clock, rows, 0.001), rows))) == 64


def test_the_disk_is_looked_at_once_and_not_for_few_rows(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[bool] = []

    def look() -> bool:
        looks.append(False)
        return False

    monkeypatch.setattr(readiness, "is_on_disk", look)
    loop, looked = Readiness(), []
    for _ in range(4):
        list(loop.while_cheap(slowly(clock, 300, 0.001), 300))
        looked.append(len(looks))
    assert looked == [0, 1, 1, 1]


def test_numba_keeps_the_loop_where_it_is_looked_for(tmp_path: Path) -> None:
    """The name of numba's file is not promised by anybody: this says when it changes."""
    program = (
        "import numpy as np; from evenhand.engine.columns import readiness; assert not readiness.is_on_disk();"
        "from evenhand.engine.columns.loop import gather; a = np.zeros(2, np.int32); gather(a, a, a);"
        "readiness.NEEDLE = 'loop.gather'; assert readiness.is_on_disk();"
        "import os, pathlib; [kept] = pathlib.Path(os.environ['NUMBA_CACHE_DIR']).rglob('loop.gather*.nbi');"
        "os.utime(kept, (1, 1)); assert not readiness.is_on_disk(), 'that is of a loop that was written before this one'"
    )
    environment = {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


def test_nothing_is_compiled_for_a_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is in a policy, the loop is given the same types: others would be compiled for as long as the first."""
    monkeypatch.setattr(LOOP, "is_wanted", True)
    plain = '[[rule]]\nid = "r"\nwhen = "loss < 9 USD"\nthen.refund = "full"\nthen.walk_away = "end"\n'
    with_a_red_line = plain + '[[guard]]\nid = "g"\nnever = "refund >= full and loss > 5 USD"\n'
    for text in (plain, with_a_red_line):
        Columns(Policy.loads(f'[policy]\nid = "p"\n{text}')).decide(pa.table({"loss": [1, 7, None]}))
    compiled: Any = decide_rows
    assert len(compiled.signatures) == 1


def test_only_what_python_calls_is_kept() -> None:
    """What is called within the loop is compiled for it alone, without what Python would need to call it."""
    kept = {name for name, value in vars(loop).items() if hasattr(value, "stats") and value.stats.cache_path}
    assert kept == {"decide_rows", "gather", "remember_all"}


def test_a_batch_that_is_given_up_half_way_is_decided_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = Policy.load("house")
    table = pa.table({"abuse": ["violent", "none", "nun", None] * 100, "fault": ["customer", None] * 200})
    monkeypatch.setattr(LOOP, "is_wanted", False)
    monkeypatch.setattr(LOOP, "_spent", 0.0)
    plain = Columns(policy).decide(table)
    wanted = [LOOP.is_wanted]
    monkeypatch.setattr(readiness, "BEFORE_COMPILING", 0.0)
    monkeypatch.setattr(readiness, "BEFORE_LOADING", 0.0)
    compiled = Columns(policy).decide(table)
    wanted.append(LOOP.is_wanted)
    assert wanted == [False, True]
    assert not difference(plain, compiled)
