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
    sql = library("pyspark.sql")
    running = sql.SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    find_java()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    given = {**_ALWAYS, **(_LOCAL if is_local(master) else {}), **(settings or {})}
    with tempfile.TemporaryFile() as said:
        session = _begun(master or "local[*]", name, given, said)
        try:
            yield session
        except library("pyspark.errors").PySparkException as error:
            raise SparkFailedError(
                last_line(str(error))
            ) from None  # because its text is in Java, which is about to end
        finally:
            end(session)


def _begun(master: str, name: str, settings: Mapping[str, str], said: BinaryIO) -> Session:
    """
    Begin a session whose Java writes what it has to say into a file: what is wrong with a job comes as an exception anyway.

    Raises:
        SparkFailedError: If Java does not start, or the cluster does not answer; with the last that was said.
    """
    spark = library("pyspark")
    launch = library("pyspark.java_gateway").launch_gateway
    conf = spark.SparkConf(loadDefaults=False).setMaster(master).setAppName(name).setAll(list(settings.items()))
    try:
        gateway = launch(conf, {"stderr": said})
    except Exception as error:  # noqa: BLE001 because whatever it is, there is no Spark
        raise SparkFailedError(f"Spark did not start: {_last(said) or error}") from None
    try:
        with quiet_about_pandas():
            context = spark.SparkContext(gateway=gateway, conf=conf)
            return library("pyspark.sql").SparkSession(context)
    except Exception as error:  # noqa: BLE001 because whatever it is, there is no session
        _shut(gateway)
        raise SparkFailedError(f"no session on {master}: {_last(said) or error}") from None


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


def end(session: Session) -> None:
    """Stop a session, and the Java that it ran in."""
    gateway = library("pyspark").SparkContext._gateway  # noqa: SLF001 because pyspark ends Java with Python, and not before
    session.stop()
    if gateway is not None:
        _shut(gateway)


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
