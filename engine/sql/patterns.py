"""RE2 patterns: as they are where the dialect runs RE2, elsewhere refused."""

from __future__ import annotations

from . import nodes
from .dialects import Dialect
from .nodes import Node, call
from .refusals import Refused


def pattern_test(dialect: Dialect, subject: Node, pattern: str) -> Node:
    """
    Ask whether a pattern is found anywhere in a text.

    Raises:
        Refused: If the dialect might match something else.
    """
    if dialect.matches == "re2":
        name = "REGEXP_MATCHES" if dialect.name == "duckdb" else "REGEXP_CONTAINS"
        return call(name, subject, nodes.text(pattern))
    raise Refused(
        f"{dialect.title} has another kind of patterns than RE2",
        "use `contains`, `starts with` or `ends with`, or decide with `policy decide`",
    )
