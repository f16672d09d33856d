"""What a command leaves out where the process is its own: Arrow imports pandas to see whether anything at all was made by it."""

from __future__ import annotations

import sys
from typing import Final

import click

#: What the context has where the command was called by a shell, and not by a program that may use pandas itself.
OWN_PROCESS: Final = object()


class _Hidden:
    """Finds no pandas."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(f"{name} is not looked for", name=name)


def spare_pandas() -> None:
    """Have Arrow take it that there is no pandas, where nobody else is there to use it."""
    import pyarrow as pa

    if click.get_current_context().find_root().obj is not OWN_PROCESS or "pandas" in sys.modules:
        return
    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        pa.array([])  # it looks once
    finally:
        sys.meta_path.remove(hidden)
