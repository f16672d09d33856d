"""The command `policy`."""

from .group import main

__all__ = ["main"]
