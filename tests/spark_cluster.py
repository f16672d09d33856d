"""A standalone cluster of Spark on this machine: a master and workers, each a process of its own, on loopback and ports of their choice."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import attrs
import pyspark

WHY_NOT = "Java is not installed (Debian: apt-get install default-jre-headless)"

#: Java that begins soon, which is most of what it does here.
LIGHT = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
#: Settings of a session that is small, and cuts even small files into several partitions.
SMALL = {
    "spark.driver.extraJavaOptions": LIGHT,
    "spark.driver.memory": "1g",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.files.minPartitionNum": "8",
    "spark.sql.files.openCostInBytes": "1",
}
#: What the processes write, and where we read on which port they listen.
_LOGGING = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %m%n
logger.deploy.name = org.apache.spark.deploy
logger.deploy.level = info
"""


def has_java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home, "bin")) if home else None) is not None


@attrs.define
class Cluster:
    """Running processes; *address* is the master's."""

    folder: Path
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = attrs.field(factory=list)
    logs: list[IO[bytes]] = attrs.field(factory=list)

    @classmethod
    def begin(cls, *, workers: int = 2, python_path: str = "") -> "Cluster":
        """Start a master and its workers, each with one core; *python_path* is all that their Python finds of ours."""
        cluster = cls(Path(tempfile.mkdtemp(prefix="spark-cluster-")))
        try:
            cluster.folder.joinpath("log4j2.properties").write_text(_LOGGING)
            said = cluster.start(
                "Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0", python_path=python_path
            )
            cluster.address = cluster.wait_for(said, r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
            for number in range(workers):
                work = str(cluster.folder / f"work-{number}")
                options = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0", "--cores", "1", "--memory", "1g")
                said = cluster.start("Worker", *options, "--work-dir", work, cluster.address, python_path=python_path)
                cluster.wait_for(said, r"(Successfully registered with master)")
        except BaseException:
            cluster.stop()
            raise
        return cluster

    def start(self, what: str, *options: str, python_path: str) -> Path:
        home = Path(pyspark.__file__).parent
        log = self.folder / f"{len(self.processes)}.log"
        self.logs.append(log.open("wb"))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))},
            "SPARK_HOME": str(home),
            "SPARK_CONF_DIR": str(self.folder),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": LIGHT,
            "PYTHONPATH": python_path,
            "PYSPARK_PYTHON": sys.executable,
        }
        command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{what.lower()}.{what}", *options]
        self.processes.append(
            subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=self.logs[-1], stderr=subprocess.STDOUT
            )
        )
        return log

    def wait_for(self, log: Path, pattern: str) -> str:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if found := re.search(pattern, log.read_text(errors="replace")):
                return found[1]
            if self.processes[-1].poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"the cluster did not start:\n{log.read_text(errors='replace')}")

    def stop(self) -> None:
        """End every process, the last first, and remove what they have written."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for log in self.logs:
            log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
