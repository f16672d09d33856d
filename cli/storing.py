"""Writing files in one go."""

from __future__ import annotations

from pathlib import Path

import click


def store(path: Path, text: str) -> None:
    """
    Write a file in one go, so that nobody ever meets half of it; links, permissions and ends of lines stay.

    Raises:
        ClickException: If it cannot be written.
    """
    import os
    import shutil
    import tempfile

    target = path.resolve()
    try:
        handle, scratch = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        shutil.copymode(target, scratch)
        Path(scratch).replace(target)
    except OSError as error:
        raise click.ClickException(
            f"{path} cannot be written: {(error.strerror or 'no reason given').lower()}"
        ) from None


def as_stored(path: Path, text: str) -> str:
    """Return the text with the byte order mark that reading took off."""
    return f"\ufeff{text}" if path.read_bytes().startswith(b"\xef\xbb\xbf") else text
