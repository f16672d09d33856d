"""
Mappings: which column of a file is which fact, and how its cells are written; a small TOML file.

`reading` checks one against a policy, `applying` makes facts of columns, `guess` proposes one.
"""

from __future__ import annotations

from .reading import Mapping, load_mapping, read_mapping

__all__ = ["Mapping", "load_mapping", "read_mapping"]
