"""The same decisions on Spark: row for row those of this machine, in local mode and on a cluster, without a shuffle."""

from __future__ import annotations

import datetime as dt
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from chooser import Chooser
from pyspark import cloudpickle
from random_policies import make_policy
from spark_cluster import LIGHT, WHY_NOT, Cluster, has_java

import evenhand
from evenhand import FactError, Policy
from evenhand.engine.columns import TableError
from evenhand.engine.spark import (
    JavaMissingError,
    SparkMissingError,
    decide_frame,
    spark_session,
    write_package,
)
from evenhand.engine.spark.carrying import carried
from evenhand.engine.spark.library import find_java
from evenhand.engine.spark.shipping import Parcel, ShippingError, code_print
from evenhand.engine.spark.worker import Work, plainly, run

pytestmark = [
    pytest.mark.xdist_group("spark"),
    # It works all the same, and a user of Spark has met the warning before.
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]
NEEDS_JAVA = pytest.mark.skipif(not has_java(), reason=WHY_NOT)

DAY = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
HOUSE = Policy.load("house")
#: A policy of the usual size, in which hardly any two rows are decided alike for another reason.
PLAIN = Policy.loads("""
[policy]
id = "plain"
[decisions.refund]
default = "deny"
[decisions.walk_away]
default = "stay"
[obligations.call-back]
title = "Call them back"
[[rule]]
id = "violent"
when = "abuse >= violent and verified"
then.walk_away = "ban"
then.refund = "deny"
[[rule]]
id = "threat"
when = "abuse >= threatening"
then.walk_away = "end"
[[rule]]
id = "often"
when = "history.refunds_90d >= 4"
then.refund = "deny"
then.walk_away = "warn"
[[rule]]
id = "small"
when = "loss <= 75 USD"
then.refund = "full"
then.refund_amount = "loss"
oblige = ["call-back"]
[[rule]]
id = "seen"
when = "virality.views > 50_000 and fault = business"
then.refund = "full"
then.refund_amount = "100 USD"
[[rule]]
id = "middling"
when = "loss <= 500 USD and fault in (business, shared)"
then.refund = "credit"
[[rule]]
id = "large"
when = "loss > 15_000 USD"
then.refund = "partial"
then.refund_amount = "0.5 * loss"
""")
ROWS = int(os.environ.get("EVENHAND_SPARK_ROWS", "1000000"))


def incidents(rows: int) -> Any:
    """Return a table of incidents: nulls, words, amounts, booleans, moments, and one row in 997 that cannot be decided."""
    at = np.arange(rows, dtype=np.int64)
    words = pa.array(["none", "rude", "hostile", None, "threatening", "violent", "furious"])
    faults = pa.array(["business", "customer", None, "shared"])
    hours = int(DAY.timestamp()) * 1_000_000 + at % 1_000 * 3_600_000_000
    return pa.table(
        {
            "id": at,
            "abuse": words.take(pa.array(np.where(at % 997 == 500, 6, at % 6))),
            "fault": faults.take(pa.array(at // 5 % 4)),
            "verified": pa.array([True, False, None]).take(pa.array(at // 7 % 3)),
            "loss": pa.array(at % 20_000, mask=at % 11 == 3).cast(pa.decimal128(21, 2)),
            "virality.views": at * 37 % 90_000,
            "history.refunds_90d": (at // 3 % 6).astype(np.int32),
            "opened": pa.array(hours).cast(pa.timestamp("us", "UTC")),
        }
    )


def local(table: Any, policy: Policy = HOUSE, **options: Any) -> Any:
    """Return what this machine decides, in the types that Spark has."""
    answers = policy.decide_table(table, on_error="null", threads=1, **options)
    return pa.table({name: plainly(column) for name, column in zip(answers.column_names, answers.columns, strict=True)})


def assert_same(found: Any, expected: Any, *, by: str = "id") -> None:
    found, expected = found.sort_by(by), expected.sort_by(by)
    assert found.column_names == expected.column_names
    assert found.num_rows == expected.num_rows
    for name in expected.column_names:
        assert (
            found[name].combine_chunks().equals(expected[name].cast(found.schema.field(name).type).combine_chunks())
        ), name


def plan_of(frame: Any) -> str:
    plan: str = frame._jdf.queryExecution().executedPlan().toString()
    return plan


# --- as on this machine ----------------------------------------------------------------------------------------------


@pytest.mark.once
@NEEDS_JAVA
def test_a_million_rows_are_decided_as_on_this_machine(spark: Any, tmp_path: Path) -> None:
    table = incidents(ROWS)
    pq.write_table(table, tmp_path / "incidents.parquet", row_group_size=max(ROWS // 8, 1))
    frame = spark.read.parquet(str(tmp_path / "incidents.parquet"))
    decided = decide_frame(frame, PLAIN, as_of=DAY, keep=["id", "opened"])
    assert decided.rdd.getNumPartitions() == frame.rdd.getNumPartitions() > 1
    decided.write.parquet(str(tmp_path / "decided"))
    found = pq.read_table(tmp_path / "decided")
    assert_same(found, local(table, PLAIN, as_of=DAY, keep=["id", "opened"]))
    assert found.num_rows == ROWS
    assert found["problems"].null_count == ROWS - len(range(500, ROWS, 997))


@pytest.mark.once
@NEEDS_JAVA
def test_nothing_is_shuffled(spark: Any, tmp_path: Path) -> None:
    """The plan is a scan and a map, and each row comes out where it went in."""
    pq.write_table(incidents(1_000), tmp_path / "incidents.parquet", row_group_size=100)
    frame = spark.read.parquet(str(tmp_path / "incidents.parquet")).repartition(4)
    there = frame.localCheckpoint()
    decided = decide_frame(there, HOUSE, keep=["id"], ignore=["opened"])
    plan = plan_of(decided)
    assert "MapInArrow" in plan
    assert "Exchange" not in plan
    assert "Sort" not in plan
    assert "Exchange" in plan_of(frame)  # so the word would be there
    before, after = (f.rdd.mapPartitions(lambda rows: [[row.id for row in rows]]).collect() for f in (there, decided))
    assert before == after


@NEEDS_JAVA
def test_columns_that_are_not_asked_for_are_not_read(spark: Any, tmp_path: Path) -> None:
    pq.write_table(incidents(100), tmp_path / "incidents.parquet")
    frame = spark.read.parquet(str(tmp_path / "incidents.parquet"))
    (scan,) = [
        line for line in plan_of(decide_frame(frame, HOUSE, ignore=["id", "opened"])).splitlines() if "Scan" in line
    ]
    assert "loss" in scan
    assert "opened" not in scan


@NEEDS_JAVA
@pytest.mark.parametrize("seed", range(6))
def test_random_policies_decide_as_on_this_machine(spark: Any, seed: int) -> None:
    choose = Chooser.seeded(seed)
    made = make_policy(choose)
    table = pa.table(
        {
            "id": list(range(200)),
            **{
                kind.name: pa.array(
                    [None if choose.chance(20) else worded(choose.pick(kind.values)) for _ in range(200)], pa.string()
                )
                for kind in made.kinds
            },
        }
    )
    frame = spark.createDataFrame(table).repartition(3)
    found = decide_frame(frame, made.policy, as_of=DAY, keep=["id"], detail=False).toArrow()
    assert_same(found, local(table, made.policy, as_of=DAY, keep=["id"]))


def worded(value: object) -> str | None:
    """Return a value as a file has it; a list has no place in a cell."""
    if isinstance(value, list | tuple):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


@NEEDS_JAVA
def test_moments_row_by_row_groups_in_structs_and_details(spark: Any) -> None:
    policy = Policy.loads(POLICY)
    table = pa.table(
        {
            "id": [1, 2, 3, 4],
            "bought": [dt.date(2026, 11, 1)] * 4,
            "virality": [{"views": 5}, {"views": 20_000}, None, {"views": None}],
            "day": [dt.date(2026, 11, 5), dt.date(2026, 11, 30), dt.date(2026, 11, 5), None],
        }
    )
    frame = spark.createDataFrame(table)
    found = decide_frame(frame, policy, as_of="day", keep=["id"], detail=True).toArrow()
    expected = local(table, policy, as_of="day", keep=["id"])
    assert_same(found.select(expected.column_names), expected)
    assert {"refund.rules", "refund.possible", "breaches", "assumed"} <= set(found.column_names)
    assert found["pause"].to_pylist()[:2] == [dt.timedelta(hours=2), dt.timedelta(hours=1)]


POLICY = """
[policy]
id = "kinds"
[facts.bought]
type = "date"
[decisions.pause]
outcomes = "duration"
[decisions.call]
outcomes = "date"
values = { share = "number" }
[[rule]]
id = "loud"
when = "virality.views > 10_000"
then.refund = "full"
then.pause = "1h"
[[rule]]
id = "late"
when = "days_since(bought) > 14 or virality.views <= 10_000"
then.pause = "2h"
then.call = "bought"
then.share = "1 / 3"
"""


# --- what is wrong is said at once -----------------------------------------------------------------------------------


@NEEDS_JAVA
def test_what_is_wrong_with_the_columns_is_said_before_anything_runs(spark: Any) -> None:
    frame = spark.createDataFrame(pa.table({"id": [1], "abuze": ["none"], "refund": ["full"]}))
    with pytest.raises(FactError) as error:
        decide_frame(frame, HOUSE)
    assert [found.code for found in error.value.diagnostics] == ["unknown-fact"] * 3
    assert "did you mean `abuse`" in str(error.value)
    with pytest.raises(TableError, match="no column `case` to keep"):
        decide_frame(frame, HOUSE, keep=["case"])
    with pytest.raises(TableError, match="already"):
        decide_frame(frame, HOUSE, keep=["refund"], ignore=["id", "abuze"])
    with pytest.raises(TableError, match="when"):
        decide_frame(frame, HOUSE, as_of="when", ignore=["id", "abuze", "refund"])
    twice = frame.selectExpr("'none' as abuse", "'rude' as abuse")
    with pytest.raises(TableError, match="more than one column `abuse`"):
        decide_frame(twice, HOUSE)


def test_a_missing_java_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JavaMissingError, match="default-jre-headless"):
        find_java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(JavaMissingError, match="JAVA_HOME is"):
        find_java()


def test_a_missing_pyspark_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(SparkMissingError, match=r"evenhand\[spark\]"), spark_session():
        pass


LEFT = """
import sys, warnings
from concurrent.futures import ThreadPoolExecutor
warnings.filterwarnings("error")
warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
from pyspark import SparkContext
from pyspark.sql import SparkSession
from evenhand.engine.spark import SparkFailedError, spark_session
def begin():
    with spark_session("local[1]") as session:
        return session.range(3).count(), SparkContext._gateway.proc
builder = SparkSession.builder.master("local[1]").config("spark.driver.extraJavaOptions", sys.argv[1])
theirs = builder.config("spark.ui.enabled", "false").config("spark.log.level", "OFF").getOrCreate()
java = SparkContext._gateway.proc
with ThreadPoolExecutor(1) as pool:
    assert pool.submit(begin).result() == (3, java)
assert theirs.range(2).count() == 2, "the session of somebody else has been stopped"
theirs.stop()
assert begin() == (3, java), "a second Java was started"
assert java.poll() is None, "the Java of somebody else has been ended"
"""


@pytest.mark.once
@NEEDS_JAVA
def test_what_others_have_begun_is_used_and_left_as_it_was() -> None:
    """A session that another thread has begun; the Java of a session that was stopped, which pyspark takes in any case."""
    command = [sys.executable, "-c", LEFT, LIGHT]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr


# --- the policy on its way -------------------------------------------------------------------------------------------


def test_a_policy_arrives_as_it_was_sent_and_is_made_ready_once() -> None:
    for seed in range(20):
        policy = make_policy(Chooser.seeded(seed)).policy
        parcel = pickle.loads(pickle.dumps(Parcel.of(policy)))
        assert parcel.policy().tree == policy.tree
        assert pickle.loads(pickle.dumps(parcel)).policy() is parcel.policy()


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("code", "0" * 64, "different versions"),
        ("digest", "0" * 64, "not arrive as it was sent"),
        ("content_hash", "0" * 64, "content hash is another"),
    ],
)
def test_a_policy_that_is_not_what_was_sent_is_refused(field: str, value: str, why: str) -> None:
    changed: Any = {field: value}
    with pytest.raises(ShippingError, match=why):
        attrs.evolve(Parcel.of(Policy.load("de-escalation")), **changed).policy()


def test_a_partition_is_decided_in_any_cut_and_without_rows() -> None:
    """Whether Spark hands over ten rows at a time or all of them, the answer is the same, and in the same order."""
    table = incidents(1_000).drop_columns("opened")
    work = Work(Parcel.of(HOUSE), DAY, tuple(table.column_names), ("id",), False).packed()
    expected = local(table, as_of=DAY, keep=["id"])
    for cut in (10, 999, 1_000):
        found = pa.Table.from_batches(run(work, iter(table.to_batches(max_chunksize=cut))))
        assert found["id"].to_pylist() == list(range(1_000))
        assert_same(found, expected)
    assert list(run(work, iter(()))) == []
    assert list(run(work, iter(table.slice(0, 0).to_batches()))) == []


WITHOUT = """
import pickle, sys
sys.modules["evenhand"] = None
decide = pickle.loads(sys.stdin.buffer.read())
try:
    list(decide(iter(())))
except RuntimeError as error:
    print(error)
"""


def test_a_worker_without_evenhand_says_so() -> None:
    """The function comes by value: nothing of ours is needed to load it."""
    sent = cloudpickle.dumps(carried("evenhand.engine.spark.worker", b""))
    done = subprocess.run([sys.executable, "-c", WITHOUT], input=sent, capture_output=True, check=False)
    assert "this worker has no module 'evenhand" in done.stdout.decode(), done.stderr.decode()


ZIPPED = """
import sys
sys.path.insert(0, sys.argv[1])
import evenhand
from evenhand.engine.spark.shipping import code_print
assert ".zip" in evenhand.__file__, evenhand.__file__
print(code_print(), evenhand.Policy.load("house").decide({"abuse": "violent"}).refund.outcome)
"""


HOMELESS = """
import pickle, sys
sys.path.insert(0, sys.argv[1])
decide = pickle.loads(sys.stdin.buffer.read())
list(decide(iter(())))
import numba
assert ".zip" in sys.modules["evenhand"].__file__
print(numba.config.CACHE_DIR)
"""


def test_a_worker_without_a_home_decides_all_the_same(tmp_path: Path) -> None:
    """Where Evenhand lies in a zip file and no home can be written, compiled code is kept in a folder of our own."""
    package = write_package(tmp_path / "evenhand.zip")
    work = Work(Parcel.of(PLAIN), DAY, ("abuse",), (), False).packed()
    sent = cloudpickle.dumps(carried("evenhand.engine.spark.worker", work))
    gone = ("PYTHONPATH", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in gone}
    environment |= {"HOME": "/proc/nowhere", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", HOMELESS, str(package)]
    done = subprocess.run(command, input=sent, capture_output=True, check=False, env=environment, cwd=tmp_path)
    assert done.stdout.decode().startswith(f"{tmp_path}/evenhand-"), done.stderr.decode()


def test_the_package_runs_from_a_zip_file_and_is_the_same_code(tmp_path: Path) -> None:
    package = write_package(tmp_path / "evenhand.zip")
    assert package.read_bytes() == write_package(tmp_path / "again.zip").read_bytes()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", ZIPPED, str(package)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert done.stdout == f"{code_print()} deny\n", done.stderr


# --- a cluster -------------------------------------------------------------------------------------------------------


CLUSTER = """
import sys, time, warnings
warnings.filterwarnings("error")
warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
import datetime as dt
import pyarrow.parquet as pq
import evenhand
from evenhand import Policy
from evenhand.engine.spark import decide_frame, spark_session
master, folder, light = sys.argv[1:]
settings = {
    "spark.driver.extraJavaOptions": light, "spark.executor.extraJavaOptions": light,
    "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false",
    "spark.executor.memory": "512m", "spark.driver.memory": "512m", "spark.cores.max": "2",
}
with spark_session(master, settings=settings) as spark:
    while spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() < 3:  # the driver and two executors
        time.sleep(0.1)
    frame = spark.read.parquet(f"{folder}/incidents.parquet").repartition(4).localCheckpoint()
    decided = decide_frame(frame, Policy.load("house"), as_of=dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC), keep=["id"], ignore=["opened"])
    assert "Exchange" not in decided._jdf.queryExecution().executedPlan().toString()
    decided.write.parquet(f"{folder}/decided")
    def where(batches):
        import os, evenhand, pyarrow
        for batch in batches:
            yield pyarrow.RecordBatch.from_pydict({"pid": [os.getppid()], "file": [evenhand.__file__]})
    found = frame.select("id").mapInArrow(where, "pid long, file string").distinct().collect()
    print(len({row.pid for row in found}), all(row.file == evenhand.__file__ for row in found))
"""


@pytest.mark.once
@NEEDS_JAVA
@pytest.mark.skipif(ROWS < 1_000_000, reason="a quick run (EVENHAND_SPARK_ROWS): six Javas take 30 s to start")
def test_a_cluster_of_two_workers_decides_the_same(tmp_path: Path) -> None:
    """In two processes of their own, which find Evenhand where this one does."""
    table = incidents(5_000)
    pq.write_table(table, tmp_path / "incidents.parquet")
    cluster = Cluster.begin(workers=2, python_path=str(Path(evenhand.__file__).parents[1]))
    try:
        command = [sys.executable, "-c", CLUSTER, cluster.address, str(tmp_path), LIGHT]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    finally:
        cluster.stop()
    assert done.stdout == "2 True\n", done.stderr
    assert done.stderr == ""
    assert_same(pq.read_table(tmp_path / "decided"), local(table, as_of=DAY, keep=["id"], ignore=["opened"]))
    assert all(process.poll() is not None for process in cluster.processes)


@pytest.mark.once
@NEEDS_JAVA
def test_a_cluster_that_nobody_understands_is_an_error_in_words() -> None:
    script = (
        "from evenhand.engine.spark import SparkFailedError, spark_session\n"
        "try:\n    with spark_session('sparkle://here'): pass\n"
        "except SparkFailedError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=300)
    assert "Could not parse Master URL: 'sparkle://here'" in done.stdout, done.stderr
    assert done.stderr == ""
