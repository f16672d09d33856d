"""A session of Spark for one job: quiet, on this machine or a cluster, and gone without a trace when the job is done."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from .library import Session, SparkFailedError, find_java, library, quiet_about_pandas

#: What a session on this machine has, unless it is told otherwise: no page, no port that others can reach.
_LOCAL: Final = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}
_ALWAYS: Final = {
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
}
_PATIENCE: Final = 30


@contextmanager
def spark_session(
    master: str = "", *, name: str = "evenhand", settings: Mapping[str, str] | None = None
) -> Iterator[Session]:
    """
    Yield a session of Spark: the one that is there already, or a new one on *master*, which is ended afterwards with its Java.

    *master* is the address of a cluster, `local[N]` or empty for this machine; *settings* are Spark's own.

    Raises:
        SparkMissingError: If pyspark is not installed.
        JavaMissingError: If there is no Java.
        SparkFailedError: If Spark does not start, or the cluster does not answer.
    """
    running = _running()
    if running is not None:
        yield running
        return
    find_java()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    given = {**_ALWAYS, **(_LOCAL if is_local(master) else {}), **(settings or {})}
    with tempfile.TemporaryFile() as said:
        begun = _java(given, said)
        try:
            session = _begun(master or "local[*]", name, given, said)
            try:
                yield session
            except library("pyspark.errors").PySparkException as error:
                raise SparkFailedError(
                    last_line(str(error))
                ) from None  # because its text is in Java, which is about to end
            finally:
                session.stop()
        finally:
            if begun is not None:
                _shut(begun)


def _running() -> Session | None:
    """Return the session that this process has, whichever of its threads has begun it."""
    sql = library("pyspark.sql")
    found = sql.SparkSession.getActiveSession()
    if found is None and library("pyspark").SparkContext._active_spark_context is not None:  # noqa: SLF001 because nobody else knows
        found = sql.SparkSession.builder.getOrCreate()
    return found


def _java(settings: Mapping[str, str], said: BinaryIO) -> Any:
    """
    Start Java for a session, and return it; None where there is one already, which is not ours to end.

    Whoever has stopped a session has left its Java running, and pyspark takes that one, whatever else it is given. Ours
    writes what it has to say into a file: what is wrong with a job comes as an exception anyway.

    Raises:
        SparkFailedError: If it does not start; with the last that was said.
    """
    context = library("pyspark").SparkContext
    process: Any = getattr(context._gateway, "proc", None)  # noqa: SLF001 because nobody else knows
    if context._gateway is not None and (process is None or process.poll() is None):  # noqa: SLF001
        return None
    context._gateway = context._jvm = None  # noqa: SLF001 because a Java that has ended is none
    launch = library("pyspark.java_gateway").launch_gateway
    conf = library("pyspark").SparkConf(loadDefaults=False).setAll(list(settings.items()))
    try:
        with quiet_about_pandas():
            context._gateway = launch(conf, {"stderr": said})  # noqa: SLF001 because it takes an argument only at times
    except Exception as error:  # noqa: BLE001 because whatever it is, there is no Spark
        raise SparkFailedError(f"Spark did not start: {_last(said) or error}") from None
    context._jvm = context._gateway.jvm  # noqa: SLF001
    return context._gateway if context._gateway.proc is not None else None  # noqa: SLF001


def _begun(master: str, name: str, settings: Mapping[str, str], said: BinaryIO) -> Session:
    """
    Begin a session in the Java that there is.

    Raises:
        SparkFailedError: If the cluster does not answer; with the last that was said.
    """
    spark = library("pyspark")
    try:
        with quiet_about_pandas():
            conf = spark.SparkConf(loadDefaults=False).setMaster(master).setAppName(name)
            conf.setAll(list(settings.items()))
            return library("pyspark.sql").SparkSession(spark.SparkContext(conf=conf))
    except Exception as error:  # noqa: BLE001 because whatever it is, there is no session
        raise SparkFailedError(f"no session on {master}: {_last(said) or last_line(str(error)).lstrip(': ')}") from None


def _last(said: BinaryIO) -> str:
    said.seek(0)
    return last_line(said.read().decode("utf-8", "replace"))


def last_line(text: str) -> str:
    r"""
    Return the last line that names an error, out of the traces that Spark makes of one.

    >>> last_line("Traceback ...\n  File ...\nValueError: no such column\n\tat java.base/...\n SQLSTATE: 38000")
    'ValueError: no such column'
    """
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "\t", "JVM stacktrace"))]
    named = [line for line in lines if re.match(r"[\w.$]*(Error|Exception)\b", line)]
    return (named or lines or [text])[-1].strip()[:300]


def is_local(master: str) -> bool:
    """Whether the work is done on this machine, in the driver's own process."""
    return not master or master.startswith("local")


def _shut(gateway: Any) -> None:
    context = library("pyspark").SparkContext
    process: Any = getattr(gateway, "proc", None)
    gateway.shutdown()
    context._gateway = context._jvm = None  # noqa: SLF001 so that the next session begins anew
    if process is None:
        return
    process.stdin.close()  # Java ends when this does
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
