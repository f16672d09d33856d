"""Patterns for `matches`, on RE2: linear time, whatever an owner writes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, text: str | bytes, pos: int = 0) -> Any:
        """Return the first match from a place on, or None; in bytes, which are UTF-8, places are counted in bytes."""
        ...


@lru_cache(maxsize=1_024)
def compiled(pattern: str) -> Pattern:
    """
    Compile an RE2 pattern; it matches anywhere in a text, as `matches` does.

    Raises:
        ValueError: If it is not an RE2 pattern.
    """
    import re2  # because most policies have no patterns

    options = re2.Options()
    options.max_mem = 1 << 20
    options.log_errors = False
    try:
        made: Pattern = re2.compile(pattern, options)
    except re2.error as problem:
        reason = problem.args[0] if problem.args else "not a pattern"
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from None
    return made


def pattern_problem(pattern: str) -> str:
    """Return what is wrong with a pattern, or an empty text."""
    try:
        compiled(pattern)
    except ValueError as problem:
        return str(problem)
    return ""


def matches(pattern: str, text: str) -> bool:
    """Whether *pattern* is found anywhere in *text*."""
    try:
        return compiled(pattern).search(text) is not None
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can carry, is no character
        return compiled(pattern).search(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")) is not None
