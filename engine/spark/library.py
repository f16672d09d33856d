"""pyspark and Java, looked for when somebody asks for Spark."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, TypeAlias

#: pyspark's own: a data frame, and a session.
Frame: TypeAlias = Any
Session: TypeAlias = Any


class SparkMissingError(ImportError):
    """pyspark is not installed."""


class SparkFailedError(RuntimeError):
    """Spark was there, and could not do it."""


class JavaMissingError(SparkFailedError):
    """There is no Java to run Spark with."""


def library(name: str) -> Any:
    """
    Import a module of pyspark.

    Raises:
        SparkMissingError: If it is not installed; the message says how it is.
    """
    try:
        return import_module(name)
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "pyspark":
            raise
        raise SparkMissingError("the engine `spark` needs pyspark: pip install 'evenhand[spark]'") from None


def arrow_schema(schema: Any) -> Any:
    """Return a schema of Spark as one of Arrow; its moments are in UTC."""
    convert = library("pyspark.sql.pandas.types").to_arrow_schema
    return convert(schema, **({"timezone": "UTC"} if "timezone" in signature(convert).parameters else {}))


@contextmanager
def quiet_about_pandas() -> Iterator[None]:
    """Keep pyspark from warning of the version of pandas, which has no part in this."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


def find_java() -> str:
    """
    Return the program that runs Java, as Spark's own scripts look for it.

    Raises:
        JavaMissingError: If there is none; the message says how to get it.
    """
    home = os.environ.get("JAVA_HOME")
    if home:
        found = shutil.which("java", path=str(Path(home) / "bin"))
        if found is None:
            raise JavaMissingError(f"JAVA_HOME is `{home}`, and there is no Java: set it to where Java 17 or later is")
        return found
    found = shutil.which("java")
    if found is None:
        raise JavaMissingError(
            "Spark runs on Java 17 or later, and there is none: install it (on Debian and Ubuntu, apt-get install "
            "default-jre-headless), or set JAVA_HOME to where it is"
        )
    return found
