"""The files that a policy is made of, good or broken, and whether they are as they were."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias

from ..rules.load import shipped_packs
from .policy import Policy

#: What is in each file: a digest, empty where it cannot be read.
Contents: TypeAlias = Mapping[Path, str]

_EXTENDS = re.compile(rb"(?m)^[ \t]*(?:policy[ \t]*\.[ \t]*)?[\"']?extends[\"']?[ \t]*=[ \t]*\[([^\]]*)\]")
_NAME = re.compile(rb"[\"']([^\"'\n]+\.toml)[\"']")
#: The most files that are followed, whatever a broken edit says.
_MOST: Final = 256


def sources(path: str | Path, policy: Policy | None) -> tuple[Path, ...]:
    """
    Return the files of a policy: those that *policy* was made of, and those that its file now says it extends.

    What a file extends is looked for in its text, so that it is found in broken files too. Shipped packs are no files.
    """
    found: dict[Path, None] = {}
    if policy is not None:
        found.update((Path(document.path), None) for document in policy.documents.values() if document.path is not None)
    if str(path) in shipped_packs() and not Path(path).exists():
        return tuple(found)
    pending = [Path(path)]
    while pending and len(found) < _MOST:
        file = pending.pop()
        if file not in found or file == Path(path):
            pending.extend(inner for inner in _extended(file) if inner not in found and inner != file)
        found[file] = None
    return tuple(found)


def _extended(file: Path) -> list[Path]:
    """Return the files that a file seems to extend."""
    lists = _EXTENDS.findall(_read(file))
    return [file.parent / name.decode(errors="replace") for text in lists for name in _NAME.findall(text)]


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (OSError, ValueError):
        return b""


def contents(files: Iterable[Path]) -> Contents:
    """Return what is in each file now."""
    return {file: _digest(file) for file in files}


def _digest(file: Path) -> str:
    try:
        return sha256(file.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return ""


def folders(files: Iterable[Path]) -> frozenset[Path]:
    """Return the folders in which something happens when one of the files changes; of those that are gone, the nearest above."""
    return frozenset(_existing(place.parent) for file in files for place in (file, _resolved(file)))


def _resolved(file: Path) -> Path:
    try:
        return file.resolve()
    except (OSError, RuntimeError):  # a link that leads to itself
        return file


def _existing(folder: Path) -> Path:
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder
