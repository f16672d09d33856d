"""Evenhand as one file, to be sent along to machines where it is not installed."""

from __future__ import annotations

import zipfile
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

#: A moment for all entries, so that the same package gives the same file.
_MOMENT: Final = (2026, 1, 1, 0, 0, 0)


def write_package(path: str | Path) -> Path:
    """
    Write Evenhand, as it runs here, into a zip file for `--py-files` or `SparkContext.addPyFile`; what it needs is not in it.

    >>> import tempfile
    >>> write_package(Path(tempfile.mkdtemp()) / "evenhand.zip").name
    'evenhand.zip'
    """
    name = __name__.partition(".")[0]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for inside, file in sorted(_files(resources.files(name), name)):
            package.writestr(zipfile.ZipInfo(inside, _MOMENT), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return Path(path)


def _files(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        inside = f"{prefix}/{entry.name}"
        if entry.is_dir():
            if not entry.name.startswith(("__", ".")):
                found += _files(entry, inside)
        elif not entry.name.endswith((".pyc", ".pyo")):
            found.append((inside, entry))
    return found
