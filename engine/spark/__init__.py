"""Many incidents on many machines: the columns reading on Apache Spark, partition by partition.

Each partition is decided where it lies (`DataFrame.mapInArrow`), so nothing is shuffled. Needs the extra `evenhand[spark]`, and
Java where the session is begun.
"""

from __future__ import annotations

from .frames import decide_frame
from .library import JavaMissingError, SparkFailedError, SparkMissingError
from .package import write_package
from .session import spark_session

__all__ = [
    "JavaMissingError",
    "SparkFailedError",
    "SparkMissingError",
    "decide_frame",
    "spark_session",
    "write_package",
]
